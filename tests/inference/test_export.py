"""An exported network answers as the original does, for any number of recordings and queries, a lead missing or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from suprem.errors import CheckpointError
from suprem.inference import export
from suprem.inference.export import export_network
from suprem.model.checkpoint import load_checkpoint
from tests.tiny import write_checkpoint


def test_the_exported_network_answers_the_same(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(write_checkpoint(tmp_path / "checkpoint"))
    path = tmp_path / "network.pt2"
    assert export_network(checkpoint, path, "pt2") <= 1e-5
    sizes = checkpoint.model.config
    signals, vectors = torch.randn(6, sizes.leads, sizes.samples), torch.randn(9, sizes.text_width)
    with torch.inference_mode():
        found = torch.export.load(path).module()(signals, vectors)
        assert torch.allclose(found, checkpoint.model(signals, vectors), atol=1e-5)


def test_onnx_answers_the_same(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    checkpoint = load_checkpoint(write_checkpoint(tmp_path / "checkpoint"))
    assert export_network(checkpoint, tmp_path / "network.onnx", "onnx") <= 1e-5


def test_a_network_that_answers_differently_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint(write_checkpoint(tmp_path / "checkpoint"))
    answer = export._answer
    monkeypatch.setattr(export, "_answer", lambda *args: answer(*args) + 1.0)
    with pytest.raises(CheckpointError, match="nothing was written"):
        export_network(checkpoint, tmp_path / "network.pt2", "pt2")
    assert not (tmp_path / "network.pt2").exists()
