"""Metrics against scikit-learn, against hand-computed cases, against slow references, and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from suprem.errors import EvaluationError
from suprem.evaluation.metrics import (
    auroc,
    average_precision,
    delong_covariance,
    delong_test,
    evaluable,
    holm,
    macro,
    patient_resamples,
    percentile_interval,
    resampled_auroc,
)

# Labels and scores of one class, as pairs: few distinct scores, so that ties are common.
ranked = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=4, max_size=40).filter(
    lambda pairs: {label for label, _ in pairs} == {True, False}
)


def made(records: int, classes: int, *, ties: bool, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels of falling prevalence and scores that carry some of them, (record, class)."""
    rng = np.random.default_rng(seed)
    labels = rng.random((records, classes)) < np.linspace(0.4, 0.02, classes)
    labels[0], labels[1] = True, False
    scores = rng.normal(size=labels.shape) + labels
    return labels, np.round(scores * 2) if ties else scores


def column(pairs: list[tuple[bool, int]]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return np.array([[label] for label, _ in pairs]), np.array([[float(score)] for _, score in pairs])


def test_auroc_of_a_case_counted_by_hand() -> None:
    # Positives 0.8, 0.5, 0.4; negatives 0.5, 0.1. Of 6 pairs 0.8 wins 2, 0.5 wins 1 and ties 1, 0.4 wins 1: 4.5 / 6.
    labels = [[1], [1], [1], [0], [0]]
    scores = [[0.8], [0.5], [0.4], [0.5], [0.1]]
    assert auroc(labels, scores) == pytest.approx([0.75], abs=1e-15)


def test_average_precision_of_a_case_counted_by_hand() -> None:
    # Falling scores: hit, miss, hit, miss. Precision 1 at recall 1/2, precision 2/3 at recall 1.
    assert average_precision([[1], [0], [1], [0]], [[4], [3], [2], [1]]) == pytest.approx([0.5 + 0.5 * 2 / 3])


@pytest.mark.parametrize("ties", [False, True])
def test_both_measures_equal_scikit_learn(ties: bool) -> None:
    labels, scores = made(400, 20, ties=ties)
    pairs = list(zip(labels.T, scores.T, strict=True))
    assert np.abs(auroc(labels, scores) - [roc_auc_score(y, s) for y, s in pairs]).max() < 1e-9
    assert np.abs(average_precision(labels, scores) - [average_precision_score(y, s) for y, s in pairs]).max() < 1e-9


def test_float32_scores_are_ranked_as_they_are() -> None:
    labels, scores = made(300, 5, ties=False)
    single = scores.astype(np.float32)
    expected = [roc_auc_score(y, s) for y, s in zip(labels.T, single.T, strict=True)]
    assert auroc(labels, single) == pytest.approx(expected, abs=1e-12)


def test_a_class_with_one_label_has_no_value_and_is_not_averaged() -> None:
    labels = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1]])
    scores = np.array([[0.9, 0.2, 0.1], [0.1, 0.3, 0.2], [0.8, 0.1, 0.3]])
    assert evaluable(labels).tolist() == [True, False, False]
    for measure in (auroc, average_precision):
        values = measure(labels, scores)
        assert values[0] == 1.0
        assert np.isnan(values[1:]).all()
        assert macro(values) == 1.0


def test_macro_takes_only_the_classes_asked_for_and_is_nan_without_any() -> None:
    assert macro([0.6, 0.8, np.nan]) == pytest.approx(0.7)
    assert macro([0.6, 0.8, np.nan], [True, False, True]) == pytest.approx(0.6)
    assert np.isnan(macro([np.nan, np.nan]))
    assert macro([[0.6, np.nan], [0.6, 0.8]]).tolist() == pytest.approx([0.6, 0.7])


@pytest.mark.parametrize("scores", [np.zeros((3, 2)), np.zeros(3)])
def test_labels_and_scores_of_different_shape_are_refused(scores: NDArray[np.float64]) -> None:
    with pytest.raises(EvaluationError, match="shape"):
        auroc(np.ones((3, 1), bool), scores)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_not_a_number_is_refused_instead_of_ranked(bad: float) -> None:
    with pytest.raises(EvaluationError, match=r"1 record\(s\)"):
        auroc([[1], [0]], [[0.3], [bad]])


@given(ranked)
def test_a_monotone_transform_of_the_scores_changes_nothing(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = column(pairs)
    for transformed in (np.exp(scores), 3 * scores - 7, 1 / (1 + np.exp(-scores))):
        assert auroc(labels, transformed) == pytest.approx(auroc(labels, scores), abs=1e-12)
        assert average_precision(labels, transformed) == pytest.approx(average_precision(labels, scores), abs=1e-12)


@given(ranked)
def test_exchanging_the_labels_or_the_order_gives_the_complement(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = column(pairs)
    assert auroc(~labels, scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)
    assert auroc(labels, -scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)


def test_scores_that_are_all_equal_are_worth_one_half() -> None:
    labels = np.array([[1], [0], [0], [1]])
    assert auroc(labels, np.zeros((4, 1))) == 0.5
    assert average_precision(labels, np.zeros((4, 1))) == 0.5


def test_a_resample_takes_all_records_of_a_drawn_patient_equally_often() -> None:
    patients = ["a", "b", "a", "c", "a", "b"]
    resamples = patient_resamples(patients, draws=200, seed=3)
    assert resamples.shape == (200, 6)
    assert (resamples[:, 0] == resamples[:, 2]).all()
    assert (resamples[:, 0] == resamples[:, 4]).all()
    assert (resamples[:, 1] == resamples[:, 5]).all()
    assert (resamples[:, [0, 1, 3]].sum(axis=1) == 3).all()  # as many patients as there are
    assert (patient_resamples(patients, draws=200, seed=3) == resamples).all()
    assert (patient_resamples(patients, draws=200, seed=4) != resamples).any()


@pytest.mark.parametrize("ties", [False, True])
def test_resampled_auroc_equals_recomputing_on_the_records_taken(ties: bool) -> None:
    labels, scores = made(150, 8, ties=ties)
    resamples = patient_resamples([str(record // 3) for record in range(150)], draws=300, seed=1)
    fast = resampled_auroc(labels, scores, resamples)
    for draw, taken in enumerate(resamples):
        records = np.repeat(np.arange(150), taken)
        slow = auroc(labels[records], scores[records])
        np.testing.assert_allclose(fast[draw], slow, rtol=0, atol=1e-9)  # NaN where NaN


@settings(max_examples=50)
@given(ranked, st.integers(0, 1000))
def test_resampled_auroc_equals_recomputing_on_any_small_case(pairs: list[tuple[bool, int]], seed: int) -> None:
    labels, scores = column(pairs)
    resamples = patient_resamples([str(i // 2) for i in range(len(pairs))], draws=5, seed=seed)
    fast = resampled_auroc(labels, scores, resamples)
    for draw, taken in enumerate(resamples):
        records = np.repeat(np.arange(len(pairs)), taken)
        np.testing.assert_allclose(fast[draw], auroc(labels[records], scores[records]), rtol=0, atol=1e-9)


def test_draws_in_which_a_class_vanishes_are_nan_and_the_interval_rests_on_the_others() -> None:
    labels, scores = made(60, 2, ties=False)
    labels[:, 1] = False
    labels[5, 1] = True  # one positive: about a third of the draws lose it
    draws = resampled_auroc(labels, scores, patient_resamples([str(i) for i in range(60)], draws=500, seed=0))
    lost = np.isnan(draws[:, 1])
    assert 0.25 < lost.mean() < 0.5
    assert not np.isnan(draws[:, 0]).any()
    interval = percentile_interval(draws)
    assert interval.shape == (2, 2)
    assert interval[:, 1] == pytest.approx(np.percentile(draws[~lost, 1], [2.5, 97.5]))


def test_an_interval_without_any_value_is_nan_without_a_warning() -> None:
    assert np.isnan(percentile_interval(np.full((10, 1), np.nan))).all()
    assert percentile_interval(np.arange(101.0), level=0.9) == pytest.approx([5, 95])


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    # Normal scores one standard deviation apart: the true AUROC is Phi(1 / sqrt 2) = 0.7602.
    rng = np.random.default_rng(0)
    labels = np.arange(200)[:, None] % 2 == 0
    covered = 0
    for seed in range(100):
        scores = rng.normal(size=(200, 1)) + labels
        draws = resampled_auroc(labels, scores, patient_resamples([str(i) for i in range(200)], draws=200, seed=seed))
        low, high = percentile_interval(draws[:, 0])
        covered += bool(low <= 0.76025 <= high)
    assert 88 <= covered <= 100


def test_patients_with_many_alike_records_widen_the_interval() -> None:
    """The reason for drawing patients: ten copies of each record add no information."""
    labels, scores = made(40, 1, ties=False)
    labels, scores = np.repeat(labels, 10, axis=0), np.repeat(scores, 10, axis=0)
    by_record = patient_resamples([str(i) for i in range(400)], draws=400, seed=0)
    by_patient = patient_resamples([str(i // 10) for i in range(400)], draws=400, seed=0)
    narrow, wide = (
        float(np.ptp(percentile_interval(resampled_auroc(labels, scores, r)[:, 0]))) for r in (by_record, by_patient)
    )
    assert wide > 2 * narrow


def test_shared_resamples_make_a_comparison_paired() -> None:
    """Two models that differ by a little noise: the paired interval is much narrower than the unpaired one."""
    labels, scores = made(300, 1, ties=False)
    other = scores + np.random.default_rng(1).normal(scale=0.05, size=scores.shape)
    names = [str(i) for i in range(300)]
    same = patient_resamples(names, draws=400, seed=0)
    first = resampled_auroc(labels, scores, same)
    paired = first - resampled_auroc(labels, other, same)
    unpaired = first - resampled_auroc(labels, other, patient_resamples(names, draws=400, seed=9))
    assert np.ptp(percentile_interval(unpaired)) > 4 * np.ptp(percentile_interval(paired))


def test_resamples_of_another_table_are_refused() -> None:
    with pytest.raises(EvaluationError, match="3 records"):
        resampled_auroc(np.eye(3, 1, dtype=bool), np.zeros((3, 1)), np.ones((2, 4), np.uint16))
    with pytest.raises(EvaluationError, match="0 record"):
        patient_resamples([], draws=5, seed=0)


def slow_delong(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """DeLong's covariance by its definition: every positive against every negative."""
    positive, negative = scores[labels], scores[~labels]
    wins = (positive[:, None] > negative[None]) + 0.5 * (positive[:, None] == negative[None])  # (pos, neg, model)
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    covariance = np.zeros((scores.shape[1],) * 2)
    for parts in (by_positive, by_negative):
        centred = parts - parts.mean(axis=0)
        covariance += centred.T @ centred / (len(parts) - 1) / len(parts)
    return covariance


@pytest.mark.parametrize("ties", [False, True])
def test_delong_equals_the_slow_reference(ties: bool) -> None:
    labels, scores = made(120, 3, ties=ties)
    areas, covariance = delong_covariance(labels[:, 0], scores)
    expected = [roc_auc_score(labels[:, 0], scores[:, model]) for model in range(3)]
    np.testing.assert_allclose(areas, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(covariance, slow_delong(labels[:, 0], scores), rtol=0, atol=1e-12)


def test_delong_of_a_case_computed_by_hand() -> None:
    # Positives 3 and 1, negatives 2 and 0: shares won 1, 1/2 (variance 1/8) on both sides, so 1/8/2 + 1/8/2 = 1/8.
    areas, covariance = delong_covariance([1, 0, 1, 0], [[3], [2], [1], [0]])
    assert areas == pytest.approx([0.75])
    assert covariance == pytest.approx(np.array([[0.125]]))


def test_delong_agrees_with_the_bootstrap() -> None:
    labels, scores = made(500, 1, ties=False)
    draws = resampled_auroc(labels, scores, patient_resamples([str(i) for i in range(500)], draws=2000, seed=0))
    _, covariance = delong_covariance(labels[:, 0], scores)
    assert np.std(draws) == pytest.approx(np.sqrt(covariance[0, 0]), rel=0.1)


def test_delong_keeps_its_level_when_two_models_are_equally_good() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(100) % 3 == 0
    p_values = [
        delong_test(labels, rng.normal(size=100) + labels, rng.normal(size=100) + labels)[1] for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09


def test_delong_sees_the_better_model_and_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3 == 0
    good, poor = labels * 2.0 + rng.normal(size=300), labels * 0.3 + rng.normal(size=300)
    difference, p_value = delong_test(labels, good, poor)
    assert difference > 0.2
    assert p_value < 1e-4
    assert delong_test(labels, poor, good) == pytest.approx((-difference, p_value))


def test_delong_of_models_without_variance_of_their_difference() -> None:
    labels = np.array([1, 1, 0, 0], bool)
    assert delong_test(labels, [3, 2, 1, 0], [30, 20, 10, 0]) == (0.0, 1.0)  # the same order
    assert delong_test(labels, [3, 2, 1, 0], [0, 1, 2, 3]) == (1.0, 0.0)  # all right against all wrong
    difference, p_value = delong_test([1, 0, 0], [3, 2, 1], [1, 2, 3])  # one positive has no variance
    assert difference == 1.0
    assert np.isnan(p_value)


def test_holm_of_a_case_computed_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 = 0.04, 0.06, 0.06, 0.04; never falling: 0.04, 0.06, 0.06, 0.06.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])


def test_holm_does_not_count_tests_that_could_not_be_made() -> None:
    adjusted = holm([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])
    assert holm([]).shape == (0,)
