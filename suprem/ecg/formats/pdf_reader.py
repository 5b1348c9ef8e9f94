"""The ECG in a PDF whose curves are lines, as devices and our own print write it: scale, lead names and curves.

The paper's scale is read from its grid, speed and gain from its words, both held against the calibration pulse. What a
print does not show is not invented: seconds of a lead that are not printed are missing, and the zero line is that of
the pulse or, without one, the lead's median.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pypdf import PdfReader
from scipy.optimize import linear_sum_assignment

from suprem.ecg.formats.channels import Channel, check_sample_count, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.pdf_page import Drawing, Stroke, Text, read_page
from suprem.ecg.formats.sampling_rate import USUAL_RATES
from suprem.ecg.record import CHEST_LEADS, EcgRecord
from suprem.errors import EcgError, UnreadableEcg

_LIBRARY_LOG = logging.getLogger("pypdf")
_LIBRARY_LOG.addHandler(logging.NullHandler())
_LIBRARY_LOG.propagate = False  # it quotes the bytes of damaged files, among which may be a name
_KIND = "PDF"
_MAX_PAGES = 12
_POINTS_PER_MM = 72 / 25.4
_FEWEST_POINTS = 40
_FEWEST_GRID_LINES = 8
_FEWEST_LEADS = 3
_FEWEST_MM = 15.0
_JOINED = 1e-3
"""Points that two ends of one line may lie apart."""
_TOLERANCE = 0.1
_USUAL_FS = 500.0
_PULSE_SECONDS = 0.2
_SIGNS = ("-", "\N{MINUS SIGN}", "\N{EN DASH}")
_SIGN_POINTS = 15.0
"""How far behind the beginning of a sign its word begins at most."""
_SPEED = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s{0,3}mm\s{0,2}/\s{0,2}s", re.IGNORECASE)
_GAIN = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s{0,3}mm\s{0,2}/\s{0,2}mV", re.IGNORECASE)
_CHEST_GAIN = re.compile(rf"(?:chest|precordial|V1\s?-\s?V?6)\W{{0,3}}{_GAIN.pattern}", re.IGNORECASE)
NO_CURVES = (
    "its pages hold no curves of an ECG as lines. A scan or photograph would first have to be traced into a signal, "
    "which is not done here; ask for the recording itself, or for the PDF that the device prints"
)


@dataclass(frozen=True)
class _Paper:
    """How a page is to be read: points a millimetre across and upward, mm/s, and mm/mV of limb and chest leads."""

    across: float
    upward: float
    speed: float
    gain: float
    chest_gain: float


@dataclass(frozen=True, eq=False)
class _Curve:
    """A curve of a page in millimetres, and the lead whose name stands beside it."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    label: str = ""


def read_pdf(data: bytes, record_id: str) -> EcgRecord:
    """Read the curves of all pages, which follow each other in time as our own prints do.

    Raises:
        UnreadableEcg: The file is damaged or protected, or its pages hold no curves as lines.
        EcgError: Scale, speed or gain are not printed, or contradict the calibration pulse.
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableEcg("The PDF is protected by a password; save it without one.")
        drawings = [read_page(page) for page in list(reader.pages)[:_MAX_PAGES]]
    except EcgError:
        raise
    except Exception as error:  # a damaged file makes the library raise almost anything
        raise UnreadableEcg(f"The PDF is damaged ({type(error).__name__}); print the ECG again.") from None
    pages = [(drawing, curves) for drawing in drawings if len(curves := _curves(drawing)) >= _FEWEST_LEADS]
    if not pages:
        raise UnreadableEcg(f"Found a PDF; {NO_CURVES}.")
    strips: dict[str, list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]] = {}
    begin, rates, notes = 0.0, [], []
    for drawing, found in pages:
        paper = _paper(drawing, found)
        curves = [_Curve(c.x / paper.across, c.y / paper.upward) for c in found]
        labels = [
            Text(t.words, t.x / paper.across, t.y / paper.upward) for t in _signed(drawing.texts) if _lead(t.words)
        ]
        curves = _named(_pieces_joined(curves, len(labels)), labels)
        if len(curves) < _FEWEST_LEADS:
            raise UnreadableEcg("The curves of the PDF have no lead names beside them; print the ECG with them.")
        left = min(float(curve.x[0]) for curve in curves)
        zeros = [(y / paper.upward) for y in _pulse_baselines(drawing, paper)]
        for curve in curves:
            gain = paper.chest_gain if curve.label in CHEST_LEADS else paper.gain
            seconds = begin + (curve.x - left) / paper.speed
            strips.setdefault(curve.label, []).append((seconds[0], seconds, (curve.y - _zero(curve, zeros)) / gain))
            rates.append(float(np.median(np.diff(curve.x))) / paper.speed)
        begin += max(float(curve.x[-1]) - left for curve in curves) / paper.speed
    fs = _rate(float(np.median(rates)))
    samples = round(begin * fs) + 1
    check_sample_count(len(strips), samples)
    channels = [Channel(name, _sampled(parts, samples, fs), "mV") for name, parts in strips.items()]
    missing = [channel for channel in channels if np.isnan(channel.samples).mean() > _TOLERANCE]
    if missing:
        shown = min(np.isfinite(channel.samples).sum() for channel in missing) / fs
        notes.append(
            f"{len(missing)} lead(s) are printed for {shown:.1f} of the {begin:.1f} s; the rest of them is missing. "
            "Columns were taken to follow each other in time."
        )
    if len(pages) > 1:
        notes.append(f"The curves of {len(pages)} pages were taken to follow each other in time.")
    notes.append(f"The signal was read from printed curves at {fs:g} Hz; its zero line is that of the print.")
    return to_record(channels, fs=fs, record_id=record_id, source=_KIND, notes=notes)


def _lead(words: str) -> str | None:
    """Return the lead that a text beside a curve names, whatever is remarked behind it; "-aVR" is turned."""
    token = words.strip().split(" ")[0].strip(":") if words.strip() else ""
    named = canonical_lead(token) if len(token) <= 5 and not token.isdigit() else None
    return None if named is None else f"-{named[0]}" if named[1] < 0 else named[0]


def _signed(texts: list[Text]) -> Iterator[Text]:
    """Yield texts with the minus sign before them, which a font without one makes a text of its own."""
    sign = Text("", 0.0, 0.0)
    for text in texts:
        follows = abs(text.y - sign.y) < 1.0 and 0 <= text.x - sign.x < _SIGN_POINTS
        yield Text(f"-{text.words}", sign.x, sign.y) if sign.words and follows else text
        sign = text if text.words.strip() in _SIGNS else Text("", 0.0, 0.0)


def _curves(drawing: Drawing) -> list[_Curve]:
    """Return what runs from left to right like a curve of an ECG, its short pieces put together, in points."""
    chains: list[list[NDArray[np.float64]]] = []
    style: tuple[bytes, ...] | None = None
    for stroke in drawing.strokes:
        joined = chains and stroke.style == style and np.abs(chains[-1][-1][-1] - stroke.points[0]).max() < _JOINED
        if joined and (len(stroke.points) > 2 or stroke.points[1, 0] > stroke.points[0, 0]):
            chains[-1].append(stroke.points[1:])
        else:
            chains.append([stroke.points])
        style = stroke.style
    curves = []
    for chain in chains:
        x, y = np.concatenate(chain).T
        rising = np.diff(x) >= -_JOINED
        if x.size >= _FEWEST_POINTS and rising.all() and x[-1] - x[0] > _FEWEST_MM * _POINTS_PER_MM and np.ptp(y) > 0:
            curves.append(_Curve(x, y))
    return curves


def _grid(strokes: list[Stroke], axis: int) -> float | None:
    """Return the points of a millimetre between the lines across an axis, None where there is no grid.

    Lines are 1 or 5 mm apart; on a page that was scaled, the nearer of the two.
    """
    ends = np.array([stroke.points for stroke in strokes if len(stroke.points) == 2]).reshape(-1, 2, 2)
    along = np.abs(ends[:, 1, axis] - ends[:, 0, axis]) < _JOINED
    length = np.abs(ends[:, 1, 1 - axis] - ends[:, 0, 1 - axis])
    long = length > 0.5 * length[along].max(initial=0.0)
    places = np.sort(ends[along & long & (length > _FEWEST_MM * _POINTS_PER_MM), 0, axis])
    places = places[np.diff(places, prepend=-np.inf) > 0.2]
    if places.size < _FEWEST_GRID_LINES:
        return None
    step = float(np.median(np.diff(places)))
    numbers = np.round((places - places[0]) / step)
    even = np.abs(places - places[0] - numbers * step) < 0.2 * step
    if even.mean() < 0.8:
        return None
    step = float(np.polyfit(numbers[even], places[even], 1)[0])
    return step / (1.0 if step / _POINTS_PER_MM < 5**0.5 else 5.0)


def _paper(drawing: Drawing, curves: list[_Curve]) -> _Paper:
    across, upward = _grid(drawing.strokes, 0), _grid(drawing.strokes, 1)
    if across is None or upward is None:
        raise EcgError(
            "The PDF shows curves of an ECG and no grid of lines; without it their scale is not known. Print the ECG "
            "with its grid."
        )
    words = "  ".join(text.words for text in drawing.texts)
    speed, gain, chest = _SPEED.search(words), _GAIN.search(words), _CHEST_GAIN.search(words)
    pulses = _pulses(drawing, curves)
    height = float(np.median([high for _, _, high in pulses])) / upward if pulses else None
    width = float(np.median([wide for _, wide, _ in pulses])) / across if pulses else None
    mm_per_second = _value(speed) or (width / _PULSE_SECONDS if width else None)
    mm_per_mv = _value(gain) or height
    if not mm_per_second or not mm_per_mv:
        raise EcgError(
            "The PDF shows curves of an ECG and states no paper speed or gain (25 mm/s 10 mm/mV); print them too."
        )
    if height and abs(height - mm_per_mv) > _TOLERANCE * mm_per_mv:
        raise EcgError(
            f"The PDF states {mm_per_mv:g} mm/mV, and its calibration pulse is {height:.1f} mm high; print it again."
        )
    return _Paper(across, upward, mm_per_second, mm_per_mv, _value(chest) or mm_per_mv)


def _value(match: re.Match[str] | None) -> float | None:
    value = float(match[1].replace(",", ".")) if match else 0.0
    return value if 1 <= value <= 200 else None


def _pulses(drawing: Drawing, curves: list[_Curve]) -> list[tuple[float, float, float]]:
    """Return baseline, width and height in points of the rectangular pulses: up, along and down, before a curve."""
    found = []
    tallest = max(float(np.ptp(curve.x)) for curve in curves)
    for stroke in drawing.strokes:
        x, y = stroke.points.T
        low, high = float(y.min()), float(y.max())
        levels = (np.abs(y - low) < 0.05 * (high - low)) | (np.abs(y - high) < 0.05 * (high - low))
        ends = np.abs(y[[0, -1]] - low) < 0.05 * (high - low)
        if 4 <= x.size <= 200 and high > low and levels.all() and ends.all() and np.all(np.diff(x) >= -_JOINED):
            top = x[np.abs(y - high) < 0.05 * (high - low)]
            if 0 < np.ptp(top) < 0.2 * tallest:
                found.append((low, float(np.ptp(top)), high - low))
    return found


def _pulse_baselines(drawing: Drawing, paper: _Paper) -> list[float]:
    curves = _curves(drawing)
    wanted = paper.gain * paper.upward
    return [low for low, _, high in _pulses(drawing, curves) if abs(high - wanted) < _TOLERANCE * wanted]


def _zero(curve: _Curve, zeros: list[float]) -> float:
    """Return the height of 0 mV: that of the nearest pulse of the row, else the median of the curve."""
    median = float(np.nanmedian(curve.y))
    return min(zeros, key=lambda zero: abs(zero - median), default=median) if _near(zeros, median) else median


def _near(zeros: list[float], median: float) -> bool:
    return any(abs(zero - median) < 5.0 for zero in zeros)


def _pieces_joined(curves: list[_Curve], wanted: int) -> list[_Curve]:
    """Join curves that a gap of missing samples cut in pieces, until there are as many as names."""
    joined = list(curves)
    while len(joined) > wanted > 0:
        gaps = [
            (abs(float(np.nanmedian(a.y) - np.nanmedian(b.y))), place)
            for place, (a, b) in enumerate(pairwise(joined))
            if b.x[0] > a.x[-1]
        ]
        if not gaps or min(gaps)[0] > 10.0:
            break
        place = min(gaps)[1]
        a, b = joined[place : place + 2]
        gap = np.array([a.x[-1], b.x[0]])
        joined[place : place + 2] = [_Curve(np.concatenate([a.x, gap, b.x]), np.concatenate([a.y, [np.nan] * 2, b.y]))]
    return joined


def _named(curves: list[_Curve], labels: list[Text]) -> list[_Curve]:
    """Give each curve the name that stands where the names of all curves stand: at one distance from their beginning.

    A curve that runs under several names is cut into as many equal parts: the leads of a row, drawn in one stroke.
    """
    curves = [part for curve in curves for part in _cut_at_names(curve, labels, len(curves))]
    if not curves or not labels:
        return []
    starts = np.array([(curve.x[0], float(np.nanmedian(curve.y))) for curve in curves])
    places = np.array([(label.x, label.y) for label in labels])
    offset = np.zeros(2)
    for _ in range(3):
        cost = np.abs(places[None] - starts[:, None] - offset).sum(axis=2)
        rows, columns = linear_sum_assignment(cost)
        offset = np.median(places[columns] - starts[rows], axis=0)
    return [
        _Curve(curves[row].x, curves[row].y, _lead(labels[column].words) or "")
        for row, column in zip(rows, columns, strict=True)
    ]


def _cut_at_names(curve: _Curve, labels: list[Text], curves: int) -> list[_Curve]:
    if curves >= len(labels):
        return [curve]
    middle = float(np.nanmedian(curve.y))
    over = sorted(label.x for label in labels if curve.x[0] - 5 < label.x < curve.x[-1] and -5 < label.y - middle < 25)
    steps = np.diff(over)
    if len(over) < 2 or np.ptp(steps) > 0.1 * float(steps.mean()):
        return [curve]
    edges = np.linspace(curve.x[0], curve.x[-1], len(over) + 1)
    cuts = np.searchsorted(curve.x, edges[1:-1])
    return [_Curve(x, y) for x, y in zip(np.split(curve.x, cuts), np.split(curve.y, cuts), strict=True)]


def _rate(step: float) -> float:
    """Return the rate at which the points of the curves stand, where it is a usual one, else 500 Hz."""
    rate = 1 / step if step > 0 else _USUAL_FS
    usual = float(min(USUAL_RATES, key=lambda known: abs(known - rate)))
    return usual if abs(usual - rate) < 0.01 * usual and usual >= 100 else _USUAL_FS


def _sampled(
    parts: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]], samples: int, fs: float
) -> NDArray[np.float64]:
    """Return a lead at even times, NaN where none of its strips shows it; the longest strip counts where several do."""
    times, row = np.arange(samples) / fs, np.full(samples, np.nan)
    for _, seconds, millivolts in sorted(parts, key=lambda part: float(np.ptp(part[1]))):
        inside = (times >= seconds[0] - 0.5 / fs) & (times <= seconds[-1] + 0.5 / fs)
        row[inside] = np.interp(times[inside], seconds, millivolts)
    return row
