"""Two views of one ECG: what may be changed of a recording without its becoming another, for learning without labels.

All take and return signals (batch, lead, time) and draw with torch's global generator, which the loop seeds anew for
each step. A lead or stretch that was not recorded (zero) stays empty.
"""

from __future__ import annotations

import torch
from torch import Tensor

from suprem.training.config import ViewConfig


def view(signals: Tensor, config: ViewConfig) -> Tensor:
    """Return one view: cropped and stretched, a stretch timed out, gain, noise, and leads masked."""
    signals = time_out(resized_crop(signals, *config.crop), *config.time_out)
    return mask_leads(add_noise(scale_leads(signals, config.gain), config.noise), config.lead_mask)


def resized_crop(signals: Tensor, low: float, high: float) -> Tensor:
    """Cut out a share of each recording between `low` and `high`, the same of all leads, and stretch it to the whole
    length; with `time_out` the best pair of Mehari and Strodthoff 2022 (arXiv 2103.12676)."""
    batch, lead, time = signals.shape
    share = low + (high - low) * torch.rand(batch, 1, device=signals.device)
    start = torch.rand(batch, 1, device=signals.device) * (1 - share)
    place = (start + share * torch.linspace(0, 1, time, device=signals.device)) * (time - 1)
    before = place.floor().long().clamp(max=time - 2)
    part = (place - before).unsqueeze(1).to(signals.dtype)
    left, right = (signals.gather(2, at.unsqueeze(1).expand(-1, lead, -1)) for at in (before, before + 1))
    return torch.where((left == 0) | (right == 0), torch.zeros_like(left), torch.lerp(left, right, part))


def time_out(signals: Tensor, low: float, high: float) -> Tensor:
    """Leave one stretch of each recording empty, in all leads, of a share between `low` and `high` of its length."""
    batch, _, time = signals.shape
    length = (low + (high - low) * torch.rand(batch, 1, 1, device=signals.device)) * time
    start = torch.rand(batch, 1, 1, device=signals.device) * (time - length)
    at = torch.arange(time, device=signals.device)
    return signals.masked_fill((at >= start) & (at < start + length), 0.0)


def add_noise(signals: Tensor, height: float) -> Tensor:
    """Add white noise of up to `height` standard deviation, another height for each lead."""
    batch, lead, _ = signals.shape
    heights = height * torch.rand(batch, lead, 1, device=signals.device)
    return torch.where(signals == 0, signals, signals + heights * torch.randn_like(signals))


def scale_leads(signals: Tensor, spread: float) -> Tensor:
    """Multiply each lead by a factor of its own, normal around 1."""
    batch, lead, _ = signals.shape
    return signals * (1 + spread * torch.randn(batch, lead, 1, device=signals.device))


def mask_leads(signals: Tensor, rate: float) -> Tensor:
    """Leave each lead empty with a chance of `rate`; one lead of each recording always stays."""
    luck = torch.rand(signals.shape[:2], device=signals.device)
    lost = (luck < rate) & (luck < luck.max(dim=1, keepdim=True).values)
    return signals.masked_fill(lost.unsqueeze(-1), 0.0)


def permute(signals: Tensor, most: int) -> Tensor:
    """Cut each recording into up to `most` segments and put them in another order, the same in all leads."""
    batch, lead, time = signals.shape
    orders = []
    for _ in range(batch):
        cuts = torch.randint(1, time, (int(torch.randint(most, ())),)).unique()
        segments = torch.tensor_split(torch.arange(time), cuts.tolist())
        orders.append(torch.cat([segments[row] for row in torch.randperm(len(segments)).tolist()]))
    return signals.gather(2, torch.stack(orders).to(signals.device).unsqueeze(1).expand(-1, lead, -1))


def halves(signals: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two halves of each recording, each at the beginning of an otherwise empty one of the same length."""
    half = signals.shape[-1] // 2
    first, second = torch.zeros_like(signals), torch.zeros_like(signals)
    first[..., :half], second[..., :half] = signals[..., :half], signals[..., half : 2 * half]
    return first, second
