"""Exports of further systems give back exactly what was written, and say what they could not."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from suprem.ecg.formats.known_formats import FORMATS
from suprem.ecg.formats.readers import TableFormat, read_upload
from suprem.ecg.record import LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import BadSamplingRate, EcgError, MissingFact, UnreadableEcg
from tests.ecg.formats.hospital_files import Counts, scp_file
from tests.ecg.formats.vendor_files import (
    cardiosoft_file,
    excel_file,
    fhir_file,
    hdf5_file,
    ishne_file,
    mfer_file,
    mortara_file,
    schiller_file,
)

SIGNAL = synthesize(SyntheticSpec(seed=11)).signal[:, :3000]
COUNTS: Counts = np.round(SIGNAL * 1000).astype(np.int16)
WRITERS: dict[str, Callable[..., bytes]] = {
    "GE CardioSoft XML": cardiosoft_file,
    "Schiller EDI XML": schiller_file,
    "Mortara ELI XML": mortara_file,
    "ISHNE": ishne_file,
    "MFER": mfer_file,
    "FHIR": fhir_file,
}


def read(data: bytes, name: str = "ecg", table: TableFormat | None = None) -> EcgRecord:
    return read_upload({name: data}, table=table)


def assert_same(record: EcgRecord, microvolts: Counts = COUNTS, *, within: float = 0.0006) -> None:
    assert record.leads == LEADS
    np.testing.assert_allclose(record.signal, microvolts / 1000, atol=within)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_written_signal_comes_back(kind: str) -> None:
    record = read(WRITERS[kind](COUNTS))
    assert record.source == kind
    assert record.fs == 500.0
    assert_same(record)


@pytest.mark.parametrize("kind", ["GE CardioSoft XML", "Schiller EDI XML", "Mortara ELI XML"])
def test_what_the_device_measured_and_said_without_who_it_was(kind: str) -> None:
    record = read(WRITERS[kind](COUNTS))
    assert record.sex == "female"
    assert record.device["QRS Duration"] == "88 ms"
    assert "QTc Interval" not in record.device
    assert record.age == (None if kind == "Schiller EDI XML" else 71.0)
    assert any("1 statement(s) of the file were left out" in note for note in record.notes)
    assert record.device_statements == (() if kind == "Schiller EDI XML" else ("Sinus rhythm",))


@pytest.mark.parametrize(
    ("data", "per_count"),
    [
        (cardiosoft_file(COUNTS, step="5"), 5.0),
        (schiller_file(COUNTS, step="2.5"), 2.5),
        (schiller_file(COUNTS, step="0.001", unit="mV"), 1.0),
        (mortara_file(COUNTS, per_mv=400), 2.5),
        (ishne_file(COUNTS, nanovolts=2500), 2.5),
        (fhir_file(COUNTS, factor=0.0025, unit="mV"), 2.5),
    ],
)
def test_the_amplitude_a_count_is_kept(data: bytes, per_count: float) -> None:
    assert_same(read(data), COUNTS * per_count, within=0.002)


def test_a_duration_in_milliseconds_is_no_count_of_samples() -> None:
    assert_same(read(mortara_file(COUNTS, in_ms=True)))


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (cardiosoft_file(COUNTS, strip=False), UnreadableEcg, "no StripData"),
        (cardiosoft_file(COUNTS, cut=100), UnreadableEcg, "cut off"),
        (cardiosoft_file(COUNTS, unit="LSB"), UnreadableEcg, "Resolution"),
        (cardiosoft_file(COUNTS, fs=""), MissingFact, r"SampleRate.*give it in Hz"),
        (schiller_file(COUNTS, kind="ECG_AVERAGES"), UnreadableEcg, "only averaged beats"),
        (schiller_file(COUNTS, exponent="3"), MissingFact, r"samplerate.*give it in Hz"),
        (schiller_file(COUNTS, unit="bit"), UnreadableEcg, "amplitude"),
        (mortara_file(COUNTS, bits="12"), UnreadableEcg, "16-bit"),
        (mortara_file(COUNTS, per_mv=0), UnreadableEcg, "UNITS_PER_MV"),
        (ishne_file(COUNTS, nanovolts=0), UnreadableEcg, "resolution"),
        (ishne_file(COUNTS, fs=0), MissingFact, "sampling rate.*give it in Hz"),
        (b"ANN  1.0" + ishne_file(COUNTS)[8:], UnreadableEcg, "annotations only"),
        (mfer_file(COUNTS)[:2000], UnreadableEcg, "cut off"),
        (mfer_file(COUNTS, compression=1), UnreadableEcg, "compressed"),
        (fhir_file(COUNTS)[:3000], UnreadableEcg, "cut off"),
        (fhir_file(COUNTS, period='"period": 0'), BadSamplingRate, "period"),
        (b'{"resourceType": "Observation", "component": [{"code": {}}]}', UnreadableEcg, "no SampledData"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(data: bytes, error: type[EcgError], said: str) -> None:
    with pytest.raises(error, match=said):
        read(data)


def test_ishne_writers_differ_in_what_they_count() -> None:
    assert_same(read(ishne_file(COUNTS, stated=12 * 3000)))
    assert_same(read(ishne_file(COUNTS, stated=2000)), COUNTS[:, :2000])
    longer = read(ishne_file(COUNTS, stated=9999))
    assert_same(longer)
    assert any("states 9999 samples a lead and holds 3000" in note for note in longer.notes)


def test_ishne_marks_a_loose_electrode() -> None:
    counts = COUNTS.copy()
    counts[3, 100:200] = -32768
    assert np.isnan(read(ishne_file(counts)).signal[3, 100:200]).all()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("preamble", [b"MFR Standard 12 leads ECG", b" MFR ", b""])
def test_mfer_in_both_byte_orders_with_any_preamble(order: str, preamble: bytes) -> None:
    record = read(mfer_file(COUNTS, order=order, preamble=preamble))
    assert_same(record)
    assert (record.age, record.sex) == (71.0, "female")


def test_mfer_frames_belong_together_and_a_dominant_beat_does_not() -> None:
    assert_same(read(mfer_file(COUNTS, frames=3, hertz=True, beat=True)))


def test_mfer_samples_that_stand_for_none_are_missing() -> None:
    counts = COUNTS.copy()
    counts[5, :50] = 32767
    signal = read(mfer_file(counts, null=32767)).signal
    assert np.isnan(signal[5, :50]).all()
    assert np.isfinite(signal[5, 50:]).all()


@pytest.mark.parametrize(
    "data",
    [
        fhir_file(COUNTS, layout="bundle"),
        fhir_file(COUNTS, lead_codes="names"),
        fhir_file(COUNTS, period='"interval": 0.002, "intervalUnit": "s"'),
        fhir_file(COUNTS, xml=True),
    ],
)
def test_fhir_as_bundle_as_xml_and_with_either_release_and_code(data: bytes) -> None:
    assert_same(read(data))


def test_fhir_without_a_unit_is_concluded_or_asked_for() -> None:
    concluded = read(fhir_file(COUNTS, unit=None, factor=0.001))
    assert_same(concluded)
    assert any("unit" in note for note in concluded.notes)
    with pytest.raises(MissingFact, match="unit"):
        read(fhir_file(COUNTS, unit=None))
    assert_same(read(fhir_file(COUNTS, unit=None), table=TableFormat(unit="uV")))


def test_fhir_errors_among_the_values_are_missing_samples() -> None:
    data = fhir_file(COUNTS).replace(b'"data": "', b'"data": "E U L ', 12)
    assert np.isnan(read(data).signal[:, :3]).all()


def test_an_excel_sheet_among_others() -> None:
    record = read(excel_file(SIGNAL[:, :1000]), "ecg.xlsx")
    assert (record.source, record.fs) == ("Excel", 500.0)
    assert_same(record, COUNTS[:, :1000])
    assert any("1 other(s) were left out" in note for note in record.notes)


def test_an_excel_sheet_without_rate_is_asked_for_it() -> None:
    bare = excel_file(SIGNAL[:, :900], fs=None, before=(), other_sheets=0)
    with pytest.raises(MissingFact, match="sampling rate"):
        read(bare)
    assert read(bare, table=TableFormat(fs=250.0)).fs == 250.0


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(150 * 2**20))
    with pytest.raises(UnreadableEcg, match="unpacks to 150 MB"):
        read(packed.getvalue())


def test_hdf5_of_the_corpora_and_of_anyone() -> None:
    twice = np.concatenate([SIGNAL, SIGNAL], axis=1)
    sph = read(hdf5_file({"ecg": twice.astype(np.float16)}))
    assert (sph.fs, sph.seconds) == (500.0, 12.0)
    assert np.allclose(sph.signal, twice, atol=0.002)
    assert any("SPH" in note for note in sph.notes)
    own = hdf5_file({"group/signal": SIGNAL.T}, attributes={"fs": 250.0, "leads": list(LEADS), "units": "mV"})
    assert read(own).fs == 250.0
    assert_same(read(own))
    apart = hdf5_file(dict(zip(LEADS, SIGNAL, strict=True)) | {"fs": np.array(500.0), "units": np.bytes_("mV")})
    assert_same(read(apart))


def test_twelve_rows_that_are_no_record_of_sph_are_asked_about() -> None:
    for other in (SIGNAL, SIGNAL.astype(np.float16)):  # not its type, and shorter than any of its records
        with pytest.raises(MissingFact, match="sampling rate"):
            read(hdf5_file({"ecg": other}))
        assert read(hdf5_file({"ecg": other}), table=TableFormat(fs=400.0, unit="mV")).fs == 400.0
    code = np.zeros((1, 4096, 12), np.float32)
    code[0, 648:3448] = SIGNAL[:, :2800].T
    given = read(hdf5_file({"tracings": code}), table=TableFormat(fs=300.0))
    assert given.fs == 300.0
    assert not any("400 Hz" in note for note in given.notes)


@pytest.mark.parametrize(
    "data", [cardiosoft_file(COUNTS, fs=""), schiller_file(COUNTS, exponent="3"), ishne_file(COUNTS, fs=0)]
)
def test_a_device_file_without_a_rate_is_read_with_the_one_given(data: bytes) -> None:
    assert read(data, table=TableFormat(fs=250.0)).fs == 250.0
    with pytest.raises(MissingFact):
        read(data, table=TableFormat(unit="mV"))


def test_hdf5_of_code_is_cut_to_what_was_recorded() -> None:
    tracings = np.zeros((2, 4096, 12), np.float32)
    tracings[0, 648:3448] = SIGNAL[:, :2800].T
    record = read(hdf5_file({"tracings": tracings, "exam_id": np.arange(2)}))
    assert (record.fs, record.signal.shape) == (400.0, (12, 2800))
    assert_same(record, COUNTS[:, :2800])
    assert any("1296 samples of zeros" in note for note in record.notes)
    assert any("2 recordings; the first was read" in note for note in record.notes)


def test_hdf5_never_follows_a_way_out_of_the_file(tmp_path: Path) -> None:
    outside = str(tmp_path / "secret.h5")
    with h5py.File(outside, "w") as file:
        file["signal"] = SIGNAL
    (tmp_path / "secret.raw").write_bytes(SIGNAL.tobytes())
    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        file["signal"] = h5py.ExternalLink(outside, "/signal")
        file["other"] = np.zeros(3)
    with pytest.raises(UnreadableEcg, match="none is 'signal'"):
        read(packed.getvalue())
    for make in (_externally_stored, _virtual):
        packed = io.BytesIO()
        with h5py.File(packed, "w") as file:
            make(file, str(tmp_path))
        with pytest.raises(UnreadableEcg, match="lies in another file"):
            read(packed.getvalue())


def _externally_stored(file: h5py.File, folder: str) -> None:
    file.create_dataset("signal", SIGNAL.shape, "f4", external=[(f"{folder}/secret.raw", 0, SIGNAL.nbytes)])


def _virtual(file: h5py.File, folder: str) -> None:
    layout = h5py.VirtualLayout(SIGNAL.shape, "f4")
    layout[...] = h5py.VirtualSource(f"{folder}/secret.h5", "signal", SIGNAL.shape)
    file.create_virtual_dataset("signal", layout)


def test_an_scp_file_of_fewer_values_than_stated_is_read_as_far_as_it_goes() -> None:
    whole = scp_file(COUNTS, coding="none", order=0)
    short = scp_file(COUNTS, coding="none", order=0, states=3600)
    assert not any("header states" in note for note in read(whole).notes)
    record = read(short)
    assert record.signal.shape == (8, 3000)
    assert any("hold 6.0 of the 7.2 s" in note for note in record.notes)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"%PDF-1.4\n%%EOF", "."),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "traced into a signal"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "traced into a signal"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "traced into a signal"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), r"save an older Excel table \(.xls\) as .xlsx"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text", "save the sheet as Excel"),
        (b"ALIVE\0\0\0", "one lead"),
        (b"<HealthData locale='en'>", "one lead"),
        (b"<?xml version='1.0'?><ecg><vendor>CONTEC</vendor></ecg>", "names Contec, whose software can export DICOM"),
        (b'{"device": "Nihon Kohden", "leads": []}', "names Nihon Kohden, whose software can export MFER"),
        (b"\x01\x02Edan\0\0\xff" + bytes(500), "names Edan"),
        (b"GDF 2.20", "EDF"),
        (b"CFWB\1\0\0\0", "LabChart"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named_and_told_how_to_export(head: bytes, said: str) -> None:
    with pytest.raises(UnreadableEcg, match=said):
        read(head)


def test_every_format_that_is_not_read_says_what_to_do() -> None:
    silent = [one.name for one in FORMATS if one.read is None and not one.advice]
    assert silent == ["XML or HTML", "JSON"]  # which say it by the maker they name


REFUSED = {
    "picture": b"\x89PNG\r\n\x1a\n",
    "OpenDocument": b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
    "ZIP archive or Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "gzip archive": gzip.compress(gzip.compress(b"I,II")),
    "AliveCor ATC": b"ALIVE\0\0\0",
    "Apple Health": b"<HealthData><Record/></HealthData>",
    "GDF": b"GDF 2.20",
    "LabChart": b"CFWB\1\0\0\0",
    "XML or HTML": b"<html><body>Philips PageWriter</body></html>",
    "JSON": b'{"device": "Mortara ELI 280"}',
}
"""A file of each format that is recognised and not read."""


def rows_of(part: str) -> dict[str, str]:
    """Return first cell -> second cell of a table of the guide."""
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return {cells[0]: cells[1] for cells in lines if len(cells) == 2 and cells[0] not in ("read", "---")}


def test_the_tables_of_the_guide_are_the_formats_and_what_is_said_of_them() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "guide" / "formats.md").read_text(encoding="utf-8")
    read_part, refused_part = guide.split("| recognised and not read |")
    assert rows_of(read_part).keys() == {one.name for one in FORMATS if one.read is not None} | {"WFDB"}
    refused = rows_of(refused_part.partition("\n")[2])
    assert refused.keys() == REFUSED.keys() == {one.name for one in FORMATS if one.read is None}
    for name, stated in refused.items():
        with pytest.raises(UnreadableEcg) as error:
            read(REFUSED[name])
        said = str(error.value).casefold()
        if "by the maker it names" in stated:
            assert "whose software can export" in said, name
            continue
        words = [word.strip(".,;`").removesuffix("'s").casefold() for word in stated.split()]
        assert [word for word in words if len(word) > 4 and word not in said] == [], (name, said)
