"""A scored cohort: progress, how a query's scores are spread, a table to sort and filter, single ECGs to open."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from suprem.errors import CheckpointError, CohortError, SupremError
from suprem.export import csv_text, plain_name, text_cell
from suprem.inference.cohort import Cohort, QualityVerdict, has_begun, list_cohorts, state_of
from suprem.inference.reference_bank import OutOfDistributionLevel, ReferenceBank
from suprem.jobs.job import ENDED, Job, State
from suprem.jobs.progress import last_progress, tail
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.web.cohort.cohort_figure import histogram_figure
from suprem.web.cohort.cohort_form import results_of
from suprem.web.frame import PLOT, part, plain, said_at_the_top
from suprem.web.read_ecg.ecg_picker import open_record
from suprem.web.roles import button_options, demand, note, owner_of, refusal_to_others
from suprem.web.training.job_start import GO_ON, STOP, cancel_job, resume_job

SHOWN = 1_000
"""Rows of the table; the export has all."""

NEIGHBOURS = 5
EVERY = "2s"
GRADE = "signal quality"
DELETE = "delete it"
LOST = "AUROC lost by what is missing"
TABLE, ECG = "cohort-table-rows", "cohort-ecg"


@dataclass(frozen=True)
class Selection:
    """What is looked at in a cohort.

    Args:
        query: Number of the query.
        low, high: Range of its scores.
        verdicts: Of the quality check.
        named: Whether recordings are called by their file.
        withheld: Whether scores are shown, too, of which too much of the recording is missing.
    """

    query: int
    low: float
    high: float
    verdicts: tuple[QualityVerdict, ...]
    named: bool
    withheld: bool = False

    def rows(self, cohort: Cohort) -> list[int]:
        """Return the recordings that match, the highest score first and those without scores last."""
        scores = cohort.given(withheld=self.withheld)[:, self.query]
        wanted = np.array([verdict in self.verdicts for verdict in cohort.verdicts], bool)
        with np.errstate(invalid="ignore"):
            within = (scores >= self.low) & (scores <= self.high)
        everything = self.low <= 0.0 and self.high >= 1.0
        found = np.flatnonzero(wanted & (within | (everything & np.isnan(scores))))
        return [int(row) for row in found[np.argsort(-np.nan_to_num(scores[found], nan=-1.0), kind="stable")]]


def show_cohort(folder: Path, settings: Settings, store: JobStore) -> None:
    """Show one cohort; while it is being scored the view follows by itself."""
    job = _job_of(folder, store)
    _follow(folder, job, settings, store)
    if has_begun(folder) and (cohort := _opened(folder, state_of(folder))).done:
        selection = _select(cohort)
        if rows := selection.rows(cohort):
            _show_table(cohort, selection, rows, cohort.likeness(_bank(settings.checkpoint, cohort.plan.checkpoint)))
            _show_chosen(cohort, selection, _choose(cohort, selection, rows), settings)
        else:
            st.info("No recording matches; widen the filter.")
    if job is None or job.state in ENDED:
        with st.popover("Delete this cohort"):
            st.caption("Its scores, and the signals that were uploaded for it, are removed from this server.")
            st.button(
                "Delete", key="delete-cohort", on_click=_delete, args=(folder, settings, store),
                **button_options(refusal_to_others(owner_of(folder), DELETE)),
            )  # fmt: skip


def label(cohort: Cohort, row: int, named: bool) -> str:
    """Return what a recording is called: by its number, since a file name may be a person's."""
    return plain_name(cohort.plan.files[row]) if named else f"ECG {row + 1}"


def table_rows(
    cohort: Cohort, selection: Selection, rows: Sequence[int], likeness: Sequence[OutOfDistributionLevel]
) -> list[dict[str, object]]:
    """Return rows of the table, the chosen query's score first."""
    scores = cohort.given(withheld=selection.withheld)
    ranks = cohort.ranks(selection.query, withheld=selection.withheld)
    others = [number for number in range(len(cohort.plan.queries)) if number != selection.query]
    return [
        {
            "ECG": label(cohort, row, selection.named),
            cohort.plan.queries[selection.query]: _known(scores[row, selection.query]),
            "rank": int(ranks[row]) or None,
            "quality": str(cohort.verdicts[row]),
            GRADE: _known(float(cohort.quality[row])),
            "reference ECGs": str(likeness[row]),
            **{cohort.plan.queries[number]: _known(scores[row, number]) for number in others},
            LOST: lost_words(cohort, row),
            "what was found": cohort.messages[row],
            "what was assumed": cohort.notes[row],
        }
        for row in rows
    ]


def cohort_as_csv(
    cohort: Cohort, selection: Selection, rows: Sequence[int], likeness: Sequence[OutOfDistributionLevel]
) -> str:
    """Return the recordings as CSV, one column a query, with the research-use notice below them."""
    header = ["ecg", "quality", "signal_quality", "reference_ecgs", "auroc_lost", "found", "assumed"]
    header += [*map(text_cell, cohort.plan.queries), "checkpoint"]
    written, scores = [], cohort.given(withheld=selection.withheld)
    for row in rows:
        numbers = ["" if np.isnan(score) else f"{score:.6f}" for score in scores[row]]
        grade = "" if np.isnan(cohort.quality[row]) else f"{cohort.quality[row]:.3f}"
        facts = [text_cell(label(cohort, row, selection.named)), cohort.verdicts[row], grade, likeness[row]]
        facts += map(text_cell, (lost_words(cohort, row), cohort.messages[row], cohort.notes[row]))
        written.append([*facts, *numbers, cohort.plan.checkpoint])
    return csv_text(header, written)


def lost_words(cohort: Cohort, row: int) -> str:
    """Return what each query lost of its AUROC by what is missing of a recording, and which scores are withheld."""
    return "; ".join(
        f"{query} {'not measured' if np.isinf(lost) else f'{lost:.2f}'}{', withheld' if kept else ''}"
        for query, lost, kept in zip(cohort.plan.queries, cohort.lost[row], cohort.withheld[row], strict=True)
        if lost > 0 or kept
    )


def _known(score: float) -> float | None:
    return None if np.isnan(score) else round(float(score), 4)


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(folder: Path, stamp: tuple[int, ...]) -> Cohort:
    return Cohort.open(folder)


def _follow(folder: Path, job: Job | None, settings: Settings, store: JobStore) -> None:
    """Show how far the job is, with what can be done about it."""
    alive = job is not None and store.get(job.id).state not in ENDED
    before = state_of(folder)

    @part(run_every=EVERY if alive else None)
    def follow() -> None:
        now = store.get(job.id) if job is not None else None
        if alive and now is not None and (now.state in ENDED or (not before and state_of(folder) != before)):
            st.rerun()
        if now is not None and now.state not in ENDED:
            progress = last_progress(tail(now.log, lines=20))
            waiting = "Waiting for a free place …" if now.state is State.QUEUED else "Loading the model …"
            st.progress(progress.fraction if progress else 0.0, plain(progress.message) if progress else waiting)
            with st.container(horizontal=True):
                st.button(
                    "Stop", key=f"stop-{now.id}", on_click=cancel_job, args=(store, now.id, settings),
                    **button_options(refusal_to_others(now.owner, STOP)),
                )  # fmt: skip
                st.button("Show what is done so far", key=f"reload-{now.id}")
        elif now is not None and now.state is not State.DONE:
            last = tail(now.log, lines=1)
            st.warning(plain(f"Not finished: {now.message or (last[0] if last else 'it was stopped.')}"))
            st.button(
                "Go on", key=f"go-on-{now.id}", type="primary", on_click=resume_job, args=(store, now.id, settings),
                **button_options(refusal_to_others(now.owner, GO_ON)),
            )  # fmt: skip

    follow()


def _job_of(folder: Path, store: JobStore) -> Job | None:
    return next((job for job in store.jobs(limit=200) if results_of(job.spec) == folder), None)


def _delete(folder: Path, settings: Settings, store: JobStore) -> None:
    """Remove a cohort; another session may be faster, or may have gone on with it."""
    if not folder.is_dir():
        return
    gone = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    with said_at_the_top(), suppress(FileNotFoundError):  # it may be gone already
        owner, job = owner_of(folder), _job_of(folder, store)
        demand(refusal_to_others(owner, DELETE))
        if job is not None and job.state not in ENDED:
            raise CohortError("This cohort is being scored again; stop that first.")
        folder.rename(gone)  # in one step, so that nobody meets half of it
        try:
            note(settings, "cohort_delete", f"cohort {folder.name}", owner=owner)
        except SupremError:  # what cannot be logged does not happen
            gone.rename(folder)
            raise
        shutil.rmtree(gone)


def _select(cohort: Cohort) -> Selection:
    queries, plan = cohort.plan.queries, cohort.plan
    counts = cohort.count()
    facts = ", ".join(f"{count:,} {verdict}" for verdict in map(str, QualityVerdict) if (count := counts.get(verdict)))
    so_far = "" if cohort.finished else f" of {len(plan.files):,}"
    st.html(f'<p class="facts"><strong>{cohort.done:,}{so_far} ECGs</strong>: {facts}. Model {plan.checkpoint}.</p>')
    asking, drawing = st.columns((2, 3), gap="large")
    with asking:
        query = st.selectbox(
            "Query", range(len(queries)), format_func=queries.__getitem__, key=f"cohort-query-{cohort.folder.name}"
        )
        low, high = st.slider("Scores from … to …", 0.0, 1.0, (0.0, 1.0), step=0.01, key="cohort-range")
        verdicts = st.multiselect(
            "Signal quality", list(QualityVerdict), default=list(QualityVerdict), key="cohort-verdicts", format_func=str
        )
        named = st.checkbox(
            "Show file names", key="cohort-named", help="Only where they do not tell who a patient is. They are then "
            "exported as well.",
        )  # fmt: skip
        count = int(cohort.withheld.sum())
        withheld = count > 0 and st.toggle(
            f"Show {count:,} withheld scores",
            key=f"cohort-withheld-{cohort.folder.name}",
            help="So much of the recording is missing that the finding loses more than a tenth of what a perfect score "
            "gains.",
        )
    with drawing:
        scores = cohort.given(withheld=withheld)[:, query]
        found = scores[np.isfinite(scores)]
        figure = histogram_figure(found, low, high, dark=st.context.theme.type == "dark")
        st.plotly_chart(figure, theme=None, config=PLOT, key="cohort-histogram", alt=f"Scores of {queries[query]}")
        if plan.support[query] != "trained":
            st.caption(plain(f"“{queries[query]}” is {plan.support[query]} what the model was trained on."))
    return Selection(query, low, high, tuple(verdicts), named, withheld)


@st.cache_resource(max_entries=2, show_spinner=False)
def _bank(folder: Path, checkpoint: str) -> ReferenceBank | None:
    """Return the reference bank of a cohort's checkpoint, None where the installation's checkpoint is another."""
    try:
        return ReferenceBank.load(folder, checkpoint)
    except CheckpointError:
        return None


def _show_table(
    cohort: Cohort, selection: Selection, rows: list[int], likeness: Sequence[OutOfDistributionLevel]
) -> None:
    st.dataframe(
        table_rows(cohort, selection, rows[:SHOWN], likeness),
        hide_index=True,
        height=min(420, 38 + 35 * len(rows)),
        column_config={
            GRADE: st.column_config.NumberColumn(format="%.2f", help="Graded signal quality, 0 to 1."),
            **{query: st.column_config.NumberColumn(format="%.3f") for query in cohort.plan.queries},
        },
        key=TABLE,
        on_select=partial(_take, cohort, rows),
        selection_mode="single-row",
    )
    shown = f"The first {SHOWN:,} of {len(rows):,}" if len(rows) > SHOWN else f"{len(rows):,}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{shown} ECGs; click a row to choose one. Ranks are within this cohort; a score is no likelihood. "
            "“Unlike” the reference ECGs: how good the scores are on such recordings is not known."
        )
        st.download_button(
            "Download as CSV",
            lambda: cohort_as_csv(cohort, selection, rows, likeness),
            file_name=f"{cohort.folder.name}.csv",
            mime="text/csv",
            key="cohort-csv",
            on_click="ignore",
        )


def _take(cohort: Cohort, rows: list[int]) -> None:
    """Choose the ECG whose row was clicked."""
    selected = st.session_state[TABLE].selection.rows
    if selected and selected[0] < len(rows):
        st.session_state[ECG] = rows[selected[0]]


def _choose(cohort: Cohort, selection: Selection, rows: list[int]) -> int:
    offered = rows[:SHOWN]
    if st.session_state.get(ECG) not in offered:
        st.session_state[ECG] = offered[0]
    chosen: int = st.selectbox("ECG", offered, format_func=lambda row: label(cohort, row, selection.named), key=ECG)
    return chosen


def _show_chosen(cohort: Cohort, selection: Selection, row: int, settings: Settings) -> None:
    """Offer to open the chosen ECG, and those most like it, here or in another cohort of the same model."""
    readable = cohort.verdicts[row] is not QualityVerdict.UNREADABLE
    if st.button("Open in Read an ECG", type="primary", key="open-ecg", disabled=not readable):
        _open(cohort, row)
    if not cohort.scored[row]:
        return
    st.subheader("Most like it", anchor=False)
    folders = {folder.name: folder for folder in list_cohorts(settings.cohorts) if has_begun(folder)}
    names = [cohort.folder.name, *(name for name in folders if name != cohort.folder.name)]
    where = st.selectbox("Look in", names, key="cohort-among") if len(names) > 1 else names[0]
    among = _opened(folders[where], state_of(folders[where]))
    try:
        found = cohort.nearest(row, among, NEIGHBOURS)
    except CohortError as error:
        st.info(plain(str(error)))
        return
    if not found:
        st.caption("No other ECG there has scores.")
    same_query = cohort.plan.queries[selection.query]
    place = among.plan.queries.index(same_query) if same_query in among.plan.queries else None
    for other, likeness in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            name = label(among, other, selection.named)
            score = "" if place is None else f", {same_query} {among.scores[other, place]:.3f}"
            if st.button("Open", key=f"open-{where}-{other}"):
                _open(among, other)
            st.markdown(f"**{plain(name)}** {plain(f'likeness {likeness:.2f}{score}, {among.verdicts[other]}')}")
    st.caption(
        "Likeness is the cosine of what the model's encoder makes of two ECGs; 1 is the same. It is no diagnosis."
    )


def _open(cohort: Cohort, row: int) -> None:
    name = f"{cohort.folder.name}, {label(cohort, row, False)}"
    open_record(name, cohort.path(row), table=cohort.plan.table, links=cohort.plan.links)
