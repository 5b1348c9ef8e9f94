"""Binary cross-entropy over queries: what is asked in a step, what counts, and that it is what it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from suprem.datasets.signal_store import SignalStore
from suprem.model.supreme import SupremeModel
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import train
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import QueryLoss, QueryObjective, masked_loss, validate
from suprem.training.rows import LabelledRows
from suprem.training.runlog import RunLog
from tests.tiny import SMALL_MODEL, network, small_store

CODES = ("AFIB", "NORM")
CONFIG = TrainConfig(token_keep_rate=0.5)
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


def test_labels_that_nobody_knows_take_part_in_nothing(rows: LabelledRows) -> None:
    logits, labels = torch.randn(4, 2), torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    known = labels >= 0
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[known], labels[known])
    assert torch.isclose(masked_loss(logits, labels), expected)
    assert masked_loss(logits, torch.full_like(labels, -1.0)) == 0.0

    masked = replace(rows, labels=np.where(np.arange(8)[:, None] < 2, -1.0, rows.labels).astype(np.float32))
    model = network(MODEL)
    few = replace(rows, rows=rows.rows[2:], labels=rows.labels[2:])
    assert validate(model, masked, bank(), Workers())[0] == validate(model, few, bank(), Workers())[0]


def test_a_step_asks_its_share_of_the_concepts_and_learns_from_their_labels(rows: LabelledRows) -> None:
    model, seen = SupremeModel(MODEL), []

    def ask(signals: torch.Tensor, queries: torch.Tensor, *, keep: float) -> torch.Tensor:
        seen.append(queries)
        return model(signals, queries, keep=keep)

    queries = bank(rate=0.0)
    config = replace(CONFIG, query_share=0.5)
    asked_loss = QueryLoss(model, ask, config, Workers(), queries)
    signals, labels = rows.batch(np.arange(4))
    asked = max(1, round(0.5 * labels.shape[1]))
    unknown = torch.full_like(labels, -1.0)
    for _ in range(5):
        assert asked_loss([(signals, labels, 1.0)]) > 0
        assert asked_loss([(signals, unknown, 1.0)]) == 0
    assert {len(vectors) for vectors in seen} == {asked}
    known = {tuple(vector.tolist()) for vector in queries.names}
    drawn = {tuple(vector.tolist()) for vectors in seen for vector in vectors}
    assert drawn <= known
    assert len(drawn) > asked, "others in other steps"


def test_validation_asks_by_the_canonical_names(rows: LabelledRows) -> None:
    torch.manual_seed(0)
    model = SupremeModel(SMALL_MODEL)
    assert validate(model, rows, bank(rate=1.0), Workers()) == validate(model, rows, bank(rate=0.0), Workers())
    assert not model.training


def test_losses_are_those_of_the_loop_before_objectives_were_told_apart(tmp_path: Path, rows: LabelledRows) -> None:
    """The figures were taken from the loop when binary cross-entropy was all that it knew."""
    recipe = TrainConfig(
        epochs=3, batch=2, token_keep_rate=0.5, learning_rate=3e-3, query_share=0.5, lead_loss=0.5, baseline_wander=0.1,
        filter_rate=0.5,
    )  # fmt: skip
    workers, run = Workers(), RunLog.start(tmp_path, config_toml="", environment={})
    objective = QueryObjective(network(MODEL), recipe, data=rows, validation=rows, queries=bank(), workers=workers)
    train(objective, recipe, run=run, workers=workers, save_best=lambda _judgement: None)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines]
    assert losses == pytest.approx([0.752700, 0.735424, 0.767399, 0.730188], abs=2e-4)
