"""Measurements as a table: the right numbers in the right columns, and what is missing said and not invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.datasets import measured
from suprem.datasets.measured import (
    PARTIAL,
    TABLE,
    fill_missing,
    measure_files,
    measurements_of,
)
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.measurement.quantities import MEASURED
from suprem.errors import DatasetError
from tests.tiny import ecg, small_store, write_wfdb


def test_files_are_measured_in_order_and_unreadable_ones_are_missing(tmp_path: Path) -> None:
    write_wfdb(tmp_path / "a", ecg(heart_rate=60.0))
    write_wfdb(tmp_path / "c", ecg(heart_rate=100.0))
    paths = [tmp_path / f"{name}.hea" for name in "abc"]
    first, second, third = measure_files(paths)
    assert (first[0], third[0]) == (pytest.approx(60, abs=2), pytest.approx(100, abs=2))
    assert np.isnan(second).all()
    again = list(measure_files(paths, workers=2))
    np.testing.assert_array_equal(again, [first, second, third])


def test_missing_values_take_the_training_median_and_a_flag() -> None:
    train = np.array([[1.0, np.nan, np.nan], [3.0, 10.0, np.nan], [8.0, 20.0, np.nan]])
    evaluated = np.array([[np.nan, 1000.0, 5.0]])
    filled, other = fill_missing(train, evaluated)
    assert filled[:, :3].tolist() == [[1, 15, 0], [3, 10, 0], [8, 20, 0]]
    assert filled[:, 3:].tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 1]]
    assert other.tolist() == [[3, 1000, 5, 1, 0, 0]]


def test_a_store_is_measured_once_and_keeps_the_table(tmp_path: Path) -> None:
    small_store(tmp_path)
    store = SignalStore.open(tmp_path / "store")
    seen: list[float] = []
    table = measurements_of(tmp_path / "store", store, progress=lambda done, _: seen.append(done))
    assert seen[-1] == 1.0
    assert len(table) == len(store.index)
    assert not (tmp_path / "store" / PARTIAL).exists()
    again = measurements_of(tmp_path / "store", store, progress=lambda *_: pytest.fail("measured twice"))
    np.testing.assert_allclose(again, table, rtol=1e-4)
    (tmp_path / "store" / TABLE).write_text("record_id,heart_rate\n1,60\n")
    with pytest.raises(DatasetError, match="of other records"):
        measurements_of(tmp_path / "store", store)


class Stopped(Exception):
    """As of a kill."""


@pytest.mark.parametrize("cut", [0, 5])
def test_measuring_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """A kill after hours of a large corpus lost all of them."""
    small_store(tmp_path)
    folder, measured_files = tmp_path / "store", []
    store = SignalStore.open(folder)

    def numbers_of(path: Path) -> NDArray[np.float64]:
        measured_files.append(path)
        return np.full(len(MEASURED), len(measured_files) + 0.123456)

    def stop(done: float, _message: str) -> None:
        if len(measured_files) == 2:
            raise Stopped

    monkeypatch.setattr(measured, "measure_file", numbers_of)
    with pytest.raises(Stopped):
        measurements_of(folder, store, progress=stop)
    partial = folder / PARTIAL
    partial.write_bytes(partial.read_bytes()[: -cut or None])  # a machine that lost its power kept half a line
    table = measurements_of(folder, store)
    files = list(store.index.files())
    assert measured_files == [*files[:2], *files[1 if cut else 2 :]]
    assert np.isfinite(table.to_numpy()).all()
    assert sorted(path.name for path in folder.glob("*measure*")) == [TABLE]
    (folder / TABLE).unlink()
    partial.write_text("record_id\nanother\n")
    measured_files.clear()
    measurements_of(folder, store)
    assert measured_files == files, "what lies there is of other records"
