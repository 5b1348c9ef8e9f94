"""What a query says and the trained finding nearest to it leaves open: "acute" in "acute anterior infarction".

A model that never learned the qualifier answers for the finding without it, however sure the score looks.
"""

from __future__ import annotations

from functools import lru_cache

from suprem.concepts.abbreviations import expand
from suprem.concepts.guards import IMPLIED, properties

_NO_QUALIFIERS = IMPLIED | {"negation", "atria"}
"""Denials are set aside before, and what "atria" reads is read as an origin or a rhythm too."""


@lru_cache(maxsize=4096)
def lost_qualifiers(text: str, finding: str) -> tuple[str, ...]:
    """Return the words of a query that state what a finding leaves open or contradicts, in their order.

    Args:
        text: The query, as it is embedded.
        finding: Name of the trained finding nearest to it.
    """
    said, known = properties(text), properties(finding)
    lost = {
        (guard, value)
        for guard, values in said.items()
        if guard not in _NO_QUALIFIERS
        for value in values - known.get(guard, frozenset())
    }
    if not lost:
        return ()
    words = expand(text).split()
    naming = tuple(
        word
        for place, word in enumerate(words)
        if lost - {(guard, value) for guard, values in _without(words, place).items() for value in values}
        and word not in expand(finding).split()
    )
    return naming or tuple(sorted({value for _, value in lost}))


def near_sentence(query: str, prompt: str, finding: str) -> str:
    """Return what a person should know of a query that is near a trained finding and none itself.

    Args:
        query: As typed.
        prompt: As it is embedded.
        finding: Name of the trained finding nearest to it.
    """
    lost = " and ".join(f"“{word}”" for word in lost_qualifiers(prompt, finding))
    unlearned = f"; {lost} was not learned with it and hardly changes the score" if lost else ""
    return f"“{query}” is no trained finding and is scored mostly as “{finding}”{unlearned}."


def _without(words: list[str], place: int) -> dict[str, frozenset[str]]:
    return dict(properties(" ".join(words[:place] + words[place + 1 :])))
