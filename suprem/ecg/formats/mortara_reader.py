"""Mortara ELI XML (Hillrom, Baxter): one `CHANNEL` of base64 samples a lead, beside a typical cycle.

There is no public specification; the attributes and their meaning were read off exported files.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import numpy as np

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.formats.xml_tree import decode_base64, number, parse_xml, positive
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "Mortara ELI XML"
_EXPECTED = {"BITS": "16", "FORMAT": "SIGNED", "ENCODING": "BASE64"}
_MEASUREMENTS = {
    "Ventricular Heart Rate": ("VENTRICULAR_RATE", "VENT_RATE"),
    "PR Interval": ("PR_INTERVAL", "PR_DURATION"),
    "QRS Duration": ("QRS_DURATION",),
    "QT Interval": ("QT_INTERVAL", "QT"),
    "QTc Interval": ("QTC_INTERVAL", "QTC"),
    "P Axis": ("P_AXIS",),
    "QRS Axis": ("QRS_AXIS",),
    "T Axis": ("T_AXIS",),
}
"""Attributes of the root, of `AUTOMATIC_MEASUREMENTS` or of `TYPICAL_CYCLE`, as versions differ."""


def read_mortara(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the channels of a Mortara ELI export; the typical cycle is left.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The file is damaged, holds no channel, or stores one in an unknown way.
        MissingFact: Its channels state no common sampling rate and none is given.
        EcgError: Its leads cannot be used.
    """
    root = parse_xml(data, _KIND)
    channels = [channel for channel in root.iter("CHANNEL") if canonical_lead(channel.get("NAME") or "")]
    if not channels:
        raise UnreadableEcg(f"The {_KIND} file holds no CHANNEL of a standard lead; export the ECG with its rhythm.")
    rates = {positive(channel.get("SAMPLE_FREQ")) for channel in channels}
    fs = stated_or_given(rates.pop() if len(rates) == 1 else None, fs, kind=_KIND, place="SAMPLE_FREQ")
    notes = []
    if any(number(channel.get("OFFSET")) for channel in channels):
        notes.append("The file states an OFFSET of its channels, whose meaning is not published; it was not applied.")
    statements, left_out = keep_statements(_statements(root))
    subject = root.find("SUBJECT")
    who = subject.attrib if subject is not None else {}
    return to_record(
        [_channel(channel, fs) for channel in channels],
        fs=fs,
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        age=parse_age(f"{who.get('AGE') or root.get('AGE') or ''} {who.get('AGE_UNITS', 'YEARS')}"),
        sex=parse_sex(who.get("GENDER") or who.get("SEX") or ""),
        device=_measurements(root),
        device_statements=statements,
    )


def _channel(channel: Element, fs: float) -> Channel:
    if any((channel.get(key) or usual).strip().upper() != usual for key, usual in _EXPECTED.items()):
        raise UnreadableEcg(
            f"A lead of the {_KIND} file is stored in an unknown way; expected signed 16-bit samples as base64. "
            "Export it again, or as DICOM."
        )
    content = decode_base64(channel.get("DATA") or channel.text or "", _KIND)
    counts = np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float64)
    stated = int(min(positive(channel.get("DURATION")) or 0, 1e9))
    if round(stated * fs / 1000) == counts.size:  # in milliseconds
        stated = counts.size
    check_sample_count(1, max(stated, counts.size))
    if not counts.size or counts.size < stated:
        raise UnreadableEcg(
            f"A lead of the {_KIND} file states {stated} samples and holds {counts.size}; the file is cut off. "
            "Export it again."
        )
    scale = positive(channel.get("UNITS_PER_MV"))
    if scale is None:
        raise UnreadableEcg(f"A lead of the {_KIND} file states no UNITS_PER_MV; its amplitude cannot be known.")
    return Channel(channel.get("NAME") or "", counts[: stated or None] / scale, "mV")


def _measurements(root: Element) -> dict[str, str]:
    places = (root, root.find(".//AUTOMATIC_MEASUREMENTS"), root.find("TYPICAL_CYCLE"))
    stated = {key: value for place in places if place is not None for key, value in place.attrib.items()}
    return measurements(
        {name: next((stated[key] for key in keys if key in stated), None) for name, keys in _MEASUREMENTS.items()}
    )


def _statements(root: Element) -> Iterator[str]:
    for interpretation in root.iter("AUTOMATIC_INTERPRETATION"):
        for statement in interpretation.iter("STATEMENT"):
            yield " ".join(
                filter(None, [statement.get("TEXT"), statement.get("REASON"), (statement.text or "").strip()])
            )
