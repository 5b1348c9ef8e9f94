"""The door to ECG files: exact on good files, one teaching sentence on all others, and nothing left behind."""

from __future__ import annotations

import io
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
import wfdb
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian

from suprem.ecg.checks.quality import assess_quality, blocked
from suprem.ecg.examples import EXAMPLES, example_titles, load_example, real_example
from suprem.ecg.formats import wfdb_reader
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES, TableFormat, read_ecg, read_upload
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, EcgRecord
from suprem.errors import BadSamplingRate, EcgError, MissingFact, UnreadableEcg
from tests.ecg.conftest import dicom_file, wfdb_files

Counts = NDArray[np.int16]
MIMIC_ORDER = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test reads or fails to read, no scratch folder outlives it."""
    made: list[Path] = []
    make = tempfile.mkdtemp

    def remember(*args: str | None, **options: str | None) -> str:
        made.append(Path(make(*args, **options)))
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", remember)
    yield
    assert [path for path in made if path.exists()] == []


def place(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / next(iter(files))


def npy(array: NDArray[np.generic], **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def csv(rows: NDArray[np.floating], header: str = ",".join(LEADS), mark: str = ",") -> bytes:
    """Rows (lead, time) as one column per lead, with enough digits to be exact in float32."""
    lines = [header] if header else []
    lines += [mark.join(f"{value:.9g}" for value in column) for column in rows.T]
    return "\n".join(lines).encode()


def expected(counts: Counts) -> NDArray[np.float32]:
    return (counts / 1000).astype(np.float32)


# --- lead names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "lead"),
    [
        *[(lead, lead) for lead in LEADS],
        *[(lead.lower(), lead) for lead in LEADS],
        ("AVR", "aVR"), ("Lead I", "I"), ("lead_ii", "II"), ("Lead I (Einthoven)", "I"), ("DI", "I"), ("D2", "II"),
        ("MLII", "II"), ("C1", "V1"), ("c6", "V6"), ("MDC_ECG_LEAD_AVR", "aVR"), ("MDC_ECG_LEAD_V4", "V4"),
        ("ECG V5", "V5"), ("ECG I", "I"), (" aVF ", "aVF"), ("aVF, augmented voltage, foot", "aVF"), ("'V2'", "V2"),
        ("EKG_Lead II", "II"), ("ECG-aVR", "aVR"), ("ECG I-Ref", "I"), ("ECG LA-RA", "I"), ("LL-LA", "III"),
        ("V-1", "V1"), ("Wilson V3", "V3"), ("V01", "V1"), ("V4_raw", "V4"), ("Lead - I", "I"),
        ("ECG - aVR", "aVR"),
    ],
)  # fmt: skip
def test_a_lead_is_known_in_every_spelling(spelling: str, lead: str) -> None:
    assert canonical_lead(spelling) == (lead, 1)


@pytest.mark.parametrize(
    "spelling", ["-aVR", "\N{MINUS SIGN}aVR", "aVRneg", "MDC_ECG_LEAD_AVRneg", "Lead -aVR", "aVR(-)", "aVR inverted"]
)
def test_the_inverted_avr_of_cabrera_is_known_as_inverted(spelling: str) -> None:
    assert canonical_lead(spelling) == ("aVR", -1)


@pytest.mark.parametrize(
    "name", ["", "X", "V7", "V3R", "Resp", "aV", "-I", "IV", "time", "MCL1", "Lead", "VX", "V1 inverted"]
)
def test_what_is_no_standard_lead_is_none(name: str) -> None:
    assert canonical_lead(name) is None


# --- WFDB ---------------------------------------------------------------------------------------------------------


def test_wfdb_packed_by_hand_is_read_exactly(tmp_path: Path, counts: Counts) -> None:
    path = place(tmp_path, wfdb_files(counts, comments="#Age: 63\n#Sex: Female\n"))
    record = read_ecg(path)
    assert (record.leads, record.fs, record.record_id, record.source) == (LEADS, 500.0, "rec", "WFDB")
    assert np.array_equal(record.signal, expected(counts))
    assert (record.age, record.sex, record.notes) == (63.0, "female", ())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas 3.1, in the writer of wfdb 4.3
@pytest.mark.parametrize("fmt", ["16", "212", "80", "24", "32", "516", "524"])
def test_wfdb_written_by_wfdb_is_read_exactly_in_every_storage_format(tmp_path: Path, counts: Counts, fmt: str) -> None:
    small = (counts // 40 if fmt == "80" else counts)[:, :2000].astype(np.int64)
    wfdb.wrsamp(
        "other",
        fs=360,
        units=["mV"] * 12,
        sig_name=list(LEADS),
        d_signal=np.ascontiguousarray(small.T),
        fmt=[fmt] * 12,
        adc_gain=[1000.0] * 12,
        baseline=[0] * 12,
        write_dir=str(tmp_path),
    )
    record = read_ecg(tmp_path / "other.hea")
    assert record.fs == 360
    assert np.array_equal(record.signal, (small / 1000).astype(np.float32))


@pytest.mark.parametrize(
    "line",
    [
        "16 1000(0)/mV 16 0 0 0 0 {lead}",
        "16+24 1000/mV 16 0 -254 21756 0 {lead}",  # the Challenges
        "16 200.0(0)/mV 16 0 -7 0 0 {lead}",  # MIMIC-IV-ECG
        "16 4.88(-12)/uV 12 3 0 0 0 ECG {lead}",
        "16 1000/mV 16 100 0 0 0 {lead}",  # the zero of the converter is the baseline where none is stated
        "16 0(0)/mV 16 0 0 0 0 {lead}",  # no calibration
        "16 1000/mV 16 0 0 0 0",  # no lead
        "16x2 1000/mV 16 0 0 0 0 {lead}",
        "16:3 1000/mV 16 0 0 0 0 {lead}",
    ],
)
@pytest.mark.parametrize("length", ["4800", ""])
def test_what_is_decoded_here_is_what_wfdb_decodes(
    counts: Counts, monkeypatch: pytest.MonkeyPatch, line: str, length: str
) -> None:
    holed = counts.copy()
    holed[3, 700:705] = -32768
    data = bytes(24) * ("+24" in line) + wfdb_files(holed)["rec.dat"]
    lines = [f"rec 12 500 {length}".strip(), *(f"rec.dat {line.format(lead=lead)}" for lead in LEADS)]
    files = {"rec.hea": "\n".join(lines).encode(), "rec.dat": data}

    def result() -> object:
        try:
            return read_upload(files)
        except EcgError as error:
            return str(error)

    ours = result()
    monkeypatch.setattr(wfdb_reader, "_decode_plain", lambda *_: None)
    theirs = result()
    if isinstance(ours, EcgRecord) and isinstance(theirs, EcgRecord):
        assert np.array_equal(ours.signal, theirs.signal, equal_nan=True)
        assert (ours.leads, ours.fs, ours.notes) == (theirs.leads, theirs.fs, theirs.notes)
    else:
        assert ours == theirs


def test_the_usual_record_does_without_wfdb(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looked up defaults in a table for 12 of 18 ms an ECG, hours over MIMIC-IV-ECG."""
    monkeypatch.delattr(wfdb, "rdrecord")
    assert np.array_equal(read_upload(wfdb_files(counts)).signal, expected(counts))


def test_wfdb_is_found_by_header_by_signal_file_and_by_bare_name(tmp_path: Path, counts: Counts) -> None:
    place(tmp_path, wfdb_files(counts))
    assert all(read_ecg(tmp_path / name).record_id == "rec" for name in ("rec.hea", "rec.dat", "rec"))


def test_a_mat_file_with_its_offset_is_read(tmp_path: Path, counts: Counts) -> None:
    files = wfdb_files(counts, data_name="rec.mat")
    text = files["rec.hea"].replace(b"rec.mat 16 ", b"rec.mat 16+24 ")
    place(tmp_path, {"rec.hea": text, "rec.mat": struct.pack("<5i", 0, 12, 5000, 0, 4) + b"val\0" + files["rec.dat"]})
    assert np.array_equal(read_ecg(tmp_path / "rec.mat").signal, expected(counts))


def test_leads_are_ordered_by_name_and_not_by_column(counts: Counts) -> None:
    """MIMIC-IV-ECG stores aVF before aVL; reading by position would exchange them without a trace."""
    shuffled = counts[[LEADS.index(lead) for lead in MIMIC_ORDER]]
    record = read_upload(wfdb_files(shuffled, leads=MIMIC_ORDER))
    assert record.leads == LEADS
    assert np.array_equal(record.signal, expected(counts))


@pytest.mark.parametrize(
    ("gain", "factor"),
    [("1(0)/uV", 1e-3), ("1(0)/\N{MICRO SIGN}V", 1e-3), ("1(0)/nV", 1e-6), ("1000000(0)/V", 1e-3), ("500(0)/mV", 2e-3)],
)
def test_millivolts_come_out_whatever_the_header_counts_in(counts: Counts, gain: str, factor: float) -> None:
    record = read_upload(wfdb_files(counts, gain=gain))
    assert np.allclose(record.signal, counts * factor, rtol=1e-6)


def test_an_unknown_unit_is_refused_by_name(counts: Counts) -> None:
    with pytest.raises(EcgError, match="'mmHg', which is no voltage"):
        read_upload(wfdb_files(counts, gain="100(0)/mmHg"))


@pytest.mark.parametrize("unit", ["DOE", "DOE^JANE", "19600101", "mmHg-DOE"])
def test_a_unit_that_is_none_is_not_quoted(counts: Counts, unit: str) -> None:
    """Whoever wrote a name where the unit stands finds it in no message."""
    with pytest.raises(EcgError, match="an unknown unit, which is no voltage") as told:
        read_upload(wfdb_files(counts, gain=f"100(0)/{unit}"))
    assert unit not in str(told.value)


def test_a_missing_calibration_is_asked_for(counts: Counts) -> None:
    """The format's default of 200 counts per mV is five times off for most of what is recorded today."""
    for gain in ("0", "0(0)/mV"):
        with pytest.raises(MissingFact, match="counts-per-mv"):
            read_upload(wfdb_files(counts, gain=gain))
        given = read_upload(wfdb_files(counts, gain=gain), table=TableFormat(counts_per_mv=1000))
        assert np.allclose(given.signal, counts / 1000, atol=1e-5)


def test_a_missing_rate_takes_the_formats_default_and_says_so(counts: Counts) -> None:
    files = wfdb_files(counts)
    files["rec.hea"] = files["rec.hea"].replace(b"rec 12 500 5000", b"rec 12")
    slow = read_upload(files)
    assert slow.fs == 250
    assert any("250 Hz" in note for note in slow.notes)


def test_dates_in_any_spelling_do_not_matter(counts: Counts) -> None:
    files = wfdb_files(counts)
    files["rec.hea"] = files["rec.hea"].replace(b"rec 12 500 5000", b"rec 12 500 5000 05-Feb-2020 11:39:16")
    assert read_upload(files).seconds == 10


def test_missing_samples_are_nan(counts: Counts) -> None:
    holed = counts.copy()
    holed[3, 100:110] = -32768
    signal = read_upload(wfdb_files(holed)).signal
    assert np.isnan(signal[3, 100:110]).all()
    assert np.isnan(signal).sum() == 10


def test_other_channels_are_left_out_and_counted(counts: Counts) -> None:
    record = read_upload(wfdb_files(counts[:5], leads=("I", "Resp", "II", "V1", "MLII")))
    assert record.leads == ("I", "II", "V1")
    assert len(record.notes) == 2


def test_the_sign_of_an_inverted_avr_is_turned(counts: Counts) -> None:
    turned = counts.copy()
    turned[3] *= -1
    record = read_upload(wfdb_files(turned, leads=("I", "II", "III", "-aVR", *LEADS[4:])))
    assert np.array_equal(record.signal, expected(counts))


def test_a_multi_segment_record_is_joined(tmp_path: Path, counts: Counts) -> None:
    first, second = wfdb_files(counts[:, :2000], name="rec_1"), wfdb_files(counts[:, 2000:], name="rec_2")
    master = {"rec.hea": b"rec/2 12 500 5000\nrec_1 2000\nrec_2 3000\n"}
    assert np.array_equal(read_upload({**first, **second, **master}).signal, expected(counts))
    place(tmp_path, {**master, **first, **second})
    assert [path.name for path in find_records(tmp_path)] == ["rec.hea"]
    assert np.array_equal(read_ecg(tmp_path / "rec.hea").signal, expected(counts))


def test_gains_that_normalise_each_lead_are_undone_with_a_note(counts: Counts) -> None:
    """The Lobachevsky database: every lead 1 mV peak to peak, while its integers obey Einthoven."""
    whole = counts.astype(np.int32)
    whole[2] = whole[1] - whole[0]
    files = wfdb_files(whole.astype(np.int16))
    lines = files["rec.hea"].decode().splitlines()
    for i in range(12):
        lines[i + 1] = lines[i + 1].replace("1000(0)/mV", f"{np.ptp(whole[i])}(1)/mV")
    files["rec.hea"] = "\n".join(lines).encode()
    record = read_upload(files)
    assert np.allclose(record.signal, whole / 1000, atol=1e-5)
    assert any("1000 per mV" in note for note in record.notes)


def test_honest_gains_that_differ_between_leads_are_believed(counts: Counts) -> None:
    files = wfdb_files(counts)
    files["rec.hea"] = files["rec.hea"].replace(b"rec.dat 16 1000(0)/mV 16 0 0 0 0 V6", b"rec.dat 16 500 16 0 0 0 0 V6")
    assert np.allclose(read_upload(files).lead("V6"), counts[11] / 500)


def test_age_is_capped_and_nothing_else_of_the_comments_enters(counts: Counts) -> None:
    comments = "#Age: 94\n#Sex: M\n#Name: DOE^JANE\n#<diagnoses>: seen by Dr DOE\n"
    record = read_upload(wfdb_files(counts, comments=comments))
    assert (record.age, record.sex) == (89.0, "male")
    assert "DOE" not in repr(record)


@pytest.mark.parametrize(
    "target", ["../../etc/passwd", "/etc/passwd", "..", "..\\secret.dat", "sub/rec.dat", "../rec.dat"]
)
def test_a_header_that_names_a_file_elsewhere_is_refused(tmp_path: Path, counts: Counts, target: str) -> None:
    files = wfdb_files(counts, data_name=target)
    (tmp_path / "folder").mkdir()
    place(tmp_path, {"rec.dat": files["rec.dat"]})
    with pytest.raises(UnreadableEcg, match=r"outside its folder|not there"):
        read_upload(files)
    with pytest.raises(UnreadableEcg, match=r"outside its folder|not there"):
        read_ecg(place(tmp_path / "folder", {"rec.hea": files["rec.hea"]}))


def test_a_segment_elsewhere_is_refused() -> None:
    with pytest.raises(UnreadableEcg, match="segment outside"):
        read_upload({"rec.hea": b"rec/1 12 500 5000\n../../x 5000\n", "x.dat": bytes(100)})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"rec 12 500 5000", b"rec 12 500 2000000000", "at most 7200000"),
        (b"rec 12 500 5000", b"rec 12 500 5001", "promises 5001 samples per lead, the signal file holds 5000"),
        (b"rec 12 500 5000", b"rec 13 500 5000", "announces 13 .* describes 12"),
        (b"rec 12 500 5000", b"rec 0 500 5000", "announces 0"),
        (b"rec 12 500 5000", b"<html>", "no WFDB header"),
        (b"rec.dat 16 ", b"rec.dat 999 ", "storage format"),
        (b"rec.dat 16 ", b"rec.dat 16x900000000 ", "at most"),
        (b"rec.dat 16 ", b"rec.dat 16:999999999 ", "shifts a signal"),
        (b"rec.dat 16 ", b"rec.dat sixteen ", "signal line"),
        (b" I\n", b" Q\n", None),
    ],
)
def test_what_a_header_claims_is_checked(counts: Counts, old: bytes, new: bytes, says: str | None) -> None:
    files = wfdb_files(counts)
    files["rec.hea"] = files["rec.hea"].replace(old, new)
    if says is None:
        assert len(read_upload(files).leads) == 11
        return
    with pytest.raises(UnreadableEcg, match=says):
        read_upload(files)


def test_a_truncated_signal_file_is_refused_with_both_figures(counts: Counts) -> None:
    files = wfdb_files(counts)
    files["rec.dat"] = files["rec.dat"][:60_000]
    with pytest.raises(UnreadableEcg, match="promises 5000 samples per lead, the signal file holds 2500"):
        read_upload(files)


def test_header_or_signal_file_alone_asks_for_the_other(tmp_path: Path, counts: Counts) -> None:
    files = wfdb_files(counts)
    with pytest.raises(UnreadableEcg, match=r"together with its \.dat or \.mat"):
        read_upload({"rec.hea": files["rec.hea"]})
    with pytest.raises(UnreadableEcg, match=r"together with its WFDB header \(\.hea\)"):
        read_upload({"rec.dat": files["rec.dat"]})
    with pytest.raises(UnreadableEcg, match=r"together with its WFDB header"):
        read_ecg(place(tmp_path, {"rec.dat": files["rec.dat"]}))


def test_two_records_at_once_are_refused(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="2 WFDB headers"):
        read_upload({**wfdb_files(counts, name="a"), **wfdb_files(counts, name="b")})
    with pytest.raises(UnreadableEcg, match="one ECG at a time"):
        read_upload({"a.csv": b"1", "b.csv": b"2"})


def test_no_name_of_an_upload_reaches_record_or_message(counts: Counts) -> None:
    files = wfdb_files(counts, name="Smith_John_1960")
    assert "smith" not in repr(read_upload(files)).lower()
    del files["Smith_John_1960.dat"]
    with pytest.raises(UnreadableEcg) as caught:
        read_upload(files)
    assert "smith" not in str(caught.value).lower()


# --- DICOM --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["MDC", "SCPECG", "99LOCAL"])
@pytest.mark.parametrize(
    ("unit", "sensitivity", "factor"), [("uV", 1.25, 1.25e-3), ("mV", 0.001, 1e-3), ("nV", 500.0, 5e-4)]
)
def test_dicom_is_read_by_code_and_unit(
    counts: Counts, scheme: str, unit: str, sensitivity: float, factor: float
) -> None:
    data = dicom_file([("RHYTHM", counts, 500.0)], scheme=scheme, unit=unit, sensitivity=sensitivity)
    record = read_upload({"x.dcm": data})
    assert (record.leads, record.fs, record.source) == (LEADS, 500.0, "DICOM")
    assert np.allclose(record.signal, counts * factor, rtol=1e-6)


def test_the_rhythm_is_read_and_not_the_median_beat_whatever_comes_first(counts: Counts) -> None:
    median = counts[:, :600]
    for groups in ([("MEDIAN BEAT", median, 500.0), ("", counts, 500.0)], [("", counts, 500.0), ("", median, 500.0)]):
        record = read_upload({"x": dicom_file(groups)})
        assert np.array_equal(record.signal, expected(counts))
        assert any("2 waveform groups" in note for note in record.notes)


def test_the_code_of_an_inverted_avr_wins_over_its_text(counts: Counts) -> None:
    turned = counts.copy()
    turned[3] *= -1
    data = dicom_file([("", turned, 500.0)], leads=("I", "II", "III", "-aVR", *LEADS[4:]))
    assert np.array_equal(read_upload({"x": data}).signal, expected(counts))


def test_dicom_padding_is_missing(counts: Counts) -> None:
    padded = counts.copy()
    padded[:, -50:] = -32768
    record = read_upload({"x": dicom_file([("", padded, 500.0)], padding=-32768)})
    assert np.isnan(record.signal[:, -50:]).all()
    assert not np.isnan(record.signal[:, :-50]).any()


def test_no_identifier_of_a_dicom_file_enters_the_record(counts: Counts) -> None:
    data = dicom_file(
        [("", counts, 500.0)],
        PatientName="DOE^JANE",
        PatientID="SECRET-4711",
        PatientBirthDate="19300101",
        InstitutionName="SECRET Hospital",
        PatientAge="093Y",
        PatientSex="F",
    )
    record = read_upload({"DOE_JANE.dcm": data})
    assert (record.age, record.sex) == (89.0, "female")
    assert not any(word in repr(record) for word in ("DOE", "SECRET", "1930"))


@pytest.mark.parametrize(("text", "age"), [("042Y", 42), ("018M", 1.5), ("", None)])
def test_dicom_ages_are_years(counts: Counts, text: str, age: float | None) -> None:
    record = read_upload({"x": dicom_file([("", counts[:, :100], 500.0)], PatientAge=text)})
    assert record.age == age


def test_a_damaged_or_foreign_dicom_file_is_refused(counts: Counts) -> None:
    whole = dicom_file([("", counts, 500.0)])
    with pytest.raises(UnreadableEcg, match="damaged"):
        read_upload({"x.dcm": whole[: len(whole) // 2]})
    with pytest.raises(UnreadableEcg, match="holds no waveform"):
        read_upload({"x.dcm": dicom_file([])})
    with pytest.raises(UnreadableEcg, match="compressed"):
        read_upload({"x.dcm": whole.replace(b"1.2.840.10008.1.2.1\0", DeflatedExplicitVRLittleEndian.encode()[:20])})


def test_a_dicom_file_that_states_an_enormous_length_is_refused(counts: Counts) -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file([("", counts, 500.0)])))
    dataset.WaveformSequence[0].NumberOfWaveformSamples = 2_000_000_000
    stream = io.BytesIO()
    dataset.save_as(stream)
    with pytest.raises(UnreadableEcg, match="at most"):
        read_upload({"x": stream.getvalue()})


# --- CSV ----------------------------------------------------------------------------------------------------------

FORMAT = TableFormat(fs=500, unit="mV", leads=LEADS)


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
def test_csv_with_names_is_read_exactly(brief: EcgRecord, mark: str) -> None:
    record = read_upload({"x.csv": csv(brief.signal, mark.join(LEADS), mark)}, table=FORMAT)
    assert (record.leads, record.fs) == (LEADS, 500)
    assert np.array_equal(record.signal, brief.signal)


def test_decimal_commas_are_understood(brief: EcgRecord) -> None:
    text = csv(brief.signal, ";".join(LEADS), ";").replace(b".", b",")
    assert np.array_equal(read_upload({"x.csv": text}, table=FORMAT).signal, brief.signal)


@pytest.mark.parametrize(
    ("heading", "times"),
    [
        ("time", np.arange(1200) / 500),
        ("Time (s)", np.arange(1200) / 500 + 7),
        ("t_ms", np.arange(1200) * 2),
        ("time [ms]", np.arange(1200) * 2),
    ],
)
def test_a_time_column_gives_the_rate(brief: EcgRecord, heading: str, times: NDArray[np.float64]) -> None:
    rows = np.vstack([times, brief.signal])
    record = read_upload({"x.csv": csv(rows, ",".join((heading, *LEADS)))}, table=TableFormat(unit="mV"))
    assert (record.fs, record.leads) == (500, LEADS)
    assert np.array_equal(record.signal, brief.signal)


def test_the_export_of_physionets_own_tool_is_read(brief: EcgRecord) -> None:
    """rdsamp -c -v -p: quoted names, a line of units, elapsed time."""
    times = np.round(np.arange(1200) / 500, 3)
    text = csv(
        np.vstack([times, brief.signal]),
        ",".join(("'Elapsed time'", *[f"'{x}'" for x in LEADS])) + "\n" + ",".join(("'seconds'", *["'mV'"] * 12)),
    )
    record = read_upload({"x.txt": text})
    assert (record.fs, record.notes) == (500, ())
    assert np.array_equal(record.signal, brief.signal)


def test_preamble_states_rate_and_gain(brief: EcgRecord) -> None:
    counts = np.round(brief.signal * 2048)
    text = b"Sampling Rate (Hz): 250\nGain (digit/millivolt): 2048 \n" + csv(counts)
    record = read_upload({"x.csv": text})
    assert record.fs == 250
    assert np.allclose(record.signal, counts / 2048)


@pytest.mark.parametrize("headings", [[f"{lead} (uV)" for lead in LEADS], [f"{lead}_uV" for lead in LEADS]])
def test_units_in_the_headings_are_used(brief_counts: Counts, headings: list[str]) -> None:
    record = read_upload({"x.csv": csv(brief_counts, ",".join(headings))}, table=TableFormat(fs=500))
    assert np.array_equal(record.signal, expected(brief_counts))


def test_a_data_frames_index_column_is_no_lead(brief: EcgRecord) -> None:
    rows = np.vstack([np.arange(1200), brief.signal])
    record = read_upload({"x.csv": csv(rows, "," + ",".join(LEADS))}, table=FORMAT)
    assert np.array_equal(record.signal, brief.signal)
    assert record.notes == ()


def test_one_line_per_lead_is_turned(brief: EcgRecord) -> None:
    text = "\n".join(f"{lead}," + ",".join(f"{v:.9g}" for v in brief.lead(lead)) for lead in reversed(LEADS))
    record = read_upload({"x.csv": text.encode()}, table=FORMAT)
    assert np.array_equal(record.signal, brief.signal)


def test_empty_cells_are_missing(brief: EcgRecord) -> None:
    lines = csv(brief.signal).decode().splitlines()
    lines[101] = "," + lines[101].partition(",")[2]
    record = read_upload({"x.csv": "\n".join(lines).encode()}, table=FORMAT)
    assert np.isnan(record.lead("I")[100])
    assert np.isnan(record.signal).sum() == 1


def test_columns_are_taken_by_name(brief: EcgRecord) -> None:
    rows = brief.signal[[LEADS.index(lead) for lead in MIMIC_ORDER]]
    record = read_upload({"x.csv": csv(rows, ",".join(MIMIC_ORDER))}, table=FORMAT)
    assert np.array_equal(record.signal, brief.signal)


def test_twelve_unnamed_columns_are_named_only_where_einthoven_proves_their_order(brief: EcgRecord) -> None:
    given = TableFormat(fs=500, unit="mV")
    record = read_upload({"x.csv": csv(brief.signal, "")}, table=given)
    assert record.leads == LEADS
    assert any("standard order" in note for note in record.notes)
    mimic = brief.signal[[LEADS.index(lead) for lead in MIMIC_ORDER]]
    with pytest.raises(EcgError, match="lead names in order"):
        read_upload({"x.csv": csv(mimic, "")}, table=given)
    named = TableFormat(fs=500, unit="mV", leads=MIMIC_ORDER)
    assert np.array_equal(read_upload({"x.csv": csv(mimic, "")}, table=named).signal, brief.signal)


def test_a_rate_that_is_nowhere_is_asked_for(brief: EcgRecord) -> None:
    with pytest.raises(MissingFact, match=r"no sampling rate \(1111 samples\); give it in Hz"):
        read_upload({"x.csv": csv(brief.signal[:, :1111])}, table=TableFormat(unit="mV"))


def test_five_thousand_samples_are_ten_seconds_and_that_is_said(clean: EcgRecord) -> None:
    record = read_upload({"x.csv": csv(clean.signal)}, table=TableFormat(unit="mV"))
    assert record.fs == 500
    assert any("usual 10 s at 500 Hz" in note for note in record.notes)


def test_what_the_file_states_is_not_overruled_and_the_difference_is_said(brief: EcgRecord) -> None:
    rows = np.vstack([np.arange(1200) / 250, brief.signal])
    record = read_upload({"x.csv": csv(rows, ",".join(("time", *LEADS)))}, table=FORMAT)
    assert record.fs == 250
    assert any("250 Hz" in note for note in record.notes)


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "mV"), (1000.0, "uV"), (0.001, "V")])
def test_a_unit_that_only_the_size_allows_is_used_and_said(brief: EcgRecord, factor: float, unit: str) -> None:
    record = read_upload({"x.csv": csv(brief.signal * factor)}, table=TableFormat(fs=500))
    assert np.allclose(record.signal, brief.signal, rtol=1e-5)
    assert any(f"can only be {unit}" in note for note in record.notes)


def test_whole_numbers_and_normalised_values_have_no_evident_unit(brief: EcgRecord, brief_counts: Counts) -> None:
    low = brief.signal.min()
    for rows in (
        brief_counts,
        (brief.signal - low) / np.ptp(brief.signal),
        brief.signal / brief.signal.std(1, keepdims=True),
    ):
        with pytest.raises(EcgError, match="give the unit"):
            read_upload({"x.csv": csv(rows)}, table=TableFormat(fs=500))


def test_an_uneven_time_column_is_refused(brief: EcgRecord) -> None:
    times = np.arange(1200) / 500
    times[600:] += 3
    with pytest.raises(BadSamplingRate, match="does not rise evenly"):
        read_upload({"x.csv": csv(np.vstack([times, brief.signal]), ",".join(("time", *LEADS)))}, table=FORMAT)


def test_a_broken_line_is_named(brief: EcgRecord) -> None:
    lines = csv(brief.signal).decode().splitlines()
    lines[800] = "what is this"
    with pytest.raises(UnreadableEcg, match="Line 801"):
        read_upload({"x.csv": "\n".join(lines).encode()}, table=FORMAT)


# --- NPY and NPZ --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_npy_is_read_in_either_orientation(brief: EcgRecord, turned: bool) -> None:
    record = read_upload({"x.npy": npy(brief.signal.T if turned else brief.signal)}, table=FORMAT)
    assert np.array_equal(record.signal, brief.signal)


def test_npz_states_everything_itself(brief: EcgRecord) -> None:
    leads = np.array(MIMIC_ORDER)
    signal = brief.signal[[LEADS.index(lead) for lead in MIMIC_ORDER]] * 1000
    record = read_upload({"x.npz": npz(signal=signal, fs=500, leads=leads, units=np.array("uV"))})
    assert (record.fs, record.leads, record.notes) == (500, LEADS, ())
    assert np.allclose(record.signal, brief.signal, rtol=1e-6)


def test_eight_leads_stay_eight(brief: EcgRecord) -> None:
    eight = np.stack([brief.lead(lead) for lead in INDEPENDENT_LEADS])
    record = read_upload({"x.npy": npy(eight)}, table=TableFormat(fs=500, unit="mV", leads=INDEPENDENT_LEADS))
    assert record.leads == INDEPENDENT_LEADS


class _Bomb:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return Path("/tmp/suprem-pwned").write_text, ("x",)


def test_a_pickle_is_never_loaded() -> None:
    bomb = np.array([[_Bomb()]], dtype=object)
    for name, data in (("x.npy", npy(bomb)), ("x.npz", npz(signal=bomb)), ("x.pkl", pickle.dumps(_Bomb()))):
        with pytest.raises(UnreadableEcg):
            read_upload({name: data})


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("signal.npy", "w") as member,
    ):
        np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": (12, 1_300_000)})
        for _ in range(63):
            member.write(bytes(1_000_000))
    assert len(stream.getvalue()) < 1_000_000
    with pytest.raises(UnreadableEcg, match="unpacks to 60 MB"):
        read_upload({"x.npz": stream.getvalue()})


@pytest.mark.parametrize("shape", ["(12, 9000000000)", "(5000,)", "(12, 5000, 2)", "(100, 100)", "(0, 12)"])
def test_an_array_of_another_shape_is_refused(shape: str) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(480_000)
    with pytest.raises(UnreadableEcg, match=r"array of|promises"):
        read_upload({"x.npy": data}, table=TableFormat(fs=500, unit="mV"))


def test_infinite_values_are_missing(brief: EcgRecord) -> None:
    signal = brief.signal.copy()
    signal[0, :3] = (np.nan, np.inf, -np.inf)
    record = read_upload({"x.npy": npy(signal)}, table=FORMAT)
    assert np.isnan(record.signal[0, :3]).all()
    assert np.isnan(record.signal).sum() == 3


# --- what is not an ECG -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xff\xd8\xff\xe0 jpeg", "picture"),
        (b"<?xml version='1.0'?><html></html>", "XML or HTML"),
        (b"<?xml version='1.0'?>\n<RestingECG><x/></RestingECG>", "GE MUSE XML file holds no waveform"),
        (b"<AnnotatedECG xmlns='urn:hl7-org:v3'>", "HL7 aECG file is damaged or cut off"),
        ("<?xml version='1.0'?><restingecgdata>".encode("utf-16"), "Philips Sierra XML file is damaged or cut off"),
        (b"\x00\x00\x00\x00\x00\x00\x88\x00\x00\x00\x0d\x0dSCPECG", "SCP-ECG file is damaged or cut off"),
        (b"0       X X X X", "EDF or BDF file holds no number"),
        (b'{"signal": [1, 2]}', "JSON"),
        (b"PK\x03\x04 word/document.xml", "ZIP archive"),
        (b"Dear colleague,\nthank you for the patient.\n", "no table of numbers"),
        (bytes(range(256)) * 10, "no known ECG format"),
    ],
)
def test_what_is_no_ecg_is_named_in_one_teaching_sentence(data: bytes, says: str) -> None:
    for name in ("x.csv", "x.dcm", "x"):  # the content is believed, not the name
        with pytest.raises(UnreadableEcg, match=says) as caught:
            read_upload({name: data})
        assert "Traceback" not in str(caught.value)
        assert len(str(caught.value)) < 300


def test_an_upload_that_is_too_large_or_empty_is_refused() -> None:
    with pytest.raises(UnreadableEcg, match="at most 20 MB"):
        read_upload({"x.csv": bytes(MAX_UPLOAD_BYTES + 1)})
    with pytest.raises(UnreadableEcg, match="No file"):
        read_upload({})


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_ecg(tmp_path / "nothing.dcm")


def test_bytes_changed_at_random_never_crash_a_reader(clean: EcgRecord, counts: Counts) -> None:
    rng = np.random.default_rng(7)
    short = counts[:, :300]
    wfdb_pair = wfdb_files(short)
    uploads: list[dict[str, bytes]] = [
        wfdb_pair,
        {"x.dcm": dicom_file([("", short, 500.0)])},
        {"x.csv": csv(clean.signal[:, :300])},
        {"x.npy": npy(clean.signal[:, :300])},
        {"x.npz": npz(signal=clean.signal[:, :300], fs=500)},
    ]
    for files in uploads:
        target = next(iter(files))
        for _ in range(25):
            data = bytearray(files[target])
            head = min(len(data), 900)
            for position in rng.integers(0, head, rng.integers(1, 6)):
                data[position] = rng.integers(256)
            with suppress(EcgError):
                read_upload({**files, target: bytes(data)}, table=FORMAT)


# --- folders and examples -----------------------------------------------------------------------------------------


def test_one_path_per_record_and_nothing_else_is_found(tmp_path: Path, clean: EcgRecord, counts: Counts) -> None:
    short = counts[:, :200]
    (tmp_path / "sub" / ".hidden").mkdir(parents=True)
    place(tmp_path, wfdb_files(short, name="b"))
    place(tmp_path / "sub", {**wfdb_files(short, name="a", data_name="a.mat"), "a.atr": b"x", "a.avr": b"x"})
    place(tmp_path / "sub" / ".hidden", wfdb_files(short, name="c"))
    place(
        tmp_path,
        {
            "x.dcm": dicom_file([("", short, 500.0)]),
            "IM0001": dicom_file([("", short, 500.0)]),
            "x.csv": csv(clean.signal),
            "plain.csv": csv(clean.signal, ""),
            "x.npy": npy(clean.signal),
            "x.npz": npz(signal=clean.signal),
            "muse.xml": b"<RestingECG></RestingECG>",
            "damaged.dcm": b"nothing",
            "RECORDS": b"a\nb\n",
            "README": b"read me\n",
            "notes.txt": b"1,2\n3,4\n",
            "database.csv": b'ecg_id,age,report\n1,56,"sinus rhythm"\n2,60,normal\n',
            "measurements.csv": b"id,heart_rate,qrs\n1,60,90\n2,70,100\n",
            "labels.npy": npy(np.zeros((1000, 71), np.float32)),
            "other.npz": npz(a=np.zeros(3), b=np.zeros(3)),
            "settings.xml": b"<settings/>",
            "._b.hea": b"x",
        },
    )
    found = [str(path.relative_to(tmp_path)) for path in find_records(tmp_path)]
    assert found == sorted(found)
    assert set(found) == {
        "b.hea", "sub/a.hea", "x.dcm", "IM0001", "x.csv", "plain.csv", "x.npy", "x.npz", "muse.xml", "damaged.dcm",
    }  # fmt: skip


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder"):
        find_records(tmp_path / "nowhere")


def test_the_real_example_is_the_rhythm_of_the_file_inside_pydicom() -> None:
    record = real_example()
    assert (record.leads, record.fs, record.seconds, record.source) == (LEADS, 1000.0, 10.0, "DICOM")
    assert 1.0 < np.abs(record.signal).max() < 3.0
    assert record.device["QRS Duration"] == "75 ms"
    assert "PP Interval" not in record.device  # which the device wrote as 0
    assert not blocked(assess_quality(record))


def test_examples_are_labelled_and_load_by_title() -> None:
    assert len(EXAMPLES) >= 6
    assert all(title.startswith("Synthetic:") for title in EXAMPLES)
    for title in example_titles():
        record = load_example(title)
        assert record.leads == LEADS
        assert (record.source == "synthetic") == title.startswith("Synthetic:")
        assert not blocked(assess_quality(record))
    with pytest.raises(EcgError, match="choose one of"):
        load_example("Real: mine")


# --- real recordings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", ["cinc", "ludb", "ptb-xl/records500"])
def test_every_real_wfdb_record_is_read_with_twelve_leads_in_millivolts(test_data: Path, corpus: str) -> None:
    paths = find_records(test_data / corpus)[:30]
    assert len(paths) >= 20
    for path in paths:
        record = read_ecg(path)
        assert (record.leads, record.fs) == (LEADS, 500.0)
        assert 0.2 < np.nanmax(np.abs(record.signal)) < 15


@pytest.mark.parametrize("corpus", ["cinc", "ludb"])
def test_real_wfdb_records_are_decoded_as_wfdb_does(
    test_data: Path, monkeypatch: pytest.MonkeyPatch, corpus: str
) -> None:
    paths = find_records(test_data / corpus)[::3]
    ours = [read_ecg(path) for path in paths]
    monkeypatch.setattr(wfdb_reader, "_decode_plain", lambda *_: None)
    for path, record in zip(paths, ours, strict=True):
        assert np.array_equal(record.signal, read_ecg(path).signal, equal_nan=True)


def test_real_exports_are_read_or_named(test_data: Path) -> None:
    outcomes = {}
    for path in find_records(test_data / "formats"):
        try:
            outcomes[path.name] = read_ecg(path).source
        except UnreadableEcg as error:
            outcomes[path.name] = str(error).partition(",")[0].removeprefix("Found a file of the kind ")
    assert outcomes["ECG_12L.csv"] == "CSV"
    assert outcomes["anonymous_ecg.dcm"] == "DICOM"
    assert outcomes["muse_example1.xml"] == "GE MUSE XML"
    assert outcomes["aecg_liryc.xml"] == "HL7 aECG"
    assert outcomes["sierra_1.xml"] == "Philips Sierra XML"
    assert outcomes["demo.scp"] == "SCP-ECG"


def test_the_lobachevsky_database_keeps_its_proportions(test_data: Path) -> None:
    record = read_ecg(test_data / "ludb" / "1.hea")
    assert any("1000 per mV" in note for note in record.notes)
    assert np.allclose(record.lead("III"), record.lead("II") - record.lead("I"), atol=0.003)


def test_tables_about_ecgs_are_not_taken_for_ecgs(test_data: Path) -> None:
    assert find_records(test_data / "splits") == []
    assert all(path.suffix == ".hea" for path in find_records(test_data / "ptb-xl" / "records500"))
    assert all(path.suffix == ".hea" for path in find_records(test_data / "ludb"))
