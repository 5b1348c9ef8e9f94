"""Exports of further systems, written from what the formats state and without the code that reads them.

Each holds the invented patient of `hospital_files`, whose name, number and dates must never leave the reader.
"""

from __future__ import annotations

import base64
import io
import json
import struct
from binascii import crc_hqx
from collections.abc import Sequence

import h5py
import numpy as np
from openpyxl import Workbook

from suprem.ecg.record import LEADS
from tests.ecg.formats.hospital_files import Counts

_NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
_DATES = (
    "<BirthDateTime><Day>7</Day><Month>3</Month><Year>1951</Year></BirthDateTime><Text>1951-03-07 07-MAR-1951</Text>"
)


def cardiosoft_file(
    counts: Counts, *, fs: str = "500", step: str = "1", unit: str = "uVperLsb", cut: int = 0, strip: bool = True
) -> bytes:
    """Return a CardioSoft export of whole counts; the median beats are the first tenth, upside down.

    Args:
        cut: Samples that are stated and left out at the end.
        strip: Whether the rhythm is there.
    """

    def waves(table: Counts, stated: int) -> str:
        head = (
            f"<NumberOfLeads>12</NumberOfLeads><SampleRate units='Hz'>{fs}</SampleRate>"
            f"<ChannelSampleCountTotal>{stated}</ChannelSampleCountTotal><Resolution units='{unit}'>{step}</Resolution>"
        )
        return head + "".join(
            f"<WaveformData lead='{lead}'>{','.join(map(str, row.tolist()))}</WaveformData>"
            for lead, row in zip(LEADS, table, strict=True)
        )

    size = counts.shape[1]
    strips = f"<StripData>{waves(counts[:, : size - cut], size)}</StripData>" if strip else ""
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><CardiologyXML><ObservationType>RestECG</ObservationType>'
        "<PatientInfo><PID>MRN-770031</PID><Name><FamilyName>Quxley</FamilyName><GivenName>Gwendolyn</GivenName></Name>"
        f"<Age units='YEARS'>71</Age>{_DATES}<Gender>FEMALE</Gender></PatientInfo><Interpretation><Diagnosis>"
        "<DiagnosisText>Sinus rhythm</DiagnosisText><DiagnosisText>Seen by Dr. Halvorsen</DiagnosisText></Diagnosis>"
        "</Interpretation><RestingECGMeasurements><VentricularRate units='BPM'>61</VentricularRate>"
        "<QRSDuration units='ms'>88</QRSDuration><QTCInterval units='ms'></QTCInterval><MedianSamples>"
        f"{waves(-counts[:, : size // 10], size // 10)}</MedianSamples></RestingECGMeasurements>{strips}"
        "</CardiologyXML>"
    )
    return text.encode("latin-1")


def schiller_file(
    counts: Counts,
    *,
    fs: str = "500",
    exponent: str = "1",
    step: str = "1.0",
    unit: str = "UV",
    kind: str = "ECG_RHYTHMS",
) -> bytes:
    """Return a Schiller export of whole counts; the averaged beats are the first tenth, upside down."""

    def wave(name: str, table: Counts) -> str:
        channels = "".join(
            f"<channel><annotation_lead><name>P</name><value>0.02</value></annotation_lead><name>{lead.upper()}</name>"
            f"<data>{','.join(map(str, row.tolist()))}</data><datastype>COMMASEPARATE</datastype>"
            f"<samplecount>{row.size}</samplecount></channel>"
            for lead, row in zip(LEADS, table, strict=True)
        )
        return (
            f"<wavedata><type>{name}</type><resolution><samplerate><exponent>{exponent}</exponent><value>{fs}</value>"
            f"</samplerate><yres><unitperbit>{step}</unitperbit><units>{unit}</units></yres></resolution>{channels}"
            "</wavedata>"
        )

    text = (
        '\ufeff<?xml version="1.0" encoding="UTF-8"?><com.xiriuz.sema.xml.schillerEDI.SchillerEDI><patdata>'
        "<id>MRN-770031</id><lastname>Quxley</lastname><firstname>Gwendolyn</firstname><birthdate>19510307</birthdate>"
        "<gender>FEMALE</gender></patdata><examdescript><user_id>Dr. Halvorsen</user_id></examdescript>"
        "<eventdata><event>"
        f"{wave('ECG_AVERAGES', -counts[:, : counts.shape[1] // 10])}{wave(kind, counts)}"
        "<annotation_global><name>HR</name><value>61</value></annotation_global>"
        "<annotation_global><name>QRS</name><value>88</value></annotation_global>"
        "<annotation_global><name>QTC</name><value>-</value></annotation_global>"
        "<textdata><type>INTERPRETATION</type><textdata>Seen by Dr. Halvorsen</textdata></textdata>"
        "</event></eventdata></com.xiriuz.sema.xml.schillerEDI.SchillerEDI>"
    )
    return text.encode()


def mortara_file(counts: Counts, *, fs: int = 500, per_mv: int = 1000, bits: str = "16", in_ms: bool = False) -> bytes:
    """Return a Mortara ELI export of whole counts; the typical cycle is the first tenth, upside down."""

    def channel(tag: str, lead: str, row: Counts) -> str:
        data = base64.b64encode(row.astype("<i2").tobytes()).decode()
        duration = row.size * 1000 // fs if in_ms else row.size
        return (
            f'<{tag} OFFSET="0" BITS="{bits}" FORMAT="SIGNED" UNITS_PER_MV="{per_mv}" DURATION="{duration}" '
            f'SAMPLE_FREQ="{fs}" NAME="{lead}" ENCODING="BASE64" DATA="{data}"/>'
        )

    text = (
        '<?xml version="1.0" encoding="UTF-8"?><ECG ACQUISITION_TIME="19510307"><SUBJECT LAST_NAME="Quxley" '
        'FIRST_NAME="Gwendolyn" ID="MRN-770031" AGE="71" GENDER="Female" DOB="1951-03-07"/>'
        '<AUTOMATIC_MEASUREMENTS VENTRICULAR_RATE="61" QRS_DURATION="88"/><AUTOMATIC_INTERPRETATION>'
        '<STATEMENT TEXT="Sinus rhythm" REASON=""/><STATEMENT TEXT="Seen by Dr. Halvorsen"/></AUTOMATIC_INTERPRETATION>'
        + channel("TYPICAL_CYCLE", "I", -counts[0, : counts.shape[1] // 10])
        + "".join(channel("CHANNEL", lead, row) for lead, row in zip(LEADS, counts, strict=True))
        + "</ECG>"
    )
    return text.encode()


def ishne_file(
    counts: Counts, *, fs: int = 500, nanovolts: int = 1000, stated: int | None = None, block: bytes = b"Dr. Halvorsen"
) -> bytes:
    """Return an ISHNE file of whole counts in standard lead order."""
    lead_count, samples = counts.shape
    head = struct.pack("<4i", len(block), samples if stated is None else stated, 522, 522 + len(block))
    head += struct.pack("<h40s40s20s2h", 1, b"Gwendolyn", b"Quxley", b"MRN-770031", 2, 1)
    head += struct.pack("<3h3h3h3h", 7, 3, 1951, 7, 3, 2022, 7, 3, 2022, 9, 0, 0)
    absent = [-9] * (12 - lead_count)
    head += struct.pack("<h12h12h12hh", lead_count, *range(5, 5 + lead_count), *absent, *[1] * 12, *[nanovolts] * 12, 0)
    head += struct.pack("<40sh80s80s88s", b"digital", fs, b"", b"", b"") + block
    return b"ISHNE1.0" + struct.pack("<H", crc_hqx(head, 0xFFFF)) + head + counts.T.astype("<i2").tobytes()


def mfer_tag(tag: int, value: bytes, *channel: int) -> bytes:
    size = bytes([len(value)]) if len(value) < 128 else b"\x84" + len(value).to_bytes(4, "big")
    return bytes([tag, *channel]) + size + value


def mfer_file(
    counts: Counts, *, order: str = "<", preamble: bytes = b"MFR Standard 12 leads ECG", block: int = 500,
    frames: int = 1, compression: int = 0, hertz: bool = False, beat: bool = False, null: int | None = None,
) -> bytes:  # fmt: skip
    """Return an MFER file of whole microvolts: 500 Hz, all channels in blocks, as one or several frames.

    Args:
        hertz: Whether the rate stands as a frequency, not as an interval.
        beat: Whether a dominant beat, the first block upside down, follows.
        null: The sample that stands for none.
    """
    endian = {"<": "little", ">": "big"}[order]

    def whole(value: int, size: int) -> bytes:
        return value.to_bytes(size, endian, signed=value < 0)  # type: ignore[arg-type]

    def frame(table: Counts) -> bytes:
        sequences = table.shape[1] // block
        stored = table.reshape(len(table), sequences, block).transpose(1, 0, 2).astype(f"{order}i2").tobytes()
        return mfer_tag(6, whole(sequences, 2)) + mfer_tag(30, stored)

    data = mfer_tag(0x40, preamble) if preamble else b""
    data += mfer_tag(1, b"\x01" if order == "<" else b"\0") + mfer_tag(0x81, b"Quxley^^Gwendolyn^")
    data += mfer_tag(0x82, b"MRN-770031") + mfer_tag(0x84, b"\2")
    data += mfer_tag(0x83, bytes([71]) + whole(0, 2) + whole(1951, 2) + b"\3\7") + mfer_tag(0x16, b"Dr. Halvorsen")
    data += mfer_tag(8, whole(1, 2)) + mfer_tag(10, b"\0")
    data += mfer_tag(11, b"\0\0" + whole(500, 2) if hertz else b"\1\xfd" + whole(2, 2))
    data += mfer_tag(12, b"\0\xfa" + whole(1, 2)) + mfer_tag(5, whole(len(counts), 1)) + mfer_tag(4, whole(block, 2))
    data += mfer_tag(14, whole(compression, 2)) if compression else b""
    data += mfer_tag(18, whole(null, 2)) if null is not None else b""
    for place, lead in enumerate(LEADS[: len(counts)]):
        data += mfer_tag(63, mfer_tag(9, whole(_NUMBERS[lead], 2)), place)
    data += b"".join(frame(part) for part in np.split(counts, frames, axis=1))
    data += (mfer_tag(8, whole(9, 2)) + frame(-counts[:, :block])) if beat else b""
    return data + b"\x80"


def fhir_file(
    counts: Counts, *, unit: str | None = "uV", factor: float = 1.0, period: str = '"period": 2',
    layout: str = "components", xml: bool = False, lead_codes: str = "numbers",
) -> bytes:  # fmt: skip
    """Return FHIR of whole counts.

    Args:
        unit: Unit of the origin, None for none.
        period: How the rate stands: R4's period or R5's interval, as JSON.
        layout: "components" of one observation, or a "bundle" of one observation a lead.
        lead_codes: "numbers" or "names" of ISO/IEEE 11073-10101.
    """

    def place(lead: str, row: Counts) -> dict[str, object]:
        names = {"display": f"MDC_ECG_ELEC_POTL_{lead.upper()}", "code": str(131072 + 256 + _NUMBERS[lead])}
        coding = (
            {"code": names["display"]}
            if lead_codes == "names"
            else {"system": "urn:oid:2.16.840.1.113883.6.24", **names}
        )
        origin: dict[str, object] = {"value": 0} | ({"unit": unit, "code": unit} if unit else {})
        sampled = {"origin": origin, **json.loads("{" + period + "}"), "factor": factor, "dimensions": 1}
        return {"code": {"coding": [coding]}, "valueSampledData": {**sampled, "data": " ".join(map(str, row.tolist()))}}

    places = [place(lead, row) for lead, row in zip(LEADS, counts, strict=True)]
    who = {
        "subject": {"display": "Gwendolyn Quxley", "reference": "Patient/MRN-770031"},
        "effectiveDateTime": "1951-03-07",
    }
    head = {"resourceType": "Observation", "status": "final", **who}
    code = {"coding": [{"system": "http://loinc.org", "code": "11524-6", "display": "EKG study"}]}
    if xml:

        def element(name: str, value: object) -> str:
            if isinstance(value, list):
                return "".join(element(name, one) for one in value)
            if isinstance(value, dict):
                return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
            return f'<{name} value="{value}"/>'

        inner = "".join(element(key, one) for key, one in {**who, "code": code, "component": places}.items())
        return f'<Observation xmlns="http://hl7.org/fhir"><!-- Dr. Halvorsen -->{inner}</Observation>'.encode()
    if layout == "bundle":
        patient = {"resourceType": "Patient", "name": [{"family": "Quxley"}], "birthDate": "1951-03-07"}
        resources = [patient, *({**head, **one} for one in places)]
        return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}).encode()
    return json.dumps({**head, "code": code, "component": places}).encode()


def excel_file(
    signal: np.ndarray, *, leads: Sequence[str] = tuple(f"{lead} (mV)" for lead in LEADS), fs: float | None = 500.0,
    before: Sequence[str] = ("Gwendolyn Quxley, MRN-770031, 1951-03-07", "Dr. Halvorsen"), other_sheets: int = 1,
) -> bytes:  # fmt: skip
    """Return a workbook: lines of text, headings, and one row a sample with the time in seconds before it."""
    book = Workbook(write_only=True)
    for number in range(other_sheets):
        book.create_sheet(f"Notes {number}").append(["nothing to measure here"])
    sheet = book.create_sheet("Gwendolyn Quxley")
    for line in before:
        sheet.append([line])
    sheet.append([*(["time (s)"] if fs else []), *leads])
    for place, frame in enumerate(signal.T):
        sheet.append([*([place / fs] if fs else []), *(round(float(value), 4) for value in frame)])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def hdf5_file(
    arrays: dict[str, np.ndarray], *, attributes: dict[str, object] | None = None, chunked: bool = True
) -> bytes:
    """Return an HDF5 file of arrays by their path, compressed in chunks; attributes belong to the file."""
    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip" if chunked and np.ndim(array) else None)
        for name, value in (attributes or {}).items():
            file.attrs[name] = value
    return packed.getvalue()
