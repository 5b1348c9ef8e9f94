"""The training recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from suprem.datasets.index import TRAIN_FOLDS, VALIDATION_FOLDS
from suprem.errors import ConfigError
from suprem.model.config import ModelConfig

Precision = Literal["no", "bf16"]


ObjectiveName = Literal[
    "queries",
    "simclr",
    "byol",
    "barlow_twins",
    "moco_v3",
    "simsiam",
    "ts_tcc",
    "clocs",
    "astcl",
    "crt",
    "st_mem",
    "merl",
]
OBJECTIVE_TITLES: dict[ObjectiveName, str] = {
    "queries": "SuPreME",
    "simclr": "SimCLR",
    "byol": "BYOL",
    "barlow_twins": "Barlow Twins",
    "moco_v3": "MoCo-v3",
    "simsiam": "SimSiam",
    "ts_tcc": "TS-TCC",
    "clocs": "CLOCS",
    "astcl": "ASTCL",
    "crt": "CRT",
    "st_mem": "ST-MEM",
    "merl": "MERL",
}
"""What a run can minimise, by the names of the paper's Table 1; "queries" is the paper's own, and with "merl" the only
one that learns words: the others leave an ECG encoder."""

WITH_WORDS: tuple[ObjectiveName, ...] = ("queries", "merl")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. The published recipe is pipelines/configs/paper.toml, the shipped one compact.toml.

    Args:
        epochs: Most passes over the training records.
        batch: Records per optimiser step.
        learning_rate, weight_decay: AdamW.
        schedule: "one_cycle" warms up and falls to zero once; "cosine_restarts" is the paper's, with a period of
            `restart_steps` optimiser steps.
        warmup: Share of all steps spent warming up ("one_cycle").
        clip_norm: Gradients are scaled down to this norm.
        token_keep_rate: Share of the ECG tokens that enter the transformer in a step (token dropout leaves out the
            others); for "hybrid" they are one stretch of the record.
        full_epochs: Last epochs that see all tokens, as evaluation does.
        query_share: Share of the concepts asked in a step, drawn anew for each step; 1.0 asks all. Concepts that the
            query bank asks always do not count.
        synonym_rate: How often a concept is asked by one of its synonyms instead of its name.
        wording_mixup_rate: How often the vector of a wording is mixed with that of another wording of the same concept
            (mixup, Zhang et al. 2018), so that what lies between known wordings is asked as well.
        gain, noise: Augmentation: amplitudes are multiplied by 1 ± `gain` per record and 1 ± `gain` / 2 per lead, and
            white noise of `noise` millivolts is added.
        baseline_wander: Each lead is put on a baseline that sways by up to so many millivolts, at 0.05 to 0.5 Hz.
        lead_loss: Share of the records that lose leads in a step, each lead with a chance of one in four.
        attention_diversity: Weight of a term that makes the attention maps of unrelated queries differ; 0 leaves it out
            (`suprem.training.attention_diversity`).
        filter_rate: Share of the records that pass the filters of another device in a step: a high-pass of 0.05 to
            0.67 Hz and a low-pass of 20 to 45 Hz, each of first order.
        composed_share: Share of composed ECGs in each batch, where there are such.
        composed_token_keep_rate: `token_keep_rate` of composed ECGs; what is composed may lie anywhere in the record.
        patience: Stop after this many epochs without a better validation AUROC.
        checkpoint_minutes: A run that is killed loses at most this much.
        precision: "bf16" computes the forward pass in bfloat16, where the hardware is faster at it.
        compile: Whether `torch.compile` translates the network first.
        cpu: Whether to stay on the CPU where there is a GPU.
        seed: Of everything that is drawn.
        threads: Threads of torch; 0 leaves its default.
    """

    FORMER_NAMES: ClassVar[Mapping[str, str]] = {
        "token_keep_rate": "token_keep_rate",
        "composed_token_keep_rate": "composed_token_keep_rate",
        "blend_rate": "wording_mixup_rate",
        "wander": "baseline_wander",
    }

    epochs: int = 10
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    schedule: Literal["one_cycle", "cosine_restarts"] = "one_cycle"
    warmup: float = 0.1
    restart_steps: int = 5000
    clip_norm: float = 1.0
    token_keep_rate: float = 0.4
    full_epochs: int = 0
    query_share: float = 1.0
    synonym_rate: float = 0.5
    wording_mixup_rate: float = 0.0
    gain: float = 0.1
    noise: float = 0.01
    baseline_wander: float = 0.0
    lead_loss: float = 0.0
    attention_diversity: float = 0.0
    filter_rate: float = 0.0
    composed_share: float = 0.5
    composed_token_keep_rate: float = 1.0
    patience: int = 10
    checkpoint_minutes: float = 3.0
    precision: Precision = "no"
    compile: bool = False
    cpu: bool = False
    seed: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.learning_rate <= 0:
            raise ConfigError("epochs and batch must be at least 1 and learning_rate above 0.")
        if not 0 < self.token_keep_rate <= 1 or not 0 <= self.synonym_rate <= 1 or not 0 <= self.warmup < 1:
            raise ConfigError("token_keep_rate must be in (0, 1], synonym_rate in [0, 1] and warmup in [0, 1).")
        if not 0 < self.query_share <= 1:
            raise ConfigError(f"query_share must be in (0, 1]; found {self.query_share}.")
        if not 0 <= self.wording_mixup_rate <= 1:
            raise ConfigError(f"wording_mixup_rate must be in [0, 1]; found {self.wording_mixup_rate}.")
        if not 0 <= self.gain < 1 or self.noise < 0 or self.baseline_wander < 0 or not 0 <= self.lead_loss <= 1:
            raise ConfigError("gain must be in [0, 1), noise and baseline_wander at least 0, lead_loss in [0, 1].")
        if self.attention_diversity < 0 or (self.attention_diversity and self.compile):
            raise ConfigError("attention_diversity must be at least 0, and 0 where the network is compiled.")
        if not 0 <= self.filter_rate <= 1 or not 0 < self.composed_share < 1:
            raise ConfigError("filter_rate must be in [0, 1] and composed_share in (0, 1).")
        if not 0 < self.composed_token_keep_rate <= 1:
            raise ConfigError(f"composed_token_keep_rate must be in (0, 1]; found {self.composed_token_keep_rate}.")
        if self.restart_steps < 1 or self.clip_norm <= 0 or self.weight_decay < 0 or self.seed < 0:
            raise ConfigError("restart_steps must be at least 1, clip_norm above 0, weight_decay and seed at least 0.")


@dataclass(frozen=True)
class ViewConfig:
    """How the two views of an ECG differ that the objectives without labels compare (`suprem.training.views`).

    Args:
        crop: Least and greatest share of the recording that is cut out and stretched to the whole length.
        time_out: Least and greatest share that is left empty.
        gain: Standard deviation of each lead's factor.
        noise: Greatest standard deviation of white noise, in the unit of the signal.
        lead_mask: Chance of each lead to be left empty.
    """

    crop: tuple[float, float] = (0.5, 1.0)
    time_out: tuple[float, float] = (0.2, 0.4)
    gain: float = 0.1
    noise: float = 0.01
    lead_mask: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.crop[0] <= self.crop[1] <= 1 or not 0 <= self.time_out[0] <= self.time_out[1] < 1:
            raise ConfigError("crop must lie in (0, 1] and time_out in [0, 1), the least first.")
        if self.gain < 0 or self.noise < 0 or not 0 <= self.lead_mask < 1:
            raise ConfigError("gain and noise must be at least 0 and lead_mask in [0, 1).")


@dataclass(frozen=True)
class SelfSupervisedConfig:
    """Sizes of what is trained beside the encoder and thrown away; each method's own constants stand in its file.

    Args:
        views: How two views differ.
        hidden_width, out_width: Of projection and prediction heads.
        decoder_depth: Blocks of the decoder that fills in what was masked ("st_mem", "crt").
    """

    views: ViewConfig = field(default_factory=ViewConfig)
    hidden_width: int = 512
    out_width: int = 128
    decoder_depth: int = 4

    def __post_init__(self) -> None:
        if min(self.hidden_width, self.out_width, self.decoder_depth) < 1:
            raise ConfigError("hidden_width, out_width and decoder_depth must be at least 1.")


@dataclass(frozen=True)
class PretrainConfig:
    """One experiment, filled from the configuration file; `model.text_width` follows the text encoder."""

    model: ModelConfig
    training: TrainConfig = field(default_factory=TrainConfig)
    objective: ObjectiveName = "queries"
    """What is minimised: "queries" is the paper's, the others are the baselines of its Table 1. Labels, vocabulary and
    text encoder concern "queries" and "merl" only; of the others the last state counts."""

    self_supervised: SelfSupervisedConfig = field(default_factory=SelfSupervisedConfig)
    reports: Path | None = None
    """Table of the records' reports, which "merl" learns from."""

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
    """Folders of checkpoints for distillation: their scores of the training records, of the concepts they know, are
    learned beside the labels, and alone where no label is known (Hinton et al. 2015, arXiv 1503.02531)."""

    teacher_weight: float = 0.5
    """Weight of the teachers' scores beside a known label, in [0, 1]."""

    composed: Path | None = None
    """Folder of composed ECGs (`suprem compose`), of which `training.composed_share` of each batch is; the
    concepts that only they teach are learned beside the others."""

    leave_out: tuple[str, ...] = ()
    """Codes of concepts that are not learned, nor findings of that kind in single places: to measure afterwards how
    unseen words are understood."""

    train_folds: tuple[int, ...] = TRAIN_FOLDS
    train_share: float = 1.0
    """Share of the patients of `train_folds` that are learned from; a smaller share is part of a larger one."""

    validation_folds: tuple[int, ...] = VALIDATION_FOLDS
    synthetic_records: int = 0
    """Where no signal store is given, so many synthetic ECGs are made and stored in the run folder."""

    def __post_init__(self) -> None:
        if not 0 <= self.teacher_weight <= 1:
            raise ConfigError(f"teacher_weight must be in [0, 1]; found {self.teacher_weight}.")
        if not 0 < self.train_share <= 1:
            raise ConfigError(f"train_share must be in (0, 1]; found {self.train_share}.")
        if self.objective == "merl" and (self.reports is None or self.model.fusion != "linear"):
            raise ConfigError('The objective "merl" needs reports=TABLE and model.fusion="linear".')
