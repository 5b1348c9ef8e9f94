"""Scores are drawn as a ranking: sorted, in one colour, with their support in words."""

from __future__ import annotations

import pytest

from suprem.concepts.query import Support
from suprem.inference.predictor import QueryScore, WordingSpread
from suprem.inference.reference import ReferencePercentile
from suprem.web.read_ecg.score_figure import MAX_LABEL, score_figure


def score(query: str, value: float, support: Support = Support.TRAINED) -> QueryScore:
    return QueryScore(query, query.lower(), value, 0.0, support, (("normal ECG", 0.5),), "0123456789ab")


SCORES = [score("low", 0.1), score("high", 0.9, Support.OUTSIDE), score("middle", 0.5, Support.NEAR)]


def test_the_highest_score_is_on_top() -> None:
    figure = score_figure(SCORES)
    assert list(figure.data[0].x) == [0.1, 0.5, 0.9]
    assert list(figure.layout.yaxis.ticktext) == ["low", "middle", "high"]
    assert list(figure.layout.xaxis.range) == [0, 1]


def test_support_is_in_words_and_the_colour_is_one() -> None:
    bar = score_figure(SCORES).data[0]
    assert ["trained term" in bar.text[0], "near" in bar.text[1], "outside" in bar.text[2]] == [True] * 3
    assert isinstance(bar.marker.color, str)
    assert len(set(bar.marker.pattern.shape)) == 3
    assert bar.marker.pattern.fillmode == "overlay"  # "replace" would draw white lines on nothing


@pytest.mark.parametrize("dark", [False, True])
def test_no_word_claims_a_likelihood(dark: bool) -> None:
    text = score_figure(SCORES, dark=dark).to_json()
    assert not any(word in text.lower() for word in ("probab", "diagnos", "risk", "%"))


def test_a_long_query_is_shortened_and_markup_stays_text() -> None:
    (label,) = score_figure([score("<a href='x'>" + "word " * 40, 0.3)]).layout.yaxis.ticktext
    assert label.startswith("&lt;a")
    assert label.endswith("…")
    assert len(label) <= MAX_LABEL + 2 * len("&lt;")


def test_the_place_among_reference_recordings_stands_beside_the_score() -> None:
    place = ReferencePercentile(lower=0.987, records=2000, auroc=0.9, interval=(0.8, 0.95), positives=30)
    assert place.words == "above 98 of 100"
    bar = score_figure(SCORES, {"low": place}).data[0]
    assert ["above 98 of 100" in text for text in bar.text] == [True, False, False]


def test_the_scores_of_other_wordings_are_a_line_under_the_bar() -> None:
    spreads = {"middle": WordingSpread({"middle": 0.5, "mid": 0.3, "centre": 0.7})}
    figure = score_figure(SCORES, spreads=spreads)
    (line,) = [trace for trace in figure.data if trace.meta == "wordings"]
    assert list(line.x) == [0.3, 0.7, None]
    row = list(figure.layout.yaxis.ticktext).index("middle")
    assert row - 0.5 < line.y[0] < row - 0.31
