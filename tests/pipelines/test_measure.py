"""The command prints what the page shows, and the errors against manual marks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.measure import main
from suprem.ecg.measure import measure
from suprem.ecg.readers import read_ecg
from tests.tiny import ecg, write_wfdb


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


def test_agreement_with_manual_marks(test_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(test_data / "ludb"), "--reference", "ludb"]) == 0
    assert "PR,typical lead" in capsys.readouterr().out
