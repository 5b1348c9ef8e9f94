from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.concepts.mapping.labels import MASKED, LabelMatrix, label_matrix, with_broader, with_statements
from suprem.concepts.places import USUAL
from suprem.concepts.vocabulary import CONCEPTS as CONCEPT_TERMS
from suprem.concepts.vocabulary import Concept, load_terms
from suprem.reports.entities_file import Mention, ReportFindings
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language

CONCEPTS = (Concept("LVH", "left ventricular hypertrophy"), Concept("SR", "sinus rhythm"))
CARRIED = {"lvh": "LVH", "left ventricular hypertrophy": "LVH", "sinus rhythm": "SR"}


def report(
    *findings: tuple[str, str], report_id: str = "1", language: Language = Language.UNDERSTOOD
) -> ReportFindings:
    return ReportFindings(report_id, tuple(Mention(name, name, Certainty(level)) for name, level in findings), language)


def label(*findings: tuple[str, str]) -> int:
    return int(label_matrix([report(*findings)], CARRIED, CONCEPTS[:1]).values[0, 0])


@pytest.mark.parametrize(("certainty", "value"), [("normal", 1), ("abnormal", 1), ("uncertain", -1), ("negated", 0)])
def test_each_certainty_has_its_label(certainty: str, value: int) -> None:
    assert label(("lvh", certainty)) == value


def test_what_is_not_mentioned_is_absent() -> None:
    assert label(("sinus rhythm", "normal"), ("elephant", "abnormal")) == 0


@pytest.mark.parametrize("other", ["uncertain", "negated"])
def test_a_plain_statement_outweighs_the_rest_in_either_order(other: str) -> None:
    assert label(("lvh", "abnormal"), ("left ventricular hypertrophy", other)) == 1
    assert label(("left ventricular hypertrophy", other), ("lvh", "abnormal")) == 1


def test_a_doubt_outweighs_a_denial() -> None:
    assert label(("lvh", "negated"), ("lvh", "uncertain")) == label(("lvh", "uncertain"), ("lvh", "negated")) == -1


def test_a_report_that_was_not_understood_is_masked() -> None:
    assert (label_matrix([report(language=Language.NOT_UNDERSTOOD)], CARRIED, CONCEPTS).values == -1).all()


def test_of_a_partly_understood_report_only_what_it_says_is_a_label() -> None:
    half = report(("lvh", "abnormal"), ("sinus rhythm", "negated"), language=Language.PARTLY)
    assert label_matrix([half], CARRIED, CONCEPTS).values.tolist() == [[1, -1]]


def test_records_are_those_of_the_index_and_masked_without_a_report() -> None:
    labels = label_matrix(
        [report(("lvh", "abnormal"), report_id="7")], CARRIED, CONCEPTS[:1], record_ids=["00008", "00007"]
    )
    assert labels.record_ids == ("00008", "00007")
    assert labels.values.tolist() == [[-1], [1]]


def test_the_file_loads_without_pickle(tmp_path: Path) -> None:
    with (tmp_path / "labels.npz").open("wb") as file:
        LabelMatrix(("1",), ("LVH", "SR"), np.array([[1, -1]], np.int8)).save(file)
    with np.load(tmp_path / "labels.npz", allow_pickle=False) as found:
        assert found["record_ids"].tolist() == ["1"]
        assert found["codes"].tolist() == ["LVH", "SR"]
        assert found["values"].dtype == np.int8


def test_records_are_found_with_and_without_leading_zeros_and_the_unknown_are_masked() -> None:
    matrix = LabelMatrix(("1", "2"), ("SR", "AFIB"), np.array([[1, 0], [-1, 1]], np.int8))
    assert matrix.of(["00002", "7", "1"]).tolist() == [[-1, 1], [MASKED, MASKED], [1, 0]]
    assert matrix.of([]).shape == (0, 2)


INVERSION = (
    Concept("INVT", "inverted T wave"),
    *(Concept(f"INVT:{place}", f"T wave inversion in {place}", of="INVT", place=place) for place in USUAL),
)


def placed(name: str, certainty: str = "abnormal") -> dict[str, int]:
    matrix = label_matrix([report((name, certainty))], {name: "INVT"}, INVERSION)
    return {code.removeprefix("INVT:"): int(value) for code, value in zip(matrix.codes, matrix.values[0], strict=True)}


def test_leads_named_one_by_one_are_present_and_the_others_absent() -> None:
    found = placed("t waves inverted in i, avl, v4-6")
    leads = {place for place, value in found.items() if value == 1}
    assert leads == {
        "INVT", "lead I", "lead aVL", "lead V4", "lead V5", "lead V6", "lateral leads", "high lateral leads",
    }  # fmt: skip
    assert found["lead III"] == found["inferior leads"] == 0
    assert found["anterior leads"] == MASKED  # V4 alone does not make the wall


def test_a_wall_named_by_a_word_leaves_its_leads_open() -> None:
    found = placed("inferior t wave inversion")
    assert (found["inferior leads"], found["lead II"], found["lead V5"]) == (1, MASKED, 0)


def test_a_finding_without_a_place_is_open_everywhere() -> None:
    found = placed("t wave inversion")
    assert found.pop("INVT") == 1
    assert set(found.values()) == {MASKED}


def test_a_doubted_finding_is_open_where_it_would_be() -> None:
    found = placed("t wave inversion in v2", "uncertain")
    assert (found["INVT"], found["lead V2"], found["lead II"]) == (MASKED, MASKED, 0)


GROUPED = (
    Concept("IMI", "inferior myocardial infarction"),
    Concept("AMI", "anterior myocardial infarction"),
    Concept("MI", "myocardial infarction", narrower=("IMI", "AMI")),
    Concept("ABNORM", "abnormal ECG", narrower=("MI",)),
)


@pytest.mark.parametrize(
    ("values", "broader"),
    [
        ([1, 0, 0, 0], [1, 1]),
        ([0, -1, 0, 0], [-1, -1]),
        ([1, -1, 0, 0], [1, 1]),
        ([0, 0, 1, 0], [1, 1]),
        ([0] * 4, [0, 0]),
    ],
)
def test_what_implies_a_broader_concept_gives_it_its_label(values: list[int], broader: list[int]) -> None:
    assert with_broader(np.array([values], np.int8), GROUPED)[0, 2:].tolist() == broader


def test_a_corpus_statement_outweighs_the_report_and_a_report_alone_is_masked() -> None:
    #                 report:   IMI AMI MI ABNORM
    reported = np.array([[0, 0, 0, 0], [1, 0, 1, 1], [0, 0, 1, 1], [0, -1, -1, -1]], np.int8)
    stated = {"IMI": np.array([True, False, False, False]), "AMI": np.zeros(4, bool)}
    assert with_statements(reported, GROUPED, stated).tolist() == [
        [1, 0, 1, 1],
        [-1, 0, -1, 1],  # the report's own word for an abnormal ECG stands: no statement speaks against it
        [0, 0, -1, 1],
        [0, -1, -1, -1],
    ]


def test_no_ischemia_leads_to_an_infarction() -> None:
    concepts = load_terms(CONCEPT_TERMS).concepts
    members = {concept.code: set(concept.narrower) for concept in concepts}
    reached = {"MI"}
    while grown := {code for group in reached for code in members.get(group, ())} - reached:
        reached |= grown
    assert not {code for code in reached if code.startswith(("ISC", "INJ"))}
    values = np.array([[1 if concept.code.startswith("ISC") else 0 for concept in concepts]], np.int8)
    broader = dict(zip((concept.code for concept in concepts), with_broader(values, concepts)[0], strict=True))
    assert (broader["STTC"], broader["MI"]) == (1, 0)


def test_what_a_corpus_doubts_is_masked_and_what_it_notes_is_present() -> None:
    concepts = (Concept("IMI", "inferior infarction"), Concept("STE_", "ST elevation"), Concept("LAD", "left axis"))
    concepts += (Concept("MI", "infarction", narrower=("IMI",)),)
    reported = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], np.int8)
    labels = with_statements(
        reported,
        concepts,
        {"IMI": np.array([True, True, False]), "STE_": np.array([False, False, False])},
        noted={"LAD": np.array([True, False, False])},
        doubted={"IMI": np.array([True, False, False]), "STE_": np.array([True, True, False])},
    )
    assert labels.tolist() == [
        [-1, -1, 1, -1],  # a doubted infarct, its ST segment not looked at
        [1, -1, 0, 1],  # a certain one; the report's ST elevation is not the corpus'
        [0, 0, 0, 0],
    ]
