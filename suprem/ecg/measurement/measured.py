"""One measured value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from suprem.errors import EcgError


@dataclass(frozen=True)
class Measured:
    """One value, or why there is none.

    Args:
        value: The number; None where it is suppressed.
        unit: Its unit.
        reason: Why it is suppressed, as a sentence; empty where there is a value.
        caution: What a reader of the value should know, as a sentence; often empty.
    """

    value: float | None
    unit: str
    reason: str = ""
    caution: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (not self.reason):
            raise EcgError("A measurement is either a number or the reason why there is none.")

    def __str__(self) -> str:
        return "–" if self.value is None else f"{in_digits(self.value)} {self.unit}"


def in_digits(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """Return a number with so many decimals, never "-0" or "-0.00"."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed else ''}.{digits}f}"
