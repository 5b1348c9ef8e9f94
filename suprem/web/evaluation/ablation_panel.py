"""Ablations of this installation, if any were made: variants of one question over seeds, and at what scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from suprem.evaluation.ablation import (
    QuestionResult,
    VariantResult,
    ablation_csv,
    describe_interaction,
    list_ablations,
    read_ablation,
    with_spread,
)
from suprem.settings import Settings
from suprem.web.evaluation.evaluation_figure import variant_figure
from suprem.web.frame import PLOT, absent, plain


def show_ablations(settings: Settings) -> None:
    """Show the newest ablation, or the one that a person chooses: one question as a picture, all of them as a table."""
    found = list_ablations(settings.home)
    if not found:
        absent(
            "There is no ablation here. It compares small models of its own, trained with and without a part of the "
            "method, and belongs to no checkpoint.",
            "suprem ablate --data STORE",
        )
        return
    path = found[0] if len(found) == 1 else _choose(found)
    result = read_ablation(path)
    st.warning(plain(result.meaning))
    by_table = {question.table: question for question in result.questions}
    table = st.selectbox(
        "Question",
        list(by_table),
        format_func=lambda table: f"{table}: {by_table[table].asks}",
        key="ablation-question",
    )
    question = by_table[table]
    if any(variant.seeds for variant in question.variants):
        drawn = variant_figure(question.variants, dark=st.context.theme.type == "dark")
        st.plotly_chart(drawn, theme=None, config=PLOT, key="variants", alt="Macro AUROC by variant; the table has it")
        st.caption(
            "Filled: mean over seeds with a standard deviation to either side. Open: each seed, the mean macro AUROC "
            f"of {plain(', '.join(result.tasks))}."
        )
    st.dataframe(question_rows(question), hide_index=True, height="content", key="variant-table")
    if question.interaction is not None:
        st.caption(plain(describe_interaction(question.interaction)))
    with st.expander("All questions of this ablation", key="all-questions"):
        rows = [{"table": one.table, **row} for one in result.questions for row in question_rows(one)]
        st.dataframe(rows, hide_index=True, height="content", key="all-variants")
    left, right = st.columns(2)
    for column, what, content, kind in (
        (left, "Ablation (CSV)", ablation_csv(result), "csv"),
        (right, "Ablation (Markdown)", result.to_markdown(), "md"),
    ):
        column.download_button(
            what, content, file_name=f"ablation-{path.parent.name}.{kind}", on_click="ignore", width="stretch",
            mime="text/csv" if kind == "csv" else "text/markdown",
        )  # fmt: skip


def _choose(found: Sequence[Path]) -> Path:
    by_name = {path.parent.name: path for path in found}
    return by_name[st.selectbox("Ablation", list(by_name), key="ablation")]


def question_rows(question: QuestionResult) -> list[dict[str, str]]:
    """Return one row for each variant; what others are compared with comes first."""
    return [_row(variant, first=number == 0) for number, variant in enumerate(question.variants)]


def _row(variant: VariantResult, *, first: bool) -> dict[str, str]:
    ran = not variant.not_run
    difference = "" if math.isnan(variant.difference) else f"{variant.difference:+.4f}"
    return {
        "variant": variant.name,
        "macro AUROC ± sd over seeds": with_spread(f"{variant.macro:.4f}", variant.sd) if ran else "",
        "difference ± sd, seed by seed": "reference" if first else with_spread(difference, variant.difference_sd),
        "seeds": ", ".join(map(str, variant.seeds)),
        "not run": variant.not_run,
    }
