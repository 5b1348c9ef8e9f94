"""Words off by a letter: "bundle brunch block" finds its words, and none is guessed at that is short or ambiguous."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_SHORTEST = 5
_SHORTEST_REPLACED = 6
"""A letter in place of another makes other words of short ones ("wide", "side")."""


@dataclass(frozen=True)
class Spellings:
    """The words of a lexicon, found by what is left of them without one letter.

    Attributes:
        known: Words that need no correction.
        without: A word without one of its letters -> the words that leave it.
    """

    known: frozenset[str]
    without: dict[str, frozenset[str]]
    _found: dict[str, str | None] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, known: Iterable[str], targets: Iterable[str]) -> Spellings:
        """Collect words; only `targets` are found for others."""
        without: dict[str, set[str]] = {}
        for word in targets:
            if len(word) >= _SHORTEST and word.isalpha():
                for left in (word, *_shorter(word)):
                    without.setdefault(left, set()).add(word)
        return cls(frozenset(known), {left: frozenset(words) for left, words in without.items()})

    def nearest(self, word: str) -> str | None:
        """Return the one known word that differs by a letter too many, too few, another or two exchanged, else None."""
        if word not in self._found:
            if len(self._found) > 20_000:
                self._found.clear()
            self._found[word] = self._search(word)
        return self._found[word]

    def _search(self, word: str) -> str | None:
        if not _SHORTEST <= len(word) <= 30 or not word.isalpha():
            return None
        left = (word, *_shorter(word))
        candidates = {known for form in left for known in self.without.get(form, ())}
        found = {known for known in candidates if known[0] == word[0] and _alike(word, known)}
        longest = [known for known in found if len(known) == max(map(len, found))]  # a word, rather than its short form
        return longest[0] if len(longest) == 1 else None


def _shorter(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _alike(word: str, known: str) -> bool:
    if len(word) != len(known):
        return abs(len(word) - len(known)) == 1
    differing = [at for at, (one, other) in enumerate(zip(word, known, strict=True)) if one != other]
    if len(differing) == 1:
        return len(word) >= _SHORTEST_REPLACED
    if len(differing) != 2:
        return False
    first, second = differing
    return second == first + 1 and word[first] == known[second] and word[second] == known[first]
