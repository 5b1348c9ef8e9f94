"""What a box dragged over the trace measures, in the data units of the strip under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suprem.ecg.record import EcgRecord
from suprem.paper.layout import Sheet, Strip

MIN_BEAT_SECONDS = 0.2
"""A shorter interval is no distance of two beats (300/min), so no rate is stated for it."""


@dataclass(frozen=True)
class Measurement:
    """A box over one strip.

    Args:
        lead: What stands beside the strip.
        first: Left edge in the recording, in seconds.
        last: Right edge, in seconds.
        millivolts: Height of the box, or how much higher the trace ends than it begins where there is no box.
        peak_to_peak: Highest less lowest sample drawn between left and right edge in millivolts; None where there are
            no samples.
    """

    lead: str
    first: float
    last: float
    millivolts: float
    peak_to_peak: float | None

    @property
    def milliseconds(self) -> float:
        """Width of the box."""
        return 1000 * (self.last - self.first)

    @property
    def per_minute(self) -> float | None:
        """Rate of a rhythm with one beat per box width; None for less than two beats can be apart."""
        seconds = self.last - self.first
        return 60 / seconds if seconds >= MIN_BEAT_SECONDS else None

    def __str__(self) -> str:
        rate = f"{self.per_minute:.0f} bpm · " if self.per_minute is not None else ""
        swing = f" · trace peak to peak {self.peak_to_peak:.2f} mV" if self.peak_to_peak is not None else ""
        return (
            f"{self.lead}: Δt {self.milliseconds:.0f} ms · {rate}ΔU {self.millivolts:.2f} mV{swing} "
            f"(from {self.first:.3f} s to {self.last:.3f} s)"
        )


def caliper_reading(
    record: EcgRecord, sheet: Sheet, x: Sequence[float], y: Sequence[float], start: float = 0.0
) -> Measurement | None:
    """Return what a box measures; None where its middle lies over no strip.

    Args:
        record: What is drawn on the sheet.
        sheet: The paper the box was dragged on.
        x: Two corners of the box in millimetres of the paper, in any order.
        y: The same corners' heights.
        start: Where the record begins in the recording, in seconds.
    """
    (left, right), (low, high) = sorted(x), sorted(y)
    first, last = left / sheet.scale.speed, right / sheet.scale.speed
    strip = _under(sheet, (first + last) / 2, (low + high) / 2)
    if strip is None:
        return None
    peak_to_peak = None
    if strip.lead in record.leads:
        begin = max(0, int(np.ceil(max(first, strip.first) * record.fs - 1e-6)))
        end = int(np.floor(min(last, strip.last) * record.fs + 1e-6)) + 1
        samples = record.lead(strip.lead)[begin:end]
        samples = samples[np.isfinite(samples)]
        peak_to_peak = float(np.ptp(samples)) if samples.size else None
    return Measurement(strip.name, start + first, start + last, (high - low) / sheet.scale.gain, peak_to_peak)


def measure_between(record: EcgRecord, lead: str, first: float, last: float, start: float = 0.0) -> Measurement:
    """Return what lies between two times of a lead, for who cannot drag a box; the edges may come in any order.

    Args:
        record: What is measured.
        lead: One of its leads.
        first: One edge in the recording, in seconds.
        last: The other edge.
        start: Where the record begins in the recording, in seconds.

    Raises:
        MissingLead: The record does not have the lead.
    """
    first, last = sorted((first, last))
    row = record.lead(lead)
    begin, end = (min(max(round((edge - start) * record.fs), 0), row.size - 1) for edge in (first, last))
    samples = row[begin : end + 1][np.isfinite(row[begin : end + 1])]
    peak_to_peak = float(np.ptp(samples)) if samples.size else None
    return Measurement(lead, first, last, float(row[end] - row[begin]), peak_to_peak)


def _under(sheet: Sheet, seconds: float, height: float) -> Strip | None:
    """Return the strip whose row is nearest to a height, among those drawn at a time."""
    drawn = [strip for strip in sheet.strips if strip.first <= seconds <= strip.last]
    return min(drawn, key=lambda strip: abs(strip.middle - height), default=None)
