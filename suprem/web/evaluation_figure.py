"""Pictures of an evaluation: AUROC by class, ROC curve, reliability, and two models' difference by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from suprem.evaluation.comparison import TaskComparison
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.roc import GRID, RocCurve

LINE = "#2b4ca0"
BAND = "rgba(43, 76, 160, 0.16)"
RULE = "rgba(128, 140, 150, 0.35)"
MAX_LABEL = 34
TOP, BOTTOM = 56, 48
MARGINS = TOP + BOTTOM
"""Pixels above and below the plot itself."""

ROW_PIXELS = 21


def class_figure(result: EvaluationResult, *, dark: bool = False) -> go.Figure:
    """Draw AUROC and interval of each class, the highest on top; a class without an AUROC is not drawn.

    Args:
        result: Of one task.
        dark: Whether the page behind the figure is dark.
    """
    ink = _ink(dark)
    ranked = [entry for entry in reversed(result.ranking) if not math.isnan(entry.auroc)]
    labels = [f"{_shortened(entry.query)}  <b>{entry.positives:,}</b>" for entry in ranked]
    figure = go.Figure()
    for few in (False, True):
        rows = [row for row, entry in enumerate(ranked) if (entry.positives < MIN_POSITIVES) is few]
        chosen = [ranked[row] for row in rows]
        figure.add_scatter(
            x=[entry.auroc for entry in chosen],
            y=rows,
            mode="markers",
            name=f"fewer than {MIN_POSITIVES} positives: the interval is too narrow"
            if few
            else f"at least {MIN_POSITIVES} positives",
            marker={"size": 8, "color": LINE, "symbol": "circle-open" if few else "circle", "line": {"width": 1.5}},
            error_x=_whiskers([(entry.auroc, *entry.ci) for entry in chosen]),
            customdata=[(entry.code, entry.positives, *entry.ci, entry.average_precision) for entry in chosen],
            hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[2]:.3f}-%{customdata[3]:.3f})<br>"
            "%{customdata[1]:,} positives, average precision %{customdata[4]:.3f}<extra></extra>",
        )
    # Beside the top of its line a word would lie on the first class.
    for place, words, dash in ((0.5, "chance", "dot"), (result.macro, f"mean {result.macro:.3f}", "solid")):
        figure.add_vline(
            x=place, line={"color": ink, "dash": dash, "width": 1}, annotation_text=words,
            annotation={"y": 1, "yanchor": "bottom", "xanchor": "center"},
        )  # fmt: skip
    least = min((min(entry.auroc, entry.ci[0]) for entry in ranked if not math.isnan(entry.ci[0])), default=0.5)
    height = 110 + ROW_PIXELS * len(ranked)
    figure.update_layout(**_layout(ink, height=height), legend={**LEGEND, "y": 1 + 18 / (height - MARGINS)})
    figure.update_xaxes(title_text="AUROC", range=[min(0.45, least - 0.02), 1.01], gridcolor=RULE, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(ranked))), ticktext=labels, automargin=True, gridcolor=RULE, zeroline=False,
        range=[-0.8, len(ranked) - 0.2],
    )  # fmt: skip
    return figure


def roc_figure(curve: RocCurve, *, dark: bool = False) -> go.Figure:
    """Draw a ROC curve with its band.

    Args:
        curve: Of one class.
        dark: Whether the page behind the figure is dark.
    """
    ink = _ink(dark)
    figure = go.Figure()
    figure.add_scatter(
        x=[*GRID, *GRID[::-1]], y=[*curve.high, *curve.low[::-1]], mode="lines", fill="toself", fillcolor=BAND,
        line={"width": 0}, hoverinfo="skip", name="95 % band over patients, point by point",
    )  # fmt: skip
    figure.add_scatter(
        x=curve.false_positive_rate, y=curve.sensitivity, mode="lines", line={"color": LINE, "width": 2},
        name="these records", hovertemplate="false positives %{x:.3f}<br>sensitivity %{y:.3f}<extra></extra>",
    )  # fmt: skip
    _diagonal(figure, ink, 1.0)
    figure.update_layout(**_layout(ink, height=400), legend=LEGEND)
    figure.update_xaxes(title_text="false positive rate (1 - specificity)", **_unit_axis(1.0))
    figure.update_yaxes(title_text="sensitivity", **_unit_axis(1.0))
    return figure


def reliability_figure(bins: Sequence[tuple[float, float, int]], *, dark: bool = False) -> go.Figure:
    """Draw how often the class is there among records of alike scores.

    Args:
        bins: Mean score, share of positives and number of records of each.
        dark: Whether the page behind the figure is dark.
    """
    ink = _ink(dark)
    figure = go.Figure()
    figure.add_scatter(
        x=[score for score, _, _ in bins], y=[share for _, share, _ in bins], mode="lines+markers",
        line={"color": LINE, "width": 1.5}, marker={"size": 7}, customdata=[count for _, _, count in bins],
        name="bins of equal numbers of records",
        hovertemplate="mean score %{x:.3f}<br>%{y:.3f} of %{customdata:,} records have it<extra></extra>",
    )  # fmt: skip
    end = min(1.0, 1.08 * max((max(score, share) for score, share, _ in bins), default=1.0))
    _diagonal(figure, ink, end)
    figure.update_layout(**_layout(ink, height=400), legend=LEGEND)
    figure.update_xaxes(title_text="mean score", **_unit_axis(end))
    figure.update_yaxes(title_text="share with the finding", **_unit_axis(end))
    return figure


def difference_figure(comparison: TaskComparison, names: tuple[str, str], *, dark: bool = False) -> go.Figure:
    """Draw the difference of two models by class, first minus second, with its interval.

    Args:
        comparison: On one task.
        names: What the models are called.
        dark: Whether the page behind the figure is dark.
    """
    ink = _ink(dark)
    ordered = sorted(comparison.classes, key=lambda entry: entry.difference)
    figure = go.Figure(
        go.Scatter(
            x=[entry.difference for entry in ordered],
            y=list(range(len(ordered))),
            mode="markers",
            marker={
                "size": 8,
                "color": LINE,
                "symbol": ["circle" if entry.reliable else "circle-open" for entry in ordered],
                "line": {"width": 1.5},
            },
            error_x=_whiskers([(entry.difference, *entry.ci) for entry in ordered]),
            customdata=[(entry.code, entry.first, entry.second, entry.holm_p) for entry in ordered],
            hovertemplate="%{customdata[0]}: %{x:+.3f} (%{customdata[1]:.3f} and %{customdata[2]:.3f})<br>"
            "p after Holm %{customdata[3]:.3f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": ink, "width": 1})
    figure.update_layout(**_layout(ink, height=100 + ROW_PIXELS * len(ordered)), showlegend=False)
    figure.update_xaxes(
        title_text=f"difference of AUROC: right, {escape(names[0])} is better; left, {escape(names[1])}",
        gridcolor=RULE, zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(ordered))),
        ticktext=[f"{escape(entry.code)}  <b>{entry.positives:,}</b>" for entry in ordered],
        automargin=True, gridcolor=RULE, zeroline=False, range=[-0.8, len(ordered) - 0.2],
    )  # fmt: skip
    return figure


LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0}


def _whiskers(values: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """Return error bars from (value, low, high); none where there is no interval."""
    known = [(value, *ends) if not math.isnan(ends[0]) else (value, value, value) for value, *ends in values]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in known],
        "arrayminus": [value - low for value, low, _ in known],
        "thickness": 1.3,
        "width": 0,
        "color": LINE,
    }


def _diagonal(figure: go.Figure, ink: str, end: float) -> None:
    figure.add_scatter(
        x=[0, end], y=[0, end], mode="lines", line={"color": ink, "dash": "dot", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip


def _unit_axis(end: float) -> dict[str, Any]:
    return {"range": [-0.01 * end, 1.01 * end], "gridcolor": RULE, "zeroline": False}


def _ink(dark: bool) -> str:
    return "#e3e9ee" if dark else "#1c2733"


def _layout(ink: str, *, height: int) -> dict[str, Any]:
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"family": "Source Sans, sans-serif", "size": 13, "color": ink},
        "margin": {"l": 56, "r": 16, "t": TOP, "b": BOTTOM},
        "height": height,
        "dragmode": False,
    }


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…", quote=False)
