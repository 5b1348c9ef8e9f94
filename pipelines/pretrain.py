"""Pre-train SuPreME on a signal store, with the SCP-ECG statements as queries.

    python -m pipelines.pretrain --data STORE --run-dir DIR [--config FILE.toml] [--set training.epochs=5] [--resume]
    python -m pipelines.pretrain --config pipelines/configs/smoke.toml --run-dir DIR       synthetic ECGs, one minute
    torchrun --standalone --nproc_per_node=2 -m pipelines.pretrain ...                     several processes

Everything that defines the run, its metrics and its checkpoints are in the run folder; `best/` is a checkpoint that the
application and `pipelines.score --checkpoint` load. SIGTERM and Ctrl-C save and exit with 143; `--resume` continues.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from pipelines.stage import ConsoleProgress, provenance, run_stage, say, stop_on_signal
from suprem.concepts.embed import TextEmbedder, describe, load_embedder
from suprem.concepts.vocabulary import Vocabulary, load_terms
from suprem.configfile import load_config, to_toml
from suprem.datasets.index import shared_patients
from suprem.datasets.ptbxl import TRAIN_FOLDS, VALIDATION_FOLDS
from suprem.datasets.signal_store import SignalStore
from suprem.datasets.synthetic import build_synthetic_store
from suprem.ecg.preprocess import SPECS, SignalSpec
from suprem.errors import ConfigError, DatasetError
from suprem.model.checkpoint import EncoderStamp, save_checkpoint
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.settings import load_settings
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import LabelledRows, Progress, RunSummary, train
from suprem.training.query_bank import QueryBank
from suprem.training.runlog import RunLog
from suprem.training.trackers import MlflowTracker, TensorBoardTracker, Tracker

CONFIGS = Path(__file__).parent / "configs"
RESEARCH_CARD = {
    "intended_use": "Research on and teaching of zero-shot ECG reading; exploration of what the model has learned.",
    "out_of_scope": "Any use in the care of a patient; ECGs of children; Holter, exercise and single-lead recordings.",
    "warnings": [
        "Scores are not probabilities; they order recordings, they do not measure risk.",
        "Labels are the statements of the training corpus, made by few readers and devices; their errors are learned.",
        "Attention shows where the model looked and is not evidence for a finding.",
    ],
}


@dataclass(frozen=True)
class PretrainConfig:
    """One experiment, filled from the configuration file; `model.text_width` follows the text encoder."""

    model: ModelConfig
    training: TrainConfig = field(default_factory=TrainConfig)
    encoder: str = "auto"
    train_folds: tuple[int, ...] = TRAIN_FOLDS
    validation_folds: tuple[int, ...] = VALIDATION_FOLDS
    synthetic_records: int = 0
    """Where no signal store is given, so many synthetic ECGs are made and stored in the run folder."""


def run(
    config: PretrainConfig,
    *,
    data: Path | None,
    folder: Path,
    workers: Workers,
    resume: bool,
    progress: Progress,
    should_stop: Callable[[], bool],
    encoder_folder: Path | None = None,
    mlflow_uri: str | None = None,
) -> RunSummary:
    """Train, and leave a run folder.

    Args:
        config: The experiment.
        data: The signal store; None makes one of synthetic ECGs.
        folder: The run folder.
        workers: The processes that train.
        resume: Continue the run in `folder`.
        progress: Called with the fraction done and a message.
        should_stop: Asked before every step.
        encoder_folder: Where the text encoder's weights are, when not in a package or cache.
        mlflow_uri: MLflow server that also receives the metrics.

    Raises:
        DatasetError: The store does not fit the model, or a patient is on both sides of the split.
    """
    store = SignalStore.open(data or synthetic_data(config, folder, workers))
    check_signal(store.spec, config.model)
    train_rows = store.index.rows_in_folds(config.train_folds)
    validation_rows = store.index.rows_in_folds(config.validation_folds)
    both = shared_patients(store.index, train_rows, validation_rows)
    if both:
        raise DatasetError(f"{len(both)} patient(s) have records in training and validation folds; choose other folds.")

    embedder = load_embedder(config.encoder, folder=encoder_folder)
    if workers.is_main:
        say(describe(embedder))
    # The encoder's own name, so that a resumed run never meets another one behind "auto".
    config = replace(config, encoder=embedder.name, model=replace(config.model, text_width=embedder.dimension))
    vocabulary = load_terms()
    vectors = embed_vocabulary(vocabulary, embedder)
    labels = store.index.labels(vocabulary.codes).astype(np.float32)
    environment = {
        "data": {
            "corpus": store.index.corpus,
            "signal": asdict(store.spec),
            "train_records": len(train_rows),
            "validation_records": len(validation_rows),
            "skipped_records": len(store.skipped),
        },
        "vocabulary": vocabulary.content_hash,
        "encoder": {"name": embedder.name, "content_hash": embedder.content_hash},
        **provenance(),
    }
    if resume or not workers.is_main:
        log = RunLog(folder)
    else:
        log = RunLog.start(folder, config_toml=to_toml(config), environment=environment)
    if workers.is_main:
        log = log.tracked_by(*trackers(folder, config, mlflow_uri))

    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    torch.manual_seed(config.training.seed)
    model = SupremeModel(config.model)
    if config.model.whiten_queries:
        model.fit_whitening(vectors["wordings"])

    def save_best(model: SupremeModel, auroc: float) -> None:
        card = {**RESEARCH_CARD, "training": environment, "validation": {"macro_auroc": auroc}}
        save_checkpoint(
            folder / "best",
            model=model,
            signal=asdict(store.spec),
            encoder=EncoderStamp(embedder.name, embedder.dimension, embedder.content_hash),
            vocabulary=vocabulary.to_json(),
            vectors=vectors,
            wordings=tuple(vocabulary.texts),
            card=card,
        )

    with closing(log):
        summary = train(
            model,
            config.training,
            data=LabelledRows(store=store, rows=train_rows, labels=labels[train_rows]),
            validation=LabelledRows(store=store, rows=validation_rows, labels=labels[validation_rows]),
            queries=query_bank(vocabulary, vectors, rate=config.training.synonym_rate),
            run=log,
            workers=workers,
            save_best=save_best,
            resume=resume,
            progress=progress,
            should_stop=should_stop,
        )
    if workers.is_main:
        log.finish({"outcome": "done", **asdict(summary)})
    return summary


def trackers(folder: Path, config: PretrainConfig, mlflow_uri: str | None) -> list[Tracker]:
    """Return where metrics go besides the run folder's metrics.jsonl."""
    found: list[Tracker] = [TensorBoardTracker(folder)]
    if mlflow_uri:
        parameters = {**asdict(config.model), **asdict(config.training), "encoder": config.encoder}
        found.append(MlflowTracker(mlflow_uri, name=folder.name, parameters=parameters))
    return found


def synthetic_data(config: PretrainConfig, folder: Path, workers: Workers) -> Path:
    """Make the synthetic ECGs of a run, unless they are there from before, and return their store.

    Raises:
        ConfigError: The configuration asks for none.
    """
    if not config.synthetic_records:
        raise ConfigError("No data was given; name a signal store with --data, made by pipelines.index_datasets.")
    data = folder / "data"
    if workers.is_main and not (data / "manifest.json").exists():
        build_synthetic_store(data, SPECS["compact"], records=config.synthetic_records, seed=config.training.seed)
    workers.wait()
    return data


def check_signal(spec: SignalSpec, model: ModelConfig) -> None:
    """Refuse a store whose signals do not have the model's shape.

    Raises:
        DatasetError: Leads or samples differ.
    """
    if (len(spec.leads), spec.samples) != (model.leads, model.samples):
        raise DatasetError(
            f"The store holds {len(spec.leads)} leads x {spec.samples} samples, the model reads {model.leads} x "
            f"{model.samples}. Build the store with the matching --signal."
        )


def embed_vocabulary(vocabulary: Vocabulary, embedder: TextEmbedder) -> dict[str, torch.Tensor]:
    """Return the vectors of a checkpoint: names (concept, width) and all wordings (wording, width)."""
    wordings = torch.from_numpy(embedder.embed(tuple(vocabulary.texts)))
    row = {text: position for position, text in enumerate(vocabulary.texts)}
    return {"names": wordings[[row[prompt] for prompt in vocabulary.prompts]], "wordings": wordings}


def query_bank(vocabulary: Vocabulary, vectors: dict[str, torch.Tensor], *, rate: float) -> QueryBank:
    """Return the training queries: each concept's name, and its other wordings as synonyms."""
    rows: dict[str, list[int]] = {code: [] for code in vocabulary.codes}
    for position, (text, concept) in enumerate(vocabulary.texts.items()):
        if text != concept.prompt:
            rows[concept.code].append(position)
    synonyms = [vectors["wordings"][positions] for positions in rows.values()]
    return QueryBank(names=vectors["names"], synonyms=synonyms, rate=rate)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.pretrain", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="signal store made by pipelines.index_datasets")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of the run; new, or one to resume")
    parser.add_argument("--config", type=Path, default=CONFIGS / "compact.toml", help="default: compact.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting")
    parser.add_argument("--resume", action="store_true", help="continue the run in --run-dir")
    args = parser.parse_args(argv)

    def work() -> None:
        if args.resume and args.set:
            raise ConfigError("A resumed run keeps its configuration; leave --set out, or start a new run.")
        path = args.run_dir / "config.toml" if args.resume else args.config
        config = load_config(PretrainConfig, path, args.set)
        settings = load_settings()
        workers = Workers(precision=config.training.precision, cpu=config.training.cpu)
        with stop_on_signal() as should_stop, closing(workers):
            summary = run(
                config,
                data=args.data,
                folder=args.run_dir,
                workers=workers,
                resume=args.resume,
                progress=ConsoleProgress("pretrain"),
                should_stop=should_stop,
                encoder_folder=settings.encoder_folder,
                mlflow_uri=settings.mlflow_tracking_uri,
            )
        if not workers.is_main:
            return
        print(
            f"{summary.epochs} epochs, {summary.steps} steps, {summary.seconds / 60:.0f} min; best validation macro "
            f"AUROC {summary.best_auroc:.4f} after epoch {summary.best_epoch + 1}; checkpoint {args.run_dir / 'best'}"
        )

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
