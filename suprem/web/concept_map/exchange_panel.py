"""A mapping in other systems' formats: handing it over, and taking in what was reviewed elsewhere."""

from __future__ import annotations

import streamlit as st

from suprem.concepts.exchange.exchanged import exchanged_rows
from suprem.concepts.exchange.formats import MAX_BYTES, ExchangeFormat, read_mapping_file, write_mapping
from suprem.concepts.exchange.taking_in import TakenIn, take_in
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.store import ReviewStore
from suprem.errors import SupremError
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of
from suprem.web.frame import plain
from suprem.web.roles import Role, button_options, demand, refusal
from suprem.web.session import session

DECIDE = "take decisions in"


def show_exchange(store: ReviewStore, version: VocabularyVersion, reviewer: str) -> None:
    """Offer the mapping in a format of other systems, and take one in."""
    st.subheader("Other systems", anchor=False)
    giving, taking = st.columns(2)
    with giving:
        names = {str(form): form.label for form in ExchangeFormat}
        chosen = st.selectbox("Format", list(names), format_func=lambda name: names[name], key="exchange-format")
        form = ExchangeFormat(chosen)
        rows = exchanged_rows(
            mappings_of(version.folder),
            store.settled(version.id),
            version.reference(),
            flagged=store.current(version.id),
            counts=mentions_of(version.folder).counts,
        )
        settled = sum(row.decided for row in rows)
        st.download_button(
            "Download for another system",
            write_mapping(rows, form, version.id),
            file_name=f"mapping-{version.id}{form.suffix}",
            mime=form.media_type,
            key="download-exchange",
            disabled=form is not ExchangeFormat.USAGI and not settled,
            on_click=_record,
            args=(store, version, settled, form, reviewer),
        )
        st.caption(
            "Usagi gets every row with its status, the others what is settled. Usagi's concept numbers need your copy "
            "of the OMOP vocabularies: `suprem export-mapping --omop CONCEPT.csv`."
        )
    with taking:
        file = st.file_uploader(
            "A mapping reviewed elsewhere",
            type=["csv", "tsv", "txt", "json"],
            key="mapping-upload",
            max_upload_size=MAX_BYTES // 2**20,
        )
        if file is not None:
            _offer(store, version, reviewer, file.getvalue())


def _offer(store: ReviewStore, version: VocabularyVersion, reviewer: str, content: bytes) -> None:
    form, rows = read_mapping_file(content)
    entities = [row.entity for row in mappings_of(version.folder)]
    taken = take_in(rows, entities, version.reference(), version.id, reviewer)
    st.caption(plain(f"{form.label}, {len(rows):,} rows. {taken.words}"))
    st.button(
        "Take these decisions in",
        key="take-in",
        **button_options(
            refusal(Role.REVIEWER, DECIDE),
            disabled=not taken.drafts,
            help_text="They become yours, with the earlier reviewers in the comment. Rows that you have decided stay.",
        ),
        on_click=_take_in,
        args=(store, taken),
    )


def _take_in(store: ReviewStore, taken: TakenIn) -> None:
    try:
        demand(refusal(Role.REVIEWER, DECIDE))
        written = store.take_in(taken.drafts)
    except SupremError as error:
        session().notice = str(error)
        return
    kept = len(taken.drafts) - written
    session().notice = f"{written:,} decisions were taken in" + (f"; {kept:,} of yours stay." if kept else ".")


def _record(store: ReviewStore, version: VocabularyVersion, rows: int, form: ExchangeFormat, reviewer: str) -> None:
    try:
        store.audit.record(reviewer, "export", version.id, {"rows": rows, "what": f"mapping, {form}"})
    except SupremError as error:
        session().notice = str(error)
