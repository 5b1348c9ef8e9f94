"""Uploaded files are put together to ECGs by their names, which go no further."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.formats.archive import group_uploads
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS
from suprem.errors import UnreadableEcg
from suprem.web.read_ecg.ecg_picker import device_words, recordings_of, with_computed_leads
from tests.tiny import ecg


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["a.hea", "a.dat"], [[0, 1]]),
        (["A.DAT", "a.HEA"], [[0, 1]]),
        (["a.hea", "b.dat"], [[0, 1]]),  # the header may name a file of another stem
        (["a.hea", "b.hea", "b.mat", "a.dat"], [[0, 3], [1, 2]]),
        (["x.dcm", "y.dcm"], [[0], [1]]),
        (["x.csv", "a.hea", "a.dat", "x.npy"], [[0], [1, 2], [3]]),
        (["a.dat"], [[0]]),
        (["no suffix", "no suffix"], [[0], [1]]),
    ],
)
def test_files_that_make_up_one_ecg_are_put_together(names: list[str], groups: list[list[int]]) -> None:
    assert group_uploads(names) == groups


def test_the_facts_of_a_recording_hold_only_what_is_known() -> None:
    assert ecg().facts == "10.0 s, 500 Hz, 12 leads"


def test_what_the_device_says_is_its_statements_and_its_measurements_stand_elsewhere() -> None:
    record = ecg()
    assert device_words(record) == ""
    said = replace(record, device={"Heart Rate": "61 bpm", "P Axis": "0 deg"}, device_statements=("Sinus rhythm", "VT"))
    assert device_words(said) == "Sinus rhythm; VT."


def test_a_file_of_eight_leads_is_shown_as_twelve_and_an_empty_one_as_it_is() -> None:
    whole = ecg()
    rows = [whole.leads.index(lead) for lead in INDEPENDENT_LEADS]
    eight = replace(whole, signal=whole.signal[rows], leads=INDEPENDENT_LEADS)
    completed = with_computed_leads(eight)
    assert completed.leads == LEADS
    assert completed.derived == ("III", "aVR", "aVL", "aVF")
    empty = replace(eight, signal=np.zeros_like(eight.signal))
    assert with_computed_leads(empty) is empty


def archive(names: list[str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, b"content of " + name.encode())
    return packed.getvalue()


def test_a_small_archive_opens_as_its_recordings_and_a_large_one_points_to_the_cohort() -> None:
    few = archive(["a.hea", "a.dat", "b.dcm"])
    assert [sorted(found) for found in recordings_of([("few.zip", few), ("c.dcm", b"c")])] == [
        ["c.dcm"], ["a.dat", "a.hea"], ["b.dcm"],
    ]  # fmt: skip
    (many,) = recordings_of([("many.ZIP", archive([f"{number}.dcm" for number in range(30)]))])
    assert isinstance(many, UnreadableEcg)
    assert "Cohort" in str(many)
    (broken,) = recordings_of([("broken.zip", b"PK but no archive")])
    assert isinstance(broken, UnreadableEcg)


def test_two_files_of_one_name_are_two_recordings() -> None:
    assert list(recordings_of([("x.dcm", b"1"), ("x.dcm", b"2")])) == [{"x.dcm": b"1"}, {"x.dcm": b"2"}]
