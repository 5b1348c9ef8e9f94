"""Encoders that are probed beside a checkpoint: pre-trained by an objective, or as they are before any training."""

from __future__ import annotations

from dataclasses import dataclass

from suprem.model.config import ModelConfig
from suprem.model.encoder_checkpoint import EncoderCheckpoint
from suprem.training.config import OBJECTIVE_TITLES

UNTRAINED = {
    "random-resnet18": ("random ResNet18", ModelConfig(encoder="resnet18")),
    "random-vit": ("random ViT-tiny", ModelConfig()),
}
"""The paper's encoders as they are before any training, with five random initialisations."""

UNTRAINED_SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class ProbedEncoder:
    """A pre-trained encoder that is probed beside the checkpoint, with what its results are filed under."""

    encoder: EncoderCheckpoint
    name: str
    seed: int
    recipe: str

    @classmethod
    def of(cls, encoder: EncoderCheckpoint) -> ProbedEncoder:
        """Name an encoder by the objective, seed and budget that its model card states, or by its id."""
        training = encoder.card.get("training", {})
        if training.get("objective") not in OBJECTIVE_TITLES or "recipe" not in training:
            return cls(encoder, encoder.id, 0, "")
        share, records = training["train_share"], training["data"]["train_records"]
        of_patients = "" if share == 1 else f", {share:.0%} of the patients"
        budget = f"{training['epochs']} epochs of {records:,} records{of_patients}"
        return cls(
            encoder,
            OBJECTIVE_TITLES[training["objective"]],
            training["seed"],
            f"{budget}, {encoder.config.encoder}, {training['recipe']}",
        )
