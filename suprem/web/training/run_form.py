"""The form that describes a training run, and the job that comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

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
from suprem.web.training.job_start import VIEW, start_job
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

N = TypeVar("N", int, float)


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
        column.button(
            label,
            key=key,
            type="secondary" if dry else "primary",
            width="stretch",
            disabled=request is None,
            on_click=start_job,
            args=(store, run_job(request, processes, dry=dry), settings) if request else (),
        )
    if request:
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
    epochs = _number(left, "Epochs", 1, 500, usual.epochs, _key("epochs", preset))
    batch = _number(middle, "Batch", 4, 4096, usual.batch, _key("batch", preset))
    rate = _number(right, "Learning rate", 1e-6, 1e-1, usual.learning_rate, _key("learning_rate", preset), "%.5f")
    seed = _number(left, "Seed", 0, 2**31 - 1, usual.seed, _key("seed", preset))
    processes = _number(middle, "Processes (torchrun)", 1, 64, 1, "processes")
    free = free_name(runs, preset)  # once a run has it, the next free one is proposed
    name = right.text_input("Name of the run", free, max_chars=40, key=f"name-{free}")
    changed = replace(usual, epochs=int(epochs), batch=int(batch), learning_rate=float(rate), seed=int(seed))
    with st.expander("Text encoder, teachers, first weights and precision"):
        config = _edit_beginning(replace(config, training=changed), preset, settings)
    problem = _problem(runs, name, int(batch), int(processes))
    if problem:
        st.error(problem)
    if problem or (preset != "smoke" and data is None):
        return None, int(processes)
    return PretrainRequest(config, runs / name, data, preset=preset), int(processes)


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


def _edit_beginning(config: PretrainConfig, preset: str, settings: Settings) -> PretrainConfig:
    """Ask for the text encoder, for checkpoints to learn from and to begin with, and for the precision."""
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
    weight = _number(left, "Weight of the teachers", 0.0, 1.0, config.teacher_weight, _key("teacher_weight", preset))
    begin = right.selectbox("Begin with the weights of", [ANEW, *known], key=_key("init", preset))
    return replace(
        config,
        encoder=encoder,
        teachers=tuple(known[label] for label in teachers),
        teacher_weight=float(weight),
        init=known.get(begin),
        training=replace(config.training, precision=precision),
    )


def _choice(place: DeltaGenerator, label: str, usual: bool, key: str) -> bool:
    st.session_state.setdefault(key, usual)
    return place.checkbox(label, key=key, persist_state="session")


def _number(place: DeltaGenerator, label: str, low: N, high: N, usual: N, key: str, format: str | None = None) -> N:
    # Not by `value`: Streamlit complains when a field has a value of its own and a clone's settings as well.
    st.session_state.setdefault(key, usual)
    return place.number_input(label, low, high, key=key, format=format, persist_state="session")


def _key(field: str, preset: str) -> str:
    return f"{field}-{preset}"
