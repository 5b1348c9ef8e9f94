"""What the missing part of a recording costs, from the table in a card, and when a score is withheld for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suprem.ecg.coverage import Coverage
from suprem.ecg.record import LEADS
from suprem.inference.missing_signal import MOST_LOST, missing_cost, words_of
from suprem.model_card import MissingLoss, MissingSignal, ModelCard

TABLE = MissingSignal(
    checkpoint="a1",
    split="ptbxl_all, folds 9",
    records=1000,
    conditions=(
        MissingLoss(0.02, {"AFIB": 0.0, "AMI": 0.04}, chest=1),
        MissingLoss(0.03, {"AFIB": 0.01, "AMI": 0.06}, chest=2),
        MissingLoss(0.1, {"AFIB": 0.02, "AMI": 0.3}, chest=6),
        MissingLoss(0.04, {"AFIB": 0.01, "AMI": 0.01}, limb=1),
        MissingLoss(0.08, {"AFIB": 0.09, "AMI": 0.03}, seconds=2.5),
        MissingLoss(0.04, {"AFIB": 0.03, "AMI": 0.01}, seconds=5.0),
        MissingLoss(0.07, {"AFIB": 0.08, "AMI": 0.02}, layout="3x4"),
        MissingLoss(0.05, {"AFIB": 0.01, "AMI": 0.02}, layout="3x4 with II"),
    ),
)
CARD = ModelCard(missing_signal=TABLE)


def held(seconds: float = 10.0, **others: float) -> Coverage:
    return Coverage({lead: others.get(lead, seconds) for lead in LEADS}, 10.0)


@pytest.mark.parametrize(
    ("coverage", "code", "loss"),
    [
        (held(V6=0.0), "AMI", 0.04),
        (held(V6=0.0), "AFIB", 0.0),
        (held(V5=0.0, V6=0.0), "AMI", 0.06),
        (held(5.0), "AFIB", 0.03),
        (held(7.5), "AFIB", 0.015),  # between what was measured of 5 s and nothing of 10 s
        (held(3.75), "AFIB", 0.06),
        (held(5.0, V6=0.0), "AMI", 0.05),  # both
        (held(V6=5.0), "AFIB", 0.0),  # cheaper to do without V6 than without half of all leads
        (held(2.5, II=10.0), "AFIB", 0.01),
        (held(2.5), "AFIB", 0.08),
        (held(2.5, II=10.0), "LBBB", 0.05),  # the mean, since it was not measured
        (held(1.0), "AFIB", None),
        (held(V1=0.0, V2=0.0, V3=0.0), "AFIB", None),
    ],
)
def test_the_cheapest_condition_that_left_no_more_counts(coverage: Coverage, code: str, loss: float | None) -> None:
    cost = missing_cost(CARD, "a1", coverage, code)
    assert cost is not None
    assert cost.loss == (None if loss is None else pytest.approx(loss))
    assert cost.measured is (code != "LBBB")


def test_nothing_is_said_of_a_whole_recording_or_an_unknown_one() -> None:
    assert missing_cost(CARD, "a1", held(), "AFIB") is None
    assert missing_cost(CARD, "a1", held(9.8), "AFIB") is None
    assert missing_cost(CARD, "a1", None, "AFIB") is None


def test_a_score_is_withheld_where_its_finding_loses_more_than_a_tenth_of_what_a_perfect_score_gains() -> None:
    assert pytest.approx(0.05) == MOST_LOST
    little, much = (missing_cost(CARD, "a1", held(2.5, II=10.0), code) for code in ("AFIB", "AMI"))
    assert little is not None
    assert not little.withheld
    assert little.sentence == "Scored from 2.5 s of 11 leads and 10 s of II; for this finding that costs 0.01 of AUROC."
    much = missing_cost(CARD, "a1", held(V5=0.0, V6=0.0), "AMI")
    assert much is not None
    assert much.withheld
    assert much.sentence.endswith("(0.05): withheld until it is asked for.")


def test_without_a_table_of_this_checkpoint_only_a_sparse_recording_is_withheld() -> None:
    for card, checkpoint in ((ModelCard(), "a1"), (CARD, "b2")):
        one_lead, print_out = (missing_cost(card, checkpoint, what, "AFIB") for what in (held(V6=0.0), held(2.5)))
        assert one_lead is not None
        assert print_out is not None
        assert (one_lead.loss, one_lead.withheld, print_out.withheld) == (None, False, True)
        assert "not measured for this checkpoint" in one_lead.sentence


def test_the_table_survives_the_card() -> None:
    assert ModelCard.from_json(CARD.to_json()).missing_signal == TABLE
    assert replace(CARD, warnings=("x",)).missing_signal is TABLE


def test_conditions_have_words() -> None:
    assert words_of(TABLE.conditions[1]) == "2 chest leads"
    assert words_of(MissingLoss(0.0, limb=2, chest=1)) == "all limb leads and 1 chest lead"
    assert words_of(TABLE.conditions[4]) == "all but 2.5 s of every lead"
    assert words_of(TABLE.conditions[-1]) == "all but a print of 3x4 with II"
