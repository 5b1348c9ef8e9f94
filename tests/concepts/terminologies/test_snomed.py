from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.terminologies.snomed import read_snomed
from suprem.concepts.vocabulary import Concept
from suprem.errors import Cancelled, ConceptError
from tests.concepts.terminologies.terminology_files import (
    FULLY_SPECIFIED,
    concept,
    description,
    is_a,
    small_snomed,
    write_snomed,
)


def test_the_hierarchy_is_descended_from_the_roots(tmp_path: Path) -> None:
    terms = read_snomed(small_snomed(tmp_path), roots=["100"])
    assert terms.concepts == (
        Concept("100", "Finding of the trace", snomed="100"),
        Concept("110", "Flutter of atrium", ("Atrial flutter",), snomed="110"),
        Concept("120", "Bundle branch block (left)", snomed="120"),
        Concept("111", "Slow atrial flutter", snomed="111"),
    )
    assert [count.damaged for count in terms.files] == [0, 0, 0]
    assert [concept.code for concept in read_snomed(tmp_path, roots=["120", "110"]).concepts] == ["120", "111", "110"]


def test_a_root_that_the_release_lacks_is_told_and_all_of_them_refused(tmp_path: Path) -> None:
    small_snomed(tmp_path)
    assert read_snomed(tmp_path, roots=["130", "110", "x"]).missing_roots == ("130", "x")
    with pytest.raises(ConceptError, match=r"roots 130, x .*--root"):
        read_snomed(tmp_path, roots=["130", "x"])


def test_a_circle_in_the_hierarchy_ends(tmp_path: Path) -> None:
    folder = write_snomed(
        tmp_path,
        concepts=[concept("1"), concept("2")],
        descriptions=[description(1, "1", "Flutter (finding)", FULLY_SPECIFIED), description(2, "2", "Slow flutter")],
        relationships=[is_a(1, "2", "1"), is_a(2, "1", "2")],
        end="\n",
    )
    assert [concept.name for concept in read_snomed(folder, roots=["1"]).concepts] == ["Flutter", "Slow flutter"]


def test_damaged_rows_of_a_release_are_counted(tmp_path: Path) -> None:
    small_snomed(tmp_path)
    (path,) = tmp_path.rglob("sct2_Description*")
    path.write_bytes(path.read_bytes() + b"10\t20260101\t1\nx\t1\t1\t1\t110\ten\t1\tt\t1\n")
    path.write_bytes(path.read_bytes() + description(11, "110", "\xf6").replace(",", "\t").encode("latin-1") + b"\n")
    terms = read_snomed(tmp_path, roots=["110"])
    assert (terms.files[2].damaged, terms.files[2].first_damaged) == (3, [11, 12, 13])
    assert len(terms.concepts) == 2


def test_a_folder_without_a_snapshot_and_a_table_of_another_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConceptError, match=r"sct2_Concept_Snapshot.*Snapshot/Terminology"):
        read_snomed(tmp_path)
    small_snomed(tmp_path)
    (path,) = tmp_path.rglob("sct2_Concept*")
    path.write_text("code,name\n100,flutter\n")
    with pytest.raises(ConceptError, match="header line"):
        read_snomed(tmp_path, roots=["100"])


def test_reading_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suprem.concepts.terminologies.terminologies._STEP", 1)

    def stop(fraction: float, _message: str) -> None:
        assert 0 <= fraction <= 1
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        read_snomed(small_snomed(tmp_path), progress=stop)
