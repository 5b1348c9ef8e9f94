"""The form that describes a training run, and the job that comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from suprem.concepts.embed import ENCODERS
from suprem.concepts.mapping.versions import list_versions
from suprem.experiments.configurations import PretrainRequest, shipped_configuration
from suprem.jobs.job import Job, JobSpec
from suprem.jobs.run_folder import run_checkpoints
from suprem.jobs.store import JobStore
from suprem.settings import Settings
from suprem.training.config import Precision, PretrainConfig
from suprem.web.roles import button_options, refusal_of_stage
from suprem.web.training.estimate_panel import show_estimate
from suprem.web.training.job_start import VIEW, start_next
from suprem.web.training.signal_stores import signal_stores

STATEMENTS = "The 71 SCP-ECG statements, as the corpus labels them"
SYNTHETIC = "Synthetic ECGs (no recordings needed)"
IN_USE = "The checkpoint in use"
ANEW = "Nothing: random weights"
PRESETS = {
    "smoke": "smoke – a tiny network on synthetic ECGs, one minute; shows that everything works",
    "compact": "compact – the shipped network, 8 leads at 100 Hz, sized for a few CPU cores",
    "paper": "paper – the published network and recipe, 12 leads at 500 Hz, for GPUs",
}
PRECISIONS: dict[Precision, str] = {
    "no": "32 bits",
    "bf16": "bfloat16, faster where the hardware has instructions for it",
}
SIGNAL_OF_PRESET = {"compact": 100, "paper": 500}

LIMITS: dict[str, tuple[float, float]] = {
    "Epochs": (1, 500),
    "Batch": (4, 4096),
    "Learning rate": (1e-6, 1e-1),
    "Seed": (0, 2**31 - 1),
    "Processes (torchrun)": (1, 64),
    "Weight of the teachers": (0, 1),
}
"""Of the fields of numbers. What lies outside is told, never replaced: the field would keep an earlier value."""


def run_job(request: PretrainRequest, processes: int, *, dry: bool = False) -> JobSpec:
    """Return the job: the run itself, or the measurement of what it would need."""
    title = f"{'estimate for ' if dry else ''}{request.run_dir.name} ({request.preset})"
    return JobSpec.of("pretrain", replace(request, dry_run=dry), title, processes)


def offer_clone(job: Job, settings: Settings, button: Callable[..., None]) -> None:
    """Offer to put the settings of a job that trains into the form, where it began with one of the presets.

    Args:
        job: Any job.
        settings: Of the installation.
        button: Draws a button.
    """
    if job.spec.stage == "pretrain" and job.spec.configuration.get("preset") in PRESETS:
        button(
            "Clone with changes",
            key=f"clone-{job.id}",
            help="Puts the settings of this run into the form under New run.",
            on_click=fill_form,
            args=(job.spec, settings),
        )


def fill_form(spec: JobSpec, settings: Settings) -> None:
    """Put a run's settings into the form, under a name of its own; what is not there any more is left as it is."""
    request = PretrainRequest.of(spec.configuration)
    config, state = request.config, st.session_state
    state["preset"] = request.preset
    for found in signal_stores(settings.home):
        if found.folder == request.data:
            state["data"] = found.label
    values: dict[str, Any] = {
        "epochs": config.training.epochs,
        "batch": config.training.batch,
        "learning_rate": config.training.learning_rate,
        "seed": config.training.seed,
        "precision": config.training.precision,
        "encoder": config.encoder,
        "statements": config.statements,
        "measured": config.measured,
        "descriptions": config.descriptions,
        "teacher_weight": config.teacher_weight,
    }
    titles = {version.folder: version.title for version in list_versions(settings.vocabularies)}
    if config.vocabulary is None or config.vocabulary in titles:
        values["vocabulary"] = titles[config.vocabulary] if config.vocabulary else STATEMENTS
    labels = {folder: label for label, folder in checkpoints(settings).items()}
    values["teachers"] = [labels[folder] for folder in config.teachers if folder in labels]
    values["init"] = labels.get(config.init, ANEW) if config.init else ANEW
    for name, value in values.items():
        state[_key(name, request.preset)] = value
    state["processes"] = spec.processes
    state[VIEW] = "New run"


def launch_run(store: JobStore, settings: Settings) -> None:
    """Draw the form, and start what it asks for."""
    request, processes = edit_run(settings)
    for column, label, key, dry in zip(
        st.columns(2), ("Estimate time, memory and disk", "Launch"), ("estimate", "launch"), (True, False), strict=True
    ):
        pressed = column.button(
            label,
            key=key,
            type="secondary" if dry else "primary",
            width="stretch",
            **button_options(refusal_of_stage("pretrain"), disabled=request is None),
        )
        # Not by `on_click`, which would start what the form asked for before its last field was changed.
        if pressed and request:
            start_next(run_job(request, processes, dry=dry), follow=not dry)
    if request:
        show_estimate(store, run_job(request, processes, dry=True))
        spec = run_job(request, processes)
        with st.expander("Everything that defines this run"):
            st.code(spec.configuration_text, language="toml")
            st.caption(f"Saved as job.toml, the same runs by `{spec.command_line(Path('job.toml'))}`")


def free_name(runs: Path, preset: str) -> str:
    """Return a name that no run has yet."""
    number = 1
    while (runs / f"{preset}-{number}").exists():
        number += 1
    return f"{preset}-{number}"


def checkpoints(settings: Settings) -> dict[str, Path]:
    """Return the checkpoints that a run can learn from or begin with, by what a form calls them."""
    return {IN_USE: settings.checkpoint.absolute(), **run_checkpoints(settings.home / "runs")}


def edit_run(settings: Settings) -> tuple[PretrainRequest | None, int]:
    """Draw the form and return what it asks for, None while something is missing, and the number of processes."""
    runs = settings.home / "runs"
    preset = st.radio("Preset", list(PRESETS), format_func=PRESETS.__getitem__, key="preset", persist_state="session")
    config = shipped_configuration(preset)
    stores = {
        found.label: found.folder
        for found in signal_stores(settings.home)
        if found.rate == SIGNAL_OF_PRESET.get(preset)
    }
    data: Path | None = None
    if preset == "smoke":
        st.caption(f"Data: {SYNTHETIC}. Vocabulary: the 71 SCP-ECG statements.")
    elif stores:
        data = stores[st.selectbox("Data", list(stores), key="data", persist_state="session")]
        config = _edit_vocabulary(config, preset, settings)
        st.caption("Patients never stand on both sides of the split.")
    else:
        st.info(
            f"There is no signal store for this preset yet. Make one under Data, or with "
            f"`suprem index-datasets --ptbxl FOLDER --signal {preset}` (or --mimic, --cpsc2018, --csn)"
        )
    left, middle, right = st.columns(3)
    # A preset has its own fields: its values must not stay when another one is chosen.
    usual = config.training
    numbers: dict[str, float | None] = {}
    numbers["Epochs"] = epochs = _number(left, "Epochs", usual.epochs, _key("epochs", preset))
    numbers["Batch"] = batch = _number(middle, "Batch", usual.batch, _key("batch", preset))
    numbers["Learning rate"] = rate = _number(
        right, "Learning rate", usual.learning_rate, _key("learning_rate", preset), "%.5f"
    )
    numbers["Seed"] = seed = _number(left, "Seed", usual.seed, _key("seed", preset))
    numbers["Processes (torchrun)"] = processes = _number(middle, "Processes (torchrun)", 1, "processes")
    free = free_name(runs, preset)  # once a run has it, the next free one is proposed
    name = right.text_input("Name of the run", free, max_chars=40, key=f"name-{free}")
    st.caption(
        f"Training ends early after {usual.patience} epochs without a better validation AUROC; the checkpoint is that "
        "of the best epoch, however many follow it."
    )
    with st.expander("Text encoder, teachers, first weights and precision"):
        config, numbers["Weight of the teachers"] = _edit_beginning(config, preset, settings)
    problems = out_of_range(numbers) or list(filter(None, [_problem(runs, name, int(batch), int(processes))]))
    for problem in problems:
        st.error(problem)
    if problems:
        return None, 1
    changed = replace(config.training, epochs=int(epochs), batch=int(batch), learning_rate=float(rate), seed=int(seed))
    config = replace(config, training=changed, teacher_weight=float(numbers["Weight of the teachers"] or 0.0))
    if preset != "smoke" and data is None:
        return None, int(processes)
    return PretrainRequest(config, runs / name, data, preset=preset), int(processes)


def out_of_range(numbers: Mapping[str, float | None]) -> list[str]:
    """Return a sentence for each field whose number is not within its `LIMITS`, or is not there."""
    sentences = []
    for label, value in numbers.items():
        low, high = LIMITS[label]
        if value is None or not low <= value <= high:
            found = "empty" if value is None else f"{value:g}"
            sentences.append(f"{label} is {found}; expected {low:g} to {high:g}. Nothing is launched until it is.")
    return sentences


def _problem(runs: Path, name: str, batch: int, processes: int) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        return "A run's name is made of small letters, digits and dashes, for example compact-2."
    if (runs / name / "config.toml").exists():
        return f"There is a run {name} already; choose another name, or resume that one below its job."
    if batch % processes:
        return f"A batch of {batch} cannot be shared evenly by {processes} processes."
    return ""


def _edit_vocabulary(config: PretrainConfig, preset: str, settings: Settings) -> PretrainConfig:
    """Ask for the queries to learn and for where their labels come from."""
    versions = {version.title: version.folder for version in reversed(list_versions(settings.vocabularies))}
    key = _key("vocabulary", preset)
    # The shipped network learned a version of the concepts, the newest one where there are several.
    st.session_state.setdefault(key, next(iter(versions), STATEMENTS) if preset == "compact" else STATEMENTS)
    chosen = st.selectbox(
        "Vocabulary", [STATEMENTS, *versions], key=key, persist_state="session",
        help="A vocabulary version brings labels read from reports; the Concept map page makes versions.",
    )  # fmt: skip
    if preset == "compact" and not versions:
        st.caption(
            "The shipped network learned the concepts of a vocabulary version, made from the corpus's reports by the "
            "Concept map page; of the statements alone comes another network."
        )
    columns = st.columns(3)
    statements = _choice(columns[0], "Statements correct labels", config.statements, _key("statements", preset))
    measured = _choice(columns[1], "Labels by measurements", config.measured, _key("measured", preset))
    described = _choice(columns[2], "Lay descriptions", config.descriptions, _key("descriptions", preset))
    return replace(
        config, vocabulary=versions.get(chosen), statements=statements, measured=measured, descriptions=described
    )


def _edit_beginning(config: PretrainConfig, preset: str, settings: Settings) -> tuple[PretrainConfig, float | None]:
    """Ask for the text encoder, for checkpoints to learn from and to begin with, and for the precision.

    Returns:
        The configuration, and the weight of the teachers as it was typed.
    """
    known = checkpoints(settings)
    left, right = st.columns(2)
    key = _key("encoder", preset)
    st.session_state.setdefault(key, config.encoder)
    encoder = left.selectbox("Text encoder", ENCODERS, key=key, persist_state="session")
    key = _key("precision", preset)
    st.session_state.setdefault(key, config.training.precision)
    precision = right.selectbox(
        "Precision", list(PRECISIONS), format_func=PRECISIONS.__getitem__, key=key, persist_state="session"
    )
    teachers = st.multiselect(
        "Teachers", list(known), key=_key("teachers", preset), persist_state="session",
        placeholder="Checkpoints whose scores are learned beside the labels",
    )  # fmt: skip
    weight = _number(left, "Weight of the teachers", config.teacher_weight, _key("teacher_weight", preset))
    begin = right.selectbox("Begin with the weights of", [ANEW, *known], key=_key("init", preset))
    chosen = replace(
        config,
        encoder=encoder,
        teachers=tuple(known[label] for label in teachers),
        init=known.get(begin),
        training=replace(config.training, precision=precision),
    )
    return chosen, weight


def _choice(place: DeltaGenerator, label: str, usual: bool, key: str) -> bool:
    st.session_state.setdefault(key, usual)
    return place.checkbox(label, key=key, persist_state="session")


def _number(place: DeltaGenerator, label: str, usual: float, key: str, format: str | None = None) -> float:
    # Not by `value`: Streamlit complains when a field has a value of its own and a clone's settings as well.
    st.session_state.setdefault(key, usual)
    # Without limits, which would make the browser keep a number that lies outside to itself: `out_of_range` tells it.
    whole = isinstance(usual, int)
    step: float = 1 if whole else 0.01
    return float(place.number_input(label, step=step, key=key, format=format, persist_state="session"))


def _key(field: str, preset: str) -> str:
    return f"{field}-{preset}"
