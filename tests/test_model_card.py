"""The card is read with types, and nothing that a file says is lost when it is written again."""

from __future__ import annotations

import json

import pytest

from suprem.errors import CheckpointError
from suprem.model.checkpoint import CARD
from suprem.model_card import ModelCard
from suprem.resources import ASSETS


def test_the_shipped_card_is_written_as_it_was_read() -> None:
    text = (ASSETS / "checkpoint" / CARD).read_text(encoding="utf-8")
    assert json.loads(ModelCard.from_json(text).to_json()) == json.loads(text)


def test_what_a_later_version_wrote_is_kept() -> None:
    table = {
        "intended_use": "Tests.",
        "training": {"run": "r1", "carbon": 3},
        "validation": {
            "split": "folds 9",
            "classes": [{"code": "A", "positives": 0, "auroc": None, "ci": None, "x": 1}],
        },
        "fairness": {"checked": True},
    }
    card = ModelCard.of(table)
    assert (card.training.run, card.training.rest, card.rest) == ("r1", {"carbon": 3}, {"fairness": {"checked": True}})
    assert json.loads(card.to_json())["fairness"] == {"checked": True}
    assert json.loads(card.to_json())["validation"]["classes"][0] == {
        "code": "A", "positives": 0, "auroc": None, "ci": None, "x": 1,
    }  # fmt: skip


def test_agreement_with_occlusion_is_read_by_its_former_name() -> None:
    row = {"median": 0.1, "low": 0.0, "high": 0.2}
    check = {
        "checkpoint": "a1", "records": 2, "queries": 3, "seeds": 1, "rank_correlation": {"all": row},
        "occlusion": {"records": 2, "attention": row, "beyond the usual": {**row, "median": 0.15}},
    }  # fmt: skip
    known = ModelCard.of({"attention_check": check}).attention_check
    assert known is not None
    assert known.occlusion is not None
    assert known.occlusion.beyond_usual.median == 0.15


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"warnings": "one"}', '{"training": {"data": {"train_folds": "1"}}}']
)
def test_a_damaged_card_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="The model card is damaged"):
        ModelCard.from_json(text)
