"""Measurements as plain values, for commands and other programs: each with its unit, reason and caution."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from suprem.ecg.measurement.measure import UNCONFIRMED, Measurements, measure
from suprem.ecg.preprocess import choose_window, crop
from suprem.ecg.record import EcgRecord

WINDOW_SECONDS = 10.0


def measure_window(record: EcgRecord) -> Measurements:
    """Measure what the page shows at first: the whole recording or its cleanest ten seconds."""
    return measure(crop(record, choose_window(record, WINDOW_SECONDS), WINDOW_SECONDS))


def plain_values(found: Measurements) -> dict[str, Any]:
    """Return the measurements as plain values, each with its unit, reason and caution."""
    by_lead = {"st": found.st, "r": found.r, "s": found.s, "t": found.t}
    return {
        **{name: asdict(value) for name, value in found.intervals.items()},
        "rhythm": found.rhythm,
        **{name: {lead: asdict(value) for lead, value in values.items()} for name, values in by_lead.items()},
        "beats": {"found": found.beats, "used": found.used, "early": found.early, "other_shape": found.other_shape},
        "status": UNCONFIRMED,
    }
