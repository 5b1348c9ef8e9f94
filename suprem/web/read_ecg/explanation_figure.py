"""Draw where the model looked for a query and what its answer rests on: blocks on the ECG paper, and the value of each
lead and of each second."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from suprem.ecg.measurement.measured import in_digits
from suprem.ecg.record import LEADS, EcgRecord
from suprem.paper.colours import INK, QUIET_INK
from suprem.paper.layout import MM_PER_SECOND, Layout, lay_out
from suprem.web.ecg_paper.ecg_figure import BLOCK, OTHER_BLOCK, Blocks, ecg_parts
from suprem.web.ecg_paper.ecg_paper import Parts

if TYPE_CHECKING:  # the room of inference loads torch, a figure needs only its result
    from suprem.inference.contribution import ContributionMap
    from suprem.inference.lead_time import LeadTimeMap
    from suprem.inference.occlusion import OcclusionMap

ATTENTION_MEANING = (
    "Attention of the query over leads and time, mean over decoder layers and heads, in the blocks of 0.25 s that the "
    "model has; it cannot point at anything within a beat. 1 is an even share. Looking somewhere is not a reason: "
    "attention can stay the same while a score changes. Hatched leads follow from the others and are not read by the "
    "model."
)

BEYOND_MEANING = (
    "Attention of the query minus the mean over all trained concepts on this ECG: where the model looks more (blue) or "
    "less (brown) than whatever is asked. The rest of the attention shows where this ECG is informative, not why this "
    "query scores. Looking somewhere is not a reason. Hatched leads follow from the others and are not read."
)

OCCLUSION_MEANING = (
    "Each second of each lead was left out once, as if it had not been recorded, and so was each whole lead and each "
    "whole second. Blue: without it the score falls, so it speaks for the finding; brown: without it the score rises. "
    "The numbers are falls of the logit, the model's output before it is squeezed between 0 and 1. A recording with a "
    "gap is unusual in itself: part of a change may be the gap's."
)

CONTRIBUTION_MEANING = (
    "What each quarter of a second of each lead adds to the logit, the model's output before it is squeezed between 0 "
    "and 1: integrated gradients while one lead is faded away and the others stay. Blue speaks for the finding, brown "
    "against it. The parts of a lead add up to about what is lost without it. It tells what this model's answer is "
    "made of, and nothing about the heart."
)

CEILING = 8.0
"""Times the even share that gets the strongest colour; the same for every query and ECG, so that pictures compare."""

OCCLUSION_CEILING, CONTRIBUTION_CEILING = 0.5, 0.25
"""Change of the logit that gets the strongest colour, of a second and of a quarter of one."""

PROFILE_SHARE = 0.11
"""Part of the figure's height that the course over time takes."""

BAR = {
    "type": "bar",
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


@dataclass(frozen=True)
class _Bars:
    """Values beside the paper and below it.

    Args:
        leads: Lead -> value, of the leads that were read.
        seconds: Value of each second.
        names: What the two are.
        text: How a value is written.
    """

    leads: Mapping[str, float]
    seconds: Sequence[float]
    names: tuple[str, str]
    text: Callable[[float], str]


def attention_figure(
    record: EcgRecord, attention: LeadTimeMap, minus: LeadTimeMap | None = None, *, start: float = 0.0
) -> go.Figure:
    """Draw an attention map: twelve leads over the full length, right of each its share, below that of each second.

    Args:
        record: The window the model read.
        attention: Its map for one query.
        minus: Map of another query, of which the first is the difference then.
        start: Start of the window in the recording, in seconds.
    """
    leads, seconds = lead_shares(attention), attention.per_second.tolist()
    if minus is None:
        bars = _Bars(leads, seconds, ("share of each lead", "share of<br>each second"), "{:.0%}".format)
        return _figure(record, attention_blocks(attention), bars, start)
    other = lead_shares(minus)
    bars = _Bars(
        {lead: share - other[lead] for lead, share in leads.items()},
        [a - b for a, b in zip(seconds, minus.per_second.tolist(), strict=True)],
        ("difference of shares", "difference<br>of shares"),
        "{:+.0%}".format,
    )
    return _figure(record, attention_blocks(attention, minus), bars, start)


def occlusion_figure(
    record: EcgRecord, occlusion: OcclusionMap, minus: OcclusionMap | None = None, *, start: float = 0.0
) -> go.Figure:
    """Draw how far the logit falls without each second of each lead, without each lead and without each second.

    Arguments as in `attention_figure`.
    """
    leads, seconds = -occlusion.leads, -occlusion.seconds
    if minus is not None:
        leads, seconds = leads + minus.leads, seconds + minus.seconds
    read = {lead: float(leads[LEADS.index(lead)]) for lead in LEADS if lead in occlusion.read_leads}
    bars = _Bars(
        read,
        seconds.tolist(),
        ("without the lead", "without<br>the second"),
        lambda fall: in_digits(fall, 1, signed=True),
    )
    return _figure(record, occlusion_blocks(occlusion, minus), bars, start)


def contribution_figure(
    record: EcgRecord, contribution: ContributionMap, minus: ContributionMap | None = None, *, start: float = 0.0
) -> go.Figure:
    """Draw what each block of each lead adds to the logit, each lead and each second.

    Arguments as in `attention_figure`.
    """
    leads, seconds = contribution.per_lead, contribution.per_second
    if minus is not None:
        leads, seconds = leads - minus.per_lead, seconds - minus.per_second
    bars = _Bars(
        {lead: float(leads[LEADS.index(lead)]) for lead in LEADS if lead in contribution.read_leads},
        seconds.tolist(),
        ("added by the lead", "added by<br>the second"),
        lambda added: in_digits(added, 1, signed=True),
    )
    return _figure(record, contribution_blocks(contribution, minus), bars, start)


def attention_blocks(attention: LeadTimeMap, minus: LeadTimeMap | None = None) -> Blocks:
    """Return the attention as multiples of an even share, so that 1 is what a model without preference would show; with
    `minus`, the difference of two queries."""
    cells = len(attention.read_leads) * attention.weights.shape[1]
    weights = attention.weights if minus is None else attention.weights - minus.weights
    return Blocks(
        values=weights * np.float32(cells),
        leads=LEADS,
        start=attention.start,
        seconds=attention.seconds_per_patch,
        ceiling=CEILING,
        legend="Model attention (not evidence), times an even share" + (" (difference)" if minus else ""),
        unread=tuple(lead for lead in LEADS if lead not in attention.read_leads),
        signed=minus is not None,
    )


def occlusion_blocks(occlusion: OcclusionMap, minus: OcclusionMap | None = None) -> Blocks:
    """Return how far the logit falls without each second of each lead; with `minus`, the difference of two queries."""
    falls = -occlusion.cells if minus is None else minus.cells - occlusion.cells
    return Blocks(
        values=falls,
        leads=LEADS,
        start=occlusion.start,
        seconds=1.0,
        ceiling=OCCLUSION_CEILING,
        legend="Fall of the logit without the block" + (" (difference)" if minus else ""),
        unread=tuple(lead for lead in LEADS if lead not in occlusion.read_leads),
        signed=True,
    )


def contribution_blocks(contribution: ContributionMap, minus: ContributionMap | None = None) -> Blocks:
    """Return what each block adds to the logit; with `minus`, the difference of two queries."""
    return Blocks(
        values=contribution.blocks if minus is None else contribution.blocks - minus.blocks,
        leads=LEADS,
        start=contribution.start,
        seconds=contribution.seconds_per_patch,
        ceiling=CONTRIBUTION_CEILING,
        legend="Added to the logit" + (" (difference)" if minus else ""),
        unread=tuple(lead for lead in LEADS if lead not in contribution.read_leads),
        signed=True,
    )


def lead_shares(attention: LeadTimeMap) -> dict[str, float]:
    """Return how much of the attention each lead that was read has; the shares sum to 1."""
    shares = dict(zip(LEADS, map(float, attention.per_lead), strict=True))
    return {lead: shares[lead] for lead in LEADS if lead in attention.read_leads}


def _figure(record: EcgRecord, blocks: Blocks, bars: _Bars, start: float) -> go.Figure:
    parts = ecg_parts(record, lay_out(Layout.FULL_LENGTH, record.seconds), blocks=blocks, start=start)
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
    _add_lead_bars(parts, bars)
    _add_second_bars(parts, bars, blocks.start, record.seconds)
    return go.Figure(parts)


def _bar(values: Sequence[float], text: Callable[[float], str]) -> Parts:
    colors = [f"rgba({BLOCK if value >= 0 else OTHER_BLOCK}, 0.75)" for value in values]
    return {**BAR, "marker": {"color": colors}, "text": [text(value) for value in values]}


def _reach(values: Sequence[float], room: float) -> list[float]:
    """Return the range of a bar axis, with room for the text beyond the longest bar of each sign."""
    low, high = min(0.0, *values), max(0.0, *values)
    span = max(high - low, 1e-6)
    return [low - (room * span if low < 0 else 0.0), high + room * span]


def _add_lead_bars(parts: Parts, bars: _Bars) -> None:
    values = list(bars.leads.values())
    middles = {strip.lead: strip.middle for strip in lay_out(Layout.FULL_LENGTH, 1.0).strips}
    parts["data"].append(
        {
            **_bar(values, bars.text),
            "x": values,
            "y": [middles[lead] for lead in bars.leads],
            "orientation": "h",
            "width": 9,
            "xaxis": "x2",
            "yaxis": "y3",
            "meta": {"values": "lead"},
        }
    )
    place = {"xref": "x2 domain", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4}
    parts["layout"]["annotations"].append({**NOTE, **place, "text": bars.names[0]})
    parts["layout"]["xaxis2"] = {
        **BARE,
        "domain": [1.012 - LEAD_BAR_SHARE, 1],
        "range": _reach(values, 0.5),
        "anchor": "y3",
    }


def _add_second_bars(parts: Parts, bars: _Bars, start: float, seconds: float) -> None:
    values = list(bars.seconds)[: math.ceil(seconds)]
    parts["data"].append(
        {
            **_bar(values, bars.text),
            "x": (start + np.arange(len(values)) + 0.5) * MM_PER_SECOND,
            "y": values,
            "width": 0.94 * MM_PER_SECOND,
            "xaxis": "x3",
            "yaxis": "y2",
            "meta": {"values": "second"},
        }
    )
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "y2 domain", "y": 0.5, "align": "left"}
    parts["layout"]["annotations"].append({**NOTE, **place, "text": bars.names[1]})
    parts["layout"]["yaxis2"] = {**BARE, "domain": [0, PROFILE_SHARE], "range": _reach(values, 0.45), "anchor": "x3"}
