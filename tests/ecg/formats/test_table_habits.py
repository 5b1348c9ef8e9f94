"""Tables, names and headers as other software writes them: each is read right or asked about."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.formats.csv_reader import MAX_CELLS
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.lead_names import canonical_lead
from suprem.ecg.formats.readers import TableFormat, read_ecg, read_upload
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError, MissingFact, UnreadableEcg
from tests.ecg.conftest import wfdb_files

Counts = NDArray[np.int16]
IN_UV = TableFormat(fs=100, unit="uV")


@pytest.fixture
def rows(counts: Counts) -> NDArray[np.float64]:
    """Ten seconds at 100 Hz in whole microvolts."""
    return counts[:, ::5].astype(np.float64)


def text(rows: NDArray[np.float64], heading: str = ",".join(LEADS), mark: str = ",", end: str = "") -> str:
    lines = [mark.join(f"{value:g}" for value in row) + end for row in rows.T]
    return "\n".join(([heading] if heading else []) + lines) + "\n"


def read(content: str, given: TableFormat | None = IN_UV) -> EcgRecord:
    return read_upload({"x.csv": content.encode()}, table=given)


def same(record: EcgRecord, rows: NDArray[np.float64], leads: Sequence[str] = LEADS, fs: float = 100) -> bool:
    wanted = np.stack([rows[LEADS.index(lead)] for lead in leads]) / 1000
    return record.fs == fs and record.leads == tuple(leads) and np.allclose(record.signal, wanted, atol=1e-5)


@pytest.mark.parametrize("filled", [".", "-", "N", "#N/A", "", "normal beat"])
def test_a_column_of_words_is_left_out_and_that_is_said(rows: NDArray[np.float64], filled: str) -> None:
    lines = text(rows, ";".join(LEADS), ";").splitlines()
    marks = ["QRS", *("N" if i == 40 else filled for i in range(len(lines) - 1))]
    table = "\n".join(f"{line};{word}" for line, word in zip(lines, marks, strict=True))
    record = read(table)
    assert same(record, rows)
    assert any("left out" in note for note in record.notes)


@pytest.mark.parametrize("missing", ["-", "#N/A", "", "nan", "--", "."])
def test_missing_values_in_any_spelling_are_missing(rows: NDArray[np.float64], missing: str) -> None:
    lines = text(rows).splitlines()
    cells = lines[200].split(",")
    lines[200] = ",".join([cells[0], missing, *cells[2:]])
    assert np.flatnonzero(np.isnan(read("\n".join(lines)).lead("II"))).tolist() == [199]


@pytest.mark.parametrize("absent", [1, 2])
def test_empty_last_leads_stay_absent(rows: NDArray[np.float64], absent: int) -> None:
    cut = text(rows[:-absent], heading="", end="," * absent)
    record = read(cut, TableFormat(100, "uV", LEADS))
    alive = [lead for lead in record.leads if np.isfinite(record.lead(lead)).any()]
    assert alive == list(LEADS[:-absent])
    assert np.allclose(record.lead("V4"), rows[LEADS.index("V4")] / 1000)


@pytest.mark.parametrize(
    "before", ["[Header]\nSample Rate: 100 Hz\nUnits: uV\n[Data]\n", "[name]\nSampling rate: 100 Hz\nUnit: uV\n"]
)
def test_a_bracket_begins_a_table_too(rows: NDArray[np.float64], before: str) -> None:
    assert same(read(before + text(rows), None), rows)


def test_json_is_still_told_as_such() -> None:
    for content in ('[{"a": 1}]', " [1, 2]", '{"resourceType": "Observation"}'):
        with pytest.raises(UnreadableEcg):
            read(content)


@pytest.mark.parametrize(
    ("names", "leads"),
    [
        (("lead1", "lead2"), ("I", "II")), (("Lead 1", "Lead 2"), ("I", "II")), (("LI", "LII"), ("I", "II")),
        (("L1", "L2"), ("I", "II")), (("Lead_I", "Lead_II"), ("I", "II")), (("lead  I ", "lead II"), ("I", "II")),
    ],
)  # fmt: skip
def test_lead_names_as_software_writes_them(names: tuple[str, str], leads: tuple[str, str]) -> None:
    assert tuple(found[0] for name in names if (found := canonical_lead(name))) == leads


def test_a_row_of_the_rate_is_the_rate(rows: NDArray[np.float64]) -> None:
    heading = "250 " * 12
    content = text(rows / 1000 + 1e-4, heading=heading.strip(), mark=" ")
    record = read(content, TableFormat(leads=LEADS))
    assert record.fs == 250
    assert record.signal.shape == (12, rows.shape[1])
    assert any("first row" in note for note in record.notes)
    alone = read(text(rows, heading="250" + "," * 11), TableFormat(unit="uV", leads=LEADS))
    assert (alone.fs, alone.signal.shape[1]) == (250, rows.shape[1])


def test_headings_that_only_number_the_columns_are_no_sample(rows: NDArray[np.float64]) -> None:
    for heading in (",".join(map(str, range(12))), ",".join(f"lead{i}" for i in range(1, 13))):
        assert same(read(text(rows, heading), TableFormat(100, "uV", LEADS)), rows)


@pytest.mark.parametrize("line", ["Heart rate: 172 bpm", "Low pass filter frequency: 150 Hz", "HR,172"])
def test_another_rate_is_not_taken_for_the_sampling_rate(rows: NDArray[np.float64], line: str) -> None:
    record = read(f"{line}\n" + text(rows), TableFormat(unit="uV"))
    assert record.fs == 100
    assert any("usual 10 s" in note for note in record.notes)


@pytest.mark.parametrize("line", ["Rate: 72", "Frequency: 100", "12 bit at 250 Hz", "Sampling: 250"])
def test_a_rate_that_is_not_understood_is_asked_for(rows: NDArray[np.float64], line: str) -> None:
    with pytest.raises(MissingFact, match="not understood"):
        read(f"{line}\n" + text(rows), TableFormat(unit="uV"))
    assert same(read(f"{line}\n" + text(rows)), rows)


@pytest.mark.parametrize(
    ("name", "step"), [("time (us)", 10_000), ("timestamp_ns", 10_000_000), ("t [\N{MICRO SIGN}s]", 10_000)]
)
def test_times_in_micro_and_nanoseconds(rows: NDArray[np.float64], name: str, step: int) -> None:
    timed = np.vstack([np.arange(rows.shape[1]) * float(step), rows])
    content = "\n".join([",".join([name, *LEADS]), *(",".join(f"{value:.0f}" for value in row) for row in timed.T)])
    assert same(read(content, TableFormat(unit="uV")), rows)


def test_a_constant_column_named_as_the_rate_is_the_rate(rows: NDArray[np.float64]) -> None:
    content = text(np.vstack([rows, np.full(rows.shape[1], 125.0)]), ",".join([*LEADS, "sampling_rate"]))
    assert read(content, TableFormat(unit="uV")).fs == 125


@pytest.mark.parametrize("name", ["curr_sample_rate", "samplingRate", "srate", "fs_hz"])
def test_an_archive_states_its_rate_under_any_name(rows: NDArray[np.float64], name: str) -> None:
    stream = io.BytesIO()
    np.savez(
        stream,
        feats=rows,
        units=np.array("uV"),
        leads=np.array(LEADS),
        heart_rate=172,
        org_sample_rate=500,
        **{name: 250},
    )
    assert read_upload({"x.npz": stream.getvalue()}).fs == 250


# --- WFDB ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["REC.HEA", "REC.DAT", "REC"])
def test_names_in_capitals_on_disk_are_found(tmp_path: Path, counts: Counts, asked: str) -> None:
    for name, data in wfdb_files(counts[:, :1000], name="REC", data_name="REC.dat").items():
        (tmp_path / name.upper()).write_bytes(data)
    assert np.allclose(read_ecg(tmp_path / asked).signal, counts[:, :1000] / 1000)


def test_a_comment_behind_a_description_is_none_of_it(counts: Counts) -> None:
    files = wfdb_files(counts[:, :1000])
    files["rec.hea"] = files["rec.hea"].replace(b" V2\n", b" V2 # noisy\n").replace(b" II\n", b" II\t#loose\n")
    assert read_upload(files).leads == LEADS


@pytest.mark.parametrize("gap", [1, 300])
def test_a_gap_between_segments_is_missing_samples(counts: Counts, gap: int) -> None:
    files = {
        **wfdb_files(counts[:, :800], name="m1", data_name="m1.dat"),
        **wfdb_files(counts[:, 800:2000], name="m2", data_name="m2.dat"),
        "m.hea": f"m/3 12 500 {2000 + gap}\nm1 800\n~ {gap}\nm2 1200\n".encode(),
    }
    record = read_upload(files)
    assert np.isnan(record.signal).sum() == 12 * gap
    assert np.allclose(record.signal[:, 800 + gap :], counts[:, 800:2000] / 1000)


# --- folders ------------------------------------------------------------------------------------------------------


def test_what_could_be_an_ecg_is_named_and_not_dropped(tmp_path: Path, rows: NDArray[np.float64]) -> None:
    kept = {
        "table.txt": text(rows).encode(),
        "cardio.xml": b"<?xml version='1.0'?><CardiologyXML><x/></CardiologyXML>",
        "eli.xml": b"<ECG ACQUISITION_TIME='0'/>",
        "fhir.json": b'{"resourceType": "Observation", "component": [{"valueSampledData": {}}]}',
        "mfer.mwf": b"@ MFR " + bytes(100),
        "unknown.bin": bytes(range(256)) * 8,
        "lone.dat": bytes(4000),
        "packed.csv.gz": gzip.compress(text(rows).encode()),
    }
    left = {
        "settings.xml": b"<settings/>", "package.json": b'{"name": "x"}', "notes.txt": b"1,2\n3,4\n",
        "picture.png": b"\x89PNG" + bytes(1000), "archive.zip": b"PK\x03\x04" + bytes(1000), "small.bin": bytes(20),
    }  # fmt: skip
    for name, data in (kept | left).items():
        (tmp_path / name).write_bytes(data)
    assert {path.name for path in find_records(tmp_path)} == set(kept)


# --- hostile text -------------------------------------------------------------------------------------------------

UNITS = (" ", "\t", "9", "a", "lead ", "I ", "-", "(", "(a", ",", "V1 (", "gain ", "unit ", "1/", "_")
PATTERNS: dict[str, Callable[[str], object]] = {
    "lead names": canonical_lead,
    "a heading": lambda name: read_failing(f"{name};II;V1\n" + "1.5;2.5;3.5\n" * 120),
    "words before": lambda line: read_failing(f"{line}\n" + "1.5;2.5;3.5\n" * 120),
    "a cell": lambda cell: read_failing(
        "I;II;V1\n" + "1.5;2.5;3.5\n" * 60 + f"{cell};2.5;3.5\n" + "1.5;2.5;3.5\n" * 60
    ),
    "a description": lambda name: read_described(name),
}


def read_failing(content: str) -> None:
    try:
        read(content, TableFormat(fs=100, unit="mV"))
    except EcgError:
        return


def read_described(name: str) -> None:
    files = wfdb_files(np.zeros((12, 100), np.int16))
    files["rec.hea"] = files["rec.hea"].replace(b" II\n", b" " + name.replace("\n", " ").encode() + b"\n")
    try:
        read_upload(files)
    except EcgError:
        return


@pytest.mark.parametrize("where", PATTERNS)
@pytest.mark.parametrize("unit", UNITS)
def test_long_runs_cost_no_more_than_their_length(where: str, unit: str) -> None:
    """A ratio of CPU time: thirty-two times the text may take some of that longer, and never its square."""

    def spent(length: int) -> float:
        run = (unit * length)[:length]
        begin = time.process_time()
        PATTERNS[where](f"I{run}x")
        PATTERNS[where](run)
        return time.process_time() - begin

    spent(500)
    short = max(spent(500), 2e-3)
    assert spent(16_000) < 100 * short


def test_a_table_of_too_many_cells_is_refused_before_it_is_cut() -> None:
    begin = time.process_time()
    with pytest.raises(UnreadableEcg, match="cells"):
        read_upload({"x.csv.gz": gzip.compress(b"," * (MAX_CELLS + 10))})
    assert time.process_time() - begin < 5
