"""The ECG encoder as a transformer of scikit-learn, for pipelines that end in a model of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from suprem.api.model import Model, load
from suprem.api.recordings import Recording
from suprem.errors import EcgError


class Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """Pooled features of the frozen encoder: recordings in, array (recording, width) out.

    `make_pipeline(suprem.Features(fs=500, unit="mV"), LogisticRegression())` is a linear probe. Nothing is learned by
    `fit`. Research use only.

    Args:
        model: A loaded model, or the folder of a checkpoint, which several processes can be handed; by default the
            checkpoint of this installation.
        fs: Sampling rate in Hz, for recordings that do not state it.
        leads: Lead names in order, for recordings that do not name them.
        unit: "mV", "uV" or "V", for recordings that do not state it.
        ignore_quality: Also take what the quality gate blocks.
    """

    def __init__(
        self,
        model: Model | str | PathLike[str] | None = None,
        *,
        fs: float | None = None,
        leads: Sequence[str] | None = None,
        unit: str | None = None,
        ignore_quality: bool = False,
    ) -> None:
        self.model = model
        self.fs = fs
        self.leads = leads
        self.unit = unit
        self.ignore_quality = ignore_quality

    def fit(self, recordings: Iterable[Recording], labels: object = None) -> Features:
        """Load the checkpoint. Recordings and labels are not looked at.

        Raises:
            CheckpointError: It is incomplete or damaged.
        """
        self.model_ = self.model if isinstance(self.model, Model) else load(self.model)
        return self

    def transform(self, recordings: Iterable[Recording]) -> NDArray[np.float32]:
        """Return the features (recording, width).

        Args:
            recordings: Each as for `Model.score`; also one array (recording, lead, time).

        Raises:
            EcgError: One cannot be used or is blocked by the quality gate; the message says which.
        """
        if not hasattr(self, "model_"):
            self.fit(())
        rows = []
        for number, recording in enumerate(recordings, start=1):
            try:
                rows.append(
                    self.model_.features(
                        recording, fs=self.fs, leads=self.leads, unit=self.unit, ignore_quality=self.ignore_quality
                    )
                )
            except EcgError as error:
                raise EcgError(f"Recording {number}: {error}") from error
        return np.stack(rows) if rows else np.empty((0, self._width), np.float32)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return "suprem0", "suprem1" and so on, one name a column."""
        return np.array([f"suprem{column}" for column in range(self._width)], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """There is nothing to learn."""
        return True

    @property
    def _width(self) -> int:
        if not hasattr(self, "model_"):
            self.fit(())
        spec = self.model_.predictor.spec
        return int(self.model_.predictor.features(np.zeros((1, len(spec.leads), spec.samples), np.float32)).shape[1])
