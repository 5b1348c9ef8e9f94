"""Hospital exports: exact on what they state, one sentence on damaged or hostile files, no patient in the result."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.formats.device_words import MAX_LENGTH, MAX_STATEMENTS, in_words, keep_statements, measurements
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import TableFormat, read_ecg, read_upload
from suprem.ecg.record import LEADS, EcgRecord, complete_leads
from suprem.errors import BadSamplingRate, EcgError, MissingFact, UnreadableEcg
from tests.ecg.formats.hospital_files import EIGHT, SECRETS, aecg_file, edf_file, muse_file, scp_file, sierra_file

Counts = NDArray[np.int16]
Write = Callable[[Counts], bytes]


def read(data: bytes) -> EcgRecord:
    return read_upload({"export": data})


def refusal(data: bytes) -> str:
    """Return the sentence a file is refused with, "" where it is read."""
    try:
        read(data)
    except EcgError as error:
        return str(error)
    return ""


def millivolts(counts: Counts, record: EcgRecord, per_bit: float = 0.001) -> NDArray[np.float64]:
    return np.stack([counts[LEADS.index(lead)] for lead in record.leads]) * per_bit


# --- GE MUSE ------------------------------------------------------------------------------------------------------


def test_muse_gives_the_rhythm_of_eight_leads_and_the_other_four_follow(counts: Counts) -> None:
    record = read(muse_file(counts))
    assert (record.leads, record.fs, record.source) == (EIGHT, 500.0, "GE MUSE XML")
    assert np.allclose(record.signal, millivolts(counts, record), atol=1e-6)
    whole = complete_leads(record)
    assert (whole.leads, whole.derived) == (LEADS, ("III", "aVR", "aVL", "aVF"))
    assert np.allclose(whole.signal, counts * 0.001, atol=0.002)


def test_muse_keeps_age_sex_and_what_the_device_says(counts: Counts) -> None:
    record = read(muse_file(counts))
    assert (record.age, record.sex) == (71.0, "female")
    assert record.device == {"Ventricular Heart Rate": "61 bpm", "QRS Duration": "88 ms", "QRS Axis": "-31 deg"}
    assert record.device_statements == ("SINUS RHYTHM",)
    assert any("1 statement(s)" in note for note in record.notes)


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"per_bit": "4.88"}, 0.00488),
        ({"per_bit": "4,88"}, 0.00488),
        ({"per_bit": "0.001", "unit": "MILLIVOLTS"}, 0.001),
        ({"unit": "uV"}, 0.001),
        ({"unit": ""}, 0.001),
        ({"per_bit": "1000", "unit": "NANOVOLTS"}, 0.001),
    ],
)
def test_muse_amplitudes_have_their_unit(counts: Counts, options: dict[str, str], scale: float) -> None:
    record = read(muse_file(counts, per_bit=options.get("per_bit", "1"), unit=options.get("unit", "MICROVOLTS")))
    assert np.allclose(record.signal, millivolts(counts, record, scale), atol=1e-6)


@pytest.mark.parametrize(("fs", "exponent", "rate"), [("250", "0", 250.0), ("1", "3", 1000.0), ("5000", "-1", 500.0)])
def test_muse_rates_have_their_exponent(counts: Counts, fs: str, exponent: str, rate: float) -> None:
    assert read(muse_file(counts, fs=fs, exponent=exponent)).fs == pytest.approx(rate)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_muse_is_read_in_any_encoding_and_lead_order(counts: Counts, encoding: str) -> None:
    record = read(muse_file(counts, leads=LEADS[::-1], encoding=encoding, types=("Rhythm",), doctype=""))
    assert record.leads == LEADS
    assert np.allclose(record.signal, counts * 0.001, atol=1e-6)


def test_muse_that_is_incomplete_says_what_is_missing(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="only a median beat"):
        read(muse_file(counts, types=("Median",)))
    with pytest.raises(UnreadableEcg, match="no waveform"):
        read(b"<RestingECG/>")
    with pytest.raises(MissingFact, match=r"SampleBase.*give it in Hz"):
        read(muse_file(counts, fs=""))
    assert read_upload({"x.xml": muse_file(counts, fs="")}, table=TableFormat(fs=500.0)).fs == 500.0
    with pytest.raises(UnreadableEcg, match="states 5009 samples and holds 5000"):
        read(muse_file(counts, pad=9))
    with pytest.raises(UnreadableEcg, match="UnitsPerBit"):
        read(muse_file(counts, per_bit="0"))
    with pytest.raises(EcgError, match="no voltage"):
        read(muse_file(counts, unit="MMHG"))


def test_muse_with_a_wrong_checksum_is_read_with_a_warning(counts: Counts) -> None:
    assert any("checksum" in note for note in read(muse_file(counts, crc=12)).notes)
    assert not any("checksum" in note for note in read(muse_file(counts)).notes)


# --- HL7 aECG -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "hl7"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_aecg_gives_the_rhythm_series(counts: Counts, prefix: str, encoding: str) -> None:
    record = read(aecg_file(counts, prefix=prefix, encoding=encoding))
    assert (record.leads, record.fs, record.source) == (LEADS, 500.0, "HL7 aECG")
    assert np.allclose(record.signal, counts * 0.001, atol=1e-6)
    assert (record.age, record.sex) == (71.0, "female")
    assert (record.device, record.device_statements) == ({"QRS Duration": "88 ms"}, ("Sinus rhythm",))


@pytest.mark.parametrize(
    ("scale", "origin", "factor", "offset"),
    [
        (("2.5", "uV"), ("0", "uV"), 0.0025, 0.0),
        (("0.005", "mV"), ("0", "mV"), 0.005, 0.0),
        (("5000", "nV"), ("100", "uV"), 0.005, 0.1),
        (("1", "uV"), ("-0.25", "mV"), 0.001, -0.25),
        (("1", "\N{MICRO SIGN}V"), ("0", ""), 0.001, 0.0),
    ],
)
def test_aecg_amplitudes_have_origin_scale_and_unit(
    counts: Counts, scale: tuple[str, str], origin: tuple[str, str], factor: float, offset: float
) -> None:
    record = read(aecg_file(counts, scale=scale, origin=origin))
    assert np.allclose(record.signal, counts * factor + offset, atol=1e-5)


@pytest.mark.parametrize(
    ("increment", "rate"), [(("1", "ms"), 1000.0), (("4000", "us"), 250.0), (("0.0033333333", "s"), 300.0)]
)
def test_aecg_rates_follow_from_the_increment(counts: Counts, increment: tuple[str, str], rate: float) -> None:
    assert read(aecg_file(counts, increment=increment)).fs == pytest.approx(rate, rel=1e-6)


def test_aecg_in_several_sets_gives_the_longest(counts: Counts) -> None:
    record = read(aecg_file(counts, leads=EIGHT, sets=(slice(0, 1000), slice(1000, 5000))))
    assert np.allclose(record.signal, millivolts(counts, record)[:, 1000:], atol=1e-6)
    assert any("longest" in note for note in record.notes)


def test_aecg_that_is_incomplete_says_what_is_missing(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="no rhythm"):
        read(b"<AnnotatedECG xmlns='urn:hl7-org:v3'/>")
    with pytest.raises(UnreadableEcg, match="no rhythm"):
        read(aecg_file(counts).replace(b'"RHYTHM"', b'"MEDIAN_BEAT"'))
    with pytest.raises(BadSamplingRate, match="increment"):
        read(aecg_file(counts, increment=("0", "s")))
    with pytest.raises(UnreadableEcg, match="no scale"):
        read(aecg_file(counts, scale=("", "uV")))
    with pytest.raises(EcgError, match="voltage"):
        read(aecg_file(counts, scale=("1", "mm")))
    with pytest.raises(UnreadableEcg, match="something else than numbers"):
        read(aecg_file(counts).replace(b"<digits>", b"<digits>Quxley "))


@pytest.mark.parametrize(("age", "years"), [(("18", "mo"), 1.5), (("103", "a"), 89.0), (("7", "parsec"), None)])
def test_aecg_ages_have_units_and_an_upper_end(counts: Counts, age: tuple[str, str], years: float | None) -> None:
    assert read(aecg_file(counts, age=age)).age == years


# --- Philips Sierra -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "kind"), [("1.03", "SierraECG"), ("1.04.01", "PhilipsECG"), ("1.04.02", "")])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sierra_is_read_exactly(counts: Counts, version: str, kind: str, compressed: bool, encoding: str) -> None:
    record = read(sierra_file(counts, version=version, kind=kind, compressed=compressed, encoding=encoding))
    assert (record.leads, record.fs, record.source) == (LEADS, 500.0, "Philips Sierra XML")
    assert np.allclose(record.signal, counts * 0.001, atol=1e-6)
    assert (record.age, record.sex) == (71.0, "female")
    assert record.device == {"Heart Rate": "61 bpm", "QRS Duration": "88 ms"}
    assert record.device_statements == ("Sinus rhythm",)


def test_sierra_with_plain_limb_leads_or_in_another_order_is_read_as_it_is(counts: Counts) -> None:
    plain = read(sierra_file(counts, compressed=False, predicted=False, resolution="5", fs=1000))
    assert plain.fs == 1000.0
    assert np.allclose(plain.signal, counts * 0.005, atol=1e-6)
    assert np.allclose(read(sierra_file(counts, leads=LEADS[::-1])).signal, counts * 0.001, atol=1e-6)
    eight = read(sierra_file(counts, leads=EIGHT, predicted=False))
    assert np.allclose(eight.signal, millivolts(counts, eight), atol=1e-6)


@pytest.mark.parametrize("version", ["1.03", "1.04"])
def test_sierra_leads_beyond_the_named_twelve_are_left_out(counts: Counts, version: str) -> None:
    record = read(sierra_file(counts, version=version, unnamed=3))
    assert record.leads == LEADS
    assert np.allclose(record.signal, counts * 0.001, atol=1e-6)
    assert any("3 channel(s)" in note for note in record.notes)


def test_the_calibration_pulse_of_a_philips_recording_is_no_heart_beat(counts: Counts) -> None:
    record = read(sierra_file(counts, pulse=True))
    assert any("calibration pulse" in note for note in record.notes)
    assert np.allclose(record.signal, counts * 0.001, atol=1e-6)


def test_sierra_that_is_incomplete_says_what_is_missing(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="another document type"):
        read(sierra_file(counts, kind="MortaraECG"))
    with pytest.raises(UnreadableEcg, match="parsedwaveforms"):
        read(b"<restingecgdata/>")
    with pytest.raises(UnreadableEcg, match="states 6000 samples a lead and holds 5000"):
        read(sierra_file(counts, seconds_more=2))
    with pytest.raises(UnreadableEcg, match="resolution"):
        read(sierra_file(counts, resolution="0"))
    with pytest.raises(UnreadableEcg, match="expected XLI"):
        read(sierra_file(counts, encoding="utf-8").replace(b'"XLI"', b'"ZIP"'))


# --- SCP-ECG ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["none", "default", "tables"])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("leads", [EIGHT, LEADS[::-1]])
def test_scp_is_read_exactly(counts: Counts, coding: str, order: int, leads: tuple[str, ...]) -> None:
    record = read(scp_file(counts, coding=coding, order=order, leads=leads))
    assert (set(record.leads), record.fs, record.source) == (set(leads), 500.0, "SCP-ECG")
    assert np.allclose(record.signal, millivolts(counts, record), atol=1e-6)
    assert (record.age, record.sex) == (71.0, "female")
    assert not any("checksum" in note for note in record.notes)


def test_scp_keeps_what_the_device_says(counts: Counts) -> None:
    record = read(scp_file(counts))
    assert record.device == {
        "Heart Rate": "61 bpm", "P Duration": "100 ms", "PR Interval": "160 ms", "QRS Duration": "88 ms",
        "QT Interval": "400 ms", "P Axis": "40 deg", "QRS Axis": "-31 deg",
    }  # fmt: skip
    assert record.device_statements == ("Sinus rhythm",)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("first", [1, 101])
def test_scp_gets_its_reference_beat_back(counts: Counts, order: int, first: int) -> None:
    beat = counts[:, 400:700].astype(int) // 2
    record = read(scp_file(counts, beat=beat, at=(500, 1500, 2600), order=order, first=first))
    assert np.allclose(record.signal, millivolts(counts, record), atol=1e-6)


@pytest.mark.parametrize("ratio", [2, 4])
@pytest.mark.parametrize("subtracted", [False, True])
def test_scp_averaged_outside_the_protected_areas_is_exact_inside(counts: Counts, ratio: int, subtracted: bool) -> None:
    beat = counts[:, 400:700].astype(int) // 2 if subtracted else None
    at = (500, 1500, 2600)
    record = read(scp_file(counts, beat=beat, at=at, ratio=ratio, nanovolts=1000))
    wanted = millivolts(counts, record)
    assert (record.fs, record.signal.shape) == (500.0, wanted.shape)
    for place in at:
        area = slice(place - 49, place + 50)
        assert np.allclose(record.signal[:, area], wanted[:, area], atol=1e-6)
    assert np.sqrt(np.mean((record.signal - wanted) ** 2)) < 0.02


@pytest.mark.parametrize(("nanovolts", "fs"), [(183, 1000), (2500, 500), (5000, 250)])
def test_scp_amplitudes_and_rates_are_stated(counts: Counts, nanovolts: int, fs: int) -> None:
    record = read(scp_file(counts, nanovolts=nanovolts, fs=fs))
    assert record.fs == fs
    assert np.allclose(record.signal, millivolts(counts, record, nanovolts / 1e6), atol=1e-6)


def test_scp_with_a_wrong_checksum_is_read_with_a_warning(counts: Counts) -> None:
    assert any("checksum" in note for note in read(scp_file(counts, wrong_crc=True)).notes)


def test_scp_that_is_incomplete_says_what_is_missing(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="no amplitude step"):
        read(scp_file(counts, nanovolts=0))
    with pytest.raises(UnreadableEcg, match="cut off"):
        read(scp_file(counts)[:-900])
    data = bytearray(scp_file(counts))
    data[22 + 6 * 10 : 22 + 7 * 10] = bytes(10)  # the pointer to section 6
    with pytest.raises(UnreadableEcg, match="no rhythm"):
        read(bytes(data))


# --- EDF and BDF --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "EDF+C", "BDF+C"])
@pytest.mark.parametrize("others", [(), (("Resp", 25), ("EEG C3", 100))])
def test_edf_gives_the_leads_by_their_labels(counts: Counts, kind: str, others: tuple[tuple[str, int], ...]) -> None:
    record = read(edf_file(counts, kind=kind, others=others))
    assert (record.leads, record.fs, record.source) == (LEADS, 500.0, "BDF" if kind.startswith("BDF") else "EDF")
    assert np.allclose(record.signal, counts * 0.001, atol=1e-4)
    assert record.sex == ("female" if kind else None)


@pytest.mark.parametrize(
    ("unit", "span", "factor"), [("uV", 81920.0, 0.0025), ("mV", 32.768, 0.001), ("\N{MICRO SIGN}V", 32768.0, 0.001)]
)
def test_edf_amplitudes_have_their_unit_and_offset(counts: Counts, unit: str, span: float, factor: float) -> None:
    assert np.allclose(read(edf_file(counts, unit=unit, span=span)).signal, counts * factor, atol=1e-4)
    moved = read(edf_file(counts, unit=unit, span=span, offset=span / 16))
    assert np.allclose(moved.signal - moved.signal[:, :1], (counts - counts[:, :1]) * factor, atol=2e-4)


def test_edf_takes_one_rate_and_says_so(counts: Counts) -> None:
    record = read(edf_file(counts, labels=("I", "II"), others=[("V1", 250), ("SpO2", 1)]))
    assert (record.leads, record.fs) == (("I", "II"), 500.0)
    assert any("2 channel(s)" in note for note in record.notes)


def test_a_sleep_recording_is_no_ecg_of_chest_leads(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="labelled as a standard lead"):
        read(edf_file(counts, labels=("C3", "C4", "F3", "O1"), others=[("EKG", 200)]))
    assert read(edf_file(counts, labels=("I", "II", "C1"))).leads == ("I", "II", "V1")
    assert read(edf_file(counts, labels=("ECG I", "ECG II", "C3", "C4"))).leads == ("I", "II")


def test_edf_with_an_open_number_of_records_is_counted(counts: Counts) -> None:
    assert np.allclose(read(edf_file(counts, records=-1)).signal, counts * 0.001, atol=1e-4)


def test_edf_that_is_incomplete_says_what_is_missing(counts: Counts) -> None:
    with pytest.raises(UnreadableEcg, match="states 10 data records and holds 9"):
        read(edf_file(counts)[:-100])
    with pytest.raises(UnreadableEcg, match="interrupted and does not say where"):
        read(edf_file(counts, kind="EDF+D"))
    with pytest.raises(UnreadableEcg, match="amplitude range"):
        read(edf_file(counts, span=0.0))
    with pytest.raises(EcgError, match="no voltage"):
        read(edf_file(counts, unit="mmHg"))
    with pytest.raises(UnreadableEcg, match="header"):
        read(edf_file(counts)[:300])


# --- all of them --------------------------------------------------------------------------------------------------

WRITERS: dict[str, Write] = {
    "muse": muse_file,
    "aecg": aecg_file,
    "sierra": sierra_file,
    "scp": scp_file,
    "edf": edf_file,
}


@pytest.fixture(params=WRITERS)
def export(request: pytest.FixtureRequest, counts: Counts) -> bytes:
    """A short export in each format."""
    return WRITERS[request.param](counts[:, :600])


def test_nothing_of_the_patient_comes_out(export: bytes, caplog: pytest.LogCaptureFixture) -> None:
    said = repr(read(export)) + caplog.text
    for cut in range(40, len(export), max(1, len(export) // 60)):
        try:
            said += repr(read(export[:cut]))
        except EcgError as error:
            said += f"{error!r} {error.__cause__!r}"
    assert [secret for secret in SECRETS if secret.lower() in said.lower()] == []


def test_a_damaged_export_is_refused_in_a_sentence(export: bytes) -> None:
    rng = np.random.default_rng(11)
    for _ in range(120):
        data = bytearray(export)
        begin = int(rng.integers(len(data)))
        kind = rng.integers(4)
        if kind == 0:
            del data[begin:]
        elif kind == 1:
            del data[begin : begin + int(rng.integers(1, 50))]
        elif kind == 2:
            data[begin:begin] = rng.integers(0, 256, int(rng.integers(1, 30)), dtype=np.uint8).tobytes()
        else:
            for position in rng.integers(0, min(len(data), 1500), 4):
                data[position] = int(rng.integers(256))
        started = time.perf_counter()
        said = refusal(bytes(data))
        assert said == "" or (20 < len(said) < 300 and said.endswith("."))
        assert time.perf_counter() - started < 2


@pytest.mark.parametrize("root", ["RestingECG", "AnnotatedECG", "restingecgdata"])
@pytest.mark.parametrize(
    "declaration",
    [
        "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "Quxley"}">' for i in range(12)),
        '<!ENTITY e11 SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;',
    ],
)
def test_entities_are_refused_whatever_they_are(root: str, declaration: str) -> None:
    text = f"<?xml version='1.0'?><!DOCTYPE {root} [{declaration}]><{root}><x>&e11;</x></{root}>"
    with pytest.raises(UnreadableEcg, match="entities"):
        read(text.encode())


@pytest.mark.parametrize("root", ["RestingECG", "AnnotatedECG", "restingecgdata"])
def test_xml_of_any_depth_and_size_is_answered_at_once(root: str) -> None:
    started = time.perf_counter()
    for inside in ("<x>" * 100_000 + "</x>" * 100_000, "<x/>" * 1_000_000, f"<x {'a' * 1_000_000}='1'/>"):
        with pytest.raises(UnreadableEcg):
            read(f"<{root}>{inside}</{root}>".encode())
    assert time.perf_counter() - started < 6


# --- what the device says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "Sinus rhythm", "*** ACUTE MI ***".replace("MI", "infarct"), "Borderline prolonged QT interval, QTc 460 ms",
        "ST elevation in V1-V3, aVL", "1st degree AV block".replace("1st", "first"), "rate< 50",
    ],
)  # fmt: skip
def test_a_statement_of_ecg_words_is_kept(statement: str) -> None:
    kept, left_out = keep_statements([statement])
    assert (len(kept), left_out) == (1, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "Confirmed by SMITH, JOHN (123)", "When compared with ECG of 01-JAN-2019", "Sinus rhythm 01/02/2019",
        "Rhythm 770031", "Sinus rhythm, Halvorsen", "sinus rhythm " * 20, "12345",
    ],
)  # fmt: skip
def test_a_statement_that_may_name_a_person_is_left_out(statement: str) -> None:
    assert keep_statements([statement]) == ((), 1)


def test_statements_are_few_and_short() -> None:
    kept, left_out = keep_statements([f"QT {number}" for number in range(30)] + ["", " "])
    assert (len(kept), left_out) == (MAX_STATEMENTS, 30 - MAX_STATEMENTS)
    assert all(len(statement) <= MAX_LENGTH for statement in kept)


def test_measurements_are_numbers_with_units() -> None:
    stated = {"QT Interval": "400", "PR Interval": "0", "P Axis": "0", "Heart Rate": "Quxley", "QRS Duration": None}
    assert measurements(stated) == {"QT Interval": "400 ms", "P Axis": "0 deg"}


# --- real exports -------------------------------------------------------------------------------------------------


def limb_residual(record: EcgRecord) -> float:
    """Return how far III is from II - I at most, in millivolts: wrong decoding or scale shows here."""
    return float(np.nanmax(np.abs(record.lead("III") - (record.lead("II") - record.lead("I")))))


@pytest.mark.parametrize("name", ["muse_example1.xml", "muse_example2.xml"])
def test_real_muse_exports(test_data: Path, name: str) -> None:
    record = read_ecg(test_data / "formats" / name)
    assert (record.leads, record.fs, record.seconds) == (EIGHT, 500.0, 10.0)
    assert 1.0 < np.abs(record.signal).max() < 4.0
    assert not any("checksum" in note for note in record.notes)
    assert re.fullmatch(r"(48|65) bpm", record.device["Ventricular Heart Rate"])


def test_the_real_aecg_of_the_fda(test_data: Path) -> None:
    record = read_ecg(test_data / "formats" / "aecg_fda_example.xml")
    assert (record.leads, record.fs, record.seconds) == (LEADS, 500.0, 10.0)
    assert limb_residual(record) < 0.005
    assert (record.age, record.sex, record.device["QRS Duration"]) == (46.0, "male", "120 ms")


def test_the_real_aecg_of_another_maker(test_data: Path) -> None:
    record = read_ecg(test_data / "formats" / "aecg_liryc.xml")
    assert (record.leads, record.fs, record.seconds) == (LEADS, 100.0, 10.0)
    assert "302" not in repr(record).replace("0.302", "")


@pytest.mark.parametrize("name", ["sierra_1.xml", "sierra_2.xml"])
def test_real_sierra_exports(test_data: Path, name: str) -> None:
    record = read_ecg(test_data / "formats" / name)
    assert (record.leads, record.fs) == (LEADS, 500.0)
    assert 10.0 < record.seconds < 11.0
    assert limb_residual(record) <= 0.011  # two counts
    assert np.allclose(record.lead("aVR"), -(record.lead("I") + record.lead("II")) / 2, atol=0.011)
    with pytest.raises(UnreadableEcg, match="another document type"):
        read_ecg(test_data / "formats" / "sierra_invalid_doc_type.xml")


def test_the_real_scp_export(test_data: Path) -> None:
    record = read_ecg(test_data / "formats" / "demo.scp")
    assert (record.leads, record.fs, record.seconds, record.sex) == (EIGHT, 1000.0, 10.0, "male")
    assert 0.3 < np.abs(record.signal).max() < 2.0
    assert record.notes == ()


def test_real_exports_mutated_are_read_or_refused(test_data: Path) -> None:
    rng = np.random.default_rng(5)
    for path in find_records(test_data / "formats"):
        if path.suffix not in (".xml", ".scp", ".edf"):
            continue
        content = path.read_bytes()
        for _ in range(6):
            data = bytearray(content)
            for position in rng.integers(0, len(data), 20):
                data[position] = int(rng.integers(256))
            with suppress(EcgError):
                read(bytes(data))


@pytest.mark.parametrize(
    ("name", "value", "unit", "words"),
    [
        ("PP Interval", 0.0, "ms", "0 ms (implausible)"),
        ("PP Interval", 948.0, "ms", "948 ms"),
        ("QTc Interval (Hodges)", 2000.0, "ms", "2000 ms (implausible)"),
        ("Ventricular Heart Rate", 700.0, "bpm", "700 bpm (implausible)"),
        ("QRS Axis", -21.0, "deg", "-21 deg"),
        ("RR Interval", 0.9, "s", "0.9 s"),
    ],
)
def test_what_no_heart_has_is_marked(name: str, value: float, unit: str, words: str) -> None:
    assert in_words(name, value, unit) == words
