"""Losses that compare vectors of one view of recordings with those of another, as pure functions.

Views are (batch, width), row for row of the same recordings. With several processes each compares what it holds: the
other recordings of a step are those of the process.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return SimCLR's normalised temperature-scaled cross-entropy (Chen et al. 2020, arXiv 2002.05709): of all other
    vectors of both views, the one of the same recording is to be the nearest."""
    both = F.normalize(torch.cat([first, second]).float(), dim=-1)
    likeness = both @ both.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(both), dtype=torch.bool, device=both.device), -torch.inf)
    own = torch.arange(len(both), device=both.device).roll(len(first))
    return F.cross_entropy(likeness, own)


def info_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return the cross-entropy of finding the key of each query's own recording among all keys, by cosine."""
    likeness = F.normalize(queries.float(), dim=-1) @ F.normalize(keys.float(), dim=-1).T / temperature
    return F.cross_entropy(likeness, torch.arange(len(queries), device=queries.device))


def patient_nce(first: Tensor, second: Tensor, patients: Tensor, temperature: float) -> Tensor:
    """Return CLOCS' loss (Kiyasseh et al. 2021, arXiv 2005.13249): any two vectors of one patient belong together.

    Args:
        first, second: The two views.
        patients: (batch,), a whole number for each patient.
        temperature: Of the cosines.
    """
    likeness = F.normalize(first.float(), dim=-1) @ F.normalize(second.float(), dim=-1).T / temperature
    same = (patients[:, None] == patients[None, :]).to(likeness.dtype)
    return (found_among(likeness, same) + found_among(likeness.T, same)) / 2


def found_among(likeness: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross-entropy of finding the wanted columns (row, column; 1 where wanted, one in each row at least)
    by likeness (row, column), mean over the wanted ones of each row and over rows."""
    return -((likeness.log_softmax(dim=1) * wanted).sum(dim=1) / wanted.sum(dim=1)).mean()


def barlow_twins(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """Return how far the cross-correlation of two views is from the identity (Zbontar et al. 2021, arXiv 2103.03230).

    `weight` is that of what lies off the diagonal.
    """
    first, second = (F.batch_norm(view.float(), None, None, training=True) for view in (first, second))
    correlation = first.T @ second / len(first)
    diagonal = correlation.diagonal()
    off = correlation.square().sum() - diagonal.square().sum()
    return (diagonal - 1).square().sum() + weight * off


def negative_cosine(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Return minus the mean cosine of two views, -1 where they agree; no gradient flows into `wanted`."""
    return -F.cosine_similarity(predicted.float(), wanted.detach().float(), dim=-1).mean()
