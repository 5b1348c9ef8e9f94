"""Differences are second less first, and there is none where one of both has no value."""

from __future__ import annotations

from dataclasses import replace

from suprem.concepts.query import Support
from suprem.ecg.measurement.measure import Measured, measure
from suprem.inference.reference import ReferencePercentile
from suprem.inference.score import QueryScore
from suprem.web.read_ecg.comparison_panel import (
    difference_table,
    measurement_differences,
    score_differences,
    st_differences,
)
from tests.tiny import ecg


def test_differences_of_measurements() -> None:
    one = measure(ecg(seed=1, heart_rate=60))
    other = replace(
        one,
        heart_rate=Measured(75.0, "/min"),
        pr=Measured(None, "ms", "There is no P wave."),
        axis=Measured(-170.0, "°"),
    )
    one = replace(one, heart_rate=Measured(60.0, "/min"), axis=Measured(170.0, "°"))
    rows = {name: cells for name, *cells in measurement_differences(one, other)}
    assert rows["Heart rate"] == ["60 /min", "75 /min", "+15 /min"]
    assert rows["PR"][1:] == ["–", ""]
    assert rows["QRS axis"] == ["170 °", "-170 °", "+20 °"], "the short way round"


def test_differences_of_st_levels_lead_by_lead() -> None:
    one = measure(ecg(seed=1))
    other = replace(one, st={**one.st, "V2": Measured(0.25, "mV")})
    one = replace(one, st={**one.st, "V2": Measured(-0.05, "mV")})
    rows = {name: cells for name, *cells in st_differences(one, other)}
    assert rows["ST V2"] == ["-0.05 mV", "+0.25 mV", "+0.30 mV"]
    assert len(rows) == 12


def test_scores_are_sorted_by_what_changed_most() -> None:
    def scores(**logits: float) -> list[QueryScore]:
        return [QueryScore(name, name, logit / 10, logit, Support.TRAINED, (), "c") for name, logit in logits.items()]

    place = ReferencePercentile(lower=0.5, records=10, auroc=None, interval=None, positives=1)
    rows = score_differences(scores(a=1.0, b=2.0), scores(b=5.0, a=1.5), {"a": place}, {})
    assert rows == [("b", "0.200", "0.500", "+0.300"), ("a", "0.100 (above 50 of 100)", "0.150", "+0.050")]


def test_a_query_stays_text() -> None:
    assert "<script>" not in difference_table([("<script>", "1", "2", "+1")])
