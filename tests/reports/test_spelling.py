from __future__ import annotations

import pytest

from suprem.reports.spelling import Spellings

SPELLINGS = Spellings.of(
    ["branch", "elevation", "elevatn", "wide", "rhythm", "brachial"],
    ["branch", "elevation", "elevatn", "wide", "rhythm"],
)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("brunch", "branch"),
        ("barnch", "branch"),
        ("rythm", "rhythm"),
        ("elevaton", "elevation"),
        ("side", None),
        ("lunch", None),
        ("xrhythm", None),
        ("v" * 100_000, None),
    ],
)
def test_a_word_off_by_a_letter_is_found(word: str, found: str | None) -> None:
    assert SPELLINGS.nearest(word) == found
