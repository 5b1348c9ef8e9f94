"""Scores as a DICOM structured report (Enhanced SR), one file a recording.

Its root is that of TID 3700, "ECG Report" (PS3.16), as far as that fits: language, the program as observing device
(TID 1004), and a container of findings with one number a query. What TID 3700 asks beside it, procedure, references to
waveforms and the global measurements of a device, is left out: the identifiers of a recording are not kept when it is
read. Patient and study are therefore empty or new; who files the report fills them in. It is partial, preliminary and
unverified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, EnhancedSRStorage, ExplicitVRLittleEndian

from suprem.export import RESEARCH_USE
from suprem.inference.reported import Lineage, Reported, ReportedScore

SCHEME = "99SUPREM"
"""Designator of this program's own codes."""

_MEANING = 64
"""Most characters of a code's meaning (LO)."""

Code = tuple[str, str, str]
"""Value, scheme and meaning."""

_REPORT: Code = ("28010-7", "LN", "ECG Report")
_LANGUAGE: Code = ("121049", "DCM", "Language of Content Item and Descendants")
_ENGLISH: Code = ("en", "RFC5646", "English")
_OBSERVER_TYPE: Code = ("121005", "DCM", "Observer Type")
_DEVICE: Code = ("121007", "DCM", "Device")
_OBSERVER_UID: Code = ("121012", "DCM", "Device Observer UID")
_OBSERVER_NAME: Code = ("121013", "DCM", "Device Observer Name")
_FINDINGS: Code = ("121070", "DCM", "Findings")
_FINDING: Code = ("121071", "DCM", "Finding")
_COMMENT: Code = ("121106", "DCM", "Comment")
_NO_UNITS: Code = ("1", "UCUM", "no units")


def structured_report(result: Reported, lineage: Lineage, made: datetime | None = None) -> FileDataset:
    """Return the report of one recording, ready for `save_as`.

    Args:
        result: The recording, with its scores or the reason why there are none.
        lineage: What the scores come from.
        made: When; now by default.
    """
    moment = made or datetime.now(UTC)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = EnhancedSRStorage
    # Of the same recording and checkpoint the same report: what is sent twice is stored once.
    meta.MediaStorageSOPInstanceUID = _uid("instance", lineage.checkpoint, result.record_id)
    report = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    report.SOPClassUID, report.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    report.SpecificCharacterSet = "ISO_IR 192"
    report.StudyInstanceUID = _uid("study", lineage.checkpoint, result.record_id)
    report.SeriesInstanceUID = _uid("series", lineage.checkpoint, result.record_id)
    for empty in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
                  "AccessionNumber", "ReferringPhysicianName"):  # fmt: skip
        setattr(report, empty, "")
    report.PatientIdentityRemoved = "YES"
    report.DeidentificationMethod = "Identifiers are dropped when a recording is read"
    report.Modality = "SR"
    report.SeriesNumber = report.InstanceNumber = 1
    report.SeriesDescription = "Model scores, research use only"
    report.ReferencedPerformedProcedureStepSequence = []
    report.PerformedProcedureCodeSequence = []
    report.Manufacturer = "SuPreME Studio"
    report.ManufacturerModelName = f"checkpoint {lineage.checkpoint}"[:_MEANING]
    report.SoftwareVersions = lineage.program
    report.ContentDate, report.ContentTime = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    report.TimezoneOffsetFromUTC = moment.strftime("%z") or "+0000"
    report.CompletionFlag = "PARTIAL"
    report.VerificationFlag = "UNVERIFIED"
    report.PreliminaryFlag = "PRELIMINARY"
    report.ValueType = "CONTAINER"
    report.ContinuityOfContent = "SEPARATE"
    report.ConceptNameCodeSequence = [_code(_REPORT)]
    report.ContentSequence = [
        _coded("HAS CONCEPT MOD", _LANGUAGE, _ENGLISH),
        _coded("HAS OBS CONTEXT", _OBSERVER_TYPE, _DEVICE),
        _item("HAS OBS CONTEXT", "UIDREF", _OBSERVER_UID, UID=_uid("device", lineage.checkpoint, lineage.program)),
        _text(_OBSERVER_NAME, lineage.words, "HAS OBS CONTEXT"),
        _text(_COMMENT, RESEARCH_USE),
        *(_text(_COMMENT, remark) for remark in (*result.remarks, *([result.reason] if result.reason else []))),
        *([_container(_FINDINGS, [_number(score) for score in result.scores])] if result.scores else []),
    ]
    return report


def _number(score: ReportedScore) -> Dataset:
    row = score.row
    figures = {"logit": row.logit, "percentile": row.reference_percentile, "probability": row.probability}
    own = [_figure((name, SCHEME, name), value) for name, value in figures.items() if value is not None]
    item = _figure(_query_code(score), row.score)
    item.ContentSequence = [
        *([_text(_FINDING, row.query, "HAS PROPERTIES")] if len(row.query) > _MEANING else []),
        *own,
        _text(_COMMENT, score.support, "HAS PROPERTIES"),
    ]
    item.RelationshipType = "CONTAINS"
    return item


def _query_code(score: ReportedScore) -> Code:
    """Return SNOMED CT's code of the finding, else this program's, else one made of the query."""
    if score.snomed:
        return score.snomed, "SCT", score.name[:_MEANING]
    value = (
        score.row.code if 0 < len(score.row.code) <= 16 else hashlib.sha256(score.row.query.encode()).hexdigest()[:16]
    )
    return value, SCHEME, score.row.query.replace("\\", "/")[:_MEANING]


def _figure(name: Code, value: float) -> Dataset:
    measured = Dataset()
    measured.NumericValue = f"{value:.6f}"
    measured.MeasurementUnitsCodeSequence = [_code(_NO_UNITS)]
    return _item("HAS PROPERTIES", "NUM", name, MeasuredValueSequence=[measured])


def _container(name: Code, content: Sequence[Dataset]) -> Dataset:
    return _item("CONTAINS", "CONTAINER", name, ContinuityOfContent="SEPARATE", ContentSequence=list(content))


def _text(name: Code, text: str, relation: str = "CONTAINS") -> Dataset:
    return _item(relation, "TEXT", name, TextValue=text)


def _coded(relation: str, name: Code, value: Code) -> Dataset:
    return _item(relation, "CODE", name, ConceptCodeSequence=[_code(value)])


def _item(relation: str, kind: str, name: Code, **values: object) -> Dataset:
    item = Dataset()
    item.RelationshipType = relation
    item.ValueType = kind
    item.ConceptNameCodeSequence = [_code(name)]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item


def _uid(*names: str) -> UID:
    """Return a UID that follows from names (PS3.5 B.2: 2.25 and a number)."""
    return UID(f"2.25.{uuid5(NAMESPACE_URL, ':'.join(('urn:suprem-studio:dicom', *names))).int}")
