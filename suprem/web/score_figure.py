"""Draw the scores of several queries as sorted bars in one neutral colour: a ranking, not a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

if TYPE_CHECKING:
    from suprem.inference.predictor import QueryScore
    from suprem.inference.reference import Standing

BAR = "#6f8598"
SUPPORT_WORDS = {
    "trained": "trained term",
    "near": "near a trained term",
    "outside": "outside the trained terms",
}
PATTERNS = {"trained": "", "near": "/", "outside": "."}
"""How far a query is from the trained terms shows in words and in the bar's filling, never in colour alone."""

MAX_LABEL = 44
ROW_PIXELS = 30


def score_figure(
    scores: Sequence[QueryScore], places: Mapping[str, Standing] | None = None, *, dark: bool = False
) -> go.Figure:
    """Draw one bar a query, the highest score on top.

    Args:
        scores: In any order.
        places: Query -> where its score stands among reference recordings, for those of which that is known.
        dark: Whether the page behind the figure is dark.
    """
    ink = "#e3e9ee" if dark else "#1c2733"
    ordered = sorted(scores, key=lambda score: score.score)
    known = places or {}
    labels = [_shortened(score.query) for score in ordered]
    figure = go.Figure(
        go.Bar(
            x=[score.score for score in ordered],
            y=list(range(len(ordered))),
            orientation="h",
            text=[f"<b>{score.score:.2f}</b>  {_words(score, known.get(score.query))}" for score in ordered],
            textposition="outside",
            textfont={"size": 13, "color": ink},
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
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"family": "Source Sans, sans-serif", "size": 14, "color": ink},
        margin={"l": 8, "r": 250 if known else 170, "t": 8, "b": 36},
        height=ROW_PIXELS * len(ordered) + 48,
        showlegend=False,
        dragmode=False,
        xaxis={
            "range": [0, 1],
            "dtick": 0.25,
            "tickformat": ".2f",
            "gridcolor": "rgba(128, 140, 150, 0.35)",
            "zeroline": False,
            "fixedrange": True,
            "title": {"text": "model score", "font": {"size": 12}},
            "tickfont": {"size": 12},
        },
        yaxis={
            "tickvals": list(range(len(ordered))),
            "ticktext": labels,
            "automargin": True,
            "ticks": "",
            "ticklabelstandoff": 8,
            "zeroline": False,
            "showgrid": False,
            "fixedrange": True,
            "range": [-0.6, len(ordered) - 0.4],
        },
    )
    return figure


def _words(score: QueryScore, place: Standing | None) -> str:
    support = SUPPORT_WORDS[score.support]
    return f"{place.words}  {support}" if place else support


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…", quote=False)
