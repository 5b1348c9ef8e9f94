"""Many files are prepared in order, in one process or several, and one bad file stops no other."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
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


PARENT = """
import time
from suprem.ecg.intake import reader_pool
with reader_pool(2) as pool:
    done = [pool.submit(time.sleep, 0.2) for _ in range(4)]
    for one in done:
        one.result()
    print(*pool._processes, flush=True)
    time.sleep(3600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends children of a killed process on Linux only")
def test_readers_end_with_a_parent_that_is_killed() -> None:
    """They ignore SIGTERM, since a stopped parent finishes what it has; a killed one left them behind for ever."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        readers = [psutil.Process(int(number)) for number in parent.stdout.readline().split()]
        assert len(readers) == 2
    finally:
        parent.kill()
        parent.communicate()
    _, alive = psutil.wait_procs(readers, timeout=60)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
