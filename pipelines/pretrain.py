"""Pre-train SuPreME on a signal store, with the SCP-ECG statements or a vocabulary version's concepts as queries.

    python -m pipelines.pretrain --data STORE --run-dir DIR [--config FILE.toml] [--set training.epochs=5] [--resume]
    python -m pipelines.pretrain --data STORE --vocabulary VERSION --run-dir DIR    labels from reports
    python -m pipelines.pretrain --data STORE --init CHECKPOINT --run-dir DIR --set training.epochs=4    fine-tuning
    python -m pipelines.pretrain --config smoke --run-dir DIR       synthetic ECGs, one minute
    torchrun --standalone --nproc_per_node=2 -m pipelines.pretrain ...                     several processes
    python -m pipelines.pretrain ... --launch slurm --nodes 2 --gpus-per-node 8            a cluster (docs/scale.md)

Everything that defines the run, its metrics and its checkpoints are in the run folder; `best/` is a checkpoint that the
application and `pipelines.score --checkpoint` load. SIGTERM and Ctrl-C save and exit with 143; `--resume` continues.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from pipelines.launch import LAUNCHERS, launch_options, read_launch
from pipelines.stage import ConsoleProgress, provenance, run_stage, say, stop_on_signal
from suprem.concepts.embed import TextEmbedder, describe, load_embedder
from suprem.concepts.mapping.versions import open_version
from suprem.concepts.vocabulary import Vocabulary, load_descriptions, load_terms
from suprem.configfile import load_config, to_toml
from suprem.datasets.index import TRAIN_FOLDS, VALIDATION_FOLDS, shared_patients
from suprem.datasets.measured import measurements_of
from suprem.datasets.signal_store import SignalStore
from suprem.datasets.synthetic import build_synthetic_store
from suprem.ecg.measurement.quantities import quantities
from suprem.ecg.preprocess import SPECS, SignalSpec
from suprem.errors import CheckpointError, ConfigError, DatasetError, EmbedderMismatch
from suprem.inference.predictor import Predictor
from suprem.jobs.processes import peak_memory
from suprem.model.checkpoint import EncoderStamp, load_checkpoint, save_checkpoint
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.resources import CONFIGS, configuration
from suprem.settings import load_settings
from suprem.training.config import TrainConfig
from suprem.training.distributed import Workers
from suprem.training.labels import labels_of_reports, labels_of_statements, learnable, with_measurements
from suprem.training.loop import LabelledRows, Learner, Progress, RunSummary, train
from suprem.training.query_bank import QueryBank
from suprem.training.runlog import RunLog
from suprem.training.trackers import MlflowTracker, TensorBoardTracker, Tracker

DRY_STEPS = 3
TEACHING_BATCH = 512  # records in memory at once
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
    vocabulary: Path | None = None
    """Folder of a vocabulary version, whose labels come from reports; None takes the corpus's SCP-ECG statements."""

    statements: bool = False
    """Whether a version's labels are corrected and completed by the statements that the corpus carries."""

    measured: bool = False
    """Whether the records' own measurements decide further concepts and correct the labels of reports, by the limits of
    assets/terms/measured.toml; they are taken from the store, or measured and kept there."""

    min_examples: int = 0
    """A concept with fewer training records is not learned."""

    descriptions: bool = False
    """Whether lay descriptions are among the synonyms that stand in for a concept's name."""

    init: Path | None = None
    """Folder of a checkpoint whose weights the run begins with; None begins anew."""

    teachers: tuple[Path, ...] = ()
    """Folders of checkpoints; what they think of the training records, of the concepts they know, is learned beside the
    labels, and alone where no label is known (Hinton et al. 2015, arXiv 1503.02531)."""

    teacher_weight: float = 0.5
    """Weight of the teachers beside a known label, in [0, 1]."""

    leave_out: tuple[str, ...] = ()
    """Codes of concepts that are not learned, nor findings of that kind in single places: to measure afterwards how
    unseen words are understood."""

    train_folds: tuple[int, ...] = TRAIN_FOLDS
    validation_folds: tuple[int, ...] = VALIDATION_FOLDS
    synthetic_records: int = 0
    """Where no signal store is given, so many synthetic ECGs are made and stored in the run folder."""

    def __post_init__(self) -> None:
        if not 0 <= self.teacher_weight <= 1:
            raise ConfigError(f"teacher_weight must be in [0, 1]; found {self.teacher_weight}.")


@dataclass(frozen=True, eq=False)
class Experiment:
    """A configuration with everything it needs, ready to train."""

    config: PretrainConfig
    store: SignalStore
    embedder: TextEmbedder
    vocabulary: Vocabulary
    version: str | None
    begun_with: str | None
    vectors: dict[str, torch.Tensor]
    described: dict[str, torch.Tensor]
    train: LabelledRows
    validation: LabelledRows
    model: SupremeModel

    @property
    def queries(self) -> QueryBank:
        """The training queries. The statements of the corpus are asked in every step: cardiologists chose them record
        by record, while a report's silence about the rest is weak evidence."""
        carried = frozenset(code for codes in self.store.index.table["codes"] for code in codes)
        return query_bank(
            self.vocabulary,
            self.vectors,
            rate=self.config.training.synonym_rate,
            blend=self.config.training.blend_rate,
            described=self.described,
            always_asked=carried,
        )

    def environment(self) -> dict[str, Any]:
        """Return what the run depends on besides its configuration."""
        return {
            "data": {
                "corpus": self.store.index.corpus,
                "signal": asdict(self.store.spec),
                "train_folds": self.config.train_folds,
                "train_records": len(self.train),
                "validation_folds": self.config.validation_folds,
                "validation_records": len(self.validation),
                "skipped_records": len(self.store.skipped),
            },
            "vocabulary": self.vocabulary.content_hash,
            "vocabulary_version": self.version,
            "begun_with": self.begun_with,
            "taught_by": [load_checkpoint(folder).id for folder in self.config.teachers],
            "encoder": {"name": self.embedder.name, "content_hash": self.embedder.content_hash},
            **provenance(),
        }


def set_up(
    config: PretrainConfig,
    *,
    data: Path | None,
    folder: Path,
    workers: Workers,
    encoder_folder: Path | None = None,
    progress: Progress = lambda _f, _m: None,
) -> Experiment:
    """Open the data, embed the vocabulary and make the network.

    Args:
        config: The experiment.
        data: The signal store; None makes one of synthetic ECGs in the run folder.
        folder: The run folder.
        workers: The processes that train.
        encoder_folder: Where the text encoder's weights are, when not in a package or cache.
        progress: Called with the fraction done and a message while records are measured, which is done once.

    Raises:
        DatasetError: The store does not fit the model, a patient is on both sides of the split, or the corpus is not
            labelled with the vocabulary's statements.
        ConceptError: The vocabulary version cannot be opened.
    """
    data = data or synthetic_data(config, folder, workers)
    store = SignalStore.open(data)
    check_signal(store.spec, config.model)
    train_rows = store.index.rows_in_folds(config.train_folds)
    validation_rows = store.index.rows_in_folds(config.validation_folds)
    both = shared_patients(store.index, train_rows, validation_rows)
    if both:
        raise DatasetError(f"{len(both)} patient(s) have records in training and validation folds; choose other folds.")

    version = open_version(config.vocabulary) if config.vocabulary else None
    if version:
        vocabulary, labels = labels_of_reports(store, version, statements=config.statements)
    else:
        vocabulary = load_terms()
        labels = labels_of_statements(store, vocabulary)
    if config.measured:
        measured = measured_quantities(data, store, workers, progress)
        vocabulary, labels = with_measurements(vocabulary, labels, measured)
    learned = learnable(vocabulary, labels[train_rows], leave_out=config.leave_out, min_examples=config.min_examples)
    vocabulary, labels = Vocabulary(tuple(vocabulary.concepts[column] for column in learned)), labels[:, learned]

    embedder = load_embedder(config.encoder, folder=encoder_folder)
    if workers.is_main:
        say(describe(embedder))
    # The encoder's own name, so that a resumed run never meets another one behind "auto".
    config = replace(config, encoder=embedder.name, model=replace(config.model, text_width=embedder.dimension))
    vectors = embed_vocabulary(vocabulary, embedder)

    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    torch.manual_seed(config.training.seed)
    model = SupremeModel(config.model)
    if config.init:
        begun_with = begin_with(model, config.init, embedder)
    elif config.model.whiten_queries:
        model.fit_whitening(vectors["wordings"])
    return Experiment(
        config=config,
        store=store,
        embedder=embedder,
        vocabulary=vocabulary,
        version=version.id if version else None,
        begun_with=begun_with if config.init else None,
        vectors=vectors,
        described=embed_descriptions(vocabulary, embedder) if config.descriptions else {},
        train=taught(LabelledRows(store=store, rows=train_rows, labels=labels[train_rows]), vocabulary, config),
        validation=LabelledRows(store=store, rows=validation_rows, labels=labels[validation_rows]),
        model=model,
    )


def begin_with(model: SupremeModel, folder: Path, embedder: TextEmbedder) -> str:
    """Give a network the weights of a checkpoint and return the checkpoint's id.

    Raises:
        CheckpointError: There is none, or it is of another network.
        EmbedderMismatch: It was trained with another text encoder.
    """
    checkpoint = load_checkpoint(folder)
    if checkpoint.encoder.content_hash != embedder.content_hash:
        raise EmbedderMismatch(
            f"The checkpoint to begin with was trained with text encoder {checkpoint.encoder.name}; {embedder.name} is "
            "in use. Name the first in the configuration."
        )
    if checkpoint.model.config != model.config:
        raise CheckpointError(
            "The checkpoint to begin with is of another network than the configuration states; give its own [model]."
        )
    model.load_state_dict(checkpoint.model.state_dict())
    return checkpoint.id


def taught(data: LabelledRows, vocabulary: Vocabulary, config: PretrainConfig) -> LabelledRows:
    """Return the training records with labels between their own and what the teachers think.

    Each teacher speaks of the concepts that it knows. Their logits are averaged, for each record as a whole and
    undisturbed; of what none of them knows, the label stays as it is.

    Raises:
        CheckpointError: A teacher is none, reads other signals, or knows none of the concepts.
    """
    if not config.teachers:
        return data
    total, speaking = np.zeros(data.labels.shape), np.zeros(len(vocabulary))
    for folder in config.teachers:
        teacher = Predictor.load(folder)
        known = [column for column, code in enumerate(vocabulary.codes) if code in teacher.vocabulary.codes]
        if not known or teacher.spec != data.store.spec:
            reason = "reads signals prepared in another way" if known else "knows none of the concepts"
            raise CheckpointError(f"The teacher {folder} {reason}; give one that was trained for the same task.")
        vectors = teacher.vectors([vocabulary.names[column] for column in known])
        for first in range(0, len(data), TEACHING_BATCH):
            part = slice(first, first + TEACHING_BATCH)
            total[part, known] += teacher.logits(data.store.read(data.rows[part]), vectors)
        speaking[known] += 1
    thought = expit(total / np.maximum(speaking, 1)).astype(np.float32)
    between = (1 - config.teacher_weight) * data.labels + config.teacher_weight * thought
    joined = np.where(data.labels < 0, thought, between)
    return replace(data, labels=np.where(speaking > 0, joined, data.labels))


def measured_quantities(
    data: Path, store: SignalStore, workers: Workers, progress: Progress
) -> dict[str, NDArray[np.float64]]:
    """Return what is measured of a store's records by name; the first process measures what was not yet."""
    if workers.is_main:
        measurements_of(data, store, workers=os.cpu_count() or 1, progress=progress)
    workers.wait()
    return quantities(measurements_of(data, store))


def run(
    experiment: Experiment,
    *,
    folder: Path,
    workers: Workers,
    resume: bool,
    progress: Progress,
    should_stop: Callable[[], bool],
    mlflow_uri: str | None = None,
) -> RunSummary:
    """Train, and leave a run folder.

    Args:
        experiment: What to train.
        folder: The run folder.
        workers: The processes that train.
        resume: Continue the run in `folder`.
        progress: Called with the fraction done and a message.
        should_stop: Asked before every step.
        mlflow_uri: MLflow server that also receives the metrics.
    """
    config, environment = experiment.config, experiment.environment()
    if resume or not workers.is_main:
        log = RunLog(folder)
    else:
        log = RunLog.start(folder, config_toml=to_toml(config), environment=environment)
    if workers.is_main:
        log = log.tracked_by(*trackers(folder, config, mlflow_uri))

    def save_best(model: SupremeModel, auroc: float) -> None:
        card = {**RESEARCH_CARD, "training": {"run": folder.name, **environment}, "validation": {"macro_auroc": auroc}}
        save_checkpoint(
            folder / "best",
            model=model,
            signal=asdict(experiment.store.spec),
            encoder=EncoderStamp(
                experiment.embedder.name, experiment.embedder.dimension, experiment.embedder.content_hash
            ),
            vocabulary=experiment.vocabulary.to_json(),
            vectors=experiment.vectors,
            wordings=tuple(experiment.vocabulary.texts),
            card=card,
        )

    with closing(log):
        summary = train(
            experiment.model,
            config.training,
            data=experiment.train,
            validation=experiment.validation,
            queries=experiment.queries,
            run=log,
            workers=workers,
            save_best=save_best,
            resume=resume,
            fine_tune=config.init is not None,
            progress=progress,
            should_stop=should_stop,
        )
    if workers.is_main:
        log.finish({"outcome": "done", **asdict(summary)})
    return summary


def estimate(experiment: Experiment, workers: Workers) -> str:
    """Take a few steps, save nothing, and say what the run will need."""
    config = experiment.config.training
    model = experiment.model
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0)
    learner = Learner(model, workers.prepare(model), optimizer, config, workers, experiment.queries)

    def seconds_per_record(keep: float) -> float:
        batch = min(config.batch, len(experiment.train))
        positions = workers.share(np.arange(batch))
        learner.step(*experiment.train.batch(positions), rate=0.0, keep=keep)
        started = time.monotonic()
        for _ in range(DRY_STEPS):
            learner.step(*experiment.train.batch(positions), rate=0.0, keep=keep)
        return (time.monotonic() - started) / (DRY_STEPS * batch)

    short = config.epochs - min(config.full_epochs, config.epochs)
    per_epoch = {keep: seconds_per_record(keep) * len(experiment.train) for keep in {config.keep_tokens, 1.0}}
    seconds = short * per_epoch[config.keep_tokens] + (config.epochs - short) * per_epoch[1.0]
    seconds += config.epochs * per_epoch[1.0] / 3 * len(experiment.validation) / len(experiment.train)
    weights = sum(parameter.numel() * 4 for parameter in model.parameters())
    return (
        f"{config.epochs} epochs of {len(experiment.train):,} records: about {max(1, round(seconds / 60)):,} min on "
        f"{workers.count} process(es) as busy as now; {peak_memory() / 2**30:.1f} "
        f"GB of memory each; {5 * weights / 2**20:.0f} MB of disk; {weights / 4e6:.1f} million weights."
    )


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


def embed_descriptions(vocabulary: Vocabulary, embedder: TextEmbedder) -> dict[str, torch.Tensor]:
    """Return code -> vectors (text, width) of the lay descriptions of a vocabulary's concepts."""
    found = {code: texts for code, texts in load_descriptions().items() if code in vocabulary.codes}
    return {code: torch.from_numpy(embedder.embed(texts)) for code, texts in found.items()}


def query_bank(
    vocabulary: Vocabulary,
    vectors: dict[str, torch.Tensor],
    *,
    rate: float,
    blend: float = 0.0,
    described: Mapping[str, torch.Tensor] | None = None,
    always_asked: frozenset[str] = frozenset(),
) -> QueryBank:
    """Return the training queries: each concept's name, and its other wordings as synonyms.

    Args:
        vocabulary: The concepts.
        vectors: As `embed_vocabulary` returns them.
        rate: How often a synonym stands in for the name.
        blend: How often a wording is blended with another of its concept.
        described: Code -> vectors (text, width) of further synonyms, which the vocabulary does not list.
        always_asked: Codes that every step asks.
    """
    rows: dict[str, list[int]] = {code: [] for code in vocabulary.codes}
    for position, (text, concept) in enumerate(vocabulary.texts.items()):
        if text != concept.prompt:
            rows[concept.code].append(position)
    described = described or {}
    synonyms = [
        torch.cat([vectors["wordings"][positions], *([described[code]] if code in described else [])])
        for code, positions in rows.items()
    ]
    always = torch.tensor([code in always_asked for code in vocabulary.codes])
    return QueryBank(names=vectors["names"], synonyms=synonyms, rate=rate, blend=blend, always=always)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.pretrain", description=__doc__.splitlines()[0], parents=[launch_options()]
    )
    parser.add_argument("--data", type=Path, help="signal store made by pipelines.index_datasets")
    parser.add_argument("--vocabulary", type=Path, help="folder of a version of pipelines.build_vocabulary")
    parser.add_argument("--init", type=Path, metavar="CHECKPOINT", help="begin with its weights, to fine-tune it")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of the run; new, or one to resume")
    parser.add_argument(
        "--config",
        type=configuration,
        default=CONFIGS / "compact.toml",
        help="a file, or the name of one that ships; default: compact",
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting")
    parser.add_argument("--dry-run", action="store_true", help="measure a few steps, say what the run needs, stop")
    parser.add_argument("--resume", action="store_true", help="continue the run in --run-dir")
    args = parser.parse_args(argv)

    def work() -> None:
        launch, words = read_launch(argv)
        if launch.kind != "local":
            print(LAUNCHERS[launch.kind](launch).start("pretrain", words, args.run_dir))
            return
        if args.resume and (args.set or args.vocabulary or args.init):
            raise ConfigError(
                "A resumed run keeps its configuration; leave --set, --vocabulary and --init out, or start anew."
            )
        path = args.run_dir / "config.toml" if args.resume else args.config
        config = load_config(PretrainConfig, path, args.set)
        if args.vocabulary:
            config = replace(config, vocabulary=args.vocabulary.absolute())
        if args.init:
            config = replace(config, init=args.init.absolute())
        config = replace(config, teachers=tuple(folder.absolute() for folder in config.teachers))
        settings = load_settings()
        workers = Workers(precision=config.training.precision, cpu=config.training.cpu)
        with stop_on_signal() as should_stop, closing(workers):
            experiment = set_up(
                config,
                data=args.data,
                folder=args.run_dir,
                workers=workers,
                encoder_folder=settings.encoder_folder,
                progress=ConsoleProgress("pretrain"),
            )
            if args.dry_run:
                outlook = estimate(experiment, workers)
                if workers.is_main:
                    print(outlook)
                return
            summary = run(
                experiment,
                folder=args.run_dir,
                workers=workers,
                resume=args.resume,
                progress=ConsoleProgress("pretrain"),
                should_stop=should_stop,
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
