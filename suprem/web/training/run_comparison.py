"""Runs side by side: their curves, their best figures, and the settings in which they differ."""

from __future__ import annotations

import streamlit as st

from suprem.jobs.run_folder import differences, list_runs
from suprem.settings import Settings
from suprem.training.config import TrainConfig
from suprem.web.frame import PLOT
from suprem.web.training.curve_options import choose_curves
from suprem.web.training.job_cache import run_metrics
from suprem.web.training.run_figure import COLOURS, run_figure

FORMER_NAMES = {f"training.{before}": f"training.{now}" for before, now in TrainConfig.FORMER_NAMES.items()}


def compare_runs(settings: Settings) -> None:
    """Let a person choose up to five runs and compare them."""
    runs = {run.name: run for run in list_runs(settings.home / "runs")}
    if not runs:
        st.info("There are no runs to compare yet.")
        return
    chosen = st.multiselect(
        "Runs", list(runs), default=list(runs)[: len(COLOURS)], max_selections=len(COLOURS), key="compared",
        placeholder="Choose up to five runs",
    )  # fmt: skip
    if not chosen:
        st.info("Choose runs to compare.")
        return
    over, smoothing = choose_curves("comparison")
    metrics = {name: run_metrics(runs[name].folder) for name in chosen}
    figure = run_figure(metrics, over=over, smoothing=smoothing, dark=st.context.theme.type == "dark")
    st.plotly_chart(figure, theme=None, config=PLOT, key="comparison", alt="Curves of the compared runs")
    best = {name: run_metrics(runs[name].folder).best_auroc for name in chosen}
    rows = [{"setting": "best macro AUROC", **{n: "" if v is None else f"{v:.4f}" for n, v in best.items()}}]
    for name, values in differences([runs[name] for name in chosen], FORMER_NAMES).items():
        rows.append({"setting": name, **dict(zip(chosen, map(str, values), strict=True))})
    st.dataframe(rows, hide_index=True)
