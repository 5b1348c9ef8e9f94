"""The command takes training recordings apart once and leaves a store that training opens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.compose import draw_pictures, main
from suprem.composed.store import ComposedStore
from suprem.composed.strip import LEADS, TIME
from suprem.composed.truth import Composed
from suprem.datasets.index import TRAIN_FOLDS
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import build_signal_store
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize
from tests.tiny import SPEC, write_ptbxl, write_wfdb

KINDS = (
    ({"NORM": 100.0, "SR": 0.0}, SyntheticSpec(noise=0.005, wander=0.0)),
    ({"CLBBB": 100.0, "SR": 0.0}, SyntheticSpec(conduction=Conduction.LBBB, noise=0.005, wander=0.0)),
    ({"PVC": 100.0, "SR": 0.0}, SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE, noise=0.005, wander=0.0)),
)


def store_of(folder: Path, kinds: tuple[tuple[dict[str, float], SyntheticSpec], ...]) -> Path:
    """Build a signal store of training recordings, and one of fold 9 that must not be used."""
    codes = [kinds[row % len(kinds)][0] for row in range(len(TRAIN_FOLDS))]
    root = write_ptbxl(folder / "ptb-xl", [*codes, {"NORM": 100.0, "SR": 0.0}], [*TRAIN_FOLDS, 9])
    for row in range(len(TRAIN_FOLDS)):
        spec = replace(kinds[row % len(kinds)][1], seed=row)
        write_wfdb(root / f"records100/00000/{row + 1:05d}_lr", synthesize(spec, fs=100.0))
    build_signal_store(index_ptbxl(root), SPEC, folder / "store", workers=1)
    return folder / "store"


def test_the_command_leaves_a_store_made_of_training_recordings_alone(tmp_path: Path) -> None:
    store = store_of(tmp_path, KINDS)
    assert main(["--store", str(store), "--out", str(tmp_path / "out"), "--count", "12", "--seed", "2"]) == 0
    composed = ComposedStore.open(tmp_path / "out")
    assert len(composed) == 12
    index = pd.read_csv(store / "index.csv", dtype={"record_id": str}).set_index("record_id")
    assert set(index.loc[list(composed.record_ids), "fold"]) <= set(TRAIN_FOLDS)
    signals = composed.read(np.arange(12))
    assert np.isfinite(signals).all()
    assert (np.ptp(signals[:, 1], axis=1) > 0.2).all()

    # A second run finds the parts and composes the same again.
    assert main(["--store", str(store), "--out", str(tmp_path / "out"), "--count", "12", "--seed", "2"]) == 0
    np.testing.assert_array_equal(ComposedStore.open(tmp_path / "out").read(np.arange(12)), signals)


def test_a_corpus_without_ectopic_beats_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = store_of(tmp_path, KINDS[:2])
    assert main(["--store", str(store), "--out", str(tmp_path / "out"), "--count", "2"]) == 2
    assert "hold no ectopic beats" in capsys.readouterr().err


def test_a_picture_is_named_by_its_kind(tmp_path: Path) -> None:
    wave = np.tile(np.sin(8 * np.pi * TIME), (LEADS, 1)).astype(np.float32)
    draw_pictures(iter([Composed(wave, "2:1 AV block", {}, "1")]), tmp_path / "pictures")
    (picture,) = (tmp_path / "pictures").iterdir()
    assert picture.name == "2-to-1-av-block.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
