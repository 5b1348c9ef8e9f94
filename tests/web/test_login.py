"""The login that an installation may require: nothing is shown without it, and it names who acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import user_info
from streamlit.testing.v1 import AppTest

from suprem.web.login import user_name

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))


def log_in(monkeypatch: pytest.MonkeyPatch, **claims: Any) -> None:
    monkeypatch.setattr(user_info, "_get_user_info", lambda: claims)


@pytest.fixture(autouse=True)
def _required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPREM_LOGIN", "true")


def opened(page: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "suprem" / "web" / "main.py"), default_timeout=300)
    return app.switch_page(str(ROOT / "pages" / page)).run()


@pytest.mark.parametrize("page", PAGES)
def test_without_a_login_no_page_shows_anything_but_the_button(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    log_in(monkeypatch, is_logged_in=False)
    app = opened(page)
    assert [button.key for button in app.button] == ["login"]
    assert not app.exception
    assert [title.value for title in app.title] == []


def test_a_page_run_by_itself_asks_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, is_logged_in=False)
    app = AppTest.from_file(str(ROOT / "pages" / PAGES[0]), default_timeout=300).run()
    assert [button.key for button in app.button] == ["login"]


def test_a_login_that_is_not_set_up_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, email="anybody@example.org")
    app = opened(PAGES[0])
    assert list(app.button) == []
    assert "secrets.toml" in app.error[0].value


def test_a_login_names_the_reviewer_and_nobody_can_type_another(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, is_logged_in=True, email="ada@example.org", name="Ada")
    app = opened("7_Cohort.py")
    app.button(key="acknowledge").click().run()
    assert "ada@example.org" in "".join(caption.value for caption in app.caption)
    assert app.button(key="logout").label == "Log out"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"is_logged_in": True, "email": "ada@example.org", "name": "Ada"}, "ada@example.org"),
        ({"is_logged_in": True, "name": "Ada"}, "Ada"),
        ({"is_logged_in": False, "email": "ada@example.org"}, None),
        ({"email": "ada@example.org"}, None),
        ({}, None),
    ],
)
def test_who_acts_is_who_is_logged_in(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], name: str | None
) -> None:
    log_in(monkeypatch, **claims)
    assert user_name() == name
    assert st.user.get("email") == claims.get("email")


@pytest.mark.parametrize(
    ("roles", "reason"), [([], "Only a person with the role researcher may start"), (["researcher"], "")]
)
def test_a_button_that_one_may_not_press_is_disabled_and_says_why(
    monkeypatch: pytest.MonkeyPatch, roles: list[str], reason: str
) -> None:
    log_in(monkeypatch, is_logged_in=True, email="ada@example.org", roles=roles)
    app = opened("4_Training.py")
    app.button(key="acknowledge").click().run()
    app.segmented_control(key="training-view").set_value("Data").run()
    button = app.button(key="download-corpus")
    assert not app.exception
    assert button.disabled is bool(reason)
    assert reason in button.help
