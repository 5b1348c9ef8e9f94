"""GE CardioSoft XML (`CardiologyXML`): the ten-second strip as counts between commas, beside median beats.

There is no public specification; the elements and their meaning were read off exported files.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from suprem.ecg.formats.channels import Channel, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.formats.xml_tree import number_row, parse_xml, positive, text_of
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "GE CardioSoft XML"
_STEP_UNIT = "uVperLsb"
_MEASUREMENTS = {
    "Heart Rate": "VentricularRate",
    "P Duration": "PDuration",
    "PR Interval": "PQInterval",
    "QRS Duration": "QRSDuration",
    "QT Interval": "QTInterval",
    "QTc Interval": "QTCInterval",
    "P Axis": "PAxis",
    "QRS Axis": "RAxis",
    "T Axis": "TAxis",
}


def read_cardiosoft(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the strip of a CardioSoft export; median beats, vector loops and the full disclosure are left.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The file is damaged, holds no strip, or states no resolution.
        MissingFact: It states no sampling rate and none is given.
        EcgError: Its leads cannot be used.
    """
    root = parse_xml(data, _KIND)
    strips = [strip for strip in root.iter("StripData") if strip.find("WaveformData") is not None]
    if not strips:
        raise UnreadableEcg(
            f"The {_KIND} file holds no StripData; expected the strip of a resting ECG. Export a resting ECG."
        )
    strip = strips[0]
    fs = stated_or_given(positive(text_of(strip, "SampleRate")), fs, kind=_KIND, place="SampleRate")
    resolution = strip.find("Resolution")
    step = positive(resolution.text) if resolution is not None else None
    if resolution is None or step is None or resolution.get("units", _STEP_UNIT) != _STEP_UNIT:
        raise UnreadableEcg(
            f"The {_KIND} file states no Resolution in {_STEP_UNIT}; the amplitude cannot be known. Export it again."
        )
    statements, left_out = keep_statements(line.text or "" for line in root.iterfind(".//Diagnosis/DiagnosisText"))
    notes = [f"The first of the file's {len(strips)} strips was read."] if len(strips) > 1 else []
    return to_record(
        [_channel(lead, step, text_of(strip, "ChannelSampleCountTotal")) for lead in strip.iterfind("WaveformData")],
        fs=fs,
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        age=_age(root.find(".//PatientInfo/Age")),
        sex=parse_sex(text_of(root, ".//PatientInfo/Gender")),
        device=measurements({name: text_of(root, f".//{tag}") for name, tag in _MEASUREMENTS.items()}),
        device_statements=statements,
    )


def _channel(lead: Element, step: float, stated: str) -> Channel:
    name = lead.get("lead") or ""
    if canonical_lead(name) is None:  # left out and counted later, whatever it holds
        return Channel(name, number_row("", _KIND), "uV")
    counts = number_row(lead.text or "", _KIND)
    if counts.size < (positive(stated) or 1):
        raise UnreadableEcg(
            f"A lead of the {_KIND} file holds {counts.size} samples and fewer than stated; it is cut off. "
            "Export it again."
        )
    return Channel(name, counts * step, "uV")


def _age(age: Element | None) -> float | None:
    return parse_age(f"{text_of(age)} {age.get('units', 'YEARS')}") if age is not None else None
