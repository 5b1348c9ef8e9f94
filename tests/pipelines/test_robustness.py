"""The command on a few recordings and a tiny checkpoint, with and without self-attention among queries."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import robustness
from suprem.ecg.disturb import DISTURBANCES
from suprem.experiments import disturbing, thinning
from suprem.inference import query_vectors
from suprem.model.checkpoint import load_checkpoint
from tests.fakes import FakeEmbedder
from tests.tiny import MODEL, write_checkpoint, write_ptbxl


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("robustness")
    codes: list[dict[str, float]] = [{"AFIB": 0.0} if row % 2 else {"SR": 0.0} for row in range(6)]
    root = write_ptbxl(place / "ptb-xl", codes, [9] * 6)
    (root / "records100" / "00000" / "00005_lr.dat").write_bytes(b"")
    write_checkpoint(place / "none")
    write_checkpoint(place / "full", model=replace(MODEL, query_self_attention="full"))
    return place


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))
    monkeypatch.setattr(disturbing, "BATCH", 3)


def command(place: Path, checkpoint: str, *more: str) -> list[str]:
    words = ["--task", "ptbxl_rhythm", "--data", str(place / "ptb-xl"), "--checkpoint", str(place / checkpoint)]
    return [*words, "--bootstrap", "20", *more]


def test_what_missing_signal_costs_stands_in_the_card(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(thinning, "ENOUGH", 1)
    folder = Path(shutil.copytree(place / "none", place / "measured"))
    assert robustness.main(command(place, "measured", "--missing", "--card")) == 0
    said = capsys.readouterr().out
    table = load_checkpoint(folder).card.missing_signal
    assert table is not None
    assert (table.records, table.checkpoint) == (5, load_checkpoint(folder).id)
    assert {"AFIB", "SR"} == set(table.conditions[0].losses)
    assert all(0 <= loss <= 1 for one in table.conditions for loss in one.losses.values())
    assert len(table.conditions) == 24
    assert "all but a print of 3x4 with II" in said
    with pytest.raises(SystemExit):
        robustness.main(command(place, "measured", "--card"))


@pytest.mark.slow
def test_every_condition_is_compared_and_company_does_not_matter(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "robustness.json"
    assert robustness.main(command(place, "none", "--json", "--out", str(out))) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads(out.read_text())
    assert (result["records"], result["unreadable"], result["split"]) == (5, 1, "folds 9")
    by_name = {entry["name"]: entry for entry in result["conditions"]}
    assert list(by_name) == [disturbance.name for disturbance in DISTURBANCES]
    assert by_name["aVL and aVF exchanged"]["changed"] == 0  # the model reads neither
    assert by_name["electrodes of left and right arm exchanged"]["changed"] == 5
    assert by_name["mains 50 Hz, 0.1 mV"]["reason"] == "A recording of 100 Hz cannot hold the 50 Hz of the mains."
    assert by_name["noise, 0.1 mV"]["shift"] > by_name["noise, 0.05 mV"]["shift"] > 0
    assert all(entry["independent"] for entry in result["company"])
    paraphrases = {entry["code"]: entry for entry in result["paraphrases"]}
    assert all(wording["known"] for wording in paraphrases["AFIB"]["wordings"])
    assert paraphrases["AFIB"]["spread"] == 0


@pytest.mark.slow
def test_self_attention_among_queries_is_found_out(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = ["SVARR", "BIGU", "STACH", "SARRH", "SBRAD", "TRIGU", "AFIB", "SR", "SVTAC", "PSVT", "AFLT", "PACE"]
    words = tmp_path / "words.json"
    words.write_text(json.dumps({code: [f"finding {code}", "other words"] for code in codes}))
    assert robustness.main(command(place, "full", "--records", "3", "--paraphrases", str(words))) == 0
    text = capsys.readouterr().out
    assert "folds 9, " in text
    assert text.count("THEY DEPEND ON THEIR COMPANY") >= 2
    assert "2 paraphrases, 0 known to the dictionary" in text
    assert "mains 50 Hz, 0.1 mV: 3 not scored. A recording of 100 Hz" in text


def test_nothing_readable_is_one_sentence_and_exit_code_2(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_ptbxl(tmp_path / "ptb-xl", [{"SR": 0.0}, {"AFIB": 0.0}], [9, 9])
    for file in root.rglob("*.dat"):
        file.write_bytes(b"")
    arguments = command(place, "none")
    arguments[arguments.index("--data") + 1] = str(root)
    assert robustness.main(arguments) == 2
    assert "Not one of 2 records could be read" in capsys.readouterr().err
