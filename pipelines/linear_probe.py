"""Linear probes on frozen ECG features, beside random encoders, hand-crafted measurements and supervised networks.

    python -m pipelines.index_datasets --ptbxl PTBXL --out STORE
    python -m pipelines.linear_probe --store STORE --task ptbxl_superclass ptbxl_form [--shares 1 10 100]
                                     [--protocol clean] [--baselines random measurements resnet18 vit] [--json]

Learns from folds 1-8 of the store and evaluates on --folds (9 by default). --protocol is paper, merl or clean; see
suprem/evaluation/linear_probe.py. "random" are encoders of the checkpoint's form with three random initialisations,
"measurements" is logistic regression on rate, intervals, axis and voltages, read from the corpus the store was made of,
"resnet18" and "vit" are networks trained from nothing on the same labels, all layers (--supervised gives sizes and
recipe, by default pipelines/configs/supervised.toml; with all labels that takes hours on a CPU).

Each result is added to --out as soon as it is there, and what is there is not done again: a command that was stopped
goes on, and others can add to the same file meanwhile. By default that is <SUPREM_HOME>/evaluations/<checkpoint>/
linear_probe.json, and for measurements and networks, which are the same beside every checkpoint, the file of that name
one folder above; the Evaluation page shows both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.index_datasets import parse_folds
from pipelines.pretrain import CONFIGS
from pipelines.stage import ConsoleProgress, run_stage, say
from pipelines.task_records import refuse_shared
from suprem.configfile import as_dict, load_config
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.datasets.index import TRAIN_FOLDS
from suprem.datasets.measured import fill_missing, measurements_of
from suprem.datasets.signal_store import Progress, SignalStore
from suprem.datasets.task import LabelledRecords
from suprem.errors import ConfigError, DatasetError
from suprem.evaluation.evaluation_folder import EVALUATIONS, PROBES
from suprem.evaluation.linear_probe import PROTOCOLS, ProbeData, probe, subset
from suprem.evaluation.probe_result import Probe, ProbeResult, Probes, add_probe, judge, over_seeds, read_probes
from suprem.export import RESEARCH_USE
from suprem.model.checkpoint import Checkpoint, load_checkpoint
from suprem.model.supreme import SupremeModel
from suprem.settings import load_settings
from suprem.training.loop import LabelledRows
from suprem.training.supervised import ENCODERS as SUPERVISED
from suprem.training.supervised import SupervisedConfig, supervised_logits, train_supervised

RANDOM = "random encoder"
RANDOM_SEEDS = (0, 1, 2)
MEASUREMENTS = "measurements"
NETWORKS = {f"supervised {encoder}": encoder for encoder in SUPERVISED}
BASELINES = ("random", MEASUREMENTS, *SUPERVISED)
BATCH = 64


@dataclass(frozen=True)
class Config:
    """What to learn from what, and how; `shares` are in percent, `recipe` is the name of `supervised`."""

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
class Bench:
    """What all probes of a command share.

    Args:
        config: What to learn from what.
        checkpoint: The one that is probed, and whose form the random encoders have.
        store: The signals.
        labelled: Task -> the records to learn from and those to evaluate on.
        device: Where encoders run.
    """

    config: Config
    checkpoint: Checkpoint
    store: SignalStore
    labelled: Mapping[str, tuple[LabelledRecords, LabelledRecords]]
    device: str

    def rows_of(self, records: LabelledRecords) -> NDArray[np.intp]:
        """Return the rows of the store that hold some records."""
        row_of = {str(name): row for row, name in enumerate(self.store.index.table["record_id"])}
        return np.array([row_of[name] for name in records.record_ids], np.intp)

    def seen(self) -> str:
        """Return which of the records to learn from the checkpoint was trained on, as its card says; "" for none."""
        data = self.checkpoint.card.get("training", {}).get("data", {})
        folds = [fold for fold in data.get("train_folds", ()) if fold in TRAIN_FOLDS]
        corpus = self.store.index.corpus
        return f"folds {','.join(map(str, folds))} of {corpus}" if folds and data.get("corpus") == corpus else ""


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


def run(bench: Bench, asked: Sequence[Probe], progress: Progress) -> Iterator[ProbeResult]:
    """Yield the result of each probe as soon as it is there.

    Raises:
        DatasetError: No recording could be measured.
    """
    features, source = None, None
    for done, question in enumerate(asked):
        if (question.features, question.seed) != source:  # one set of features in memory at a time
            source = question.features, question.seed
            features = None if question.features in NETWORKS else features_of(question, bench)

        def inner(fraction: float, message: str, done: int = done, one: Probe = question) -> None:
            progress((done + fraction) / len(asked), f"{one.task}, {one.learner}, {one.share:g} %: {message}")

        yield answer(question, bench, features, inner)


def set_up(config: Config, checkpoint: Checkpoint, device: str) -> Bench:
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
    spec = replace(store.spec, **{**checkpoint.signal, "leads": tuple(checkpoint.signal["leads"])})
    if spec != store.spec:
        raise DatasetError(
            f"The store {config.store.name} is not prepared for this checkpoint; build it with its signals."
        )
    return Bench(config, checkpoint, store, labelled, device)


def rows_in(store: SignalStore, folds: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the rows of a store in some folds.

    Raises:
        DatasetError: None of them has a record.
    """
    rows = np.flatnonzero(store.index.table["fold"].isin(folds))
    if len(rows) == 0:
        raise DatasetError(
            f"The store has no record in folds {','.join(map(str, folds))}; build it with them: "
            "python -m pipelines.index_datasets --folds"
        )
    return rows


def shared_out(train: LabelledRecords, share: float) -> LabelledRecords:
    """Return the training records that a share, in percent, learns from."""
    return train.take(subset(len(train.record_ids), share / 100))


def questions(bench: Bench) -> list[Probe]:
    """Return what the command asks, of each kind of features the small shares first."""
    config, checkpoint = bench.config, bench.checkpoint.id
    held = hashlib.sha256((config.store / "index.csv").read_bytes()).hexdigest()
    learners = [(checkpoint, 0, config.protocol, "")]
    if "random" in config.baselines:
        learners += [(RANDOM, seed, config.protocol, "") for seed in RANDOM_SEEDS]
    if MEASUREMENTS in config.baselines:
        # Measurements have units of their own: only the standardised protocol can learn from them.
        learners.append((MEASUREMENTS, 0, "clean", ""))
    recipe = hashlib.sha256(json.dumps(as_dict(config.supervised), sort_keys=True).encode()).hexdigest()
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


def features_of(asked: Probe, bench: Bench) -> Features:
    """Return where the features of a probe come from: the checkpoint, an encoder of its form, or the recordings."""
    if asked.features == MEASUREMENTS:
        return Features(partial(measurements, bench.config, bench.store))
    model = bench.checkpoint.model
    if asked.features == RANDOM:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(asked.seed)
            model = SupremeModel(model.config).eval().to(bench.device)
    return Features(partial(encode, model, bench.store, bench.device))


def encode(
    model: SupremeModel, store: SignalStore, device: str, rows: NDArray[np.intp], progress: Progress
) -> NDArray[np.float32]:
    """Return the encoder's pooled features of some rows of a store, (row, width)."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(rows), BATCH):
            signals = torch.from_numpy(store.read(rows[first : first + BATCH]))
            parts.append(model.features(signals.to(device)).cpu().numpy())
            done = min(first + BATCH, len(rows))
            progress(done / len(rows), f"{done} of {len(rows)} encoded")
    return np.concatenate(parts)


def measurements(config: Config, store: SignalStore, rows: NDArray[np.intp], progress: Progress) -> NDArray[np.float64]:
    """Return the measurements of some rows of a store, (row, measurement); all are measured once and kept in it.

    Raises:
        DatasetError: Not one of the recordings that the store was made of could be measured.
    """
    table = measurements_of(config.store, store, workers=config.workers, progress=progress)
    return table.to_numpy()[rows]


def answer(asked: Probe, bench: Bench, features: Features | None, progress: Progress) -> ProbeResult:
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
            learned, judged = fill_missing(learned, judged)
        data = ProbeData(learned, part.present, part.patients, judged)
        logits = probe(data, asked.protocol, seed=bench.config.seed)
    return judge(
        asked,
        held,
        logits,
        trained=part.present.any(axis=0) & ~part.present.all(axis=0),
        train_records=len(part.record_ids),
        seen=bench.seen() if asked.features == bench.checkpoint.id else "",
        draws=bench.config.draws,
    )


def describe(results: list[ProbeResult]) -> str:
    """Return the means as a table; random encoders with mean and standard deviation over their seeds."""
    lines = ["task, features, protocol, share: macro AUROC (95 % interval), over classes with a positive to learn from"]
    for mean in over_seeds(results):
        asked = mean.asked
        if len(mean.probes) > 1:
            spread = f"(sd {mean.sd:.4f} over {len(mean.probes)} seeds)"
        else:
            spread = f"({mean.spread[0]:.4f}-{mean.spread[1]:.4f})"
        untrained = f"; nothing to learn {', '.join(mean.untrained)} from" if mean.untrained else ""
        lines.append(
            f"{asked.task}, {asked.features}, {asked.protocol}, {asked.share:g} % ({mean.train_records} records): "
            f"{mean.macro:.4f} {spread}, {mean.macro_trained:.4f}{untrained}"
        )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.linear_probe", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--store", type=Path, required=True, help="signal store made by index_datasets")
    parser.add_argument("--task", nargs="+", required=True, metavar="TASK", help=f"of {', '.join(TASK_NAMES)}")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0, 10.0, 100.0], help="percent of folds 1-8")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="clean")
    parser.add_argument("--folds", type=parse_folds, default=(9,), help="folds to evaluate on, default 9")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES, default=[], help="also without a checkpoint")
    parser.add_argument("--supervised", type=Path, default=CONFIGS / "supervised.toml", help="default: supervised.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one of its settings")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="file that results are added to; default: where the page finds it")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        config = Config(
            store=args.store,
            tasks=tuple(args.task),
            shares=tuple(args.shares),
            protocol=args.protocol,
            folds=args.folds,
            baselines=tuple(args.baselines),
            workers=os.cpu_count() or 1,
            supervised=load_config(SupervisedConfig, args.supervised, args.set),
            recipe=args.supervised.stem,
        )
        progress = ConsoleProgress("linear_probe")
        checkpoint = load_checkpoint(args.checkpoint or settings.checkpoint, device=settings.device)
        folder = settings.home / EVALUATIONS

        def file_of(one: Probe) -> Path:
            return args.out or folder / one.checkpoint / PROBES

        def found() -> dict[Probe, ProbeResult]:
            return {result.asked: result for path in files for result in read_probes(path)}

        bench = set_up(config, checkpoint, settings.device)
        asked = questions(bench)
        files = list(dict.fromkeys(map(file_of, asked)))
        known = found()
        for result in run(bench, [one for one in asked if one not in known], progress):
            add_probe(file_of(result.asked), result)
        now = found()
        results = [now[one] for one in asked]
        made = sum(one in known for one in asked)
        say(f"{len(results)} probes, {made} of them made before; they are in {', '.join(map(str, files))}")
        print(Probes(tuple(results)).to_json() if args.json else describe(results))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
