"""An upload is read in another process as in this one, and no file takes more there than it may."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.ecg.formats import read_apart
from suprem.ecg.formats.read_apart import end_workers, read_upload_apart, record_from, record_to
from suprem.ecg.formats.readers import TableFormat, read_upload
from suprem.ecg.record import EcgRecord
from suprem.errors import MissingFact, UnreadableEcg
from tests.ecg.conftest import wfdb_files
from tests.ecg.formats.hospital_files import aecg_file

Counts = NDArray[np.int16]


@pytest.fixture(autouse=True, scope="module")
def no_worker_is_left() -> Iterator[None]:
    yield
    end_workers()


def same(one: EcgRecord, other: EcgRecord) -> bool:
    facts = [{name: value for name, value in vars(record).items() if name != "signal"} for record in (one, other)]
    return facts[0] == facts[1] and np.array_equal(one.signal, other.signal, equal_nan=True)


def test_what_is_read_apart_is_what_is_read_here(brief_counts: Counts) -> None:
    for files in (wfdb_files(brief_counts), {"x.xml": aecg_file(brief_counts)}):
        assert same(read_upload_apart(files), read_upload(files))


def test_what_a_person_states_goes_along_and_what_is_missing_comes_back(brief_counts: Counts) -> None:
    text = "\n".join(",".join(map(str, frame)) for frame in brief_counts.T[:1100]).encode()
    table = TableFormat(fs=500.0, counts_per_mv=1000.0)
    assert same(read_upload_apart({"x.csv": text}, table=table), read_upload({"x.csv": text}, table=table))
    with pytest.raises(MissingFact, match="sampling rate"):
        read_upload_apart({"x.csv": text})
    with pytest.raises(UnreadableEcg, match="no table of numbers"):
        read_upload_apart({"Quxley.bin": bytes(range(128, 256)) * 9})


def test_a_reader_that_computes_or_fills_without_end_is_ended_and_the_next_upload_is_read(
    brief_counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand for such files: workers that do so whatever they are sent."""
    good = wfdb_files(brief_counts)
    worker = "import suprem.ecg.formats.reading_worker as w, sys, os\nw.CPU_SECONDS, w.MEMORY = 1, 1 << 29\n"
    serve = "\nw.serve(sys.stdin.buffer, sys.stdout.buffer)"
    for does in ("while True: pass", "return [b'x' * (1 << 30)]"):
        command = f"{worker}def read(*_, **__):\n    {does}\nw.read_upload = read{serve}"
        end_workers()
        with monkeypatch.context() as changed:
            changed.setattr(read_apart, "COMMAND", ("-c", command))
            with pytest.raises(UnreadableEcg):
                read_upload_apart(good)
        end_workers()
    assert read_upload_apart(good).source == "WFDB"


def test_a_worker_that_never_answers_is_given_up(brief_counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    end_workers()
    monkeypatch.setattr(read_apart, "WALL_SECONDS", 0.2)
    monkeypatch.setattr(read_apart, "COMMAND", ("-c", "import sys; sys.stdin.buffer.read()"))
    with pytest.raises(UnreadableEcg, match="more than"):
        read_upload_apart(wfdb_files(brief_counts))
    assert not read_apart._idle


def test_a_small_archive_of_a_huge_table_is_refused() -> None:
    row = b",".join([b"0.125"] * 12) + b"\n"
    bomb = gzip.compress(b"I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n" + row * 1_500_000)
    assert len(bomb) < 2**20
    with pytest.raises(UnreadableEcg):
        read_upload_apart({"x.csv.gz": bomb})


def test_a_recording_is_the_same_after_it_was_taken_apart(clean: EcgRecord) -> None:
    facts, samples = record_to(clean)
    assert same(record_from(json.loads(facts), samples), clean)
