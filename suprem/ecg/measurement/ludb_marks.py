"""The Lobachevsky University database: its recordings and a cardiologist's marks of P, QRS and T in each lead.

Kalyakulina et al. 2020, https://physionet.org/content/ludb/1.0.1/. The gains in its headers scale every lead to the
same height; the integers themselves are microvolts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import UnreadableEcg

BEAT_SECONDS = 0.075
"""A heartbeat is found where one is marked within so many seconds."""

_WAVES = {"p": "P", "N": "QRS", "t": "T"}
_SAME_BEAT_SECONDS = 0.15
_AGREE_MS = 10.0


@dataclass(frozen=True)
class Wave:
    """One marked wave in one lead: onset, peak and end in seconds; None where it was not marked."""

    onset: float | None
    peak: float
    end: float | None


@dataclass(frozen=True)
class ManualIntervals:
    """What the marks say about a recording: medians over its beats in milliseconds, None where there are none.

    Args:
        heart_rate: Beats per minute, from the first to the last marked QRS complex.
        p: Duration of P.
        pr: Onset of P to onset of QRS.
        qrs: Duration of QRS.
        qt: Onset of QRS to end of T.
    """

    heart_rate: float | None
    p: float | None
    pr: float | None
    qrs: float | None
    qt: float | None


def read_ludb(header: Path) -> EcgRecord:
    """Return a recording of LUDB in true millivolts.

    Raises:
        UnreadableEcg: It is none, or cannot be read.
    """
    try:
        raw = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise UnreadableEcg(f"{header.name} cannot be read as a record of LUDB: {error}.") from error
    names = {lead.lower(): lead for lead in LEADS}
    leads = tuple(names.get(name.lower(), name) for name in raw.sig_name)
    signal = np.asarray(raw.d_signal, dtype=np.float32).T / np.float32(1000.0)
    return EcgRecord(signal, leads, float(raw.fs), header.stem, "LUDB")


def read_marks(header: Path) -> dict[str, dict[str, tuple[Wave, ...]]]:
    """Return lead -> "P", "QRS" or "T" -> the marked waves, in time.

    Raises:
        UnreadableEcg: There are no marks beside the header.
    """
    marks: dict[str, dict[str, tuple[Wave, ...]]] = {}
    for lead in LEADS:
        if header.with_suffix(f".{lead.lower()}").is_file():
            notes = wfdb.rdann(str(header.with_suffix("")), lead.lower())
            marks[lead] = _waves(notes.symbol, [int(sample) / float(notes.fs or 500) for sample in notes.sample])
    if not marks:
        raise UnreadableEcg(f"No manual marks lie beside {header.name} (LUDB keeps them as {header.stem}.i to .v6).")
    return marks


def global_intervals(marks: dict[str, dict[str, tuple[Wave, ...]]]) -> ManualIntervals:
    """Return the intervals over all leads: from the earliest onset to the latest end of each beat.

    An outermost mark that no other lead comes within 10 ms of counts as a slip and the next one is taken, as the
    committee of the CSE study did (Willems 1985).
    """
    return _intervals(marks, _earliest, _latest)


def typical_intervals(marks: dict[str, dict[str, tuple[Wave, ...]]]) -> ManualIntervals:
    """Return the intervals of a typical lead: each mark is the median over the leads."""
    return _intervals(marks, _middle, _middle)


def beat_times(marks: dict[str, dict[str, tuple[Wave, ...]]]) -> list[float]:
    """Return when the marked beats are, in seconds: the median peak of QRS over the leads."""
    return _beats([wave.peak for waves in marks.values() for wave in waves["QRS"]], len(marks))


Pick = Callable[[Sequence[float]], float]


def _intervals(marks: dict[str, dict[str, tuple[Wave, ...]]], first: Pick, last: Pick) -> ManualIntervals:
    beats = beat_times(marks)
    values: dict[str, list[float]] = {"p": [], "pr": [], "qrs": [], "qt": []}
    for index, beat in enumerate(beats):
        following = beats[index + 1] if index + 1 < len(beats) else beat + 1.0
        previous = beats[index - 1] if index else beat - 1.0
        qrs = _near(marks, "QRS", beat - _SAME_BEAT_SECONDS, beat + _SAME_BEAT_SECONDS)
        p = _near(marks, "P", max(previous + 0.1, beat - 0.5), beat)
        t = _near(marks, "T", beat, following - 0.02)
        qrs_on = _pick([wave.onset for wave in qrs], first)
        qrs_off = _pick([wave.end for wave in qrs], last)
        p_on, p_off = _pick([wave.onset for wave in p], first), _pick([wave.end for wave in p], last)
        t_off = _pick([wave.end for wave in t], last)
        for name, start, end in (
            ("p", p_on, p_off), ("pr", p_on, qrs_on), ("qrs", qrs_on, qrs_off), ("qt", qrs_on, t_off)
        ):  # fmt: skip
            if start is not None and end is not None:
                values[name].append(1000.0 * (end - start))
    medians = {name: float(np.median(found)) if found else None for name, found in values.items()}
    rate = 60.0 * (len(beats) - 1) / (beats[-1] - beats[0]) if len(beats) > 1 else None
    return ManualIntervals(rate, medians["p"], medians["pr"], medians["qrs"], medians["qt"])


def _waves(symbols: Sequence[str], seconds: Sequence[float]) -> dict[str, tuple[Wave, ...]]:
    found: dict[str, list[Wave]] = {name: [] for name in _WAVES.values()}
    for index, symbol in enumerate(symbols):
        if symbol in _WAVES:
            onset = seconds[index - 1] if index and symbols[index - 1] == "(" else None
            end = seconds[index + 1] if index + 1 < len(symbols) and symbols[index + 1] == ")" else None
            found[_WAVES[symbol]].append(Wave(onset, seconds[index], end))
    return {name: tuple(waves) for name, waves in found.items()}


def _beats(peaks: Sequence[float], leads: int) -> list[float]:
    """Return the beats that at least half of the leads mark, each as the median of their peaks."""
    groups: list[list[float]] = []
    for peak in sorted(peaks):
        if groups and peak - groups[-1][0] < 1.5 * _SAME_BEAT_SECONDS:
            groups[-1].append(peak)
        else:
            groups.append([peak])
    return [float(np.median(group)) for group in groups if 2 * len(group) >= leads]


def _near(marks: dict[str, dict[str, tuple[Wave, ...]]], name: str, after: float, before: float) -> list[Wave]:
    """Return one wave of each lead that has one in the stretch, the last in time for P and the first for the others."""
    found = []
    for waves in marks.values():
        within = [wave for wave in waves[name] if after < wave.peak < before]
        if within:
            found.append(within[-1 if name == "P" else 0])
    return found


def _pick(values: Sequence[float | None], pick: Pick) -> float | None:
    """Return a mark over leads, None where fewer than three leads have it."""
    there = sorted(value for value in values if value is not None)
    return pick(there) if len(there) >= 3 else None


def _earliest(values: Sequence[float]) -> float:
    ordered = sorted(values)
    pairs = pairwise(ordered)
    return next((first for first, second in pairs if 1000 * (second - first) <= _AGREE_MS), ordered[0])


def _latest(values: Sequence[float]) -> float:
    return -_earliest([-value for value in values])


def _middle(values: Sequence[float]) -> float:
    return float(np.median(values))


def matched_beats(found: NDArray[np.float64], marked: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return how many heartbeats were found, missed, and found where none is marked, from the first mark to the last.

    Args:
        found: Times in seconds.
        marked: The same of the reference, in rising order. Its first and last beats may be unmarked, so nothing is
            counted beyond the marks.
    """
    if not len(marked):
        return 0, 0, 0
    inside = found[(found >= marked[0] - BEAT_SECONDS) & (found <= marked[-1] + BEAT_SECONDS)]
    near = np.abs(inside[:, None] - marked[None, :]) <= BEAT_SECONDS
    hits = min(int(near.any(axis=0).sum()), int(near.any(axis=1).sum()))
    return hits, len(marked) - hits, len(inside) - hits
