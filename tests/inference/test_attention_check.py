"""The check tells a map that was learned from one that any network of that form would show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from suprem.ecg.preprocess import preprocess
from suprem.inference.attention_check import check_attention
from suprem.inference.predictor import Predictor
from suprem.model.randomise import PARTS, randomised
from suprem.model_card import RankCorrelation
from tests.fakes import FakeEmbedder
from tests.tiny import MODEL, ecg, network, write_checkpoint


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return Predictor.load(write_checkpoint(tmp_path_factory.mktemp("checkpoint")), embedder=FakeEmbedder(32))


def signals(predictor: Predictor) -> NDArray[np.float32]:
    return np.stack([preprocess(ecg(seed=seed), predictor.spec).signal for seed in range(3)])


def test_a_part_is_random_and_the_rest_is_kept() -> None:
    model = network(MODEL)
    for part, untouched in (("encoder", "fusion."), ("fusion", "encoder."), ("all", "query_")):
        twin = randomised(model, part, seed=1)
        before, after = model.state_dict(), twin.state_dict()
        same = {name for name in before if torch.equal(before[name], after[name])}
        assert {name for name in before if name.startswith(untouched)} <= same
        assert not any(name.endswith("to_key_value.weight") for name in same if not name.startswith(untouched))
        assert not twin.training
    assert torch.equal(*(randomised(model, "all", seed=3).state_dict()["fusion.head.1.weight"] for _ in range(2)))


def test_maps_are_compared_with_random_networks_other_recordings_and_other_queries(predictor: Predictor) -> None:
    found = check_attention(predictor, signals(predictor), seeds=1)
    assert found.checkpoint == predictor.id
    assert (found.records, found.queries, found.seeds) == (3, 3, 1)
    assert found.rank_correlation.keys() == {
        *PARTS,
        "other recording",
        "other query",
        "other query, beyond the usual",
    }
    occlusion = found.occlusion
    assert occlusion is not None
    assert occlusion.records == 3
    assert occlusion.contribution is not None
    for row in (*found.rank_correlation.values(), occlusion.attention, occlusion.beyond_usual, occlusion.contribution):
        assert -1 <= row.low <= row.median <= row.high <= 1
    assert found.rank_correlation["all"].median < 0.9


def test_a_network_that_random_weights_do_not_change_is_found_out(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suprem.inference.predictor.randomised", lambda model, part, seed: model)
    found = check_attention(predictor, signals(predictor), seeds=1)
    assert found.rank_correlation["all"] == RankCorrelation(1.0, 1.0, 1.0)


def test_unrelated_queries_are_those_whose_scores_do_not_go_together(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores of the second query order the recordings as those of the first; the third knows neither."""
    logits = np.array([[0, 1, 1], [1, 2, 3], [2, 3, 0], [3, 4, 2]], np.float32)
    monkeypatch.setattr(Predictor, "logits", lambda self, signals, vectors: logits)
    four = np.concatenate([signals(predictor), signals(predictor)[:1] / 2])
    found = check_attention(predictor, four, seeds=1).rank_correlation
    maps = predictor.attention_tokens(four, predictor.vectors(predictor.vocabulary.names))
    pairs = [spearmanr(record[a], record[2]).statistic for record in maps for a in (0, 1)]
    assert found["unrelated query"].median == pytest.approx(np.median(pairs), abs=1e-3)
    assert found.keys() >= {"unrelated query, beyond the usual", "unrelated query, sizes of contributions"}
