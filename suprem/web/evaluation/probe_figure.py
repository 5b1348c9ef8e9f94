"""Macro AUROC over the share of labels that a probe learned from: of our features, and of published methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from suprem.evaluation.probe_result import ProbeMean
from suprem.evaluation.results import Interval
from suprem.web.chart import LEGEND, RULE, chart, ink
from suprem.web.evaluation.evaluation_figure import whiskers
from suprem.web.training.run_figure import COLOURS

APART = 1.06
"""Between the points of two lines on the logarithmic axis, so that their intervals lie beside each other."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")


def probe_figure(
    lines: Mapping[str, Sequence[ProbeMean]], shares: Sequence[float], ends: Interval, *, dark: bool = False
) -> go.Figure:
    """Draw one line for each kind of features, with intervals.

    Args:
        lines: Means by share, by what the line is called.
        shares: In percent, on the axis even where nothing was probed.
        ends: Of the axis of AUROC.
        dark: Whether the page behind the figure is dark.
    """
    figure = go.Figure()
    for number, (name, means) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        figure.add_scatter(
            x=[mean.asked.share * APART ** (number - (len(lines) - 1) / 2) for mean in means],
            y=[mean.macro for mean in means],
            name=escape(name if len(means[0].probes) == 1 else f"{name}, ± sd over {len(means[0].probes)} seeds"),
            mode="lines+markers",
            line={"color": colour, "width": 1.6},
            marker={"size": 8, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            error_y=whiskers([(mean.macro, *mean.spread) for mean in means], colour),
            customdata=[(mean.asked.share, mean.train_records, *mean.spread) for mean in means],
            hovertemplate="%{customdata[0]:g} % of labels, %{customdata[1]:,} records<br>%{y:.3f} "
            "(%{customdata[2]:.3f}-%{customdata[3]:.3f})<extra></extra>",
        )
    probed = {mean.asked.share for means in lines.values() for mean in means}
    return _finished(figure, sorted(probed | set(shares)), ends, dark=dark)


def published_figure(
    methods: Mapping[str, Sequence[float]],
    groups: Mapping[str, str],
    shares: Sequence[float],
    ends: Interval,
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw the published methods: those that learned from reports in colour, the others in grey with their names on
    hovering.

    Args:
        methods: Macro AUROC at each share, by method.
        groups: What each method was trained on.
        shares: In percent.
        ends: Of the axis of AUROC.
        dark: Whether the page behind the figure is dark.
    """
    figure = go.Figure()
    named: set[str] = set()
    coloured = [method for method in methods if "reports" in groups[method]]
    for method, values in methods.items():
        group = groups[method]
        style: dict[str, Any] = {"color": ink(dark), "width": 1, "dash": "dot" if "scratch" in group else "solid"}
        if method in coloured:
            style = {"color": COLOURS[coloured.index(method)], "width": 1.8}
        label = method if method in coloured else f"{sum(one == group for one in groups.values())} {group}"
        figure.add_scatter(
            x=list(shares), y=list(values), mode="lines+markers", line=style, name=escape(label), legendgroup=label,
            opacity=1.0 if method in coloured else 0.4, showlegend=label not in named, marker={"size": 5},
            hovertemplate=f"{escape(method)}, %{{x:g}} % of labels: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
        named.add(label)
    return _finished(figure, shares, ends, dark=dark)


def _finished(figure: go.Figure, shares: Sequence[float], ends: Interval, *, dark: bool) -> go.Figure:
    figure.update_layout(**chart(dark, height=450, top=118, bottom=48), legend=LEGEND, showlegend=True)
    figure.update_xaxes(
        title_text="share of the labels", type="log", gridcolor=RULE, zeroline=False, tickvals=list(shares),
        ticktext=[f"{share:g} %" for share in shares],
        range=[math.log10(shares[0]) - 0.15, math.log10(shares[-1]) + 0.15],
    )  # fmt: skip
    figure.update_yaxes(title_text="macro AUROC", range=list(ends), gridcolor=RULE, zeroline=False)
    return figure
