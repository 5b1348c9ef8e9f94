"""What a change of mapping does to entities and records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.mapping.mentions import Mentions


@dataclass(frozen=True)
class Change:
    """One entity that goes elsewhere; a code is empty where the entity carries no concept."""

    entity: str
    before: str
    after: str
    records: int


@dataclass(frozen=True)
class Changes:
    """What a change of mapping does, the rows with most records first.

    Attributes:
        gained: Entities that carry a concept now and did not.
        lost: Entities that no longer do.
        retargeted: Entities that carry another concept.
        records: Records that state at least one of them.
    """

    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    retargeted: tuple[Change, ...]
    records: int

    @property
    def rows(self) -> tuple[Change, ...]:
        """All of them."""
        return self.gained + self.lost + self.retargeted


def compare(before: Iterable[Row], after: Iterable[Row], mentions: Mentions) -> Changes:
    """Return what differs between two mappings. An entity that only one of them knows carries nothing in the other."""
    old, new = carried(before), carried(after)
    changed = [name for name in {**old, **new} if old.get(name, "") != new.get(name, "")]
    counts = mentions.counts
    found = [Change(name, old.get(name, ""), new.get(name, ""), counts.get(name, 0)) for name in changed]
    found.sort(key=lambda change: (-change.records, change.entity))
    return Changes(
        gained=tuple(change for change in found if not change.before),
        lost=tuple(change for change in found if not change.after),
        retargeted=tuple(change for change in found if change.before and change.after),
        records=mentions.covered(changed),
    )


def carried(rows: Iterable[Row]) -> dict[str, str]:
    """Return entity -> code of the concept that an ECG with it has, for the entities that carry one."""
    return {row.entity: row.code for row in rows if row.carries}
