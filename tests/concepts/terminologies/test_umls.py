from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.terminologies.umls import of_semantic_types, read_umls
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConceptError
from tests.concepts.terminologies.terminology_files import umls_row, write_umls


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
