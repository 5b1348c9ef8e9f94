"""One class of a task: its ROC curve, its calibration, and its operating points."""

from __future__ import annotations

import streamlit as st
from scipy.special import expit

from suprem.evaluation.calibration import expected_calibration_error, reliability
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.operating_points import HOW, RULES, OperatingPoint, operating_points
from suprem.evaluation.report import figure
from suprem.evaluation.results import EvaluationResult, Skipped
from suprem.evaluation.roc import RocCurve, roc
from suprem.evaluation.score_table import ScoreTable
from suprem.web.evaluation.evaluation_figure import reliability_figure, roc_figure
from suprem.web.evaluation.evaluations import (
    Row,
    choose_class,
    known_number,
)
from suprem.web.frame import PLOT, plain


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
                    "ECE, mean over classes": known_number(fit.ece),
                    "Brier score": known_number(fit.brier),
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
        "F1": known_number(point.f1),
        "chosen on (positives)": f"{point.chosen_on[0]:,} ({point.chosen_on[1]:,})",
        "judged on (positives)": f"{point.judged_on[0]:,} ({point.judged_on[1]:,})",
    }
