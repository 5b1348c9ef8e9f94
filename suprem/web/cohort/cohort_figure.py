"""How the scores of one query are spread over a cohort: neutral bars, the chosen range marked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.web.chart import RULE, chart
from suprem.web.colours import BAR

BINS = 40
HEIGHT = 240


def histogram_figure(scores: NDArray[np.float64], low: float, high: float, *, dark: bool = False) -> go.Figure:
    """Draw a histogram of scores (recording,), those from `low` to `high` in full colour."""
    counts, edges = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    inside = (edges[1:] > low) & (edges[:-1] <= high)
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=1.0 / BINS,
            marker={"color": [BAR if shown else RULE for shown in inside], "line": {"width": 0}},
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{y} ECGs from %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
        )
    )
    axis = {"zeroline": False, "fixedrange": True, "gridcolor": RULE, "tickfont": {"size": 12}}
    figure.update_layout(
        **chart(dark, height=HEIGHT, top=8),
        bargap=0.0,
        showlegend=False,
        xaxis={**axis, "range": [0, 1], "title": {"text": "model score", "font": {"size": 12}}},
        yaxis={**axis, "title": {"text": "ECGs", "font": {"size": 12}}, "rangemode": "tozero"},
    )
    return figure
