"""GE MUSE XML: a `RestingECG` with base64 waveforms, the rhythm beside a median beat, usually of eight leads.

There is no public specification; the elements and their meaning were read off exported files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.formats.xml_tree import decode_base64, number, parse_xml, positive, text_of
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "GE MUSE XML"
_SAMPLE_TYPES = {1: "<i1", 2: "<i2", 4: "<i4"}
_MEASUREMENTS = {
    "Ventricular Heart Rate": "VentricularRate",
    "Atrial Heart Rate": "AtrialRate",
    "PR Interval": "PRInterval",
    "QRS Duration": "QRSDuration",
    "QT Interval": "QTInterval",
    "QTc Interval": "QTCorrected",
    "QTc Interval (Fridericia)": "QTcFrederica",  # spelled so by GE
    "P Axis": "PAxis",
    "QRS Axis": "RAxis",
    "T Axis": "TAxis",
}


def read_muse(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the rhythm waveform of a MUSE export; the median beat is left.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The file is damaged or holds no rhythm waveform.
        MissingFact: It states no sampling rate and none is given.
        EcgError: Its leads or units cannot be used.
    """
    root = parse_xml(data, _KIND)
    ecg = root if root.tag == "RestingECG" else root.find(".//RestingECG")
    waveforms = [waveform for waveform in root.iter("Waveform") if waveform.find("LeadData") is not None]
    rhythms = [waveform for waveform in waveforms if "median" not in text_of(waveform, "WaveformType").lower()]
    if not rhythms:
        found = "only a median beat" if waveforms else "no waveform"
        raise UnreadableEcg(f"The {_KIND} file holds {found}; expected the rhythm waveform. Export the ECG with it.")
    named = [waveform for waveform in rhythms if text_of(waveform, "WaveformType").lower() == "rhythm"]
    clocks = [_clock(waveform, fs) for waveform in named or rhythms]
    longest = max(clocks, key=lambda clock: clock.seconds)
    chosen = [waveform for waveform, clock in zip(named or rhythms, clocks, strict=True) if clock == longest]
    notes: list[str] = []
    if len(chosen) < len(waveforms):
        notes.append(f"The longest rhythm of the file's {len(waveforms)} waveforms was read.")
    channels = [_channel(lead, notes) for waveform in chosen for lead in waveform.iterfind("LeadData")]
    statements, left_out = keep_statements(_statements(ecg))
    return to_record(
        channels,
        fs=longest.fs,
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        age=_age(ecg),
        sex=parse_sex(text_of(ecg, "PatientDemographics/Gender")),
        device=_measurements(ecg),
        device_statements=statements,
    )


def _samples(lead: Element) -> int:
    return int(min(positive(text_of(lead, "LeadSampleCountTotal")) or 0, 1e9))


class _Clock(NamedTuple):
    """What waveforms of one rhythm share."""

    fs: float
    seconds: float
    begin: str


def _clock(waveform: Element, given: float | None) -> _Clock:
    lead = waveform.find("LeadData")
    fs = stated_or_given(_rate(waveform), given, kind=_KIND, place="SampleBase")
    return _Clock(fs, (_samples(lead) if lead is not None else 0) / fs, text_of(waveform, "WaveformStartTime"))


def _rate(waveform: Element) -> float | None:
    """Return SampleBase * 10 ** SampleExponent in Hz."""
    base, exponent = positive(text_of(waveform, "SampleBase")), number(text_of(waveform, "SampleExponent") or "0")
    return base * 10.0**exponent if base and exponent is not None and abs(exponent) < 10 else None


def _channel(lead: Element, notes: list[str]) -> Channel:
    name = text_of(lead, "LeadID")
    size = int(positive(text_of(lead, "LeadSampleSize")) or 2)
    if size not in _SAMPLE_TYPES:
        raise UnreadableEcg(f"A lead of the {_KIND} file has {size} bytes a sample; expected 1, 2 or 4.")
    stated = _samples(lead)
    check_sample_count(1, stated)
    content = decode_base64(text_of(lead, "WaveFormData") or text_of(lead, "WaveformData"), _KIND)
    counts = np.frombuffer(content[: len(content) // size * size], _SAMPLE_TYPES[size])
    if not counts.size or counts.size < stated:
        raise UnreadableEcg(
            f"A lead of the {_KIND} file states {stated} samples and holds {counts.size}; the file is cut off. "
            "Export it again."
        )
    shown = (canonical_lead(name) or ("a lead", 1))[0]
    checksum = text_of(lead, "LeadDataCRC32")
    if checksum not in ("", "0") and checksum != str(zlib.crc32(content)):
        notes.append(f"The samples of {shown} do not match their checksum; the file may be damaged.")
    if text_of(lead, "LeadOff").upper() == "TRUE":
        notes.append(f"The device reports the electrode of {shown} as off.")
    scale = positive(text_of(lead, "LeadAmplitudeUnitsPerBit"))
    if scale is None:
        raise UnreadableEcg(f"The {_KIND} file does not state LeadAmplitudeUnitsPerBit; the amplitude cannot be known.")
    unit = text_of(lead, "LeadAmplitudeUnits") or "MICROVOLTS"
    return Channel(name, counts[: stated or None].astype(np.float64) * scale, unit)


def _age(ecg: Element | None) -> float | None:
    unit = text_of(ecg, "PatientDemographics/AgeUnits") or "YEARS"
    return parse_age(f"{text_of(ecg, 'PatientDemographics/PatientAge')} {unit}")


def _measurements(ecg: Element | None) -> dict[str, str]:
    for place in ("RestingECGMeasurements", "OriginalRestingECGMeasurements"):
        found = measurements({name: text_of(ecg, f"{place}/{tag}") for name, tag in _MEASUREMENTS.items()})
        if found:
            return found
    return {}


def _statements(ecg: Element | None) -> Iterator[str]:
    """Yield the device's own statements, before a reader changed them where both are there."""
    diagnosis = ecg.find("OriginalDiagnosis") if ecg is not None else None
    if diagnosis is None:
        diagnosis = ecg.find("Diagnosis") if ecg is not None else None
    parts: list[str] = []
    for statement in diagnosis.iter("DiagnosisStatement") if diagnosis is not None else ():
        parts.append(text_of(statement, "StmtText"))
        if any((flag.text or "").strip() == "ENDSLINE" for flag in statement.iter("StmtFlag")):
            yield " ".join(parts)
            parts = []
    yield " ".join(parts)
