"""Findings are drawn as ranks among reference ECGs: in the order given, in one colour, with their support in words."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from suprem.concepts.query import Support
from suprem.inference.reference import OperatingThreshold, ReferencePercentile
from suprem.inference.score import QueryScore
from suprem.web.read_ecg.findings import FindingRow
from suprem.web.read_ecg.score_figure import MAX_LABEL, score_figure


def row(query: str, score: float, rank: float | None = None, support: Support = Support.TRAINED) -> FindingRow:
    own = QueryScore(query, query.lower(), score, 0.0, support, (("normal ECG", 0.5),), "0123456789ab")
    return FindingRow(own, None if rank is None else ReferencePercentile(rank, 2000, 0.9, (0.8, 0.95), 30))


def texts(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


ROWS = [row("high", 0.02, 0.987), row("middle", 0.9, 0.5), row("unknown", 0.5, None, Support.OUTSIDE)]


def test_a_bar_is_the_rank_and_not_the_score() -> None:
    figure = score_figure(ROWS)
    assert list(figure.data[0].x) == pytest.approx([0.0, 50.0, 98.7])
    assert list(figure.layout.yaxis.ticktext) == ["unknown", "middle", "high"]
    assert list(figure.layout.xaxis.range) == [0, 100]


def test_rank_and_score_stand_beside_the_bar_and_a_missing_rank_is_said() -> None:
    unknown, middle, high = texts(score_figure(ROWS))
    assert "<b>98</b>" in high
    assert "score 0.02" in high
    assert "<b>50</b>" in middle
    assert "no rank" in unknown
    assert "outside the trained terms" in unknown


def test_a_calibrated_probability_is_given_unless_a_measurement_contradicts() -> None:
    place = ReferencePercentile(0.9, 2000, 0.9, (0.8, 0.95), 30, probability=0.41, calibration_error=0.01)
    score = ROWS[0].score
    (text,) = texts(score_figure([FindingRow(score, place)]))
    assert "calibrated 41%" in text
    figure = score_figure([FindingRow(score, place, contradicted=True)])
    assert "contradicted" in texts(figure)[0]
    assert "41%" not in texts(figure)[0]
    assert figure.data[0].marker.opacity == (0.45,)


def test_support_shows_in_the_filling_and_the_colour_is_one() -> None:
    rows = [row(support, 0.5, 0.5, support) for support in Support]
    bar = score_figure(rows).data[0]
    assert isinstance(bar.marker.color, str)
    assert len(set(bar.marker.pattern.shape)) == 3
    assert bar.marker.pattern.fillmode == "overlay"  # "replace" would draw white lines on nothing


@pytest.mark.parametrize("dark", [False, True])
def test_no_word_claims_a_diagnosis(dark: bool) -> None:
    text = score_figure(ROWS, dark=dark).to_json()
    assert not any(word in text.lower() for word in ("diagnos", "risk"))


def test_a_long_query_is_shortened_and_markup_stays_text() -> None:
    (label,) = score_figure([row("<a href='x'>" + "word " * 40, 0.3, 0.3)]).layout.yaxis.ticktext
    assert label.startswith("&lt;a")
    assert label.endswith("…")
    assert len(label) <= MAX_LABEL + 2 * len("&lt;")


def test_the_ranks_of_other_wordings_are_a_line_under_the_bar() -> None:
    spread = FindingRow(ROWS[0].score, ROWS[0].place, (0.3, 0.7))
    figure = score_figure([ROWS[1], spread])
    (line,) = [trace for trace in figure.data if trace.meta == "wordings"]
    assert list(line.x) == [30, 70, None]
    assert -0.5 < line.y[0] < -0.31


def test_an_operating_point_is_a_mark_whose_tooltip_says_how_well_it_did_on_other_patients() -> None:
    point = OperatingThreshold("specificity at least 0.95", 0.93, 0.71, 0.95)
    figure = score_figure([FindingRow(ROWS[0].score, ROWS[0].place, None, (point,))])
    (marks,) = [trace for trace in figure.data if trace.meta == "thresholds"]
    assert list(marks.x) == [93]
    assert "sensitivity 0.71, specificity 0.95" in marks.text[0]
    assert "other patients" in marks.text[0]
