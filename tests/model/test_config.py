"""Sizes that cannot be built are refused before any memory is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suprem.errors import ConfigError
from suprem.model.config import ModelConfig


def test_the_defaults_are_the_papers_480_tokens() -> None:
    config = ModelConfig()
    assert (config.leads, config.patches, config.patch_samples) == (12, 40, 125)
    assert config.leads * config.patches == 480
    assert (config.width, config.depth, config.heads, config.mlp_width) == (192, 12, 3, 768)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": 5001}, "5001 samples cannot be cut into patches of 125"),
        ({"heads": 5}, "divisible"),
        ({"fusion_heads": 3}, "divisible"),
        ({"stem": "conv", "patch_samples": 8, "samples": 80}, "multiple of 5"),
        ({"heads": 0}, "heads must be at least 1"),
        ({"patch_samples": 0}, "patch_samples must be at least 1"),
        ({"width": -192, "depth": 0}, "width, depth must be at least 1"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"drop_path": -0.1}, "drop_path and dropout must be in"),
    ],
)
def test_impossible_sizes_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(ModelConfig(), **change)  # type: ignore[arg-type]
