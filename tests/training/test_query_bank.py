"""Names and synonyms are drawn, each in its concept's row."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from suprem.training.query_bank import QueryBank

NAMES = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
SYNONYMS = [torch.tensor([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]), torch.empty(0, 2), torch.tensor([[3.0, 1.0]])]


def drawn(rate: float, times: int = 300) -> Tensor:
    """Return draws (draw, concept, 2): the first number tells the concept, the second the wording."""
    bank = QueryBank(names=NAMES, synonyms=SYNONYMS, rate=rate)
    return torch.stack([bank.draw() for _ in range(times)])


def test_every_wording_stays_in_the_row_of_its_concept() -> None:
    draws = drawn(0.5)
    assert torch.equal(draws[:, :, 0], NAMES[:, 0].expand(300, 3))


def test_all_wordings_come_and_the_name_as_often_as_asked() -> None:
    wording = drawn(0.5)[:, :, 1]
    assert set(wording[:, 0].tolist()) == {0.0, 1.0, 2.0, 3.0}
    assert set(wording[:, 1].tolist()) == {0.0}, "a concept without synonyms is always asked by its name"
    assert set(wording[:, 2].tolist()) == {0.0, 1.0}
    assert 0.4 < (wording[:, 0] == 0).float().mean() < 0.6
    assert 0.4 < (wording[:, 2] == 0).float().mean() < 0.6


@pytest.mark.parametrize(("rate", "names"), [(0.0, [0.0, 0.0, 0.0]), (1.0, [None, 0.0, 1.0])])
def test_the_ends_of_the_rate(rate: float, names: list[float | None]) -> None:
    wording = drawn(rate, 50)[:, :, 1]
    for column, expected in enumerate(names):
        if expected is not None:
            assert (wording[:, column] == expected).all()
    assert (wording[:, 0] > 0).all() == (rate == 1.0)


def test_a_bank_without_synonyms_gives_the_names() -> None:
    bank = QueryBank(names=NAMES, synonyms=[torch.empty(0, 2)] * 3, rate=1.0)
    assert torch.equal(bank.draw(), NAMES)


def test_the_same_seed_draws_the_same() -> None:
    torch.manual_seed(7)
    first = drawn(0.5, 20)
    torch.manual_seed(7)
    assert torch.equal(drawn(0.5, 20), first)


def test_a_share_is_drawn_of_the_concepts_that_are_not_asked_always() -> None:
    always = torch.tensor([False, True, False, False, False])
    bank = QueryBank(names=torch.eye(5), synonyms=[torch.empty(0, 5)] * 5, rate=0.0, always=always)
    chosen = [bank.choose(0.5).tolist() for _ in range(60)]
    assert all(1 in drawn and len(drawn) == len(set(drawn)) == 3 for drawn in chosen)
    assert {number for drawn in chosen for number in drawn} == set(range(5))


def test_a_step_asks_one_concept_at_least() -> None:
    bank = QueryBank(names=NAMES, synonyms=SYNONYMS, rate=0.0)
    assert {len(bank.choose(0.1)) for _ in range(10)} == {1}


def test_a_mixture_lies_between_two_wordings_of_its_concept_and_keeps_its_length() -> None:
    names, synonyms = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), [torch.tensor([[0.0, 1.0]]), torch.empty(0, 2)]
    bank = QueryBank(names=names, synonyms=synonyms, rate=0.5, mixup=1.0)
    draws = torch.stack([bank.draw() for _ in range(200)])
    assert torch.allclose(draws.norm(dim=2), torch.ones(200, 2), atol=1e-6)
    assert torch.equal(draws[:, 1], names[1].expand(200, 2)), "there is nothing to mix with"
    between = (draws[:, 0] > 0.05).all(dim=1)
    assert 0.2 < between.float().mean() < 0.6
