"""One evaluation on the page: the means, the classes, curves, operating points, groups, and how it came about."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from suprem.datasets.catalog import load_task
from suprem.errors import EvaluationError
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.published import load_published
from suprem.evaluation.report import MEANING, OUTCOME, figure
from suprem.evaluation.results import EvaluationResult
from suprem.web.evaluation.evaluations import (
    TASK_TITLES,
    Row,
    show_remarks,
)
from suprem.web.frame import plain

DOWNLOADS = {
    "report.md": "Report (Markdown)",
    "classes.csv": "All classes (CSV)",
    "worst_cases.csv": "Worst cases (CSV)",
}
"""By file that the command wrote beside the results: what it is called."""


def show_means(evaluation: EvaluationFolder) -> None:
    """Show the mean of each task beside the published ones, what is not comparable, and which tasks are missing."""
    results = [evaluation.result(task) for task in evaluation.tasks]
    st.dataframe(mean_rows(results), hide_index=True, height="content", key="means")
    known = load_published()
    st.caption(plain(MEANING))
    with st.expander(
        "The published figures are not comparable with these: data, text encoder, split and labels differ",
        key="differences",
    ):
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in known.differences))
        st.caption(plain(f"{known.source}, {known.zero_shot.table}. Protocol: {known.zero_shot.protocol}."))
    sentences = [f"{TASK_TITLES[result.task]}: {result.caution}" for result in results if result.caution]
    sentences += [f"{TASK_TITLES[entry.name]} was not evaluated. {entry.reason}" for entry in evaluation.missing]
    show_remarks(sentences)


def mean_rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """Return one row a task, the published zero-shot figures beside its own."""
    published = load_published().zero_shot.rows
    return [
        {
            "task": TASK_TITLES[result.task],
            "macro AUROC (95 % interval)": figure(result.macro, result.macro_ci),
            **{
                f"{row.method}, published": figure(row.auroc[result.task][0]) if result.task in row.auroc else ""
                for row in published
            },
            "classes": len(result.classes) - len(result.skipped),
            f"with at least {MIN_POSITIVES} positives": figure(result.macro_10, result.macro_10_ci),
            "classes of these": result.frequent,
            "evaluated on": f"{result.records:,} records, {result.split}",
            "protocol": f"{result.protocol}, labels {result.labels}",
        }
        for result in results
    ]


def show_groups(result: EvaluationResult) -> None:
    """Show means by sex, age and device, and by how well the training knew the queries."""
    if result.groups:
        st.dataframe(
            [
                {
                    "by": group.variable,
                    "group": group.name,
                    "records": group.records,
                    "macro AUROC (95 % interval)": figure(group.macro, group.macro_ci),
                    "classes": len(group.codes),
                }
                for group in result.groups
            ],
            hide_index=True,
            height="content",
            key="groups",
        )
        st.caption(
            f"The groups of one variable are averaged over the same classes: those with {MIN_POSITIVES} positives and "
            f"{MIN_POSITIVES} negatives in each. Groups of fewer than 50 records are left out. Of different variables, "
            "means are not comparable."
        )
    else:
        st.info("No variable has two groups of at least 50 records; sex, age and device are looked at.")
    if result.strata:
        st.markdown("**By how well the training knew the queries**")
        st.dataframe(
            [
                {
                    "queries": part.name,
                    "macro AUROC (95 % interval)": figure(part.macro, part.macro_ci),
                    "classes": len(part.codes),
                    "which": ", ".join(part.codes),
                }
                for part in result.strata
            ],
            hide_index=True,
            key="strata",
        )


def show_protocol(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show how the figures came about, what was checked, what to know of the data, and the downloads."""
    task = load_task(result.task, result.labels)
    facts = {
        "Checkpoint": f"{evaluation.checkpoint}{f', from run {evaluation.run}' if evaluation.run else ''}",
        "Text encoder": result.encoder,
        "Records": f"{result.records:,} of {result.patients:,} patients, {result.split}",
        "Split": task.split,
        "Labels": result.labels,
        "Queries": result.queries,
        "Part read of longer recordings": result.crop,
        "Intervals": f"{result.draws} bootstrap draws of patients, seed {result.seed}",
        "Code": str(evaluation.provenance.get("commit", "unknown")),
        "Source": task.citation,
    }
    st.table(
        [{"what": what, "value": plain(value)} for what, value in facts.items()], hide_index=True, hide_header=True
    )
    st.code(str(evaluation.provenance.get("command", "unknown command")), language=None, wrap_lines=True)
    st.markdown("**Checks before the evaluation**")
    st.markdown(
        "\n".join(f"- {entry.check}, {OUTCOME[entry.passed]}: {plain(entry.message)}" for entry in result.audit)
    )
    st.markdown("**To know about this task**")
    st.markdown("\n".join(f"- {plain(defect)}" for defect in task.defects))
    for column, (name, what) in zip(st.columns(len(DOWNLOADS)), DOWNLOADS.items(), strict=True):
        try:
            content = (evaluation.folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise EvaluationError(f"{name} of this evaluation cannot be read; evaluate again.") from error
        kind = "text/markdown" if name.endswith(".md") else "text/csv"
        column.download_button(
            what, content, file_name=f"{evaluation.checkpoint}-{name}", mime=kind, on_click="ignore", width="stretch"
        )
