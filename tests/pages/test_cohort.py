"""The page "Cohort": a job begun from the form, its results sorted, filtered, opened and exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from suprem.concepts.vocabulary import load_terms
from suprem.configfile import load_config
from suprem.ecg.record import EcgRecord
from suprem.experiments.configurations import CohortRequest
from suprem.inference.cohort import Cohort, Plan, QualityVerdict, ScoredRecord, add_part, begin, finish
from suprem.jobs import runner
from suprem.settings import load_settings
from suprem.web.cohort.cohort_panel import Selection, cohort_as_csv, table_rows
from suprem.web.session import Session
from tests.tiny import ecg, write_checkpoint, write_wfdb

QUERIES = ("Atrial fibrillation", "LBBB")
ALL = tuple(QualityVerdict)

Open = Callable[[], AppTest]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts" / "recordings" / "study"
    for number in range(3):
        write_wfdb(folder / f"DOEJANE{number}", ecg(seed=number))
    (folder / "bad.csv").write_text("I,II\n")
    return folder


@pytest.fixture
def cohort(tmp_path: Path, recordings: Path) -> Cohort:
    files = ("DOEJANE0.hea", "DOEJANE1.hea", "DOEJANE2.hea", "bad.csv")
    plan = Plan(recordings, files, QUERIES, ("trained", "near"), "abc", links=False)
    begun = begin(tmp_path / "artifacts" / "cohorts" / "mine", plan)
    rows = [
        ScoredRecord(
            verdict,
            message,
            np.array([logit, -logit], np.float32),
            np.array([logit, 1.0], np.float32),
            0.75,
            "=Assumed",
        )
        for verdict, message, logit in (
            (QualityVerdict.GOOD, "", -1.0),
            (QualityVerdict.CHECK, "=Noise", 2.0),
            (QualityVerdict.GOOD, "", 0.0),
        )
    ]
    add_part(begun, [*rows, ScoredRecord(QualityVerdict.UNREADABLE, "No numbers.")], width=2)
    return finish(begun.folder, {})


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visit: Callable[[str], AppTest]) -> Open:
    checkpoint = write_checkpoint(tmp_path / "checkpoint", vocabulary=load_terms())
    monkeypatch.setenv("SUPREM_CHECKPOINT", str(checkpoint))
    return lambda: visit("7_Cohort.py")


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [error.value.replace("\\", "") for error in app.error]


def test_a_folder_becomes_a_job_without_a_query_in_it(open_page: Open, recordings: Path, tmp_path: Path) -> None:
    app = open_page()
    assert app.selectbox(key="cohort-folder").options == ["All recordings", "study"]
    app.selectbox(key="cohort-folder").set_value("study")
    app.text_area(key="cohort-queries").set_value("AF of Jane Doe\nLBBB")
    app.button(key="begin-cohort").click().run()
    assert errors(app) == []
    (job,) = runner.open_store(load_settings()).jobs()
    home = tmp_path / "artifacts" / "cohorts" / "cohort-1"
    asked = load_config(CohortRequest, job.configuration_file)
    assert (asked.folder, asked.results, asked.links) == (recordings, home, False)
    assert "Jane" not in str(job)
    assert (home / "queries.txt").read_text() == "AF of Jane Doe\nLBBB"
    assert app.selectbox(key="cohort").value == "cohort-1"


def test_an_upload_is_kept_as_bare_signals(open_page: Open, recordings: Path, tmp_path: Path) -> None:
    app = open_page()
    app.radio(key="cohort-source").set_value("Upload").run()
    for suffix in ("hea", "dat"):
        data = (recordings / f"DOEJANE0.{suffix}").read_bytes()
        app.file_uploader(key="cohort-files").upload(f"DOEJANE0.{suffix}", data)
    app.file_uploader(key="cohort-files").upload("SMITH.xml", b"<RestingECG/>")
    app.run()
    app.button(key="begin-cohort").click().run()
    assert errors(app) == []
    home = tmp_path / "artifacts" / "cohorts" / "cohort-1"
    assert [path.name for path in (home / "recordings").iterdir()] == ["000001.npz"]
    assert "1 of 2 recordings cannot be read" in app.info[0].value
    assert not any(name in app.info[0].value for name in ("DOE", "SMITH"))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [("cohort-name-cohort-1", "../up", "small letters"), ("cohort-queries", " \n", "at least one")],
)
def test_what_cannot_be_begun_is_said_and_leaves_nothing(
    open_page: Open, recordings: Path, tmp_path: Path, key: str, value: str, says: str
) -> None:
    app = open_page()
    element = app.text_input(key=key) if "name" in key else app.text_area(key=key)
    element.set_value(value)
    app.button(key="begin-cohort").click().run()
    assert says in errors(app)[0]
    assert not (tmp_path / "artifacts" / "cohorts" / "cohort-1").exists()


def test_without_recordings_it_says_where_to_put_them(open_page: Open) -> None:
    app = open_page()
    assert "SUPREM" in app.info[0].value
    assert app.button(key="begin-cohort").disabled


def test_a_cohort_is_shown_filtered_and_its_first_ecg_opened(open_page: Open, cohort: Cohort) -> None:
    app = open_page()
    assert errors(app) == []
    table = app.dataframe[0].value
    assert table["ECG"].tolist() == ["ECG 2", "ECG 3", "ECG 1", "ECG 4"]
    assert table["quality"].tolist() == ["check", "good", "good", "unreadable"]
    assert "DOEJANE" not in table.to_string()
    app.slider(key="cohort-range").set_value((0.4, 1.0)).run()
    assert app.dataframe[0].value["ECG"].tolist() == ["ECG 2", "ECG 3"]
    app.multiselect(key="cohort-verdicts").set_value([QualityVerdict.GOOD]).run()
    assert app.dataframe[0].value["ECG"].tolist() == ["ECG 3"]
    app.checkbox(key="cohort-named").check().run()
    assert app.dataframe[0].value["ECG"].tolist() == ["DOEJANE2.hea"]
    app.button(key="open-ecg").click().run()
    assert errors(app) == []
    state: Session = app.session_state["suprem"]
    assert state.opened is not None
    title, record = state.opened
    assert (title, isinstance(record, EcgRecord), record.fs) == ("mine, ECG 3", True, 500.0)
    assert app.session_state["source"] == "Opened record"


def test_a_recording_that_is_gone_is_said(open_page: Open, cohort: Cohort) -> None:
    for path in cohort.plan.source.iterdir():
        path.unlink()
    app = open_page()
    app.button(key="open-ecg").click().run()
    assert "cannot be opened any more" in errors(app)[0]


def test_the_export_has_all_columns_and_the_notice(cohort: Cohort) -> None:
    selection = Selection(0, 0.0, 1.0, ALL, False)
    lines = cohort_as_csv(cohort, selection, selection.rows(cohort), cohort.likeness(None)).split("\r\n")
    heading = "ecg,quality,signal_quality,reference_ecgs,auroc_lost,found,assumed,Atrial fibrillation,LBBB,checkpoint"
    assert lines[0] == heading
    assert lines[1] == "ECG 2,check,0.750,unknown,,'=Noise,'=Assumed,0.880797,0.119203,abc"
    assert lines[4] == "ECG 4,unreadable,,unknown,,No numbers.,,,,abc"
    assert lines[6].startswith('"Research use only.') or lines[6].startswith("Research use only.")
    assert "DOEJANE" not in "".join(lines)
    assert "DOEJANE1.hea" in cohort_as_csv(cohort, Selection(0, 0.0, 1.0, ALL, True), [1], cohort.likeness(None))


def test_rows_without_scores_disappear_once_scores_are_asked_for(cohort: Cohort) -> None:
    assert Selection(0, 0.0, 0.99, ALL, False).rows(cohort) == [1, 2, 0]
    assert Selection(1, 0.0, 1.0, ALL, False).rows(cohort) == [0, 2, 1, 3]
    assert table_rows(cohort, Selection(0, 0.0, 1.0, ALL, False), [3], cohort.likeness(None))[0]["rank"] is None
    shown = table_rows(cohort, Selection(0, 0.0, 1.0, ALL, False), [1, 3], cohort.likeness(None))
    assert [row["signal quality"] for row in shown] == [0.75, None]
    assert [row["what was assumed"] for row in shown] == ["=Assumed", ""]


def test_withheld_scores_are_shown_when_they_are_asked_for(open_page: Open, tmp_path: Path, recordings: Path) -> None:
    plan = Plan(recordings, ("DOEJANE0.hea", "DOEJANE1.hea"), QUERIES, ("trained", "near"), "abc", links=False)
    begun = begin(tmp_path / "artifacts" / "cohorts" / "prints", plan)
    numbers = np.array([1.0, 2.0], np.float32)
    losses = (np.array([0.09, 0.02], np.float32), np.array([True, False]))
    add_part(
        begun,
        [
            ScoredRecord(QualityVerdict.CHECK, "", numbers, numbers, 0.75, "Scored from 2.5 s of 12 leads.", *losses),
            ScoredRecord(QualityVerdict.GOOD, "", -numbers, numbers, 0.75),
        ],
        width=2,
    )
    cohort = finish(begun.folder, {})
    row = table_rows(cohort, Selection(0, 0.0, 1.0, ALL, False), [0], cohort.likeness(None))[0]
    assert (row["Atrial fibrillation"], row["rank"], row["LBBB"]) == (None, None, pytest.approx(0.8808, abs=1e-4))
    assert row["AUROC lost by what is missing"] == "Atrial fibrillation 0.09, withheld; LBBB 0.02"
    app = open_page()
    assert errors(app) == []
    assert app.dataframe[0].value["ECG"].tolist() == ["ECG 2", "ECG 1"]
    assert np.isnan(app.dataframe[0].value["Atrial fibrillation"][1])
    app.toggle(key="cohort-withheld-prints").set_value(True).run()
    assert errors(app) == []
    assert app.dataframe[0].value["ECG"].tolist() == ["ECG 1", "ECG 2"]
    assert app.dataframe[0].value["rank"].tolist() == [1, 2]


def test_a_deleted_cohort_is_gone(open_page: Open, cohort: Cohort) -> None:
    app = open_page()
    app.button(key="delete-cohort").click().run()
    assert errors(app) == []
    assert not cohort.folder.exists()
