"""Contrastive losses give what lightly 1.6 gives for the same vectors, and what their definitions say."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from suprem.training.contrast import barlow_twins, found_among, info_nce, negative_cosine, nt_xent, patient_nce

generator = torch.Generator().manual_seed(0)
FIRST, SECOND = torch.randn(8, 16, generator=generator), torch.randn(8, 16, generator=generator)


@pytest.mark.parametrize(("temperature", "golden"), [(0.5, 2.593192), (0.1, 3.753514)])
def test_nt_xent_is_lightlys(temperature: float, golden: float) -> None:
    assert float(nt_xent(FIRST, SECOND, temperature)) == pytest.approx(golden, abs=1e-5)


@pytest.mark.parametrize(("weight", "golden"), [(5e-3, 16.007790), (0.1, 19.324366)])
def test_barlow_twins_is_lightlys(weight: float, golden: float) -> None:
    assert float(barlow_twins(FIRST, SECOND, weight)) == pytest.approx(golden, abs=1e-3)


def test_negative_cosine_is_lightlys_and_sends_no_gradient_to_what_is_wanted() -> None:
    wanted = SECOND.clone().requires_grad_()
    predicted = FIRST.clone().requires_grad_()
    loss = negative_cosine(predicted, wanted)
    assert float(loss.detach()) == pytest.approx(-0.101899, abs=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert wanted.grad is None
    assert predicted.grad is not None


def test_info_nce_is_the_cross_entropy_of_the_own_key() -> None:
    cosines = F.cosine_similarity(FIRST[:, None], SECOND[None], dim=-1) / 0.2
    expected = -torch.stack([row.softmax(0)[index].log() for index, row in enumerate(cosines)]).mean()
    assert float(info_nce(FIRST, SECOND, 0.2)) == pytest.approx(float(expected), abs=1e-5)
    assert float(info_nce(FIRST, FIRST, 0.01)) < 1e-3 < float(info_nce(FIRST, FIRST.flip(0), 0.01))


def test_recordings_of_one_patient_are_not_pushed_apart() -> None:
    alone, shared = torch.arange(8), torch.tensor([0, 0, 1, 2, 3, 4, 5, 6])
    both = (info_nce(FIRST, SECOND, 0.1) + info_nce(SECOND, FIRST, 0.1)) / 2
    assert float(patient_nce(FIRST, SECOND, alone, 0.1)) == pytest.approx(float(both), abs=1e-5)
    same = FIRST.clone()
    same[1] = same[0]
    assert float(patient_nce(same, same, shared, 0.1)) < float(patient_nce(same, same, alone, 0.1)) + 1e-6


def test_every_wanted_column_of_a_row_counts_alike() -> None:
    likeness, wanted = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 0.0, 1.0]])
    logs = likeness.log_softmax(dim=1)[0]
    assert float(found_among(likeness, wanted)) == pytest.approx(-float(logs[0] + logs[2]) / 2, abs=1e-6)
