"""Draw the scores of several queries as sorted bars in one neutral colour: a ranking, not a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from suprem.web.chart import RULE, chart, ink

if TYPE_CHECKING:
    from suprem.inference.predictor import QueryScore, WordingSpread
    from suprem.inference.reference import ReferencePercentile

BAR = "#6f8598"
SUPPORT_WORDS = {
    "trained": "trained term",
    "near": "near a trained term",
    "outside": "outside the trained terms",
}
PATTERNS = {"trained": "", "near": "/", "outside": "."}
"""How far a query is from the trained terms shows in words and in the bar's filling, never in colour alone."""

LINE_BELOW = 0.41
"""How far below the middle of its bar the line of the wordings lies; the bar ends at 0.31."""

LEAST_LINE = 0.004
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


def score_figure(
    scores: Sequence[QueryScore],
    places: Mapping[str, ReferencePercentile] | None = None,
    spreads: Mapping[str, WordingSpread] | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw one bar a query, the highest score on top.

    Args:
        scores: In any order.
        places: Query -> where its score stands among reference recordings, for those of which that is known.
        spreads: Query -> scores of the same finding in other wordings, drawn as a line under the bar.
        dark: Whether the page behind the figure is dark.
    """
    ordered = sorted(scores, key=lambda score: score.score)
    known = places or {}
    figure = go.Figure(
        go.Bar(
            x=[score.score for score in ordered],
            y=list(range(len(ordered))),
            orientation="h",
            text=[f"<b>{score.score:.2f}</b>  {_words(score, known.get(score.query))}" for score in ordered],
            textposition="outside",
            textfont={"size": 13, "color": ink(dark)},
            cliponaxis=False,
            marker={
                "color": BAR,
                "pattern": {
                    "shape": [PATTERNS[score.support] for score in ordered],
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
    for row, score in enumerate(ordered):
        if spread := (spreads or {}).get(score.query):
            ends += [spread.lowest, max(spread.highest, spread.lowest + LEAST_LINE), None]
            heights += [row - LINE_BELOW, row - LINE_BELOW, None]
    if ends:
        line = {"color": ink(dark), "width": 2.5}
        figure.add_scatter(x=ends, y=heights, mode="lines", line=line, hoverinfo="skip", meta="wordings")
    figure.update_layout(
        **chart(
            dark,
            height=ROW_PIXELS * len(ordered) + 48,
            left=8,
            right=250 if known else 170,
            top=8,
            bottom=36,
            size=FONT,
        ),
        showlegend=False,
        xaxis=SCORE_AXIS,
        yaxis={**query_axis(ordered), "showgrid": False},
    )
    return figure


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


def _words(score: QueryScore, place: ReferencePercentile | None) -> str:
    support = SUPPORT_WORDS[score.support]
    return f"{place.words}  {support}" if place else support


def shortened(text: str) -> str:
    """Return a query as the label of a row: of bounded length, its markup as text."""
    text = " ".join(text.split())
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…", quote=False)
