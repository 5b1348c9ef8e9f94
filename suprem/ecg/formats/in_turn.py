"""Leads that were not recorded at the same time, as of a print of three rows and four columns, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from suprem.ecg.formats.channels import Channel, check_sample_count
from suprem.ecg.formats.lead_names import canonical_lead

_SHORTEST = 2.0
"""Seconds of a column of a print at least; a median beat lasts less."""

_NEARLY_ALL = 0.99
"""Stretches that begin together may end apart by so little and count as equal."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Channels that were recorded together.

    Args:
        channels: The channels, all of one length.
        start: When they begin, in seconds; only differences count.
        fs: Sampling rate in Hz.
    """

    channels: tuple[Channel, ...]
    start: float
    fs: float

    @property
    def samples(self) -> int:
        """Number of samples of the longest channel."""
        return max((channel.samples.size for channel in self.channels), default=0)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / self.fs


def recorded_in_turn(stretches: Sequence[Stretch]) -> tuple[list[Channel], int]:
    """Return the longest stretch with the leads that only others hold, each where it belongs on one time axis.

    What was recorded at another rate, repeats leads, or is as short as a median beat is left out.

    Args:
        stretches: At least one.

    Returns:
        The channels, NaN where a lead was not recorded, and how many of the stretches they come from.

    Raises:
        UnreadableEcg: The stretches lie further apart than any recording is long.
    """
    longest, *others = sorted(stretches, key=lambda one: -one.seconds)
    chosen, known = [longest], _leads(longest)
    for one in others:
        beside = one.start == longest.start and one.samples >= _NEARLY_ALL * longest.samples
        if one.fs != longest.fs or not (beside or one.seconds >= _SHORTEST) or not _leads(one) - known:
            continue
        fresh = tuple(channel for channel in one.channels if _lead(channel) not in known)
        chosen.append(replace(one, channels=fresh))
        known |= _leads(one)
    if all(one.start == longest.start and one.samples >= _NEARLY_ALL * longest.samples for one in chosen):
        return [channel for one in chosen for channel in one.channels], len(chosen)
    begin = min(one.start for one in chosen)
    places = [round((one.start - begin) * longest.fs) for one in chosen]
    length = max(place + one.samples for place, one in zip(places, chosen, strict=True))
    check_sample_count(sum(len(one.channels) for one in chosen), length)
    return [
        replace(channel, samples=_placed(channel, place, length))
        for place, one in zip(places, chosen, strict=True)
        for channel in one.channels
    ], len(chosen)


def _placed(channel: Channel, place: int, length: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    row = np.full(length, np.nan)
    row[place : place + channel.samples.size] = channel.samples
    return row


def _lead(channel: Channel) -> str | None:
    named = channel.lead or canonical_lead(channel.name)
    return named[0] if named else None


def _leads(stretch: Stretch) -> set[str]:
    return {lead for channel in stretch.channels if (lead := _lead(channel))}
