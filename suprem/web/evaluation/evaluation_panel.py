"""One evaluation on the page: the means, the classes, curves, operating points, groups, and how it came about."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from html import escape

import streamlit as st
from scipy.special import expit

from suprem.datasets.catalog import load_task
from suprem.errors import EvaluationError
from suprem.evaluation.calibration import expected_calibration_error, reliability
from suprem.evaluation.evaluation_folder import EVALUATIONS, EvaluationFolder, list_evaluations
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.operating_points import HOW, RULES, OperatingPoint, operating_points
from suprem.evaluation.published import load_published
from suprem.evaluation.report import MEANING, OUTCOME, figure
from suprem.evaluation.results import EvaluationResult, Skipped
from suprem.evaluation.roc import RocCurve, roc
from suprem.evaluation.score_table import ScoreTable
from suprem.settings import Settings
from suprem.web.evaluation.evaluation_figure import class_figure, reliability_figure, roc_figure
from suprem.web.frame import DECIMALS, PLOT, plain

TASK_TITLES = {
    "ptbxl_superclass": "PTB-XL super-class",
    "ptbxl_subclass": "PTB-XL sub-class",
    "ptbxl_form": "PTB-XL form",
    "ptbxl_rhythm": "PTB-XL rhythm",
    "ptbxl_all": "PTB-XL, all 71 statements",
    "cpsc2018": "CPSC-2018",
    "csn": "CSN",
    "challenge": "Challenges of 2020 and 2021",
}
DOWNLOADS = {
    "report.md": "Report (Markdown)",
    "classes.csv": "All classes (CSV)",
    "worst_cases.csv": "Worst cases (CSV)",
}
"""By file that the command wrote beside the results: what it is called."""

Row = dict[str, str | int | float | None]


def evaluations(settings: Settings) -> list[EvaluationFolder]:
    """Return the complete evaluations of this installation, newest first."""
    return list_evaluations(settings.home / EVALUATIONS)


def title_of(evaluation: EvaluationFolder) -> str:
    """Return what an evaluation is called."""
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(evaluation.created))
    run = f" ({evaluation.run})" if evaluation.run else ""
    return f"{evaluation.checkpoint}{run} · {made} · labels {evaluation.labels}, queries {evaluation.queries}"


def choose_evaluation(label: str, found: Sequence[EvaluationFolder], key: str) -> EvaluationFolder:
    """Let a person choose one; the newest at first."""
    by_place = {str(one.folder): one for one in found}
    place = st.selectbox(label, list(by_place), format_func=lambda place: title_of(by_place[place]), key=key)
    return by_place[place]


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
            "AUROC": _number(entry.auroc),
            "95 % from": _number(entry.ci[0]),
            "to": _number(entry.ci[1]),
            "average precision": _number(entry.average_precision),
            "share with it": round(entry.positives / result.records, 4),
            "query known to training": entry.stratum,
        }
        for entry in result.ranking
    ]


def choose_class(result: EvaluationResult, key: str) -> str | None:
    """Let a person choose a class that has an AUROC, the most frequent first; None where there is none."""
    frequent = sorted(result.classes, key=lambda entry: -entry.positives)
    ranked = {entry.code: entry for entry in frequent if not math.isnan(entry.auroc)}
    if not ranked:
        st.info("No class of this task has both labels among the records, so there is nothing to show.")
        return None

    def label(code: str) -> str:
        entry = ranked[code]
        return f"{entry.query} ({code}), {entry.positives:,} positives, AUROC {entry.auroc:.3f}"

    return st.selectbox("Class", list(ranked), format_func=label, key=f"{key}-{result.task}")


def show_curves(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show ROC curve and reliability of a class."""
    code = choose_class(result, "curve")
    if code is None:
        return
    scores = evaluation.scores(result.task)
    column = scores.origin.codes.index(code)
    probable = expit(scores.logits[:, column].astype(float))
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**ROC curve**")
        curve = _roc(scores, code, str(evaluation.folder), evaluation.created, result.task)
        st.plotly_chart(roc_figure(curve, dark=dark), theme=None, config=PLOT, key="roc", alt=f"ROC curve of {code}")
    with right:
        st.markdown("**Reliability**")
        bins = reliability(scores.present[:, column], probable)
        st.plotly_chart(
            reliability_figure(bins, dark=dark),
            theme=None,
            config=PLOT,
            key="reliability",
            alt=f"Reliability of {code}",
        )
    error = expected_calibration_error(scores.present[:, column], probable)
    st.caption(
        f"Expected calibration error of the raw score {error:.3f}. Scores order records; nothing makes them "
        "frequencies, so a curve off the diagonal is the rule."
    )
    if result.calibration:
        st.dataframe(
            [
                {
                    "scores": fit.method,
                    "fitted on": fit.fitted_on or "nothing",
                    "ECE, mean over classes": _number(fit.ece),
                    "Brier score": _number(fit.brier),
                    "classes": len(fit.classes),
                }
                for fit in result.calibration
            ],
            hide_index=True,
        )


@st.cache_data(max_entries=64, show_spinner="Drawing patients …")
def _roc(_scores: ScoreTable, code: str, folder: str, created: float, task: str) -> RocCurve:
    column = _scores.origin.codes.index(code)
    return roc(_scores.present[:, column], _scores.logits[:, column], _scores.patients)


def show_operating_points(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show each class at the threshold of a rule, judged on patients the threshold was not chosen on."""
    rule = st.selectbox("Threshold", RULES, key="rule")
    points, rare = _points(evaluation.scores(result.task), str(evaluation.folder), evaluation.created, result.task)
    queries = {entry.code: entry.query for entry in result.classes}
    rows = [_point_row(point, queries[point.code]) for point in points if point.rule == rule]
    if rows:
        st.dataframe(rows, hide_index=True, height="content", key="points")
    else:
        st.info("No class is frequent enough for a threshold to be chosen and judged.")
    st.caption(plain(HOW))
    if rare:
        st.caption(plain(f"None for {', '.join(entry.name for entry in rare)}: {rare[0].reason}."))


@st.cache_data(max_entries=16, show_spinner="Choosing thresholds …")
def _points(
    _scores: ScoreTable, folder: str, created: float, task: str
) -> tuple[tuple[OperatingPoint, ...], tuple[Skipped, ...]]:
    return operating_points(_scores)


def _point_row(point: OperatingPoint, query: str) -> Row:
    shares = {"sensitivity": point.sensitivity, "specificity": point.specificity, "PPV": point.ppv, "NPV": point.npv}
    return {
        "class": point.code,
        "query": query,
        "score at least": round(point.score, 4),
        **{name: figure(share.value, share.ci) for name, share in shares.items()},
        "F1": _number(point.f1),
        "chosen on (positives)": f"{point.chosen_on[0]:,} ({point.chosen_on[1]:,})",
        "judged on (positives)": f"{point.judged_on[0]:,} ({point.judged_on[1]:,})",
    }


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


def show_remarks(sentences: Sequence[str]) -> None:
    """Show sentences that take something from the figures above or below them."""
    if sentences:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        st.html(f'<ul class="remarks">{items}</ul>')


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
