"""The model card of a checkpoint: what it is, was trained on, can and cannot do, and its figures.

`model_card.json` in the checkpoint's folder holds it. Every part may be missing; what a later version wrote and this
one does not know is kept in `rest` and written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from suprem.errors import CheckpointError, ConfigError
from suprem.plain_data import REST, from_json, from_plain, to_json

Interval = tuple[float | None, float | None]
"""A 95 % interval; its ends are None where there is none."""


@dataclass(frozen=True)
class SignalFacts:
    """The preparation of the signals that a model learned from."""

    fs: int
    seconds: float
    leads: tuple[str, ...]
    scaling: str
    pacing_marks: bool = False
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


@dataclass(frozen=True)
class TrainingData:
    """The corpus that a model learned from, its folds and the numbers of its records."""

    corpus: str = ""
    signal: SignalFacts | None = None
    train_folds: tuple[int, ...] = ()
    train_records: int | None = None
    validation_folds: tuple[int, ...] = ()
    validation_records: int | None = None
    skipped_records: int | None = None
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


@dataclass(frozen=True)
class EncoderFacts:
    """Name and content hash of a text encoder."""

    name: str = ""
    content_hash: str = ""


@dataclass(frozen=True)
class TrainingFacts:
    """The run, data and text encoder that a checkpoint came from.

    Attributes:
        run: Name of the run folder.
        data: What it learned from.
        vocabulary: Content hash of the vocabulary.
        vocabulary_version: Id of the vocabulary version that gave labels from reports; None where there was none.
        begun_with: Id of the checkpoint whose weights the run began with.
        taught_by: Ids of the checkpoints whose scores it learned beside the labels (distillation).
        encoder: The text encoder.
        commit, command: The code and the command line.
        rest: Packages, hardware and what else was noted.
    """

    run: str = ""
    data: TrainingData = field(default_factory=TrainingData)
    vocabulary: str = ""
    vocabulary_version: str | None = None
    begun_with: str | None = None
    taught_by: tuple[str, ...] = ()
    encoder: EncoderFacts = field(default_factory=EncoderFacts)
    commit: str | None = None
    command: str = ""
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


@dataclass(frozen=True, kw_only=True)
class ClassFigures:
    """Figures of one query: how well it orders the evaluated records.

    Attributes:
        code, query: The class, and what was asked for it.
        positives: Records that have it.
        auroc, ci: Area under the ROC curve and its 95 % interval; None where it could not be computed.
        rest: What else the evaluation found.
    """

    code: str
    query: str = ""
    positives: int
    auroc: float | None
    ci: Interval | None
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


@dataclass(frozen=True, kw_only=True)
class ConceptClass(ClassFigures):
    """The same of a concept whose label is not known for every record: `negatives` and `unknown` count the others."""

    negatives: int
    unknown: int


@dataclass(frozen=True)
class ValidationFigures:
    """The zero-shot evaluation by which a checkpoint is judged; `rest` keeps all else that the evaluation found.

    Attributes:
        task, checkpoint: Name in the catalog, and id of the evaluated checkpoint.
        split: The evaluated records, in words.
        macro, macro_ci: Mean AUROC over the classes.
        macro_auroc: Of a checkpoint that was only trained: the figure by which its epoch was chosen.
        classes: Class by class.
    """

    task: str = ""
    split: str = ""
    checkpoint: str = ""
    macro: float | None = None
    macro_ci: Interval | None = None
    macro_auroc: float | None = None
    classes: tuple[ClassFigures, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)

    @property
    def mean(self) -> float | None:
        """The macro AUROC, of the evaluation or else of training; None where neither is known."""
        return self.macro_auroc if self.macro is None else self.macro


@dataclass(frozen=True)
class ReferenceLogits:
    """Logits of the evaluated records, of which there are `records`.

    Attributes:
        quantiles: Code -> quantiles over all records, in one line of text, so that the card can still be read.
        positive_quantiles: Code -> quantiles over the records with the finding, where they are enough.
    """

    records: int = 0
    quantiles: Mapping[str, str] = field(default_factory=dict)
    positive_quantiles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ConceptFigures(ReferenceLogits):
    """Logits and figures of every concept, on labels that are not known for every record.

    Attributes:
        labels: Where the labels came from, in words.
        folds: Folds of the records.
        classes: Concept by concept.
    """

    labels: str = ""
    folds: tuple[int, ...] = ()
    classes: tuple[ConceptClass, ...] = ()


@dataclass(frozen=True)
class ThresholdFigures:
    """One operating point of a query: rule, logit, and what it gave on patients it was not chosen on."""

    rule: str
    logit: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class PlattMap:
    """A logit becomes the probability sigmoid(slope * logit + intercept); `ece` is its expected calibration error."""

    slope: float
    intercept: float
    ece: float
    prevalence: float = 0.0


@dataclass(frozen=True)
class ProbabilityMaps:
    """Probability maps of the frequent queries, by code, and what they were fitted on."""

    method: str = ""
    records: int = 0
    maps: Mapping[str, PlattMap] = field(default_factory=dict)


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation over recordings and queries: median, 5th and 95th percentile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class OcclusionAgreement:
    """Rank correlation of attention with what a score changes by when a second of a lead is left out.

    Attributes:
        records: How many recordings were compared.
        attention: Of the attention itself.
        beyond_usual: Of what it has beyond the mean over all queries.
        contribution: Of the contributions of the same parts; None where that was not asked.
    """

    FORMER_NAMES: ClassVar[Mapping[str, str]] = {"beyond the usual": "beyond_usual"}

    records: int
    attention: RankCorrelation
    beyond_usual: RankCorrelation
    contribution: RankCorrelation | None = None


@dataclass(frozen=True)
class AttentionCheck:
    """Likeness of the attention maps of a checkpoint and of others (`suprem.inference.attention_check`).

    Attributes:
        checkpoint: Id of the checkpoint.
        records, queries, seeds: How many recordings, queries and random networks were compared.
        rank_correlation: What was compared -> the correlation of the maps.
        occlusion: How far attention agrees with occlusion; None where that was not asked.
    """

    checkpoint: str
    records: int
    queries: int
    seeds: int
    rank_correlation: Mapping[str, RankCorrelation]
    occlusion: OcclusionAgreement | None = None


@dataclass(frozen=True)
class ExternalFigures:
    """Figures of one finding at another hospital.

    Attributes:
        finding: The hospital's name for it.
        queries: Codes of the concepts that were asked, or the texts that are embedded where they are none.
        records, positives: Records of which it is known, and those that have it.
        auroc, ci: Area under the ROC curve and its 95 % interval.
    """

    finding: str
    queries: tuple[str, ...]
    records: int
    positives: int
    auroc: float
    ci: Interval


@dataclass(frozen=True)
class MissingLoss:
    """AUROC lost where `limb` of I and II, `chest` chest leads, or all but `seconds` are missing, or in a `layout`."""

    mean: float
    losses: Mapping[str, float] = field(default_factory=dict)
    limb: int = 0
    chest: int = 0
    seconds: float | None = None
    layout: str = ""


@dataclass(frozen=True)
class MissingSignal:
    """What missing leads and seconds cost, by code of the finding, on so many records of a split."""

    checkpoint: str
    split: str
    records: int
    conditions: tuple[MissingLoss, ...]


@dataclass(frozen=True)
class AveragedCheckpoint:
    """One of the checkpoints of which a checkpoint is the weighted mean."""

    checkpoint: str
    share: float


@dataclass(frozen=True)
class ModelCard:
    """All that is known of a checkpoint, part by part.

    Attributes:
        intended_use, out_of_scope, warnings: What it is for, what it is not for, and what to keep in mind.
        training: What made it.
        averaged: The checkpoints of which it is the mean.
        validation: The zero-shot evaluation by which it is judged.
        reference: The logits of that evaluation, for ranks.
        operating_points: Code -> thresholds chosen and judged on that evaluation.
        probability: Probabilities fitted on that evaluation.
        concepts: Every concept, on labels from reports and measurements.
        attention_check: Whether its attention depends on what was learned; None where that was not checked.
        external: Name of another hospital -> figures of its findings.
        missing_signal: What missing leads and seconds cost its scores.
        rest: What a later version of the program wrote.
    """

    intended_use: str = ""
    out_of_scope: str = ""
    warnings: tuple[str, ...] = ()
    training: TrainingFacts = field(default_factory=TrainingFacts)
    averaged: tuple[AveragedCheckpoint, ...] = ()
    validation: ValidationFigures = field(default_factory=ValidationFigures)
    reference: ReferenceLogits = field(default_factory=ReferenceLogits)
    operating_points: Mapping[str, tuple[ThresholdFigures, ...]] = field(default_factory=dict)
    probability: ProbabilityMaps = field(default_factory=ProbabilityMaps)
    concepts: ConceptFigures = field(default_factory=ConceptFigures)
    attention_check: AttentionCheck | None = None
    external: Mapping[str, tuple[ExternalFigures, ...]] = field(default_factory=dict)
    missing_signal: MissingSignal | None = None
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> ModelCard:
        """Build a card from plain data.

        Raises:
            CheckpointError: A part has another form than a card has.
        """
        try:
            return from_plain(cls, table, null_is_nan=True)
        except ConfigError as error:
            raise CheckpointError(f"The model card is damaged: {error}") from error

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read what `to_json` wrote.

        Raises:
            CheckpointError: It is not JSON, or not of a card's form.
        """
        try:
            return from_json(cls, text)
        except ConfigError as error:
            raise CheckpointError(f"The model card is damaged: {error}") from error

    def to_json(self) -> str:
        """Return the card as JSON, without the parts of which nothing is known."""
        return to_json(self, defaults=False) + "\n"
