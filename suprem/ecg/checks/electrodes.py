"""Exchanged electrodes: which exchange a recording suggests, and the recording with the exchange undone.

Twelve leads of one heart fit together, and leads whose electrodes were exchanged do not (Kors and van Herpen 2001).
How well they fit is the Mahalanobis size of the mean beat under the average covariance of the eight measured leads in
PTB-XL: an arrangement that fits much better than the recorded one suggests that exchange. Left arm and left leg cannot
be told that way, nor by anyone reliably; a heart on the right side looks like exchanged arms with reversed chest leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from suprem.ecg.record import (
    CHEST_LEADS,
    INDEPENDENT_LEADS,
    LIMB_FROM_I_AND_II,
    LIMB_LEADS,
    EcgRecord,
    complete_leads,
)

LIMB_FIT, CHEST_FIT = 0.6, 0.32
"""An exchange is suggested where undoing it brings the size below this part of the recorded one; set so that
2 % of 387 recordings that people called acceptable are suspected. How often it errs is in docs/log."""

MIN_BEATS = 3
_COARSE_FS = 100.0
_BEFORE, _AFTER = 0.22, 0.45  # seconds around a beat: P, QRS and most of T
_LEVEL = (0.1, 0.06)  # seconds before a beat where the line is level

# Average over 700 records of PTB-XL (folds 1 to 6) of the covariance of the median beat, each of trace 1.
_COVARIANCE = np.array(
    [
        (0.0604, 0.0400, -0.0446, -0.0079, 0.0299, 0.0632, 0.0712, 0.0598),
        (0.0400, 0.0636, -0.0330, -0.0037, 0.0416, 0.0745, 0.0761, 0.0630),
        (-0.0446, -0.0330, 0.0820, 0.0907, 0.0429, -0.0203, -0.0511, -0.0532),
        (-0.0079, -0.0037, 0.0907, 0.1972, 0.1541, 0.0662, 0.0047, -0.0202),
        (0.0299, 0.0416, 0.0429, 0.1541, 0.1885, 0.1404, 0.0779, 0.0375),
        (0.0632, 0.0745, -0.0203, 0.0662, 0.1404, 0.1773, 0.1400, 0.0935),
        (0.0712, 0.0761, -0.0511, 0.0047, 0.0779, 0.1400, 0.1408, 0.1061),
        (0.0598, 0.0630, -0.0532, -0.0202, 0.0375, 0.0935, 0.1061, 0.0901),
    ]
)
_PRECISION = np.linalg.inv(_COVARIANCE)


@dataclass(frozen=True)
class Exchange:
    """Electrodes that were exchanged, and what undoes it.

    Args:
        electrodes: In words, for example "right arm and left arm".
        lead_from: Lead -> (factor, recorded lead) that gives it; leads that stay as they are do not occur.
    """

    electrodes: str
    lead_from: Mapping[str, tuple[float, str]]

    @property
    def leads(self) -> tuple[str, ...]:
        """The leads that the exchange changes."""
        return tuple(self.lead_from)

    @property
    def of_limbs(self) -> bool:
        """Whether it is of limb electrodes."""
        return set(self.lead_from) <= set(LIMB_LEADS)

    @property
    def limit(self) -> float:
        """Return the ratio below which the exchange is suggested."""
        return LIMB_FIT if self.of_limbs else CHEST_FIT


ARMS = Exchange(
    "right arm and left arm",
    {"I": (-1, "I"), "II": (1, "III"), "III": (1, "II"), "aVR": (1, "aVL"), "aVL": (1, "aVR")},
)
RIGHT_ARM_LEFT_LEG = Exchange(
    "right arm and left leg",
    {"I": (-1, "III"), "II": (-1, "II"), "III": (-1, "I"), "aVR": (1, "aVF"), "aVF": (1, "aVR")},
)
_CHEST = tuple(
    Exchange(f"{first} and {second}", {first: (1, second), second: (1, first)})
    for first, second in combinations(CHEST_LEADS, 2)
)
EXCHANGES: tuple[Exchange, ...] = (ARMS, RIGHT_ARM_LEFT_LEG, *_CHEST)
"""Those that are looked for. Chest leads in reverse order are not: they look too much like exchanged arms."""


def undo(record: EcgRecord, exchange: Exchange) -> EcgRecord:
    """Return the recording as it would be without the exchange, named as corrected.

    Raises:
        MissingLead: A lead that is needed is not there and cannot be derived.
    """
    record = complete_leads(record)
    rows = [
        np.float32(factor) * record.lead(source)
        for factor, source in (exchange.lead_from.get(lead, (1, lead)) for lead in record.leads)
    ]
    corrected = " and ".join(filter(None, (record.corrected, exchange.electrodes)))
    return replace(record, signal=np.stack(rows), corrected=corrected)


def suspected_exchanges(record: EcgRecord, beats: NDArray[np.intp]) -> tuple[Exchange, ...]:
    """Return the exchanges that a recording suggests: at most one of limb and one of chest electrodes.

    None where one of the eight measured leads is missing, or fewer than three beats are whole.

    Args:
        record: The recording.
        beats: Sample of each QRS complex.
    """
    record = complete_leads(record)
    if not set(INDEPENDENT_LEADS) <= set(record.leads):
        return ()
    signal = np.nan_to_num(np.stack([record.lead(lead) for lead in INDEPENDENT_LEADS]).astype(np.float64))
    beat = _typical_beat(signal, record.fs, beats)
    if beat is None:
        return ()
    return _suspected(beat @ beat.T)


def _suspected(shape: NDArray[np.float64]) -> tuple[Exchange, ...]:
    """Return the exchanges that the products (lead, lead) of a beat suggest."""
    found: list[Exchange] = []
    # One exchange makes others look likely too, so the clearest is undone before the other kind is looked for.
    for _ in range(2):
        left = [one for one in EXCHANGES if one.of_limbs not in {other.of_limbs for other in found}]
        exchange = min(left, key=lambda one: _fit(shape, one))
        if _fit(shape, exchange) >= exchange.limit:
            break
        found.append(exchange)
        shape = _undone(shape, exchange)
    return tuple(found) or _both(shape)


def _both(shape: NDArray[np.float64]) -> tuple[Exchange, ...]:
    """Return one exchange of limb and one of chest electrodes that only together make a beat fit."""
    limbs, chests = ([one for one in EXCHANGES if one.of_limbs is kind] for kind in (True, False))

    def fit(pair: tuple[Exchange, Exchange]) -> float:
        return _fit(shape, pair[0]) * _fit(_undone(shape, pair[0]), pair[1])

    best = min(product(limbs, chests), key=fit)
    return best if fit(best) < LIMB_FIT * CHEST_FIT else ()


def _fit(shape: NDArray[np.float64], exchange: Exchange) -> float:
    """Return the size without the exchange as part of the size with it, of the products (lead, lead) of a beat."""
    return float(np.trace(_PRECISION @ _undone(shape, exchange)) / max(np.trace(_PRECISION @ shape), 1e-12))


def _undone(shape: NDArray[np.float64], exchange: Exchange) -> NDArray[np.float64]:
    matrix = _matrix(exchange)
    return np.asarray(matrix @ shape @ matrix.T)


def _matrix(exchange: Exchange) -> NDArray[np.float64]:
    """Return what maps the eight measured leads (lead, lead) to those without the exchange."""
    out = np.zeros((len(INDEPENDENT_LEADS),) * 2)
    for row, lead in enumerate(INDEPENDENT_LEADS):
        factor, source = exchange.lead_from.get(lead, (1, lead))
        if source in LIMB_LEADS:
            out[row, :2] = factor * np.array(LIMB_FROM_I_AND_II[source])
        else:
            out[row, INDEPENDENT_LEADS.index(source)] = factor
    return out


def _typical_beat(signal: NDArray[np.float64], fs: float, beats: NDArray[np.intp]) -> NDArray[np.float64] | None:
    """Return the median beat (lead, time) at about 100 Hz above the level before QRS; None of too few beats."""
    step = max(1, round(fs / _COARSE_FS))
    coarse = uniform_filter1d(signal, step, axis=-1)[:, step // 2 :: step]
    rate = fs / step
    before, after = round(_BEFORE * rate), round(_AFTER * rate)
    centers = (beats - step // 2) // step
    centers = centers[(centers >= before) & (centers < coarse.shape[1] - after)]
    if len(centers) < MIN_BEATS:
        return None
    width = round(0.6 * rate)
    steady = coarse - uniform_filter1d(uniform_filter1d(coarse, width, axis=-1), width, axis=-1)
    beat = np.median(np.stack([steady[:, at - before : at + after] for at in centers]), axis=0)
    first, last = (before - round(seconds * rate) for seconds in _LEVEL)
    return np.asarray(beat - np.median(beat[:, first:last], axis=1, keepdims=True))
