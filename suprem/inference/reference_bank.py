"""How far a recording lies from the reference ECGs, in the features that its scores are made of.

A checkpoint scores whatever it is given. What lies farther from the reference ECGs than nearly all of them do among
themselves is unlike anything its figures speak of. The bank is their mean and covariance: 64 directions with a variance
each, and one variance for all others (Tipping and Bishop 1999), so that the distance, Mahalanobis', is that of a shrunk
covariance. A nearby recording may still be wrong: exchanged leads mostly pass (docs/log).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from suprem.atomic import replacing
from suprem.errors import CheckpointError
from suprem.model.manifest import BANK

"""Its file in a checkpoint folder; a checkpoint without one works, and says that it cannot tell."""

UNLIKE = 0.99
"""Farther than so large a share of the reference ECGs is unlike them."""

DIRECTIONS = 64
MIN_RECORDS = 100
_PARTS = 5
_STEPS = 1001  # of the quantiles: a tenth of a percent, since the far end is what matters


class OutOfDistributionLevel(StrEnum):
    """Class of a distance from the reference ECGs."""

    LIKE = "like"
    UNLIKE = "unlike"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class OutOfDistribution:
    """Distance of a recording from the reference ECGs, and what it says.

    Args:
        likeness: What the distance says; unknown where the checkpoint has no bank.
        distance: From their mean, in standard deviations; None where unknown.
        nearer: Share of the reference ECGs that lie nearer, 0 to 1; None where unknown.
        records: How many reference ECGs there are.
    """

    likeness: OutOfDistributionLevel = OutOfDistributionLevel.UNKNOWN
    distance: float | None = None
    nearer: float | None = None
    records: int = 0


@dataclass(frozen=True, eq=False)
class ReferenceBank:
    """The reference ECGs of one checkpoint.

    Args:
        mean: Of their features (width,).
        directions: Of most variance, unit vectors (direction, width).
        variances: Along them (direction,).
        rest: Variance in any other direction.
        quantiles: Of the distances of the reference ECGs, each from a bank without its own patient (step,).
        records: How many they are.
        origin: Which they are, in words.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: float
    quantiles: NDArray[np.float32]
    records: int
    origin: str

    @classmethod
    def of(cls, features: NDArray[np.float32], patients: Sequence[str], origin: str) -> ReferenceBank:
        """Make a bank.

        Args:
            features: Of the reference ECGs (record, width); the model should not have been trained on them.
            patients: Of each record. A recording is compared with those of other people, so the distances kept are too.
            origin: Which records they are, in words.

        Raises:
            CheckpointError: They are too few or of too few patients.
        """
        names, of_patient = np.unique(np.asarray(patients), return_inverse=True)
        if len(features) < MIN_RECORDS or len(names) < _PARTS:
            raise CheckpointError(
                f"{len(features)} reference ECGs of {len(names)} patients; at least {MIN_RECORDS} of {_PARTS} needed."
            )
        part = np.random.default_rng(0).permutation(np.arange(len(names)) % _PARTS)[of_patient]
        distances = np.empty(len(features))
        for number in range(_PARTS):
            apart = cls(*_spread(features[part != number]), np.empty(0, np.float32), 0, "")
            distances[part == number] = apart.distances(features[part == number])
        quantiles = np.quantile(distances, np.linspace(0.0, 1.0, _STEPS)).astype(np.float32)
        return cls(*_spread(features), quantiles, len(features), origin)

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance (record,) of features (record, width) from the mean, in standard deviations."""
        apart = features.astype(np.float64) - self.mean
        along = apart @ self.directions.T.astype(np.float64)
        across = np.maximum(np.square(apart).sum(axis=1) - np.square(along).sum(axis=1), 0.0)
        return np.asarray(np.sqrt((np.square(along) / self.variances).sum(axis=1) + across / self.rest))

    def familiarity(self, features: NDArray[np.float32]) -> list[OutOfDistribution]:
        """Return for each row of features (record, width) how like the reference ECGs it is."""
        distances = self.distances(features)
        nearer = np.interp(distances, self.quantiles, np.linspace(0.0, 1.0, len(self.quantiles)))
        return [
            OutOfDistribution(
                OutOfDistributionLevel.UNLIKE if share >= UNLIKE else OutOfDistributionLevel.LIKE,
                distance,
                share,
                self.records,
            )
            for distance, share in zip(distances.tolist(), nearer.tolist(), strict=True)
        ]

    def save(self, folder: Path, checkpoint: str) -> None:
        """Write the bank beside the checkpoint of the given id."""
        arrays = {
            "mean": self.mean,
            "directions": self.directions,
            "variances": self.variances,
            "rest": np.array([self.rest], np.float32),
            "quantiles": self.quantiles,
        }
        facts = {"checkpoint": checkpoint, "records": str(self.records), "origin": self.origin}
        with replacing(folder / BANK) as temporary:
            temporary.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, facts))

    @classmethod
    def load(cls, folder: Path, checkpoint: str) -> ReferenceBank | None:
        """Read the bank of a checkpoint folder; None where there is none.

        Raises:
            CheckpointError: It is damaged, or belongs to another checkpoint than the one of the given id.
        """
        path = folder / BANK
        if not path.is_file():
            return None
        try:
            with safe_open(path, "numpy") as file:
                facts = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            owner, records, origin = facts["checkpoint"], int(facts["records"]), facts["origin"]
            rest = float(arrays.pop("rest")[0])
            bank = cls(**arrays, rest=rest, records=records, origin=origin)
        except (OSError, KeyError, IndexError, TypeError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"The reference bank in {folder} is damaged: {error}") from error
        if owner != checkpoint:
            raise CheckpointError(
                f"The reference bank in {folder} is of checkpoint {owner}, not of {checkpoint}. Remove it, or make one "
                "with: suprem promote --bank"
            )
        return bank


def _spread(
    features: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], float]:
    """Return mean, directions, their variances and the variance of the rest."""
    mean = features.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(np.cov((features - mean).T))
    count = min(DIRECTIONS, len(values) // 2)
    # A network that uses few directions leaves the others without any variance.
    smallest = max(1e-12 * float(values[-1]), 1e-24)
    first = np.maximum(values[::-1][:count], smallest)
    rest = max(float(values[:-count].mean()), smallest)
    directions = np.ascontiguousarray(vectors[:, ::-1][:, :count].T)
    return mean.astype(np.float32), directions.astype(np.float32), first.astype(np.float32), rest
