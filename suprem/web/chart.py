"""What the charts of all pages have in common: the page's font and ink, and no ground of their own."""

from __future__ import annotations

from typing import Any

# Plotly takes pandas as it finds it among the loaded modules: a figure drawn while another thread is half through that
# import fails. A module that draws therefore imports it itself, which waits for the other thread.
import pandas  # noqa: F401

RULE = "rgba(128, 140, 150, 0.35)"
"""Of grid lines, on light pages and dark ones."""

LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0}
"""Above the plot, at its left."""


def ink(dark: bool) -> str:
    """Return the colour of text and lines on a page that is dark or light."""
    return "#e3e9ee" if dark else "#1c2733"


def chart(
    dark: bool,
    *,
    height: int,
    left: int = 56,
    right: int = 16,
    top: int = 32,
    bottom: int = 44,
    size: int = 13,
    zoom: bool = False,
) -> dict[str, Any]:
    """Return the layout of a chart.

    Args:
        dark: Whether the page behind it is dark.
        height: In pixels, as the margins.
        left: Margin.
        right: Margin.
        top: Margin.
        bottom: Margin.
        size: Of the letters.
        zoom: Whether dragging over it enlarges a part.
    """
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"family": "Source Sans, sans-serif", "size": size, "color": ink(dark)},
        "margin": {"l": left, "r": right, "t": top, "b": bottom},
        "height": height,
        "dragmode": "zoom" if zoom else False,
    }
