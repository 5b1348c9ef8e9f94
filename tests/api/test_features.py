"""The encoder in a pipeline of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import suprem
from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import LEADS
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import EcgError
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import every_concept, write_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> suprem.Model:
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=every_concept())
    return suprem.Model(Predictor.load(folder, embedder=FakeEmbedder(32)))


@pytest.fixture(scope="module")
def signals() -> np.ndarray:
    return np.stack([synthesize(SyntheticSpec(seed=seed, heart_rate=60 + 4 * seed)).signal for seed in range(6)])


def test_the_features_are_those_of_the_predictor(model: suprem.Model, signals: np.ndarray) -> None:
    features = suprem.Features(model, fs=500, leads=LEADS, unit="mV")
    found = features.fit_transform(signals)
    prepared = preprocess(synthesize(SyntheticSpec(seed=0, heart_rate=60)), model.predictor.spec).signal
    assert found.shape == (6, len(features.get_feature_names_out()))
    assert found[0] == pytest.approx(model.predictor.features(prepared[None])[0], abs=1e-6)
    assert features.transform([]).shape == (0, found.shape[1])


def test_it_is_a_step_of_a_pipeline_and_can_be_cloned(model: suprem.Model, signals: np.ndarray) -> None:
    pipeline = make_pipeline(suprem.Features(model, fs=500, leads=LEADS, unit="mV"), LogisticRegression())
    copied = clone(pipeline)
    assert copied[0].model is model
    assert copied.fit(signals, [0, 0, 0, 1, 1, 1]).predict(signals).shape == (6,)


def test_it_says_which_recording_cannot_be_used(model: suprem.Model, signals: np.ndarray) -> None:
    damaged = np.stack([signals[0], 0 * signals[0]])
    with pytest.raises(EcgError, match=r"^Recording 2: "):
        suprem.Features(model, fs=500, leads=LEADS, unit="mV").fit_transform(damaged)
