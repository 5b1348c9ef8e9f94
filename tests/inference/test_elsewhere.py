"""What a card holds of other hospitals is said of the query, and a rank is withheld where a coin did as well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.inference.elsewhere import measured_elsewhere
from suprem.inference.reference import reference_of, reference_percentile
from suprem.model_card import ExternalFigures, ModelCard


def card(low: float | None, positives: int = 9) -> ModelCard:
    figures = ExternalFigures("Pericarditis", ("PERI",), 44, positives, auroc=0.57, ci=(low, 0.8))
    return ModelCard(external={"there": (figures,)}, reference=reference_of(("PERI",), np.arange(100.0)[:, None]))


def test_the_figures_of_a_query() -> None:
    (found,) = measured_elsewhere(card(0.4), "PERI")
    assert found.sentence.startswith(
        "Measured at another hospital (there): AUROC 0.57, 95 % interval 0.40 to 0.80, 9 of 44"
    )
    assert "no better than chance" in found.sentence
    assert measured_elsewhere(card(0.4), "AFIB") == ()
    assert measured_elsewhere(ModelCard(), "PERI") == ()
    assert measured_elsewhere(card(0.4), None) == ()


@pytest.mark.parametrize(
    ("low", "positives", "withheld"),
    [(0.4, 9, True), (0.51, 9, False), (0.4, 7, False), (None, 9, True)],
    ids=["chance", "better than chance", "too few to say", "no interval"],
)
def test_a_rank_is_withheld_at_chance(low: float | None, positives: int, withheld: bool) -> None:
    assert (reference_percentile(card(low, positives), "PERI", 50.0) is None) is withheld


def test_a_hospital_that_did_better_outweighs_one_that_tells_nothing() -> None:
    worse, better = card(0.4), card(0.6)
    both = replace(worse, external={**worse.external, "here": better.external["there"]})
    assert reference_percentile(both, "PERI", 50.0) is not None
