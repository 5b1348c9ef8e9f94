"""Philips Sierra XML (`restingecgdata`, document types SierraECG and PhilipsECG, versions 1.03 and 1.04).

The waveforms of all leads are one base64 text, usually compressed (`xli`). Four limb leads are stored as what is left
after they were predicted from I and II, and are put together again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import Channel, check_sample_count, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.sampling_rate import stated_or_given
from suprem.ecg.formats.xli import decode_xli
from suprem.ecg.formats.xml_tree import decode_base64, number, parse_xml, positive, text_of
from suprem.ecg.record import LEADS, LIMB_LEADS, EcgRecord
from suprem.errors import UnreadableEcg

_KIND = "Philips Sierra XML"
_DOCUMENT_TYPES = ("SierraECG", "PhilipsECG")
_MAX_LEADS = 32
_MEASUREMENTS = {
    "Heart Rate": ("heartrate", "meanventrate"),
    "Atrial Heart Rate": ("atrialrate",),
    "PR Interval": ("print", "meanprint"),
    "QRS Duration": ("qrsdur", "meanqrsdur"),
    "QT Interval": ("qtint", "meanqtint"),
    "QTc Interval": ("meanqtc", "qtcb"),
    "QTc Interval (Fridericia)": ("qtcf",),
    "P Axis": ("pfrontaxis",),
    "QRS Axis": ("qrsfrontaxis",),
    "T Axis": ("tfrontaxis",),
}


def read_sierra(data: bytes, record_id: str, fs: float | None = None) -> EcgRecord:
    """Read the parsed waveforms of a Sierra export; representative beats are left.

    Args:
        data: The file.
        record_id: The record's name in the product.
        fs: Sampling rate in Hz, where the file states none.

    Raises:
        UnreadableEcg: The document is of another type, its waveform is missing, damaged or stored in an unknown way.
        MissingFact: It states no sampling rate and none is given.
        EcgError: Its leads cannot be used.
    """
    root = parse_xml(data, _KIND)
    kind = text_of(root, ".//documentinfo/documenttype")
    if kind and kind not in _DOCUMENT_TYPES:
        raise UnreadableEcg(
            f"The XML file is a restingecgdata of another document type than {' or '.join(_DOCUMENT_TYPES)}; expected "
            "an export of a Philips device. Export the ECG again, as XML or DICOM."
        )
    waveforms = root.find(".//parsedwaveforms")
    if waveforms is None:
        raise UnreadableEcg(f"The {_KIND} file holds no parsedwaveforms; expected the rhythm. Export the ECG with it.")
    facts = _facts(root, waveforms)
    fs = stated_or_given(positive(facts.get("samplespersecond") or facts.get("samplingrate")), fs, kind=_KIND)
    resolution = positive(facts.get("resolution") or facts.get("signalresolution"))
    if resolution is None:
        raise UnreadableEcg(f"The {_KIND} file states no resolution; the amplitude cannot be known. Export it again.")
    names = _lead_names(facts)
    counts = _counts(waveforms, facts, len(names), fs)
    offset = number(facts.get("signaloffset")) or 0.0
    microvolts = [
        (name, (row.astype(np.float64) - offset) * resolution) for name, row in _predicted(names, counts, facts)
    ]
    statements, left_out = keep_statements(_statements(root))
    return to_record(
        [Channel(name, row, "uV") for name, row in microvolts],
        fs=fs,
        record_id=record_id,
        source=_KIND,
        notes=left_out_note(left_out),
        age=parse_age(text_of(root, ".//generalpatientdata/age/years")),
        sex=parse_sex(text_of(root, ".//generalpatientdata/sex")),
        device=_measurements(root),
        device_statements=statements,
    )


def _facts(root: Element, waveforms: Element) -> dict[str, str]:
    """Return how the signal is stored: by the waveform itself (1.04), otherwise by the acquisition (1.03)."""
    acquisition = root.find(".//dataacquisition/signalcharacteristics")
    facts = {element.tag: (element.text or "").strip() for element in (acquisition if acquisition is not None else ())}
    return facts | {name: value.strip() for name, value in waveforms.attrib.items() if value.strip()}


def _lead_names(facts: Mapping[str, str]) -> list[str]:
    count = int(positive(facts.get("numberofleads") or facts.get("numberchannelsallocated")) or 0)
    labels = facts.get("leadlabels", "").split()
    if not labels:
        # 1.03 names none: twelve leads in standard order, and others behind them that are none of the twelve.
        labels = [*LEADS, *[""] * (count - len(LEADS))] if len(LEADS) <= count <= _MAX_LEADS else []
    count = count or len(labels)
    names = [*labels, *[""] * min(count - len(labels), _MAX_LEADS)][:count]  # what is not named is left out
    if not labels or not 0 < len(names) <= _MAX_LEADS:
        raise UnreadableEcg(f"The {_KIND} file does not name its {count} leads; expected the twelve standard leads.")
    return names


def _counts(waveforms: Element, facts: Mapping[str, str], leads: int, fs: float) -> list[NDArray[np.int64]]:
    """Return the stored counts (time,) of each lead."""
    samples = int((positive(facts.get("durationperchannel")) or 0) * fs / 1000)
    check_sample_count(leads, samples)
    if facts.get("dataencoding", "Base64").lower() != "base64":
        raise UnreadableEcg(f"The waveform of the {_KIND} file is not stored as base64; export it again.")
    content = decode_base64(waveforms.text or "", _KIND)
    if _is_compressed(facts):
        rows = decode_xli(content, leads)
    else:
        if (facts.get("bitspersample") or facts.get("nbitspersample") or "16") != "16":
            raise UnreadableEcg(f"The waveform of the {_KIND} file is not stored in 16 bits a sample; export it again.")
        each = samples or len(content) // 2 // leads
        check_sample_count(leads, each)
        kind = "<u2" if facts.get("signalsigned", "").lower() == "false" else "<i2"
        whole = np.frombuffer(content[: len(content) // 2 * 2], kind).astype(np.int64)
        rows = [whole[lead * each : (lead + 1) * each] for lead in range(leads)]
    shortest = min(row.size for row in rows)
    if not shortest or shortest < samples:
        raise UnreadableEcg(
            f"The {_KIND} file states {samples} samples a lead and holds {shortest}; it is cut off. Export it again."
        )
    return [row[: samples or shortest] for row in rows]


def _is_compressed(facts: Mapping[str, str]) -> bool:
    method = facts.get("compressmethod") or facts.get("compression") or ""
    if facts.get("compressflag", "").lower() == "false" or method.lower() in ("", "none", "uncompressed"):
        return False
    if method.upper() != "XLI":
        raise UnreadableEcg(f"The waveform of the {_KIND} file is compressed in an unknown way; expected XLI.")
    return True


def _predicted(
    names: list[str], counts: list[NDArray[np.int64]], facts: Mapping[str, str]
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield leads by name, the predicted limb leads put together again."""
    rows = {name or f"unnamed {place}": row for place, (name, row) in enumerate(zip(names, counts, strict=True))}
    if all(lead in rows for lead in LIMB_LEADS):
        one, two, three = rows["I"], rows["II"], rows["III"]
        # An uncompressed waveform may hold the leads themselves: then III is nearer to II - I than to nothing.
        if _is_compressed(facts) or np.abs(three).sum() <= np.abs(two - one - three).sum():
            rows["III"] = two - one - three
            rows["aVR"] = -((one + two) // 2) - rows["aVR"]
            rows["aVL"] = (one - rows["III"]) // 2 - rows["aVL"]
            rows["aVF"] = (two + rows["III"]) // 2 - rows["aVF"]
    return iter(rows.items())


def _measurements(root: Element) -> dict[str, str]:
    for place in (".//interpretation//globalmeasurements", ".//interpretationmeasurements", ".//globalmeasurements"):
        found = root.find(place)
        texts = {element.tag: element.text or "" for element in (found if found is not None else ())}
        stated = measurements(
            {name: next((texts[tag] for tag in tags if texts.get(tag)), None) for name, tags in _MEASUREMENTS.items()}
        )
        if stated:
            return stated
    return {}


def _statements(root: Element) -> Iterator[str]:
    """Yield the statements of the newest interpretation, which stands first."""
    interpretation = root.find(".//interpretations/interpretation")
    for statement in interpretation.iter("statement") if interpretation is not None else ():
        yield text_of(statement, "leftstatement")
