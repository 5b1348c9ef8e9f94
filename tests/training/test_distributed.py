"""Two processes take the step that one would take, by real torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from suprem.errors import TrainingError
from suprem.training.distributed import Workers

ROOT = Path(__file__).resolve().parents[2]
STEP = Path(__file__).with_name("one_step.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")


def after_one_step(path: Path, *launcher: str) -> dict[str, torch.Tensor]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher, str(STEP), str(path)]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return load_file(path)


def test_two_processes_take_the_step_of_one(tmp_path: Path) -> None:
    alone, together = after_one_step(tmp_path / "one"), after_one_step(tmp_path / "two", *TORCHRUN)
    assert (int(alone.pop("count")), int(together.pop("count"))) == (1, 2)
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        assert torch.allclose(value, together[name], atol=1e-5, rtol=1e-4), name


def test_one_process_shares_with_nobody() -> None:
    workers = Workers()
    assert (workers.rank, workers.count, workers.is_main) == (0, 1, True)
    assert workers.share(np.arange(3)).tolist() == [0, 1, 2]
    assert workers.gather("mine") == ["mine"]
    assert workers.any(True)
    assert not workers.any(False)
    workers.check_batch(7)


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    workers = Workers()
    workers.count = 2
    with pytest.raises(TrainingError, match="A batch of 7 cannot be shared by 2 processes"):
        workers.check_batch(7)
