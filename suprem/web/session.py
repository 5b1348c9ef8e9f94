"""What one browser session knows, as one typed object; no other module stores in `st.session_state` by name.

It ends with the session. Recordings and scores live only here, never in a cache that users share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from suprem.concepts.review.decision import Equivalence
from suprem.ecg.edit import RecordEdit
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError

if TYPE_CHECKING:  # inference loads torch, which a page needs only once the trace is drawn
    from suprem.ecg.formats.readers import TableFormat
    from suprem.inference.encoded import EncodedSignals
    from suprem.inference.explain import Explanation, ReadRecord
    from suprem.inference.score import QueryScore, WordingSpread
    from suprem.inference.whole_recording import WholeScore
    from suprem.jobs.job import JobSpec
    from suprem.paper.printout import ScoreLine
    from suprem.reports.browse import ReportBase

_KEY = "suprem"


@dataclass
class Reviewing:
    """The row under review, and what was chosen on it but not decided yet.

    Args:
        entity: The row.
        code: The concept chosen by hand, None while it is the one proposed.
        equivalence: None is unset, which it is on every new row.
        told: What was in the way of the last key or button on this row.
    """

    entity: str
    code: str | None = None
    equivalence: Equivalence | None = None
    told: str = ""


@dataclass
class LastScores:
    """The last scores.

    Args:
        question: What they were computed from: checkpoint, recording, window, queries.
        scores: Highest first.
        spreads: Query -> scores of its other wordings, for trained concepts.
    """

    question: tuple[object, ...]
    scores: list[QueryScore]
    spreads: dict[str, WordingSpread]


@dataclass
class Explained:
    """A recording with what its explanations are decoded from, and those decoded so far, by query."""

    question: tuple[object, ...]
    read: ReadRecord
    found: dict[str, Explanation] = field(default_factory=dict)


@dataclass
class Session:
    """State of one browser session.

    Args:
        acknowledged: Whether the research-use notice was accepted.
        opened: Name and recording of a corpus record that another page opened for reading.
        uploads: Uploaded recordings, or why one could not be read, by a digest of the files; for every ECG of the page.
        read_with: What was known about the tables among them when they were read.
        upload_round: How often they were forgotten; a new round has an uploader without files.
        encoded: Each ECG of the page after the encoder, and what was encoded.
        scored: The last scores of each ECG of the page.
        whole: The last scores over all of a long recording, and what they were computed from.
        explained: The last explanations.
        edits: What-if edits of the recording and window they were made for.
        refused_edit: Why the last edit that was asked for cannot be made; shown once.
        reports: Digest of the uploaded table of reports, and what was read from it.
        kept_table: Id of the upload on the page "Concept map", the file it is kept in, and how many reports it holds.
        reviewing: The row under review, by vocabulary version.
        approved_at_once: Numbers of the decisions that one press made, by vocabulary version; one undo takes them back.
        to_start: A job that a form asked for, and whether the page then shows it.
        overridden: Recordings that are scored in spite of the quality check, by key: who wanted it and why.
        trace_round: How often the trace was put back; a new round has neither zoom nor caliper.
        drawn: Whether a trace was drawn; the browser has then what draws the next one.
        printable: Lines of the scores that the page shows now, and their checkpoint; None while it shows none.
        notice: One sentence to show once, from what a button did before the page was drawn.
    """

    acknowledged: bool = False
    opened: tuple[str, EcgRecord] | None = None
    uploads: dict[str, EcgRecord | EcgError] = field(default_factory=dict)
    read_with: dict[str, TableFormat | None] = field(default_factory=dict)
    upload_round: int = 0
    encoded: dict[str, tuple[tuple[object, ...], EncodedSignals]] = field(default_factory=dict)
    scored: dict[str, LastScores] = field(default_factory=dict)
    whole: tuple[tuple[object, ...], list[WholeScore]] | None = None
    explained: Explained | None = None
    edits: tuple[tuple[object, ...], tuple[RecordEdit, ...]] = ((), ())
    refused_edit: str = ""
    reports: tuple[str, ReportBase] | None = None
    kept_table: tuple[str, Path, int] | None = None
    reviewing: dict[str, Reviewing] = field(default_factory=dict)
    approved_at_once: dict[str, list[int]] = field(default_factory=dict)
    to_start: tuple[JobSpec, bool] | None = None
    overridden: dict[str, str] = field(default_factory=dict)
    trace_round: int = 0
    drawn: bool = False
    printable: tuple[list[ScoreLine], str] | None = None
    notice: str = ""


def session() -> Session:
    """Return the state of the current session, new if it has none."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    state: Session = st.session_state[_KEY]
    return state
