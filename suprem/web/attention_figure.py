"""Draw where the model looked for one query: blocks on the ECG paper, the share of each lead, and the course over time."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from suprem.ecg.record import EcgRecord
from suprem.inference.explain import LeadTimeMap
from suprem.web.ecg_figure import BLOCK, INK, MM_PER_SECOND, QUIET_INK, Blocks, Layout, ecg_figure, lay_out

CEILING = 8.0
"""Times the even share that gets the strongest colour; the same for every query and ECG, so that pictures compare."""

PROFILE_SHARE = 0.11
"""Part of the figure's height that the course over time takes."""

LEAD_BAR_SHARE = 0.13
"""Part of the figure's width that the bars of the leads take."""


def blocks_of(attention: LeadTimeMap, start: float) -> Blocks:
    """Return the attention as multiples of an even share, so that 1 is what a model without preference would show.

    Args:
        attention: Weights (lead, patch) that sum to 1.
        start: Start of the record drawn in the recording the map's times count from, in seconds.
    """
    read = [lead for lead in attention.leads if lead not in attention.hidden_leads]
    cells = len(read) * attention.weights.shape[1]
    return Blocks(
        values=attention.weights * np.float32(cells),
        leads=attention.leads,
        start=attention.start - start,
        seconds=attention.seconds_per_patch,
        ceiling=CEILING,
        legend="Model attention (not evidence), times an even share",
        unread=attention.hidden_leads,
    )
