"""Maps of unrelated queries are told apart, those of related ones are left alone, and training makes them differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from suprem.errors import ConfigError
from suprem.model.attention_maps import watch_attention
from suprem.model.supreme import SupremeModel
from suprem.training.attention_diversity import attention_likeness
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Learner
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import QueryLoss
from tests.tiny import SMALL_MODEL


def signals(*, records: int = 4) -> Tensor:
    return torch.randn(records, SMALL_MODEL.leads, SMALL_MODEL.samples, generator=torch.Generator().manual_seed(1))


def fresh() -> SupremeModel:
    torch.manual_seed(0)
    return SupremeModel(replace(SMALL_MODEL, dropout=0.0, drop_path=0.0))


def likeness(model: SupremeModel, vectors: Tensor, ecgs: Tensor) -> Tensor:
    with torch.no_grad(), watch_attention(model) as seen:
        model(ecgs, vectors)
        return attention_likeness(seen, vectors)


def test_related_queries_may_look_at_the_same_place() -> None:
    model, one = fresh().eval(), torch.randn(1, SMALL_MODEL.text_width)
    assert float(likeness(model, one.repeat(3, 1), signals())) == 0
    apart = torch.randn(6, SMALL_MODEL.text_width)
    assert 0 <= float(likeness(model, apart, signals())) <= 1


def test_a_lead_that_was_not_recorded_does_not_count() -> None:
    model, ecgs = SupremeModel(replace(SMALL_MODEL, hide_empty_patches=True)).eval(), signals()
    ecgs[:, 1:] = 0
    found = likeness(model, torch.randn(6, SMALL_MODEL.text_width), ecgs)
    assert torch.isfinite(found)
    assert 0 <= float(found) <= 1


def test_the_term_makes_maps_differ() -> None:
    vectors = torch.eye(SMALL_MODEL.text_width)[:8]
    bank = QueryBank(names=vectors, synonyms=[torch.empty(0, SMALL_MODEL.text_width)] * 8, rate=0.0)
    labels = torch.randint(2, (4, 8)).float()

    def trained(weight: float) -> float:
        model = fresh()
        config = TrainConfig(attention_diversity=weight, gain=0.0, noise=0.0)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        loss = QueryLoss(model, model, config, Workers(), bank)
        learner = Learner(model, optimizer, config, Workers())
        for _ in range(30):
            learner.descend(lambda: loss([(signals(), labels, 1.0)]), rate=3e-3)
        return float(likeness(model.eval(), vectors, signals()))

    assert trained(1.0) < 0.5 * trained(0.0)


def test_a_negative_weight_and_a_compiled_network_are_refused() -> None:
    for wrong in ({"attention_diversity": -1.0}, {"attention_diversity": 0.1, "compile": True}):
        with pytest.raises(ConfigError, match="attention_diversity"):
            TrainConfig(**wrong)  # type: ignore[arg-type]
