"""The training page: from the empty state over a launched run to its curves, with jobs that nobody really starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines import build_vocabulary
from suprem.configfile import load_config
from suprem.experiments.configurations import (
    DownloadRequest,
    IndexingConfig,
    PretrainRequest,
    PromotionRequest,
    ZeroShotRequest,
)
from suprem.jobs import runner
from suprem.jobs.job import Job, JobSpec, State
from suprem.jobs.processes import identity
from suprem.jobs.progress import progress_line
from suprem.jobs.store import JobStore
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig
from tests.fakes import FakeEmbedder

OpenPage = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def open_page(home: Path, visit: Callable[[str], AppTest]) -> OpenPage:
    def open_page(view: str = "Jobs") -> AppTest:
        app = visit("4_Training.py")
        return show(app, view) if view != "Jobs" else app

    return open_page


def show(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="training-view").set_value(view).run()


def store_of(home: Path) -> JobStore:
    return JobStore(f"sqlite:///{home / 'suprem.sqlite'}", home / "jobs")


def write_run(folder: Path, *, epochs: int = 2, auroc: float = 0.75) -> None:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f"[training]\nepochs = {epochs}\n")
    (folder / "environment.json").write_text(json.dumps({"vocabulary": "abc", "data": {"corpus": "synthetic"}}))
    rows = [{"step": 10, "epoch": 0, "split": "train", "loss": 0.2, "learning_rate": 1e-3, "records_per_second": 90.0}]
    rows += [{"step": 20, "epoch": 0, "split": "validation", "loss": 0.1, "macro_auroc": auroc}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def texts(app: AppTest) -> str:
    assert not app.exception
    elements = [*app.markdown, *app.caption, *app.info, *app.error, *app.success, *app.warning, *app.code]
    return "\n".join(element.value for element in elements).replace("\\", "")


def test_the_first_visit_says_how_to_begin(open_page: OpenPage) -> None:
    app = open_page()
    assert "No job yet. Begin with a smoke run" in texts(app)
    assert "no runs to compare yet" in texts(show(app, "Compare runs"))
    assert "no signal store yet" in texts(show(app, "Data"))


def test_a_preset_brings_its_own_values(open_page: OpenPage) -> None:
    app = open_page("New run")
    app.number_input(key="epochs-smoke").set_value(7).run()
    app.radio(key="preset").set_value("compact").run()
    assert (app.number_input(key="epochs-compact").value, app.number_input(key="batch-compact").value) == (26, 32)


def test_a_launched_run_becomes_a_job_with_the_command_a_person_would_type(
    open_page: OpenPage, home: Path, started: list[Job]
) -> None:
    app = open_page("New run")
    app.number_input(key="epochs-smoke").set_value(3).run()
    assert "epochs = 3\n" in texts(app), "what is to be trained is shown before it is launched"
    assert "python -m suprem pretrain --job job.toml" in texts(app)
    app.button(key="launch").click().run()
    assert app.selectbox(key="job").value == 1, "the page goes where the job can be followed"
    assert "Job 1 is starting" in texts(app)
    (job,) = started
    assert job.spec.stage == "pretrain"
    assert job.spec.title == "smoke-1 (smoke)"
    assert job.spec.run_folder == home / "runs" / "smoke-1"
    asked = load_config(PretrainRequest, job.configuration_file)
    smoke = load_config(PretrainConfig, CONFIGS / "smoke.toml")
    assert asked.config == replace(smoke, training=replace(smoke.training, epochs=3)), "only what was changed differs"
    show(app, "New run").button(key="estimate").click().run()
    assert store_of(home).get(2).spec.configuration["dry_run"] is True
    assert store_of(home).get(2).state is State.QUEUED, "one at a time"


def test_a_run_is_cloned_into_the_form_to_be_changed(open_page: OpenPage, home: Path, started: list[Job]) -> None:
    app = open_page("New run")
    app.number_input(key="epochs-smoke").set_value(9).run()
    app.number_input(key="seed-smoke").set_value(5).run()
    app.button(key="launch").click().run()
    (home / "runs" / "smoke-1").mkdir(parents=True)
    again = open_page("New run")
    assert again.number_input(key="epochs-smoke").value == 4
    show(again, "Jobs").button(key="clone-1").click().run()
    assert (again.number_input(key="epochs-smoke").value, again.number_input(key="seed-smoke").value) == (9, 5)
    assert again.text_input(key="name-smoke-2").value == "smoke-2"


@pytest.mark.parametrize(
    ("name", "message"),
    [("../etc", "small letters, digits and dashes"), ("", "small letters"), ("taken", "There is a run taken already")],
)
def test_a_name_that_cannot_be_is_told_before_the_launch(
    open_page: OpenPage, home: Path, name: str, message: str
) -> None:
    write_run(home / "runs" / "taken")
    app = open_page("New run")
    app.text_input(key="name-smoke-1").set_value(name).run()
    assert message in texts(app)
    assert app.button(key="launch").disabled


def test_a_preset_without_data_says_how_to_make_it(open_page: OpenPage) -> None:
    app = open_page("New run")
    app.radio(key="preset").set_value("compact").run()
    assert "suprem index-datasets --ptbxl FOLDER --signal compact" in texts(app)
    assert app.button(key="launch").disabled


def test_a_running_job_shows_progress_curves_and_log_and_can_be_cancelled(open_page: OpenPage, home: Path) -> None:
    store = store_of(home)
    write_run(home / "runs" / "one")
    job = store.submit(JobSpec("pretrain", {"run_dir": str(home / "runs" / "one")}, "one (smoke)"))
    store.claim(limit=1)
    store.move(job.id, State.RUNNING)
    job.log.write_text(progress_line("pretrain", 0.5, "epoch 2/4, 3 min left") + "\n")
    app = open_page()
    assert "0.7500" in texts(app)
    assert "epoch 2/4, 3 min left" in texts(app)
    assert len(app.get("plotly_chart")) == 1
    app.button(key="cancel-1").click().run()
    assert store.get(1).state is State.CANCELLING


def test_a_lost_run_can_be_resumed(open_page: OpenPage, home: Path, started: list[Job]) -> None:
    store = store_of(home)
    write_run(home / "runs" / "one")
    store.submit(JobSpec("pretrain", {"run_dir": str(home / "runs" / "one")}, "one"))
    store.claim(limit=1)
    store.move(1, State.RUNNING)
    store.note_supervisor(1, replace(identity(os.getpid()), start=1.0))
    app = open_page()
    assert "Job 1 was interrupted" in texts(app)
    app.button(key="resume-1").click().run()
    assert started[-1].spec.configuration == {"run_dir": str(home / "runs" / "one"), "resume": True}
    assert started[-1].spec.resumes == 1


def test_a_finished_run_is_evaluated_before_it_can_be_used(open_page: OpenPage, home: Path) -> None:
    store = store_of(home)
    folder = home / "runs" / "one"
    write_run(folder)
    (folder / "best").mkdir()
    (folder / "best" / "config.json").write_text("{}")
    store.submit(JobSpec("pretrain", {"run_dir": str(folder)}, "one"))
    store.claim(limit=1)
    store.move(1, State.RUNNING)
    store.move(1, State.DONE)
    app = open_page()
    assert app.button(key="evaluate-one").disabled
    app.text_input(key="ptbxl-one").set_value(str(home / "runs")).run()
    assert app.button(key="evaluate-one").disabled, "it lies below no folder of recordings"
    (home / "corpora" / "ptb-xl").mkdir(parents=True)
    app.text_input(key="ptbxl-one").set_value("ptb-xl").run()
    app.button(key="evaluate-one").click().run()
    asked = load_config(ZeroShotRequest, store.get(2).configuration_file)
    assert (asked.config.task, asked.config.folds, asked.checkpoint) == ("ptbxl_all", (9,), folder / "best")
    (folder / "evaluation.json").write_text("{}")
    app.selectbox(key="job").set_value(1).run()
    app.button(key="use-one").click().run()
    assert load_config(PromotionRequest, store.get(3).configuration_file).evaluation == folder / "evaluation.json"


def test_runs_are_compared_by_curves_and_by_the_settings_in_which_they_differ(open_page: OpenPage, home: Path) -> None:
    write_run(home / "runs" / "one", epochs=2, auroc=0.7)
    write_run(home / "runs" / "two", epochs=5, auroc=0.8)
    (home / "runs" / "broken").mkdir()
    (home / "runs" / "broken" / "config.toml").write_text("= nonsense")
    app = open_page("Compare runs")
    table = app.dataframe[-1].value
    assert table["setting"].tolist() == ["best macro AUROC", "training.epochs"]
    assert table["one"].tolist() == ["0.7000", "2"]
    assert table["two"].tolist() == ["0.8000", "5"]


def test_a_corpus_is_stored_or_fetched_in_the_background(
    open_page: OpenPage, home: Path, started: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = home / "corpora" / "mine"
    mine.mkdir(parents=True)
    app = open_page("Data")
    assert app.button(key="index-corpus").disabled
    app.radio(key="corpus").set_value("csn").run()
    app.text_input(key="corpus-folder-csn").set_value(str(home / "corpora" / "mine")).run()
    app.button(key="index-corpus").click().run()
    assert load_config(IndexingConfig, started[-1].configuration_file) == IndexingConfig("csn", mine)
    assert "Job 1 is starting" in texts(app)
    show(app, "Data").button(key="download-corpus").click().run()
    fetched = load_config(DownloadRequest, store_of(home).get(2).configuration_file)
    assert fetched == DownloadRequest("csn", home / "corpora" / "csn")

    monkeypatch.setattr(runner, "FREE_DISK", 1 << 60)
    show(app, "Data").button(key="download-corpus").click().run()
    assert "make room for at least" in texts(app)
    assert len(store_of(home).jobs()) == 2


def test_recordings_and_a_vocabulary_version_are_chosen_in_the_form_and_cloned(
    open_page: OpenPage, home: Path, started: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suprem.experiments.vocabulary_building.load_embedder", lambda _name: FakeEmbedder())
    (home / "reports.csv").write_text("id,report\n1,sinus rhythm.\n2,atrial fibrillation.\n")
    assert build_vocabulary.main(["--reports", str(home / "reports.csv")]) == 0
    data = home / "datasets" / "ptb-xl-compact"
    data.mkdir(parents=True)
    facts = {"corpus": "ptb-xl", "spec": {"fs": 100, "leads": ["I", "II"]}, "shards": [30, 12], "skipped": [{}]}
    (data / "manifest.json").write_text(json.dumps(facts))

    app = open_page("Data")
    assert app.dataframe[0].value.iloc[0].tolist() == ["ptb-xl-compact", "ptb-xl", 2, 100, 42, 1]
    show(app, "New run").radio(key="preset").set_value("compact").run()
    version = app.selectbox(key="vocabulary-compact").value
    assert version.startswith("Version 1"), "the shipped network learned from a version"
    app.number_input(key="processes").set_value(2).run()
    app.button(key="launch").click().run()
    (folder,) = (home / "vocabularies").glob("*/")
    asked = load_config(PretrainRequest, started[-1].configuration_file)
    shipped = load_config(PretrainConfig, CONFIGS / "compact.toml")
    assert (asked.data, started[-1].spec.processes) == (data, 2)
    assert asked.config == replace(shipped, vocabulary=folder), "exactly the shipped configuration"
    assert (asked.config.training.epochs, asked.config.measured, asked.config.statements) == (26, True, True)
    store = store_of(home)
    store.move(1, State.RUNNING)
    store.move(1, State.LOST)
    (home / "runs" / "compact-1").mkdir(parents=True)
    (home / "runs" / "compact-1" / "config.toml").write_text("")
    app.run().button(key="resume-1").click().run()
    assert started[-1].spec.configuration["resume"] is True, "a resumed run keeps the configuration of its folder"
    app.button(key="clone-2").click().run()
    assert app.selectbox(key="vocabulary-compact").value == version
    assert app.number_input(key="processes").value == 2


def test_an_evaluation_that_failed_is_started_again(open_page: OpenPage, home: Path, started: list[Job]) -> None:
    store = store_of(home)
    store.submit(JobSpec("zero_shot", {"checkpoint": "a"}, "evaluate"))
    store.claim(limit=1)
    store.move(1, State.FAILED)
    app = open_page()
    assert app.button(key="resume-1").label == "Start again"
    app.button(key="resume-1").click().run()
    assert started[-1].spec == JobSpec("zero_shot", {"checkpoint": "a"}, "evaluate", resumes=1)
    assert app.selectbox(key="job").value == 2
