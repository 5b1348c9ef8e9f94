"""The loop learns, can be stopped anywhere and resumed, and says where it broke."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from numpy.typing import NDArray

from suprem.datasets.signal_store import SignalStore
from suprem.errors import Cancelled, CheckpointError, TrainingError
from suprem.model.checkpoint import TRAINING_STATE
from suprem.model.supreme import SupremeModel
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Position, RunSummary, train
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import QueryObjective, validate
from suprem.training.rows import LabelledRows
from suprem.training.runlog import RunLog
from tests.tiny import SMALL_MODEL, network, small_files_only, small_store

CODES = ("AFIB", "NORM")
CONFIG = TrainConfig(epochs=3, batch=2, token_keep_rate=0.5, full_epochs=1, warmup=0.1, learning_rate=3e-3)
MODEL = replace(SMALL_MODEL, drop_path=0.1, dropout=0.1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SignalStore:
    """Eight synthetic ECGs, AFIB and NORM in turn."""
    return small_store(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def rows(store: SignalStore) -> LabelledRows:
    return LabelledRows(store=store, rows=np.arange(8), labels=store.index.labels(CODES).astype(np.float32))


def bank(rate: float = 0.5) -> QueryBank:
    generator = torch.Generator().manual_seed(1)
    names, synonyms = torch.randn(2, 32, generator=generator), torch.randn(2, 3, 32, generator=generator)
    return QueryBank(names=names, synonyms=list(synonyms), rate=rate)


def run(
    folder: Path, rows: LabelledRows, *, config: TrainConfig = CONFIG, model: SupremeModel | None = None, **more: Any
) -> tuple[SupremeModel, RunSummary, list[float]]:
    """Train a fresh model in a run folder; return it with the summary and the AUROC of every best checkpoint."""
    if model is None:
        torch.manual_seed(0)
        model = SupremeModel(MODEL)
    if not more.get("resume"):
        RunLog.start(folder, config_toml="", environment={})
    best: list[float] = []
    workers = more.pop("workers", None) or Workers()
    asked = {name: more.pop(name, usual) for name, usual in (("data", rows), ("validation", rows), ("queries", bank()))}
    summary = train(
        QueryObjective(model, config, workers=workers, **asked),
        config,
        run=RunLog(folder),
        workers=workers,
        save_best=lambda judgement: best.append(judgement.score),
        **more,
    )
    return model, summary, best


def metrics(folder: Path, split: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in ("t", "records_per_second")}
        for line in lines
        if line["split"] == split
    ]


def after(steps: int) -> Callable[[], bool]:
    """Return a `should_stop` that says so when `steps` steps have been done."""
    asked = iter([False] * steps)
    return lambda: next(asked, True)


def test_the_loop_overfits_eight_ecgs(tmp_path: Path, rows: LabelledRows) -> None:
    labels = rows.labels.copy()
    labels[:, 1] = [1, 1, 0, 0, 1, 0, 0, 1]  # nothing but the recording itself tells this one
    few = replace(rows, labels=labels)
    many = np.tile(np.arange(8), 25)  # 25 steps an epoch; to validate after each would take longer than to learn
    config = TrainConfig(epochs=3, batch=8, learning_rate=1e-2, token_keep_rate=1.0, gain=0.0, noise=0.0)
    model, summary, _ = run(
        tmp_path,
        replace(rows, rows=many, labels=labels[many]),
        validation=few,
        config=config,
        model=network(SMALL_MODEL),
        queries=bank(rate=0.0),
    )
    assert summary.best_score == 1.0
    assert validate(model, few, bank(), Workers())[1] < 0.1


def test_a_run_leaves_its_metrics_and_the_best_state(tmp_path: Path, rows: LabelledRows) -> None:
    seen: list[tuple[float, str]] = []
    _, summary, best = run(tmp_path, rows, progress=lambda *at: seen.append(at))
    validation, training = metrics(tmp_path, "validation"), metrics(tmp_path, "train")
    assert [(line["step"], line["epoch"]) for line in validation] == [(4, 0), (8, 1), (12, 2)]
    assert [line["step"] for line in training] == [10]
    scores = [line["macro_auroc"] for line in validation]
    assert best == [score for i, score in enumerate(scores) if score > max(scores[:i], default=-1)]
    assert (summary.best_score, scores[summary.best_epoch]) == (max(scores), max(scores))
    assert (summary.epochs, summary.steps) == (3, 12)
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert seen[-1][0] == 1.0


@pytest.mark.parametrize("stop_at", [0, 3, 4, 9, 11])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path: Path, rows: LabelledRows, stop_at: int) -> None:
    whole, summary, _ = run(tmp_path / "whole", rows)
    folder = tmp_path / "stopped"
    with pytest.raises(Cancelled, match=f"Stopped at step {stop_at}; continue with --resume"):
        run(folder, rows, should_stop=after(stop_at))
    torch.manual_seed(99)  # another process would start from anywhere
    resumed, resumed_summary, _ = run(folder, rows, model=SupremeModel(MODEL), resume=True)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items()), (
        "bit for bit"
    )
    assert metrics(folder, "validation") == metrics(tmp_path / "whole", "validation")
    assert [line["step"] for line in metrics(folder, "train")] == [10]
    assert replace(resumed_summary, seconds=0) == replace(summary, seconds=0)


def test_resuming_a_finished_run_does_nothing(tmp_path: Path, rows: LabelledRows) -> None:
    _, summary, _ = run(tmp_path, rows)
    _, again, best = run(tmp_path, rows, resume=True)
    assert (again.steps, again.best_score, best) == (summary.steps, summary.best_score, [])
    assert len(metrics(tmp_path, "validation")) == 3


def test_a_run_killed_before_it_had_saved_begins_anew(tmp_path: Path, rows: LabelledRows) -> None:
    whole, _, _ = run(tmp_path / "whole", rows)
    folder = tmp_path / "killed"
    RunLog.start(folder, config_toml="", environment={}).metric(step=10, split="train", loss=9.0)
    again, _, _ = run(folder, rows, resume=True)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())
    assert metrics(folder, "train") == metrics(tmp_path / "whole", "train"), "what the killed one wrote is gone"


def test_a_killed_run_goes_on_from_the_last_saved_minute(tmp_path: Path, rows: LabelledRows) -> None:
    whole, _, _ = run(tmp_path / "whole", rows)

    def killed_at_step_6() -> Callable[[], bool]:
        asked = iter(range(100))

        def ask() -> bool:
            if next(asked) == 6:
                raise KeyboardInterrupt
            return False

        return ask

    config = replace(CONFIG, checkpoint_minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", rows, config=config, should_stop=killed_at_step_6())
    resumed, _, _ = run(tmp_path / "killed", rows, resume=True)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


def test_a_full_disk_is_told_and_leaves_what_was_saved(tmp_path: Path, rows: LabelledRows) -> None:
    whole, _, _ = run(tmp_path / "whole", rows)
    folder = tmp_path / "full"
    with pytest.raises(Cancelled):
        run(folder, rows, should_stop=after(5))
    before = (folder / "last" / TRAINING_STATE).read_bytes()
    with small_files_only(), pytest.raises(CheckpointError, match="Make room on the disk and continue with --resume"):
        run(folder, rows, resume=True)
    assert (folder / "last" / TRAINING_STATE).read_bytes() == before
    assert [path.name for path in (folder / "last").iterdir()] == [TRAINING_STATE], "no half of a file is left"
    resumed, _, _ = run(folder, rows, resume=True)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


def test_patience_ends_a_run_that_no_longer_improves(tmp_path: Path, rows: LabelledRows) -> None:
    config = replace(CONFIG, epochs=50, patience=2, learning_rate=1e-12)  # learns nothing
    _, summary, best = run(tmp_path, rows, config=config)
    assert (summary.epochs, summary.best_epoch, len(best)) == (3, 0, 1)


def test_a_loss_that_is_no_number_names_step_and_records(tmp_path: Path, rows: LabelledRows) -> None:
    class Damaged(SignalStore):
        """Gives no numbers for its sixth record."""

        def read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
            signals = super().read(rows)
            signals[rows == 5] = np.nan
            return signals

    store = Damaged(**vars(rows.store))
    with pytest.raises(TrainingError, match=r"The loss is nan at step [0-3], on records .*00006"):
        run(tmp_path, replace(rows, store=store), config=replace(CONFIG, epochs=1))
    assert not (tmp_path / "last").exists(), "a poisoned state is not saved"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": replace(CONFIG, batch=9)}, "8 records are fewer than one batch of 9"),
        ({"data": 0.0}, "No training record carries any of the concepts"),
        ({"validation": 1.0}, "No concept is both present and absent in the validation records"),
    ],
)
def test_data_that_cannot_be_learned_from_is_told_at_once(
    tmp_path: Path, rows: LabelledRows, change: dict[str, Any], message: str
) -> None:
    more = {
        key: replace(rows, labels=np.full_like(rows.labels, value)) if isinstance(value, float) else value
        for key, value in change.items()
    }
    with pytest.raises(TrainingError, match=message):
        run(tmp_path, rows, **more)


def test_the_last_epochs_see_all_tokens(tmp_path: Path, rows: LabelledRows) -> None:
    torch.manual_seed(0)
    model = SupremeModel(MODEL)
    tokens: list[int] = []
    model.encoder.blocks[0].register_forward_hook(
        lambda module, args, _out: tokens.append(args[0].shape[1]) if module.training else None
    )
    run(tmp_path, rows, model=model)
    assert tokens == [20] * 8 + [40] * 4


@pytest.fixture
def bfloat16_workers() -> Iterator[Workers]:
    """What computes in bfloat16; accelerate keeps its precision for the whole process otherwise."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield Workers(precision="bf16")
    AcceleratorState._reset_state(reset_partial_state=True)


def test_bfloat16_computes_the_forward_pass_and_keeps_the_weights_exact(
    tmp_path: Path, rows: LabelledRows, bfloat16_workers: Workers
) -> None:
    torch.manual_seed(0)
    model = SupremeModel(MODEL)
    computed: set[torch.dtype] = set()
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda one, _args, out: computed.add(out.dtype) if one.training else None)
    config = replace(CONFIG, precision="bf16", epochs=1)
    _, summary, _ = run(tmp_path, rows, config=config, model=model, workers=bfloat16_workers)
    assert torch.bfloat16 in computed
    assert {value.dtype for value in model.state_dict().values() if value.is_floating_point()} == {torch.float32}
    assert summary.best_score > 0


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # dynamo looks at it where the graph breaks
def test_a_compiled_run_learns_what_one_as_written_does_and_resumes(
    tmp_path: Path, rows: LabelledRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[SupremeModel] = []

    def compile_for_test(model: SupremeModel) -> None:
        compiled.append(model)
        torch.nn.Module.compile(model, backend="eager")  # inductor's compiler takes a minute

    monkeypatch.setattr(SupremeModel, "compile", compile_for_test)
    whole, _, _ = run(tmp_path / "written", rows)
    config = replace(CONFIG, compile=True)
    with pytest.raises(Cancelled):
        run(tmp_path / "compiled", rows, config=config, should_stop=after(5))
    resumed, _, _ = run(tmp_path / "compiled", rows, config=config, resume=True)
    assert len(compiled) == 2
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], atol=1e-5), name


def test_a_position_of_an_earlier_version_is_gone_on_from() -> None:
    saved = {"epoch": 2, "batch": 1, "step": 9, "best_auroc": 0.8, "best_epoch": 1, "seconds": 5.0}
    assert Position.of(saved) == Position(epoch=2, batch=1, step=9, best_score=0.8, best_epoch=1, seconds=5.0)
