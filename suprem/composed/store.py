"""Composed ECGs with their labels on disk, so that training reads them as it reads a signal store.

<folder>/signals.npy     int16 (ecg, lead, time) at 100 Hz, one step a microvolt
<folder>/labels.npz      codes, int8 labels (ecg, code), kinds, the real recordings whose labels are inherited
<folder>/manifest.json   corpus, seed, numbers by kind; written last, so that its presence means complete
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.composed.strip import LEADS, TIME
from suprem.composed.truth import INHERITED, UNKNOWN, Composed, follows_the_beat
from suprem.errors import DatasetError

MILLIVOLTS_PER_STEP = 1e-3
_SIGNALS, _LABELS, _MANIFEST = "signals.npy", "labels.npz", "manifest.json"


@dataclass(frozen=True, eq=False)
class ComposedStore:
    """An opened store of composed ECGs.

    Args:
        signals: Int16 memory map (ecg, lead, time).
        codes: Columns of the labels.
        labels: Int8 (ecg, code): 1, 0, -1 where unknown, 2 where the real recording decides.
        inherits: Bool (ecg,): of codes that are no column, the real recording decides.
        beat_changed: Bool (ecg,): of these, what follows from the shape of the beat is unknown all the same.
        kinds: Kind of each ECG.
        record_ids: The real recording whose labels are inherited.
        corpus: Of these recordings.
        pacing_marks: Whether the spikes of pacemakers are marked, as `SignalSpec` means it.
    """

    signals: NDArray[np.int16]
    codes: tuple[str, ...]
    labels: NDArray[np.int8]
    inherits: NDArray[np.bool_]
    beat_changed: NDArray[np.bool_]
    kinds: tuple[str, ...]
    record_ids: tuple[str, ...]
    corpus: str
    pacing_marks: bool

    def __len__(self) -> int:
        return len(self.kinds)

    @classmethod
    def open(cls, folder: Path) -> ComposedStore:
        """Open a finished store.

        Raises:
            DatasetError: There is none, or it is incomplete.
        """
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            with np.load(folder / _LABELS, allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            signals = np.load(folder / _SIGNALS, mmap_mode="r", allow_pickle=False)
            store = cls(
                signals,
                tuple(map(str, held["codes"])),
                held["labels"],
                held["inherits"].astype(bool),
                held["beat_changed"].astype(bool),
                tuple(map(str, held["kinds"])),
                tuple(map(str, held["record_ids"])),
                str(manifest["corpus"]),
                bool(manifest.get("pacing_marks", False)),
            )
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise DatasetError(
                f"{folder} is not a finished store of composed ECGs ({error}). Make one with: suprem compose"
            ) from error
        if signals.shape != (len(store), LEADS, len(TIME)) or store.labels.shape != (len(store), len(store.codes)):
            raise DatasetError(f"{folder} holds {signals.shape} values for {len(store)} ECGs; compose it again.")
        return store

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return signals (row, lead, time) in mV."""
        return np.asarray(self.signals[rows], np.float32) * np.float32(MILLIVOLTS_PER_STEP)

    def labels_for(
        self, codes: Sequence[str], real: NDArray[np.float32], row_of: dict[str, int]
    ) -> NDArray[np.float32]:
        """Return the labels (ecg, concept) for some concepts, -1 where nobody knows.

        Args:
            codes: Of the concepts.
            real: Labels of the corpus (record, concept), of the same concepts.
            row_of: Record id -> row of `real`.
        """
        column = {code: index for index, code in enumerate(self.codes)}
        sources = np.array([row_of.get(record_id, -1) for record_id in self.record_ids])
        theirs = np.where((sources >= 0)[:, None], real[sources], UNKNOWN)
        found = np.empty((len(self), len(codes)), np.float32)
        for index, code in enumerate(codes):
            if code in column:
                own = self.labels[:, column[code]]
            else:
                open_to_all = self.inherits & ~(self.beat_changed & follows_the_beat(code))
                own = np.where(open_to_all, INHERITED, UNKNOWN)
            found[:, index] = np.where(own == INHERITED, theirs[:, index], own)
        return found


def write_store(composed: Iterable[Composed], count: int, folder: Path, *, corpus: str, seed: int) -> None:
    """Write composed ECGs as they come.

    Args:
        composed: The ECGs.
        count: How many.
        folder: Where; what was there is replaced.
        corpus: Of the real recordings.
        seed: Of the draws.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MANIFEST).unlink(missing_ok=True)
    signals = np.lib.format.open_memmap(folder / _SIGNALS, mode="w+", dtype=np.int16, shape=(count, LEADS, len(TIME)))
    rows: list[Composed] = []
    for number, one in enumerate(composed):
        signals[number] = np.clip(np.rint(one.signal / MILLIVOLTS_PER_STEP), -32767, 32767).astype(np.int16)
        rows.append(replace(one, signal=one.signal[:, :0]))
    signals.flush()
    codes = sorted({code for one in rows for code in one.labels})
    labels = np.array([[one.label_of(code) for code in codes] for one in rows], np.int8)
    with replacing(folder / _LABELS) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            codes=np.array(codes),
            labels=labels,
            inherits=np.array([one.others == INHERITED for one in rows]),
            beat_changed=np.array([one.beat_changed for one in rows]),
            kinds=np.array([one.kind for one in rows]),
            record_ids=np.array([one.record_id for one in rows]),
        )
    counts = dict(Counter(one.kind for one in rows))
    facts = {"corpus": corpus, "seed": seed, "pacing_marks": True, "kinds": counts}
    write_text(folder / _MANIFEST, json.dumps(facts, indent=1))
