"""Measurements as numbers: one column a quantity, for tables of many recordings and for limits on them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.measurement.measure import Measured, Measurements
from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_LEADS

INTERVALS = ("heart_rate", "rr_spread", "p", "pr", "qrs", "qt", "qtc_fridericia")
BY_LEAD = ("st", "r", "s", "t")
COUNTS = ("beats", "early", "other_shape")

MEASURED = (
    *INTERVALS,
    *COUNTS,
    "axis_cosine",
    "axis_sine",
    *(f"{name}_{lead}" for name in BY_LEAD for lead in LEADS),
)
"""Names of the columns: rate per minute, intervals in ms, counts of beats, the axis as a direction, levels in mV."""


def as_numbers(found: Measurements) -> NDArray[np.float64]:
    """Return measurements in the order of `MEASURED`."""
    axis = np.deg2rad(_number(found.axis))
    by_lead = [_number(getattr(found, name).get(lead)) for name in BY_LEAD for lead in LEADS]
    numbers = [_number(getattr(found, name)) for name in INTERVALS]
    counts = [float(getattr(found, name)) for name in COUNTS]
    return np.array([*numbers, *counts, np.cos(axis), np.sin(axis), *by_lead])


def quantities(table: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return the columns `MEASURED` of a table by name, with those derived from them, in mV, the axis in degrees:

    limb_voltage, chest_voltage: The largest QRS, from its lowest to its highest point, of any limb or chest lead.
    sokolow_lyon: S in V1 and the higher R of V5 and V6 (Sokolow and Lyon 1949).
    axis: -180 to 180.

    Where no beats were compared, none is counted as early or of another shape, which is then not known.
    """
    own = {name: np.asarray(table[name], np.float64) for name in MEASURED}
    compared = np.isfinite(own["qrs"]) | (own["early"] + own["other_shape"] > 0)
    own |= {name: np.where(compared, own[name], np.nan) for name in ("early", "other_shape")}
    heights = {lead: own[f"r_{lead}"] - own[f"s_{lead}"] for lead in LEADS}
    return own | {
        "limb_voltage": np.max([heights[lead] for lead in LIMB_LEADS], axis=0),
        "chest_voltage": np.max([heights[lead] for lead in CHEST_LEADS], axis=0),
        "sokolow_lyon": np.maximum(own["r_V5"], own["r_V6"]) - own["s_V1"],
        "axis": np.degrees(np.arctan2(own["axis_sine"], own["axis_cosine"])),
    }


def _number(value: Measured | None) -> float:
    return float("nan") if value is None or value.value is None else float(value.value)
