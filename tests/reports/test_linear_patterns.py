"""Every pattern that meets foreign text is run on long runs of what it repeats; one that backtracks never ends."""

from __future__ import annotations

import re

import pytest

from suprem.concepts import abbreviations, cautions, finding, guards, negation, places
from suprem.reports import lexicon, merging, rules, scope, statement

LENGTH = 5_000
RUNS = (" ", "\n", "?", "- ", "i ", "v1 ", "v1, ", "and ", ": ", "a", ".", "1, ", "st ", "(", "no ", "3 ", "1")


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    modules = (abbreviations, cautions, finding, guards, negation, places, lexicon, merging, rules, scope, statement)
    return [
        (f"{module.__name__.rsplit('.', 1)[1]}.{name}", pattern)
        for module in modules
        for name, pattern in sorted(vars(module).items())
        if isinstance(pattern, re.Pattern)
    ]


@pytest.mark.parametrize(("name", "pattern"), patterns(), ids=[name for name, _ in patterns()])
def test_time_grows_with_the_length_of_a_text(name: str, pattern: re.Pattern[str]) -> None:
    """The patterns of the grammar are over letters of units, the others over text. That it ends is the test."""
    for run in RUNS:
        for _ in pattern.finditer("x" + run * (LENGTH // len(run)) + "!"):
            pass
