"""Vectors of length one, whose products are cosines."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.float64)


def unit_rows(vectors: NDArray[Number]) -> NDArray[Number]:
    """Return vectors (..., width) divided by their lengths, in their own precision; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=vectors.dtype)
