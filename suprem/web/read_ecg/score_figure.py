"""Draw what is known of several scores as bars of ranks in one neutral colour: an order, not a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from suprem.inference.reference import OperatingThreshold
from suprem.inference.score import QueryScore
from suprem.web.chart import RULE, chart, ink
from suprem.web.colours import BAR

if TYPE_CHECKING:
    from suprem.web.read_ecg.findings import FindingRow

SUPPORT_WORDS = {
    "trained": "trained term",
    "near": "near a trained term",
    "outside": "outside the trained terms",
}
PATTERNS = {"trained": "", "near": "/", "outside": "."}
"""How far a query is from the trained terms shows in words and in the bar's filling, never in colour alone."""

LINE_BELOW = 0.41
"""How far below the middle of its bar the line of the wordings lies; the bar ends at 0.31."""

LEAST_LINE = 0.4
"""Wordings that agree are drawn as a dot instead of nothing."""

MAX_LABEL = 44
ROW_PIXELS = 30
FONT = 14
SCORE_AXIS = {
    "range": [0, 1],
    "dtick": 0.25,
    "tickformat": ".2f",
    "gridcolor": RULE,
    "zeroline": False,
    "fixedrange": True,
    "title": {"text": "model score", "font": {"size": 12}},
    "tickfont": {"size": 12},
}
RANK_AXIS = {
    **SCORE_AXIS,
    "range": [0, 100],
    "dtick": 25,
    "tickformat": ".0f",
    "title": {"text": "of 100 reference ECGs, so many score lower", "font": {"size": 12}},
}


def score_figure(rows: Sequence[FindingRow], *, dark: bool = False) -> go.Figure:
    """Draw for each finding a bar as long as its rank among the reference ECGs, the first row on top.

    A raw score orders recordings under one query and says nothing about two queries, so that bars of scores would
    invite a comparison that has no meaning. A query that was not evaluated has no bar, nor has one that
    measurements rule out. Operating points are marks on the bar's row, and the span of the finding's other wordings is
    a line under it.

    Args:
        rows: In the order they are drawn.
        dark: Whether the page behind the figure is dark.
    """
    ordered = list(reversed(rows))
    figure = go.Figure(
        go.Bar(
            x=[100 * row.place.lower if row.place and not row.unmet else 0.0 for row in ordered],
            y=list(range(len(ordered))),
            orientation="h",
            marker={
                "color": BAR,
                "opacity": [0.45 if row.contradicted else 1.0 for row in ordered],
                "pattern": {
                    "shape": [PATTERNS[row.score.support] for row in ordered],
                    "fgcolor": "white",
                    "fillmode": "overlay",
                    "size": 6,
                    "solidity": 0.35,
                },
            },
            width=0.62,
            hoverinfo="skip",
        )
    )
    ends: list[float | None] = []
    heights: list[float | None] = []
    for height, row in enumerate(ordered):
        if row.spread and not row.unmet:
            low, high = (100 * end for end in row.spread)
            ends += [low, max(high, low + LEAST_LINE), None]
            heights += [height - LINE_BELOW, height - LINE_BELOW, None]
    if ends:
        line = {"color": ink(dark), "width": 2.5}
        figure.add_scatter(x=ends, y=heights, mode="lines", line=line, hoverinfo="skip", meta="wordings")
    marks = [(height, point) for height, row in enumerate(ordered) if not row.unmet for point in row.thresholds]
    if marks:
        figure.add_scatter(
            x=[100 * point.lower for _, point in marks],
            y=[height for height, _ in marks],
            mode="markers",
            marker={"symbol": "line-ns", "size": 16, "line": {"width": 1.5, "color": ink(dark)}},
            text=[threshold_words(point) for _, point in marks],
            hovertemplate="%{text}<extra></extra>",
            meta="thresholds",
        )
    known = any(row.place for row in ordered)
    figure.update_layout(
        **chart(
            dark,
            height=ROW_PIXELS * len(ordered) + 48,
            left=8,
            right=260 if known else 200,
            top=8,
            bottom=36,
            size=FONT,
        ),
        showlegend=False,
        # Beside the axis and not at the end of the bar, where the marks of the thresholds lie.
        annotations=[
            {
                "x": 1.01,
                "xref": "paper",
                "xanchor": "left",
                "y": height,
                "text": words(row),
                "showarrow": False,
                "font": {"size": 13},
            }
            for height, row in enumerate(ordered)
        ],
        xaxis=RANK_AXIS,
        yaxis={**query_axis([row.score for row in ordered]), "showgrid": False},
    )
    return figure


def words(row: FindingRow) -> str:
    """Return what stands beside a bar: rank of 100, calibrated probability where known, support, and the score."""
    support = SUPPORT_WORDS[row.score.support]
    score = f"score {row.score.score:.2f}"
    if row.unmet:
        return f"no bar  ruled out by definition  <i>{score}</i>"
    if row.place is None:
        support = f"as {escape(row.score.scored_as, quote=False)}" if row.score.scored_as else support
        return f"no rank  {support}  <i>{score}</i>"
    parts = [f"<b>{int(100 * row.place.lower)}</b>"]
    if row.contradicted:
        parts.append("contradicted")
    elif row.place.probability is not None:
        parts.append(f"calibrated {row.place.probability:.0%}")
    if support != SUPPORT_WORDS["trained"]:
        parts.append(support)
    return "  ".join([*parts, f"<i>{score}</i>"])


def narrow_list(rows: Sequence[FindingRow]) -> str:
    """Return the same rows as an HTML list, which style.css shows instead of the figure on a narrow screen."""
    items = ""
    for row in rows:
        rank = 100 * row.place.lower if row.place and not row.unmet else None
        bar = "" if rank is None else f'<div class="bar"><span style="width: {rank:.0f}%"></span></div>'
        items += f"<li><div>{escape(row.score.query)} &nbsp; {words(row)}</div>{bar}</li>"
    return f'<ul class="findings-narrow">{items}</ul>'


def threshold_words(point: OperatingThreshold) -> str:
    """Return what an operating point means, for its tooltip."""
    return (
        f"Threshold by {point.rule}, judged on other patients: "
        f"sensitivity {point.sensitivity:.2f}, specificity {point.specificity:.2f}"
    )


def query_axis(ordered: Sequence[QueryScore]) -> dict[str, Any]:
    """Return the axis on which each score has a row, the first at the bottom, named by its query."""
    return {
        "tickvals": list(range(len(ordered))),
        "ticktext": [shortened(score.query) for score in ordered],
        "automargin": True,
        "ticks": "",
        "ticklabelstandoff": 8,
        "zeroline": False,
        "fixedrange": True,
        "range": [-0.6, len(ordered) - 0.4],
    }


def shortened(text: str) -> str:
    """Return a query as the label of a row: of bounded length, its markup as text."""
    text = " ".join(text.split())
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…", quote=False)
