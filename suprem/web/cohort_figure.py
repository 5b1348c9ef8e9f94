"""How the scores of one query are spread over a cohort: neutral bars, the chosen range marked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.web.score_figure import BAR

BINS = 40
HEIGHT = 240


def histogram_figure(scores: NDArray[np.float64], low: float, high: float, *, dark: bool = False) -> go.Figure:
    """Draw a histogram of scores (recording,), those from `low` to `high` in full colour."""
    ink = "#e3e9ee" if dark else "#1c2733"
    counts, edges = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    inside = (edges[1:] > low) & (edges[:-1] <= high)
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=1.0 / BINS,
            marker={"color": [BAR if shown else "rgba(128, 140, 150, 0.35)" for shown in inside], "line": {"width": 0}},
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{y} ECGs from %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
        )
    )
    axis = {"zeroline": False, "fixedrange": True, "gridcolor": "rgba(128, 140, 150, 0.35)", "tickfont": {"size": 12}}
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"family": "Source Sans, sans-serif", "size": 14, "color": ink},
        margin={"l": 56, "r": 12, "t": 8, "b": 40},
        height=HEIGHT,
        bargap=0.0,
        showlegend=False,
        dragmode=False,
        xaxis={**axis, "range": [0, 1], "title": {"text": "model score", "font": {"size": 12}}},
        yaxis={**axis, "title": {"text": "ECGs", "font": {"size": 12}}, "rangemode": "tozero"},
    )
    return figure
