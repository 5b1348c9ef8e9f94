"""Miniatures of the corpora, written as their publishers lay them out: folders, tables, headers, storage."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.io import savemat

from suprem.ecg.record import LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize

MIMIC_LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


def an_ecg(seed: int) -> EcgRecord:
    """Return a synthetic ECG of 10 s at 500 Hz that differs from those of other seeds."""
    return synthesize(SyntheticSpec(seed=seed, axis=-90.0 + 180.0 * (seed % 7) / 7))


def write_mimic(root: Path, studies: Sequence[tuple[int, int]], reports: Sequence[Sequence[str]] = ()) -> Path:
    """Write MIMIC-IV-ECG: (subject, study) pairs, records of 200 units per mV with aVF before aVL, their reports."""
    rows = []
    for subject, study in studies:
        path = f"files/p{subject // 10_000}/p{subject}/s{study}/{study}"
        folder = (root / path).parent
        folder.mkdir(parents=True, exist_ok=True)
        record = an_ecg(study)
        counts = np.rint(record.signal[[LEADS.index(lead) for lead in MIMIC_LEADS]].T * 200).astype("<i2")
        counts.tofile(folder / f"{study}.dat")
        lines = [f"{study} 12 500 {len(counts)} 09:30:00 23/07/2180"]
        lines += [f"{study}.dat 16 200.0(0)/mV 16 0 {counts[0, i]} 0 0 {lead}" for i, lead in enumerate(MIMIC_LEADS)]
        (folder / f"{study}.hea").write_text("\n".join(lines) + f"\n# <subject_id>: {subject}\n")
        rows.append((subject, study, study, "2180-07-23 09:30:00", path))
    pd.DataFrame(rows, columns=["subject_id", "study_id", "file_name", "ecg_time", "path"]).to_csv(
        root / "record_list.csv", index=False
    )
    if reports:
        measured: list[dict[str, Any]] = []
        for (subject, study), report in zip(studies, reports, strict=True):
            statements = {f"report_{i}": report[i] if i < len(report) else None for i in range(18)}
            measured.append(
                {"subject_id": subject, "study_id": study, "cart_id": 1, "ecg_time": "2180-07-23 09:30:00"}
                | statements
                | {"bandwidth": "0.005-150 Hz", "rr_interval": 29999}
            )
        pd.DataFrame(measured).to_csv(root / "machine_measurements.csv", index=False)
    return root


def write_challenge(path: Path, dx: str | None, *, seed: int = 1, mark: str = "#", age: str = "85") -> None:
    """Write a record of a Challenge or of CSN: header and level 4 MATLAB file, comments marked by "#" or "# "."""
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = np.rint(an_ecg(seed).signal * 1000).astype("<i2")  # (lead, time)
    path.with_name(f"{path.name}.mat").write_bytes(
        struct.pack("<5i", 30, *counts.shape, 0, 4) + b"val\0" + counts.T.tobytes()
    )
    lines = [f"{path.name} 12 500 {counts.shape[1]} 23-Mar-2021 20:20:47"]
    for lead, row in zip(LEADS, counts, strict=True):
        lines.append(f"{path.name}.mat 16+24 1000/mV 16 0 {row[0]} 0 0 {lead}")
    facts = {"Age": age, "Sex": "Male", "Dx": dx, "Rx": "Unknown"}
    lines += [f"{mark}{key}: {value}" for key, value in facts.items() if value is not None]
    path.with_name(f"{path.name}.hea").write_text("\n".join(lines) + "\n")


def write_cpsc_original(root: Path, labels: dict[str, Sequence[int]], *, compress: bool = True) -> Path:
    """Write CPSC-2018 as published: a structure ECG in each .mat file, in folders of two, and REFERENCE.csv."""
    rows = []
    for number, (name, classes) in enumerate(labels.items()):
        folder = root / f"TrainingSet{number // 2 + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        ecg = {"sex": "Female", "age": 49, "data": an_ecg(number).signal.astype(float)}
        savemat(folder / f"{name}.mat", {"ECG": ecg}, do_compression=compress)
        rows.append((name, *classes, *[None] * (3 - len(classes))))
    columns = ["Recording", "First_label", "Second_label", "Third_label"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "REFERENCE.csv", index=False)
    return root
