"""Two ECGs together: the second one beside the first, and what differs between them in measurements and scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from suprem.concepts.query import CardiacQuery
from suprem.ecg.checks.quality import assess_quality, blocked
from suprem.ecg.measurement.measure import UNCONFIRMED, Measured, Measurements, measure
from suprem.ecg.measurement.measured import in_digits
from suprem.web.read_ecg.ecg_picker import PickedEcg, pick_ecg, show_facts
from suprem.web.read_ecg.findings import percentiles
from suprem.web.read_ecg.quality_panel import finding_list, quality_strip
from suprem.web.read_ecg.score_panel import score_queries
from suprem.web.session import session

if TYPE_CHECKING:
    from suprem.inference.reference import ReferencePercentile
    from suprem.inference.score import QueryScore
    from suprem.web.model_cache import SharedPredictor

SECOND = "second"
"""Where the second ECG's widgets and scores are kept apart from the first one's."""

Row = tuple[str, str, str, str]
"""Name, first, second, difference."""


@dataclass(frozen=True, eq=False)
class Compared:
    """The second ECG.

    Args:
        ecg: What was picked.
        scores_allowed: Whether its quality lets scores be shown.
    """

    ecg: PickedEcg
    scores_allowed: bool


def pick_second() -> Compared | None:
    """Offer to compare, and let the person choose a second ECG; None while there is none."""
    if not st.toggle("Compare with a second ECG", key="comparing", persist_state="session"):
        return None
    with st.container(border=True):
        ecg = pick_ecg(SECOND)
        if ecg is None:
            return None
        show_facts(ecg)
        findings = assess_quality(ecg.window)
        st.html(quality_strip(findings) + finding_list(findings))
        # Asked and logged where a recording is read by itself; there is one place for it.
        return Compared(ecg, not blocked(findings) or ecg.key in session().overridden)


def show_measurement_differences(first: PickedEcg, second: PickedEcg) -> None:
    """Show the measurements of both in one table, and their ST levels in another."""
    one, other = measure(first.window), measure(second.window)
    st.subheader(f"Both ECGs – measurements {UNCONFIRMED}", anchor=False)
    values, levels = st.columns((1, 1), gap="large")
    values.html(difference_table(measurement_differences(one, other)))
    levels.html(difference_table(st_differences(one, other)))
    st.caption("Second less first. Two recordings differ by electrode places, rate and noise as well as by disease.")


def show_score_differences(
    predictor: SharedPredictor, first: Sequence[QueryScore], second: Compared, queries: Sequence[CardiacQuery]
) -> None:
    """Show the scores of both in one table, the largest change on top.

    Args:
        predictor: What scored the first ECG and scores the second.
        first: Scores of the first ECG.
        second: The second ECG.
        queries: What both are asked.
    """
    st.subheader("Both ECGs – scores", anchor=False)
    if not second.scores_allowed:
        st.info(
            "Scores of the second ECG are hidden; see its signal quality above, and open it as the first to override."
        )
        return
    scores = score_queries(predictor, second.ecg, queries, SECOND).scores
    places = [percentiles(answers, queries, predictor.card) for answers in (first, scores)]
    st.html(difference_table(score_differences(first, scores, *places)))
    st.caption("Second less first. How much a score differs between two recordings of one heart is not known.")


def measurement_differences(first: Measurements, second: Measurements) -> list[Row]:
    """Return a row for each interval; a difference is given where both have a value, the axis the short way round."""
    rows = [(name, value, second.intervals[name]) for name, value in first.intervals.items()]
    return [("Rhythm", first.rhythm, second.rhythm, ""), *(_measured_row(*row) for row in rows)]


def st_differences(first: Measurements, second: Measurements) -> list[Row]:
    """Return a row for the ST level of each lead that either has, in millivolts."""
    none = Measured(None, "mV", "not recorded")
    leads = dict.fromkeys((*first.st, *second.st))
    return [_measured_row(f"ST {lead}", first.st.get(lead, none), second.st.get(lead, none)) for lead in leads]


def score_differences(
    first: Sequence[QueryScore],
    second: Sequence[QueryScore],
    first_places: Mapping[str, ReferencePercentile],
    second_places: Mapping[str, ReferencePercentile],
) -> list[Row]:
    """Return a row for each query with both scores and their ranks, the largest difference of logits first."""
    others = {score.query: score for score in second}
    pairs = sorted(
        ((one, others[one.query]) for one in first if one.query in others),
        key=lambda pair: -abs(pair[1].logit - pair[0].logit),
    )
    return [
        (
            one.query,
            _scored(one, first_places.get(one.query)),
            _scored(other, second_places.get(one.query)),
            f"{other.score - one.score:+.3f}",
        )
        for one, other in pairs
    ]


def difference_table(rows: Iterable[Row]) -> str:
    """Return rows as an HTML table."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", "First", "Second", "Difference"))
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in rows
    )
    return f'<table class="differences"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _measured_row(name: str, first: Measured, second: Measured) -> Row:
    unit, digits = first.unit, 2 if first.unit == "mV" else 0
    shown = [
        "–" if value.value is None else f"{in_digits(value.value, digits, signed=bool(digits))} {unit}"
        for value in (first, second)
    ]
    if first.value is None or second.value is None:
        return name, shown[0], shown[1], ""
    change = second.value - first.value
    if unit == "°":
        change = (change + 180) % 360 - 180
    return name, shown[0], shown[1], f"{in_digits(change, digits, signed=True)} {unit}"


def _scored(score: QueryScore, place: ReferencePercentile | None) -> str:
    return f"{score.score:.3f} ({place.words})" if place else f"{score.score:.3f}"
