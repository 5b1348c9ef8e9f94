"""`pretrain --objective`: encoders without words, and MERL from reports; what each leaves, and who takes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipelines import index_datasets, linear_probe, pretrain, score
from suprem.configfile import load_config
from suprem.datasets.signal_store import SignalStore
from suprem.errors import CheckpointError
from suprem.experiments import experiment
from suprem.experiments.trainable import rows_to_learn
from suprem.inference import query_vectors
from suprem.inference.predictor import Predictor
from suprem.jobs.run_folder import open_run
from suprem.model.encoder_checkpoint import load_encoder
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig
from tests.fakes import FakeEmbedder
from tests.pipelines.test_pretrain import CONFIG, ROOT, one_sentence
from tests.tiny import ecg, write_checkpoint, write_ptbxl

SMALL = ("--set", "self_supervised.hidden_width=16", "--set", "self_supervised.out_width=8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 24 synthetic ECGs in folds 1 and 9, a tiny configuration, a table of reports and a checkpoint."""
    place = tmp_path_factory.mktemp("objectives")
    codes = [{"AFIB": 0.0} if row % 2 else {"SR": 0.0} for row in range(24)]
    corpus = write_ptbxl(place / "ptb-xl", codes, [1] * 16 + [9] * 8)
    assert index_datasets.main(["--ptbxl", str(corpus), "--out", str(place / "store"), "--workers", "1"]) == 0
    (place / "tiny.toml").write_text(CONFIG)
    texts = ["atrial fibrillation" if row % 2 else "sinus rhythm" for row in range(23)]  # the last one has none
    table = pd.DataFrame({"ecg_id": range(1, 24), "report": texts})
    table[table["ecg_id"] != 3].to_csv(place / "reports.csv", index=False)
    write_checkpoint(place / "checkpoint")
    return place


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (experiment, query_vectors):
        monkeypatch.setattr(module, "load_embedder", lambda _name, **_options: FakeEmbedder(32))


def command(place: Path, folder: Path, *more: str) -> list[str]:
    return ["--data", str(place / "store"), "--run-dir", str(folder), "--config", str(place / "tiny.toml"), *more]


def test_an_encoder_is_trained_probed_and_refused_where_words_are_asked(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {seed: tmp_path / f"simclr-{seed}" for seed in (0, 1)}
    for seed, folder in runs.items():
        assert (
            pretrain.main(command(place, folder, "--objective", "simclr", "--set", f"training.seed={seed}", *SMALL))
            == 0
        )
    assert "the last state is kept, an encoder to probe" in capsys.readouterr().out
    assert json.loads((runs[0] / "manifest.json").read_text())["best_score"] is None
    assert open_run(runs[0]).checkpoint is None, "no page offers it for scoring"
    encoder = load_encoder(runs[0])
    assert encoder.id == load_encoder(runs[0] / "best").id != load_encoder(runs[1]).id
    training = encoder.card["training"]
    assert (training["objective"], training["epochs"], training["data"]["train_records"]) == ("simclr", 2, 16)
    with pytest.raises(CheckpointError, match="trained without words"):
        Predictor.load(runs[0] / "best")
    assert (
        score.main(
            [
                "--checkpoint",
                str(runs[0] / "best"),
                "--query",
                "AFIB",
                "--ecg",
                str(place / "ptb-xl/records100/00000/00001_lr.hea"),
            ]
        )
        == 2
    )
    assert "Probe it with" in capsys.readouterr().err

    out = tmp_path / "probes.json"
    asked = ["--store", str(place / "store"), "--checkpoint", str(place / "checkpoint"), "--task", "ptbxl_rhythm"]
    asked += ["--shares", "100", "--encoders", *map(str, runs.values()), "--out", str(out)]
    assert linear_probe.main(asked) == 0
    said = capsys.readouterr().out
    assert "SimCLR, clean, 100 % (16 records)" in said
    assert "over 2 seeds" in said
    probed = [one for one in json.loads(out.read_text())["results"] if one["features"] == "SimCLR"]
    assert [(one["seed"], one["checkpoint"], one["records"]) for one in probed] == [(0, "", 8), (1, "", 8)]
    assert probed[0]["recipe"].startswith("2 epochs of 16 records, vit, ")
    assert probed[0]["recipe"] == probed[1]["recipe"]


def test_merl_learns_from_reports_and_leaves_a_checkpoint_that_scores(place: Path, tmp_path: Path) -> None:
    more = ("--objective", "merl", "--set", f"reports={place / 'reports.csv'}", "--set", 'model.fusion="linear"')
    assert pretrain.main(command(place, tmp_path / "merl", *more)) == 0
    predictor = Predictor.load(tmp_path / "merl" / "best")
    training = load_encoder(tmp_path / "merl").card["training"]
    assert (training["objective"], training["data"]["train_records"]) == ("merl", 15), "one record has no report"
    assert 0 < predictor.score(ecg(), ["atrial fibrillation"])[0].score < 1


def test_a_share_of_the_patients_is_part_of_a_larger_one(place: Path) -> None:
    index = SignalStore.open(place / "store").index

    def rows(share: float, seed: int = 0) -> set[int]:
        config = load_config(PretrainConfig, place / "tiny.toml", [f"train_share={share}", f"training.seed={seed}"])
        return set(rows_to_learn(index, config)[0].tolist())

    assert [len(rows(share)) for share in (0.25, 0.5, 1.0)] == [4, 8, 16]
    assert rows(0.25) < rows(0.5) < rows(1.0)
    assert rows(0.5) == rows(0.5, seed=7)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--objective", "merl"], "needs reports=TABLE"),
        (["--objective", "byol", "--vocabulary", "somewhere"], "leave out vocabulary"),
        (["--objective", "crt", "--set", 'model.encoder="hybrid"'], 'set model.encoder="vit"'),
        (["--set", 'objective="simclear"'], "did you mean 'simclr'"),
        (["--set", "train_share=0"], "train_share must be in (0, 1]"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    place: Path, tmp_path: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert pretrain.main(command(place, tmp_path / "run", *more)) == 2
    assert message in one_sentence(capsys)


@pytest.mark.slow
def test_two_processes_train_an_encoder_under_torchrun(tmp_path: Path) -> None:
    """BYOL has a twin that no gradient reaches and heads that the checkpoint leaves out."""
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    settings = ("synthetic_records=120", "training.epochs=1", "training.batch=8", "training.threads=1")
    words = [word for setting in settings for word in ("--set", setting)]
    asked = ["--objective", "byol", "--run-dir", str(tmp_path), "--config", str(CONFIGS / "smoke.toml"), *words]
    done = subprocess.run(
        [sys.executable, *launcher, "-m", "pipelines.pretrain", *asked],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("the last state is kept") == 1
    assert load_encoder(tmp_path).card["training"]["objective"] == "byol"
