"""Load what is slow to import while the first person still reads the notice."""

from __future__ import annotations

from importlib import import_module
from threading import Thread

SLOW_IMPORTS = (
    "suprem.web.audit_cache",
    "suprem.web.read_ecg.ecg_picker",
    "suprem.web.read_ecg.trace_panel",
    "suprem.web.read_ecg.explanation_figure",
    "suprem.inference.predictor",
)
"""In the order they are needed: the log of who accepts the notice, the trace, the model. Seconds each on two cores."""


def warm_start() -> None:
    """Start the imports beside the server; a page that needs one of them meanwhile waits for it and loses nothing."""
    Thread(target=_import_all, name="warm start", daemon=True).start()


def _import_all() -> None:
    for name in SLOW_IMPORTS:
        import_module(name)
