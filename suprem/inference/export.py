"""A checkpoint's network as one file that runs without this package: `torch.export`'s .pt2, or ONNX.

The network takes prepared signals (record, lead, time) and query vectors (query, text width), any number of each, and
gives logits (record, query). Preparing signals and embedding words stay outside, as in the paper. ONNX needs the
optional packages onnx, onnxscript and onnxruntime.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from suprem.atomic import replacing
from suprem.errors import CheckpointError
from suprem.model.checkpoint import Checkpoint

Format = Literal["pt2", "onnx"]
FORMATS: tuple[Format, ...] = get_args(Format)
TOLERANCE = 1e-5
"""Largest difference of a logit that an exported network may have."""

RECORDS, QUERIES = 3, 5
"""Sizes of the example that is exported; any others are allowed afterwards."""


def export_network(checkpoint: Checkpoint, path: Path, kind: Format) -> float:
    """Write a checkpoint's network and return the largest difference of a logit to the original.

    The file is compared on random recordings, with and without a lead that was not recorded, in other numbers than it
    was exported with.

    Raises:
        CheckpointError: The file answers differently, or ONNX's packages are missing.
    """
    model = checkpoint.model.eval()
    program = _program(checkpoint)
    with replacing(path) as temporary:
        if kind == "pt2":
            with temporary.open("wb") as file:
                torch.export.save(program, file)
        else:
            _save_onnx(program, temporary)
        worst = 0.0
        for records, queries, lost in ((1, 1, False), (4, 7, True)):
            signals, vectors = _example(checkpoint, records, queries)
            if lost:
                signals[:, 0] = 0.0
            with torch.inference_mode():
                wanted = model(signals, vectors).numpy()
            worst = max(worst, float(np.abs(_answer(temporary, kind, signals, vectors) - wanted).max()))
        if not worst <= TOLERANCE:
            raise CheckpointError(f"The exported network differs by up to {worst:.1e} in a logit; nothing was written.")
    return worst


def _program(checkpoint: Checkpoint) -> ExportedProgram:
    many = {0: Dim.AUTO}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own insides
        return torch.export.export(
            checkpoint.model.eval(),
            _example(checkpoint, RECORDS, QUERIES),
            dynamic_shapes={"ecg": many, "queries": many},
        )


def _example(checkpoint: Checkpoint, records: int, queries: int) -> tuple[Tensor, Tensor]:
    sizes = checkpoint.model.config
    generator = torch.Generator().manual_seed(records)
    return (
        torch.randn(records, sizes.leads, sizes.samples, generator=generator),
        torch.randn(queries, sizes.text_width, generator=generator),
    )


def _save_onnx(program: ExportedProgram, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exported = torch.onnx.export(
                program, input_names=["signals", "queries"], output_names=["logits"], dynamo=True, verbose=False
            )
    except ImportError as error:
        raise CheckpointError(
            f"ONNX needs the packages onnx and onnxscript ({error}): pip install onnx onnxscript"
        ) from error
    if exported is None:
        raise CheckpointError("torch could not translate the network into ONNX.")
    exported.save(str(path))


def _answer(path: Path, kind: Format, signals: Tensor, vectors: Tensor) -> np.ndarray:
    if kind == "pt2":
        with path.open("rb") as file, torch.inference_mode():
            logits: Tensor = torch.export.load(file).module()(signals, vectors)
        return logits.numpy()
    try:
        runtime = import_module("onnxruntime")
    except ImportError as error:
        raise CheckpointError("Comparing needs the package onnxruntime: pip install onnxruntime") from error
    session = runtime.InferenceSession(str(path))
    names = [one.name for one in session.get_inputs()]
    (answer,) = session.run(None, dict(zip(names, (signals.numpy(), vectors.numpy()), strict=True)))
    return np.asarray(answer)
