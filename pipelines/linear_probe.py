"""Linear probes on frozen ECG features, beside random encoders, hand-crafted measurements and supervised networks.

    python -m pipelines.index_datasets --ptbxl PTBXL --out STORE
    python -m pipelines.linear_probe --store STORE --task ptbxl_superclass ptbxl_form [--shares 1 10 100]
                                     [--protocol clean] [--baselines random measurements resnet18 vit] [--json]

Learns from folds 1-8 of the store and evaluates on --folds (9 by default). --protocol is paper, merl or clean; see
suprem/evaluation/linear_probe.py. "random" are encoders of the checkpoint's form with three random initialisations,
"measurements" is logistic regression on rate, intervals, axis and voltages, read from the corpus the store was made of,
"resnet18" and "vit" are networks trained from nothing on the same labels, all layers (--supervised gives sizes and
recipe, by default pipelines/configs/supervised.toml; with all labels that takes hours on a CPU).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.index_datasets import parse_folds
from pipelines.pretrain import CONFIGS
from pipelines.stage import ConsoleProgress, run_stage, say
from pipelines.task_records import refuse_shared
from suprem.atomic import write_text
from suprem.configfile import load_config
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.datasets.index import TRAIN_FOLDS
from suprem.datasets.measured import fill_missing, measure_files
from suprem.datasets.signal_store import Progress, SignalStore
from suprem.datasets.task import LabelledRecords
from suprem.errors import ConfigError, DatasetError
from suprem.evaluation.linear_probe import PROTOCOLS, ProbeData, probe, subset
from suprem.evaluation.probe_result import ProbeResult, judge
from suprem.evaluation.results import nan_to_null
from suprem.export import RESEARCH_USE
from suprem.model.checkpoint import load_checkpoint
from suprem.model.supreme import SupremeModel
from suprem.settings import load_settings
from suprem.training.loop import LabelledRows
from suprem.training.supervised import ENCODERS as SUPERVISED
from suprem.training.supervised import SupervisedConfig, supervised_logits, train_supervised

RANDOM_SEEDS = (0, 1, 2)
BASELINES = ("random", "measurements", *SUPERVISED)
BATCH = 64


@dataclass(frozen=True)
class Config:
    """What to learn from what, and how; `shares` are in percent."""

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


@dataclass(frozen=True, eq=False)
class Features:
    """Features of the rows of a store.

    Args:
        name: Where they are from: a checkpoint's id, "random encoder", "measurements".
        seed: Of the random encoder, else 0.
        values: (row of the store, feature); NaN rows where they were not asked for.
    """

    name: str
    seed: int
    values: NDArray[np.floating]


def run(config: Config, checkpoint: Path, device: str, progress: Progress) -> list[ProbeResult]:
    """Compute the features once, then probe every task with every share.

    Raises:
        DatasetError: The store does not fit the checkpoint or a task.
        EvaluationError: A share leaves no record.
    """
    if set(config.folds) & set(TRAIN_FOLDS):
        raise ConfigError("--folds names training folds; a probe learns from folds 1-8, so evaluate on 9 or 10.")
    store = SignalStore.open(config.store)
    tasks = [load_task(name) for name in config.tasks]
    train_rows, held_rows = rows_in(store, TRAIN_FOLDS), rows_in(store, config.folds)
    labelled = [(task.label(store.index.take(train_rows)), task.label(store.index.take(held_rows))) for task in tasks]
    for train, held in labelled:
        refuse_shared(train, held, "in the training folds")
    used = [held for _, held in labelled]
    used += [shared_out(train, share) for train, _ in labelled for share in config.shares]
    rows = np.unique(np.concatenate([rows_of(store, records) for records in used]))
    results = []
    for features in feature_sets(config, checkpoint, store, rows, device, progress):
        for train, held in labelled:
            results += [probe_share(config, store, features, train, held, share) for share in config.shares]
    for encoder in [name for name in SUPERVISED if name in config.baselines]:
        for train, held in labelled:
            results += [
                supervised_share(config, store, encoder, train, held, share, progress) for share in config.shares
            ]
    return results


def shared_out(train: LabelledRecords, share: float) -> LabelledRecords:
    """Return the training records that a share, in percent, learns from."""
    return train.take(subset(len(train.record_ids), share / 100))


def rows_of(store: SignalStore, records: LabelledRecords) -> NDArray[np.intp]:
    """Return the rows of a store that hold some records."""
    row_of = {str(name): row for row, name in enumerate(store.index.table["record_id"])}
    return np.array([row_of[name] for name in records.record_ids], np.intp)


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


def feature_sets(
    config: Config,
    checkpoint: Path,
    store: SignalStore,
    rows: NDArray[np.intp],
    device: str,
    progress: Progress,
) -> Iterator[Features]:
    """Yield the features of the checkpoint and of the baselines, one set at a time.

    Raises:
        DatasetError: The store's signals are not what the checkpoint reads.
    """
    loaded = load_checkpoint(checkpoint, device=device)
    spec = replace(store.spec, **{**loaded.signal, "leads": tuple(loaded.signal["leads"])})
    if spec != store.spec:
        raise DatasetError(
            f"The store {config.store.name} is not prepared for this checkpoint; build it with its signals."
        )
    yield Features(loaded.id, 0, encode(loaded.model, store, rows, device, progress))
    if "random" in config.baselines:
        for seed in RANDOM_SEEDS:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                untrained = SupremeModel(loaded.model.config).eval().to(device)
            yield Features("random encoder", seed, encode(untrained, store, rows, device, progress))
    if "measurements" in config.baselines:
        yield Features("measurements", 0, measurements(store, rows, config.workers, progress))


def encode(
    model: SupremeModel, store: SignalStore, rows: NDArray[np.intp], device: str, progress: Progress
) -> NDArray[np.float32]:
    """Return the encoder's pooled features of some rows of a store, (row of the store, width)."""
    values = np.full((len(store.index), model.encoder.out_width), np.nan, np.float32)
    with torch.inference_mode():
        for first in range(0, len(rows), BATCH):
            part = rows[first : first + BATCH]
            values[part] = model.features(torch.from_numpy(store.read(part)).to(device)).cpu().numpy()
            progress(min(1.0, (first + BATCH) / len(rows)), f"{min(first + BATCH, len(rows))} of {len(rows)} encoded")
    return values


def measurements(store: SignalStore, rows: NDArray[np.intp], workers: int, progress: Progress) -> NDArray[np.float64]:
    """Return the measurements of some rows of a store, read from the corpus it was made of."""
    found = []
    for count, numbers in enumerate(measure_files(store.index.take(rows).files(), workers=workers), start=1):
        found.append(numbers)
        progress(count / len(rows), f"{count} of {len(rows)} measured")
    if not np.isfinite(np.stack(found)).any():
        raise DatasetError(f"None of the recordings under {store.index.root.name} could be measured; are they there?")
    values = np.full((len(store.index), len(found[0])), np.nan)
    values[rows] = found
    return values


def probe_share(
    config: Config,
    store: SignalStore,
    features: Features,
    train: LabelledRecords,
    held: LabelledRecords,
    share: float,
) -> ProbeResult:
    """Learn from a share of the training records and judge on the evaluated ones."""
    part = shared_out(train, share)
    learned, judged = (features.values[rows_of(store, records)] for records in (part, held))
    if features.name == "measurements":
        learned, judged = fill_missing(learned, judged)
    # Measurements have units of their own: only the standardised protocol can learn from them.
    protocol = "clean" if features.name == "measurements" else config.protocol
    logits = probe(ProbeData(learned, part.present, part.patients, judged), protocol, seed=config.seed)
    return judge(
        held,
        logits,
        trained=part.present.any(axis=0) & ~part.present.all(axis=0),
        protocol=protocol,
        share=share,
        features=features.name,
        seed=features.seed,
        train_records=len(part.record_ids),
        split=f"folds {','.join(map(str, config.folds))}",
        draws=config.draws,
    )


def supervised_share(
    config: Config,
    store: SignalStore,
    encoder: str,
    train: LabelledRecords,
    held: LabelledRecords,
    share: float,
    progress: Progress,
) -> ProbeResult:
    """Train a network from nothing on a share of the training records and judge it on the evaluated ones."""
    part = shared_out(train, share)
    data = LabelledRows(store, rows_of(store, part), part.present.astype(np.float32))
    network = train_supervised(data, encoder, config.supervised, progress)
    return judge(
        held,
        supervised_logits(network, store, rows_of(store, held)),
        trained=part.present.any(axis=0) & ~part.present.all(axis=0),
        protocol="supervised",
        share=share,
        features=f"supervised {encoder}",
        seed=config.supervised.training.seed,
        train_records=len(part.record_ids),
        split=f"folds {','.join(map(str, config.folds))}",
        draws=config.draws,
    )


def describe(results: list[ProbeResult]) -> str:
    """Return the means as a table; random encoders with mean and standard deviation over their seeds."""
    lines = ["task, features, protocol, share: macro AUROC (95 % interval), over classes with a positive to learn from"]
    groups: dict[tuple[str, str, str, float], list[ProbeResult]] = {}
    for result in results:
        groups.setdefault((result.task, result.features, result.protocol, result.share), []).append(result)
    for (task, name, protocol, share), group in groups.items():
        means = np.array([result.macro for result in group])
        trained = np.array([result.macro_trained for result in group])
        if len(group) > 1:
            spread = f"(sd {means.std(ddof=1):.4f} over {len(group)} seeds)"
        else:
            spread = f"({group[0].macro_ci[0]:.4f}-{group[0].macro_ci[1]:.4f})"
        untrained = f"; nothing to learn {', '.join(group[0].untrained)} from" if group[0].untrained else ""
        lines.append(
            f"{task}, {name}, {protocol}, {share:g} % ({group[0].train_records} records): {means.mean():.4f} {spread}, "
            f"{trained.mean():.4f}{untrained}"
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
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        if args.out is not None:
            args.out.parent.mkdir(parents=True, exist_ok=True)
        config = Config(
            store=args.store,
            tasks=tuple(args.task),
            shares=tuple(args.shares),
            protocol=args.protocol,
            folds=args.folds,
            baselines=tuple(args.baselines),
            workers=os.cpu_count() or 1,
            supervised=load_config(SupervisedConfig, args.supervised),
        )
        progress = ConsoleProgress("linear_probe")
        results = run(config, args.checkpoint or settings.checkpoint, settings.device, progress)
        say(f"{len(results)} probes, evaluated on folds {','.join(map(str, config.folds))}")
        text = json.dumps({"results": [nan_to_null(asdict(result)) for result in results]}, indent=2, allow_nan=False)
        if args.out is not None:
            write_text(args.out, text)
        print(text if args.json else describe(results))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
