"""For cardiologists: what ECG reports say, entity by entity, with the words it was read from."""

from __future__ import annotations

import streamlit as st

from suprem.reports.browse import read_text
from suprem.web.concept_map.concept_cache import concept_of
from suprem.web.frame import page
from suprem.web.report_entities.entity_panel import choose_entity, found_rows, show_reports, show_summary
from suprem.web.report_entities.highlight import highlighted, legend
from suprem.web.report_entities.report_source import choose_reports

with page(
    "Report entities", "See which findings ECG reports state, doubt and deny, and the words they were read from."
):
    browsing, pasting = st.tabs(["Browse reports", "Paste a report"])

    with browsing:
        base = choose_reports()
        if base is not None:
            show_summary(base)
            table, reading = st.columns((3, 2), gap="large")
            with table:
                entity = choose_entity(base.counts)
            if entity is None:
                reading.info("No entity passes these filters; take a word away or lower the number of reports.")
            else:
                with reading:
                    show_reports(base, entity)

    with pasting:
        text = st.text_area(
            "Report", key="pasted-report", height=120, max_chars=20_000,
            placeholder="For example: sinus rhythm. possible inferior infarction. no acute ischemia.",
            help="It is kept in memory only, for this session. Leave out the patient's name and number.",
        )  # fmt: skip
        if not text.strip():
            st.info("Paste the text of one ECG report. Its findings are marked, and named in full words.")
        else:
            pasted = read_text(text)
            (report,) = pasted.extraction.reports
            st.html(legend())
            st.html(highlighted(text, report.entities))
            if not report.entities:
                st.warning("No finding was recognised. The rules read English reports, and some German words.")
            else:
                targets = concept_of(sorted({entity.name for entity in report.entities}))
                st.dataframe(found_rows(report.entities, targets), hide_index=True)
