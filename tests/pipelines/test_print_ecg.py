"""The command prints what the page prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.print_ecg import main
from suprem.concepts.vocabulary import load_terms
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.measurement.measure import measure
from suprem.inference import query_vectors
from suprem.paper.display_filter import DisplayFilter
from suprem.paper.drawing import PrintFormat
from suprem.paper.layout import Layout, PaperScale
from suprem.paper.printout import Printout, print_ecg
from suprem.paper.view import View
from tests.fakes import FakeEmbedder
from tests.tiny import ecg, write_checkpoint, write_wfdb


@pytest.fixture
def file(tmp_path: Path) -> str:
    write_wfdb(tmp_path / "jane_doe", ecg(seed=2))
    return str(tmp_path / "jane_doe.hea")


def test_the_options_are_those_of_the_page(file: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "ecg.svg"
    options = ("--layout", "cabrera", "--speed", "50", "--gain", "20", "--filter", "mains-50", "--measure")
    assert main(["--ecg", file, "--out", str(out), *options]) == 0
    record = read_ecg(Path(file))
    view = View(Layout.CABRERA, PaperScale(50.0, 20.0), (DisplayFilter.MAINS_50,))
    assert out.read_bytes() == print_ecg(Printout(record, view, measured=measure(record)), PrintFormat.SVG)
    assert b"jane" not in out.read_bytes()


def test_scores_are_printed_with_their_support(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))
    checkpoint = write_checkpoint(tmp_path / "checkpoint", vocabulary=load_terms())
    out = tmp_path / "ecg.svg"
    asked = ("--query", "atrial fibrillation", "delta wave in the afternoon", "--checkpoint", str(checkpoint))
    assert main(["--ecg", file, "--out", str(out), *asked]) == 0
    text = out.read_text()
    assert ">atrial fibrillation<" in text
    assert ">trained<" in text
    assert ">outside<" in text or ">near<" in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--start", "99"), "--start 99 lies outside the recording of 10.0 s"),
        (("--out", "ecg.doc"), "let the name end in .pdf, .svg, .png"),
    ],
)
def test_what_cannot_be_printed_is_said(
    options: tuple[str, ...], sentence: str, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        raise SystemExit(main(["--ecg", file, "--out", str(tmp_path / "x.pdf"), *options]))
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "x.pdf").exists()
