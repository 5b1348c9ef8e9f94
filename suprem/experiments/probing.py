"""Linear probes on frozen features of a signal store, beside measurements and networks trained from nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from suprem.datasets.catalog import load_task
from suprem.datasets.index import TRAIN_FOLDS
from suprem.datasets.measured import fill_missing, measurements_of
from suprem.datasets.signal_store import SignalStore
from suprem.datasets.task import LabelledRecords
from suprem.ecg.preprocess import SignalSpec
from suprem.errors import ConfigError, DatasetError
from suprem.evaluation.probe_result import Probe, ProbeResult, judge
from suprem.experiments.probed_encoder import UNTRAINED, UNTRAINED_SEEDS, ProbedEncoder
from suprem.experiments.task_records import refuse_shared
from suprem.model.checkpoint import Checkpoint
from suprem.model.encoder_checkpoint import EncoderCheckpoint
from suprem.model.supreme import SupremeModel
from suprem.plain_data import from_plain, to_plain
from suprem.progress import Progress
from suprem.training.linear_probe import ProbeData, probe, subset
from suprem.training.rows import LabelledRows
from suprem.training.supervised import ENCODERS as SUPERVISED
from suprem.training.supervised import SupervisedConfig, supervised_logits, train_supervised

RANDOM = "random encoder"


RANDOM_SEEDS = (0, 1, 2)


MEASUREMENTS = "measurements"


NETWORKS = {f"supervised {encoder}": encoder for encoder in SUPERVISED}


BASELINES = ("random", *UNTRAINED, MEASUREMENTS, *SUPERVISED)


BATCH = 64


@dataclass(frozen=True)
class ProbingConfig:
    """The probes of a command: their records, tasks, protocol and baselines.

    Args:
        store: The signal store to learn from and to evaluate on.
        tasks: Names in the catalog.
        shares: Fractions of the training labels, in percent.
        protocol: "paper", "merl" or "clean".
        folds: Folds to evaluate on.
        baselines: What is probed or trained beside the checkpoint.
        draws, seed: Of the bootstrap; the seed is also that of the descents.
        workers: Processes that measure recordings.
        supervised: How networks are trained from nothing.
        recipe: Name of the file that `supervised` was read from.
    """

    store: Path
    tasks: tuple[str, ...]
    shares: tuple[float, ...] = (1.0, 10.0, 100.0)
    protocol: str = "clean"
    folds: tuple[int, ...] = (9,)
    baselines: tuple[str, ...] = ()
    draws: int = 1000
    seed: int = 0
    workers: int = 2
    supervised: SupervisedConfig = field(default_factory=SupervisedConfig)
    recipe: str = "default"


@dataclass(frozen=True, eq=False)
class ProbeBench:
    """Checkpoint, store and labelled records that all probes of a command share.

    Args:
        config: What to learn from what.
        checkpoint: The one that is probed, and whose form the random encoders have.
        store: The signals.
        labelled: Task -> the records to learn from and those to evaluate on.
        device: Where encoders run.
        encoders: Pre-trained encoders that are probed, too.
    """

    config: ProbingConfig
    checkpoint: Checkpoint
    store: SignalStore
    labelled: Mapping[str, tuple[LabelledRecords, LabelledRecords]]
    device: str
    encoders: tuple[ProbedEncoder, ...] = ()

    def rows_of(self, records: LabelledRecords) -> NDArray[np.intp]:
        """Return the rows of the store that hold some records."""
        row_of = {str(name): row for row, name in enumerate(self.store.index.table["record_id"])}
        return np.array([row_of[name] for name in records.record_ids], np.intp)

    def seen(self) -> str:
        """Return which of the records to learn from the checkpoint was trained on, as its card says; "" for none."""
        data = self.checkpoint.card.training.data
        folds = [fold for fold in data.train_folds if fold in TRAIN_FOLDS]
        corpus = self.store.index.corpus
        return f"folds {','.join(map(str, folds))} of {corpus}" if folds and data.corpus == corpus else ""


class Features:
    """Features of the rows of a store; each row's are computed when they are first asked for.

    Args:
        compute: Takes rows and a progress, returns their features (row, feature).
    """

    def __init__(self, compute: Callable[[NDArray[np.intp], Progress], NDArray[np.floating]]) -> None:
        self._compute = compute
        self._known: dict[int, NDArray[np.floating]] = {}

    def of(self, rows: NDArray[np.intp], progress: Progress) -> NDArray[np.floating]:
        """Return the features of some rows, (row, feature)."""
        new = np.array([row for row in rows.tolist() if row not in self._known], np.intp)
        if len(new):
            self._known.update(zip(new.tolist(), self._compute(new, progress), strict=True))
        return np.stack([self._known[row] for row in rows.tolist()])


def run(bench: ProbeBench, asked: Sequence[Probe], progress: Progress) -> Iterator[ProbeResult]:
    """Yield the result of each probe as soon as it is there.

    Raises:
        DatasetError: No recording could be measured.
    """
    features, source = None, None
    for done, question in enumerate(asked):
        if (question.features, question.seed, question.recipe) != source:  # one set of features in memory at a time
            source = question.features, question.seed, question.recipe
            features = None if question.features in NETWORKS else features_of(question, bench)

        def inner(fraction: float, message: str, done: int = done, one: Probe = question) -> None:
            progress((done + fraction) / len(asked), f"{one.task}, {one.learner}, {one.share:g} %: {message}")

        yield answer(question, bench, features, inner)


def set_up(
    config: ProbingConfig, checkpoint: Checkpoint, device: str, *, encoders: Sequence[EncoderCheckpoint] = ()
) -> ProbeBench:
    """Open the store, label its records, and check all that can be known before anything is computed.

    Raises:
        ConfigError: The folds to evaluate on are among those to learn from.
        DatasetError: The store does not fit the checkpoint or a task.
        EvaluationError: A share leaves no record.
    """
    if set(config.folds) & set(TRAIN_FOLDS):
        raise ConfigError("--folds names training folds; a probe learns from folds 1-8, so evaluate on 9 or 10.")
    store = SignalStore.open(config.store)
    tasks = [load_task(name) for name in config.tasks]
    train_rows, held_rows = rows_in(store, TRAIN_FOLDS), rows_in(store, config.folds)
    labelled = {
        task.name: (task.label(store.index.take(train_rows)), task.label(store.index.take(held_rows))) for task in tasks
    }
    for train, held in labelled.values():
        refuse_shared(train, held, "in the training folds")
        for share in config.shares:
            shared_out(train, share)
    signals = {checkpoint.id: checkpoint.signal} | {one.id: one.signal for one in encoders}
    for name, signal in signals.items():
        if from_plain(SignalSpec, signal) != store.spec:
            raise DatasetError(
                f"The store {config.store.name} is not prepared for checkpoint {name}; build it with its signals."
            )
    return ProbeBench(config, checkpoint, store, labelled, device, tuple(map(ProbedEncoder.of, encoders)))


def rows_in(store: SignalStore, folds: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the rows of a store in some folds.

    Raises:
        DatasetError: None of them has a record.
    """
    rows = np.flatnonzero(store.index.table["fold"].isin(folds))
    if len(rows) == 0:
        raise DatasetError(
            f"The store has no record in folds {','.join(map(str, folds))}; build it with them: "
            "suprem index-datasets --folds"
        )
    return rows


def shared_out(train: LabelledRecords, share: float) -> LabelledRecords:
    """Return the training records that a share, in percent, learns from."""
    return train.take(subset(len(train.record_ids), share / 100))


def questions(bench: ProbeBench) -> list[Probe]:
    """Return what the command asks, of each kind of features the small shares first."""
    config, checkpoint = bench.config, bench.checkpoint.id
    held = hashlib.sha256((config.store / "index.csv").read_bytes()).hexdigest()
    learners = [(checkpoint, 0, config.protocol, "")]
    learners += [(one.name, one.seed, config.protocol, one.recipe) for one in bench.encoders]
    for key, (name, _) in UNTRAINED.items():
        if key in config.baselines:
            learners += [(name, seed, config.protocol, "") for seed in UNTRAINED_SEEDS]
    if "random" in config.baselines:
        learners += [(RANDOM, seed, config.protocol, "") for seed in RANDOM_SEEDS]
    if MEASUREMENTS in config.baselines:
        # Measurements have units of their own: only the standardised protocol can learn from them.
        learners.append((MEASUREMENTS, 0, "clean", ""))
    recipe = hashlib.sha256(json.dumps(to_plain(config.supervised), sort_keys=True).encode()).hexdigest()
    learners += [
        (name, config.supervised.training.seed, "supervised", f"{config.recipe} {recipe[:8]}")
        for name, encoder in NETWORKS.items()
        if encoder in config.baselines
    ]
    return [
        Probe(
            task=task,
            protocol=protocol,
            share=share,
            features=features,
            seed=seed,
            split=f"folds {','.join(map(str, config.folds))}",
            store=f"{config.store.name} {held[:8]}",
            checkpoint=checkpoint if features in (checkpoint, RANDOM) else "",
            recipe=recipe,
        )
        for features, seed, protocol, recipe in learners
        for share in sorted(set(config.shares))
        for task in bench.labelled
    ]


def features_of(asked: Probe, bench: ProbeBench) -> Features:
    """Return where the features of a probe come from: the checkpoint, another encoder, or the recordings."""
    if asked.features == MEASUREMENTS:
        return Features(partial(measurements, bench.config, bench.store))
    return Features(partial(encode, _pooled_by(asked, bench), bench.store, bench.device))


def _pooled_by(asked: Probe, bench: ProbeBench) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what makes pooled features of signals: the checkpoint, a pre-trained encoder or an untrained one."""
    for one in bench.encoders:
        if (one.name, one.seed, one.recipe) == (asked.features, asked.seed, asked.recipe):
            return one.encoder.features
    networks = dict(UNTRAINED.values())
    if asked.features == RANDOM:
        networks = {RANDOM: bench.checkpoint.model.config}
    if asked.features not in networks:
        return bench.checkpoint.model.features
    spec = bench.store.spec
    sizes = replace(
        networks[asked.features],
        leads=len(spec.leads),
        samples=spec.samples,
        patch_samples=bench.checkpoint.model.config.patch_samples,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(asked.seed)
        return SupremeModel(sizes).eval().to(bench.device).features


def encode(
    pooled: Callable[[torch.Tensor], torch.Tensor],
    store: SignalStore,
    device: str,
    rows: NDArray[np.intp],
    progress: Progress,
) -> NDArray[np.float32]:
    """Return pooled features of some rows of a store, (row, width)."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(rows), BATCH):
            signals = torch.from_numpy(store.read(rows[first : first + BATCH]))
            parts.append(pooled(signals.to(device)).cpu().numpy())
            done = min(first + BATCH, len(rows))
            progress(done / len(rows), f"{done} of {len(rows)} encoded")
    return np.concatenate(parts)


def measurements(
    config: ProbingConfig, store: SignalStore, rows: NDArray[np.intp], progress: Progress
) -> NDArray[np.float64]:
    """Return the measurements of some rows of a store, (row, measurement); all are measured once and kept in it.

    Raises:
        DatasetError: Not one of the recordings that the store was made of could be measured.
    """
    table = measurements_of(config.store, store, workers=config.workers, progress=progress)
    return table.to_numpy()[rows]


def answer(asked: Probe, bench: ProbeBench, features: Features | None, progress: Progress) -> ProbeResult:
    """Learn from a share of the training records and judge on the evaluated ones.

    Args:
        asked: The probe.
        bench: What all probes share.
        features: What a linear map is to read; None trains a network from nothing.
        progress: Called with the fraction done and a message.
    """
    train, held = bench.labelled[asked.task]
    part = shared_out(train, asked.share)
    rows, held_rows = bench.rows_of(part), bench.rows_of(held)
    if features is None:
        labels = LabelledRows(bench.store, rows, part.present.astype(np.float32))
        network = train_supervised(labels, NETWORKS[asked.features], bench.config.supervised, progress)
        logits = supervised_logits(network, bench.store, held_rows)
    else:
        both = features.of(np.concatenate([rows, held_rows]), progress)
        learned, judged = both[: len(rows)], both[len(rows) :]
        if asked.features == MEASUREMENTS:
            learned, judged = fill_missing(learned.astype(np.float64), judged.astype(np.float64))
        data = ProbeData(learned, part.present, part.patients, judged)
        logits = probe(data, asked.protocol, seed=bench.config.seed)
    return judge(
        asked,
        held,
        logits,
        trained=np.logical_and(part.present.any(axis=0), ~part.present.all(axis=0)),
        train_records=len(part.record_ids),
        seen=bench.seen() if asked.features == bench.checkpoint.id else "",
        draws=bench.config.draws,
    )
