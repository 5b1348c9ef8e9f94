"""The same ECG as other systems write it: tables in every habit, DICOM, aECG, MUSE and WFDB in their rarer forms."""

from __future__ import annotations

import copy
import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from edfio import Edf, EdfAnnotation, EdfSignal
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from suprem.ecg.formats.channels import Channel
from suprem.ecg.formats.lead_names import coded_lead
from suprem.ecg.formats.readers import TableFormat, read_ecg, read_upload
from suprem.ecg.record import LEADS, EcgRecord, complete_leads
from suprem.errors import EcgError, MissingFact, UnreadableEcg
from tests.ecg.conftest import dicom_file
from tests.ecg.formats.hospital_files import EIGHT, aecg_file, muse_file, scp_file

Counts = NDArray[np.int16]
FS = 500.0
NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))


@pytest.fixture(scope="module")
def short(counts: Counts) -> Counts:
    """1.8 s in whole microvolts: 900 samples, a count from which no rate follows."""
    return counts[:, :900]


def read(data: bytes, name: str = "x.bin", table: TableFormat | None = None) -> EcgRecord:
    return read_upload({name: data}, table=table)


def is_the_ecg(record: EcgRecord, counts: Counts, *, leads: Sequence[str] = LEADS, within: float = 6e-4) -> bool:
    expected = counts[[LEADS.index(lead) for lead in leads]] / 1000
    return (
        record.fs == FS
        and record.leads == tuple(leads)
        and record.signal.shape == expected.shape
        and float(np.abs(record.signal - expected).max()) < within
    )


# --- separated text -----------------------------------------------------------------------------------------------


def table(
    counts: Counts,
    *,
    names: Sequence[str] | None = LEADS,
    first: Callable[[int], str] | None = lambda i: f"{i / FS:.3f}",
    first_name: str = "time",
    per_millivolt: float = 1.0,
    digits: int = 4,
    mark: str = ",",
    comma: str = ".",
    before: str = "",
    after: str = "",
    end: str = "",
) -> bytes:
    lines = [mark.join([*([first_name] if first else []), *names])] if names else []
    for index, frame in enumerate(counts.T / 1000 * per_millivolt):
        cells = [f"{value:.{digits}f}" for value in frame]
        lines.append(mark.join([*([first(index)] if first else []), *cells]).replace(".", comma) + end)
    return (before + "\n".join(lines) + "\n" + after).encode()


MICRO: dict[str, object] = {"per_millivolt": 1000.0, "digits": 0}
HABITS: dict[str, dict[str, object]] = {
    "semicolons and decimal commas": {"mark": ";", "comma": ",", "first_name": "Zeit"},
    "tabs": {"mark": "\t"},
    "blanks": {"mark": " "},
    "lower case": {"names": [lead.lower() for lead in LEADS]},
    "Lead_I and a sample number": {
        "names": [f"Lead_{lead}" for lead in LEADS], "first": str, "first_name": "sample",
        "before": "# sampling rate: 500\n",
    },
    "units in the headings": {**MICRO, "names": [f"{lead} (uV)" for lead in LEADS], "first": lambda i: str(2 * i),
                              "first_name": "time (ms)"},
    "micro sign": {**MICRO, "names": [f"{lead} [\N{MICRO SIGN}V]" for lead in LEADS]},
    "C1 to C6 and DI to DIII": {"names": ["DI", "DII", "DIII", *LEADS[3:6], *(f"C{i}" for i in range(1, 7))]},
    "volts": {"per_millivolt": 1e-3, "digits": 8},
    "date and time": {"first": lambda i: f"2024-01-31 10:00:{i / FS:06.3f}", "first_name": "timestamp"},
    "ISO date and time": {"first": lambda i: f"2024-01-31T10:00:{i / FS:06.3f}Z", "first_name": "datetime"},
    "German date and time": {"first": lambda i: f"31.01.2024 10:00:{i / FS:06.3f}", "first_name": "Zeit"},
    "times rounded": {"first": lambda i: f"{i / FS:.2f}"},
    "facts before": {**MICRO, "first": None, "before": "SampleRate,500\nUnit,uV\nOperator,Quxley\n"},
    "a step before": {
        **MICRO, "first": None, "mark": ";", "before": "Sampling Frequency;500 Hz\nResolution;1 uV/LSB\n",
    },
    "a gain before": {"per_millivolt": 200.0, "digits": 0, "first": None, "before": "fs: 500\ngain: 200 adu/mV\n"},
    "a line of units": {**MICRO, "names": None, "before": f"Time,{','.join(LEADS)}\ns{',uV' * 12}\n"},
    "a last comment": {"after": "# end of file\n"},
    "a separator at each line's end": {"end": ","},
    "semicolons at each line's end": {"mark": ";", "comma": ",", "end": ";"},
}  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
def test_a_table_is_read_in_every_habit(short: Counts, habit: str) -> None:
    options = HABITS[habit]
    within = 3e-3 if options.get("per_millivolt") == 200.0 else 6e-4
    record = read(table(short, **options), "x.csv")
    assert is_the_ecg(record, short, within=within), (record.fs, record.leads, record.notes)
    assert "Quxley" not in repr(record)


def test_a_table_of_one_line_a_lead_is_read(short: Counts) -> None:
    lines = [";".join([lead, *(f"{value / 1000:.3f}".replace(".", ",") for value in row)])
             for lead, row in zip(LEADS, short, strict=True)]  # fmt: skip
    assert is_the_ecg(read("\n".join(lines).encode(), "x.csv", TableFormat(fs=FS)), short)


def test_eight_leads_are_read_and_completed(short: Counts) -> None:
    rows = short[[LEADS.index(lead) for lead in EIGHT]]
    record = read(table(rows, names=EIGHT), "x.csv")
    assert is_the_ecg(record, short, leads=EIGHT)
    whole = complete_leads(record)
    assert whole.leads == LEADS
    assert whole.derived == ("III", "aVR", "aVL", "aVF")
    assert np.allclose(whole.lead("aVR"), -(short[0] + short[1]) / 2000, atol=1e-3)


def test_a_time_that_jumps_or_is_too_coarse_is_asked_for(short: Counts) -> None:
    with pytest.raises(EcgError, match="does not rise evenly"):
        read(table(short, first=lambda i: f"{i / FS + (i > 500):.3f}"), "x.csv")
    with pytest.raises(MissingFact, match="no sampling rate"):
        read(table(short, first=lambda i: f"{i / 333:.1f}"), "x.csv")


@pytest.mark.parametrize(("given", "missing"), [((None, "mV"), "sampling rate"), ((FS, None), "unit")])
def test_what_a_table_leaves_open_can_be_said(
    short: Counts, given: tuple[float | None, str | None], missing: str
) -> None:
    data = table(short, first=None, **MICRO)
    with pytest.raises(MissingFact, match=missing):
        read(data, "x.csv", TableFormat(*given))
    assert is_the_ecg(read(data, "x.csv", TableFormat(FS, "uV")), short)


# --- NumPy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        {"arr_0": True, "fs": 500, "leads": LEADS},
        {"ecg": "turned", "sampling_rate": 500, "lead_names": LEADS},
        {"signals": "one of one", "fs": [500.0], "sig_name": LEADS},
        {"data": "counts", "sample_rate": 500, "channels": LEADS, "unit": "uV"},
        {"x": True, "y": [0.0] * 71, "fs": 500, "leads": [lead.encode() for lead in LEADS]},
        {"I": "I", "II": "II", "V1": "V1", "fs": 500},
    ],
)  # fmt: skip
def test_an_archive_is_read_by_the_usual_names(short: Counts, arrays: dict[str, object]) -> None:
    signal = (short / 1000).astype(np.float32)
    forms = {"turned": signal.T, "one of one": signal[None], "counts": short}
    made = {
        name: signal if value is True else forms.get(value, signal[LEADS.index(value)] if value in LEADS else value)
        if isinstance(value, str | bool) else np.array(value)
        for name, value in arrays.items()
    }  # fmt: skip
    stream = io.BytesIO()
    np.savez(stream, **made)
    leads = ("I", "II", "V1") if "I" in arrays else LEADS
    assert is_the_ecg(read(stream.getvalue(), "x.npz"), short, leads=leads)


def test_objects_beside_the_signal_are_left_and_never_loaded(short: Counts) -> None:
    stream = io.BytesIO()
    np.savez(stream, signal=(short / 1000).astype(np.float32), fs=500, leads=np.array(LEADS, dtype=object))
    record = read(stream.getvalue(), "x.npz")
    assert any("No lead is named" in note for note in record.notes)
    assert is_the_ecg(record, short)


# --- DICOM --------------------------------------------------------------------------------------------------------


def changed(data: bytes, change: Callable[[Dataset], None], **options: bool) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(data))
    change(dataset)
    stream = io.BytesIO()
    dcmwrite(stream, dataset, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def dicom(short: Counts) -> bytes:
    return dicom_file([("RHYTHM", short, FS)])


@pytest.mark.parametrize("number", [2, 3])
def test_general_and_ambulatory_ecgs_are_read(short: Counts, dicom: bytes, number: int) -> None:
    def change(dataset: Dataset) -> None:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = f"1.2.840.10008.5.1.4.1.1.9.1.{number}"

    assert is_the_ecg(read(changed(dicom, change)), short)


def test_dicom_is_read_in_every_plain_encoding(short: Counts, dicom: bytes) -> None:
    def implicit(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    def big(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        group = dataset.WaveformSequence[0]
        group.WaveformData = np.frombuffer(group.WaveformData, "<i2").byteswap().tobytes()

    assert is_the_ecg(read(changed(dicom, implicit, implicit_vr=True, little_endian=True)), short)
    turned = changed(dicom, big, implicit_vr=False, little_endian=False, force_encoding=True)
    assert is_the_ecg(read(turned), short)


def test_dicom_without_its_preamble_is_read(short: Counts, dicom: bytes) -> None:
    assert is_the_ecg(read(dicom[132:]), short)


def test_sensitivity_correction_and_baseline_are_applied(short: Counts, dicom: bytes) -> None:
    def change(dataset: Dataset) -> None:
        for place, channel in enumerate(dataset.WaveformSequence[0].ChannelDefinitionSequence):
            channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = "2.44", "1.05"
            channel.ChannelBaseline = str(10 * place)

    expected = (short * 2.44 * 1.05 + 10.0 * np.arange(12)[:, None]) / 1000
    assert np.allclose(read(changed(dicom, change)).signal, expected, atol=1e-4)


def test_leads_split_over_groups_are_joined(short: Counts, dicom: bytes) -> None:
    def change(dataset: Dataset) -> None:
        whole = dataset.WaveformSequence[0]
        groups = []
        for first in range(0, 12, 3):
            group = copy.deepcopy(whole)
            group.NumberOfWaveformChannels = 3
            group.WaveformData = np.ascontiguousarray(short[first : first + 3].T).tobytes()
            group.ChannelDefinitionSequence = whole.ChannelDefinitionSequence[first : first + 3]
            groups.append(group)
        dataset.WaveformSequence = pydicom.Sequence(groups)

    assert is_the_ecg(read(changed(dicom, change)), short)


def in_columns(signal: Counts, seconds: float = 2.5, strip: str | None = "II") -> NDArray[np.float64]:
    """Return millivolts of a print of three rows and four columns, with one lead below it all the time."""
    step, out = round(seconds * FS), np.full(signal.shape, np.nan)
    for row in range(len(LEADS)):
        column = slice(step * (row // 3), step * (row // 3 + 1))
        out[row, column] = signal[row, column] / 1000
    if strip:
        out[LEADS.index(strip)] = signal[LEADS.index(strip)] / 1000
    return out


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("median", [False, True])
def test_dicom_groups_with_offsets_are_the_columns_of_a_print(counts: Counts, strip: bool, median: bool) -> None:
    def change(dataset: Dataset) -> None:
        whole = dataset.WaveformSequence[0]

        def group(leads: slice, samples: slice, offset: float) -> Dataset:
            part = copy.deepcopy(whole)
            values = counts[leads, samples]
            part.NumberOfWaveformChannels, part.NumberOfWaveformSamples = values.shape
            part.WaveformData = np.ascontiguousarray(values.T).tobytes()
            part.ChannelDefinitionSequence = whole.ChannelDefinitionSequence[leads]
            part.MultiplexGroupTimeOffset = offset
            return part

        groups = [group(slice(3 * i, 3 * i + 3), slice(1250 * i, 1250 * i + 1250), 2500.0 * i) for i in range(4)]
        groups += [group(slice(1, 2), slice(None), 0.0)] if strip else []
        groups = [group(slice(None), slice(0, 600), 0.0), *groups] if median else groups
        dataset.WaveformSequence = pydicom.Sequence(groups)

    record = read(changed(dicom_file([("", counts, FS)]), change))
    assert record.leads == LEADS
    assert np.allclose(record.signal, in_columns(counts, strip="II" if strip else None), atol=1e-6, equal_nan=True)
    assert any("rhythm" in note.lower() for note in record.notes) is median


def test_a_dicom_file_of_a_median_beat_alone_is_not_taken_for_the_rhythm(counts: Counts) -> None:
    data = dicom_file([("MEDIAN BEAT", counts[:, :600], FS), ("MEDIAN BEAT", counts[:, 600:1200], FS)])
    with pytest.raises(UnreadableEcg, match="median beats alone"):
        read(data)


def test_aecg_sets_that_begin_one_after_another_are_the_columns_of_a_print(counts: Counts) -> None:
    parts = [
        aecg_file(counts[:, 1250 * i : 1250 * i + 1250], leads=LEADS[3 * i : 3 * i + 3]).replace(
            b'value="20220307000000"', f'value="202203072359{57.5 + 2.5 * i:06.3f}"'.encode(), 1
        )
        if i == 0
        else aecg_file(counts[:, 1250 * i : 1250 * i + 1250], leads=LEADS[3 * i : 3 * i + 3]).replace(
            b'value="20220307000000"', f'value="202203080000{2.5 * (i - 1):06.3f}"'.encode(), 1
        )
        for i in range(4)
    ]
    begin, end = b"<component><sequenceSet>", b"</sequenceSet></component>"
    sets = [begin + part.split(begin, 1)[1].split(end, 1)[0] + end for part in parts]
    record = read(parts[0].replace(sets[0], b"".join(sets), 1))
    assert record.leads == LEADS
    assert np.allclose(record.signal, in_columns(counts, strip=None), atol=1e-6, equal_nan=True)


def test_a_channel_named_by_its_label_alone_is_read(short: Counts, dicom: bytes) -> None:
    def change(dataset: Dataset) -> None:
        for channel, lead in zip(dataset.WaveformSequence[0].ChannelDefinitionSequence, LEADS, strict=True):
            del channel.ChannelSourceSequence
            channel.ChannelLabel = f"Lead {lead}"

    assert is_the_ecg(read(changed(dicom, change)), short)


# --- XML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named", [lambda lead: str(131_072 + NUMBERS[lead]), lambda lead: f"2:{NUMBERS[lead]}", lambda lead: lead]
)
def test_aecg_leads_are_known_by_name_and_by_number(short: Counts, named: Callable[[str], str]) -> None:
    data = aecg_file(short)
    for lead in LEADS[::-1]:
        data = data.replace(f'"MDC_ECG_LEAD_{lead.upper()}"'.encode(), f'"{named(lead)}"'.encode())
    assert is_the_ecg(read(data), short)


def test_codes_of_no_lead_are_none() -> None:
    assert coded_lead("MDC", "131330") is None
    assert coded_lead("MDC", "131137") == ("aVR", -1)
    assert Channel("", np.empty(0), "mV", coded_lead("MDC", "131135")).lead == ("aVL", 1)


def test_muse_in_its_rarer_forms(short: Counts) -> None:
    whole = muse_file(short, leads=LEADS)
    assert is_the_ecg(read(whole), short)
    assert is_the_ecg(read(whole.replace(b"=\n</Wave", b"\n</Wave").replace(b"WaveFormData", b"WaveformData")), short)
    assert is_the_ecg(read(muse_file(short, leads=LEADS, per_bit="0.001", unit="MILLIVOLTS")), short)
    coarse = np.round(short / 4.88).astype(np.int16)
    assert is_the_ecg(read(muse_file(coarse, leads=LEADS, per_bit="4.88")), short, within=2.6e-3)


def test_dicom_units_and_leads_may_stand_in_the_meaning_or_the_label(short: Counts, dicom: bytes) -> None:
    def changed_words(dataset: Dataset) -> None:
        for definition, lead in zip(dataset.WaveformSequence[0].ChannelDefinitionSequence, LEADS, strict=True):
            definition.ChannelSensitivityUnitsSequence[0].CodeValue = "4256"
            definition.ChannelSensitivityUnitsSequence[0].CodeMeaning = "microvolt"
            definition.ChannelLabel = lead
            definition.ChannelSourceSequence[0].CodeValue = "1"
            definition.ChannelSourceSequence[0].CodeMeaning = "ECG electrode"

    assert is_the_ecg(read(changed(dicom, changed_words)), short)


# --- EDF+D and SCP-ECG ----------------------------------------------------------------------------------------------


def test_of_an_interrupted_edf_the_longest_stretch_is_read(short: Counts) -> None:
    rows = np.tile(short[:, :500], 8).astype(np.float64) / 1000
    signals = [
        EdfSignal(row, 500, label=f"ECG {lead}", physical_dimension="mV", physical_range=(-8, 8))
        for lead, row in zip(LEADS, rows, strict=True)
    ]
    marks = [EdfAnnotation(0, None, "begin")]
    data = Edf(signals, annotations=marks, data_record_duration=1).to_bytes().replace(b"EDF+C", b"EDF+D", 1)
    assert read(data).signal.shape[1] == 8 * 500
    record = read(data.replace(b"+2\x14\x14", b"+9\x14\x14"))  # the third second was recorded later
    assert np.allclose(record.signal, rows[:, 3 * 500 :], atol=3e-4)
    assert any("interrupted" in note for note in record.notes)


def test_scp_is_known_without_its_mark_and_needs_only_the_sections_it_uses(short: Counts) -> None:
    data = bytearray(scp_file(short))
    place = data.index(b"SCPECG")
    data[place : place + 6] = bytes(6)
    struct.pack_into("<HII", data, 22 + 10 * 9, 9, 100_000, 100_000)  # manufacturer's section beyond the end
    record = complete_leads(read(bytes(data)))
    assert np.allclose(record.lead("V6"), short[11] / 1000, atol=6e-4)


# --- compressed -----------------------------------------------------------------------------------------------------


def test_one_file_in_gzip_is_read_and_no_more_than_of_any_other(
    short: Counts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = io.BytesIO()
    np.savez(array, signal=short / 1000, fs=500.0, leads=np.array(LEADS), units=np.array(["mV"]))
    packed = gzip.compress(array.getvalue())
    assert is_the_ecg(read(packed, "ecg.npz.gz"), short)
    (tmp_path / "ecg.npz.gz").write_bytes(packed)
    assert is_the_ecg(read_ecg(tmp_path / "ecg.npz.gz"), short)
    with pytest.raises(UnreadableEcg, match="damaged"):
        read(packed[:2] + bytes(40))
    with pytest.raises(UnreadableEcg, match="gzip archive"):
        read(gzip.compress(packed))
    monkeypatch.setattr("suprem.ecg.formats.readers._MAX_FILE_BYTES", 1_000)
    with pytest.raises(UnreadableEcg, match="more than"):
        read(gzip.compress(bytes(1_001)))


def test_texts_of_no_length_in_an_archive_say_nothing(short: Counts) -> None:
    text, packed = io.BytesIO(), io.BytesIO()
    np.save(text, np.array(["x"]))
    signal = io.BytesIO()
    np.save(signal, short / 1000)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("signal.npy", signal.getvalue())
        archive.writestr("patient.npy", text.getvalue().replace(b"<U1", b"<U0"))
    given = TableFormat(fs=500.0, unit="mV", leads=LEADS)
    assert is_the_ecg(read(packed.getvalue(), table=given), short)


def test_damaged_hdf5_is_named_with_what_to_do(short: Counts) -> None:
    for head in (b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3 MAT-file"):
        with pytest.raises(UnreadableEcg, match="HDF5 file is damaged"):
            read(head + bytes(600), "x.mat")


# --- WFDB ---------------------------------------------------------------------------------------------------------


def packed_212(counts: Counts) -> bytes:
    pairs = counts.T.reshape(-1, 2).astype(np.int32) & 0xFFF
    high = (pairs[:, 0] >> 8) | (pairs[:, 1] >> 8 << 4)
    return np.stack([pairs[:, 0] & 255, high, pairs[:, 1] & 255], axis=1).astype(np.uint8).tobytes()


PACKINGS: dict[str, Callable[[Counts], bytes]] = {
    "61": lambda counts: counts.T.astype(">i2").tobytes(),
    "160": lambda counts: (counts.T.astype(np.int32) + 32768).astype("<u2").tobytes(),
    "24": lambda counts: b"".join(struct.pack("<i", value)[:3] for value in counts.T.ravel().tolist()),
    "32": lambda counts: counts.T.astype("<i4").tobytes(),
    "80": lambda counts: (counts.T + 128).astype(np.uint8).tobytes(),
    "212": packed_212,
}


@pytest.mark.parametrize("storage", PACKINGS)
def test_wfdb_is_read_in_every_storage(short: Counts, storage: str) -> None:
    stored = np.clip(
        short[:, :400] // (20 if storage == "80" else 1), *((-128, 127) if storage == "80" else (-2048, 2047))
    )
    lines = ["rec 12 500 400", *(f"rec.dat {storage} 1000(0)/mV 16 0 0 0 0 {lead}" for lead in LEADS)]
    files = {"rec.hea": "\n".join(lines).encode(), "rec.dat": PACKINGS[storage](stored.astype(np.int16))}
    assert is_the_ecg(read_upload(files), stored.astype(np.int16))


def test_wfdb_with_two_signal_files_is_read(short: Counts) -> None:
    lines = [
        "rec 12 500 900",
        *(f"{'ab'[row > 5]}.dat 16 1000/mV 16 0 0 0 0 {lead}" for row, lead in enumerate(LEADS)),
    ]
    halves = {f"{name}.dat": rows.T.astype("<i2").tobytes() for name, rows in (("a", short[:6]), ("b", short[6:]))}
    assert is_the_ecg(read_upload({"rec.hea": "\n".join(lines).encode(), **halves}), short)


def test_wfdb_with_a_damaged_gain_is_no_error_of_ours(short: Counts) -> None:
    lines = ["rec 1 500 900", "rec.dat 16 17../../../etc/passwd79(-4)/mV 16 0 0 0 0 I"]
    with pytest.raises(EcgError):
        read_upload({"rec.hea": "\n".join(lines).encode(), "rec.dat": short[:1].T.astype("<i2").tobytes()})
