"""What is stored is what preprocessing gave, for every record that could be read, or there is no store."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.datasets import signal_store
from suprem.datasets.index import RecordIndex
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import STEP, SignalStore, build_signal_store
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import prepare_file
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.errors import DatasetError, EcgError
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
    assert np.array_equal(one.integers(np.arange(4)), two.integers(np.arange(4)))
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


@pytest.fixture
def two_in_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_store, "SHARD_BYTES", 2 * 2 * len(SMALL_SPEC.leads) * SMALL_SPEC.samples)


@pytest.mark.usefixtures("two_in_a_shard")
def test_a_store_in_shards_gives_what_one_array_gives(index: RecordIndex, folder: Path) -> None:
    (index.root / "records100/00000/00002_lr.hea").unlink()
    many = build_signal_store(index, SMALL_SPEC, folder, workers=1)
    assert [len(shard) for shard in many.shards] == [1, 2]
    assert sorted(path.name for path in folder.rglob("*")) == [
        "00000.npy", "00001.npy", "index.csv", "manifest.json", "shards",
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal_store, "SHARD_BYTES", 1 << 20)
        one = build_signal_store(index, SMALL_SPEC, folder.with_name("one"), workers=1)
    assert len(one.shards) == 1
    for rows in ([2, 0, 1, 0], [1], []):
        assert np.array_equal(many.read(np.array(rows, int)), one.read(np.array(rows, int)))
    for rows in ([3], [-1]):
        with pytest.raises(IndexError, match="of a store with 3 records"):
            many.read(np.array(rows))


@pytest.mark.usefixtures("two_in_a_shard")
@pytest.mark.parametrize("given", [False, True])
def test_a_killed_build_goes_on_after_its_last_finished_shard(index: RecordIndex, folder: Path, given: bool) -> None:
    (index.root / "records100/00000/00001_lr.hea").unlink()
    asked: list[str] = []
    killed: list[bool] = []

    class Killed(BaseException):
        pass

    def read(paths: Sequence[Path], spec: SignalSpec, **_: object) -> Iterator[NDArray[np.float32] | EcgError]:
        for path in paths:
            asked.append(path.name)
            if path.name == "00004_lr" and not killed:
                killed.append(True)
                raise Killed
            yield prepare_file(path, spec)

    def build() -> SignalStore:
        paths = [index.root / path for path in index.table["path"]]
        signals = read(paths, SMALL_SPEC) if given else None
        return build_signal_store(index, SMALL_SPEC, folder, signals=signals)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal_store, "prepare_files", read)
        with pytest.raises(Killed):
            build()
        assert not folder.exists()
        with pytest.raises(DatasetError, match="not a finished signal store"):
            SignalStore.open(folder.with_name("store.building"))
        asked.clear()
        store = build()
    assert asked == (["00001_lr", "00002_lr"] if given else []) + ["00003_lr", "00004_lr"]
    assert [record_id for record_id, _ in store.skipped] == ["00001"]
    whole = build_signal_store(index, SMALL_SPEC, folder.with_name("whole"), workers=1)
    assert np.array_equal(store.read(np.arange(3)), whole.read(np.arange(3)))
    assert store.index.table.equals(whole.index.table)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["store", "whole"]


@pytest.mark.usefixtures("two_in_a_shard")
def test_what_was_left_of_another_build_is_not_used(index: RecordIndex, folder: Path) -> None:
    def one_shard() -> Iterator[NDArray[np.float32]]:
        yield from np.ones((2, len(SMALL_SPEC.leads), SMALL_SPEC.samples), np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_signal_store(index, SMALL_SPEC, folder, signals=one_shard())
    other = replace(SMALL_SPEC, scaling="minmax")
    store = build_signal_store(index, other, folder, workers=1)
    assert store.spec == other
    assert store.read(np.array([0])).std() > 0


def test_a_store_of_one_array_as_they_were_built_before_is_opened(index: RecordIndex, folder: Path) -> None:
    store = build_signal_store(index, SMALL_SPEC, folder, workers=1)
    expected = store.read(np.arange(4))
    (folder / "shards" / "00000.npy").rename(folder / "signals.npy")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["shards"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert np.array_equal(SignalStore.open(folder).read(np.arange(4)), expected)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "no signals": lambda folder: (folder / "shards" / "00000.npy").unlink(),
    "empty signals": lambda folder: (folder / "shards" / "00000.npy").write_bytes(b""),
    "cut signals": lambda folder: (folder / "shards" / "00000.npy").write_bytes(
        (folder / "shards" / "00000.npy").read_bytes()[:5000]
    ),
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
    with pytest.raises(DatasetError, match=r"Make it with: suprem index-datasets"):
        SignalStore.open(folder)


def test_a_store_whose_parts_have_other_lengths_is_refused(index: RecordIndex, folder: Path) -> None:
    build_signal_store(index, SMALL_SPEC, folder, workers=1)
    lines = (folder / "index.csv").read_text().splitlines()
    (folder / "index.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DatasetError, match="for 3 records; build it again"):
        SignalStore.open(folder)


def test_a_disk_without_room_for_a_shard_is_told_before_anything_is_written_to_it(
    index: RecordIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to a mapped file that the disk cannot hold kills the process by SIGBUS."""

    def full(_file: int, _start: int, size: int) -> None:
        raise OSError(28, f"No space left on device for {size}")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DatasetError, match=r"There is no room for .*No space left .* Make room"):
        build_signal_store(index, SMALL_SPEC, folder, workers=1)
    assert [path.name for path in folder.with_name(f"{folder.name}.building").rglob("*") if path.is_file()] == [
        "plan.json"
    ]
