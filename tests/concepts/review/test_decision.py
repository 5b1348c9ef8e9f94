from __future__ import annotations

import random

import pytest
from sklearn.metrics import cohen_kappa_score

from suprem.concepts.review.decision import Decision, Status, disputed, measure_reviewers, settled

APPROVED, FLAGGED, NO_TARGET, _ = Status
ANSWERS = ((APPROVED, "LVH"), (APPROVED, "MI"), (NO_TARGET, ""), (FLAGGED, ""), (FLAGGED, "MI"))


def decision(entity: str, reviewer: str, status: Status = APPROVED, code: str = "") -> Decision:
    return Decision(1, "v", entity, reviewer, status, code)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    generator = random.Random(seed)
    answers = [[generator.choices(ANSWERS, weights=(5, 2, 1, 1, 1))[0] for _ in range(2)] for _ in range(80)]
    decisions = [
        decision(str(row), reviewer, *answer)
        for row, pair in enumerate(answers)
        for reviewer, answer in zip("AB", pair, strict=True)
    ]
    decisions += [decision("only A", "A", NO_TARGET), decision("only B", "B", FLAGGED), decision("0", "C", FLAGGED)]
    # Flagged rows are one category, whatever code they hold.
    names = [[f"{status}{code if status is APPROVED else ''}" for status, code in pair] for pair in answers]
    first, second = zip(*names, strict=True)
    agreement = measure_reviewers("A", "B", decisions)
    assert agreement.kappa == pytest.approx(cohen_kappa_score(first, second))
    assert agreement.rows == 80
    assert agreement.same == sum(a == b for a, b in names)
    assert measure_reviewers("B", "A", decisions).kappa == pytest.approx(agreement.kappa)
    assert agreement.interval is None or agreement.interval[0] <= (agreement.kappa or 0) <= agreement.interval[1]


def test_without_a_common_row_there_is_no_kappa() -> None:
    agreement = measure_reviewers("A", "B", [decision("lvh", "A", NO_TARGET), decision("af", "B", NO_TARGET)])
    assert (agreement.rows, agreement.kappa, agreement.observed) == (0, None, None)


def test_where_chance_alone_agrees_fully_there_is_no_kappa() -> None:
    agreement = measure_reviewers("A", "B", [decision(row, by, NO_TARGET) for row in "xyz" for by in "AB"])
    assert (agreement.rows, agreement.same, agreement.kappa) == (3, 3, None)


def test_an_agreement_wins_over_an_earlier_adjudication() -> None:
    given = [decision("lvh", by, APPROVED, "LVH") for by in "AB"]
    ruling = decision("lvh", "C", NO_TARGET)
    assert settled(given, [ruling]) == {"lvh": tuple(given)}


def test_one_flag_among_approvals_is_a_dispute() -> None:
    given = [decision("lvh", "A", APPROVED, "LVH"), decision("lvh", "B", FLAGGED, "LVH")]
    assert settled(given, []) == {}
    assert disputed(given, []) == {"lvh": tuple(given)}
