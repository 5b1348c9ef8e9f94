"""A labelled corpus of synthetic ECGs: for smoke runs and tests on a machine without any recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from suprem.datasets.index import RecordIndex
from suprem.datasets.signal_store import SignalStore, build_signal_store
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize

FOLDS = 10

KINDS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("NORM", "SR"), {}),
    (("AFIB",), {"rhythm": Rhythm.FIBRILLATION, "heart_rate": 110.0}),
    (("AFLT",), {"rhythm": Rhythm.FLUTTER, "heart_rate": 75.0}),
    (("PVC", "SR"), {"rhythm": Rhythm.VENTRICULAR_PREMATURE}),
    (("PAC", "SR"), {"rhythm": Rhythm.ATRIAL_PREMATURE}),
    (("PACE",), {"rhythm": Rhythm.PACED}),
    (("CRBBB", "SR"), {"conduction": Conduction.RBBB}),
    (("CLBBB", "SR"), {"conduction": Conduction.LBBB}),
    (("1AVB", "SR"), {"pr_interval": 0.28}),
    (("STACH",), {"heart_rate": 130.0}),
    (("SBRAD",), {"heart_rate": 45.0}),
    (("LVOLT", "SR"), {"voltage": 0.3}),
)
"""SCP-ECG codes and the truth they stand for."""


def build_synthetic_store(folder: Path, spec: SignalSpec, *, records: int, seed: int = 0) -> SignalStore:
    """Make and store synthetic ECGs, the kinds of `KINDS` in turn, in ten folds with one patient per record.

    Args:
        folder: Where; replaced as a whole.
        spec: How the signals are prepared.
        records: How many.
        seed: Of axes, rates and noise.
    """
    rows = []
    for row in range(records):
        codes, _ = KINDS[row % len(KINDS)]
        name = f"synthetic-{row:05d}"
        fold = 1 + (row // len(KINDS)) % FOLDS
        facts = {"path": name, "age": float("nan"), "sex": "", "device": "synthetic"}
        rows.append({"record_id": name, "patient_id": name, "fold": fold, "codes": codes, **facts})
    index = RecordIndex(corpus="synthetic", root=folder, table=pd.DataFrame(rows))
    signals = (preprocess(synthesize(_truth(row, seed)), spec).signal for row in range(records))
    return build_signal_store(index, spec, folder, signals=signals)


def _truth(row: int, seed: int) -> SyntheticSpec:
    _, kind = KINDS[row % len(KINDS)]
    spread = (row * 37 % 100) / 100  # differs from record to record, and is the same on every machine
    truth = {"axis": -30 + 120 * spread, "heart_rate": 62 + 30 * spread, "seed": seed * 100_003 + row}
    return SyntheticSpec(**{**truth, **kind})
