"""Text from outside is shown as text."""

from __future__ import annotations

import pytest

from suprem.export import RESEARCH_USE
from suprem.web.frame import plain


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


def test_the_notice_says_what_it_must() -> None:
    for words in ("Research use only", "Not a medical device", "Do not use for patient care", "A qualified clinician"):
        assert words in RESEARCH_USE
