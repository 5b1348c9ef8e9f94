"""The command prints what the page shows, and the errors against manual marks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.measure import main
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.measurement.ludb_marks import matched_beats
from suprem.ecg.measurement.measure import measure
from tests.tiny import ecg, small_store, write_wfdb


def test_the_command_prints_the_numbers_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wfdb(tmp_path / "one", ecg())
    assert main(["--ecg", str(tmp_path / "one.hea"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    shown = measure(read_ecg(tmp_path / "one.hea"))
    assert printed["QT"]["value"] == shown.qt.value
    assert printed["status"] == "automatic, unconfirmed"


def test_a_broken_file_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wfdb(tmp_path / "one", ecg())
    (tmp_path / "two.hea").write_text("nothing")
    assert main(["--folder", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].startswith("one,")
    assert "two:" in captured.err


def test_the_records_of_a_store_are_measured_into_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_store(tmp_path)
    assert main(["--store", str(tmp_path / "store")]) == 0
    assert "8 records, 8 with a heart rate" in capsys.readouterr().out
    assert len((tmp_path / "store" / "measurements.csv").read_text().splitlines()) == 9


def test_agreement_with_manual_marks(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(test_data / "ludb"), "--reference", "ludb"]) == 0
    printed = capsys.readouterr().out
    assert "PR,typical lead" in printed
    (score,) = re.findall(r"heartbeats within 75 ms: F1 ([\d.]+)", printed)
    assert float(score) >= 0.99


def test_heartbeats_are_matched_one_to_one_and_only_between_the_marks() -> None:
    marked = np.array([2.0, 3.0, 4.0, 5.0])
    assert matched_beats(np.array([1.0, 2.05, 3.0, 4.1, 5.0, 6.0]), marked) == (3, 1, 1)
    assert matched_beats(np.array([2.0, 2.06, 3.0, 4.0, 5.0]), marked) == (4, 0, 1)
    assert matched_beats(np.array([]), marked) == (0, 4, 0)
    assert matched_beats(marked, np.array([])) == (0, 0, 0)


def test_differences_from_the_device_leave_out_what_no_heart_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = {"Heart Rate": "71 bpm", "QRS Duration": "900 ms (implausible)"}
    monkeypatch.setattr("pipelines.measure.read_ecg", lambda _: replace(ecg(heart_rate=70.0), device=device))
    write_wfdb(tmp_path / "one", ecg())
    assert main(["--folder", str(tmp_path), "--reference", "device"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert (cells["value"], cells["records"]) == ("Heart rate", "1")
    assert float(cells["mean"]) == pytest.approx(-1.0, abs=0.6)
