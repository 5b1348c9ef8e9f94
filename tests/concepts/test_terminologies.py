from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.terminologies import of_semantic_types, read_snomed, read_umls, unite
from suprem.concepts.vocabulary import Concept
from suprem.errors import Cancelled, ConceptError
from tests.concepts.terminology_files import (
    FULLY_SPECIFIED,
    concept,
    description,
    is_a,
    small_snomed,
    umls_row,
    write_snomed,
    write_umls,
)


def test_a_concept_has_its_preferred_term_as_name_and_the_others_as_synonyms(tmp_path: Path) -> None:
    path = write_umls(
        tmp_path / "MRCONSO.RRF",
        [
            umls_row("C9000001", "Auricular flutter", rank="S PF Y"),
            umls_row("C9000001", "Atrial flutter", source="SNOMEDCT_US", code="9100"),
            umls_row("C9000001", "Atrial  flutter ", rank="P VO N"),
            umls_row("C9000001", "Vorhofflattern", language="GER"),
            umls_row("C9000001", "Flutter, obsolete", suppress="O"),
            umls_row("C9000002", "Bundle branch block", source="SNOMEDCT_US", code="9200"),
            umls_row("C9000002", "Block of bundle", source="SNOMEDCT_US", code="9201", rank="S PF Y"),
        ],
    )
    terms = read_umls(path)
    assert terms.concepts == (
        Concept("C9000001", "Atrial flutter", ("Auricular flutter",), snomed="9100"),
        Concept("C9000002", "Bundle branch block", ("Block of bundle",)),
    )
    assert (terms.files[0].rows, terms.files[0].damaged) == (7, 0)


def test_only_wanted_concepts_and_sources_are_kept(tmp_path: Path) -> None:
    path = write_umls(
        tmp_path / "MRCONSO.RRF",
        [
            umls_row("C9000001", "toast"),
            umls_row("C9000002", "AFL"),
            umls_row("C9000002", "atrial flutter", source="OTHER", rank="S PF Y"),
        ],
    )
    wanted = read_umls(path, wanted=lambda term: "flutter" in term).concepts
    assert [(concept.code, concept.name, concept.synonyms) for concept in wanted] == [
        ("C9000002", "AFL", ("atrial flutter",))
    ]
    assert [concept.name for concept in read_umls(path, sources=["OTHER"]).concepts] == ["atrial flutter"]


def test_a_file_in_another_order_gives_each_concept_once(tmp_path: Path) -> None:
    rows = [
        umls_row("C9000001", "auricular flutter", rank="S VO N", source="SNOMEDCT_US", code="9100"),
        umls_row("C9000002", "bundle branch block"),
        umls_row("C9000001", "atrial flutter"),
    ]
    concepts = read_umls(write_umls(tmp_path / "MRCONSO.RRF", rows)).concepts
    assert concepts[0] == Concept("C9000001", "atrial flutter", ("auricular flutter",), snomed="9100")
    assert len(concepts) == 2


def test_damaged_rows_are_counted_with_their_lines_and_the_rest_is_kept(tmp_path: Path) -> None:
    good = umls_row("C9000001", "Atrial flutter").encode()
    rows = [
        good,
        b"C9000001|ENG|P",
        b"",
        umls_row("C9000002", "Vorh\xf6f").encode("latin-1"),
        umls_row("not a cui", "Flutter").encode(),
        umls_row("C9000003", "").encode(),
        umls_row("C9000004", "a sentence " * 100).encode(),
        umls_row("C9000005", "a | b").encode(),
        *[b"?"] * 20,
        umls_row("C9000001", "Auricular flutter", rank="S PF Y").encode(),
    ]
    (tmp_path / "MRCONSO.RRF").write_bytes(b"\r\n".join(rows) + b"\r\n")
    terms = read_umls(tmp_path / "MRCONSO.RRF")
    assert terms.concepts == (Concept("C9000001", "Atrial flutter", ("Auricular flutter",)),)
    (count,) = terms.files
    assert (count.rows, count.damaged, count.first_damaged) == (29, 26, [2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not the file it should be"),
        (b"id,term\n1,flutter\n", r"none of its 2 rows has 18 columns closed by \|"),
        (b"\x00\xff" * 1000, "not the file it should be"),
        (umls_row("C9000001", "Flattern", language="GER").encode(), "no English term"),
    ],
)
def test_what_is_not_mrconso_is_one_sentence(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "MRCONSO.RRF").write_bytes(content)
    with pytest.raises(ConceptError, match=message):
        read_umls(tmp_path / "MRCONSO.RRF")
    with pytest.raises(ConceptError, match=r"missing\.RRF cannot be read"):
        read_umls(tmp_path / "missing.RRF")


def test_semantic_types_leave_out_what_is_done_rather_than_found(tmp_path: Path) -> None:
    concepts = [Concept("C9000001", "atrial flutter"), Concept("C9000002", "atrial pacing"), Concept("C9000003", "x")]
    rows = ["C9000001|T046|B2.2|Pathologic Function|AT1||", "C9000002|T061|B1|Procedure|AT2||", "bad"]
    path = write_umls(tmp_path / "MRSTY.RRF", rows)
    terms = of_semantic_types(path, concepts)
    assert [concept.code for concept in terms.concepts] == ["C9000001"]
    assert (terms.files[0].damaged, terms.files[0].first_damaged) == (1, [3])
    with pytest.raises(ConceptError, match="same release"):
        of_semantic_types(path, concepts[2:])


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
    monkeypatch.setattr("suprem.concepts.terminologies._STEP", 1)

    def stop(fraction: float, _message: str) -> None:
        assert 0 <= fraction <= 1
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        read_snomed(small_snomed(tmp_path), progress=stop)


def test_concepts_of_one_name_become_one_and_keep_the_first_code() -> None:
    united = unite(
        [
            Concept("1", "ECG: atrial flutter", ("flutter on trace",), snomed="9"),
            Concept("2", "Atrial flutter", ("quivering of the upper chambers",), snomed="8"),
            Concept("3", "Bundle branch block"),
        ]
    )
    first, second = united.vocabulary.concepts
    assert (first.code, first.snomed, second.code) == ("1", "9", "3")
    assert set(first.synonyms) == {"flutter on trace", "Atrial flutter", "quivering of the upper chambers"}
    assert (united.merged, united.ambiguous) == (1, 0)
    assert united.vocabulary.lookup("quivering of the upper chambers") is first


def test_a_wording_that_means_several_things_is_nobodys() -> None:
    united = unite(
        [
            Concept("1", "Atrial flutter", ("quivering", "Atrial fibrillation")),
            Concept("2", "Atrial fibrillation", ("quivering", "delirium cordis")),
        ]
    )
    assert [concept.synonyms for concept in united.vocabulary.concepts] == [(), ("delirium cordis",)]
    assert united.ambiguous == 3
    assert united.vocabulary.lookup("quivering") is None


def test_an_abbreviation_that_our_dictionary_reads_otherwise_is_left_out() -> None:
    united = unite([Concept("1", "Heart attack of a mouse", ("LBBB", "HAM")), Concept("2", "Atrial flutter", ("AFL",))])
    assert united.vocabulary.concepts[0].synonyms == ("HAM",)
    assert united.vocabulary.lookup("AFL") is united.vocabulary.concepts[1]


def test_terms_without_a_word_leave_nothing() -> None:
    assert unite([Concept("1", "---"), Concept("2", "flutter", ("***",))]).vocabulary.names == ("flutter",)
    with pytest.raises(ConceptError, match="No term is left"):
        unite([])
