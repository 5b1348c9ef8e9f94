"""The smallest things of the real shape: recordings, a PTB-XL folder, a network, a trained-looking checkpoint."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from suprem.concepts.measured import load_limits
from suprem.concepts.vocabulary import CONCEPTS, Concept, Vocabulary, load_terms
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import SignalStore, build_signal_store
from suprem.ecg.preprocess import SignalSpec
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.model.checkpoint import EncoderStamp, save_checkpoint
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.model_card import ModelCard
from tests.fakes import FakeEmbedder

SPEC = SignalSpec()
"""The shipped one: eight leads, 100 Hz, 10 s."""

MODEL = ModelConfig(
    leads=8,
    samples=1000,
    patch_samples=25,
    text_width=32,
    width=16,
    depth=1,
    heads=2,
    mlp_width=16,
    drop_path=0.0,
    hidden_width=16,
    joint_width=16,
    fusion_layers=1,
    fusion_heads=2,
    fusion_mlp_width=16,
    query_self_attention="none",
    dropout=0.0,
    whiten_queries=True,
    hide_empty_patches=True,
)
"""Reads `SPEC`; 320 tokens."""

SMALL_SPEC = SignalSpec(seconds=5.0, leads=("I", "II"))
SMALL_MODEL = replace(MODEL, leads=2, samples=500)
"""Reads `SMALL_SPEC`; 40 tokens."""


def every_concept() -> Vocabulary:
    """Return the concepts that a checkpoint can know: those of reports and those that measurements decide."""
    known = load_terms(CONCEPTS)
    own = [limit.concept for limit in load_limits(known) if limit.concept not in known.concepts]
    return Vocabulary((*known.concepts, *own))


VOCABULARY = Vocabulary(
    (
        Concept("NORM", "normal ECG", ("unremarkable ECG",)),
        Concept("AFIB", "atrial fibrillation"),
        Concept("CLBBB", "complete left bundle branch block", ("left bundle branch block",)),
    )
)


def ecg(**truth: Any) -> EcgRecord:
    """Return a synthetic 12-lead ECG of 10 s at 500 Hz without drift."""
    return synthesize(SyntheticSpec(**{"wander": 0.0, **truth}))


def network(config: ModelConfig = MODEL, *, seed: int = 0) -> SupremeModel:
    """Return an untrained network with weights of ordinary size, so that no dependence hides behind a small start."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = SupremeModel(config)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter.shape[-1] ** -0.5)
    return model.eval()


def write_checkpoint(folder: Path, *, model: ModelConfig = MODEL, vocabulary: Vocabulary = VOCABULARY) -> Path:
    """Write a checkpoint of an untrained network for `SPEC` and the fake text encoder."""
    embedder = FakeEmbedder(model.text_width)
    save_checkpoint(
        folder,
        model=network(model),
        signal=asdict(SPEC),
        encoder=EncoderStamp(embedder.name, embedder.dimension, embedder.content_hash),
        vocabulary=vocabulary.to_json(),
        vectors={
            "names": torch.from_numpy(embedder.embed(vocabulary.prompts)),
            "wordings": torch.from_numpy(embedder.embed(tuple(vocabulary.texts))),
        },
        wordings=tuple(vocabulary.texts),
        card=ModelCard(intended_use="Tests."),
    )
    return folder


def write_wfdb(path: Path, record: EcgRecord) -> None:
    """Write a record as PTB-XL does, 16-bit integers, 1000 to the millivolt; by hand, not with the reader's library."""
    integers = np.where(np.isfinite(record.signal), np.rint(record.signal * 1000), -32768).T.astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    integers.tofile(path.with_name(f"{path.name}.dat"))
    lines = [f"{path.name} {len(record.leads)} {record.fs:g} {len(integers)}"]
    for lead, column in zip(record.leads, integers.T, strict=True):
        lines.append(f"{path.name}.dat 16 1000.0(0)/mV 16 0 {column[0]} {column.sum(dtype=np.int16)} 0 {lead.upper()}")
    path.with_name(f"{path.name}.hea").write_text("\n".join(lines) + "\n")


def write_ptbxl(
    root: Path, codes: Sequence[dict[str, float]], folds: Sequence[int], *, patients: Sequence[float] | None = None
) -> Path:
    """Write a PTB-XL folder of 100 Hz records; records with AFIB are fast and without P waves."""
    rows = []
    for row, (present, fold) in enumerate(zip(codes, folds, strict=True), start=1):
        rhythm: dict[str, Any] = {"rhythm": "atrial fibrillation", "heart_rate": 120.0} if "AFIB" in present else {}
        name = f"records100/00000/{row:05d}_lr"
        # A heart axis of its own, so that every record can be told from the others.
        axis = -90.0 + 180.0 * (row % 7) / 7
        write_wfdb(root / name, synthesize(SyntheticSpec(seed=row, axis=axis, **rhythm), fs=100.0))
        rows.append(
            {
                "ecg_id": row,
                "patient_id": patients[row - 1] if patients else float(row),
                "age": 300.0 if row == 1 else 40.0 + row,
                "sex": row % 2,
                "device": "CS-12   E",
                "scp_codes": str(present),
                "strat_fold": fold,
                "filename_lr": name,
                "filename_hr": name.replace("records100", "records500").replace("_lr", "_hr"),
            }
        )
    pd.DataFrame(rows).to_csv(root / "ptbxl_database.csv", index=False)
    return root


def small_store(folder: Path, *, records: int = 8) -> SignalStore:
    """Build a signal store for `SMALL_SPEC` in `folder`; its records are AFIB and NORM in turn."""
    codes: list[dict[str, float]] = [{"AFIB": 0.0} if row % 2 == 0 else {"NORM": 100.0} for row in range(records)]
    root = write_ptbxl(folder / "ptb-xl", codes, [1] * records)
    return build_signal_store(index_ptbxl(root), SMALL_SPEC, folder / "store", workers=1)


@contextmanager
def small_files_only(limit: int = 4096) -> Iterator[None]:
    """Let every write beyond so many bytes of a file fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
