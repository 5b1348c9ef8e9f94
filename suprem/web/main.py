"""The main script: which pages there are, and the gate before all of them.

Pages are given by absolute path and `st.navigation` is called before the gate, so that a deep link on a server just
started meets the gate as well. Pages have no icons: a material icon would become the favicon, which browsers fetch from
the internet.
"""

from __future__ import annotations

import streamlit as st

from suprem.resources import ASSETS, PAGES
from suprem.web.frame import PRODUCT, require_acknowledgement

st.set_page_config(page_title=PRODUCT, page_icon=ASSETS / "logo.svg", layout="wide")
st.logo(ASSETS / "logo.svg", size="large")
st.html(ASSETS / "style.css")
st.html(f'<script id="keys">{(ASSETS / "keys.js").read_text(encoding="utf-8")}</script>', unsafe_allow_javascript=True)

chosen = st.navigation(
    [
        st.Page(PAGES / "1_Read_an_ECG.py", title="Read an ECG", default=True),
        st.Page(PAGES / "2_Report_Entities.py", title="Report entities"),
        st.Page(PAGES / "3_Concept_Map.py", title="Concept map"),
        st.Page(PAGES / "4_Training.py", title="Training"),
        st.Page(PAGES / "5_Evaluation.py", title="Evaluation"),
        st.Page(PAGES / "6_Model_Card.py", title="Model card"),
        st.Page(PAGES / "7_Cohort.py", title="Cohort"),
    ],
    position="top",
)
require_acknowledgement()
chosen.run()
