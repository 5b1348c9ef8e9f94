"""Text from outside is shown as text."""

from __future__ import annotations

from typing import Any

import pytest

from suprem import __version__
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings
from suprem.web import frame
from suprem.web.audit_cache import audit_log
from suprem.web.frame import plain
from suprem.web.session import Session


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


def test_the_notice_says_what_it_must() -> None:
    for words in ("Research use only", "Not a medical device", "Do not use for patient care", "A qualified clinician"):
        assert words in RESEARCH_USE
