"""A pre-training experiment made ready: its data with labels and folds, its queries and vectors, and its network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from suprem.composed.concepts import with_composed_concepts
from suprem.composed.store import ComposedStore
from suprem.concepts.embed import TextEmbedder, describe, load_embedder
from suprem.concepts.mapping.versions import open_version
from suprem.concepts.report_texts import report_texts
from suprem.concepts.vocabulary import Vocabulary, load_terms
from suprem.datasets.index import ANNOTATIONS
from suprem.datasets.measured import measurements_of, quantities_of
from suprem.datasets.signal_store import SignalStore
from suprem.datasets.synthetic import build_synthetic_store
from suprem.ecg.preprocess import SPECS, SignalSpec
from suprem.errors import CheckpointError, ConfigError, DatasetError, EmbedderMismatch
from suprem.experiments.trainable import RESEARCH_CARD, about_run, rows_to_learn
from suprem.model.checkpoint import EncoderStamp, load_checkpoint, save_checkpoint
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.model_card import ModelCard
from suprem.progress import Progress
from suprem.training.config import PretrainConfig
from suprem.training.distillation import TEACHERS, with_teacher_scores
from suprem.training.distributed import Workers
from suprem.training.labels import labels_of_reports, labels_of_statements, learnable, with_measurements
from suprem.training.objective import Judgement, Objective
from suprem.training.objectives.merl import MerlObjective, ReportVectors
from suprem.training.query_bank import QueryBank, embed_descriptions, embed_vocabulary, query_bank
from suprem.training.query_objective import QueryObjective
from suprem.training.rows import ComposedRows, LabelledRows


@dataclass(frozen=True, eq=False)
class Experiment:
    """A configuration with everything it needs, ready to train a network that is asked with words."""

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
    composed: ComposedRows | None
    model: SupremeModel
    provenance: Mapping[str, Any]
    reports: ReportVectors | None = None

    @property
    def network(self) -> SupremeModel:
        """What is trained."""
        return self.model

    @property
    def queries(self) -> QueryBank:
        """The training queries. The statements of the corpus are asked in every step: cardiologists chose them record
        by record, while a report's silence about the rest is weak evidence. So are the concepts of composed ECGs."""
        carried = frozenset(code for codes in self.store.index.table["codes"] for code in codes)
        composed = frozenset(one.code for one in self.vocabulary.concepts if one.composed)
        return query_bank(
            self.vocabulary,
            self.vectors,
            rate=self.config.training.synonym_rate,
            mixup=self.config.training.wording_mixup_rate,
            described=self.described,
            always_asked=carried | composed,
        )

    def objective(self, workers: Workers) -> Objective:
        """Return what the run minimises."""
        rows = {"data": self.train, "validation": self.validation}
        if self.reports is not None:
            return MerlObjective(
                self.model, self.config.training, queries=self.queries, workers=workers, texts=self.reports, **rows
            )
        return QueryObjective(
            self.model,
            self.config.training,
            composed=self.composed,
            queries=self.queries,
            workers=workers,
            fine_tune=self.config.init is not None,
            **rows,
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
                **{f"{name}_labels": self.store.index.count(name) for name in ANNOTATIONS},
            },
            "vocabulary": self.vocabulary.content_hash,
            "vocabulary_version": self.version,
            "begun_with": self.begun_with,
            "composed_records": len(self.composed.store) if self.composed else 0,
            "taught_by": [load_checkpoint(folder).id for folder in self.config.teachers],
            "encoder": {"name": self.embedder.name, "content_hash": self.embedder.content_hash},
            **self.provenance,
        }

    def save(self, folder: Path, judged: Judgement, *, run: str) -> None:
        """Write the checkpoint that the application loads."""
        training = {**about_run(self.config, run), **self.environment()}
        facts = {"training": training, "validation": {"macro_auroc": judged.figures["macro_auroc"]}}
        save_checkpoint(
            folder,
            model=self.model,
            signal=asdict(self.store.spec),
            encoder=EncoderStamp(self.embedder.name, self.embedder.dimension, self.embedder.content_hash),
            vocabulary=self.vocabulary.to_json(),
            vectors=self.vectors,
            wordings=tuple(self.vocabulary.texts),
            card=ModelCard.of({**RESEARCH_CARD, **facts}),
        )


def set_up(
    config: PretrainConfig,
    *,
    data: Path | None,
    folder: Path,
    workers: Workers,
    provenance: Mapping[str, Any],
    encoder_folder: Path | None = None,
    say: Callable[[str], None] = lambda _message: None,
    progress: Progress = lambda _f, _m: None,
) -> Experiment:
    """Open the data, embed the vocabulary and make the network.

    Args:
        config: The experiment.
        data: The signal store; None makes one of synthetic ECGs in the run folder.
        folder: The run folder.
        workers: The processes that train.
        provenance: What the run depends on besides its configuration: code, packages, machine.
        encoder_folder: Where the text encoder's weights are, when not in a package or cache.
        say: Called by the first process with a sentence about the text encoder.
        progress: Called with the fraction done and a message while records are measured, which is done once.

    Raises:
        DatasetError: The store does not fit the model, a patient is on both sides of the split, or the corpus is not
            labelled with the vocabulary's statements.
        ConceptError: The vocabulary version cannot be opened.
    """
    data = data or synthetic_data(config, folder, workers)
    store = SignalStore.open(data)
    check_signal(store.spec, config.model)
    train_rows, validation_rows = rows_to_learn(store.index, config)

    version = open_version(config.vocabulary) if config.vocabulary else None
    if version:
        vocabulary, labels = labels_of_reports(store, version, statements=config.statements)
    else:
        vocabulary = load_terms()
        labels = labels_of_statements(store, vocabulary)
    if config.measured:
        measured = measured_quantities(data, store, workers, progress)
        vocabulary, labels = with_measurements(vocabulary, labels, measured)
    composed = None
    if config.composed:
        vocabulary, labels = with_composed_concepts(vocabulary, labels)
        composed = composed_rows(config, store, vocabulary, labels)
    examples = labels[train_rows] if composed is None else np.concatenate([labels[train_rows], composed.labels])
    learned = learnable(vocabulary, examples, leave_out=config.leave_out, min_examples=config.min_examples)
    vocabulary, labels = Vocabulary(tuple(vocabulary.concepts[column] for column in learned)), labels[:, learned]
    if composed:
        composed = replace(composed, labels=np.ascontiguousarray(composed.labels[:, learned]))

    if config.objective == "merl":
        texts = report_texts(config.reports or Path(), tuple(store.index.table["record_id"].iloc[train_rows]))
        train_rows, told = train_rows[texts.of_record >= 0], texts.of_record[texts.of_record >= 0]

    embedder = load_embedder(config.encoder, folder=encoder_folder)
    if workers.is_main:
        say(describe(embedder))
        if not any(map(store.index.annotated, ANNOTATIONS)):
            say("The store holds no likelihoods or other annotations: every statement is learned as certain.")
    # The encoder's own name, so that a resumed run never meets another one behind "auto".
    config = replace(config, encoder=embedder.name, model=replace(config.model, text_width=embedder.dimension))
    vectors = embed_vocabulary(vocabulary, embedder)

    reports = None
    if config.objective == "merl":
        reports = ReportVectors(told, torch.from_numpy(embedder.embed(texts.texts)))

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
        train=taught(LabelledRows(store, train_rows, labels[train_rows]), vocabulary, config, folder, workers),
        validation=LabelledRows(store, validation_rows, labels[validation_rows]),
        composed=composed,
        model=model,
        provenance=provenance,
        reports=reports,
    )


def composed_rows(
    config: PretrainConfig, store: SignalStore, vocabulary: Vocabulary, labels: NDArray[np.float32]
) -> ComposedRows:
    """Open the composed ECGs of a run with their labels.

    Raises:
        DatasetError: There are none, they are of another corpus, made of records that are no training records, or mark
            the spikes of pacemakers where the store does not, or the other way round.
    """
    opened = ComposedStore.open(config.composed or Path())
    if opened.pacing_marks != store.spec.pacing_marks:
        older = "composed ECGs were" if store.spec.pacing_marks else "signal store was"
        raise DatasetError(
            f"The {older} made before pacing spikes were marked, so a mark would mean nothing; make it again with "
            f"suprem {'compose' if store.spec.pacing_marks else 'index-datasets'}."
        )
    table = store.index.table
    row_of = {str(record_id): row for row, record_id in enumerate(table["record_id"])}
    used = {row_of.get(record_id, -1) for record_id in opened.record_ids}
    if opened.corpus != store.index.corpus or -1 in used:
        raise DatasetError(f"The composed ECGs are of {opened.corpus}, the store of {store.index.corpus}.")
    if not set(table["fold"].iloc[sorted(used)]) <= set(config.train_folds):
        raise DatasetError("The composed ECGs are made of recordings that the run is judged by; compose them again.")
    return ComposedRows(opened, opened.labels_for(vocabulary.codes, labels, row_of))


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


def taught(
    data: LabelledRows, vocabulary: Vocabulary, config: PretrainConfig, folder: Path, workers: Workers
) -> LabelledRows:
    """Return the training records with what the teachers say; the first process asks them, once for a run folder."""
    if not config.teachers:
        return data
    kept, device = folder / TEACHERS, str(workers.device)
    if workers.is_main:
        folder.mkdir(parents=True, exist_ok=True)
        with_teacher_scores(data, vocabulary, config, kept=kept, device=device)
    workers.wait()
    return with_teacher_scores(data, vocabulary, config, kept=kept, device=device)


def measured_quantities(
    data: Path, store: SignalStore, workers: Workers, progress: Progress
) -> dict[str, NDArray[np.float64]]:
    """Return what is measured of a store's records by name; the first process measures what was not yet."""
    if workers.is_main:
        measurements_of(data, store, workers=os.cpu_count() or 1, progress=progress)
    workers.wait()
    return quantities_of(data, store)


def synthetic_data(config: PretrainConfig, folder: Path, workers: Workers) -> Path:
    """Make the synthetic ECGs of a run, unless they are there from before, and return their store.

    Raises:
        ConfigError: The configuration asks for none.
    """
    if not config.synthetic_records:
        raise ConfigError("No data was given; name a signal store with --data, made by suprem index-datasets.")
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
