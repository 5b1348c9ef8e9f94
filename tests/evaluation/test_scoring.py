"""Windows and phrases come together as the mean of their scores; the signals are read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from suprem.errors import EvaluationError, UnreadableEcg
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.scoring import mean_score, score_query_sets

ONE_EACH = QuerySet("one", (("first",), ("second",)))
SEVERAL = QuerySet("several", (("first", "1st"), ("second",)))


class FirstSamples:
    """Answers query number q with the first sample of lead q."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def vectors(self, queries: Sequence[object]) -> NDArray[np.float32]:
        return np.eye(len(queries), 3, dtype=np.float32)

    def logits(self, signals: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(signals))
        return signals[:, :3, 0] @ vectors.T


def signal(*first: float) -> NDArray[np.float32]:
    return np.array(first, np.float32)[:, None]


def test_several_windows_of_a_record_give_the_mean_of_their_scores() -> None:
    stream = [
        ("a", signal(1, 2, 0)),
        ("b", np.stack([signal(0, 1, 0), signal(2, -1, 0), signal(4, 3, 0)])),
        ("c", UnreadableEcg("The file is empty.")),
        ("d", signal(5, 6, 0)[None]),
    ]
    scorer = FirstSamples()
    (scored,) = score_query_sets(scorer, stream, [ONE_EACH], batch_size=2)
    assert scored.record_ids == ("a", "b", "d")
    assert scorer.batches == [2, 2, 1]
    assert [entry.name for entry in scored.unreadable] == ["c"]
    expected = [[1, 2], logit([np.mean(expit([0, 2, 4])), np.mean(expit([1, -1, 3]))]), [5, 6]]
    np.testing.assert_allclose(scored.logits, expected, atol=1e-6)


def test_phrases_of_a_class_give_the_mean_of_their_scores_and_sets_do_not_mix() -> None:
    stream = [("a", signal(1, 3, 7))]
    one, several = score_query_sets(FirstSamples(), iter(stream), [ONE_EACH, SEVERAL])
    np.testing.assert_allclose(one.logits, [[1, 3]])
    np.testing.assert_allclose(several.logits, [[logit(np.mean(expit([1, 3]))), 7]], rtol=1e-6)


def test_mean_scores_of_extreme_logits_keep_their_order() -> None:
    """A sigmoid in double precision is 1 from a logit of 37 on; the means must not tie there."""
    means = mean_score(np.array([[50.0, 60.0], [50.0, 61.0], [-800.0, -801.0]]), axis=1)
    assert means[1] > means[0] > 50
    assert -801 < means[2] < -800
    assert mean_score(np.array([[7.0]]), axis=1).tolist() == [7.0]


def test_nothing_readable_is_an_error_that_tells_the_first_reason() -> None:
    with pytest.raises(EvaluationError, match=r"Not one of 1 records.*The file is empty\."):
        score_query_sets(FirstSamples(), [("a", UnreadableEcg("The file is empty."))], [ONE_EACH])
