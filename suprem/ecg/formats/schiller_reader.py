"""Schiller EDI XML (`SchillerEDI`, exported by SEMA): the rhythm as comma-separated counts, beside averaged beats.

There is no public specification; the elements and their meaning were read off exported files.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from suprem.ecg.formats.channels import Channel, millivolts_per, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.formats.xml_tree import number_row, parse_xml, positive, text_of
from suprem.ecg.record import EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "Schiller EDI XML"
_RHYTHM = "ECG_RHYTHMS"
_SEPARATED = ("", "COMMASEPARATE", "COMMASEPARATED")
_MEASUREMENTS = {
    "Heart Rate": "HR",
    "RR Interval": "RR",
    "P Duration": "P",
    "PR Interval": "PQ",
    "QRS Duration": "QRS",
    "QT Interval": "QT",
    "QTc Interval": "QTC",
    "P Axis": "AXIS_P",
    "QRS Axis": "AXIS_QRS",
    "T Axis": "AXIS_T",
}


def read_schiller(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the longest rhythm of a Schiller export; averaged beats are left.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The file is damaged, holds no rhythm, or stores it in an unknown way.
        MissingFact: It states no sampling rate and none is given.
        EcgError: Its leads cannot be used.
    """
    root = parse_xml(data, _KIND)
    waves = [wave for wave in root.iter("wavedata") if wave.find("channel/data") is not None]
    rhythms = [wave for wave in waves if text_of(wave, "type").upper() == _RHYTHM]
    if not rhythms:
        found = "only averaged beats" if waves else "no waveform"
        raise UnreadableEcg(f"The {_KIND} file holds {found}; expected {_RHYTHM}. Export the ECG with its rhythm.")
    rhythm = max(rhythms, key=lambda wave: len(text_of(wave, "channel/data")))
    unit, step = text_of(rhythm, "resolution/yres/units"), positive(text_of(rhythm, "resolution/yres/unitperbit"))
    if step is None or millivolts_per(unit) is None:
        raise UnreadableEcg(f"The {_KIND} file states no amplitude a bit (yres); the amplitude cannot be known.")
    statements, left_out = keep_statements(
        text_of(text, "textdata") for text in root.iter("textdata") if text_of(text, "type") == "INTERPRETATION"
    )
    notes = [f"The longest of the file's {len(rhythms)} rhythms was read."] if len(rhythms) > 1 else []
    stated = {text_of(one, "name").upper(): text_of(one, "value") for one in root.iter("annotation_global")}
    return to_record(
        [_channel(channel, step, unit) for channel in rhythm.iterfind("channel")],
        fs=stated_or_given(_rate(rhythm), fs, kind=_KIND, place="samplerate"),
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        sex=parse_sex(text_of(root, "patdata/gender")),
        device=measurements({name: stated.get(code) for name, code in _MEASUREMENTS.items()}),
        device_statements=statements,
    )


def _rate(wave: Element) -> float | None:
    """Return the sampling rate in Hz. Its exponent was only ever seen as 1; what another means is not known."""
    exponent = text_of(wave, "resolution/samplerate/exponent")
    return positive(text_of(wave, "resolution/samplerate/value")) if exponent in ("", "1") else None


def _channel(channel: Element, step: float, unit: str) -> Channel:
    name = text_of(channel, "name")
    if canonical_lead(name) is None:  # left out and counted later, whatever it holds
        return Channel(name, number_row("", _KIND), unit)
    if text_of(channel, "datastype").upper() not in _SEPARATED:
        raise UnreadableEcg(
            f"A lead of the {_KIND} file is stored in an unknown way; expected numbers between commas. "
            "Switch compression off and export it again."
        )
    counts = number_row(text_of(channel, "data"), _KIND)
    if counts.size < (positive(text_of(channel, "samplecount")) or 1):
        raise UnreadableEcg(
            f"A lead of the {_KIND} file holds {counts.size} samples and fewer than stated; it is cut off. "
            "Export it again."
        )
    return Channel(name, counts * step, unit)
