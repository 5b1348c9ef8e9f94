"""A cohort: many ECGs scored against the same queries, in a folder that grows part by part and can be gone on with.

`cohort.json` says what is scored, with what; `parts/` holds the results of so many recordings each, written as a whole;
`manifest.json` is written last. Of a recording no more is kept than where it lies below its folder, what the quality
check found, its logits, and the pooled features by which like recordings are found.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.concepts.cosine import unit_rows
from suprem.ecg.checks.quality import Level
from suprem.ecg.formats.table import TableFormat
from suprem.errors import CohortError
from suprem.inference.reference_bank import OutOfDistributionLevel, ReferenceBank
from suprem.plain_data import from_plain, to_plain

PART = 64
"""Recordings in a part: what a stopped run has to do again at most."""

PARTS = "parts"
"""Folder in a cohort with the results, one file for `PART` recordings."""

_PLAN, _MANIFEST = "cohort.json", "manifest.json"
_ARRAYS = ("verdicts", "messages", "logits", "features")


class QualityVerdict(StrEnum):
    """Verdict of the quality check on a recording."""

    GOOD = "good"
    CHECK = "check"
    UNUSABLE = "unusable"
    UNREADABLE = "unreadable"

    @classmethod
    def of(cls, level: Level | None) -> QualityVerdict:
        """Return the verdict for the worst finding; None stands for a file that cannot be read."""
        return {
            Level.OK: cls.GOOD,
            Level.NOTE: cls.GOOD,
            Level.WARN: cls.CHECK,
            Level.BLOCK: cls.UNUSABLE,
            None: cls.UNREADABLE,
        }[level]


@dataclass(frozen=True)
class Plan:
    """Recordings, queries and checkpoint of a cohort, fixed when it is begun.

    Args:
        source: Folder of the recordings.
        files: The recordings, as paths below it.
        queries: As typed.
        support: How near each query is to what the model was trained on.
        checkpoint: Id of the model.
        ignore_quality: Whether recordings that fail the quality check are scored.
        links: Whether files may be symbolic links.
        table: What is known about tables that do not state it.
    """

    source: Path
    files: tuple[str, ...]
    queries: tuple[str, ...]
    support: tuple[str, ...]
    checkpoint: str
    ignore_quality: bool = False
    links: bool = True
    table: TableFormat = field(default_factory=TableFormat)


@dataclass(frozen=True)
class ScoredRecord:
    """One recording of a cohort.

    Args:
        verdict: Of the quality check.
        message: What it found, or why the file cannot be read.
        logits: One a query (query,), None where it was not scored.
        features: Pooled features (width,), None where it was not scored.
        quality: Graded signal quality, 0 to 1; None where it has none.
        notes: What was assumed in reading it, in one text.
        lost: AUROC that each query lost by what is missing of the recording (query,), 0 where nothing is, infinite
            where it was not measured; None where it was not scored.
        withheld: Whether each score is given only to those who ask for it (query,).
    """

    verdict: QualityVerdict
    message: str
    logits: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None
    quality: float | None = None
    notes: str = ""
    lost: NDArray[np.float32] | None = None
    withheld: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Cohort:
    """What a cohort's folder holds so far.

    Args:
        folder: The folder.
        plan: What is scored.
        verdicts: One for each recording that is done, in the order of the plan.
        messages: Likewise.
        logits: Float32 (recording, query); NaN where it was not scored.
        features: Float32 (recording, width); NaN where it was not scored.
        finished: Whether all recordings are done.
        quality: Graded signal quality, 0 to 1, float32 (recording,); NaN where there is none.
        notes: What was assumed in reading each recording, in one text.
        lost: AUROC that a query lost by what is missing of a recording, float32 (recording, query); infinite where it
            was not measured.
        withheld: Whether a score is given only to those who ask for it (recording, query).
    """

    folder: Path
    plan: Plan
    verdicts: tuple[QualityVerdict, ...]
    messages: tuple[str, ...]
    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    finished: bool
    quality: NDArray[np.float32]
    notes: tuple[str, ...]
    lost: NDArray[np.float32]
    withheld: NDArray[np.bool_]

    @property
    def done(self) -> int:
        """Return the number of recordings that were read or refused so far."""
        return len(self.verdicts)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Return whether each recording has scores (recording,)."""
        return np.asarray(np.isfinite(self.logits).all(axis=1))

    @property
    def scores(self) -> NDArray[np.float64]:
        """Sigmoids of the logits (recording, query)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logits.astype(np.float64))))

    def given(self, *, withheld: bool) -> NDArray[np.float64]:
        """Return the scores (recording, query), NaN also where one is withheld and those are not asked for."""
        return self.scores if withheld else np.where(self.withheld, np.nan, self.scores)

    def path(self, row: int) -> Path:
        """Return the file of a recording."""
        return self.plan.source / self.plan.files[row]

    def count(self) -> dict[str, int]:
        """Return verdict -> number of recordings."""
        return dict(Counter(map(str, self.verdicts)))

    def ranks(self, query: int, *, withheld: bool = True) -> NDArray[np.int64]:
        """Return the place of each recording by one query (recording,): 1 has the highest score, 0 has none."""
        ranks = np.zeros(self.done, np.int64)
        rows = np.flatnonzero(np.isfinite(self.given(withheld=withheld)[:, query]))
        ranks[rows[np.argsort(-self.logits[rows, query], kind="stable")]] = np.arange(1, len(rows) + 1)
        return ranks

    def likeness(self, bank: ReferenceBank | None) -> list[OutOfDistributionLevel]:
        """Return how like the reference ECGs each recording is; unknown without scores or without a bank.

        Args:
            bank: Of the checkpoint that scored the cohort.
        """
        levels = [OutOfDistributionLevel.UNKNOWN] * self.done
        rows = np.flatnonzero(self.scored)
        if bank is not None and rows.size:
            for row, placed in zip(rows.tolist(), bank.familiarity(self.features[rows]), strict=True):
                levels[row] = placed.likeness
        return levels

    def nearest(self, row: int, among: Cohort, count: int) -> list[tuple[int, float]]:
        """Return the recordings of a cohort, often this one, that are most like one of this cohort, best first.

        Args:
            row: The recording.
            among: Where to look.
            count: How many are wanted.

        Returns:
            Row and likeness: the cosine of the features after the mean of `among` was taken off, since that part is
            common to all ECGs.

        Raises:
            CohortError: The two were not scored with the same model, so that their features do not compare.
        """
        if among.plan.checkpoint != self.plan.checkpoint:
            raise CohortError("The two cohorts were scored with different models; score one of them again.")
        rows = np.flatnonzero(among.scored)
        if not self.scored[row] or not rows.size:
            return []
        others = among.features[rows].astype(np.float64)
        centre = others.mean(axis=0)
        likeness = unit_rows(others - centre) @ unit_rows(self.features[row].astype(np.float64) - centre)
        order = np.argsort(-likeness, kind="stable")
        same = among.folder == self.folder
        return [(int(rows[i]), float(likeness[i])) for i in order if not (same and rows[i] == row)][:count]

    @classmethod
    def open(cls, folder: Path) -> Cohort:
        """Read a folder.

        Raises:
            CohortError: It holds no cohort, or it is damaged.
        """
        try:
            stated = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
            stated.pop("created", None)
            plan = from_plain(Plan, stated)
            parts = [_read(path) for path in sorted((folder / PARTS).glob("*.npz"))]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CohortError(
                f"The folder {folder.name} holds no cohort, or it is damaged ({type(error).__name__}); score it anew."
            ) from error
        empty = np.empty((0, len(plan.queries)), np.float32), np.empty((0, 0), np.float32)
        return cls(
            folder,
            plan,
            tuple(QualityVerdict(verdict) for part in parts for verdict in part["verdicts"].tolist()),
            tuple(str(message) for part in parts for message in part["messages"].tolist()),
            np.concatenate([part["logits"] for part in parts]) if parts else empty[0],
            np.concatenate([part["features"] for part in parts]) if parts else empty[1],
            (folder / _MANIFEST).is_file(),
            np.concatenate([part["quality"] for part in parts]) if parts else np.empty(0, np.float32),
            tuple(str(notes) for part in parts for notes in part["notes"].tolist()),
            np.concatenate([part["lost"] for part in parts]) if parts else empty[0],
            np.concatenate([part["withheld"] for part in parts]) if parts else empty[0].astype(bool),
        )


def begin(folder: Path, plan: Plan) -> Cohort:
    """Begin a cohort, or open the one that was begun with the same plan.

    Raises:
        CohortError: The folder holds another cohort.
    """
    if has_begun(folder):
        cohort = Cohort.open(folder)
        for name, value in vars(plan).items():
            if name != "files" and value != getattr(cohort.plan, name):
                raise CohortError(
                    f"The folder {folder.name} holds a cohort that was begun with other {name.replace('_', ' ')}; "
                    "name another folder, or begin with the same."
                )
        return cohort
    (folder / PARTS).mkdir(parents=True, exist_ok=True)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_text(folder / _PLAN, json.dumps({**to_plain(plan), "created": created}, indent=1))
    return Cohort.open(folder)


def add_part(cohort: Cohort, rows: Sequence[ScoredRecord], *, width: int) -> None:
    """Write the results of the recordings that follow those in the folder.

    Args:
        cohort: Where to.
        rows: Results, in the order of the plan.
        width: Of the pooled features.
    """
    parts = cohort.folder / PARTS
    logits = np.full((len(rows), len(cohort.plan.queries)), np.nan, np.float32)
    features = np.full((len(rows), width), np.nan, np.float32)
    lost, withheld = np.zeros_like(logits), np.zeros(logits.shape, np.bool_)
    for row, scored in enumerate(rows):
        if scored.lost is not None and scored.withheld is not None:
            lost[row], withheld[row] = scored.lost, scored.withheld
        if scored.logits is not None and scored.features is not None:
            logits[row], features[row] = scored.logits, scored.features
    with replacing(parts / f"{len(list(parts.glob('*.npz'))):06d}.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            verdicts=np.array([str(scored.verdict) for scored in rows], np.str_),
            messages=np.array([scored.message for scored in rows], np.str_),
            logits=logits,
            features=features,
            quality=np.array([np.nan if one.quality is None else one.quality for one in rows], np.float32),
            notes=np.array([one.notes for one in rows], np.str_),
            lost=lost,
            withheld=withheld,
        )


def finish(folder: Path, provenance: dict[str, Any]) -> Cohort:
    """Write the manifest of a cohort whose recordings are all done."""
    cohort = Cohort.open(folder)
    facts = {"recordings": cohort.done, "scored": int(cohort.scored.sum()), "verdicts": cohort.count()}
    write_text(folder / _MANIFEST, json.dumps({**facts, **provenance}, indent=1))
    return Cohort.open(folder)


def list_cohorts(folder: Path) -> list[Path]:
    """Return the folders of cohorts below a folder, the newest first; one of them may not have begun yet."""
    found = []
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # another session deletes it in this moment
            changed = path.stat().st_ctime_ns
            if path.is_dir() and not path.name.startswith("."):
                found.append((-changed, path.name, path))
    return [path for *_, path in sorted(found)]


def has_begun(folder: Path) -> bool:
    """Whether a folder holds a cohort that can be opened."""
    return (folder / _PLAN).is_file()


def state_of(folder: Path) -> tuple[int, ...]:
    """Return what changes with every part that is written, empty before the first one."""
    return tuple(path.stat().st_mtime_ns for path in (*sorted((folder / PARTS).glob("*.npz")), folder / _MANIFEST)
                 if path.is_file())  # fmt: skip


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        part = {name: file[name] for name in _ARRAYS}
        count = len(part["verdicts"])  # a cohort of an earlier version holds none of these
        part["quality"] = file["quality"] if "quality" in file else np.full(count, np.nan, np.float32)
        part["notes"] = file["notes"] if "notes" in file else np.full(count, "")
        part["lost"] = file["lost"] if "lost" in file else np.zeros_like(part["logits"])
        part["withheld"] = file["withheld"] if "withheld" in file else np.zeros(part["logits"].shape, np.bool_)
        return part
