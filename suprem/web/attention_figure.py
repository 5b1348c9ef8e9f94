"""Draw where the model looked for a query: blocks on the ECG paper, the share of each lead and of each second."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from suprem.ecg.record import LEADS, EcgRecord
from suprem.paper.colours import INK, QUIET_INK
from suprem.paper.layout import MM_PER_SECOND, Layout, lay_out
from suprem.web.ecg_figure import BLOCK, Blocks, ecg_parts
from suprem.web.ecg_paper import Parts

if TYPE_CHECKING:  # the room of inference loads torch, a figure needs only its result
    from suprem.inference.lead_time import LeadTimeMap

ATTENTION_MEANING = (
    "Attention of the query over leads and time, mean over decoder layers and heads, in the blocks of 0.25 s that the "
    "model has; it cannot point at anything within a beat. 1 is an even share. Looking somewhere is not a reason: "
    "attention can stay the same while a score changes. Hatched leads follow from the others and are not read by the "
    "model."
)

CEILING = 8.0
"""Times the even share that gets the strongest colour; the same for every query and ECG, so that pictures compare."""

PROFILE_SHARE = 0.11
"""Part of the figure's height that the course over time takes."""

BAR = {
    "type": "bar",
    "marker": {"color": f"rgba({BLOCK}, 0.75)"},
    "textposition": "outside",
    "textfont": {"size": 12, "color": INK},
    "cliponaxis": False,
}
NOTE = {"font": {"size": 12, "color": QUIET_INK}, "showarrow": False}
BARE = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "fixedrange": True}

GAP_SHARE = 0.04
"""Part of the height between paper and course, where the time ticks stand."""

LEAD_BAR_SHARE = 0.12
"""Part of the figure's width that the bars of the leads take."""


def blocks_of(attention: LeadTimeMap) -> Blocks:
    """Return the attention as multiples of an even share, so that 1 is what a model without preference would show."""
    cells = len(attention.read_leads) * attention.weights.shape[1]
    return Blocks(
        values=attention.weights * np.float32(cells),
        leads=LEADS,
        start=attention.start,
        seconds=attention.seconds_per_patch,
        ceiling=CEILING,
        legend="Model attention (not evidence), times an even share",
        unread=tuple(lead for lead in LEADS if lead not in attention.read_leads),
    )


def attention_figure(record: EcgRecord, attention: LeadTimeMap, *, start: float = 0.0) -> go.Figure:
    """Draw the whole map: twelve leads over the full length, right of each its share, below the share of each second.

    Args:
        record: The window the model read.
        attention: Its map for one query.
        start: Start of the window in the recording, in seconds.
    """
    parts = ecg_parts(record, lay_out(Layout.FULL_LENGTH, record.seconds), blocks=blocks_of(attention), start=start)
    layout = parts["layout"]
    left, bottom = 1 - LEAD_BAR_SHARE, PROFILE_SHARE + GAP_SHARE
    paper_height = (layout["height"] - 64) * left
    layout["height"] = round(paper_height / (1 - bottom)) + 90
    layout["margin"] = {"l": 8, "r": 8, "t": 60, "b": 16}
    layout["coloraxis"]["colorbar"]["x"] = left
    across = {"domain": [0, left], "constraintoward": "left"}
    up = {"domain": [bottom, 1], "constraintoward": "top"}
    layout["xaxis"] |= across
    layout["yaxis"] |= up
    # The bars have axes of their own, bound to those of the paper: they line up with it and do not show its grid.
    layout["xaxis3"] = {**BARE, **across, "matches": "x", "anchor": "y2", "constrain": "domain"}
    layout["yaxis3"] = {**BARE, **up, "matches": "y", "anchor": "x2", "constrain": "domain"}
    _add_lead_shares(parts, attention)
    _add_second_shares(parts, attention, record.seconds)
    return go.Figure(parts)


def lead_shares(attention: LeadTimeMap) -> dict[str, float]:
    """Return how much of the attention each lead that was read has; the shares sum to 1."""
    shares = dict(zip(LEADS, map(float, attention.per_lead), strict=True))
    return {lead: shares[lead] for lead in LEADS if lead in attention.read_leads}


def _add_lead_shares(parts: Parts, attention: LeadTimeMap) -> None:
    shares = lead_shares(attention)
    middles = {strip.lead: strip.middle for strip in lay_out(Layout.FULL_LENGTH, 1.0).strips}
    parts["data"].append(
        {
            **BAR,
            "x": list(shares.values()),
            "y": [middles[lead] for lead in shares],
            "orientation": "h",
            "width": 9,
            "text": [f"{share:.0%}" for share in shares.values()],
            "xaxis": "x2",
            "yaxis": "y3",
            "meta": {"shares": "lead"},
        }
    )
    place = {"xref": "x2 domain", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4}
    parts["layout"]["annotations"].append({**NOTE, **place, "text": "share of each lead"})
    reach = [0, 1.5 * max(shares.values())]
    parts["layout"]["xaxis2"] = {**BARE, "domain": [1.012 - LEAD_BAR_SHARE, 1], "range": reach, "anchor": "y3"}


def _add_second_shares(parts: Parts, attention: LeadTimeMap, seconds: float) -> None:
    shares = attention.per_second.tolist()[: math.ceil(seconds)]
    parts["data"].append(
        {
            **BAR,
            "x": (attention.start + np.arange(len(shares)) + 0.5) * MM_PER_SECOND,
            "y": shares,
            "width": 0.94 * MM_PER_SECOND,
            "text": [f"{share:.0%}" for share in shares],
            "xaxis": "x3",
            "yaxis": "y2",
            "meta": {"shares": "second"},
        }
    )
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "y2 domain", "y": 0.5, "align": "left"}
    parts["layout"]["annotations"].append({**NOTE, **place, "text": "share of<br>each second"})
    parts["layout"]["yaxis2"] = {**BARE, "domain": [0, PROFILE_SHARE], "range": [0, 1.45 * max(shares)], "anchor": "x3"}
