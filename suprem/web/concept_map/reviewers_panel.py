"""Several reviewers: how far they agree, what is to be adjudicated, and the mapping they approve."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import streamlit as st

from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.decision import MAX_COMMENT, Decision, ReviewerAgreement, Status
from suprem.concepts.review.review_export import approved_as_csv
from suprem.concepts.review.store import ReviewStore
from suprem.errors import SupremError
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of, reference_terms_of
from suprem.web.concept_map.exchange_panel import show_exchange
from suprem.web.concept_map.review_words import STATUS_WORDS
from suprem.web.frame import plain
from suprem.web.roles import Role, demand, refusal
from suprem.web.session import session

SHOWN_DISPUTES, SHOWN_EVENTS = 50, 200


def show_reviewers(store: ReviewStore, version: VocabularyVersion, reviewer: str) -> None:
    """Show agreement and the rows to adjudicate."""
    decisions = store.current(version.id)
    names = sorted({decision.reviewer for decision in decisions})
    st.caption(
        "Reviewers do not see each other's decisions on the review view. Here they meet, once both have decided."
    )
    if len(names) < 2:
        st.info("Agreement needs two reviewers. So far: " + (plain(", ".join(names)) or "none") + ".")
    else:
        pairs = [store.agreement(version.id, first, second) for first, second in combinations(names, 2)]
        st.dataframe([agreement_row(pair) for pair in pairs], hide_index=True, key="agreement")

    disputes = store.disagreements(version.id)
    counts = mentions_of(version.folder).counts
    st.subheader(f"To adjudicate: {len(disputes):,}", anchor=False)
    if not disputes:
        st.caption("Nothing: where two reviewers decided the same row, they agree or somebody has ruled.")
    for entity in sorted(disputes, key=lambda name: (-counts.get(name, 0), name))[:SHOWN_DISPUTES]:
        _show_dispute(store, version, reviewer, entity, disputes[entity], counts.get(entity, 0))


def agreement_row(agreement: ReviewerAgreement) -> dict[str, str | int]:
    """Return how far two reviewers agree, as a row."""
    return {
        "reviewers": f"{agreement.first} and {agreement.second}",
        "rows both decided": agreement.rows,
        "same answer": "" if agreement.observed is None else f"{agreement.observed:.0%}",
        "Cohen's kappa": "not defined" if agreement.kappa is None else f"{agreement.kappa:.2f}",
        "95 % interval": "{:.2f} to {:.2f}".format(*agreement.interval) if agreement.interval else "too few rows",
    }


def show_export(store: ReviewStore, version: VocabularyVersion, reviewer: str) -> None:
    """Offer the approved mapping and the audit log, and check the log."""
    settled = store.settled(version.id)
    st.markdown(
        f"**{len(settled):,}** of {len(mappings_of(version.folder)):,} rows are settled: all their reviewers agree, or "
        "somebody has ruled. Only these are exported, with who decided and when."
    )
    st.download_button(
        "Download the approved mapping",
        approved_as_csv(settled, mappings_of(version.folder), version.reference()),
        file_name=f"mapping-{version.id}.csv",
        mime="text/csv",
        key="download-mapping",
        type="primary",
        disabled=not settled,
        on_click=_record_export,
        args=(store, version, len(settled), reviewer),
    )
    show_exchange(store, version, reviewer)
    st.subheader("Audit log", anchor=False)
    if st.button("Check that nothing was changed", key="verify"):
        broken = store.verify()
        if broken is None:
            st.success(f"Every row is as it was written. The log ends at {store.audit.head()}.")
        else:
            st.error(f"Row {broken.number} {broken.reason}.")
    rows = store.audit.rows(limit=SHOWN_EVENTS)
    if not rows:
        st.caption("Empty so far: every decision, applied threshold and export is written here, and never changed.")
        return
    st.dataframe(
        [
            {
                "row": row.number,
                "when (UTC)": row.at[:19].replace("T", " "),
                "who": row.actor,
                "what": row.action,
                "on": row.subject,
                "details": row.details,
            }
            for row in rows
        ],
        hide_index=True,
        height=360,
        key="audit",
    )


def _show_dispute(
    store: ReviewStore,
    version: VocabularyVersion,
    reviewer: str,
    entity: str,
    decisions: tuple[Decision, ...],
    records: int,
) -> None:
    names = reference_terms_of(version.folder)

    def words(decision: Decision) -> str:
        return f"{names.get(decision.code, decision.code)} ({decision.code})" if decision.code else "no concept"

    key = f"{version.id}-{entity}"
    with st.container(border=True):
        st.markdown(f"**{plain(entity)}** · {records:,} records")
        for decision in decisions:
            comment = f" – “{decision.comment}”" if decision.comment else ""
            target = "" if decision.status is Status.NO_TARGET else f": {words(decision)}"
            st.caption(plain(f"{decision.reviewer}: {STATUS_WORDS[decision.status]}{target}{comment}"))
        if reviewer in {decision.reviewer for decision in decisions}:
            st.caption("You decided this row yourself. A third person adjudicates it.")
            return
        if refused := refusal(Role.ADJUDICATOR, "adjudicate"):
            st.caption(plain(refused))
            return
        first = [decision.code for decision in decisions if decision.code]
        st.selectbox(
            "Goes to",
            [*dict.fromkeys(first), "", *(code for code in names if code not in first)],
            key=f"ruling-{key}",
            format_func=lambda code: f"{names.get(code, code)} ({code})" if code else "No concept says this",
        )
        st.text_input(
            "Reason", key=f"reason-{key}", max_chars=MAX_COMMENT, placeholder="kept for ever; no patient's name"
        )
        st.button("Adjudicate", key=f"rule-{key}", on_click=_rule(store, version, reviewer, entity))


def _rule(store: ReviewStore, version: VocabularyVersion, reviewer: str, entity: str) -> Callable[[], None]:
    def rule() -> None:
        code, reason = (str(st.session_state[f"{field}-{version.id}-{entity}"]) for field in ("ruling", "reason"))
        if not reason.strip():
            session().notice = f"{plain(entity)} is not adjudicated yet: give a reason, which stays with the ruling."
            return
        status = Status.APPROVED if code else Status.NO_TARGET
        try:
            demand(refusal(Role.ADJUDICATOR, "adjudicate"))
            store.adjudicate(
                version.id, entity, reviewer, status=status, code=code, comment=reason.strip(), expected=None
            )
        except SupremError as error:
            session().notice = str(error)

    return rule


def _record_export(store: ReviewStore, version: VocabularyVersion, rows: int, reviewer: str) -> None:
    try:
        store.audit.record(reviewer, "export", version.id, {"rows": rows, "what": "approved mapping"})
    except SupremError as error:
        session().notice = str(error)
