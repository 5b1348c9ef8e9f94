"""Many files are prepared in order, in one process or several, and one bad file stops no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suprem.ecg import intake
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import prepare_files
from suprem.ecg.preprocess import preprocess
from suprem.errors import EcgError
from tests.tiny import SPEC, ecg, write_wfdb


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    for number in range(5):
        write_wfdb(tmp_path / f"record{number}", ecg(seed=number))
    (tmp_path / "record2.hea").write_text("not a header")
    return [tmp_path / f"record{number}.hea" for number in range(6)]  # the last does not exist


@pytest.mark.parametrize("workers", [1, 2])
def test_every_file_gives_its_signal_or_a_reason_in_order(
    paths: list[Path], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FEW", 1)
    monkeypatch.setattr(intake, "AHEAD", 4)
    results = list(prepare_files(paths, SPEC, workers=workers))
    assert [isinstance(result, EcgError) for result in results] == [False, False, True, False, False, True]
    for path, result in zip(paths, results, strict=True):
        if not isinstance(result, EcgError):
            assert np.array_equal(result, preprocess(read_ecg(path), SPEC).signal)


def test_the_gate_refuses_what_the_page_would_hide(tmp_path: Path) -> None:
    record = ecg()
    chestless = np.where([[lead.startswith("V")] for lead in record.leads], 0.0, record.signal)
    write_wfdb(tmp_path / "chestless", replace(record, signal=chestless.astype(record.signal.dtype)))
    path = tmp_path / "chestless.hea"
    refused = next(prepare_files([path], SPEC, gate=True))
    assert isinstance(refused, EcgError)
    assert "V1" in str(refused)
    assert isinstance(next(prepare_files([path], SPEC)), np.ndarray)
