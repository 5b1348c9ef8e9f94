"""The classes of one task: their figures, what they hold for, and what is to be said of them."""

from __future__ import annotations

import streamlit as st

from suprem.evaluation.report import figure
from suprem.evaluation.results import EvaluationResult
from suprem.web.evaluation.evaluation_figure import class_figure
from suprem.web.evaluation.evaluations import (
    Row,
    known_number,
    show_remarks,
)
from suprem.web.frame import DECIMALS, PLOT, plain


def show_classes(result: EvaluationResult) -> None:
    """Show AUROC with interval by class, as a picture and as a table, and which classes have none."""
    st.markdown(plain(summary(result)))
    show_remarks(cautions(result))
    drawn = class_figure(result, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        drawn, theme=None, config=PLOT, key="classes", alt="AUROC by class; the table below has the same figures"
    )
    st.caption("The number beside each query is how many records have the finding.")
    st.dataframe(
        class_rows(result),
        hide_index=True,
        column_config=dict.fromkeys(("AUROC", "95 % from", "to", "average precision", "share with it"), DECIMALS),
        key="class-table",
    )


def summary(result: EvaluationResult) -> str:
    """Return the result in a sentence or two."""
    return (
        f"Macro AUROC {figure(result.macro, result.macro_ci)} on {result.records:,} records of {result.patients:,} "
        f"patients ({result.split}); text encoder {result.encoder}, labels {result.labels}, protocol {result.protocol}."
    )


def cautions(result: EvaluationResult) -> list[str]:
    """Return what makes a result less than it looks, in sentences."""
    sentences = [result.caution] if result.caution else []
    if result.published_records is not None:
        absent = result.published_records - result.records - len(result.unreadable)
        if absent > 0:
            sentences.append(f"{absent:,} of {result.published_records:,} records of the release are absent here.")
    if result.unreadable:
        first = result.unreadable[0]
        sentences.append(
            f"{len(result.unreadable)} records could not be read and are in no figure; the first, {first.name}: "
            f"{first.reason}"
        )
    if result.remarked:
        first = result.remarked[0]
        sentences.append(
            f"Of {len(result.remarked):,} records something was assumed in reading or is warned of; the first, "
            f"{first.name}: {first.reason}"
        )
    sentences += [f"Check of {entry.check} failed: {entry.message}." for entry in result.audit if entry.passed is False]
    for reason in dict.fromkeys(entry.reason for entry in result.skipped):
        names = ", ".join(entry.name for entry in result.skipped if entry.reason == reason)
        sentences.append(f"No AUROC, and left out of the mean: {names} ({reason}).")
    return sentences


def class_rows(result: EvaluationResult) -> list[Row]:
    """Return one row a class, the highest AUROC first."""
    return [
        {
            "class": entry.code,
            "query": entry.query,
            "positives": entry.positives,
            "AUROC": known_number(entry.auroc),
            "95 % from": known_number(entry.ci[0]),
            "to": known_number(entry.ci[1]),
            "average precision": known_number(entry.average_precision),
            "share with it": round(entry.positives / result.records, 4),
            "query known to training": entry.stratum,
        }
        for entry in result.ranking
    ]
