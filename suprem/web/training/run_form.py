"""The form that describes a training run, and the job that comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from suprem.concepts.mapping.versions import list_versions
from suprem.jobs.job import JobSpec
from suprem.jobs.store import JobStore
from suprem.resources import CONFIGS
from suprem.settings import Settings
from suprem.web.training.job_start import VIEW, start_job
from suprem.web.training.signal_stores import signal_stores

STATEMENTS = "The 71 SCP-ECG statements, as the corpus labels them"
SYNTHETIC = "Synthetic ECGs (no recordings needed)"
PRESETS = {
    "smoke": "smoke – a tiny network on synthetic ECGs, one minute; shows that everything works",
    "compact": "compact – the shipped network, 8 leads at 100 Hz, sized for a few CPU cores",
    "paper": "paper – the published network and recipe, 12 leads at 500 Hz, for GPUs",
}
USUAL = {"smoke": (4, 16, 3e-3), "compact": (22, 32, 1e-3), "paper": (50, 256, 1e-3)}
"""Epochs, batch and learning rate of each preset."""

FIELDS = {"epochs": int, "batch": int, "learning_rate": float, "seed": int}
"""Settings below `training` that the form asks for."""

N = TypeVar("N", int, float)

SIGNAL_OF_PRESET = {"compact": 100, "paper": 500}


@dataclass(frozen=True)
class RunRequest:
    """What the form asks for. The command line refuses what does not fit, with a sentence in the job's log.

    Args:
        name: Of the run folder, letters, digits and dashes.
        preset: One of `PRESETS`.
        data: Folder of the signal store, None for the synthetic ECGs of "smoke".
        processes: More than one run under torchrun.
        vocabulary: Folder of the vocabulary version to learn, None for the corpus's SCP-ECG statements.
        settings: Changes to the preset, "training.epochs" -> 10.
    """

    name: str
    preset: str
    data: Path | None
    processes: int
    settings: dict[str, Any]
    vocabulary: Path | None = None

    @classmethod
    def of(cls, spec: JobSpec) -> RunRequest | None:
        """Return what a job was asked for, None where it is no run of this form."""
        words = spec.arguments
        options: dict[str, str] = {}
        settings: dict[str, Any] = {}
        for option, value in pairwise(words):
            if option == "--set":
                key, _, text = value.partition("=")
                settings[key] = text
            elif option.startswith("--"):
                options[option] = value
        preset = Path(options.get("--config", "")).stem
        if spec.stage != "pretrain" or preset not in PRESETS or "--run-dir" not in options:
            return None
        data, vocabulary = (Path(options[name]) if name in options else None for name in ("--data", "--vocabulary"))
        return cls(Path(options["--run-dir"]).name, preset, data, spec.processes, settings, vocabulary)

    def job(self, runs: Path, *, dry: bool = False) -> JobSpec:
        """Return the job: the run itself, or the measurement of what it would need."""
        words = ["--config", str(CONFIGS / f"{self.preset}.toml"), "--run-dir", str(runs / self.name)]
        words += ["--data", str(self.data)] if self.data else []
        words += ["--vocabulary", str(self.vocabulary)] if self.vocabulary else []
        for key, value in self.settings.items():
            words += ["--set", f"{key}={str(value).lower() if isinstance(value, bool) else value}"]
        words += ["--dry-run"] if dry else []
        title = f"{'estimate for ' if dry else ''}{self.name} ({self.preset})"
        return JobSpec("pretrain", tuple(words), title, self.processes)


def fill_form(request: RunRequest, settings: Settings) -> None:
    """Put a run's settings into the form, under a name of its own; what is not there any more is left as it is."""
    preset, state = request.preset, st.session_state
    state["preset"] = preset
    for found in signal_stores(settings.home):
        if found.folder == request.data:
            state["data"] = found.label
    titles = {version.folder: version.title for version in list_versions(settings.vocabularies)}
    state["vocabulary"] = titles.get(request.vocabulary, STATEMENTS) if request.vocabulary else STATEMENTS
    for field, read in FIELDS.items():
        if f"training.{field}" in request.settings:
            state[_key(field, preset)] = read(request.settings[f"training.{field}"])
    state["processes"] = request.processes
    state[VIEW] = "New run"


def launch_run(store: JobStore, settings: Settings) -> None:
    """Draw the form, and start what it asks for."""
    request, runs = edit_run(settings), settings.home / "runs"
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
            args=(store, request.job(runs, dry=dry), settings) if request else (),
        )
    if request:
        st.caption(f"The command: `{request.job(runs).command_line}`")


def free_name(runs: Path, preset: str) -> str:
    """Return a name that no run has yet."""
    number = 1
    while (runs / f"{preset}-{number}").exists():
        number += 1
    return f"{preset}-{number}"


def edit_run(settings: Settings) -> RunRequest | None:
    """Draw the form and return what it asks for, None while something is missing."""
    runs = settings.home / "runs"
    preset = st.radio("Preset", list(PRESETS), format_func=PRESETS.__getitem__, key="preset", persist_state="session")
    stores = {
        found.label: found.folder
        for found in signal_stores(settings.home)
        if found.rate == SIGNAL_OF_PRESET.get(preset)
    }
    data: Path | None = None
    vocabulary: Path | None = None
    if preset == "smoke":
        st.caption(f"Data: {SYNTHETIC}. Vocabulary: the 71 SCP-ECG statements.")
    elif stores:
        data = stores[st.selectbox("Data", list(stores), key="data", persist_state="session")]
        versions = {version.title: version.folder for version in list_versions(settings.vocabularies)}
        chosen = st.selectbox(
            "Vocabulary", [STATEMENTS, *reversed(versions)], key="vocabulary", persist_state="session",
            help="A vocabulary version brings labels read from reports; the Concept map page makes versions.",
        )  # fmt: skip
        vocabulary = versions.get(chosen)
        st.caption("Patients never stand on both sides of the split.")
    else:
        st.info(
            f"There is no signal store for this preset yet. Make one under Data, or with "
            f"`python -m pipelines.index_datasets --ptbxl FOLDER --signal {preset}` (or --mimic, --cpsc2018, --csn)"
        )
    left, middle, right = st.columns(3)
    # A preset has its own fields: its values must not stay when another one is chosen.
    usual_epochs, usual_batch, usual_rate = USUAL[preset]
    epochs = _number(left, "Epochs", 1, 500, usual_epochs, _key("epochs", preset))
    batch = _number(middle, "Batch", 4, 4096, usual_batch, _key("batch", preset))
    rate = _number(right, "Learning rate", 1e-6, 1e-1, usual_rate, _key("learning_rate", preset), format="%.5f")
    seed = _number(left, "Seed", 0, 2**31 - 1, 0, _key("seed", preset))
    processes = _number(middle, "Processes (torchrun)", 1, 64, 1, "processes")
    free = free_name(runs, preset)  # once a run has it, the next free one is proposed
    name = right.text_input("Name of the run", free, max_chars=40, key=f"name-{free}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        st.error("A run's name is made of small letters, digits and dashes, for example compact-2.")
        return None
    if (runs / name / "config.toml").exists():
        st.error(f"There is a run {name} already; choose another name, or resume that one below its job.")
        return None
    if batch % processes:
        st.error(f"A batch of {batch} cannot be shared evenly by {processes} processes.")
        return None
    if preset != "smoke" and data is None:
        return None
    changes = {
        "training.epochs": int(epochs),
        "training.batch": int(batch),
        "training.learning_rate": float(rate),
        "training.seed": int(seed),
    }
    return RunRequest(name, preset, data, int(processes), changes, vocabulary)


def _number(place: DeltaGenerator, label: str, low: N, high: N, usual: N, key: str, format: str | None = None) -> N:
    # Not by `value`: Streamlit complains when a field has a value of its own and a clone's settings as well.
    st.session_state.setdefault(key, usual)
    return place.number_input(label, low, high, key=key, format=format, persist_state="session")


def _key(field: str, preset: str) -> str:
    return f"{field}-{preset}"
