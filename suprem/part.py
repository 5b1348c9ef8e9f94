"""A part of work that several processes or machines share: part I of N, none of which waits for another.

Work lies in units that are written as a whole (a shard, a block of reports). Part I of N does
the units whose turn it is; what is done is not done again. When all are done, one process joins the units in their
order, so that the result is the same to the byte however many parts there were.
"""

from __future__ import annotations

from dataclasses import dataclass

from suprem.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """Part `number` of `count`, from 1.

    Raises:
        ConfigError: There is no such part.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(f"Part {self.number}/{self.count}: expected I/N with I from 1 to N, for example 2/8.")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def read(cls, text: str) -> Part:
        """Read "2/8".

        Raises:
            ConfigError: It is not of that form.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ConfigError(f"Part {text}: expected I/N with I from 1 to N, for example 2/8.")
        return cls(int(number), int(count))

    def owns(self, unit: int) -> bool:
        """Return whether a unit, counted from 0, is this part's to do."""
        return unit % self.count == self.number - 1
