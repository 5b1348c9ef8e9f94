"""Which unit the size of a table's values allows, where the table states none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suprem.errors import MissingFact

_MEDIAN_LEAD_MILLIVOLTS = (0.3, 5.0)
"""Peak to peak of a recording's median lead: 0.47 to 3.1 in 785 of 787 records of PTB-XL, with room on both sides."""

_UNITS: Sequence[tuple[str, float]] = (("mV", 1.0), ("tenths of a mV", 10.0), ("uV", 1000.0), ("V", 0.001))
"""What exports of floating-point values are written in, with how many of it a millivolt is."""

_SAME = 2e-3
"""Parts by which a scaled value may miss what it was scaled to: files keep three digits or more."""

_ROUND = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 100.0, 255.0)
_ASK = "give the unit (mV, uV or V), or how many of its steps are one millivolt (counts-per-mv)."


def evident_unit(rows: NDArray[np.float64], notes: list[str]) -> str:
    """Return the one unit that the size of the values allows, and note it.

    Args:
        rows: Array (lead, time) of the standard leads, in an unknown unit.
        notes: What was concluded is appended.

    Raises:
        MissingFact: Several units fit or none, the values are whole numbers and may count converter steps of any size,
            or they are normalised and have lost their unit.
    """
    finite = rows[np.isfinite(rows)]
    if finite.size == 0 or np.all(finite == np.round(finite)):
        raise MissingFact(
            "The table states no unit, and its values are whole numbers, which may be steps of a converter of any "
            f"size; {_ASK}"
        )
    alive = rows[np.nanmax(rows, axis=1, initial=-np.inf) > np.nanmin(rows, axis=1, initial=np.inf)]
    if _is_normalised(alive):
        raise MissingFact(
            "The table states no unit, and its values look normalised (scaled to a fixed range or spread), so their "
            f"unit is lost; use the recording before it was scaled, or {_ASK}"
        )
    span = float(np.median(np.nanpercentile(alive, 99.9, axis=1) - np.nanpercentile(alive, 0.1, axis=1)))
    low, high = _MEDIAN_LEAD_MILLIVOLTS
    fitting = [name for name, millivolt in _UNITS if low * millivolt <= span <= high * millivolt]
    if len(fitting) != 1 or fitting[0] == "tenths of a mV":
        found = " and ".join(fitting) or "no unit"
        raise MissingFact(f"The table states no unit, and a typical lead spans {span:.3g}, which fits {found}; {_ASK}")
    notes.append(f"No unit is stated; values of this size can only be {fitting[0]}.")
    return fitting[0]


def _is_normalised(rows: NDArray[np.float64]) -> bool:
    """Tell whether rows (lead, time) were scaled to a fixed range or spread, each lead by itself or all together.

    A recording as it was made neither has no negative value, nor reaches exactly as far up as down, nor a round number,
    nor the same height in each lead.
    """
    low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
    bottom, top = float(low.min()), float(high.max())
    reach = max(abs(bottom), abs(top))
    if bottom >= 0 or abs(top + bottom) <= _SAME * reach or any(abs(reach - one) <= 1e-5 * one for one in _ROUND):
        return True
    if _is_standard(rows.ravel()) or all(_is_standard(row) for row in rows):
        return True
    if len(rows) < 3:
        return False
    per_lead = (high - low, np.maximum(np.abs(low), np.abs(high)), np.nanstd(rows, axis=1))
    return any(np.ptp(sizes) <= 5 * _SAME * float(np.mean(sizes)) for sizes in per_lead)


def _is_standard(values: NDArray[np.float64]) -> bool:
    spread, mean = float(np.nanstd(values)), float(np.nanmean(values))
    return abs(spread - 1.0) <= 0.01 and abs(mean) <= 0.02
