"""The checkpoint at other hospitals: means by group, each finding, and its ROC curve with every reader as a point."""

from __future__ import annotations

import math

import streamlit as st

from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.external_result import ExternalResult, FindingResult, Rate
from suprem.evaluation.report import figure
from suprem.evaluation.roc import RocCurve, roc
from suprem.web.evaluation.evaluation_figure import readers_figure
from suprem.web.frame import PLOT, absent, plain

Row = dict[str, str | int | float | None]


def show_external(evaluation: EvaluationFolder) -> None:
    """Show what was measured at other hospitals, or how to measure it."""
    found = {result.hospital: result for result in evaluation.external()}
    if not found:
        absent(
            "This checkpoint was not evaluated at another hospital. A folder of recordings with a label table is "
            "enough; readers' answers and another system's scores are shown beside it.",
            "suprem evaluate --data HOSPITAL",
        )
        return
    result = found[st.selectbox("Hospital", list(found), key="hospital")]
    st.markdown(plain(f"{result.records:,} recordings, {len(result.findings)} findings. {MEANING}"))
    st.dataframe(group_rows(result), hide_index=True, height="content", key="external-groups")
    for caution in cautions(result):
        st.caption(plain(caution))
    findings = {f"{one.group}: {one.finding}".removeprefix(": "): one for one in result.findings}
    usable = [name for name, one in findings.items() if not math.isnan(one.auroc.value)]
    if usable:
        name = st.selectbox("Finding", usable, key="external-finding")
        _show_curve(evaluation, result, findings[name])
    st.dataframe(finding_rows(result), hide_index=True, key="external-findings")


MEANING = (
    "Nothing was learned, chosen or calibrated on them. A reader is compared with the model at the reader's own "
    "specificity, on the ECGs that the reader answered; intervals are bootstrap intervals over patients."
)


def cautions(result: ExternalResult) -> list[str]:
    """Return what to know of the figures."""
    sentences = []
    if result.unreadable:
        first = result.unreadable[0].reason
        sentences.append(f"{len(result.unreadable):,} recordings could not be scored and are in no figure: {first}")
    if result.remarked:
        first = result.remarked[0].reason
        sentences.append(f"Of {len(result.remarked):,} recordings something was assumed or is warned of: {first}")
    chance = [one.finding for one in result.findings if one.auroc.includes_chance and not math.isnan(one.auroc.value)]
    if chance:
        sentences.append(f"The interval includes chance: {', '.join(chance)}.")
    return sentences


def _show_curve(evaluation: EvaluationFolder, result: ExternalResult, finding: FindingResult) -> None:
    curve = _curve(evaluation, str(evaluation.folder), result.created, result, result.findings.index(finding))
    points = [(1 - one.specificity, one.sensitivity, one.reader, one.kind) for one in finding.readers]
    st.plotly_chart(
        readers_figure(curve, points, dark=st.context.theme.type == "dark"),
        theme=None,
        config=PLOT,
        key="external-roc",
        alt=f"ROC curve of {finding.finding} with {len(points)} readers as points; the table has the figures",
    )
    if finding.readers:
        st.dataframe(reader_rows(finding), hide_index=True, height="content", key="external-readers")


@st.cache_data(max_entries=64, show_spinner="Drawing patients …")
def _curve(
    _evaluation: EvaluationFolder, folder: str, created: float, _result: ExternalResult, column: int
) -> RocCurve:
    scores = _evaluation.external_scores(_result)
    known = scores.present[:, column] >= 0
    patients = [patient for patient, yes in zip(scores.patients, known, strict=True) if yes]
    return roc(scores.present[known, column] == 1, scores.logits[known, column], patients)


def group_rows(result: ExternalResult) -> list[Row]:
    """Return one row for each group of findings."""
    return [
        {
            "group": group.group or "all",
            "findings": group.findings,
            "records": group.records,
            "macro AUROC (95 % interval)": _figure(group.macro),
            "other systems": _by_name(group.systems),
            "sensitivity at the readers' specificity": _figure(group.sensitivity),
            "of other systems": _by_name(group.system_sensitivity),
            "of the readers": _figure(group.reader_sensitivity),
            "by kind of reader": ", ".join(f"{kind} {value:.2f}" for kind, value in group.kinds.items()),
        }
        for group in result.groups
    ]


def finding_rows(result: ExternalResult) -> list[Row]:
    """Return one row for each finding."""
    return [
        {
            "group": one.group,
            "finding": one.finding,
            "asked": " | ".join(one.queries),
            "positives": one.positives,
            "records": one.records,
            "AUROC (95 % interval)": _figure(one.auroc),
            "other systems": _by_name(one.systems),
            "sensitivity at the readers' specificity": _figure(one.sensitivity),
            "of the readers": _figure(one.reader_sensitivity),
        }
        for one in result.findings
    ]


def reader_rows(finding: FindingResult) -> list[Row]:
    """Return one row for each reader."""
    return [
        {
            "reader": one.reader,
            "kind": one.kind,
            "answered": one.records,
            "with it": one.positives,
            "sensitivity": round(one.sensitivity, 3),
            "specificity": round(one.specificity, 3),
            "model's sensitivity there": round(one.model, 3),
            **{f"{name}'s": _number(value) for name, value in one.systems.items()},
        }
        for one in finding.readers
    ]


def _figure(rate: Rate) -> str:
    return "" if math.isnan(rate.value) else figure(rate.value, rate.ci)


def _by_name(rates: dict[str, Rate]) -> str:
    return "; ".join(f"{name} {_figure(rate)}" for name, rate in rates.items() if not math.isnan(rate.value))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
