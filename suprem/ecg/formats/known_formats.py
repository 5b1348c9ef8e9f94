"""Every file format that is recognised: how its bytes begin, and what reads it or what to do instead.

A further format is one line in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from suprem.ecg.formats.aecg_reader import read_aecg
from suprem.ecg.formats.array_reader import read_npy, read_npz
from suprem.ecg.formats.cardiosoft_reader import read_cardiosoft
from suprem.ecg.formats.csv_reader import read_csv
from suprem.ecg.formats.dicom_reader import read_dicom
from suprem.ecg.formats.edf_reader import read_edf_family
from suprem.ecg.formats.excel_reader import is_excel, read_excel
from suprem.ecg.formats.fhir_reader import is_fhir, read_fhir
from suprem.ecg.formats.hdf5_reader import read_hdf5
from suprem.ecg.formats.ishne_reader import read_ishne
from suprem.ecg.formats.mat_file import MAGIC
from suprem.ecg.formats.mat_reader import read_mat
from suprem.ecg.formats.mfer_reader import is_mfer, read_mfer
from suprem.ecg.formats.mortara_reader import read_mortara
from suprem.ecg.formats.muse_reader import read_muse
from suprem.ecg.formats.pdf_reader import read_pdf
from suprem.ecg.formats.schiller_reader import read_schiller
from suprem.ecg.formats.scp_reader import is_scp, read_scp
from suprem.ecg.formats.sierra_reader import read_sierra
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.formats.xml_tree import decode_xml
from suprem.ecg.record import EcgRecord

HEAD = 65_536
"""Bytes from which a format is told."""

HDF5 = (b"\x89HDF", b"MATLAB 7.3")
_READABLE = "DICOM, SCP-ECG, HL7 aECG, another readable format or, at worst, CSV with lead names, rate and unit"
_ONE_LEAD = "it holds one lead, and twelve are read here"
_VENDORS = {
    "Contec": "DICOM, SCP-ECG or FDA-XML (HL7 aECG)",
    "Edan": "DICOM, SCP-ECG or FDA-XML (HL7 aECG)",
    "Mindray": "DICOM or FDA-XML (HL7 aECG)",
    "Nihon Kohden": "MFER, DICOM or HL7 aECG",
    "Fukuda": "MFER or DICOM",
    "Cardioline": "SCP-ECG or DICOM",
    "Cardiette": "SCP-ECG or DICOM",
    "Welch Allyn": "SCP-ECG, DICOM or Mortara ELI XML",
    "Norav": "DICOM or EDF",
    "BTL": "SCP-ECG or DICOM",
    "Bionet": "DICOM or HL7 aECG",
    "Biocare": "DICOM, SCP-ECG or HL7 aECG",
    "Comen": "DICOM, SCP-ECG or HL7 aECG",
    "Midmark": "DICOM or HL7 aECG",
    "Zoll": "DICOM or CSV",
    "Physio-Control": "DICOM or CSV",
    "AliveCor": "EDF or CSV",
    "Schiller": "Schiller EDI XML, SCP-ECG or DICOM",
    "Philips": "Philips Sierra XML or DICOM",
    "Mortara": "Mortara ELI XML or DICOM",
    "CardioSoft": "CardioSoft XML of a resting ECG, or DICOM",
    "Marquette": "GE MUSE XML or DICOM",
}
"""Makers whose name a file may carry, and what their software exports that is read here."""
_VENDOR = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, _VENDORS))})(?![a-z])", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \r\n\t]{0,1000}(?:\{|\[\s{0,1000}(?:[\[{\"\d\]-]|true\b|false\b|null\b))")
"""An object or a list; a table whose first line is "[Header]" is neither."""

Read = Callable[[bytes, TableFormat | None, str], EcgRecord]


@dataclass(frozen=True)
class FileFormat:
    """One file format.

    Args:
        name: What it is called.
        recognises: Tells it from the first `HEAD` bytes of a file.
        read: What reads it; None where it is known and not read.
        is_ecg: Whether every such file is an ECG.
        found: What is said to have been found where it is not read; the name by default.
        advice: What to do instead; by default to export again, by the maker that the file names.
    """

    name: str
    recognises: Callable[[bytes], bool]
    read: Read | None = None
    is_ecg: bool = True
    found: str = ""
    advice: str = ""


def recognise(head: bytes) -> FileFormat | None:
    """Return the format that content is of, told from its beginning; None where it is unknown."""
    return next((known for known in FORMATS if known.recognises(head)), None)


def export_advice(head: bytes) -> str:
    """Return what to export instead of a file, in the words of the maker that it names."""
    vendor = _VENDOR.search(decode_xml(head))
    if vendor is None:
        return f"export the ECG as {_READABLE}"
    name = next(one for one in _VENDORS if one.casefold() == vendor[1].casefold())
    return f"it names {name}, whose software can export {_VENDORS[name]}: export the ECG so"


def _plain(read: Callable[[bytes, str], EcgRecord]) -> Read:
    """Return a reader of a format that states everything about itself."""
    return lambda data, _, record_id: read(data, record_id)


def _asking_rate(read: Callable[[bytes, str, float | None], EcgRecord]) -> Read:
    """Return a reader of a format that may state everything about itself but its sampling rate."""
    return lambda data, given, record_id: read(data, record_id, given.fs if given else None)


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _xml_root(*names: str) -> Callable[[bytes], bool]:
    pattern = re.compile(rf"<(?:\w+:)?(?:{'|'.join(names)})[\s>/]")

    def recognises(head: bytes) -> bool:
        text = decode_xml(head)
        return text.lstrip("\ufeff \r\n\t").startswith("<") and pattern.search(text) is not None

    return recognises


def _is_mortara(head: bytes) -> bool:
    return _xml_root("ECG")(head) and b"UNITS_PER_MV" in head.replace(b"\0", b"")


def _is_bare_dicom(head: bytes) -> bool:
    """Tell a DICOM file without its preamble: it begins with an element of group 2 or 8, little-endian."""
    return head[0] in (2, 8) and head[1] == 0 and head[3:4] == b"\0"


def _is_opendocument(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04") and b"opendocument" in head[:200]


def _is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif")


def _is_text(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1f]", head)


_PICTURE = (
    "a photograph or scan of an ECG would first have to be traced into a signal, which is not done here. "
    "Ask for the recording itself, or for the PDF that the device prints, whose curves are lines"
)

FORMATS: tuple[FileFormat, ...] = (
    FileFormat("DICOM", lambda head: head[128:132] == b"DICM", _plain(read_dicom)),
    FileFormat("NPY", _starts(b"\x93NUMPY"), read_npy),
    FileFormat("NPZ", lambda head: head.startswith(b"PK\x03\x04") and b".npy" in head[:200], read_npz),
    FileFormat("MATLAB", _starts(MAGIC), read_mat),
    FileFormat("GE MUSE XML", _xml_root("RestingECG"), _asking_rate(read_muse)),
    FileFormat("HL7 aECG", _xml_root("AnnotatedECG"), _plain(read_aecg)),
    FileFormat("Philips Sierra XML", _xml_root("restingecgdata"), _asking_rate(read_sierra)),
    FileFormat("GE CardioSoft XML", _xml_root("CardiologyXML"), _asking_rate(read_cardiosoft)),
    FileFormat("Schiller EDI XML", _xml_root(r"(?:\w+\.){0,8}SchillerEDI"), _asking_rate(read_schiller)),
    FileFormat("Mortara ELI XML", _is_mortara, _asking_rate(read_mortara)),
    FileFormat("FHIR", is_fhir, read_fhir),
    FileFormat("SCP-ECG", is_scp, _plain(read_scp)),
    FileFormat("MFER", is_mfer, _plain(read_mfer)),
    FileFormat("DICOM", _is_bare_dicom, _plain(read_dicom)),
    FileFormat("EDF", _starts(b"0       "), _plain(read_edf_family)),
    FileFormat("BDF", _starts(b"\xffBIOSEMI"), _plain(read_edf_family)),
    FileFormat("ISHNE", _starts(b"ISHNE1.0", b"ANN  1.0"), _asking_rate(read_ishne)),
    FileFormat("HDF5", _starts(*HDF5), read_hdf5),
    FileFormat("PDF", _starts(b"%PDF"), _plain(read_pdf), is_ecg=False),
    FileFormat(
        "picture",
        lambda head: (
            head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")) or _is_heic(head)
        ),
        is_ecg=False,
        found="a picture",
        advice=_PICTURE,
    ),
    FileFormat(
        "OpenDocument",
        _is_opendocument,
        is_ecg=False,
        found="an OpenDocument file",
        advice="save the sheet as Excel workbook (.xlsx) or CSV",
    ),
    FileFormat("Excel", is_excel, read_excel, is_ecg=False),
    FileFormat(
        "ZIP archive or Office document",
        _starts(b"PK\x03\x04", b"\xd0\xcf\x11\xe0"),
        is_ecg=False,
        found="a ZIP archive or an Office document that is no Excel workbook (.xlsx)",
        advice="unpack the archive and give the ECG file in it; save an older Excel table (.xls) as .xlsx or CSV",
    ),
    FileFormat("gzip archive", _starts(b"\x1f\x8b"), is_ecg=False, advice="give the file in it"),
    FileFormat("AliveCor ATC", _starts(b"ALIVE\0"), found="an AliveCor recording (ATC)", advice=_ONE_LEAD),
    FileFormat("Apple Health", _xml_root("HealthData"), found="an Apple Health export", advice=_ONE_LEAD),
    FileFormat("GDF", _starts(b"GDF "), found="GDF (BioSig)", advice="convert it to EDF with BioSig's own tools"),
    FileFormat("LabChart", _starts(b"CFWB"), found="LabChart data", advice="export it from LabChart as EDF or text"),
    FileFormat(
        "XML or HTML",
        lambda head: head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"),
        is_ecg=False,
        found="XML or HTML of a layout that is not read",
    ),
    FileFormat(
        "JSON", lambda head: _JSON.match(head) is not None, is_ecg=False, found="JSON of a layout that is not read"
    ),
    FileFormat("CSV", _is_text, read_csv),
)
"""The formats in the order in which they are tried; the first that recognises a file has it."""
