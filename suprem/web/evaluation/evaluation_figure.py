"""Pictures of an evaluation: AUROC by class, ROC curve, reliability, differences, and the variants of an ablation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from suprem.evaluation.ablation import VariantResult
from suprem.evaluation.comparison import TaskComparison
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.operating_points import Proportion
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.robustness_result import ConditionResult
from suprem.evaluation.roc import GRID, RocCurve
from suprem.web.chart import LEGEND, RULE, chart, ink

MAX_LABEL = 30
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
    ranked = [entry for entry in reversed(result.ranking) if not math.isnan(entry.auroc)]
    figure = go.Figure()
    for few in (False, True):
        rows = [row for row, entry in enumerate(ranked) if (entry.positives < MIN_POSITIVES) is few]
        chosen = [ranked[row] for row in rows]
        figure.add_scatter(
            **_dots([(entry.auroc, *entry.ci) for entry in chosen], rows, [not few] * len(rows), dark=dark),
            name=f"fewer than {MIN_POSITIVES} positives: the interval is too narrow"
            if few
            else f"at least {MIN_POSITIVES} positives",
            customdata=[(entry.code, entry.positives, *entry.ci, entry.average_precision) for entry in chosen],
            hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[2]:.3f}-%{customdata[3]:.3f})<br>"
            "%{customdata[1]:,} positives, average precision %{customdata[4]:.3f}<extra></extra>",
        )
    # Beside the top of its line a word would lie on the first class; left of it there is room even on narrow screens.
    for place, words, dash in ((0.5, "chance", "dot"), (result.macro, f"mean {result.macro:.3f}", "solid")):
        figure.add_vline(
            x=place, line={"color": ink(dark), "dash": dash, "width": 1}, annotation_text=words,
            annotation={"y": 1, "yanchor": "bottom", "xanchor": "right"},
        )  # fmt: skip
    least = min((min(entry.auroc, entry.ci[0]) for entry in ranked if not math.isnan(entry.ci[0])), default=0.5)
    height = 110 + ROW_PIXELS * len(ranked)
    figure.update_layout(**_layout(dark, height=height), legend={**LEGEND, "y": 1 + 18 / (height - MARGINS)})
    figure.update_xaxes(title_text="AUROC", range=[min(0.45, least - 0.02), 1.01], gridcolor=RULE, zeroline=False)
    _name_rows(figure, [f"{_shortened(entry.query)}  <b>{entry.positives:,}</b>" for entry in ranked])
    return figure


def roc_figure(curve: RocCurve, *, dark: bool = False) -> go.Figure:
    """Draw a ROC curve with its band.

    Args:
        curve: Of one class.
        dark: Whether the page behind the figure is dark.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[*GRID, *GRID[::-1]], y=[*curve.high, *curve.low[::-1]], mode="lines", fill="toself", fillcolor=_band(dark),
        line={"width": 0}, hoverinfo="skip", name="95 % band over patients, point by point",
    )  # fmt: skip
    figure.add_scatter(
        x=curve.false_positive_rate, y=curve.sensitivity, mode="lines", line={"color": _line(dark), "width": 2},
        name="these records", hovertemplate="false positives %{x:.3f}<br>sensitivity %{y:.3f}<extra></extra>",
    )  # fmt: skip
    _diagonal(figure, 1.0, dark=dark)
    figure.update_layout(**_layout(dark, height=400), legend=LEGEND)
    figure.update_xaxes(title_text="false positive rate (1 - specificity)", **_unit_axis(1.0))
    figure.update_yaxes(title_text="sensitivity", **_unit_axis(1.0))
    return figure


def readers_figure(
    curve: RocCurve, readers: Sequence[tuple[float, float, str, str]], *, dark: bool = False
) -> go.Figure:
    """Draw a ROC curve with people as points.

    Args:
        curve: Of the model.
        readers: False positive rate, sensitivity, name and kind of each.
        dark: Whether the page behind the figure is dark.
    """
    figure = roc_figure(curve, dark=dark)
    kinds = list(dict.fromkeys(kind for *_, kind in readers))
    symbols = ("diamond", "square", "triangle-up", "cross", "x", "star", "circle-open")
    for number, kind in enumerate(kinds):
        of_kind = [reader for reader in readers if reader[3] == kind]
        figure.add_scatter(
            x=[one[0] for one in of_kind], y=[one[1] for one in of_kind], mode="markers",
            name=f"readers {kind}".strip(),
            marker={"size": 9, "symbol": symbols[number % len(symbols)], "color": ink(dark)},
            customdata=[escape(one[2]) for one in of_kind],
            hovertemplate="%{customdata}: false positives %{x:.3f}<br>sensitivity %{y:.3f}<extra></extra>",
        )  # fmt: skip
    return figure


def reliability_figure(bins: Sequence[tuple[float, float, int]], *, dark: bool = False) -> go.Figure:
    """Draw how often the class is there among records of alike scores, with Wilson's intervals.

    Args:
        bins: Mean score, share of positives and number of records of each.
        dark: Whether the page behind the figure is dark.
    """
    figure = go.Figure()
    shares = [Proportion.of(round(share * count), count) for _, share, count in bins]
    figure.add_scatter(
        x=[score for score, _, _ in bins], y=[share.value for share in shares], mode="lines+markers",
        line={"color": _line(dark), "width": 1.5}, marker={"size": 7}, customdata=[count for _, _, count in bins],
        error_y=whiskers([(share.value, *share.ci) for share in shares], _line(dark)),
        name="bins of equal numbers of records, 95 % intervals",
        hovertemplate="mean score %{x:.3f}<br>%{y:.3f} of %{customdata:,} records have it<extra></extra>",
    )  # fmt: skip
    end = min(1.0, 1.08 * max((max(score, share) for score, share, _ in bins), default=1.0))
    _diagonal(figure, end, dark=dark)
    figure.update_layout(**_layout(dark, height=400), legend=LEGEND)
    figure.update_xaxes(title_text="mean score", **_unit_axis(end))
    figure.update_yaxes(title_text="share with the finding", **_unit_axis(end))
    return figure


def difference_figure(comparison: TaskComparison, *, dark: bool = False) -> go.Figure:
    """Draw the difference of two models by class, first minus second, with its interval.

    Args:
        comparison: On one task.
        dark: Whether the page behind the figure is dark.
    """
    ordered = sorted(comparison.classes, key=lambda entry: entry.difference)
    figure = _differences(
        [(entry.difference, *entry.ci) for entry in ordered],
        [f"{escape(entry.code)}  <b>{entry.positives:,}</b>" for entry in ordered],
        [entry.reliable for entry in ordered],
        "difference of AUROC: right, the first is better",
        dark=dark,
    )
    figure.update_traces(
        customdata=[(entry.code, entry.first, entry.second, entry.holm_p) for entry in ordered],
        hovertemplate="%{customdata[0]}: %{x:+.3f} (%{customdata[1]:.3f} and %{customdata[2]:.3f})<br>"
        "p after Holm %{customdata[3]:.3f}<extra></extra>",
    )
    return figure


def condition_figure(conditions: Sequence[ConditionResult], *, dark: bool = False) -> go.Figure:
    """Draw how the mean AUROC changes in each condition, with its interval, in the order given from the top.

    Args:
        conditions: Those in which some records were scored.
        dark: Whether the page behind the figure is dark.
    """
    ordered = list(reversed(conditions))
    figure = _differences(
        [(entry.difference, *entry.ci) for entry in ordered],
        [escape(entry.name) for entry in ordered],
        [True] * len(ordered),
        "change of macro AUROC",
        dark=dark,
    )
    figure.update_traces(
        customdata=[(entry.records, entry.worst, entry.worst_difference) for entry in ordered],
        hovertemplate="%{y}: %{x:+.3f}, %{customdata[0]:,} records<br>most of all %{customdata[1]} "
        "%{customdata[2]:+.3f}<extra></extra>",
    )
    return figure


def variant_figure(variants: Sequence[VariantResult], *, dark: bool = False) -> go.Figure:
    """Draw each variant of an ablation: mean with standard deviation over seeds, and every seed beside it.

    Args:
        variants: In their order from the top; those that did not run are named without a dot.
        dark: Whether the page behind the figure is dark.
    """
    ordered = list(reversed(variants))
    figure = go.Figure()
    ran = [(row, variant) for row, variant in enumerate(ordered) if variant.seeds]
    figure.add_scatter(
        x=[value for _, variant in ran for value in variant.by_seed],
        y=[row - 0.22 for row, variant in ran for _ in variant.seeds],
        mode="markers",
        marker={"size": 7, "symbol": "circle-open", "color": ink(dark), "line": {"width": 1.2}},
        customdata=[(variant.name, seed) for _, variant in ran for seed in variant.seeds],
        hovertemplate="%{customdata[0]}, seed %{customdata[1]}: %{x:.4f}<extra></extra>",
    )
    ends = [(variant.macro, variant.macro - variant.sd, variant.macro + variant.sd) for _, variant in ran]
    figure.add_scatter(
        **_dots(ends, [row for row, _ in ran], [True] * len(ran), dark=dark),
        customdata=[(variant.name, len(variant.seeds)) for _, variant in ran],
        hovertemplate="%{customdata[0]}: %{x:.4f}, mean of %{customdata[1]}<extra></extra>",
    )
    figure.update_layout(
        **chart(dark, height=70 + 2 * ROW_PIXELS * len(ordered), top=12, bottom=BOTTOM), showlegend=False
    )
    figure.update_xaxes(title_text="macro AUROC, mean over tasks", gridcolor=RULE, zeroline=False)
    _name_rows(figure, [_shortened(variant.name) for variant in ordered])
    return figure


def _differences(
    values: Sequence[tuple[float, float, float]],
    labels: Sequence[str],
    filled: Sequence[bool],
    title: str,
    *,
    dark: bool,
) -> go.Figure:
    """Draw differences (value, low, high) as rows from the bottom, a line where there is none."""
    figure = go.Figure(go.Scatter(**_dots(values, range(len(values)), filled, dark=dark)))
    figure.add_vline(x=0, line={"color": ink(dark), "width": 1})
    height = 60 + ROW_PIXELS * len(values)
    figure.update_layout(**chart(dark, height=height, top=12, bottom=BOTTOM), showlegend=False)
    figure.update_xaxes(title_text=title, gridcolor=RULE, zeroline=False)
    _name_rows(figure, labels)
    return figure


def _dots(
    values: Sequence[tuple[float, float, float]], rows: Sequence[int], filled: Sequence[bool], *, dark: bool
) -> dict[str, Any]:
    """Return the trace of values (value, low, high) in some rows, with their intervals."""
    symbols = ["circle" if full else "circle-open" for full in filled]
    return {
        "x": [value for value, _, _ in values],
        "y": list(rows),
        "mode": "markers",
        "marker": {"size": 8, "color": _line(dark), "symbol": symbols, "line": {"width": 1.5}},
        "error_x": whiskers(values, _line(dark)),
    }


def whiskers(values: Sequence[tuple[float, float, float]], colour: str) -> dict[str, Any]:
    """Return error bars from (value, low, high); none where there is no interval."""
    known = [(value, *ends) if not math.isnan(ends[0]) else (value, value, value) for value, *ends in values]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in known],
        "arrayminus": [value - low for value, low, _ in known],
        "thickness": 1.3,
        "width": 0,
        "color": colour,
    }


def _name_rows(figure: go.Figure, labels: Sequence[str]) -> None:
    figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=list(labels), automargin=True, gridcolor=RULE, zeroline=False,
        range=[-0.8, len(labels) - 0.2],
    )  # fmt: skip


def _diagonal(figure: go.Figure, end: float, *, dark: bool) -> None:
    figure.add_scatter(
        x=[0, end], y=[0, end], mode="lines", line={"color": ink(dark), "dash": "dot", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip


def _unit_axis(end: float) -> dict[str, Any]:
    return {"range": [-0.01 * end, 1.01 * end], "gridcolor": RULE, "zeroline": False}


def _line(dark: bool) -> str:
    return "#8fb3f5" if dark else "#2b4ca0"


def _band(dark: bool) -> str:
    return "rgba(143, 179, 245, 0.22)" if dark else "rgba(43, 76, 160, 0.16)"


def _layout(dark: bool, *, height: int) -> dict[str, Any]:
    return chart(dark, height=height, top=TOP, bottom=BOTTOM)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…", quote=False)
