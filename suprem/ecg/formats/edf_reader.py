"""EDF and EDF+ (Kemp et al. 1992, 2003) and BDF, its 24-bit kin, read by `edfio`: ECG channels by their labels.

The library warns with labels in its text and takes a header at its word, so the header is held against the file first.
Of the patient field only the sex is looked at.
"""

from __future__ import annotations

import re
from itertools import pairwise

from edfio import BdfSignal, EdfSignal, read_bdf, read_edf

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_sex, to_record
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.record import LIMB_LEADS, EcgRecord
from suprem.errors import BadSamplingRate, EcgError, UnreadableEcg

_FIXED = 256
"""Bytes of the header, and again for each channel."""

_MAX_CHANNELS = 512
_RECORDS = slice(236, 244)
_ONSET = re.compile(rb"([+-]\d{1,10}(?:\.\d{0,10})?)\x14\x14")
_SAME_TIME = 1e-4
"""Seconds that written times may be off."""
_SAMPLE_BYTES = {"EDF": 2, "BDF": 3}


def read_edf_family(data: bytes, record_id: str) -> EcgRecord:
    """Read the standard leads of one sampling rate out of an EDF, EDF+ or BDF file.

    Raises:
        UnreadableEcg: The file is damaged, cut off, or no channel is labelled as a standard lead.
        BadSamplingRate: Its channels have no usable rate.
        EcgError: A lead's unit is not a voltage.
    """
    kind = "BDF" if data.startswith(b"\xff") else "EDF"
    try:
        whole, interrupted = _held_against_the_file(data, kind)
        notes = ["The recording was interrupted; its longest stretch without interruption was read."]
        return _read(whole, kind, record_id, notes if interrupted else [])
    except EcgError:
        raise
    except Exception as error:  # a damaged header makes the library raise almost anything, with values in its text
        raise UnreadableEcg(
            f"The {kind} file is damaged ({type(error).__name__}); expected a whole recording. Export it again."
        ) from None


def _held_against_the_file(data: bytes, kind: str) -> tuple[bytes, bool]:
    """Return the file with the number of records that it has, which a writer may have left open (-1).

    Of an interrupted recording (EDF+D) only the longest stretch without interruption is left; whether there are others
    is the second value.

    Raises:
        UnreadableEcg: The file is shorter than its header says, or interrupted it is not known where.
    """
    channels, records = _whole(data[252:256]), _whole(data[_RECORDS])
    if not 0 < channels <= _MAX_CHANNELS or len(data) < _FIXED * (channels + 1):
        raise UnreadableEcg(f"The {kind} file is damaged or cut off: its header is not whole. Export it again.")
    counts = _samples(data, channels)
    size = _SAMPLE_BYTES[kind] * sum(counts)
    present = (len(data) - _FIXED * (channels + 1)) // size if size > 0 else 0
    if present < max(records, 1):
        raise UnreadableEcg(
            f"The {kind} file states {records} data records and holds {present}; it is cut off. Export it again."
        )
    begin, used = _FIXED * (channels + 1), records if records > 0 else present
    stretch = range(used)
    if data[192:197] in (b"EDF+D", b"BDF+D"):
        where = _SAMPLE_BYTES[kind] * sum(counts[: _annotations(data, channels, kind)])
        stretch = _uninterrupted(data[begin + where :], used, size, float(data[244:252]), kind)
    header = data[:192] + data[192:197].replace(b"+D", b"+C") + data[197 : _RECORDS.start]
    header += f"{len(stretch):<8}".encode() + data[_RECORDS.stop : begin]
    return header + data[begin + stretch.start * size : begin + stretch.stop * size], len(stretch) < used


def _samples(data: bytes, channels: int) -> list[int]:
    """Return the samples of each channel in one data record."""
    place = _FIXED + 216 * channels
    return [_whole(data[place + 8 * i : place + 8 * i + 8]) for i in range(channels)]


def _annotations(data: bytes, channels: int, kind: str) -> int:
    """Return which channel holds the time of each data record."""
    labels = [data[_FIXED + 16 * i : _FIXED + 16 * i + 16].strip() for i in range(channels)]
    wanted = f"{kind} Annotations".encode()
    if wanted not in labels:
        raise UnreadableEcg(f"The {kind} file is interrupted and does not say where; export an uninterrupted stretch.")
    return labels.index(wanted)


def _uninterrupted(records: bytes, count: int, size: int, seconds: float, kind: str) -> range:
    """Return the longest run of data records that follow each other.

    Args:
        records: The data, from the first record's time on.
        count: Data records.
        size: Bytes from one to the next.
        seconds: How long each is.
        kind: "EDF" or "BDF".
    """
    found = [_ONSET.match(records, index * size) for index in range(count)]
    onsets = [float(one[1]) for one in found if one]
    if len(onsets) < count:
        raise UnreadableEcg(f"The {kind} file is interrupted and does not say where; export an uninterrupted stretch.")
    breaks = [i for i in range(1, count) if abs(onsets[i] - onsets[i - 1] - seconds) > _SAME_TIME]
    runs = [range(begin, end) for begin, end in pairwise([0, *breaks, count])]
    return max(runs, key=len)


def _whole(field: bytes) -> int:
    """Return the whole number in a header field."""
    if not re.fullmatch(rb" *[+-]?\d{1,8} *", field):
        raise UnreadableEcg("The header of the EDF or BDF file holds no number where one belongs. Export it again.")
    return int(field)


def _read(data: bytes, kind: str, record_id: str, notes: list[str]) -> EcgRecord:
    signals: tuple[EdfSignal | BdfSignal, ...] = (
        read_edf(data, header_encoding="latin-1").signals
        if kind == "EDF"
        else read_bdf(data, header_encoding="latin-1").signals
    )
    leads = [canonical_lead(signal.label) for signal in signals]
    # C3 and C4 are places on the head in a sleep recording, and V3 and V4 only beside limb leads and C1 or C2.
    chest = any(re.match(r"(\w+\s)?\s*C[12]\b", signal.label, re.IGNORECASE) for signal in signals)
    if not chest or not any(lead and lead[0] in LIMB_LEADS for lead in leads):
        leads = [
            None if re.match(r"\s*C\d", signal.label, re.IGNORECASE) else lead
            for lead, signal in zip(leads, signals, strict=True)
        ]
    named = [(signal, lead) for signal, lead in zip(signals, leads, strict=True) if lead]
    if not named:
        raise UnreadableEcg(
            f"None of the {len(signals)} channels of the {kind} file is labelled as a standard lead; expected labels "
            "such as 'ECG I', 'aVR' or 'V1'. Name the channels and export it again."
        )
    rates = [round(signal.sampling_frequency, 6) for signal, _ in named]
    fs = max(set(rates), key=lambda rate: (rates.count(rate), rate))
    if not 1 <= fs <= 100_000:
        raise BadSamplingRate(f"The {kind} file states no usable sampling rate; export it again.")
    chosen = [(signal, lead) for (signal, lead), rate in zip(named, rates, strict=True) if rate == fs]
    if others := len(signals) - len(chosen):
        notes.append(f"{others} channel(s) that are no standard lead at {fs:g} Hz were left out.")
    for signal, _ in chosen:
        check_sample_count(len(chosen), signal.digital.size)
        if signal.digital_min == signal.digital_max or signal.physical_min == signal.physical_max:
            raise UnreadableEcg(f"A lead of the {kind} file states no amplitude range; the amplitude cannot be known.")
    return to_record(
        [Channel("", signal.data, signal.physical_dimension, lead) for signal, lead in chosen],
        fs=fs,
        record_id=record_id,
        source=kind,
        notes=notes,
        sex=_sex(data),
    )


def _sex(data: bytes) -> str | None:
    """Return the sex of an EDF+ patient field, whose second word it is; what plain EDF has there is free text."""
    words = data[8:88].split()
    return parse_sex(words[1].decode("latin-1")) if data[192:196] in (b"EDF+", b"BDF+") and len(words) > 1 else None
