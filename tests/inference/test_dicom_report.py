from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from pydicom import Dataset, config, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import EnhancedSRStorage

from suprem.export import RESEARCH_USE
from suprem.inference.dicom_report import structured_report
from tests.inference.reports import LINEAGE, LONG, RESULTS

MOMENT = datetime(2026, 12, 1, 6, tzinfo=UTC)


def written(number: int) -> Dataset:
    """Return a report as it is read back, with every value checked against its representation."""
    file = BytesIO()
    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.RAISE
    try:
        structured_report(RESULTS[number], LINEAGE, MOMENT).save_as(file, enforce_file_format=True)
        file.seek(0)
        report = dcmread(file)
        report.walk(lambda dataset, element: str(element.value))
        return report
    finally:
        config.settings.reading_validation_mode = before


def numbers(report: Dataset) -> list[Dataset]:
    return [item for part in report.ContentSequence if part.ValueType == "CONTAINER" for item in part.ContentSequence]


def texts(report: Dataset) -> list[str]:
    return [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]


def test_it_is_a_preliminary_ecg_report_of_nobody() -> None:
    report = written(0)
    assert report.SOPClassUID == EnhancedSRStorage
    assert report.ConceptNameCodeSequence[0].CodeMeaning == "ECG Report"
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == (
        "PARTIAL", "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip
    assert (report.PatientName, report.PatientID, report.AccessionNumber) == ("", "", "")
    assert RESEARCH_USE in texts(report)
    assert "V6 is flat." in texts(report)
    assert any("abc123" in text for text in texts(report))


def test_each_query_is_a_number_under_its_code() -> None:
    known, unknown = numbers(written(0))
    name = known.ConceptNameCodeSequence[0]
    assert (name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning) == ("49436004", "SCT", "atrial fibrillation")
    assert float(known.MeasuredValueSequence[0].NumericValue) == 0.9
    assert [item.ConceptNameCodeSequence[0].CodeMeaning for item in known.ContentSequence] == [
        "logit", "percentile", "probability", "Comment",
    ]  # fmt: skip
    other = unknown.ConceptNameCodeSequence[0]
    assert other.CodingSchemeDesignator == "99SUPREM"
    assert len(other.CodeValue) == 16
    assert unknown.ContentSequence[0].TextValue == LONG.strip()


def test_a_recording_without_scores_says_why() -> None:
    report = written(1)
    assert "The file is empty." in texts(report)
    assert numbers(report) == []


def test_names_are_the_standards() -> None:
    report = written(0)
    standard = {(found.value, found.meaning) for found in (getattr(codes.DCM, name) for name in codes.DCM.dir())}
    for item in report.ContentSequence:
        code = item.ConceptNameCodeSequence[0]
        assert code.CodingSchemeDesignator == "DCM"
        assert (code.CodeValue, code.CodeMeaning) in standard


def test_the_same_scores_are_the_same_instance() -> None:
    first, again = (structured_report(RESULTS[0], LINEAGE, MOMENT) for _ in range(2))
    assert first.SOPInstanceUID == again.SOPInstanceUID
    assert first.SOPInstanceUID != structured_report(RESULTS[1], LINEAGE, MOMENT).SOPInstanceUID
