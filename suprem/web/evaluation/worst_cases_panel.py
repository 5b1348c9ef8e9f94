"""The records that the model orders worst for a class, each of which opens on the reading page."""

from __future__ import annotations

import streamlit as st

from suprem.concepts.query import MAX_CHARACTERS
from suprem.datasets.index import RecordIndex
from suprem.errors import EvaluationError
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.worst_cases import Case, worst_cases
from suprem.settings import load_settings
from suprem.web.evaluation.evaluations import choose_class
from suprem.web.read_ecg.ecg_picker import open_record
from suprem.web.read_ecg.query_panel import ask_first
from suprem.web.typed_folder import is_below_roots

KINDS = {"Highest scored without the finding": False, "Lowest scored with the finding": True}


def show_worst_cases(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show the worst records of a class and open the one chosen."""
    code = choose_class(result, "worst")
    if code is None:
        return
    kind = st.segmented_control(
        "Which records",
        tuple(KINDS),
        default=next(iter(KINDS)),
        required=True,
        key="kind",
        label_visibility="collapsed",
    )
    index = _records(evaluation, result.task)
    cases = worst_cases(evaluation.scores(result.task), index, code, positive=KINDS[kind])
    st.dataframe([_row(case) for case in cases], hide_index=True, height="content", key="cases")
    st.caption(
        "The corpus may be wrong, the model, or the query: look for yourself. Labels are the corpus' own; "
        "“above” is the share of all evaluated records with a lower score for this query."
    )
    choosing, opening = st.columns((3, 2), vertical_alignment="bottom")
    chosen = choosing.selectbox("Record", [case.record_id for case in cases], key="case")
    if opening.button("Open on the reading page", type="primary", key="open", width="stretch"):
        query = next(entry.query for entry in result.classes if entry.code == code)
        if len(query) <= MAX_CHARACTERS and " | " not in query:  # else no person could have typed it
            ask_first(query)
        _open(index, chosen)


def _open(index: RecordIndex, record_id: str) -> None:
    row = list(map(str, index.table["record_id"])).index(record_id)
    (path,) = index.take([row]).files()
    if not is_below_roots(path, load_settings()):
        raise EvaluationError(
            f"The recordings of {index.corpus} lie outside the folders that pages may open; an administrator can name "
            "theirs in SUPREM_CORPORA."
        )
    if not path.is_file():
        raise EvaluationError(
            f"The file of record {record_id} is not where it was when it was evaluated; put the recordings of "
            f"{index.corpus} back, or evaluate again from where they are now."
        )
    open_record(f"Record {record_id} of {index.corpus}", path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(folder: str, created: float, task: str, _evaluation: EvaluationFolder) -> RecordIndex:
    return _evaluation.records(task)


def _records(evaluation: EvaluationFolder, task: str) -> RecordIndex:
    return _read(str(evaluation.folder), evaluation.created, task, evaluation)


def _row(case: Case) -> dict[str, str | float]:
    return {
        "record": case.record_id,
        "score": round(case.score, 4),
        "above": f"{100 * case.above:.1f} %",
        "labels": ", ".join(case.labels),
    }
