"""Several checkpoints of one network averaged into one (Wortsman et al. 2022, arXiv 2203.05482 and 2109.01903).

The mean of a network and of what fine-tuning made of it keeps most of what was learned anew and loses little of what
was known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from suprem.errors import CheckpointError
from suprem.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from suprem.model_card import AveragedCheckpoint, ModelCard


def average_checkpoints(folders: Sequence[Path], shares: Sequence[float], target: Path) -> Checkpoint:
    """Write the weighted mean of checkpoints to a folder and return it.

    Vocabulary, wordings, signal specification and card are those of the last one; its figures are left out of the card,
    which names the checkpoints and their shares instead.

    Args:
        folders: The checkpoints, of one network and one text encoder.
        shares: Of each; they add up to one.
        target: The new folder.

    Raises:
        CheckpointError: They do not fit together, or the shares do not add up to one.
    """
    if len(folders) != len(shares) or len(folders) < 2 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise CheckpointError(
            f"Averaging needs two or more checkpoints with as many shares that add up to one; found {len(folders)} "
            f"and {', '.join(f'{share:g}' for share in shares)}."
        )
    checkpoints = [load_checkpoint(folder) for folder in folders]
    last = checkpoints[-1]
    for folder, one in zip(folders, checkpoints, strict=True):
        if one.model.config != last.model.config or one.encoder != last.encoder or not _read_alike(one, last):
            raise CheckpointError(f"{folder} is of another network, text encoder or signal than {folders[-1]}.")
    mean = {
        name: sum(share * one.model.state_dict()[name].double() for share, one in zip(shares, checkpoints, strict=True))
        if value.is_floating_point()
        else value
        for name, value in last.model.state_dict().items()
    }
    last.model.load_state_dict({name: torch.as_tensor(value) for name, value in mean.items()})
    card = ModelCard(
        intended_use=last.card.intended_use,
        out_of_scope=last.card.out_of_scope,
        warnings=last.card.warnings,
        training=last.card.training,
        averaged=tuple(AveragedCheckpoint(one.id, share) for one, share in zip(checkpoints, shares, strict=True)),
    )
    save_checkpoint(
        target,
        model=last.model,
        signal=last.signal,
        encoder=last.encoder,
        vocabulary=last.vocabulary,
        vectors=last.vectors,
        wordings=last.wordings,
        card=card,
    )
    return load_checkpoint(target)


def _read_alike(one: Checkpoint, other: Checkpoint) -> bool:
    """Return whether two checkpoints read signals prepared in one way; pacing marks are rare, and one may know none."""
    first, second = ({**each.signal, "pacing_marks": False} for each in (one, other))
    return first == second
