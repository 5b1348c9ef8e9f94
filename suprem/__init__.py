"""SuPreME Studio: score 12-lead ECGs against typed cardiac findings. Research use only, not a medical device.

The map of the house, from the ground up. A room imports only rooms above it in this list (docs/architecture.md has the
exact table, tests/test_architecture.py holds everyone to it):

    errors       every error raised on purpose, each message a sentence for a person
    atomic       files that are there whole or not at all
    configfile   strict TOML <-> frozen dataclass
    settings     where this installation keeps things and what it runs on
    ecg          one ECG: record, readers, quality, and preprocess(), the only way to model input
    reports      report text -> entities
    model        the network: tensors only
    concepts     words -> vocabulary, text vectors, queries
    datasets     many ECGs: corpora, labels, the signal store
    inference    ECG + queries -> scores: Predictor, used by pages, commands and evaluation alike
    api          what a Python program uses: load, score, features
    evaluation   how good the scores are
    training     how the model is learned
    web          the only room that knows Streamlit

For Python programs: `suprem.load()`, a model with `score`, `score_all` and `features`, and `suprem.Features()` for
scikit-learn; they are in `api`.

Outside: `pages/` (thin, what a person sees), `pipelines/` (one command per stage), `assets/` (what ships).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suprem.api.features import Features
    from suprem.api.model import Model, load
    from suprem.api.scores import RecordScores, UnscoredRecord, as_frame

__version__ = "0.1.0"
__all__ = ["load", "Model", "RecordScores", "UnscoredRecord", "as_frame", "Features", "__version__"]

_HOMES = {
    "load": "model",
    "Model": "model",
    "RecordScores": "scores",
    "UnscoredRecord": "scores",
    "as_frame": "scores",
    "Features": "features",
}
"""Public name -> module of `suprem.api`, imported when first used: torch and scikit-learn take seconds."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"suprem.api.{_HOMES[name]}"), name)
