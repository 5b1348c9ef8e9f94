"""Exports of hospital systems, written from what the formats state and without the code that reads them.

Each holds an invented patient whose name, number and dates must never leave the reader (`SECRETS`).
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import LEADS

Counts = NDArray[np.int16]

SECRETS = ("Quxley", "Gwendolyn", "MRN-770031", "1951-03-07", "07-MAR-1951", "19510307", "Dr. Halvorsen")
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def rows(counts: Counts, leads: Sequence[str]) -> list[Counts]:
    return [counts[LEADS.index(lead)] for lead in leads]


def muse_file(
    counts: Counts,
    *,
    leads: Sequence[str] = EIGHT,
    fs: str = "500",
    exponent: str = "0",
    per_bit: str = "1",
    unit: str = "MICROVOLTS",
    crc: int | None = None,
    types: Sequence[str] = ("Median", "Rhythm"),
    statements: Sequence[str] = ("SINUS RHYTHM", "CONFIRMED BY Dr. Halvorsen"),
    doctype: str = '<!DOCTYPE RestingECG SYSTEM "restecg.dtd">',
    encoding: str = "iso-8859-1",
    pad: int = 0,
) -> bytes:
    """Return a MUSE export of whole counts; a "Median" waveform holds the first tenth, upside down."""
    waveforms = ""
    for kind in types:
        data = ""
        for lead, row in zip(leads, rows(counts, leads), strict=True):
            if kind == "Median":
                row = -row[: row.size // 10]
            content = struct.pack(f"<{row.size}h", *map(int, row))
            text = base64.b64encode(content).decode()
            text = "\n".join(text[i : i + 76] for i in range(0, len(text), 76))
            data += (
                f"<LeadData><LeadByteCountTotal>{len(content)}</LeadByteCountTotal>"
                f"<LeadSampleCountTotal>{row.size + pad}</LeadSampleCountTotal>"
                f"<LeadAmplitudeUnitsPerBit>{per_bit}</LeadAmplitudeUnitsPerBit>"
                f"<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{lead}</LeadID>"
                f"<LeadSampleSize>2</LeadSampleSize><LeadOff>FALSE</LeadOff>"
                f"<LeadDataCRC32>{zlib.crc32(content) if crc is None else crc}</LeadDataCRC32>"
                f"<WaveFormData>\n{text}\n</WaveFormData></LeadData>"
            )
        waveforms += (
            f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{fs}</SampleBase>"
            f"<SampleExponent>{exponent}</SampleExponent>{data}</Waveform>"
        )
    said = "".join(
        f"<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>{text}</StmtText></DiagnosisStatement>"
        for text in statements
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}<RestingECG><PatientDemographics>'
        "<PatientID>MRN-770031</PatientID><PatientLastName>Quxley</PatientLastName>"
        "<PatientFirstName>Gwendolyn</PatientFirstName><DateofBirth>07-MAR-1951</DateofBirth>"
        "<PatientAge>71</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>FEMALE</Gender></PatientDemographics>"
        f"<TestDemographics><OverreaderLastName>Dr. Halvorsen</OverreaderLastName></TestDemographics>"
        "<RestingECGMeasurements><VentricularRate>61</VentricularRate><QRSDuration>88</QRSDuration>"
        "<QTCorrected>0</QTCorrected><RAxis>-31</RAxis></RestingECGMeasurements>"
        f"<Diagnosis>{said}</Diagnosis>{waveforms}</RestingECG>"
    )
    return text.encode(encoding)


def aecg_file(
    counts: Counts,
    *,
    leads: Sequence[str] = LEADS,
    increment: tuple[str, str] = ("0.002", "s"),
    scale: tuple[str, str] = ("1", "uV"),
    origin: tuple[str, str] = ("0", "uV"),
    prefix: str = "",
    encoding: str = "utf-8",
    sets: Sequence[slice] = (slice(None),),
    age: tuple[str, str] = ("71", "a"),
) -> bytes:
    """Return an aECG of whole digits: a RHYTHM series of several sets of sequences, and a representative beat."""
    p = f"{prefix}:" if prefix else ""
    xmlns = f'xmlns:{prefix}="urn:hl7-org:v3"' if prefix else 'xmlns="urn:hl7-org:v3"'

    def sequence_set(part: slice, sign: int, clock: str) -> str:
        sequences = (
            f'<{p}component><{p}sequence><{p}code code="{clock}"/><{p}value xsi:type="GLIST_TS">'
            f'<{p}head value="20220307{part.start or 0:06}"/>'
            f'<{p}increment value="{increment[0]}" unit="{increment[1]}"/></{p}value></{p}sequence></{p}component>'
        )
        for lead, row in zip(leads, rows(counts, leads), strict=True):
            digits = " ".join(str(sign * int(value)) for value in row[part])
            sequences += (
                f'<{p}component><{p}sequence><{p}code code="MDC_ECG_LEAD_{lead.upper()}"/>'
                f'<{p}value xsi:type="SLIST_PQ"><{p}origin value="{origin[0]}" unit="{origin[1]}"/>'
                f'<{p}scale value="{scale[0]}" unit="{scale[1]}"/><{p}digits>{digits}</{p}digits></{p}value>'
                f"</{p}sequence></{p}component>"
            )
        return f"<{p}component><{p}sequenceSet>{sequences}</{p}sequenceSet></{p}component>"

    beat = sequence_set(slice(0, 60), -1, "TIME_RELATIVE")
    annotations = "".join(
        f'<{p}component><{p}annotation><{p}code code="{code}"/>{value}</{p}annotation></{p}component>'
        for code, value in (
            ("MDC_ECG_TIME_PD_QRS", f'<{p}value xsi:type="PQ" value="88" unit="ms"/>'),
            ("MDC_ECG_TIME_PD_QTc", f'<{p}value xsi:type="PQ" value="0" unit="ms"/>'),
            ("MDC_ECG_INTERPRETATION_STATEMENT", f"<{p}value>Sinus rhythm</{p}value>"),
            ("MDC_ECG_INTERPRETATION_STATEMENT", f"<{p}value>Seen by Dr. Halvorsen</{p}value>"),
        )
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!-- Gwendolyn Quxley -->'
        f'<{p}AnnotatedECG {xmlns} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><{p}id root="MRN-770031"/>'
        f"<{p}subjectDemographicPerson><{p}name>Gwendolyn Quxley</{p}name>"
        f'<{p}administrativeGenderCode code="F"/><{p}birthTime value="19510307"/></{p}subjectDemographicPerson>'
        f'<{p}relatedObservation><{p}code code="21612-7"/><{p}value value="{age[0]}" unit="{age[1]}"/>'
        f'</{p}relatedObservation><{p}component><{p}series><{p}code code="RHYTHM"/>'
        + "".join(sequence_set(part, 1, "TIME_ABSOLUTE") for part in sets)
        + f'<{p}derivation><{p}derivedSeries><{p}code code="REPRESENTATIVE_BEAT"/>{beat}'
        f"<{p}component><{p}annotationSet>{annotations}</{p}annotationSet></{p}component>"
        f"</{p}derivedSeries></{p}derivation></{p}series></{p}component></{p}AnnotatedECG>"
    )
    return text.encode(encoding)


def lzw(data: bytes) -> bytes:
    """Return ten-bit LZW codes, most significant bit first, closed by the code 1023."""
    table = {bytes([value]): value for value in range(256)}
    codes, held = [], b""
    for value in data:
        longer = held + bytes([value])
        if longer in table:
            held = longer
            continue
        codes.append(table[held])
        if len(table) < 1023:
            table[longer] = len(table)
        held = bytes([value])
    codes += [table[held], 1023]
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def xli(counts: Sequence[Sequence[int]]) -> bytes:
    """Return leads as second differences, split into high and low bytes, in LZW."""
    content = b""
    for row in counts:
        bends = [2 * row[i - 1] - row[i - 2] - row[i] for i in range(2, len(row))]
        stored = [row[0], row[1], *(bend + 64 for bend in bends[1:]), 0]
        words = [struct.pack(">h", value) for value in stored]
        packed = lzw(bytes(word[0] for word in words) + bytes(word[1] for word in words))
        content += struct.pack("<ihh", len(packed), 0, bends[0]) + packed
    return content


def sierra_file(
    counts: Counts,
    *,
    version: str = "1.04.01",
    kind: str = "PhilipsECG",
    fs: int = 500,
    resolution: str = "1",
    compressed: bool = True,
    predicted: bool = True,
    pulse: bool = False,
    leads: Sequence[str] = LEADS,
    unnamed: int = 0,
    encoding: str = "utf-16",
    seconds_more: int = 0,
) -> bytes:
    """Return a Sierra export of whole counts, in the manner of version 1.03 or 1.04."""
    table = {lead: counts[LEADS.index(lead)].astype(int) for lead in leads}
    if pulse:
        table = {lead: np.concatenate([row, [0] * 50, [1000] * 100, [0] * 50]) for lead, row in table.items()}
    if predicted:
        one, two, three = table["I"], table["II"], table["III"]
        table["III"] = two - one - three
        table["aVR"] = np.floor(-np.floor((one + two) / 2) - table["aVR"]).astype(int)
        table["aVL"] = np.floor((one - three) / 2).astype(int) - table["aVL"]
        table["aVF"] = np.floor((two + three) / 2).astype(int) - table["aVF"]
    stored = [[int(value) for value in table[lead]] for lead in leads]
    stored += [stored[0][::-1] for _ in range(unnamed)]
    content = xli(stored) if compressed else b"".join(struct.pack(f"<{len(row)}h", *row) for row in stored)
    milliseconds = len(stored[0]) * 1000 // fs + 1000 * seconds_more
    if version.startswith("1.04"):
        attributes = (
            f'compression="{"XLI" if compressed else "Uncompressed"}" numberofleads="{len(stored)}" '
            f'leadlabels="{" ".join(leads)}" samplespersecond="{fs}" resolution="{resolution}" signaloffset="0"'
        )
        acquisition = ""
        said = (
            "<globalmeasurements><heartrate>61</heartrate><qrsdur>88</qrsdur><qtcf>Failed</qtcf></globalmeasurements>"
        )
    else:
        attributes = f'compressflag="{compressed}" compressmethod="XLI" nbitspersample="16"'
        acquisition = (
            f"<samplingrate>{fs}</samplingrate><signalresolution>{resolution}</signalresolution>"
            f"<numberchannelsallocated>{len(stored)}</numberchannelsallocated><signalsigned>True</signalsigned>"
        )
        said = (
            "<interpretationmeasurements><heartrate>61</heartrate><meanqrsdur>88</meanqrsdur>"
            "<meanqtc>Failed</meanqtc></interpretationmeasurements>"
        )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        f"<documentinfo><documentname>MRN-770031.xml</documentname><documenttype>{kind}</documenttype>"
        f"<documentversion>{version}</documentversion></documentinfo><dataacquisition><signalcharacteristics>"
        f"{acquisition}</signalcharacteristics></dataacquisition><patient><generalpatientdata>"
        "<name><lastname>Quxley</lastname><firstname>Gwendolyn</firstname></name><age><years>71</years>"
        "<dateofbirth>1951-03-07</dateofbirth></age><sex>Female</sex></generalpatientdata></patient>"
        f"<interpretations><interpretation>{said}<mdsignatureline>Dr. Halvorsen</mdsignatureline><statement>"
        "<leftstatement>Sinus rhythm</leftstatement></statement><statement><leftstatement>Seen by Dr. Halvorsen"
        "</leftstatement></statement></interpretation></interpretations><waveforms>"
        f'<parsedwaveforms dataencoding="Base64" durationperchannel="{milliseconds}" {attributes}>'
        f"{base64.b64encode(content).decode()}</parsedwaveforms></waveforms></restingecgdata>"
    )
    return text.encode(encoding)


def scp_bits(values: Sequence[int]) -> bytes:
    """Return values in the standard's own Huffman code, most significant bit first, filled to an even length."""
    bits = ""
    for value in values:
        if value == 0:
            bits += "0"
        elif abs(value) <= 8:
            bits += "1" * abs(value) + "0" + str(int(value < 0))
        elif -128 <= value < 128:
            bits += "1111111110" + f"{value & 0xFF:08b}"
        else:
            bits += "1111111111" + f"{value & 0xFFFF:016b}"
    bits += "0" * (-len(bits) % 16)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def scp_table() -> bytes:
    """Return a section 2 of two tables: the first holds 16-bit values and a change to the second, of 12-bit values."""
    first = struct.pack("<HBBBhIBBBhI", 2, 1, 17, 1, 0, 0, 1, 1, 0, 2, 1)
    second = struct.pack("<HBBBhIBBBhI", 2, 2, 14, 1, 0, 0b01, 2, 2, 0, 1, 0b11)
    return struct.pack("<H", 2) + first + second


def differences(row: Sequence[int], order: int) -> list[int]:
    stored = [int(value) for value in row]
    if order == 1:
        stored = stored[:1] + [b - a for a, b in pairwise(stored)]
    elif order == 2:
        stored = stored[:2] + [stored[i] - 2 * stored[i - 1] + stored[i - 2] for i in range(2, len(stored))]
    return [(value + 32768) % 65536 - 32768 for value in stored]


def _crc_of(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


_CRC = tuple(_crc_of(byte) for byte in range(256))


def _crc(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ _CRC[crc >> 8 ^ byte]
    return crc


def _section(number: int, content: bytes) -> bytes:
    content += bytes(len(content) % 2)
    head = struct.pack("<HIBB6x", number, 16 + len(content), 20, 20)
    return struct.pack("<H", _crc(head + content)) + head + content


def scp_file(
    counts: Counts,
    *,
    leads: Sequence[str] = EIGHT,
    fs: int = 500,
    nanovolts: int = 1000,
    order: int = 2,
    coding: str = "default",
    beat: Counts | None = None,
    at: Sequence[int] = (),
    ratio: int = 1,
    protected: int = 50,
    first: int = 1,
    wrong_crc: bool = False,
    states: int = 0,
) -> bytes:
    """Return an SCP-ECG file of whole counts.

    Args:
        states: Samples a lead that section 3 states; those that are there by default.
        coding: "none", "default" for the standard's Huffman code, or "tables" for two tables of the file's own.
        beat: Reference beat (lead, time) of all twelve leads, subtracted around the samples `at` (from 0).
        ratio: Samples averaged into one outside the areas of `protected` samples around `at`.
    """
    numbers = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
    table = {lead: row.astype(int) for lead, row in zip(leads, rows(counts, leads), strict=True)}
    length = counts.shape[1]
    half = beat.shape[1] // 2 if beat is not None else protected
    for place in at if beat is not None else ():
        for lead in leads:
            table[lead] = table[lead].copy()
            table[lead][place - half : place + half] -= beat[LEADS.index(lead)]

    def thinned(row: NDArray[np.int64]) -> list[int]:
        inside = [ratio == 1 or any(abs(index - place) < protected for place in at) for index in range(length)]
        kept, index = [], 0
        while index < length:
            end = index + 1
            while not inside[index] and end < min(index + ratio, length) and not inside[end]:
                end += 1
            kept.append(int(np.mean(row[index:end])))
            index = end
        return kept

    def coded(row: Sequence[int]) -> bytes:
        values = differences(row, order)
        if coding == "default":
            return scp_bits(values)
        if coding == "none":
            return struct.pack(f"<{len(values)}h", *values)
        bits, small = "", False
        for value in values:  # "1" changes to the second table, "11" back
            fits = -2048 <= value < 2048
            if fits != small:
                bits, small = bits + ("11" if small else "1"), fits
            bits += ("10" + f"{value & 0xFFF:012b}") if small else ("0" + f"{value & 0xFFFF:016b}")
        bits += "0" * (-len(bits) % 16)
        return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))

    def waveforms(interval: int, flag: int, parts: Sequence[bytes]) -> bytes:
        head = struct.pack("<HHBB", nanovolts, interval, order, flag)
        return head + struct.pack(f"<{len(parts)}H", *map(len, parts)) + b"".join(parts)

    def tag(number: int, value: bytes) -> bytes:
        return struct.pack("<BH", number, len(value)) + value

    interval = 1_000_000 // fs
    sections = {
        1: tag(0, b"Quxley\0") + tag(1, b"Gwendolyn\0") + tag(2, b"MRN-770031\0") + tag(4, struct.pack("<HB", 71, 1))
        + tag(5, struct.pack("<HBB", 1951, 3, 7)) + tag(8, b"\2") + tag(20, b"Dr. Halvorsen\0") + tag(255, b""),
        3: struct.pack("<BB", len(leads), (beat is not None) | 4 | len(leads) << 3)
        + b"".join(struct.pack("<IIB", first, first + (states or length) - 1, numbers[lead]) for lead in leads),
        6: waveforms(interval * ratio, int(ratio > 1), [coded(thinned(table[lead])) for lead in leads]),
        7: struct.pack("<BBHH5H3hxx", 1, 0, 984, 29999, 100, 200, 260, 348, 660, 40, -31, 999),
        8: struct.pack("<BHBBBBBB", 0, 2022, 3, 7, 9, 0, 0, 2)
        + struct.pack("<BH", 1, 13) + b"Sinus rhythm\0" + struct.pack("<BH", 2, 21) + b"Seen by Dr. Halvorsen",
    }  # fmt: skip
    if coding != "none":
        sections[2] = struct.pack("<H", 19999) if coding == "default" else scp_table()
    if beat is not None or ratio > 1:
        sections[4] = struct.pack("<HHH", 2 * half * 1000 // fs, half + 1, len(at))
        for place in at:
            sections[4] += struct.pack("<HIII", 0, first + place - half, first + place, first + place + half - 1)
        for place in at:
            sections[4] += struct.pack("<II", first + place - protected + 1, first + place + protected - 1)
        parts = [] if beat is None else [coded(beat[LEADS.index(lead)].tolist()) for lead in leads]
        sections[5] = waveforms(interval, 0, parts or [coded([0] * 2 * half) for _ in leads])
    pointers, body = b"", b""
    start = 6 + 16 + 12 * 10
    for number in range(12):
        content = _section(number, sections[number]) if number in sections else b""
        size = start - 6 if number == 0 else len(content)
        index = 7 if number == 0 else start + len(body) + 1 if content else 0
        pointers += struct.pack("<HII", number, size, index)
        body += content
    head = struct.pack("<HIBB6s", 0, 16 + len(pointers), 20, 20, b"SCPECG")
    whole = struct.pack("<H", _crc(head + pointers)) + head + pointers + body
    whole = struct.pack("<I", 6 + len(whole)) + whole
    return struct.pack("<H", _crc(whole) ^ wrong_crc) + whole


def edf_file(
    counts: Counts,
    *,
    labels: Sequence[str] = tuple(f"ECG {lead}" for lead in LEADS),
    unit: str = "uV",
    span: float = 32768.0,
    fs: int = 500,
    kind: str = "EDF+C",
    records: int | None = None,
    others: Sequence[tuple[str, int]] = (("Resp", 25),),
    offset: float = 0.0,
) -> bytes:
    """Return an EDF, EDF+ or BDF file of whole counts in records of one second.

    Args:
        labels: Label of each of the first rows of `counts`.
        span: Physical value of the digital value 32768; counts times span / 32768 is the value in `unit`.
        records: Number of records the header states; those that are there by default.
        others: Further channels of zeros: label and samples a second.
        offset: Physical value of the digital zero.
    """
    bdf = kind.startswith("BDF")
    seconds = counts.shape[1] // fs
    channels = [(label, unit, fs) for label in labels] + [(label, "", rate) for label, rate in others]
    step = span / 32768

    def field(text: object, width: int) -> bytes:
        return f"{text:<{width}}".encode("latin-1")[:width]

    head = b"\xffBIOSEMI" if bdf else field("0", 8)
    head += field("MRN-770031 F 07-MAR-1951 Quxley_Gwendolyn", 80) + field(
        "Startdate 07-MAR-2022 X Dr. Halvorsen X", 80
    )
    head += field("07.03.22", 8) + field("09.00.00", 8) + field(256 * (len(channels) + 1), 8) + field(kind, 44)
    head += field(seconds if records is None else records, 8) + field(1, 8) + field(len(channels), 4)
    columns: list[tuple[int, list[object]]] = [
        (16, [label for label, _, _ in channels]),
        (80, ["AgAgCl electrodes" for _ in channels]),
        (8, [dimension for _, dimension, _ in channels]),
        (8, [f"{offset - 32768 * step:.8g}" for _ in channels]),
        (8, [f"{offset + 32767 * step:.8g}" for _ in channels]),
        (8, [-32768 for _ in channels]),
        (8, [32767 for _ in channels]),
        (80, ["HP:0.05Hz LP:150Hz" for _ in channels]),
        (8, [rate for _, _, rate in channels]),
        (32, ["" for _ in channels]),
    ]
    head += b"".join(field(value, width) for width, values in columns for value in values)
    body = b""
    for second in range(seconds):
        for row in counts[: len(labels), second * fs : (second + 1) * fs].tolist():
            body += b"".join(value.to_bytes(3 if bdf else 2, "little", signed=True) for value in row)
        body += bytes(sum(rate for _, rate in others) * (3 if bdf else 2))
    return head + body
