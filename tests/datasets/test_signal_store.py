"""What is stored is what preprocessing gave, for every record that could be read, or there is no store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import STEP, SignalStore, build_signal_store
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.readers import read_ecg
from suprem.errors import DatasetError
from tests.tiny import SMALL_SPEC, write_ptbxl


@pytest.fixture
def index(tmp_path: Path) -> RecordIndex:
    return index_ptbxl(
        write_ptbxl(tmp_path / "ptb-xl", [{"NORM": 100.0}, {"AFIB": 0.0}, {}, {"LVH": 1.0}], [1, 1, 8, 9])
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "datasets" / "store"


@pytest.mark.parametrize("spec", [SMALL_SPEC, SignalSpec(), replace(SMALL_SPEC, scaling="minmax")])
def test_what_comes_back_is_within_half_a_step(index: RecordIndex, folder: Path, spec: SignalSpec) -> None:
    build_signal_store(index, spec, folder, workers=1)
    store = SignalStore.open(folder)
    rows = np.array([3, 0])
    expected = np.stack(
        [preprocess(read_ecg(index.root / index.table["path"][row]), spec).signal for row in rows.tolist()]
    )
    found = store.read(rows)
    assert found.dtype == np.float32
    assert found.shape == (2, len(spec.leads), spec.samples)
    assert np.abs(found - expected).max() <= 0.5001 * STEP[spec.scaling]
    assert expected.std() > 0.05
    assert store.spec == spec
    assert store.skipped == ()
    assert store.index.labels(("AFIB", "LVH")).tolist() == index.labels(("AFIB", "LVH")).tolist()


def test_an_unreadable_record_is_skipped_and_listed(index: RecordIndex, folder: Path) -> None:
    (index.root / "records100/00000/00002_lr.dat").write_bytes(b"\0" * 100)
    (index.root / "records100/00000/00003_lr.hea").unlink()
    seen: list[tuple[float, str]] = []
    store = build_signal_store(index, SMALL_SPEC, folder, workers=1, progress=lambda *at: seen.append(at))
    assert store.index.table["record_id"].tolist() == ["00001", "00004"]
    assert [record_id for record_id, _ in store.skipped] == ["00002", "00003"]
    assert all(reason for _, reason in store.skipped)
    assert SignalStore.open(folder).skipped == store.skipped
    whole = preprocess(read_ecg(index.root / index.table["path"][3]), SMALL_SPEC).signal
    assert np.abs(store.read(np.array([1]))[0] - whole).max() < 0.001, "rows and signals moved up together"
    assert seen == [(1.0, "4 of 4 records, 2 skipped")]


def test_processes_give_what_one_process_gives(index: RecordIndex, folder: Path) -> None:
    one = build_signal_store(index, SMALL_SPEC, folder, workers=1)
    two = build_signal_store(index, SMALL_SPEC, folder.with_name("other"), workers=2)
    assert np.array_equal(one.signals, two.signals)
    assert one.index.table.equals(two.index.table)


def test_a_loud_record_is_clipped_and_never_wraps_around(index: RecordIndex, folder: Path) -> None:
    path = index.root / "records100/00000/00001_lr.hea"
    path.write_text(path.read_text().replace("1000.0(0)/mV", "10.0(0)/mV"))
    signals = build_signal_store(index, SMALL_SPEC, folder, workers=1).read(np.array([0]))
    assert signals.max() == pytest.approx(32.767)


def test_a_corpus_of_which_nothing_can_be_read_gives_the_first_reason(index: RecordIndex, folder: Path) -> None:
    for path in index.root.rglob("*.dat"):
        path.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"Not one of 4 records could be read; the first: .+"):
        build_signal_store(index, SMALL_SPEC, folder, workers=1)
    assert not folder.exists()


def test_building_again_replaces_the_whole_store(index: RecordIndex, folder: Path) -> None:
    build_signal_store(index, SMALL_SPEC, folder, workers=1)
    build_signal_store(index.take([2]), SignalSpec(), folder, workers=1)
    store = SignalStore.open(folder)
    assert (len(store.index), store.spec) == (1, SignalSpec())
    assert [path.name for path in folder.parent.iterdir()] == ["store"]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "no signals": lambda folder: (folder / "signals.npy").unlink(),
    "empty signals": lambda folder: (folder / "signals.npy").write_bytes(b""),
    "cut signals": lambda folder: (folder / "signals.npy").write_bytes((folder / "signals.npy").read_bytes()[:5000]),
    "no index": lambda folder: (folder / "index.csv").unlink(),
    "manifest of another kind": lambda folder: (folder / "manifest.json").write_text("[]"),
    "cut manifest": lambda folder: (folder / "manifest.json").write_text("{"),
    "impossible specification": lambda folder: (folder / "manifest.json").write_text(
        json.dumps({"corpus": "x", "root": "/", "skipped": [], "spec": {"fs": 10, "leads": ["I"]}})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_incomplete_store_is_refused(index: RecordIndex, folder: Path, damage: Callable[[Path], object]) -> None:
    build_signal_store(index, SMALL_SPEC, folder, workers=1)
    damage(folder)
    with pytest.raises(DatasetError, match=r"Make it with: python -m pipelines\.index_datasets"):
        SignalStore.open(folder)


def test_a_store_whose_parts_have_other_lengths_is_refused(index: RecordIndex, folder: Path) -> None:
    build_signal_store(index, SMALL_SPEC, folder, workers=1)
    lines = (folder / "index.csv").read_text().splitlines()
    (folder / "index.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DatasetError, match="for 3 records; build it again"):
        SignalStore.open(folder)
