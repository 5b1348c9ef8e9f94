"""What the network is made of. The named presets are files: pipelines/configs/paper.toml and compact.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from suprem.errors import ConfigError


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and choices of the network. The defaults are the paper's; where it is silent, see docs/decisions/0008.

    Args:
        leads: Number of leads the encoder reads.
        samples: Length of the window in samples.
        patch_samples: Samples of one patch; the paper's 0.25 s.
        text_width: Width of a query vector, given by the text encoder (768 for MedCPT).
        encoder: "vit" is the paper's transformer over lead x patch tokens; "hybrid" gives the same tokens for less work
            (`HybridEncoder`); "resnet18" mixes the leads in its first layer (ablation, Table 7).
        stem: How a patch becomes a token of "vit": "linear" is the paper's projection, "conv" a per-lead convolution.
        lead_channels, stem_width, stem_blocks: Convolutions of "hybrid": channels per lead, channels of all leads
            together, and residual blocks of the latter.
        width, depth, heads, mlp_width: The vision transformer (ViT-tiny: 192, 12, 3, 768).
        drop_path: Stochastic depth of the last block; earlier blocks are ramped up to it linearly.
        hidden_width, joint_width: D_h and D' of the two projection heads (equations 7 and 8).
        fusion: "cfn" is the Cardiac Fusion Network; "linear" a dot product of pooled ECG and query (ablation, Table 9).
        fusion_layers, fusion_heads, fusion_mlp_width: The Cardiac Fusion Network's decoder.
        match_queries: Add to each logit the dot product of the decoded query with the query itself.
        query_self_attention: "full" lets queries attend to each other as a standard decoder does, so a score depends on
            the list it is asked in; "none" keeps every score independent of its company.
        dropout: One rate for the projection heads, the decoder and the head (Table 11).
        fusion_init_std: Standard deviation of the fusion network's initial weights, 0.02 in the paper; 0 leaves torch's
            default, with which `compact` began to depend on the ECG far earlier (docs/log).
        whiten_queries: Whiten query vectors before their projection. A general text encoder puts opposites such as left
            and right bundle branch block at cosine 0.96. No gain of it alone has been measured yet.
        hide_empty_patches: Hide patches that are exactly zero (absent lead, padding) from all attention.
    """

    leads: int = 12
    samples: int = 5000
    patch_samples: int = 125
    text_width: int = 768
    encoder: Literal["vit", "hybrid", "resnet18"] = "vit"
    stem: Literal["linear", "conv"] = "linear"
    lead_channels: int = 32
    stem_width: int = 192
    stem_blocks: int = 2
    width: int = 192
    depth: int = 12
    heads: int = 3
    mlp_width: int = 768
    drop_path: float = 0.1
    hidden_width: int = 256
    joint_width: int = 256
    fusion: Literal["cfn", "linear"] = "cfn"
    fusion_layers: int = 4
    fusion_heads: int = 4
    fusion_mlp_width: int = 1024
    match_queries: bool = False
    query_self_attention: Literal["full", "none"] = "full"
    dropout: float = 0.1
    fusion_init_std: float = 0.02
    whiten_queries: bool = False
    hide_empty_patches: bool = False

    def __post_init__(self) -> None:
        too_small = [name for name, value in vars(self).items() if type(value) is int and value < 1]
        if too_small:
            raise ConfigError(f"{', '.join(too_small)} must be at least 1.")
        if not 0 <= self.drop_path < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(f"drop_path and dropout must be in [0, 1); found {self.drop_path} and {self.dropout}.")
        if self.samples % self.patch_samples:
            raise ConfigError(f"{self.samples} samples cannot be cut into patches of {self.patch_samples}.")
        if self.width % self.heads or self.joint_width % self.fusion_heads:
            raise ConfigError(
                "The width must be divisible by the number of heads, in the encoder and in the fusion network."
            )
        convolves = self.encoder == "hybrid" or (self.encoder == "vit" and self.stem == "conv")
        if convolves and self.patch_samples % STEM_STRIDE:
            raise ConfigError(f"A convolutional stem needs patches of a multiple of {STEM_STRIDE} samples.")

    @property
    def patches(self) -> int:
        """Patches per lead."""
        return self.samples // self.patch_samples


STEM_STRIDE = 5
"""Samples per step of the stem's first convolution."""
