"""Real recordings taken apart into P wave, QRST complex and what is left, the parts that ECGs are composed of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing
from suprem.datasets.index import RecordIndex
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.intake import reader_pool
from suprem.ecg.measurement.measure import Measurements, measure
from suprem.ecg.measurement.median_beat import FS, Heartbeats, locate_beats
from suprem.ecg.record import INDEPENDENT_LEADS, EcgRecord
from suprem.errors import DatasetError, EcgError

Signal = NDArray[np.float32]

MOST_NOISE = 0.03
"""mV left in a median beat: noisier beats would teach their noise."""

SINUS = frozenset({"SR", "SBRAD", "STACH", "SARRH"})
BLOCKED = frozenset({"CLBBB", "CRBBB", "IVCD"})
PREEXCITED_OR_PACED = frozenset({"WPW", "PACE"})
WITHOUT_P = frozenset({"AFIB", "AFLT"})
_SLACK = 8  # samples kept before a wave, over which it is faded in
_T_SLACK = 45
_LONGEST_P = 110
_WIDE = 60  # samples of QRS: 120 ms
_BEFORE_PVC, _AFTER_PVC = 100, 275
_MOST_PVCS = 3
_FILE = "parts.npz"


@dataclass(frozen=True, eq=False)
class Complex:
    """QRS and T of one recording, faded in and out, on a level of zero, and the P wave before it where there is one.

    Args:
        qrst: Float32 (lead, time) at 500 Hz in mV, the eight independent leads.
        onset, offset, t_end: Samples of the beginning of QRS, its end and the end of T.
        p: Float32 (lead, time) of P at 500 Hz in mV, or None.
        p_length: Samples of P from onset to end; its onset is at sample `P_ONSET`.
        pr: Seconds from the onset of P to that of QRS; NaN without P.
        rr: Median seconds from beat to beat of the recording.
        beats: Seconds of the QRS onsets in the recording (beat,); empty for a single ectopic beat.
        codes: The statements of the recording.
        record_id: Of the recording in the corpus.
        regular: Whether all beats of the recording are alike and none comes early.
        ectopic: Whether it is a ventricular ectopic beat.
    """

    qrst: Signal
    onset: int
    offset: int
    t_end: int
    p: Signal | None
    p_length: int
    pr: float
    rr: float
    beats: NDArray[np.float32]
    codes: frozenset[str]
    record_id: str
    regular: bool
    ectopic: bool = False

    @property
    def width(self) -> float:
        """Duration of QRS in seconds."""
        return (self.offset - self.onset) / FS


P_ONSET = _SLACK
"""Sample of `Complex.p` at which P begins."""


def take_apart(record: EcgRecord, codes: frozenset[str], record_id: str) -> list[Complex]:
    """Return the complexes of a recording: its usual beat, and ventricular ectopic beats where it states such.

    Nothing comes of a recording whose beats cannot be measured, are noisy or have no end of T.
    """
    try:
        found, heart = measure(record), locate_beats(record)
    except EcgError:
        return []
    if found.beat is None or found.marks is None or found.beat.noise > MOST_NOISE:
        return []
    if not set(INDEPENDENT_LEADS) <= set(found.beat.leads):
        return []
    usual = _usual(found, heart, codes, record_id)
    return ([usual] if usual else []) + (list(_ectopic(found, heart, codes, record_id)) if "PVC" in codes else [])


def _usual(found: Measurements, heart: Heartbeats, codes: frozenset[str], record_id: str) -> Complex | None:
    beat, marks = found.beat, found.marks
    if beat is None or marks is None or marks.t_off is None or marks.t_off - marks.qrs_on < 0.2 * FS:
        return None
    signal = beat.signal[[beat.leads.index(lead) for lead in INDEPENDENT_LEADS]]
    signal = np.nan_to_num(signal)
    onset = marks.qrs_on
    first, last = onset - _SLACK, min(marks.t_off + _T_SLACK, signal.shape[1])
    if first < _SLACK:
        return None
    level = signal[:, max(0, onset - 14) : onset - 4].mean(axis=1, keepdims=True)
    qrst = (signal[:, first:last] - level) * fade(last - first, _SLACK, 40)
    p: Signal | None = None
    length, pr = 0, float("nan")
    if marks.p_on is not None and marks.p_off is not None and found.pr.value is not None:
        length = marks.p_off - marks.p_on
        if 20 < length < _LONGEST_P and marks.p_on >= _SLACK:
            wave = _levelled(signal[:, marks.p_on - _SLACK : min(marks.p_off + _SLACK, onset)])
            p = (wave * fade(wave.shape[1], 6, 6)).astype(np.float32)
            pr = (onset - marks.p_on) / FS
    starts = (heart.beats - (beat.center - onset)) / FS
    return Complex(
        qrst.astype(np.float32),
        _SLACK,
        marks.qrs_off - first,
        marks.t_off - first,
        p,
        length,
        pr,
        float(np.median(np.diff(heart.beats))) / FS,
        starts.astype(np.float32),
        codes,
        record_id,
        found.rhythm.startswith("regular") and not beat.early.any() and not beat.other_shape.any(),
    )


def _ectopic(found: Measurements, heart: Heartbeats, codes: frozenset[str], record_id: str) -> Iterator[Complex]:
    beat = found.beat
    if beat is None:
        return
    rows = [heart.leads.index(lead) for lead in INDEPENDENT_LEADS]
    for center in heart.beats[beat.other_shape][:_MOST_PVCS]:
        if center < _BEFORE_PVC or center + _AFTER_PVC > heart.signal.shape[1]:
            continue
        piece = _levelled(heart.signal[rows, center - _BEFORE_PVC + 30 : center + _AFTER_PVC])
        piece = piece * fade(piece.shape[1], 20, 60)
        # Where the activation begins and ends is taken from the size of the vector's motion around its greatest.
        speed = np.linalg.norm(np.gradient(piece, axis=1), axis=0)
        speed = np.convolve(speed, np.ones(5) / 5, "same")
        moving = np.flatnonzero(speed[: _BEFORE_PVC + 60] > 0.12 * speed[: _BEFORE_PVC + 60].max())
        onset, offset = int(moving[0]), int(moving[-1])
        if not 50 <= offset - onset <= 120:
            continue
        yield Complex(
            piece.astype(np.float32),
            onset,
            offset,
            min(offset + 150, piece.shape[1] - 20),
            None,
            0,
            float("nan"),
            0.7,
            np.empty(0, np.float32),
            codes,
            record_id,
            regular=False,
            ectopic=True,
        )


def fade(length: int, rise: int, fall: int) -> NDArray[np.float64]:
    """Return a window (time,) that rises from zero over `rise` samples and falls over the last `fall`."""
    window = np.ones(length)
    window[:rise] = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / max(rise, 1))
    if fall:
        window[length - fall :] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 1) / fall)
    return window


def _levelled(piece: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the straight line from the beginning to the end (lead, time)."""
    along = np.linspace(0.0, 1.0, piece.shape[1])
    ends = [piece[:, part].mean(axis=1, keepdims=True) for part in (slice(None, 4), slice(-4, None))]
    return np.asarray(piece - (ends[0] * (1 - along) + ends[1] * along))


@dataclass(frozen=True, eq=False)
class Parts:
    """The complexes of a corpus by what they can stand for.

    Args:
        narrow: Regular beats with a P wave and a QRS below 120 ms.
        wide: Beats with bundle branch block or another conduction disturbance of 120 ms or more.
        paced: Beats of recordings that state a pacemaker.
        ectopic: Ventricular ectopic beats.
    """

    narrow: tuple[Complex, ...]
    wide: tuple[Complex, ...]
    paced: tuple[Complex, ...]
    ectopic: tuple[Complex, ...]

    @classmethod
    def sorted(cls, complexes: Sequence[Complex]) -> Parts:
        """Return complexes sorted by what they can stand for; what can stand for nothing is left out.

        Raises:
            DatasetError: There is none of one kind.
        """
        usual = [one for one in complexes if not one.ectopic]
        parts = cls(
            narrow=tuple(
                one
                for one in usual
                if one.p is not None
                and one.regular
                and one.offset - one.onset < _WIDE
                and 0.11 < one.pr < 0.21
                and not one.codes & (BLOCKED | PREEXCITED_OR_PACED | WITHOUT_P)
            ),
            wide=tuple(
                one
                for one in usual
                if one.offset - one.onset >= _WIDE and one.codes & BLOCKED and not one.codes & PREEXCITED_OR_PACED
            ),
            paced=tuple(one for one in usual if "PACE" in one.codes and one.offset - one.onset >= _WIDE),
            ectopic=tuple(one for one in complexes if one.ectopic),
        )
        empty = [name for name in ("narrow", "wide", "ectopic") if not getattr(parts, name)]
        if empty:
            raise DatasetError(f"The recordings hold no {' and no '.join(empty)} beats to compose ECGs of.")
        return parts


def recordings_to_take_apart(
    index: RecordIndex, folds: Sequence[int], seed: int = 0
) -> list[tuple[Path, frozenset[str], str]]:
    """Return recordings (path, statements, record id) that hold what ECGs are composed of, drawn from some folds.

    Only training folds may be named: a part of a recording that a model is judged by would be known to it.
    """
    table = index.table.iloc[index.rows_in_folds(folds)].sample(frac=1, random_state=seed)
    wanted: tuple[tuple[Callable[[frozenset[str]], bool], int], ...] = (
        (lambda codes: bool(codes & SINUS) and not codes & (BLOCKED | PREEXCITED_OR_PACED | WITHOUT_P | {"PVC"}), 3000),
        (lambda codes: bool(codes & BLOCKED) and not codes & PREEXCITED_OR_PACED, 1000),
        (lambda codes: "PVC" in codes, 900),
        (lambda codes: "PACE" in codes, 260),
    )
    files = [
        (index.root / path, frozenset(codes), str(record_id))
        for path, codes, record_id in zip(table["path"], table["codes"], table["record_id"], strict=True)
    ]
    chosen = {file[2]: file for fits, most in wanted for file in [one for one in files if fits(one[1])][:most]}
    return list(chosen.values())


def take_files_apart(files: Sequence[tuple[Path, frozenset[str], str]], *, workers: int = 1) -> Iterator[list[Complex]]:
    """Yield the complexes of each file (path, statements, record id), in order."""
    if workers <= 1:
        yield from map(_take_file_apart, files)
        return
    with reader_pool(workers) as pool:
        yield from pool.map(_take_file_apart, files, chunksize=16)


def _take_file_apart(file: tuple[Path, frozenset[str], str]) -> list[Complex]:
    path, codes, record_id = file
    try:
        return take_apart(read_ecg(path), codes, record_id)
    except EcgError:
        return []


def save_complexes(complexes: Sequence[Complex], folder: Path) -> None:
    """Write complexes to a folder, as arrays laid end to end."""
    folder.mkdir(parents=True, exist_ok=True)
    ps = [np.empty((len(INDEPENDENT_LEADS), 0), np.float32) if one.p is None else one.p for one in complexes]
    numbers = [
        (one.onset, one.offset, one.t_end, one.p_length, one.pr, one.rr, one.regular, one.ectopic) for one in complexes
    ]
    with replacing(folder / _FILE) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            qrst=np.concatenate([one.qrst for one in complexes], axis=1),
            qrst_lengths=[one.qrst.shape[1] for one in complexes],
            p=np.concatenate(ps, axis=1),
            p_lengths=[one.shape[1] for one in ps],
            beats=np.concatenate([one.beats for one in complexes]),
            beat_counts=[len(one.beats) for one in complexes],
            numbers=np.array(numbers, np.float64),
            codes=np.array([" ".join(sorted(one.codes)) for one in complexes]),
            record_ids=np.array([one.record_id for one in complexes]),
        )


def load_complexes(folder: Path) -> list[Complex]:
    """Read what `save_complexes` wrote.

    Raises:
        DatasetError: It is not there or not whole.
    """
    try:
        with np.load(folder / _FILE, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        qrst = np.split(held["qrst"], np.cumsum(held["qrst_lengths"])[:-1], axis=1)
        ps = np.split(held["p"], np.cumsum(held["p_lengths"])[:-1], axis=1)
        beats = np.split(held["beats"], np.cumsum(held["beat_counts"])[:-1])
        return [
            Complex(
                qrst[row],
                int(held["numbers"][row, 0]),
                int(held["numbers"][row, 1]),
                int(held["numbers"][row, 2]),
                ps[row] if ps[row].size else None,
                int(held["numbers"][row, 3]),
                float(held["numbers"][row, 4]),
                float(held["numbers"][row, 5]),
                beats[row],
                frozenset(str(held["codes"][row]).split()),
                str(held["record_ids"][row]),
                bool(held["numbers"][row, 6]),
                bool(held["numbers"][row, 7]),
            )
            for row in range(len(qrst))
        ]
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise DatasetError(
            f"{folder} holds no parts of recordings ({error}). Make them with: suprem compose"
        ) from error
