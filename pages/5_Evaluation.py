"""For researchers: how good a checkpoint's scores are, task by task and class by class, and where they are not."""

from __future__ import annotations

import streamlit as st

from suprem.evaluation.ablation import list_ablations
from suprem.jobs.runner import reconcile
from suprem.settings import load_settings
from suprem.web.evaluation.ablation_panel import show_ablations
from suprem.web.evaluation.class_panel import show_classes
from suprem.web.evaluation.curve_panel import show_curves, show_operating_points
from suprem.web.evaluation.evaluation_form import start_evaluation
from suprem.web.evaluation.evaluation_panel import show_groups, show_means, show_protocol
from suprem.web.evaluation.evaluations import TASK_TITLES, choose_evaluation, evaluations
from suprem.web.evaluation.external_panel import show_external
from suprem.web.evaluation.probe_panel import show_probes
from suprem.web.evaluation.robustness_panel import show_robustness
from suprem.web.evaluation.versus_panel import show_versus
from suprem.web.evaluation.worst_cases_panel import show_worst_cases
from suprem.web.frame import page
from suprem.web.training.job_cache import job_store

VIEWS = (
    "Classes", "Curves", "Thresholds", "Groups", "Worst cases", "Robustness", "Other hospitals", "Against another",
    "Linear probes", "Ablations", "Protocol, files",
)  # fmt: skip

with page(
    "Evaluation", "How well a checkpoint orders recordings it was not trained on, class by class, with intervals."
):
    settings = load_settings()
    store = job_store(settings)
    reconcile(store, limit=settings.max_jobs)
    found = evaluations(settings)
    if not found:
        st.info(
            "There is no evaluation yet. Give a folder of recordings; the results appear here when the job is done."
        )
        start_evaluation(store, settings)
        if list_ablations(settings.home):
            st.header("Ablations", anchor=False)
            show_ablations(settings)
        st.stop()
    with st.expander("New evaluation", key="new-evaluation"):
        start_evaluation(store, settings)

    evaluation = choose_evaluation("Evaluation", found, "evaluation")
    show_means(evaluation)
    choosing, viewing = st.columns((2, 11), vertical_alignment="bottom")
    task = choosing.selectbox("Task", evaluation.tasks, format_func=TASK_TITLES.__getitem__, key="task")
    view = viewing.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="evaluation-view", label_visibility="collapsed"
    )
    result = evaluation.result(task)
    if view == "Classes":
        show_classes(result)
    elif view == "Curves":
        show_curves(evaluation, result)
    elif view == "Thresholds":
        show_operating_points(evaluation, result)
    elif view == "Groups":
        show_groups(result)
    elif view == "Worst cases":
        show_worst_cases(evaluation, result)
    elif view == "Robustness":
        show_robustness(evaluation, result)
    elif view == "Other hospitals":
        show_external(evaluation)
    elif view == "Against another":
        show_versus(evaluation, result, found)
    elif view == "Linear probes":
        show_probes(evaluation, result)
    elif view == "Ablations":
        show_ablations(settings)
    else:
        show_protocol(evaluation, result)
