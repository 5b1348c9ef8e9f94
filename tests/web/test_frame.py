"""Text from outside is shown as text."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from suprem import __version__
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings
from suprem.web import frame
from suprem.web.audit_cache import audit_log
from suprem.web.frame import plain
from suprem.web.session import Session

PART = """
import streamlit as st
from suprem.errors import DatabaseUnavailable
from suprem.web.frame import part

@part(run_every="60s")
def follow():
    raise DatabaseUnavailable("The database is locked by another program.")

follow()
st.markdown("below")
"""


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/a.png)",
        "[x](http://evil.example)",
        "**bold**",
        "$x^2$",
        ":red[alarm]",
        "<b>",
        "a\n# b",
        "`c`",
    ],
)
def test_markdown_in_a_message_has_no_effect(text: str) -> None:
    shown = plain(text)
    for position, character in enumerate(shown):
        if character in "*_`[]()<>#$:!":
            assert shown[position - 1] == "\\"
    assert "\n" not in shown


def test_who_accepted_the_notice_is_in_the_audit_log_or_it_was_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    state = Session()
    monkeypatch.setattr(frame, "session", lambda: state)
    with monkeypatch.context() as away:

        def silent(*_words: Any, **_facts: Any) -> None:
            raise ConceptError("The review database did not answer.")

        away.setattr(frame, "note", silent)
        frame._acknowledge()
    assert (state.acknowledged, state.notice) == (False, "The review database did not answer.")
    frame._acknowledge()
    assert state.acknowledged
    (row,) = audit_log(load_settings().database).rows()
    assert (row.actor, row.action, row.details) == ("local user", "accept_notice", f'{{"version":"{__version__}"}}')


def test_a_disk_that_is_full_or_closed_is_a_sentence_without_a_path_and_a_bug_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(frame.st, "error", told.append)
    with frame.said():
        raise OSError(errno.ENOSPC, "No space left on device", "/home/DOE")
    with frame.said():
        raise PermissionError(errno.EACCES, "Permission denied", "/home/DOE")
    assert told[0].startswith("The disk of this server is full")
    assert "is closed to this program" in told[1]
    assert "DOE" not in "".join(told)
    with pytest.raises(FileNotFoundError), frame.said():
        raise FileNotFoundError(errno.ENOENT, "No such file", "/home/DOE")


def test_an_error_in_a_part_that_is_drawn_by_itself_is_a_sentence() -> None:
    """The database goes while a page follows a job: the part alone is drawn, with no page around it."""
    app = AppTest.from_string(PART, default_timeout=300).run()
    assert not app.exception
    assert [one.value for one in app.error] == ["The database is locked by another program."]
    assert [one.value for one in app.markdown] == ["below"]


def test_the_notice_says_what_it_must() -> None:
    for words in ("Research use only", "Not a medical device", "Do not use for patient care", "A qualified clinician"):
        assert words in RESEARCH_USE
