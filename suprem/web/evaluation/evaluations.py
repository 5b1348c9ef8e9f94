"""What the parts of the evaluation page share: which evaluations there are, their names, and a choice of one."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from html import escape

import streamlit as st

from suprem.evaluation.evaluation_folder import EVALUATIONS, EvaluationFolder, list_evaluations
from suprem.evaluation.results import EvaluationResult
from suprem.settings import Settings

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


def show_remarks(sentences: Sequence[str]) -> None:
    """Show sentences that take something from the figures above or below them."""
    if sentences:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
        st.html(f'<ul class="remarks">{items}</ul>')


def known_number(value: float) -> float | None:
    """Return a number for a table, None where it is not known (NaN)."""
    return None if math.isnan(value) else round(value, 4)
