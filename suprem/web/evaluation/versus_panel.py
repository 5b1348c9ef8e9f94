"""Two evaluations against each other on the same records."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from suprem.errors import EvaluationError
from suprem.evaluation.comparison import TaskComparison, aligned, compare_scores
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.over_tasks import across_tasks
from suprem.evaluation.results import EvaluationResult
from suprem.export import csv_text, text_cell
from suprem.web.evaluation.evaluation_figure import difference_figure
from suprem.web.evaluation.evaluations import TASK_TITLES, choose_evaluation, show_remarks, title_of
from suprem.web.frame import DECIMALS, PLOT, plain

DRAWS = 1000
P_VALUES = ("p (DeLong)", "p after Holm")


def show_versus(evaluation: EvaluationFolder, result: EvaluationResult, others: Sequence[EvaluationFolder]) -> None:
    """Compare with another evaluation of the same task and records, which the person chooses."""
    candidates = [one for one in others if one.folder != evaluation.folder and result.task in one.tasks]
    reasons = [_why_not(evaluation, one, result.task) for one in candidates]
    comparable = [one for one, reason in zip(candidates, reasons, strict=True) if not reason]
    if comparable:
        other = choose_evaluation("Against", comparable, "against")
    else:
        st.info(
            f"There is no other evaluation of these records on {TASK_TITLES[result.task]} yet. Start one above, of "
            "another checkpoint or with other queries."
        )
    show_remarks(left_out(candidates, reasons))
    if not comparable:
        return
    names = _names(evaluation, other)
    found = _compare(
        evaluation, other, result.task, str(evaluation.folder), str(other.folder), evaluation.created, other.created
    )
    st.markdown(plain(verdict(found, names)))
    drawn = difference_figure(found, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        drawn, theme=None, config=PLOT, key="versus", alt="Difference of AUROC by class; the table has it too"
    )
    st.dataframe(
        comparison_rows(found),
        hide_index=True,
        column_config=dict.fromkeys(("first", "second", "difference", "95 % from", "to", *P_VALUES), DECIMALS),
        key="versus-table",
    )
    st.caption(
        "Intervals are from resamples of patients that both share. The p-values are DeLong's, adjusted for the number "
        "of classes by Holm; below ten positives (open circles) they are not to be trusted."
    )
    _show_across(evaluation, other)
    first, second = (f"{one.checkpoint}/{one.name}/{result.task}.json" for one in (evaluation, other))
    st.code(f"suprem compare --first {first} --second {second}", language=None, wrap_lines=True)
    st.download_button(
        "Download comparison (CSV)", comparison_csv(found, names), file_name=f"comparison-{result.task}.csv",
        mime="text/csv", on_click="ignore",
    )  # fmt: skip


def left_out(candidates: Sequence[EvaluationFolder], reasons: Sequence[str]) -> list[str]:
    """Return in sentences which evaluations are not offered, and why; those without a reason are."""
    titles: dict[str, list[str]] = {}
    for one, reason in zip(candidates, reasons, strict=True):
        if reason:
            titles.setdefault(reason, []).append(title_of(one))
    return [
        f"{len(named)} other evaluation{'s' if len(named) > 1 else ''} of this task cannot be compared: "
        f"{'; '.join(named)}. {reason}"
        for reason, named in titles.items()
    ]


def verdict(found: TaskComparison, names: tuple[str, str]) -> str:
    """Return the comparison of the means in words."""
    return (
        f"First: {names[0]}, macro AUROC {found.first:.4f}. Second: {names[1]}, {found.second:.4f}. Difference "
        f"{found.difference:+.4f} (95 % interval {found.ci[0]:+.4f} to {found.ci[1]:+.4f}, p {found.p_value:.3f}), "
        f"{found.records:,} records, {found.draws} paired draws of patients."
    )


def comparison_rows(found: TaskComparison) -> list[dict[str, str | int | float | None]]:
    """Return one row a class, first minus second, the largest difference first."""
    return [
        {
            "class": entry.code,
            "positives": entry.positives,
            "first": round(entry.first, 4),
            "second": round(entry.second, 4),
            "difference": round(entry.difference, 4),
            "95 % from": round(entry.ci[0], 4),
            "to": round(entry.ci[1], 4),
            "p (DeLong)": None if math.isnan(entry.delong_p) else round(entry.delong_p, 4),
            "p after Holm": None if math.isnan(entry.holm_p) else round(entry.holm_p, 4),
        }
        for entry in sorted(found.classes, key=lambda entry: -entry.difference)
    ]


def comparison_csv(found: TaskComparison, names: tuple[str, str]) -> str:
    """Return the comparison by class as CSV, with the means and the research-use notice below."""
    rows = [{**row, "class": text_cell(str(row["class"]))} for row in comparison_rows(found)]
    return csv_text(rows[0] if rows else ["class"], (row.values() for row in rows), [verdict(found, names)])


def _names(first: EvaluationFolder, second: EvaluationFolder) -> tuple[str, str]:
    """Return what two evaluations are called so that they can be told apart."""
    if first.checkpoint != second.checkpoint:
        return first.run or first.checkpoint, second.run or second.checkpoint
    return f"{first.checkpoint} {first.name}", f"{second.checkpoint} {second.name}"


def _why_not(first: EvaluationFolder, second: EvaluationFolder, task: str) -> str:
    return _refusal(first, second, task, str(first.folder), str(second.folder), first.created, second.created)


@st.cache_data(max_entries=256, show_spinner=False)
def _refusal(
    _first: EvaluationFolder, _second: EvaluationFolder, task: str, first: str, second: str, *created: float
) -> str:
    """Return why two evaluations cannot be compared, "" where they can."""
    scores = _first.scores(task)
    try:
        aligned(scores, _second.scores(task))
    except EvaluationError as error:
        return str(error)
    return ""


@st.cache_data(max_entries=32, show_spinner="Comparing on shared draws of patients …")
def _compare(
    _first: EvaluationFolder, _second: EvaluationFolder, task: str, first: str, second: str, *created: float
) -> TaskComparison:
    return compare_scores(_first.scores(task), _second.scores(task), draws=DRAWS)


def _show_across(evaluation: EvaluationFolder, other: EvaluationFolder) -> None:
    pairs = [(evaluation.result(task), other.result(task)) for task in evaluation.tasks if task in other.tasks]
    pairs = [(a, b) for a, b in pairs if (a.split, a.labels, a.records) == (b.split, b.labels, b.records)]
    if len(pairs) < 2:
        return
    over = across_tasks([a.macro for a, _ in pairs], [b.macro for _, b in pairs])
    if math.isnan(over.t):
        return
    st.caption(
        f"Over {over.tasks} tasks: mean difference {over.mean_difference:+.4f}; paired t-test p "
        f"{over.t_p_two_sided:.3f}, Wilcoxon p {over.wilcoxon_p_two_sided:.3f}, both two-sided. Tasks that share "
        "records are not independent, which both tests assume."
    )
