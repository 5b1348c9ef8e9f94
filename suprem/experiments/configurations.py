"""What the stages are asked to do: one dataclass for the form of a page, the command line and the file of a job.

Nothing here loads torch, so that a page may fill them in. `suprem.jobs.job.JobSpec.of` makes a job of one, and the
stage's command reads it back with `--job FILE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suprem.configfile import fill, load_config
from suprem.datasets.catalog import TASK_NAMES
from suprem.datasets.index import VALIDATION_FOLDS
from suprem.ecg.formats.table import TableFormat
from suprem.evaluation.query_set import SIMPLIFIED
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig


@dataclass(frozen=True)
class PretrainRequest:
    """A training run.

    Args:
        config: The experiment; a run that is resumed keeps the one in its folder.
        run_dir: Folder of the run.
        data: The signal store; None for the synthetic ECGs that the configuration asks for.
        resume: Whether the run in `run_dir` is continued.
        dry_run: Whether a few steps are measured and nothing is trained.
        preset: Name of the shipped configuration that a person began with.
    """

    config: PretrainConfig
    run_dir: Path
    data: Path | None = None
    resume: bool = False
    dry_run: bool = False
    preset: str = ""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> PretrainRequest:
        """Return what the configuration of a job holds.

        Raises:
            ConfigError: It is not that of a training run of this version.
        """
        return fill(cls, table, source="the job")


@dataclass(frozen=True)
class ZeroShotConfig:
    """A zero-shot evaluation: the task, the corpus and its records, and the words that are asked.

    Args:
        task: Name in the catalog.
        data: Folder of the corpus.
        folds: Folds to evaluate; None for the task's own choice.
        labels: "exact" or "merl".
        splits: Folder with MERL's tables; None for the corpus' folds, or those of a hash.
        crop: One of `suprem.datasets.crop.CROPS`; None for the task's own.
        queries: Query sets by name or file.
        calibrate: Other folds to fit calibrations on; none by default.
        against: A signal store of recordings that must not be among the evaluated ones, normally the training data.
        bootstrap: Draws.
        seed: Seed of the bootstrap.
    """

    task: str
    data: Path
    folds: tuple[int, ...] | None = None
    labels: str = "exact"
    splits: Path | None = None
    crop: str | None = None
    queries: tuple[str, ...] = (SIMPLIFIED,)
    calibrate: tuple[int, ...] = ()
    against: Path | None = None
    bootstrap: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class ZeroShotRequest:
    """A zero-shot evaluation and where its files go.

    Args:
        config: What to evaluate on what.
        checkpoint: The checkpoint; None for the one in use.
        out: File of the result as JSON; None writes none.
        scores: File of every record's scores; None writes none.
    """

    config: ZeroShotConfig
    checkpoint: Path | None = None
    out: Path | None = None
    scores: Path | None = None


@dataclass(frozen=True)
class EvaluationConfig:
    """An evaluation on every task for which some folders hold records.

    Args:
        data: Folders of corpora, or above them.
        checkpoint: The checkpoint; None for the one in use.
        tasks: Names in the catalog.
        labels: "exact" or "merl".
        splits: Folder with MERL's tables; None for the corpus' folds, or every record.
        queries: Query set by name or file.
        draws: Draws of the bootstrap.
        name: Name of the folder that is made; date and time where it is empty.
        card: Whether the model card keeps what other hospitals gave.
    """

    data: tuple[Path, ...]
    checkpoint: Path | None = None
    tasks: tuple[str, ...] = TASK_NAMES
    labels: str = "exact"
    splits: Path | None = None
    queries: str = SIMPLIFIED
    draws: int = 1000
    name: str = ""
    card: bool = False


@dataclass(frozen=True)
class PromotionRequest:
    """A checkpoint that is to be the one that scores.

    Args:
        checkpoint: Its folder, for example RUN/best.
        evaluation: File of its zero-shot result; None keeps the figures of its card.
        scores: File of the scores of the same evaluation.
        bank: Signal store with the reference ECGs; None keeps those it has.
        vocabulary: Vocabulary version that gives the labels of all concepts, on the records of `bank`.
        bank_folds: Folds of `bank`.
        to: The folder it becomes; None is the one that this installation then uses.
    """

    checkpoint: Path
    evaluation: Path | None = None
    scores: Path | None = None
    bank: Path | None = None
    vocabulary: Path | None = None
    bank_folds: tuple[int, ...] = VALIDATION_FOLDS
    to: Path | None = None


@dataclass(frozen=True)
class CohortRequest:
    """A folder of ECGs that is scored into a cohort.

    Args:
        folder: Where the ECGs lie.
        results: Folder of the cohort; one that is there is gone on with.
        queries: File with the queries, one a line; None where they are given otherwise.
        checkpoint: The checkpoint; None for the one in use.
        ignore_quality: Whether also what the quality gate blocks is scored.
        links: Whether symbolic links below the folder are followed.
        table: What tables do not state themselves.
    """

    folder: Path
    results: Path
    queries: Path | None = None
    checkpoint: Path | None = None
    ignore_quality: bool = False
    links: bool = True
    table: TableFormat = field(default_factory=TableFormat)


@dataclass(frozen=True)
class IndexingConfig:
    """A corpus that is stored.

    Args:
        corpus: A key of `suprem.datasets.corpora.CORPORA`.
        root: Folder of the corpus as it is published.
        out: Folder of the signal store; None for the usual place of the installation.
        signal: How signals are prepared, a key of `suprem.ecg.preprocess.SPECS`.
        folds: Folds to keep; None for all.
        workers: Processes that read.
    """

    corpus: str
    root: Path
    out: Path | None = None
    signal: str = "compact"
    folds: tuple[int, ...] | None = None
    workers: int = 2


@dataclass(frozen=True)
class DownloadRequest:
    """A public corpus that is fetched.

    Args:
        corpus: A key of `suprem.datasets.published.PUBLISHED`.
        to: Folder to write; None for the usual place of the installation.
        address: A mirror of the published folder; the publisher's own where it is empty.
        only: Pattern of the files to fetch; the tables at the top always are.
        verify: Whether the checksums of files that are there are compared, too.
        connections: Files at the same time.
    """

    corpus: str
    to: Path | None = None
    address: str = ""
    only: str = "*"
    verify: bool = False
    connections: int = 8


@dataclass(frozen=True)
class VocabularyConfig:
    """A vocabulary version that is built.

    Args:
        reports: Table of reports; None takes `entities`.
        entities: Entities that were extracted before.
        out: Folder in which the version's folder is made; None for the usual place of the installation.
        index: Index of a signal store, whose records are labelled in its order; None labels the reports.
        cluster_threshold, map_threshold: Cosines; None takes those of the encoder.
        encoder: Name of the text encoder.
        vocabulary: Vocabulary that entities are mapped to; None takes the SCP-ECG statements.
        owner: Who asked for it on a page, as the audit log names them.
    """

    reports: Path | None = None
    entities: Path | None = None
    out: Path | None = None
    index: Path | None = None
    cluster_threshold: float | None = None
    map_threshold: float | None = None
    encoder: str = "minilm"
    vocabulary: Path | None = None
    owner: str = ""


def shipped_configuration(name: str) -> PretrainConfig:
    """Return a configuration of `pretrain` that ships with the program.

    Args:
        name: "smoke", "compact" or "paper".

    Raises:
        ConfigError: There is none of that name.
    """
    return load_config(PretrainConfig, CONFIGS / f"{name}.toml")
