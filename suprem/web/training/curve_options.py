"""How the curves of runs are drawn: over what, and how smooth."""

from __future__ import annotations

import streamlit as st

from suprem.jobs.run_folder import CurveAxis


def choose_curves(key: str) -> tuple[CurveAxis, float]:
    """Let a person choose the axis of curves and how much those of training are smoothed."""
    axis, smoothing = st.columns(2)
    over = CurveAxis(
        axis.segmented_control(
            "Curves over", list(map(str, CurveAxis)), default=str(CurveAxis.STEP), required=True, key=f"axis-{key}",
        )
    )  # fmt: skip
    weight = smoothing.slider(
        "Smoothing of the training curves", 0.0, 0.99, 0.0, 0.01, key=f"smoothing-{key}",
        help="Weight of what came before; what was measured stays behind the line, pale.",
    )  # fmt: skip
    return over, weight
