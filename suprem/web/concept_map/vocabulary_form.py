"""A new vocabulary version: choose or hand in the reports, choose the vocabulary, and follow the job that makes it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from suprem.concepts.mapping.versions import list_versions
from suprem.experiments.configurations import VocabularyConfig
from suprem.jobs import runner
from suprem.jobs.job import ENDED, Job, JobSpec, State
from suprem.jobs.progress import tail
from suprem.jobs.store import JobStore
from suprem.reports.kept import keep_table, kept_tables
from suprem.resources import ASSETS
from suprem.settings import Settings
from suprem.web.concept_map.concept_view import SOURCE, kept_title, review
from suprem.web.concept_map.target_vocabulary import choose_vocabulary
from suprem.web.frame import plain, said_at_the_top
from suprem.web.report_entities.report_source import EXAMPLES, MAX_UPLOAD_MB, OWN, UPLOAD
from suprem.web.roles import Role, actor, button_options, demand, note, refusal, refusal_of_stage
from suprem.web.session import session
from suprem.web.training.job_cache import job_store
from suprem.web.training.job_panel import show_job
from suprem.web.training.job_start import start_job

STAGE = "build_vocabulary"
KEEP, REMOVE = "hand in a table of reports", "remove a table of reports"


def build_vocabulary(settings: Settings) -> None:
    """Ask for reports and a vocabulary, and follow the job that makes a version of them.

    Raises:
        SupremError: What was handed in cannot be used.
    """
    asking, choosing = st.columns(2, gap="large")
    with asking:
        table = _choose_table(settings)
    with choosing:
        vocabulary = choose_vocabulary(settings)
    store = job_store(settings)
    runner.reconcile(store, limit=settings.max_jobs)
    jobs = [job for job in store.jobs(limit=50) if job.spec.stage == STAGE]
    running = any(job.state not in ENDED for job in jobs)
    st.button(
        "Build the version",
        key="build-version",
        type="primary",
        **button_options(
            refusal_of_stage(STAGE),
            disabled=table is None or vocabulary is None or running,
            help_text="Reads the reports, maps what they say, and labels each report; twenty thousand take about a "
            "minute.",
        ),
        on_click=_build,
        args=(store, settings, table, vocabulary),
    )
    if jobs:
        show_job(store, jobs[0].id, settings, result=_offer_version)


def _choose_table(settings: Settings) -> Path | None:
    """Offer the tables that are there, or take one; None while there is none."""
    kept = kept_tables(settings.kept_reports)
    tables = {EXAMPLES: ASSETS / "reports" / "examples.csv"}
    if settings.reports:
        tables[OWN] = settings.reports
    tables |= {kept_title(path): path for path in kept}
    if st.session_state.get(SOURCE) not in (*tables, UPLOAD):  # also where the chosen one was removed
        st.session_state[SOURCE] = OWN if settings.reports else EXAMPLES
    source = st.radio("Build it from", (*tables, UPLOAD), key=SOURCE)
    path = _uploaded(settings) if source == UPLOAD else tables[source]
    if kept:
        with st.popover("Remove uploaded tables"):
            for table in kept:
                st.button(
                    f"Remove {kept_title(table)}",
                    key=f"remove-{table.stem}",
                    on_click=_remove,
                    args=(table, settings),
                    **button_options(refusal(Role.RESEARCHER, REMOVE)),
                )
            st.caption("Versions made from a table stay; its sentences are then no longer shown beside them.")
    return path


def _remove(table: Path, settings: Settings) -> None:
    with said_at_the_top():
        demand(refusal(Role.RESEARCHER, REMOVE))
        note(settings, "reports_remove", table.stem)
        table.unlink(missing_ok=True)


def _uploaded(settings: Settings) -> Path | None:
    if refused := refusal(Role.RESEARCHER, KEEP):
        st.info(plain(refused))
        return None
    file = st.file_uploader(
        "A CSV table with an id and a text column, or PTB-XL's or MIMIC-IV-ECG's table",
        key="version-table",
        max_upload_size=MAX_UPLOAD_MB,
        help="Each row is one ECG's report. Remove names and numbers of patients from it first.",
    )
    st.caption(
        "The table is kept on this server, under a number and readable by this program only, for the job and for the "
        "sentences that reviewers read, until it is removed here."
    )
    if file is None:
        session().kept_table = None
        return None
    known = session().kept_table
    if known is None or known[0] != file.file_id:
        known = session().kept_table = (file.file_id, *keep_table(file.getvalue(), settings.kept_reports))
    _, path, reports = known
    if not path.is_file():
        st.info("That table was removed. Choose its file again to build from it.")
        return None
    st.caption(f"{reports:,} {'report' if reports == 1 else 'reports'} read.")
    return path


def _offer_version(_store: JobStore, job: Job, settings: Settings) -> bool:
    """Offer the version that a job made; return whether it made one."""
    if job.state is not State.DONE:
        return False
    made = Path("".join(tail(job.log, lines=1))).name
    version = next((version for version in list_versions(settings.vocabularies) if version.id == made), None)
    if version is None:
        return False
    st.markdown(f"**{plain(version.title)}**, {len(version.vocabulary()):,} concepts")
    if st.button("Review this version", key=f"review-{job.id}", type="primary", on_click=review, args=(version.id,)):
        st.rerun()
    return True


def _build(store: JobStore, settings: Settings, table: Path, vocabulary: Path) -> None:
    if not table.is_file():
        session().notice = "That table was removed in the meantime. Hand it in again."
        return
    asked = VocabularyConfig(reports=table, out=settings.vocabularies, vocabulary=vocabulary, owner=actor())
    start_job(store, JobSpec.of(STAGE, asked, "build a vocabulary version"), settings)
