"""The evaluation page: from the empty state over the command it starts to every view, and to the reading page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from suprem.concepts.vocabulary import load_terms
from suprem.configfile import load_config
from suprem.datasets.catalog import TASK_NAMES
from suprem.datasets.external import ExternalCorpus, LabelledFinding, Reader
from suprem.evaluation.ablation import AblationResult, QuestionResult, summarise
from suprem.evaluation.external import evaluate_external
from suprem.experiments.configurations import EvaluationConfig
from suprem.experiments.external import write_external
from suprem.jobs.job import Job
from suprem.web.evaluation.evaluations import TASK_TITLES
from tests.evaluations import write_evaluation, write_probes, write_robustness
from tests.tiny import write_checkpoint

Open = Callable[[], AppTest]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=load_terms())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> Path:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path))
    monkeypatch.setenv("SUPREM_CHECKPOINT", str(checkpoint))
    return tmp_path


@pytest.fixture
def open_page(home: Path, visit: Callable[[str], AppTest]) -> Open:
    return lambda: visit("5_Evaluation.py")


def texts(app: AppTest) -> str:
    assert not app.exception
    elements = [*app.markdown, *app.caption, *app.info, *app.error, *app.success, *app.warning, *app.code]
    html = [element.proto.body for element in app.get("html")]
    return "\n".join([*(element.value for element in elements), *html]).replace("\\", "")


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="evaluation-view").set_value(name).run()
    assert not app.exception
    return app


def rhythm(app: AppTest) -> AppTest:
    app.selectbox(key="task").set_value("ptbxl_rhythm").run()
    return app


def test_the_first_visit_says_how_to_begin_and_starts_the_command(
    open_page: Open, home: Path, checkpoint: Path, started: list[Job]
) -> None:
    app = open_page()
    assert "There is no evaluation yet." in texts(app)
    assert app.button(key="evaluate").disabled
    app.text_input(key="evaluation-data").set_value("/root").run()
    assert "There is no such folder below" in texts(app)
    assert app.button(key="evaluate").disabled
    recordings = home / "recordings"
    recordings.mkdir()
    app.text_input(key="evaluation-data").set_value(str(recordings)).run()
    app.button(key="evaluate").click().run()
    assert "Job 1 is starting" in texts(app)
    (job,) = started
    assert job.spec.stage == "evaluate"
    asked = load_config(EvaluationConfig, job.configuration_file)
    assert asked == EvaluationConfig((recordings,), checkpoint)
    assert app.button(key="cancel-1"), "it is followed as on the training page"


def test_every_task_has_a_title() -> None:
    assert set(TASK_TITLES) == set(TASK_NAMES)


def test_means_stand_beside_the_published_ones_and_what_is_missing_is_named(open_page: Open, home: Path) -> None:
    evaluation = write_evaluation(home)
    app = open_page()
    table = app.dataframe[0].value
    assert list(table["task"]) == ["PTB-XL super-class", "PTB-XL rhythm"]
    assert list(table["SuPreME, published"]) == ["0.782", "0.868"]
    assert table["macro AUROC (95 % interval)"].iloc[1].startswith(f"{evaluation.result('ptbxl_rhythm').macro:.3f} (")
    text = texts(app)
    assert "CSN was not evaluated. There is no CSN here." in text
    assert "Text encoder: MedCPT in the paper" in text
    assert "The paper prints no intervals" in text


def test_classes_have_intervals_and_those_without_a_positive_are_named(open_page: Open, home: Path) -> None:
    write_evaluation(home)
    app = rhythm(open_page())
    assert len(app.get("plotly_chart")) == 1
    table = app.dataframe[-1].value.set_index("class")
    assert table.loc["AFIB", "positives"] == 80
    assert table.loc["AFIB", "95 % from"] < table.loc["AFIB", "AUROC"] < table.loc["AFIB", "to"]
    without = "SVARR, BIGU, SARRH, SBRAD, TRIGU, SVTAC, PSVT, AFLT, PACE"
    assert f"left out of the mean: {without} (none of 240 records has it; nothing can be ranked)" in texts(app)


def test_each_view_shows_its_figures(open_page: Open, home: Path) -> None:
    write_evaluation(home, tasks=("ptbxl_rhythm",), files=True)
    app = rhythm(open_page())
    assert len(view(app, "Curves").get("plotly_chart")) == 2
    assert "Expected calibration error" in texts(app)
    points = view(app, "Thresholds").dataframe[-1].value
    assert set(points["class"]) == {"AFIB", "SR", "STACH"}
    assert "chosen on one half of the patients" in texts(app)
    groups = view(app, "Groups").dataframe[1].value
    assert {"female", "male", "60 to 79"} <= set(groups["group"])
    probes = view(app, "Linear probes").dataframe[-1].value.set_index("method")
    assert probes.loc["MERL", "100 % of labels"] == "0.818"
    assert "suprem linear-probe --store STORE --task ptbxl_rhythm" in texts(app)
    assert "suprem robustness --task ptbxl_rhythm" in texts(view(app, "Robustness"))
    text = texts(view(app, "Protocol, files"))
    assert "python -m pipelines.evaluate --data ptb-xl" in text
    assert "patients, passed: 0 of 120" in text
    assert len(app.get("download_button")) == 3


def test_linear_probes_stand_beside_their_baselines_and_say_what_the_checkpoint_had_seen(
    open_page: Open, home: Path
) -> None:
    evaluation = write_evaluation(home, tasks=("ptbxl_rhythm",))
    write_probes(evaluation, "ptbxl_rhythm")
    app = view(rhythm(open_page()), "Linear probes")
    assert len(app.get("plotly_chart")) == 2
    table = app.dataframe[1].value.set_index("features, protocol")
    assert list(table.index) == ["aaaaaaaaaaaa, clean", "random encoder, clean", "supervised vit"]
    assert table.loc["aaaaaaaaaaaa, clean", "1 % of labels"] == "0.900 (0.800-0.950)"
    assert table.loc["random encoder, clean", "1 % of labels"] == "0.700 ± 0.100, 3 seeds"
    assert table.loc["supervised vit", "1 % of labels"] == ""
    text = texts(app)
    assert "Checkpoint aaaaaaaaaaaa was trained on folds 1,2 of ptb-xl with their labels" in text
    assert "1 % of the labels are not enough to learn BIGU" in text
    assert "1 %: 100; 10 %: 1,000" in text
    assert len(app.get("download_button")) == 1


def test_ablations_say_their_scale_and_are_seen_without_any_evaluation(open_page: Open, home: Path) -> None:
    macros = [{seed: {"form": base + 0.02 * seed, "rhythm": base} for seed in range(2)} for base in (0.7, 0.8)]
    variants = summarise(["CFN", "linear", "third"], {"CFN": macros[0], "linear": macros[1], "third": "needs weights"})
    result = AblationResult(
        "synthetic, 24 records", 24, ("form", "rhythm"), (QuestionResult("Table 9", "?", variants),)
    )
    path = home / "ablations" / "synthetic" / "ablation.json"
    path.parent.mkdir(parents=True)
    path.write_text(result.to_json())
    app = open_page()
    assert "At small scale: synthetic, 24 records. The paper trains on 771,500 ECGs" in texts(app)
    assert len(app.get("plotly_chart")) == 1
    table = app.dataframe[0].value.set_index("variant")
    assert table.loc["linear", "difference ± sd, seed by seed"] == "+0.1000 ± 0.0000"
    assert table.loc["CFN", "macro AUROC ± sd over seeds"] == "0.7050 ± 0.0071"
    assert table.loc["third", "not run"] == "needs weights"
    assert len(app.get("download_button")) == 2
    path.unlink()
    write_evaluation(home, tasks=("ptbxl_rhythm",))
    app.run()
    assert "suprem ablate --data STORE" in texts(view(app, "Ablations"))


def test_what_conditions_and_words_change_is_shown_where_it_was_asked(open_page: Open, home: Path) -> None:
    evaluation = write_evaluation(home, tasks=("ptbxl_rhythm",))
    write_robustness(evaluation, "ptbxl_rhythm")
    app = view(rhythm(open_page()), "Robustness")
    assert "240 records, folds 9; undisturbed macro AUROC 0.900" in texts(app)
    assert "No score depends on the other queries in the list" in texts(app)
    conditions, kinds, wordings = (table.value for table in app.dataframe[-3:])
    assert list(conditions["change (95 % interval)"]) == ["-0.100 (-0.200 to -0.050)", "-"]
    assert conditions["not scored"].iloc[1] == "240: Too slow."
    assert list(kinds["asked by"]) == ["the query itself", "short form", "lay words", "all other wordings"]
    assert list(kinds["macro AUROC"]) == ["0.900", "0.900", "0.600", "0.750"]
    assert wordings["worst wording"].iloc[0] == "quivering atria"


def test_two_evaluations_are_compared_on_the_same_records(open_page: Open, home: Path) -> None:
    write_evaluation(home, checkpoint="bbbbbbbbbbbb", noise=4.0, seed=1, created=1.0)
    write_evaluation(home, noise=0.5)
    app = view(rhythm(open_page()), "Against another")
    text = texts(app)
    assert "First: aaaaaaaaaaaa, macro AUROC" in text
    assert "paired draws of patients" in text
    assert "Over 2 tasks: mean difference +" in text
    table = app.dataframe[-1].value.set_index("class")
    assert (table["difference"] > 0).all()
    assert table.loc["AFIB", "p after Holm"] < 0.05
    assert "suprem compare --first aaaaaaaaaaaa/first/ptbxl_rhythm.json --second bbbbbbbbbbbb/first" in text


def test_evaluations_of_other_records_are_not_offered_and_counted_with_the_reason(open_page: Open, home: Path) -> None:
    write_evaluation(home, checkpoint="bbbbbbbbbbbb", created=1.0, records=200)
    write_evaluation(home, checkpoint="cccccccccccc", created=2.0, tasks=("ptbxl_superclass",))
    write_evaluation(home)
    app = view(rhythm(open_page()), "Against another")
    text = texts(app)
    assert "There is no other evaluation of these records on PTB-XL rhythm yet" in text
    assert "1 other evaluation of this task cannot be compared: bbbbbbbbbbbb" in text
    assert "40 records of ptbxl_rhythm are scored in one of the files only, first 00200" in text
    write_evaluation(home, checkpoint="dddddddddddd", created=3.0, noise=2.0)
    app.run()
    assert [option[:12] for option in app.selectbox(key="against").options] == ["dddddddddddd"]
    assert "1 other evaluation of this task cannot be compared: bbbbbbbbbbbb" in texts(app)
    assert "paired draws of patients" in texts(app)


def test_damaged_scores_are_a_sentence(open_page: Open, home: Path) -> None:
    evaluation = write_evaluation(home)
    (evaluation.folder / "ptbxl_rhythm.npz").write_bytes(b"nothing")
    app = view(rhythm(open_page()), "Curves")
    assert "ptbxl_rhythm.npz holds no scores" in texts(app)


def test_a_worst_case_opens_on_the_reading_page_with_its_query(open_page: Open, home: Path) -> None:
    write_evaluation(home)
    app = view(rhythm(open_page()), "Worst cases")
    app.selectbox(key="worst-ptbxl_rhythm").set_value("AFIB").run()
    app.segmented_control(key="kind").set_value("Lowest scored with the finding").run()
    cases = app.dataframe[-1].value
    assert all("AFIB" in labels for labels in cases["labels"])
    record = app.selectbox(key="case").value
    assert record == cases["record"].iloc[0]
    app.button(key="open").click().run()
    assert not app.exception
    assert app.title[0].value == "Read an ECG"
    assert app.segmented_control(key="source").value == "Opened record"
    assert app.text_area(key="queries").value.splitlines()[0] == "atrial fibrillation"
    assert "Normal ECG" in app.text_area(key="queries").value


def test_a_worst_case_outside_the_folders_of_recordings_is_not_opened(
    open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_evaluation(home)
    (home / "corpora").rename(home / "elsewhere")
    (home / "corpora").mkdir()
    (home / "corpora" / "ptb-xl").symlink_to(home / "elsewhere" / "ptb-xl")
    app = view(rhythm(open_page()), "Worst cases")
    app.button(key="open").click().run()
    assert "outside the folders that pages may open" in texts(app)
    monkeypatch.setenv("SUPREM_CORPORA", str(home / "elsewhere"))
    app.button(key="open").click().run()
    assert app.title[0].value == "Read an ECG"


def test_a_recording_that_is_gone_is_a_sentence(open_page: Open, home: Path) -> None:
    write_evaluation(home)
    app = view(rhythm(open_page()), "Worst cases")
    for file in (home / "corpora" / "ptb-xl").rglob("*_lr.*"):
        file.unlink()
    app.button(key="open").click().run()
    assert "is not where it was when it was evaluated" in texts(app)


def test_other_hospitals_are_shown_with_their_readers(open_page: Open, home: Path) -> None:
    about = write_evaluation(home)
    app = view(open_page(), "Other hospitals")
    assert "was not evaluated at another hospital" in texts(app)
    records = tuple(str(number) for number in range(20))
    present = {record: number % 2 == 0 for number, record in enumerate(records)}
    readers = (Reader("R1", "resident", dict.fromkeys(records, True) | {"1": False}),)
    corpus = ExternalCorpus("clinic", home, (LabelledFinding("", "flutter", ("atrial flutter",), present, readers),))
    logits = np.random.default_rng(0).normal(size=(20, 1)) + np.array([[2.0 * present[one]] for one in records])
    result = evaluate_external(
        corpus, records, logits, checkpoint=about.checkpoint, encoder="fake", created=1.0, draws=20
    )
    write_external(about.folder.parent, corpus, records, logits, result)
    app = view(open_page(), "Other hospitals")
    assert "20 recordings, 1 findings" in texts(app)
    assert app.dataframe[-2].value["specificity"].tolist() == [0.1]
    assert app.dataframe[-1].value["positives"].tolist() == [10]
