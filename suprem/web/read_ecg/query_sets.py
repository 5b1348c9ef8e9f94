"""Sets of queries by name: ours, and those that users of this installation saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from suprem.atomic import write_text
from suprem.errors import QueryError

START = (
    "Normal ECG",
    "Atrial fibrillation",
    "Sinus tachycardia",
    "First degree AV block",
    "Left bundle branch block",
    "Right bundle branch block",
    "Inferior myocardial infarction",
    "Left ventricular hypertrophy",
    "ST depression",
)
"""What the page starts with: something of each kind."""

BUILT_IN: dict[str, tuple[str, ...]] = {
    "Overview": START,
    "Rhythm": (
        "Sinus rhythm",
        "Sinus bradycardia",
        "Sinus tachycardia",
        "Sinus arrhythmia",
        "Atrial fibrillation",
        "Atrial flutter",
        "Supraventricular tachycardia",
        "Premature atrial complexes",
        "Premature ventricular complexes",
        "Paced rhythm",
    ),
    "Conduction": (
        "First degree AV block",
        "Second degree AV block",
        "Third degree AV block",
        "Left bundle branch block",
        "Right bundle branch block",
        "Incomplete right bundle branch block",
        "Left anterior fascicular block",
        "Left posterior fascicular block",
        "Nonspecific intraventricular conduction delay",
        "Wolff-Parkinson-White syndrome",
    ),
    "Infarction and ischemia": (
        "Inferior myocardial infarction",
        "Anterior myocardial infarction",
        "Anteroseptal myocardial infarction",
        "Lateral myocardial infarction",
        "Posterior myocardial infarction",
        "Ischemia in anterolateral leads",
        "Ischemia in inferior leads",
        "Pathological Q waves",
    ),
    "Hypertrophy and axis": (
        "Left ventricular hypertrophy",
        "Right ventricular hypertrophy",
        "Left atrial enlargement",
        "Right atrial enlargement",
        "Left axis deviation",
        "Right axis deviation",
        "Low QRS voltage",
    ),
    "ST-T": (
        "ST depression",
        "ST elevation",
        "Nonspecific ST changes",
        "T wave inversion",
        "Low amplitude T waves",
        "Long QT interval",
        "Digitalis effect",
        "Early repolarization",
    ),
    "Rate, intervals, voltages": (
        "Heart rate below 60 per minute",
        "Heart rate above 100 per minute",
        "Irregular RR intervals",
        "PR interval above 200 ms",
        "QRS duration above 120 ms",
        "Corrected QT interval above 460 ms",
        "QRS axis between -30 and -90 degrees",
        "Sokolow-Lyon index above 3.5 mV",
    ),
    "Single walls": (
        "T wave inversion in inferior leads",
        "T wave inversion in lateral leads",
        "T wave inversion in anterior leads",
        "ST depression in inferior leads",
        "ST depression in lateral leads",
        "ST elevation in anterior leads",
        "Q wave in inferior leads",
        "Poor R wave progression",
    ),
}

MAX_NAME = 60
MAX_SETS = 200

_writing = Lock()


class SavedSets:
    """The users' own sets, in one JSON file that every user of the installation reads.

    Args:
        path: The file; its folder is made when the first set is saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, tuple[str, ...]]:
        """Return the sets by name, in alphabetical order.

        Raises:
            QueryError: The file was damaged by hand.
        """
        if not self.path.is_file():
            return {}
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): tuple(map(str, stored[name])) for name in sorted(stored, key=str.casefold)}
        except (ValueError, TypeError) as error:
            raise QueryError(
                f"The file of saved query sets, {self.path.name}, is damaged; mend or remove it."
            ) from error

    def save(self, name: str, queries: Sequence[str]) -> None:
        """Store a set; one of the same name is replaced.

        Raises:
            QueryError: The name is empty, too long or that of a built-in set, or there is nothing to save.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= MAX_NAME:
            raise QueryError(f"The name of a set has {len(name)} characters; expected 1 to {MAX_NAME}.")
        if name in BUILT_IN:
            raise QueryError(f"“{name}” is a built-in set; choose another name.")
        if not queries:
            raise QueryError("There are no queries to save; type at least one.")
        with _writing:
            sets = self.load()
            if name not in sets and len(sets) >= MAX_SETS:
                raise QueryError(f"{MAX_SETS} sets are saved already; delete one first.")
            self._write({**sets, name: tuple(queries)})

    def delete(self, name: str) -> None:
        """Remove a set; one that is gone already is no error."""
        with _writing:
            self._write({kept: queries for kept, queries in self.load().items() if kept != name})

    def _write(self, sets: dict[str, tuple[str, ...]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, json.dumps(sets, ensure_ascii=False, indent=1))
