"""Views change what they say and nothing else; what was not recorded stays empty."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from suprem.errors import ConfigError
from suprem.training.config import ViewConfig
from suprem.training.views import (
    add_noise,
    halves,
    mask_leads,
    permute,
    resized_crop,
    scale_leads,
    time_out,
    view,
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def signals() -> Tensor:
    """Rising ramps, each lead ten higher than the one before; the last lead of the first record is not recorded."""
    ramps = 1 + torch.arange(100.0).repeat(4, 3, 1) + 10 * torch.arange(3.0)[:, None]
    ramps[0, 2] = 0.0
    return ramps


def test_a_crop_is_a_stretch_of_the_recording_drawn_out_the_same_in_all_leads() -> None:
    before = signals()
    after = resized_crop(before, 0.5, 0.5)
    slopes = after[1].diff(dim=-1)
    assert slopes.mean().item() == pytest.approx(0.5, abs=0.01), "half of it, at half the pace"
    assert torch.allclose(after[1, 1] - after[1, 0], torch.tensor(10.0), atol=1e-3)
    assert (after[0, 2] == 0).all()
    assert torch.allclose(resized_crop(before, 1.0, 1.0), before, atol=1e-3)
    assert len({float(record[0, 0]) for record in after}) > 1, "each recording at a place of its own"


def test_a_time_out_empties_one_stretch_of_all_leads() -> None:
    empty = time_out(signals()[1:], 0.3, 0.3) == 0
    assert (empty == empty[:, :1]).all()
    assert set(empty[:, 0].sum(-1).tolist()) <= {29, 30, 31}
    assert (empty[:, 0].int().diff(dim=-1).abs().sum(-1) <= 2).all()


@pytest.mark.parametrize("change", [lambda ecg: add_noise(ecg, 0.1), lambda ecg: scale_leads(ecg, 0.2)])
def test_noise_and_gain_are_a_leads_own_and_leave_empty_leads_empty(change: Callable[[Tensor], Tensor]) -> None:
    before = signals()
    after = change(before)
    assert (after[0, 2] == 0).all()
    spread = ((after - before) / before.clamp(min=1)).std(-1) + ((after - before) / before.clamp(min=1)).mean(-1).abs()
    assert len(set(spread.flatten().tolist())) == 12


def test_leads_are_masked_whole_and_one_always_stays() -> None:
    lost = (mask_leads(torch.ones(500, 3, 10), 0.9) == 0).float().mean(-1)
    assert set(lost.unique().tolist()) == {0.0, 1.0}
    assert lost.sum(1).max() == 2
    assert torch.equal(mask_leads(signals(), 0.0), signals())


def test_segments_change_places_the_same_in_all_leads() -> None:
    before = signals()[1:]
    after = permute(before, 8)
    assert torch.equal(after.sort(dim=-1).values, before)
    assert torch.equal(after[:, 1] - after[:, 0], torch.full_like(after[:, 0], 10.0)), "not one lead copied into all"
    assert not torch.equal(after, before)
    assert torch.equal(permute(before, 1), before)


def test_halves_stand_at_the_beginning() -> None:
    ecg = signals()
    first, second = halves(ecg)
    assert torch.equal(first[..., :50], ecg[..., :50])
    assert torch.equal(second[..., :50], ecg[..., 50:])
    assert not first[..., 50:].any()
    assert not second[..., 50:].any()


def test_two_views_differ_and_a_seed_gives_the_same_again() -> None:
    first, second = view(signals(), ViewConfig()), view(signals(), ViewConfig())
    torch.manual_seed(0)
    assert torch.equal(view(signals(), ViewConfig()), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("wrong", [{"crop": (0.0, 1.0)}, {"time_out": (0.4, 0.2)}, {"lead_mask": 1.0}, {"noise": -1.0}])
def test_what_cannot_be_a_view_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ViewConfig(**wrong)  # type: ignore[arg-type]
