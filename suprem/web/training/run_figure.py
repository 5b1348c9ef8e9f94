"""Draw how training runs went: validation AUROC, loss, learning rate and throughput over optimiser steps."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from suprem.jobs.run_folder import Metrics
from suprem.web.chart import RULE, chart

COLOURS = ("#1f77b4", "#d55e00", "#009e73", "#cc79a7", "#7f7f7f")
"""Okabe and Ito's, told apart by colour-blind readers; also as many runs as are compared at once."""

PANELS = (
    ("validation", "macro_auroc", "macro AUROC, validation"),
    ("train", "loss", "loss, training"),
    ("validation", "loss", "loss, validation"),
    ("train", "learning_rate", "learning rate"),
    ("train", "records_per_second", "ECGs per second"),
)
COLUMNS = 3


def run_figure(runs: Mapping[str, Metrics], *, dark: bool = False) -> go.Figure:
    """Draw five panels, one line a run; unsmoothed, because smoothing hides what went wrong.

    Args:
        runs: At most five, by the name that the legend shows.
        dark: Whether the page behind the figure is dark.
    """
    titles = [title for _, _, title in PANELS]
    figure = make_subplots(rows=2, cols=COLUMNS, subplot_titles=titles, vertical_spacing=0.17, horizontal_spacing=0.06)
    for number, (split, name, _) in enumerate(PANELS):
        for colour, (label, metrics) in zip(COLOURS, runs.items(), strict=False):
            steps, values = metrics.curve(split, name)
            figure.add_trace(
                go.Scatter(
                    x=steps,
                    y=values,
                    name=label,
                    legendgroup=label,
                    showlegend=number == 0 and len(runs) > 1,
                    mode="lines+markers" if split == "validation" else "lines",
                    line={"color": colour, "width": 1.6},
                    hovertemplate="step %{x:,}: %{y:.4g}<extra>" + label + "</extra>",
                ),
                row=number // COLUMNS + 1,
                col=number % COLUMNS + 1,
            )
    figure.update_layout(
        **chart(dark, height=520, top=40, zoom=True), legend={"orientation": "h", "y": 1.14}, uirevision="runs"
    )
    figure.update_xaxes(gridcolor=RULE, zeroline=False, tickformat=",")
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.update_yaxes(maxallowed=1.0, minallowed=0.0, row=1, col=1)
    figure.update_xaxes(title="optimiser step", row=2)
    return figure
