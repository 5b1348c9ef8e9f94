"""From a corpus to a checkpoint that scores, by the commands alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

from pipelines import build_vocabulary, index_datasets, pretrain, score
from suprem.composed.store import write_store
from suprem.composed.strip import LEADS, TIME
from suprem.composed.truth import Composed
from suprem.concepts.mapping.versions import list_versions, open_version
from suprem.concepts.vocabulary import CONCEPTS, Concept, Vocabulary, load_descriptions, load_terms
from suprem.configfile import load_config
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.preprocess import SPECS
from suprem.errors import CheckpointError
from suprem.experiments import experiment, vocabulary_building
from suprem.inference import query_vectors
from suprem.inference.predictor import Predictor
from suprem.lock import only_writer
from suprem.model.checkpoint import load_checkpoint
from suprem.model.config import ModelConfig
from suprem.model_card import ValidationFigures
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig
from suprem.training.distillation import with_teacher_scores
from suprem.training.labels import labels_of_reports
from suprem.training.query_bank import embed_vocabulary, query_bank
from suprem.training.rows import LabelledRows
from tests.fakes import FakeEmbedder
from tests.tiny import VOCABULARY, ecg, write_ptbxl, write_wfdb

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
encoder = "fake"
train_folds = [1]
validation_folds = [9]

[model]
leads = 8
samples = 1000
patch_samples = 25
width = 16
depth = 1
heads = 2
mlp_width = 16
hidden_width = 16
joint_width = 16
fusion_layers = 1
fusion_heads = 2
fusion_mlp_width = 16
query_self_attention = "none"
whiten_queries = true
hide_empty_patches = true

[training]
epochs = 2
batch = 4
learning_rate = 1e-2
"""

TAUGHT = ("AFIB", "SR", "NORM")
SMALL = ModelConfig(leads=8, samples=1000, patch_samples=25, text_width=32)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a signal store of twelve synthetic ECGs and the configuration of a tiny network."""
    place = tmp_path_factory.mktemp("pretrain")
    codes = [{"AFIB": 0.0} if row % 2 else {"NORM": 100.0, "SR": 0.0} for row in range(12)]
    corpus = write_ptbxl(place / "ptb-xl", codes, [1] * 8 + [9] * 4)
    assert index_datasets.main(["--ptbxl", str(corpus), "--out", str(place / "store"), "--workers", "1"]) == 0
    (place / "tiny.toml").write_text(CONFIG)
    return place


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (experiment, query_vectors):
        monkeypatch.setattr(module, "load_embedder", lambda _name, **_options: FakeEmbedder(32))


def command(place: Path, folder: Path, *more: str) -> list[str]:
    return ["--data", str(place / "store"), "--run-dir", str(folder), "--config", str(place / "tiny.toml"), *more]


def validation(folder: Path) -> list[tuple[int, float, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"], line["macro_auroc"]) for line in lines if line["split"] == "validation"]


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    last = captured.err.splitlines()[-1]
    assert last.startswith("error: ")
    return last


def test_a_run_leaves_everything_that_defines_it_and_a_checkpoint_that_scores(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert pretrain.main(command(place, folder, "--set", "training.seed=3")) == 0
    assert capsys.readouterr().out.startswith("2 epochs, 4 steps, ")
    config = tomllib.loads((folder / "config.toml").read_text())
    assert (config["training"]["seed"], config["model"]["text_width"], config["encoder"]) == (3, 32, "fake")
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["data"]["train_records"] == 8
    assert environment["data"]["validation_records"] == 4
    assert environment["vocabulary"] == load_terms().content_hash
    assert environment["encoder"] == {"name": "fake", "content_hash": FakeEmbedder(32).content_hash}
    assert [step for step, _, _ in validation(folder)] == [2, 4]
    assert json.loads((folder / "manifest.json").read_text())["outcome"] == "done"

    card = load_checkpoint(folder / "best").card
    best = max(auroc for _, _, auroc in validation(folder))
    assert card.validation == ValidationFigures(macro_auroc=best)
    assert all((card.intended_use, card.out_of_scope, card.warnings, card.training.data.corpus))
    predictor = Predictor.load(folder / "best")
    assert predictor.spec == SPECS["compact"]
    assert predictor.vocabulary == load_terms()
    assert 0 < predictor.score(ecg(), ["atrial fibrillation"])[0].score < 1

    write_wfdb(tmp_path / "mine", ecg())
    arguments = ["--checkpoint", str(folder / "best"), "--ecg", str(tmp_path / "mine.hea"), "--query", "AFIB", "--json"]
    assert score.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["checkpoint"] == predictor.id


def test_a_second_process_does_not_train_into_the_folder_of_the_first(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_writer(tmp_path / "run"):
        assert pretrain.main(command(place, tmp_path / "run")) == 2
        assert "The folder run is being written by process" in one_sentence(capsys)
        assert not (tmp_path / "run" / "config.toml").exists()


def version_of(reports: dict[int, str], folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Path:
    """Return the folder of a vocabulary version that was built from these reports."""
    folder.mkdir(parents=True)
    rows = "".join(f"{number},{text}\n" for number, text in reports.items())
    (folder / "reports.csv").write_text("id,report\n" + rows)
    monkeypatch.setattr(vocabulary_building, "load_embedder", lambda _name: FakeEmbedder())
    assert build_vocabulary.main(["--reports", str(folder / "reports.csv"), "--out", str(folder), *more]) == 0
    (version,) = list_versions(folder)
    return version.folder


def test_a_run_learns_a_vocabulary_version_from_reports(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Record 12 has no report: nothing is learned or validated from it.
    texts = ["atrial fibrillation.", "sinus rhythm. possible atrial fibrillation.", "sinus rhythm."]
    reports = {number: texts[number % 3] for number in range(1, 12)}
    version = version_of(reports, tmp_path / "versions", monkeypatch)
    folder = tmp_path / "run"
    assert pretrain.main(command(place, folder, "--vocabulary", str(version), "--set", "training.epochs=1")) == 0
    predictor = Predictor.load(folder / "best")
    assert set(predictor.vocabulary.codes) == {"AFIB", "SR"}
    assert predictor.card.training.run == "run"
    assert predictor.card.training.vocabulary_version == version.name
    assert tomllib.loads((folder / "config.toml").read_text())["vocabulary"] == str(version)

    capsys.readouterr()
    assert pretrain.main(["--data", str(place / "store"), "--run-dir", str(folder), "--resume"]) == 0
    assert pretrain.main(command(place, folder, "--vocabulary", str(version), "--resume")) == 2
    foreign = version_of({501: "sinus rhythm."}, tmp_path / "foreign", monkeypatch)
    capsys.readouterr()
    assert pretrain.main(command(place, tmp_path / "other", "--vocabulary", str(foreign))) == 2
    assert "None of the 12 records of ptb-xl has a report" in one_sentence(capsys)


def test_statements_of_the_corpus_correct_and_complete_the_reports(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The corpus says AFIB of every second record, NORM and SR of the others; no report names a normal ECG.
    texts = {number: "atrial fibrillation." if number % 2 else "left axis deviation." for number in range(1, 13)}
    version = open_version(version_of(texts, tmp_path / "versions", monkeypatch, "--vocabulary", str(CONCEPTS)))
    vocabulary, labels = labels_of_reports(SignalStore.open(place / "store"), version, statements=True)
    column = {code: labels[:, index].tolist() for index, code in enumerate(vocabulary.codes)}
    assert column["NORM"] == [1, 0] * 6
    assert column["LAD"] == column["AXD"] == [0, 1] * 6
    # The reports are of the other records than the corpus' own statements: one of the two is wrong each time.
    assert column["AFIB"] == [-1, 1] * 6

    folder = tmp_path / "run"
    wanted = ("--set", "statements=true", "--set", 'leave_out=["AFIB"]', "--set", "descriptions=true")
    arguments = command(place, folder, "--vocabulary", str(version.folder), "--set", "training.epochs=1", *wanted)
    assert pretrain.main(arguments) == 0
    learned = set(Predictor.load(folder / "best").vocabulary.codes)
    assert {"NORM", "SR", "LAD"} <= learned
    assert "AFIB" not in learned
    capsys.readouterr()
    for setting, said in (
        ('leave_out=["NOSUCH"]', "leave_out names NOSUCH"),
        ("min_examples=99", "No concept is left"),
    ):
        assert pretrain.main([*arguments[:-2], "--set", setting]) == 2
        assert said in one_sentence(capsys)


def test_measurements_correct_the_labels_and_add_concepts_of_their_own(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = command(
        place, folder, "--set", "measured=true", "--set", "min_examples=1", "--set", "training.epochs=1"
    )
    assert pretrain.main(arguments) == 0
    learned = Predictor.load(folder / "best").vocabulary
    # All twelve synthetic ECGs have 60 to 100 beats per minute.
    assert learned.lookup("normal heart rate") is not None
    assert "RATE60-100" in learned.codes
    assert "RATE>120" not in learned.codes
    assert "AFIB" in learned.codes
    assert (place / "store" / "measurements.csv").exists()


def test_teachers_fill_in_what_no_label_says_and_move_the_others(place: Path, tmp_path: Path) -> None:
    assert pretrain.main(command(place, tmp_path / "teacher")) == 0
    teacher = Predictor.load(tmp_path / "teacher" / "best")
    store = SignalStore.open(place / "store")
    labels = np.tile(np.array([1.0, 0.0, -1.0], np.float32), (8, 1))
    vocabulary = Vocabulary(tuple(concept for concept in teacher.vocabulary.concepts if concept.code in TAUGHT))
    data = LabelledRows(store, np.arange(8), labels)
    config = PretrainConfig(model=SMALL, teachers=(tmp_path / "teacher" / "best",), teacher_weight=0.25)
    between = with_teacher_scores(data, vocabulary, config).labels
    thought = expit(teacher.logits(store.read(np.arange(8)), teacher.vectors(vocabulary.names)))
    np.testing.assert_allclose(between[:, 0], 0.75 + 0.25 * thought[:, 0], rtol=1e-5)
    np.testing.assert_allclose(between[:, 1], 0.25 * thought[:, 1], rtol=1e-5)
    np.testing.assert_allclose(between[:, 2], thought[:, 2], rtol=1e-5)
    assert with_teacher_scores(data, vocabulary, replace(config, teachers=())) is data

    silent = Vocabulary((Concept("NOSUCH", "no such finding"), *vocabulary.concepts[1:]))
    np.testing.assert_array_equal(with_teacher_scores(data, silent, config).labels[:, 0], data.labels[:, 0])
    with pytest.raises(CheckpointError, match="knows none of the concepts"):
        with_teacher_scores(data, Vocabulary(silent.concepts[:1]), config)
    with_teacher = ("--set", f'teachers=["{tmp_path / "teacher" / "best"}"]', "--set", "training.epochs=1")
    assert pretrain.main(command(place, tmp_path / "student", *with_teacher)) == 0
    assert load_checkpoint(tmp_path / "student" / "best").card.training.taught_by == (teacher.id,)


def test_a_run_can_begin_with_a_checkpoint_of_the_same_network(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert pretrain.main(command(place, first)) == 0
    still = ("--init", str(first / "best"), "--set", "training.epochs=1", "--set", "training.learning_rate=1e-12")
    assert pretrain.main(command(place, second, *still)) == 0
    before, after = (load_checkpoint(folder / "best") for folder in (first, second))
    assert after.card.training.begun_with == before.id
    weights = after.model.state_dict()
    learned = {name: value for name, value in before.model.state_dict().items() if "running_" not in name}
    assert all(torch.allclose(weights[name], value, atol=1e-6) for name, value in learned.items())
    capsys.readouterr()
    for more, said in (
        (("--init", str(tmp_path)), "is not a complete checkpoint"),
        (("--init", str(first / "best"), "--set", "model.width=32"), "is of another network"),
    ):
        assert pretrain.main(command(place, tmp_path / "third", *more)) == 2
        assert said in one_sentence(capsys)


def test_a_stopped_run_is_resumed_to_the_same_end(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert pretrain.main(command(place, whole)) == 0
    steps = iter(range(100))
    original = torch.optim.AdamW.step

    def step(self: torch.optim.AdamW, *args: object) -> None:
        original(self, *args)  # type: ignore[arg-type]
        if next(steps) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", step)
        assert pretrain.main(command(place, stopped)) == 143
    assert "Stopped at step 3; continue with --resume." in capsys.readouterr().err
    assert not (stopped / "manifest.json").exists()
    assert pretrain.main(command(place, stopped)) == 2
    assert "holds another run" in one_sentence(capsys)
    assert pretrain.main(command(place, stopped, "--resume")) == 0
    assert validation(stopped) == validation(whole)
    ends = [
        torch.load(folder / "last" / "training.ckpt", weights_only=True)["model"].items() for folder in (whole, stopped)
    ]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(*ends, strict=True))
    assert (stopped / "config.toml").read_text() == (whole / "config.toml").read_text()


@pytest.mark.slow
def test_sigterm_saves_a_real_process_and_resume_continues_it(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    program = (
        "from pipelines import pretrain; from suprem.experiments import experiment; "
        "from tests.fakes import FakeEmbedder; "
        "experiment.load_embedder = lambda name, **options: FakeEmbedder(32); raise SystemExit(pretrain.main())"
    )
    arguments = [sys.executable, "-c", program, *command(place, folder, "--set", "training.epochs=400")]
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while not (folder / "last" / "training.ckpt").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert "continue with --resume" in process.communicate(timeout=120)[1]
    assert process.returncode == 143
    done = len(validation(folder))
    assert 0 < done < 400
    (folder / "config.toml").write_text((folder / "config.toml").read_text().replace("400", str(done + 1)))
    assert pretrain.main(command(place, folder, "--resume")) == 0
    assert len(validation(folder)) == done + 1


def smoke(folder: Path, *more: str, launcher: tuple[str, ...] = ()) -> list[str]:
    """The shipped smoke run, shortened, as a command of its own process."""
    short = [
        "synthetic_records=120",
        "training.epochs=2",
        "training.batch=8",
        "training.threads=1",
    ]
    settings = [] if "--resume" in more else [word for setting in short for word in ("--set", setting)]
    config = [] if "--resume" in more else ["--config", str(CONFIGS / "smoke.toml")]
    return [sys.executable, *launcher, "-m", "pipelines.pretrain", "--run-dir", str(folder), *config, *settings, *more]


@pytest.mark.slow
def test_the_smoke_run_stopped_and_resumed_ends_as_one_never_stopped(tmp_path: Path) -> None:
    subprocess.run(smoke(tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True, timeout=240)
    stopped = tmp_path / "stopped"
    process = subprocess.Popen(smoke(stopped), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 240
    while not (stopped / "metrics.jsonl").exists() and time.monotonic() < deadline:  # written at step 10 of 24
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 143
    assert not (stopped / "manifest.json").exists()
    subprocess.run(smoke(stopped, "--resume"), cwd=ROOT, check=True, capture_output=True, timeout=240)
    assert validation(stopped) == validation(tmp_path / "whole")
    assert (stopped / "best" / "model.safetensors").read_bytes() == (
        tmp_path / "whole" / "best" / "model.safetensors"
    ).read_bytes()


@pytest.mark.slow
def test_two_processes_train_the_smoke_run_under_torchrun(tmp_path: Path) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    done = subprocess.run(
        smoke(tmp_path, launcher=torchrun), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("best validation macro AUROC") == 1, "only one of them speaks"
    assert len(validation(tmp_path)) == 2
    assert Predictor.load(tmp_path / "best").score(ecg(), ["AFIB"])[0].score > 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data", "nowhere"], "is not a finished signal store"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["--set", "training.epoch=3"], "did you mean 'epochs'"),
        (["--set", "model.leads=12"], "8 leads x 1000 samples, the model reads 12 x 1000"),
        (["--set", "validation_folds=[1]"], "8 patient(s) have records in training and validation folds"),
        (["--set", "train_folds=[5]"], "fold 5"),
        (["--set", "training.batch=64"], "8 records are fewer than one batch of 64"),
        (["--resume"], "cannot be read"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    place: Path, tmp_path: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert pretrain.main(command(place, tmp_path / "run", *more)) == 2
    assert message in one_sentence(capsys)


@pytest.mark.parametrize(("codes", "found"), [("", "no statement"), ("NORM|426783006", "statements such as 426783006")])
def test_a_corpus_that_does_not_speak_the_vocabulary_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], codes: str, found: str
) -> None:
    """MIMIC-IV-ECG's index carries no statement: without this, a night is trained on "everything is absent"."""
    capsys.readouterr()
    store = shutil.copytree(place / "store", tmp_path / "store")
    table = pd.read_csv(store / "index.csv", dtype=str)
    table.assign(codes=codes).to_csv(store / "index.csv", index=False)
    assert pretrain.main(command(place, tmp_path / "run", "--data", str(store))) == 2
    assert f"carry {found}; training needs the 71 SCP-ECG" in one_sentence(capsys)


@pytest.mark.parametrize(("name", "signal"), [("compact", "compact"), ("paper", "paper"), ("smoke", "compact")])
def test_every_shipped_configuration_of_a_run_is_read_and_fits_its_signals(name: str, signal: str) -> None:
    config = load_config(PretrainConfig, CONFIGS / f"{name}.toml")
    experiment.check_signal(SPECS[signal], config.model)


def test_the_papers_configuration_is_the_published_recipe() -> None:
    config = load_config(PretrainConfig, CONFIGS / "paper.toml")
    training = config.training
    assert (training.batch, training.epochs, training.patience) == (256, 50, 10)
    assert (training.learning_rate, training.weight_decay) == (1e-3, 1e-8)
    assert (training.schedule, training.restart_steps) == ("cosine_restarts", 5000)
    assert (training.token_keep_rate, training.synonym_rate, training.gain, training.noise) == (1.0, 0.0, 0.0, 0.0)
    assert config.encoder == "medcpt"
    assert (config.model.query_self_attention, config.model.dropout) == ("full", 0.1)


def test_the_query_bank_holds_each_concepts_own_wordings() -> None:
    embedder = FakeEmbedder(32)
    vectors = embed_vocabulary(VOCABULARY, embedder)
    assert np.array_equal(vectors["names"].numpy(), embedder.embed(VOCABULARY.prompts))
    assert np.array_equal(vectors["wordings"].numpy(), embedder.embed(tuple(VOCABULARY.texts)))
    bank = query_bank(VOCABULARY, vectors, rate=1.0)
    own = [
        embedder.embed([text for text in concept.texts if text != concept.prompt] or [concept.prompt])
        for concept in VOCABULARY.concepts
    ]
    for _ in range(20):
        for row, drawn in enumerate(bank.draw().numpy()):
            assert any(np.array_equal(drawn, vector) for vector in own[row])


def test_descriptions_stand_in_for_names_beside_the_wordings() -> None:
    vectors = embed_vocabulary(VOCABULARY, FakeEmbedder(32))
    first = VOCABULARY.codes[0]
    described = {first: torch.full((50, 32), 7.0)}
    bank = query_bank(VOCABULARY, vectors, rate=1.0, described=described, always_asked=frozenset({first}))
    assert any(bool((bank.draw()[0] == 7.0).all()) for _ in range(50))
    assert bank.always.tolist() == [True] + [False] * (len(VOCABULARY) - 1)


def test_each_statement_has_descriptions_that_no_vocabulary_lists() -> None:
    terms, described = load_terms(CONCEPTS), load_descriptions()
    assert described.keys() == set(load_terms().codes)
    assert not {text for texts in described.values() for text in texts} & terms.texts.keys()


def composed_of(folder: Path, record_ids: list[str]) -> Path:
    """Compose flat ECGs, every other one flutter, out of the given recordings."""
    signal = np.zeros((LEADS, len(TIME)), np.float32)
    rows = [Composed(signal, "flutter", {"AFLT": row % 2, "SR": 0}, one) for row, one in enumerate(record_ids)]
    write_store(rows, len(rows), folder, corpus="ptb-xl", seed=0)
    return folder


def test_composed_ecgs_join_training_and_only_such_as_fit_it(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = SignalStore.open(place / "store").index.table
    train, held = (index["record_id"][index["fold"] == fold].tolist() for fold in (1, 9))

    def run(folder: Path) -> int:
        return pretrain.main(command(place, tmp_path / "run", "--set", f"composed={folder}"))

    assert run(composed_of(tmp_path / "composed", train)) == 0
    assert json.loads((tmp_path / "run" / "environment.json").read_text())["composed_records"] == len(train)
    assert load_checkpoint(tmp_path / "run" / "best").signal["pacing_marks"] is True
    capsys.readouterr()

    manifest = tmp_path / "composed" / "manifest.json"
    older = {name: value for name, value in json.loads(manifest.read_text()).items() if name != "pacing_marks"}
    manifest.write_text(json.dumps(older))
    shutil.rmtree(tmp_path / "run")
    assert run(tmp_path / "composed") == 2
    assert "made before pacing spikes were marked" in one_sentence(capsys)

    assert run(composed_of(tmp_path / "judged", held)) == 2
    assert "made of recordings that the run is judged by" in one_sentence(capsys)
