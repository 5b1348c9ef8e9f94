"""What stands beside the scores: doubts in words."""

from __future__ import annotations

import numpy as np

from suprem.concepts.query import CardiacQuery, Support
from suprem.inference.reference import ReferencePercentile, reference_of
from suprem.inference.reference_bank import OutOfDistribution, OutOfDistributionLevel
from suprem.inference.score import QueryScore
from suprem.model_card import ModelCard
from suprem.web.read_ecg.findings import percentiles
from suprem.web.read_ecg.score_panel import (
    MEANING,
    encoder_sentence,
    familiarity_sentence,
    remarks,
    row_of,
    standing_sentence,
)


def score(query: CardiacQuery, support: Support) -> QueryScore:
    return QueryScore(query.text, query.prompt, 0.5, 0.0, support, (("atrial flutter", 0.71),), "abc")


def test_a_trained_term_needs_no_remark() -> None:
    query = CardiacQuery.from_text("AF")
    assert remarks([score(query, Support.TRAINED)], [query]) == []


def test_a_query_that_is_not_trained_names_its_nearest_terms() -> None:
    query = CardiacQuery("sawtooth waves", "sawtooth waves")
    for support, words in ((Support.NEAR, "scored mostly as “atrial flutter”"), (Support.OUTSIDE, "outside")):
        (remark,) = remarks([score(query, support)], [query])
        assert words in remark
        assert "atrial flutter (0.71)" in remark


def test_a_qualifier_that_was_not_learned_is_named() -> None:
    query = CardiacQuery("left atrial flutter", "left atrial flutter")
    (remark,) = remarks([score(query, Support.NEAR)], [query])
    assert "“left” was not learned with it" in remark


def test_a_caution_is_repeated_with_its_query() -> None:
    query = CardiacQuery.from_text("no atrial fibrillation")
    assert query.caution is not None
    assert remarks([score(query, Support.OUTSIDE)], [query]) == [f"“no atrial fibrillation”: {query.caution}"]


def test_the_fallback_encoder_is_said_in_words() -> None:
    assert "MiniLM" in encoder_sentence("minilm")
    assert "stands in for MedCPT" in encoder_sentence("minilm")
    assert encoder_sentence("medcpt") == "Queries are read by the text encoder medcpt."


def test_the_meaning_denies_what_a_score_is_not() -> None:
    assert "not a likelihood of disease" in MEANING
    assert row_of(score(CardiacQuery.from_text("AF"), Support.NEAR))["vocabulary"] == "near"


def test_a_trained_term_is_placed_among_the_reference_ecgs_with_its_auroc() -> None:
    known, free = CardiacQuery.from_text("AF"), CardiacQuery("sawtooth waves", "sawtooth waves")
    classes = [{"code": "AFIB", "auroc": 0.97, "ci": [0.95, 0.98], "positives": 12}]
    reference = reference_of(("AFIB",), np.linspace(-1, 1, 500)[:, None])
    card = ModelCard.of({"reference": reference, "validation": {"classes": classes}})
    scores = [score(known, Support.TRAINED), score(free, Support.OUTSIDE)]
    places = percentiles(scores, [known, free], card)
    assert places.keys() == {"AF"}
    row = row_of(scores[0], places["AF"])
    assert row["among reference ECGs"] == "above 50 of 100"
    assert row["AUROC of this query"] == "0.97 (0.95 to 0.98; 12 with it)"
    assert row_of(scores[1])["among reference ECGs"] == ""


def test_a_recording_is_told_like_or_unlike_the_reference_or_that_it_is_not_known() -> None:
    assert familiarity_sentence(OutOfDistribution(OutOfDistributionLevel.LIKE, 16.0, 0.4321, 2183)) == (
        "Like the reference ECGs (distance rank 43.2 of 100 among 2,183)."
    )
    unlike = familiarity_sentence(OutOfDistribution(OutOfDistributionLevel.UNLIKE, 90.0, 1.0, 2183))
    assert unlike.startswith("Unlike the reference ECGs (distance rank 100.0 of 100 among 2,183)")
    assert "not known" in unlike
    assert "Unknown" in familiarity_sentence(OutOfDistribution())


def test_what_is_known_of_a_score_is_said_and_what_is_not_as_well() -> None:
    query = CardiacQuery.from_text("AF")
    known = ReferencePercentile(0.97, 2000, 0.95, (0.9, 0.98), 140, probability=0.41, calibration_error=0.012)
    sentence = standing_sentence(score(query, Support.TRAINED), known)
    for words in (
        "above 97 of 100",
        "AUROC 0.95 (95 % interval 0.90 to 0.98; 140 of them have it)",
        "41%",
        "7% have it",
    ):
        assert words in sentence
    assert "probability" not in standing_sentence(
        score(query, Support.TRAINED), ReferencePercentile(0.9, 10, None, None, 0)
    )
    assert "not evaluated" in standing_sentence(score(query, Support.OUTSIDE), None)
