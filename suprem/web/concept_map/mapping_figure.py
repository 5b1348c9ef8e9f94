"""Pictures of a mapping: how similar its entities are, where its clusters lie, how often its concepts are stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.web.chart import LEGEND, RULE, chart, ink
from suprem.web.colours import BAR

MAPPED, DOUBTFUL, UNMAPPED = "#2b4ca0", "#b07d12", "#8b8f94"
STATES = {"mapped": (MAPPED, "circle"), "to review": (DOUBTFUL, "diamond"), "not mapped": (UNMAPPED, "x-thin-open")}
"""Colour and mark of a cluster's state: each is told by its mark alone."""

BINS = 50
BAR_GAP = 0.15
MAX_LABEL = 30
MAX_LABELS = 30
LABEL_WIDTH, LABEL_HEIGHT = 0.16, 0.045
"""Room of a label on the map, as shares of its width and height."""


def similarity_figure(rows: Sequence[Row], *, current: float, proposed: float, dark: bool = False) -> go.Figure:
    """Draw how many entities have which similarity to their nearest concept, with the cut now and the new one.

    Entities that a guard keeps from their nearest concept are left out: no threshold maps them. The axis is
    logarithmic, since most names are wordings and would press everything beside them to the ground.
    """
    rows = threshold_rows(rows)
    figure = go.Figure(
        go.Histogram(
            x=[row.similarity for row in rows],
            xbins={"start": 0.0, "end": 1.0 + 1 / BINS, "size": 1 / BINS},
            marker={"color": BAR},
            hovertemplate="%{y} entities at %{x}<extra></extra>",
        )
    )
    cuts = [(current, "now", "dot")] + ([(proposed, "proposed", "solid")] if proposed != current else [])
    for value, words, dash in cuts:
        figure.add_vline(
            x=value, line={"color": ink(dark), "dash": dash, "width": 2}, annotation_text=f"{words} {value:.2f}",
            annotation_position="top left" if value == min(current, proposed) or value > 0.85 else "top right",
        )  # fmt: skip
    figure.update_layout(**chart(dark, height=220), bargap=BAR_GAP)
    figure.update_xaxes(title_text="cosine to the nearest allowed concept", range=[0, 1.02], gridcolor=RULE)
    figure.update_yaxes(title_text="entities (logarithmic)", gridcolor=RULE, type="log", dtick=1)
    return figure


def threshold_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a threshold can map: those whose nearest concept no guard refuses."""
    return [row for row in rows if row.code or not row.guard]


def cluster_figure(
    positions: NDArray[np.float64], clusters: Sequence[Mapping[str, Any]], *, dark: bool = False
) -> go.Figure:
    """Draw the clusters as a map on which clusters that resemble the same concepts lie together.

    Args:
        positions: (cluster, 2).
        clusters: For each its `representative`, `names`, `records`, `concept` and `state` (a key of `STATES`).
        dark: Whether the page behind the figure is dark.
    """
    figure = go.Figure()
    for state, (colour, mark) in STATES.items():
        chosen = [index for index, cluster in enumerate(clusters) if cluster["state"] == state]
        figure.add_scatter(
            x=positions[chosen, 0],
            y=positions[chosen, 1],
            mode="markers",
            name=state,
            marker={
                "color": colour,
                "symbol": mark,
                "size": [6 + 5 * np.log10(1 + clusters[index]["records"]) for index in chosen],
                "opacity": 0.75,
                "line": {"width": 1.5, "color": colour},
            },
            text=[_hover(clusters[index]) for index in chosen],
            hovertemplate="%{text}<extra></extra>",
        )
    for index in _labelled(positions, [cluster["records"] for cluster in clusters]):
        figure.add_annotation(
            x=positions[index, 0], y=positions[index, 1], text=escape(clusters[index]["representative"][:MAX_LABEL]),
            showarrow=False, yshift=14, font={"size": 11, "color": ink(dark)},
        )  # fmt: skip
    figure.update_layout(**chart(dark, height=560, zoom=True), legend=LEGEND)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def frequency_figure(rows: Sequence[Mapping[str, Any]], *, most: int = 40, dark: bool = False) -> go.Figure:
    """Draw how many records state each concept, as the paper's Figure 10 does, on a scale that shows rare ones too."""
    shown = list(rows)[:most][::-1]
    labels = [escape(f"{row['concept']} ({row['code']})") for row in shown]
    figure = go.Figure()
    figure.add_bar(
        y=labels, x=[row["present"] for row in shown], orientation="h", name="stated", marker={"color": BAR},
        hovertemplate="%{y}: %{x} records<extra></extra>", texttemplate="%{x:,}", textposition="outside",
    )  # fmt: skip
    figure.add_bar(
        y=labels, x=[row["masked"] for row in shown], orientation="h", name="doubtful or unread, not learned from",
        marker={"color": "rgba(0, 0, 0, 0)", "line": {"color": BAR, "width": 1}},
        hovertemplate="%{y}: %{x} records not learned from<extra></extra>", visible="legendonly",
    )  # fmt: skip
    figure.update_layout(**chart(dark, height=80 + 21 * len(shown)), bargap=BAR_GAP, legend=LEGEND)
    figure.update_xaxes(type="log", title_text="records (logarithmic)", gridcolor=RULE, dtick=1)
    figure.update_yaxes(automargin=True)
    return figure


def _labelled(positions: NDArray[np.float64], records: Sequence[int]) -> list[int]:
    """Return which clusters to name on the map: those with most records, as far as their names do not overlap."""
    spread = np.ptp(positions, axis=0) if len(positions) > 1 else np.ones(2)
    room = np.array([LABEL_WIDTH, LABEL_HEIGHT]) * np.where(spread > 0, spread, 1.0)
    chosen: list[int] = []
    for index in sorted(range(len(records)), key=lambda index: -records[index]):
        if all((np.abs(positions[index] - positions[other]) > room).any() for other in chosen):
            chosen.append(index)
        if len(chosen) == MAX_LABELS:
            break
    return chosen


def _hover(cluster: Mapping[str, Any]) -> str:
    goes = cluster["concept"] or "no concept"
    return (
        f"<b>{escape(cluster['representative'])}</b><br>{cluster['names']} names, {cluster['records']} records"
        f"<br>{escape(goes)}"
    )
