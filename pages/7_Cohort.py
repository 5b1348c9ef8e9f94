"""For clinical researchers: score many ECGs in the background, then sort, filter and open them."""

from __future__ import annotations

import streamlit as st

from suprem.inference.cohort import list_cohorts
from suprem.jobs.runner import reconcile
from suprem.settings import load_settings
from suprem.web.cohort.cohort_form import BEGUN, CHOSEN, VIEW, begin_cohort
from suprem.web.cohort.cohort_panel import show_cohort
from suprem.web.frame import page
from suprem.web.training.job_cache import job_store

BROWSE, NEW = "Browse", "New cohort"

with page("Cohort", "Score many ECGs in the background, then sort, filter and open them."):
    settings = load_settings()
    store = job_store(settings)
    reconcile(store, limit=settings.max_jobs)
    folders = {folder.name: folder for folder in list_cohorts(settings.cohorts)}
    # Not by `default`: a cohort that was begun chooses the view as well.
    if st.session_state.pop(BEGUN, VIEW not in st.session_state):
        st.session_state[VIEW] = BROWSE if folders else NEW
    view = st.segmented_control("View", (BROWSE, NEW), required=True, key=VIEW, label_visibility="collapsed")
    if view == NEW:
        begin_cohort(settings, store)
    elif not folders:
        st.info("There is no cohort yet. Begin with New cohort.")
    else:
        chosen = st.selectbox("Cohort", list(folders), key=CHOSEN)
        show_cohort(folders[chosen], settings, store)
