"""Indexing and storing recordings: how long a corpus takes to become a signal store."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.index_datasets import run
from pipelines.speed.figure import Figure, seconds, seconds_in_turn
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.record import LEADS
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.experiments.configurations import IndexingConfig

RECORDS = 1_000
ASKED = 10_000
"""Records whose time is calculated from those that were stored."""

DISTINCT = 20


def storage_figures(records: int = RECORDS, *, workers: int = 2) -> list[Figure]:
    """Write recordings of 12 leads and 500 Hz in MIMIC-IV-ECG's layout, index and store them, and read them back."""
    with tempfile.TemporaryDirectory() as place:
        root = write_recordings(Path(place) / "corpus", records)
        figures = []
        for signal in ("compact", "paper"):
            config = IndexingConfig("mimic", root, signal=signal, workers=workers)
            took = seconds(partial(run, config, Path(place) / signal, lambda _fraction, _message: None))
            note = f"{1e3 * took / records:.1f} ms a record; calculated from {records:,}"
            name = f"{ASKED:,} records indexed and stored, {signal}"
            figures.append(Figure(name, took * ASKED / records, "s", note, "< 120"))
        return [*figures, _reading(SignalStore.open(Path(place) / "paper"))]


def _reading(store: SignalStore) -> Figure:
    rows = np.random.default_rng(0).permutation(len(store.index))[:256]
    shape = (len(rows), len(store.spec.leads), store.spec.samples)
    whole = np.ones((len(store.index), *shape[1:]), np.int16)  # zeros would be one page, read from the cache
    times = seconds_in_turn({"store": lambda: store.integers(rows), "copy": lambda: whole[rows]}, repeats=15)
    note = "the same rows of an array in memory"
    return Figure("random rows of a store, over copying them", times["store"] / times["copy"], "", note, "about 1")


def write_recordings(root: Path, records: int) -> Path:
    """Write synthetic recordings as MIMIC-IV-ECG has them, `DISTINCT` of them over and over."""
    signals = [
        np.rint(synthesize(SyntheticSpec(seed=seed)).signal.T * 200).astype("<i2")
        for seed in range(min(DISTINCT, records))
    ]
    rows = []
    for number in range(records):
        counts, study, subject = signals[number % len(signals)], 40_000_000 + number, 10_000_000 + number // 4
        path = f"files/p{subject // 10_000}/p{subject}/s{study}/{study}"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        counts.tofile(root / f"{path}.dat")
        lines = [f"{study} 12 500 {len(counts)}"]
        lines += [f"{study}.dat 16 200.0(0)/mV 16 0 {counts[0, i]} 0 0 {lead}" for i, lead in enumerate(LEADS)]
        (root / f"{path}.hea").write_text("\n".join(lines) + "\n")
        rows.append((subject, study, path))
    pd.DataFrame(rows, columns=["subject_id", "study_id", "path"]).to_csv(root / "record_list.csv", index=False)
    return root
