"""A checkpoint becomes the one in use with its own evaluation, never with another one's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import build_vocabulary, promote
from suprem.concepts.mapping.versions import list_versions
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import SignalStore, build_signal_store
from suprem.evaluation.results import ClassResult, EvaluationResult
from suprem.evaluation.score_table import ScoreOrigin, ScoreTable
from suprem.experiments import vocabulary_building
from suprem.inference import reference_bank
from suprem.inference.predictor import Predictor
from suprem.inference.reference import reference_percentile
from suprem.model.checkpoint import CARD, load_checkpoint, write_card
from suprem.model_card import ModelCard
from suprem.settings import load_settings
from tests.fakes import FakeEmbedder
from tests.tiny import SPEC, small_store, write_checkpoint, write_ptbxl


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "run" / "best")


@pytest.fixture
def evaluation(source: Path) -> EvaluationResult:
    return EvaluationResult(
        task="ptbxl_all", labels="exact", protocol="clean", split="folds 9", checkpoint=load_checkpoint(source).id,
        encoder="fake", records=100, patients=90, published_records=None, macro=0.9, macro_ci=(0.8, 0.95),
        macro_10=0.9, macro_10_ci=(0.8, 0.95), skipped=(), unreadable=(), draws=10, seed=0, scores="scores.npz",
        classes=(ClassResult("AFIB", "atrial fibrillation", 7, 0.9, (0.8, 0.95), 0.5, 0),),
    )  # fmt: skip


@pytest.fixture
def scores(evaluation: EvaluationResult) -> ScoreTable:
    origin = ScoreOrigin(
        "ptbxl_all", "exact", ("AFIB",), "folds 9", "first", evaluation.checkpoint, "fake", "simplified"
    )
    names = tuple(map(str, range(100)))
    logits = np.linspace(-4.0, 4.0, 100, dtype=np.float32)[:, None]
    return ScoreTable(origin, names, names, logits > 3.4, logits)


def command(source: Path, folder: Path, evaluation: EvaluationResult, scores: ScoreTable) -> list[str]:
    (folder / "result.json").write_text(evaluation.to_json())
    scores.save(folder / "scores.npz")
    files = ["--evaluation", str(folder / "result.json"), "--scores", str(folder / "scores.npz")]
    return ["--checkpoint", str(source), *files]


def test_the_promoted_checkpoint_is_the_one_in_use_and_knows_its_figures(
    source: Path,
    tmp_path: Path,
    evaluation: EvaluationResult,
    scores: ScoreTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "home"))
    assert promote.main(command(source, tmp_path, evaluation, scores)) == 0
    used = Predictor.load(load_settings().checkpoint)
    assert load_settings().checkpoint == tmp_path / "home" / "checkpoint"
    assert used.id == evaluation.checkpoint
    assert used.card.validation.macro == 0.9
    assert used.card.validation.rest["scores"] == "", "the file is not part of a checkpoint"
    place = reference_percentile(used.card, "AFIB", 3.0)
    assert place is not None
    assert (place.lower, place.records, place.auroc) == (pytest.approx(0.87, abs=0.01), 100, 0.9)
    assert place.probability is None, "seven positives make no calibration"


def test_another_checkpoints_figures_are_refused(
    source: Path, tmp_path: Path, evaluation: EvaluationResult, scores: ScoreTable, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--to", str(tmp_path / "target")]
    other = replace(evaluation, checkpoint="0123456789ab")
    assert promote.main(command(source, tmp_path, other, scores) + target) == 2
    assert "The evaluation is of checkpoint 0123456789ab" in capsys.readouterr().err
    foreign = replace(scores, origin=replace(scores.origin, checkpoint="0123456789ab"))
    assert promote.main(command(source, tmp_path, evaluation, foreign) + target) == 2
    assert "The scores are of checkpoint 0123456789ab" in capsys.readouterr().err
    assert not (tmp_path / "target").exists()


def test_a_bank_is_made_of_a_store_and_goes_with_the_checkpoint(
    source: Path, tmp_path: Path, evaluation: EvaluationResult, scores: ScoreTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_bank, "MIN_RECORDS", 6)
    store = tiny_store(tmp_path, folds=[9] * 6 + [1])
    target = tmp_path / "target"
    bank = ["--bank", str(tmp_path / "store")]
    assert promote.main([*command(source, tmp_path, evaluation, scores), *bank, "--to", str(target)]) == 0
    used = Predictor.load(target)
    assert used.bank is not None
    assert (used.bank.records, used.bank.origin) == (6, "ptb-xl, folds 9")
    signals = store.read(np.arange(7))
    assert used.bank.mean == pytest.approx(used.features(signals[:6]).mean(axis=0), abs=1e-5)
    nearer = [found.nearer for found in used.familiarity(np.concatenate([signals[:6], 20 * signals[:1]]))]
    assert nearer[-1] == 1.0

    again = tmp_path / "again"
    assert promote.main(["--checkpoint", str(target), "--to", str(again)]) == 0
    copied = Predictor.load(again)
    assert copied.card == used.card, "what was promoted before keeps its figures"
    assert copied.bank is not None
    assert promote.main([*command(source, tmp_path, evaluation, scores), "--to", str(again)]) == 0
    assert Predictor.load(again).bank is None, "a bank is never left over from what was there before"


def test_every_concept_has_a_rank_and_figures_on_labels_from_reports(
    source: Path,
    tmp_path: Path,
    evaluation: EvaluationResult,
    scores: ScoreTable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(reference_bank, "MIN_RECORDS", 6)
    tiny_store(tmp_path, folds=[9] * 7)
    (tmp_path / "reports.csv").write_text("id,report\n" + "".join(f"{n},sinus rhythm\n" for n in range(1, 7)))
    monkeypatch.setattr(vocabulary_building, "load_embedder", lambda _name: FakeEmbedder())
    built = ["--reports", str(tmp_path / "reports.csv"), "--out", str(tmp_path / "versions")]
    assert build_vocabulary.main(built) == 0
    (version,) = list_versions(tmp_path / "versions")

    asked = [*command(source, tmp_path, evaluation, scores), "--to", str(tmp_path / "target")]
    assert promote.main([*asked, "--vocabulary", str(version.folder)]) == 2
    assert "needs the records that --bank names" in capsys.readouterr().err
    asked += ["--bank", str(tmp_path / "store"), "--vocabulary", str(version.folder)]
    assert promote.main(asked) == 2
    assert f"{version.id} lacks" in capsys.readouterr().err

    sinus = write_checkpoint(tmp_path / "sinus", vocabulary=Vocabulary((Concept("SR", "sinus rhythm"),)))
    own = replace(evaluation, checkpoint=load_checkpoint(sinus).id, classes=())
    (tmp_path / "result.json").write_text(own.to_json())
    files = ["--evaluation", str(tmp_path / "result.json"), "--to", str(tmp_path / "target")]
    assert promote.main(["--checkpoint", str(sinus), *files, *asked[-4:]]) == 0
    card = Predictor.load(tmp_path / "target").card
    (row,) = card.concepts.classes
    # Six reports say sinus rhythm, the seventh record has none.
    assert (row.code, row.positives, row.unknown, row.auroc) == ("SR", 6, 1, None)
    found = reference_percentile(card, "SR", 99.0)
    assert found is not None
    assert (found.lower, found.records) == (1.0, 7)


def test_what_cannot_be_a_bank_is_refused(
    source: Path, tmp_path: Path, evaluation: EvaluationResult, scores: ScoreTable, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_store(tmp_path, folds=[1, 9])
    asked = [*command(source, tmp_path, evaluation, scores), "--bank", str(tmp_path / "store"), "--to", str(tmp_path)]
    assert promote.main(asked) == 2
    assert "1 reference ECGs" in capsys.readouterr().err
    edit_card(source, training={"data": {"corpus": "ptb-xl", "train_folds": [1, 2]}})
    assert promote.main([*asked, "--bank-folds", "1"]) == 2
    assert "trained on fold 1" in capsys.readouterr().err
    small_store(tmp_path / "small")
    assert promote.main([*asked, "--bank", str(tmp_path / "small" / "store")]) == 2
    assert "The store holds signals prepared as" in capsys.readouterr().err


def test_a_checkpoint_without_figures_is_not_promoted(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote.main(["--checkpoint", str(source), "--to", str(tmp_path / "target")]) == 2
    assert "was not evaluated" in capsys.readouterr().err


def tiny_store(folder: Path, folds: list[int]) -> SignalStore:
    root = write_ptbxl(folder / "ptb-xl", [{"NORM": 100.0}] * len(folds), folds)
    return build_signal_store(index_ptbxl(root), SPEC, folder / "store", workers=1)


def edit_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / CARD).read_text())
    write_card(folder, ModelCard.of({**card, **changes}))
