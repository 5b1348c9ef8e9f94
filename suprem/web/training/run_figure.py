"""Draw how training runs went: validation AUROC, loss, learning rate and throughput over steps, epochs or time."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from suprem.jobs.run_folder import CurveAxis, Metrics, smoothed
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


def run_figure(
    runs: Mapping[str, Metrics], *, over: CurveAxis = CurveAxis.STEP, smoothing: float = 0.0, dark: bool = False
) -> go.Figure:
    """Draw five panels, one line a run.

    Args:
        runs: At most as many as there are `COLOURS`, by the name that the legend shows.
        over: What the curves are drawn over.
        smoothing: Weight of what came before, for the curves of training; what was measured stays behind them, pale,
            because smoothing hides what went wrong.
        dark: Whether the page behind the figure is dark.
    """
    titles = [title for _, _, title in PANELS]
    figure = make_subplots(rows=2, cols=COLUMNS, subplot_titles=titles, vertical_spacing=0.17, horizontal_spacing=0.06)
    for number, (split, name, _) in enumerate(PANELS):
        for colour, (label, metrics) in zip(COLOURS, runs.items(), strict=False):
            places, values = metrics.curve(split, name, over)
            smooth = smoothing > 0 and split == "train" and name != "learning_rate"
            if smooth:
                figure.add_scatter(
                    x=places, y=values, mode="lines", line={"color": colour, "width": 1}, opacity=0.3,
                    hoverinfo="skip", showlegend=False, legendgroup=label,
                    row=number // COLUMNS + 1, col=number % COLUMNS + 1,
                )  # fmt: skip
            figure.add_trace(
                go.Scatter(
                    x=places,
                    y=smoothed(values, smoothing) if smooth else values,
                    name=label,
                    legendgroup=label,
                    showlegend=number == 0 and len(runs) > 1,
                    mode="lines+markers" if split == "validation" else "lines",
                    line={"color": colour, "width": 1.6},
                    hovertemplate=f"{over} %{{x:,.6~g}}: %{{y:.4g}}<extra>{escape(label)}</extra>",
                ),
                row=number // COLUMNS + 1,
                col=number % COLUMNS + 1,
            )
    figure.update_layout(
        **chart(dark, height=560, top=64, bottom=84, zoom=True),  # room for the mode bar above, the legend below
        legend={"orientation": "h", "y": -0.14, "yanchor": "top"},
        uirevision=f"runs {over}",
    )
    figure.update_xaxes(gridcolor=RULE, zeroline=False)
    if over is CurveAxis.STEP:
        figure.update_xaxes(tickformat=",")
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.update_yaxes(maxallowed=1.0, minallowed=0.0, row=1, col=1)
    figure.update_xaxes(title=str(over), row=2)
    return figure
