"""How far a checkpoint's scores depend on what should not matter, if that was asked: conditions, company, wording."""

from __future__ import annotations

import math

import streamlit as st

from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.report import figure
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.robustness_result import ConditionResult, KindMean, ParaphraseResult, RobustnessResult
from suprem.web.evaluation.evaluation_figure import condition_figure
from suprem.web.frame import PLOT, absent, plain

Row = dict[str, str | int | float | None]


def show_robustness(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show what disturbed recordings, other queries in the list, and other words for a finding change."""
    found = evaluation.robustness(result.task)
    if found is None:
        out = f"SUPREM_HOME/evaluations/{evaluation.checkpoint}/robustness-{result.task}.json"
        absent(
            "There is no result yet of how robust the scores of this task are.",
            f"suprem robustness --task {result.task} --data FOLDER --out {out}",
        )
        return
    st.markdown(plain(summary(found)))
    drawn = condition_figure(found.scored_conditions, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        drawn, theme=None, config=PLOT, key="conditions", alt="Change of the mean by condition; the table has it too"
    )
    st.dataframe([_condition(entry) for entry in found.conditions], hide_index=True, key="condition-table")
    st.caption(
        "Each condition is compared with the undisturbed recordings, on the same records and the same draws of "
        "patients. A recording that the quality check of the reading page would stop is scored here all the same."
    )
    if found.paraphrases:
        st.markdown("**The same findings in other words**")
        st.dataframe([_kind(entry) for entry in found.wording_means], hide_index=True, key="wording-means")
        rows = sorted(found.paraphrases, key=lambda entry: -_or_zero(entry.spread))
        st.dataframe([_wordings(entry) for entry in rows], hide_index=True, key="wordings")
        st.caption(
            "The dictionary leads wordings that it knows to one query, whose scores are then the same; without it the "
            "text encoder alone decides. Classes with the widest range are on top."
        )


def summary(found: RobustnessResult) -> str:
    """Return what was asked and whether the company of a query matters, in sentences."""
    largest = max((entry.largest for entry in found.company), default=math.nan)
    alone = all(entry.independent for entry in found.company)
    company = (
        f"No score depends on the other queries in the list (largest difference {largest:.1g})."
        if alone
        else f"Scores depend on the other queries in the list, by up to {largest:.2f}."
    )
    return (
        f"{found.records:,} records, {found.split}; undisturbed macro AUROC {found.macro:.3f}; {found.draws} bootstrap "
        f"draws, seed {found.seed}. {company}"
    )


def _condition(entry: ConditionResult) -> Row:
    low, high = entry.ci
    return {
        "condition": entry.name,
        "macro AUROC": figure(entry.macro),
        "change (95 % interval)": f"{entry.difference:+.3f} ({low:+.3f} to {high:+.3f})" if entry.records else "-",
        "mean change of a score": figure(entry.shift),
        "class that loses most": f"{entry.worst} {entry.worst_difference:+.3f}"
        if entry.worst and entry.changed
        else "",
        "records": entry.records,
        "not scored": f"{entry.refused:,}: {entry.reason}" if entry.refused else "",
    }


def _kind(entry: KindMean) -> Row:
    return {
        "asked by": entry.kind,
        "macro AUROC": figure(entry.macro),
        "without the dictionary": figure(entry.macro_as_written),
        "classes": entry.classes,
    }


def _wordings(entry: ParaphraseResult) -> Row:
    ordered = sorted(entry.wordings, key=lambda one: _or_zero(one.auroc))
    return {
        "class": entry.code,
        "query": entry.query,
        "AUROC": figure(entry.auroc),
        "lowest": figure(ordered[0].auroc),
        "worst wording": ordered[0].text,
        "known to the dictionary": f"{sum(one.known for one in ordered)} of {len(ordered)}",
        "lowest without the dictionary": figure(min(one.auroc_as_written for one in ordered)),
    }


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
