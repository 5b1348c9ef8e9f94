"""What a Python program gets from `import suprem`: the page's scores behind the page's gate, whatever it holds."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
from pydicom.data import get_testdata_file

import suprem
from suprem.ecg.disturb import record_in_turn
from suprem.ecg.examples import real_example
from suprem.ecg.record import LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import CheckpointError, EcgError, MissingFact, QueryError, UnreadableEcg
from suprem.export import RESEARCH_USE
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import every_concept, write_checkpoint, write_wfdb

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ["sinus rhythm", "LBBB"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=every_concept())


@pytest.fixture(scope="module")
def model(folder: Path) -> suprem.Model:
    return suprem.Model(Predictor.load(folder, embedder=FakeEmbedder(32)))


@pytest.fixture(scope="module")
def clean() -> EcgRecord:
    return synthesize(SyntheticSpec(seed=3))


def numbers(result: suprem.RecordScores) -> list[float]:
    return [score.score for score in result.scores]


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    code = "import sys, suprem; print(sorted({'torch', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_what_measurements_rule_out_stands_before_the_scores(model: suprem.Model, clean: EcgRecord) -> None:
    """The rate is 75 and QRS is narrow: by definition there is neither a tachycardia nor a bundle branch block."""
    result = model.score(clean, queries=["left bundle branch block", "sinus tachycardia", "sinus rhythm"])
    assert list(result.against) == ["left bundle branch block", "sinus tachycardia"]
    sentence = result.against["left bundle branch block"]
    assert sentence.startswith("“left bundle branch block” is ruled out by its definition: QRS is ")
    lines = str(result).splitlines()
    assert lines.index(sentence) < min(number for number, line in enumerate(lines) if line.startswith("0."))
    assert result.frame["remarks"].str.contains("ruled out by its definition").tolist() == [True, True, False]


def test_a_folder_is_loaded_and_another_is_refused(folder: Path, tmp_path: Path) -> None:
    assert suprem.load(folder).checkpoint == Predictor.load(folder).id
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        suprem.load(tmp_path)


def test_a_file_is_scored_as_the_predictor_does(model: suprem.Model) -> None:
    path = str(get_testdata_file("waveform_ecg.dcm", download=False))
    result = model.score(path, queries=QUERIES)
    assert list(result.scores) == model.predictor.score(real_example(), QUERIES)
    assert result["LBBB"] == result.scores[1]
    with pytest.raises(KeyError):
        result["asked by nobody"]


def test_every_form_of_the_same_recording_has_the_same_scores(
    model: suprem.Model, clean: EcgRecord, tmp_path: Path
) -> None:
    expected = numbers(model.score(clean, queries=QUERIES))
    names = [lead.upper() for lead in clean.leads]  # as wfdb writes them: AVR
    shuffled = np.random.default_rng(1).permutation(len(names))
    write_wfdb(tmp_path / "one", clean)
    digital = wfdb.rdrecord(str(tmp_path / "one"), physical=False)
    forms = {
        "array": model.score(clean.signal, fs=clean.fs, leads=LEADS, unit="mV", queries=QUERIES),
        "array of other leads": model.score(
            clean.signal[shuffled].T, fs=clean.fs, leads=[names[row] for row in shuffled], unit="mV", queries=QUERIES
        ),
        "microvolts": model.score(1e3 * clean.signal, fs=clean.fs, leads=LEADS, unit="µV", queries=QUERIES),
        "frame": model.score(pd.DataFrame(clean.signal.T, columns=names), fs=clean.fs, unit="mV", queries=QUERIES),
        "wfdb": model.score(wfdb.rdrecord(str(tmp_path / "one")), queries=QUERIES),
        "wfdb, converter steps": model.score(digital, queries=QUERIES),
        "name of a WFDB record": model.score(tmp_path / "one", queries=QUERIES),
        "MNE": model.score(RawOfMne(clean), queries=QUERIES),
    }
    for form, result in forms.items():
        assert numbers(result) == pytest.approx(expected, abs=1e-3), form
        left_out = ["1 channel(s) that are not standard leads were left out."] if form == "MNE" else []
        assert list(result.notes) == [*left_out, "Resampled from 500 to 100 Hz."], form


class RawOfMne:
    """What an `mne.io.Raw` offers: volts, and channels beside the ECG."""

    def __init__(self, record: EcgRecord) -> None:
        self.ch_names = [*record.leads, "STI 014"]
        self.info = {"sfreq": record.fs}
        self._volts = np.vstack([1e-3 * record.signal, np.zeros(record.signal.shape[1])])

    def get_data(self) -> np.ndarray:
        return self._volts


def test_microvolts_without_a_unit_are_told_from_their_size_and_that_is_said(
    model: suprem.Model, clean: EcgRecord
) -> None:
    result = model.score(1e3 * clean.signal, fs=clean.fs, leads=LEADS, queries=QUERIES)
    assert numbers(result) == pytest.approx(numbers(model.score(clean, queries=QUERIES)), abs=1e-3)
    assert result.notes[0] == "No unit is stated; values of this size can only be uV."
    assert "can only be uV" in str(result)
    assert "can only be uV" in result.frame["remarks"][0]


def test_numbers_whose_unit_cannot_be_told_are_not_scored(model: suprem.Model, clean: EcgRecord) -> None:
    with pytest.raises(MissingFact, match="give the unit"):
        model.score((1e3 * clean.signal).astype(np.int16), fs=clean.fs, leads=LEADS, queries=QUERIES)


def test_microvolts_called_millivolts_are_stopped_by_the_gate(model: suprem.Model, clean: EcgRecord) -> None:
    wrong = 1e3 * clean.signal
    with pytest.raises(EcgError, match="Scored only with ignore_quality=True"):
        model.score(wrong, fs=clean.fs, leads=LEADS, unit="mV", queries=QUERIES)
    forced = model.score(wrong, fs=clean.fs, leads=LEADS, unit="mV", queries=QUERIES, ignore_quality=True)
    assert any("mV" in finding.message for finding in forced.quality)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"fs": None, "signal": slice(0, 4000)}, MissingFact, "sampling rate"),
        ({"unit": "furlong"}, EcgError, "no voltage"),
        ({"leads": ["I", "II"]}, EcgError, "2 lead names are given"),
        ({"fs": -5}, EcgError, "sampling rate is -5"),
    ],
)
def test_what_does_not_fit_is_said(
    model: suprem.Model, clean: EcgRecord, change: dict, error: type[EcgError], message: str
) -> None:
    facts = {"fs": clean.fs, "leads": LEADS, "unit": "mV", **change}
    signal = clean.signal[:, facts.pop("signal", slice(None))]
    with pytest.raises(error, match=message):
        model.score(signal, queries=QUERIES, **facts)


@pytest.mark.parametrize("thing", [None, "x" * 3, {"a": 1}, np.zeros(5000), np.zeros((2, 12, 5000))])
def test_what_is_no_recording_is_refused(model: suprem.Model, thing: object) -> None:
    with pytest.raises((EcgError, FileNotFoundError)):
        model.score(thing, queries=QUERIES)


def test_a_wfdb_record_of_several_rates_says_how_to_read_it(model: suprem.Model) -> None:
    record = wfdb.Record(record_name="x", fs=500, sig_name=["I"])
    with pytest.raises(UnreadableEcg, match="rdrecord"):
        model.score(record, queries=QUERIES)


def test_an_absence_is_not_scored_and_that_stands_in_the_table(model: suprem.Model, clean: EcgRecord) -> None:
    result = model.score(clean, queries=["no atrial fibrillation", "LBBB"])
    assert {score.query for score in result.scores} == {"atrial fibrillation", "LBBB"}
    assert "asks for an absence" in result.frame["remarks"][0]
    with pytest.raises(QueryError, match="name at least one finding"):
        model.score(clean, queries=[])


def test_what_a_print_lacks_is_said_and_its_scores_are_given_when_asked_for(
    model: suprem.Model, clean: EcgRecord
) -> None:
    printed = record_in_turn(clean)
    kept = model.score(printed, queries=QUERIES)
    assert kept.scores == ()
    assert list(kept.withheld) == QUERIES
    assert "2.5 s of 12 leads" in kept.withheld["LBBB"]
    assert kept.frame["score"].isna().all()
    assert "withheld  LBBB: " in str(kept)
    given = model.score(printed, queries=QUERIES, give_withheld=True)
    assert [score.query for score in given.scores] == QUERIES
    assert given.withheld == {}
    assert all("2.5 s of 12 leads" in remark for remark in given.frame["remarks"])


def test_one_query_may_be_given_as_a_text(model: suprem.Model, clean: EcgRecord) -> None:
    assert [score.query for score in model.score(clean, queries="LBBB").scores] == ["LBBB"]


def test_the_window_that_is_scored_is_the_one_that_was_checked(model: suprem.Model, clean: EcgRecord) -> None:
    long = replace(clean, signal=np.tile(clean.signal, 3))
    long.signal[:, :7000] += np.random.default_rng(1).normal(0, 2, (12, 7000)).astype(np.float32)
    result = model.score(long, queries=QUERIES)
    assert result.start >= 13.0
    assert not [finding for finding in result.quality if finding.check == "noise"]
    assert any(note.startswith("The cleanest 10 s of 30.0 s are used") for note in result.notes)


def test_several_are_scored_and_one_that_cannot_be_stops_no_other(
    model: suprem.Model, clean: EcgRecord, tmp_path: Path
) -> None:
    np.savez(tmp_path / "good.npz", signal=clean.signal, fs=clean.fs, leads=np.array(LEADS), units=np.array(["mV"]))
    (tmp_path / "bad.dcm").write_bytes(b"nothing")
    paths = [tmp_path / "good.npz", tmp_path / "bad.dcm", tmp_path / "absent.npz"]
    results = model.score_all(paths, queries=QUERIES)
    assert [result.record_id for result in results] == ["good", "bad", "absent"]
    assert [type(result) for result in results] == [suprem.RecordScores, suprem.UnscoredRecord, suprem.UnscoredRecord]
    frame = suprem.as_frame(results)
    assert frame["record_id"].tolist() == ["good", "good", "bad", "absent"]
    assert frame["score"].isna().tolist() == [False, False, True, True]
    assert frame["score"].tolist()[:2] == numbers(model.score(clean, queries=QUERIES))
    assert frame["remarks"].str.len().tolist()[2] > 0
    assert frame.attrs["notice"] == RESEARCH_USE
    stacked = model.score_all(
        np.stack([clean.signal, 0 * clean.signal]), fs=clean.fs, leads=LEADS, unit="mV", queries=QUERIES
    )
    assert isinstance(stacked[0], suprem.RecordScores)
    assert isinstance(stacked[1], suprem.UnscoredRecord)


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = next(block.partition("```")[0] for block in text.split("```python\n")[1:] if "import suprem" in block)
    path = str(get_testdata_file("waveform_ecg.dcm", download=False))
    assert '"ecg.dcm"' in example
    exec(compile(example.replace('"ecg.dcm"', repr(path)), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "  sinus rhythm (trained)\n" in printed
    assert printed.rstrip().endswith(RESEARCH_USE)
