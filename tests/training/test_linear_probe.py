"""The probe against the equations of its optimisers, the published subset sizes, and its own limits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import auroc
from suprem.evaluation.probe_result import PROTOCOLS
from suprem.training.linear_probe import (
    DESCENTS,
    Descent,
    ProbeData,
    descend,
    merl_rate,
    paper_rate,
    probe,
    subset,
)


def made(records: int, *, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(records, 6)) * np.array([1, 1, 1, 1, 100, 0.01])
    return features, np.column_stack([features[:, 0] + rng.normal(size=records) > 0, features[:, 1] > 1])


@pytest.mark.parametrize("name", sorted(DESCENTS))
def test_the_descent_follows_the_published_equations(name: str) -> None:
    """Adam by Kingma and Ba (2015), weight decay decoupled by Loshchilov and Hutter (2019) or added to the gradient."""
    features, present = made(40)
    how = DESCENTS[name]
    strong = Descent(decay=0.1, decoupled=how.decoupled, rate=how.rate, epochs=12)
    weight, bias = descend(features, present, strong, seed=3)

    rng = np.random.default_rng(3)
    state = rng.uniform(-1 / np.sqrt(6), 1 / np.sqrt(6), size=(7, 2))
    inputs = np.column_stack([features, np.ones(40)])
    first, second, step = np.zeros_like(state), np.zeros_like(state), 0
    for _ in range(12):
        order = rng.permutation(40)
        for start in range(0, 40, 16):
            rows = order[start : start + 16]
            rate = how.rate(step, 3, 36)
            step += 1
            gradient = inputs[rows].T @ (expit(inputs[rows] @ state) - present[rows]) / (len(rows) * 2)
            if how.decoupled:
                state *= 1 - rate * 0.1
            else:
                gradient += 0.1 * state
            first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            state -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(np.vstack([weight, bias]), state, atol=1e-9)


def test_every_protocol_has_a_way_to_learn() -> None:
    assert set(PROTOCOLS) == {*DESCENTS, "clean"}


def test_rates_follow_the_paper_and_the_published_code() -> None:
    assert paper_rate(0, 10, 1000) == pytest.approx(1e-3 / 50)
    assert paper_rate(50, 10, 1000) == pytest.approx(1e-3)
    assert paper_rate(999, 10, 1000) < 1e-8
    assert [merl_rate(step, 10, 1000) for step in (39, 40)] == [1e-3, 1e-4]


@pytest.mark.parametrize(
    ("records", "one", "ten"),
    [(17084, 170, 1708), (7197, 71, 719), (16832, 168, 1683), (4950, 49, 495), (16546, 165, 1654)],
)
def test_subsets_have_the_published_sizes_and_are_always_the_same(records: int, one: int, ten: int) -> None:
    assert (len(subset(records, 0.01)), len(subset(records, 0.1)), len(subset(records, 1))) == (one, ten, records)
    assert np.array_equal(subset(records, 0.01), subset(records, 0.01))
    assert len(set(subset(records, 0.1))) == ten


def test_a_share_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"1\.00% of 50 training records is none"):
        subset(50, 0.01)


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_a_protocol_learns_what_the_features_hold(protocol: str) -> None:
    features, present = made(600)
    features[:, 4] /= 100  # the descents do not standardise
    held, truth = made(300, seed=1)
    held[:, 4] /= 100
    data = ProbeData(features, present, [f"p{row // 2}" for row in range(600)], held)
    areas = auroc(truth, probe(data, protocol))
    assert areas[0] > 0.8
    assert areas[1] > 0.95


def test_the_schedule_of_the_published_code_stops_before_it_has_learned() -> None:
    """At 1e-4 from batch 41 on, 100 epochs of 600 records move a weight by less than 0.4."""
    features, present = made(600)
    features[:, 4] /= 100
    data = ProbeData(features, present, [str(row) for row in range(600)], features)
    areas = {protocol: auroc(present, probe(data, protocol)).mean() for protocol in PROTOCOLS}
    assert areas["merl"] < areas["paper"] - 0.1


def test_only_the_clean_protocol_is_indifferent_to_units() -> None:
    features, present = made(400)
    held, _ = made(100, seed=1)
    patients = [str(row) for row in range(400)]
    units = np.array([1000.0, 0.001, 1, 1, 1, 1])
    plain = probe(ProbeData(features, present, patients, held), "clean")
    np.testing.assert_allclose(
        plain, probe(ProbeData(features * units, present, patients, held * units), "clean"), rtol=1e-2, atol=1e-2
    )


def test_a_class_without_positives_ranks_nothing() -> None:
    features, present = made(60)
    present[:, 1] = False
    logits = probe(ProbeData(features, present, [str(row) for row in range(60)], features), "clean")
    assert (logits[:, 1] == 0).all()
    assert np.ptp(logits[:, 0]) > 0


def test_a_rare_class_is_learned_although_no_part_can_judge_it() -> None:
    features, present = made(60)
    present[:, 1] = False
    present[7, 1] = True
    logits = probe(ProbeData(features, present, ["one"] * 60, features), "clean")
    assert np.isfinite(logits).all()
    assert logits[7, 1] == logits[:, 1].max()


def test_wrong_protocols_and_features_are_refused() -> None:
    features, present = made(20)
    data = ProbeData(features, present, [str(row) for row in range(20)], features)
    with pytest.raises(EvaluationError, match="no protocol 'best'; choose paper, merl, clean"):
        probe(data, "best")
    features[3, 2] = np.nan
    with pytest.raises(EvaluationError, match="not finite"):
        probe(data, "paper")
