"""One evaluation of a checkpoint on several tasks, as a folder: results, every record's scores, and where they lie.

<folder>/<checkpoint>/<name>/
    ptbxl_form.json     one `EvaluationResult` a task
    ptbxl_form.npz      its `ScoreTable`
    records-ptbxl.csv   the evaluated records of a corpus, as a `RecordIndex`
    manifest.json       how it came about and what is missing; written last, so its presence means complete
<folder>/<checkpoint>/linear_probe*.json      probes of the same checkpoint, from suprem linear-probe
<folder>/linear_probe*.json                   the same of measurements and of networks trained from nothing
<folder>/<checkpoint>/external-*.json, *.npz  what it does at another hospital, from suprem evaluate on its folder
<folder>/<checkpoint>/robustness*.json        what disturbances and other words change, from suprem robustness --out
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from suprem.atomic import replacing, write_text
from suprem.datasets.catalog import load_task
from suprem.datasets.index import RecordIndex
from suprem.errors import EvaluationError
from suprem.evaluation.external_result import ExternalResult, ExternalScores
from suprem.evaluation.probe_result import ProbeResult, read_probes
from suprem.evaluation.results import EvaluationResult, Skipped
from suprem.evaluation.robustness_result import RobustnessResult
from suprem.evaluation.score_table import ScoreTable
from suprem.plain_data import from_plain, to_plain

EVALUATIONS = "evaluations"
"""The folder of all of them, below that of the installation."""

PROBES = "linear_probe.json"
MANIFEST = "manifest.json"
NAMED = 5
"""Records or classes named in an error at most."""


@dataclass(frozen=True)
class CorpusFolder:
    """Where the evaluated records of a corpus are: its name and its folder on this machine."""

    name: str
    root: str


@dataclass(frozen=True, kw_only=True)
class EvaluationFolder:
    """A complete evaluation.

    Args:
        folder: Where it lies.
        checkpoint: Id of the checkpoint.
        run: Name of the training run it came from, "" where its model card does not say.
        encoder: Name of the text encoder.
        labels: Variant of the labels.
        queries: Name of the query set.
        created: When, in seconds since 1970.
        tasks: Tasks with a result, in the catalog's order.
        missing: Tasks without one, and why.
        corpora: Key of the corpus in the catalog -> where its records are.
        provenance: Command, commit, packages and machine.
    """

    folder: Path
    checkpoint: str
    run: str
    encoder: str
    labels: str
    queries: str
    created: float
    tasks: tuple[str, ...]
    missing: tuple[Skipped, ...] = ()
    corpora: Mapping[str, CorpusFolder] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def result(self, task: str) -> EvaluationResult:
        """Read the result of a task.

        Raises:
            EvaluationError: It is not there, is damaged, or is of another checkpoint.
        """
        path = self.folder / f"{task}.json"
        try:
            result = EvaluationResult.from_json(path.read_text(encoding="utf-8"), path.name)
        except OSError as error:
            raise EvaluationError(
                f"The result {path.name} of evaluation {self.name} cannot be read ({error.strerror or error}); "
                "evaluate again."
            ) from error
        if (result.task, result.checkpoint) != (task, self.checkpoint):
            raise EvaluationError(
                f"{path.name} is a result of {result.task} by checkpoint {result.checkpoint}, not of {task} by "
                f"{self.checkpoint}; evaluate again."
            )
        return result

    def scores(self, task: str) -> ScoreTable:
        """Read the scores of a task and check that they are those of its result.

        Raises:
            EvaluationError: There are none, rows are missing, or they are of other records or another model.
        """
        result = self.result(task)
        if not result.scores:
            raise EvaluationError(f"The result of {task} was kept without the scores of each record; evaluate again.")
        scores = ScoreTable.load(self.folder / result.scores)
        check_belongs(scores, result)
        return scores

    def records(self, task: str) -> RecordIndex:
        """Return the evaluated records of a task's corpus: who, which labels, which file.

        Raises:
            EvaluationError: The evaluation did not note them.
            DatasetError: The list is damaged.
        """
        key = load_task(task).corpus
        if key not in self.corpora:
            raise EvaluationError(f"Evaluation {self.name} did not note the records of {key}; evaluate again.")
        corpus = self.corpora[key]
        return RecordIndex.from_csv(_records_file(self.folder, key), corpus=corpus.name, root=Path(corpus.root))

    def probes(self) -> tuple[ProbeResult, ...]:
        """Return the linear probes of the same checkpoint and their baselines, as far as there are files of them.

        Raises:
            EvaluationError: A file is not what `suprem linear-probe` writes.
        """
        shared = sorted(self.folder.parent.parent.glob("linear_probe*.json"))
        every = [probe for path in (*self._beside("linear_probe*.json"), *shared) for probe in read_probes(path)]
        return tuple(probe for probe in every if probe.checkpoint in (self.checkpoint, ""))

    def robustness(self, task: str) -> RobustnessResult | None:
        """Return how far the same checkpoint's scores on a task depend on what should not matter; None if not asked.

        Raises:
            EvaluationError: A file is not what `suprem robustness --out` writes.
        """
        results = [
            RobustnessResult.from_json(path.read_text(encoding="utf-8"), path.name)
            for path in self._beside("robustness*.json")
        ]
        mine = [result for result in results if (result.task, result.checkpoint) == (task, self.checkpoint)]
        return max(mine, key=lambda result: result.records, default=None)

    def external(self) -> tuple[ExternalResult, ...]:
        """Return the results of the same checkpoint at other hospitals, from `suprem evaluate` on their folders.

        Raises:
            EvaluationError: A file is not what it writes.
        """
        results = [
            ExternalResult.from_json(path.read_text(encoding="utf-8"), path.name)
            for path in self._beside("external-*.json")
        ]
        return tuple(result for result in results if result.checkpoint == self.checkpoint)

    def external_scores(self, result: ExternalResult) -> ExternalScores:
        """Read every record's scores at another hospital.

        Raises:
            EvaluationError: There are none, or they are of other findings.
        """
        return ExternalScores.load(self.folder.parent / result.scores, result)

    def _beside(self, pattern: str) -> list[Path]:
        """Return files that are about the checkpoint and not about this evaluation."""
        return sorted(self.folder.parent.glob(pattern))


def check_belongs(scores: ScoreTable, result: EvaluationResult) -> None:
    """Check that scores are those that a result was computed from.

    Raises:
        EvaluationError: They are of another task, model or query set, rows are missing, or the labels differ.
    """
    for name in ("task", "labels", "checkpoint", "encoder", "queries", "split", "crop"):
        ours, theirs = getattr(result, name), getattr(scores.origin, name)
        if ours != theirs:
            raise EvaluationError(
                f"The scores beside the result of {result.task} are of other records or another model: {name} is "
                f"{theirs!r}, the result's is {ours!r}; evaluate again."
            )
    missing = result.records - len(scores.record_ids)
    if missing:
        raise EvaluationError(
            f"The scores of {result.task} hold {len(scores.record_ids)} records and the result {result.records}: "
            f"{abs(missing)} rows {'are missing' if missing > 0 else 'too many'}; evaluate again."
        )
    stated = {entry.code: entry.positives for entry in result.classes}
    counted = dict(zip(scores.origin.codes, scores.present.sum(axis=0).tolist(), strict=True))
    if stated != counted:
        differ = [code for code in stated | counted if stated.get(code) != counted.get(code)]
        raise EvaluationError(
            f"The scores of {result.task} are of other records than its result: the positives of "
            f"{', '.join(differ[:NAMED])} differ; evaluate again."
        )
    if not np.isfinite(scores.logits).all():
        raise EvaluationError(f"Scores of {result.task} are not finite numbers; evaluate again.")


def write_results(
    folder: Path, results: Iterable[tuple[EvaluationResult, ScoreTable]], indexes: Mapping[str, RecordIndex]
) -> None:
    """Write all but the manifest of an evaluation.

    Args:
        folder: Where to; made if it is not there.
        results: Result and scores of each task.
        indexes: Key of the corpus -> the evaluated records.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for result, scores in results:
        place = f"{result.task}.npz"
        scores.save(folder / place)
        write_text(folder / f"{result.task}.json", replace(result, scores=place).to_json())
    for key, index in indexes.items():
        with replacing(_records_file(folder, key)) as temporary:
            index.to_csv(temporary)


def write_manifest(about: EvaluationFolder) -> None:
    """Write the manifest, with which the evaluation is complete."""
    manifest = to_plain(about)
    del manifest["folder"]
    write_text(about.folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def open_evaluation(folder: Path) -> EvaluationFolder:
    """Read what an evaluation says of itself.

    Raises:
        EvaluationError: The folder holds none that is complete, or it is damaged.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return from_plain(EvaluationFolder, {**content, "folder": folder})
    except (OSError, ValueError, TypeError) as error:
        raise EvaluationError(
            f"{folder.name} is not a complete evaluation of this version ({type(error).__name__}); evaluate again."
        ) from error


def list_evaluations(folder: Path) -> list[EvaluationFolder]:
    """Return the complete evaluations below a folder, newest first; what cannot be read is passed over."""
    evaluations = []
    for manifest in folder.glob(f"*/*/{MANIFEST}"):
        try:
            evaluations.append(open_evaluation(manifest.parent))
        except EvaluationError:
            continue
    return sorted(evaluations, key=lambda one: (-one.created, one.name))


def _records_file(folder: Path, key: str) -> Path:
    return folder / f"records-{key}.csv"
