"""The signal stores of an installation, as a form offers them: read from their manifests, not opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StoreFacts:
    """A finished signal store.

    Args:
        folder: Where it lies.
        corpus: Where its recordings come from.
        leads: Leads of each.
        rate: Samples a second.
        records: Recordings that it holds; None for stores that were built before that was written down.
        skipped: Recordings of the corpus that it does not hold.
    """

    folder: Path
    corpus: str
    leads: int
    rate: int
    records: int | None
    skipped: int

    @property
    def label(self) -> str:
        """What a form calls it."""
        return f"{self.folder.name} – {self.corpus}, {self.leads} leads at {self.rate} Hz"


def signal_stores(home: Path) -> list[StoreFacts]:
    """Return the finished signal stores below `home`, by name; what is damaged is passed over."""
    stores = []
    for manifest in sorted((home / "datasets").glob("*/manifest.json")):
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            spec, shards = facts["spec"], facts.get("shards")
            stores.append(
                StoreFacts(
                    folder=manifest.parent,
                    corpus=str(facts["corpus"]),
                    leads=len(spec["leads"]),
                    rate=int(spec["fs"]),
                    records=sum(shards) if shards else None,
                    skipped=len(facts.get("skipped", ())),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return stores
