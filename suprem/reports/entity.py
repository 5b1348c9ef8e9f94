"""One clinical statement found in a report, tied to the characters it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How the report holds a finding (paper section 3.1 and A.3.2; `negated` is ours, the paper has no such class)."""

    NORMAL = "normal"
    ABNORMAL = "abnormal"
    UNCERTAIN = "uncertain"
    NEGATED = "negated"


@dataclass(frozen=True)
class Entity:
    """A finding, diagnosis or verdict.

    Attributes:
        text: The words of the report, always ``report[start:end]``.
        start: First character in the report.
        end: One past the last character.
        certainty: Normal, abnormal, uncertain or negated.
        name: The finding in full words: abbreviations expanded, words of doubt left out, words shared with a neighbour
            restored ("inferior" of "inferior & lateral t wave flattening" is named "inferior t wave flattening").
    """

    text: str
    start: int
    end: int
    certainty: Certainty
    name: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end or self.end - self.start != len(self.text):
            raise ValueError(f"An entity of {len(self.text)} characters cannot span {self.start} to {self.end}.")

    def shifted(self, offset: int) -> Entity:
        """The same entity in a text in which its statement starts `offset` characters later."""
        return Entity(self.text, self.start + offset, self.end + offset, self.certainty, self.name)
