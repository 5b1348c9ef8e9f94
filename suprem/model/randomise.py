"""A network with the trained weights of a part replaced by untrained ones, to see what depends on training."""

from __future__ import annotations

from copy import deepcopy
from typing import Literal, get_args

import torch

from suprem.model.supreme import SupremeModel

Part = Literal["all", "encoder", "fusion"]
"""All trainable weights; the ECG encoder with its projection; the fusion network with the projection of the queries."""

PARTS: tuple[Part, ...] = get_args(Part)
_PREFIXES = {
    "all": ("encoder.", "project_ecg.", "project_query.", "fusion."),
    "encoder": ("encoder.", "project_ecg."),
    "fusion": ("project_query.", "fusion."),
}


def randomised(model: SupremeModel, part: Part, *, seed: int) -> SupremeModel:
    """Return a copy of the network in evaluation mode whose `part` has the weights it would begin training with.

    The whitening of the queries stays: it is fitted to words, not learned.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = SupremeModel(model.config)
    twin = deepcopy(model)
    weights = {name: value for name, value in fresh.state_dict().items() if name.startswith(_PREFIXES[part])}
    twin.load_state_dict(weights, strict=False)
    return twin.eval()
