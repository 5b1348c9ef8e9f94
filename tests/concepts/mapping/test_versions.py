from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.atomic import write_text
from suprem.concepts.mapping import versions
from suprem.concepts.mapping.changes import compare
from suprem.concepts.mapping.labels import LabelMatrix
from suprem.concepts.mapping.mapping import (
    Mapping,
    MappingThresholds,
    Similarities,
    measure_similarities,
    read_mapping,
    remap,
    to_csv,
)
from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.reviewed import REVIEWED, decide
from suprem.concepts.mapping.versions import (
    VocabularyVersion,
    build_version,
    list_versions,
    mapping_code,
    measure_reports,
    open_version,
)
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError
from suprem.reports.entities_file import Mention, ReportFindings
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language
from tests.concepts.phrases import OTHER_FINDINGS, PARAPHRASES, UNRELATED
from tests.fakes import FakeEmbedder

THRESHOLDS = MappingThresholds(cluster=0.8, map=0.75)


def report(number: str, *found: tuple[str, Certainty], language: Language = Language.UNDERSTOOD) -> ReportFindings:
    return ReportFindings(number, tuple(Mention(name, name, certainty) for name, certainty in found), language)


REPORTS = [
    report("1", ("sinus rhythm", Certainty.NORMAL), ("left ventricular hypertrophy", Certainty.ABNORMAL)),
    report("2", ("sinus rhythm", Certainty.NORMAL), ("sinus rhythm", Certainty.NORMAL)),
    report("3", ("sinus rhythm", Certainty.NEGATED), ("purple elephants", Certainty.ABNORMAL)),
    report("4", ("sinus rhythm", Certainty.NORMAL), language=Language.NOT_UNDERSTOOD),
    report("5", ("purple elephants", Certainty.UNCERTAIN)),
]


def row(entity: str, code: str = "", guard: str = "") -> Mapping:
    return Mapping(entity, code, code.lower(), 0.9, 1, guard, bool(guard))


@pytest.fixture
def similarities(terms: Vocabulary) -> Similarities:
    return measure_reports(REPORTS, terms, FakeEmbedder())


def build(similarities: Similarities, out: Path, **options: object) -> VocabularyVersion:
    return build_version(
        REPORTS, similarities, encoder=FakeEmbedder(), thresholds=THRESHOLDS, out=out, **options  # type: ignore[arg-type]
    )  # fmt: skip


def test_mentions_count_reports_that_state_an_entity_once_and_neither_denied_nor_unread() -> None:
    mentions = Mentions.read(REPORTS)
    assert mentions.counts == {"sinus rhythm": 2, "left ventricular hypertrophy": 1, "purple elephants": 2}
    assert mentions.examples("sinus rhythm") == ["1", "2"]
    assert mentions.examples("sinus rhythm", limit=1) == ["1"]
    assert mentions.examples("never said") == []
    assert mentions.covered(["sinus rhythm", "left ventricular hypertrophy"]) == 2, "report 1 states both, counts once"
    assert mentions.covered([]) == 0


def test_a_comparison_says_what_is_gained_lost_and_retargeted_in_rows_and_records() -> None:
    before = [row("sinus rhythm", "SR"), row("purple elephants", "LVH"), row("left ventricular hypertrophy")]
    after = [row("sinus rhythm", "NORM"), row("purple elephants"), row("left ventricular hypertrophy", "LVH")]
    changes = compare(before, after, Mentions.read(REPORTS))
    assert [(c.entity, c.before, c.after, c.records) for c in changes.retargeted] == [("sinus rhythm", "SR", "NORM", 2)]
    assert [c.entity for c in changes.lost] == ["purple elephants"]
    assert [c.entity for c in changes.gained] == ["left ventricular hypertrophy"]
    assert changes.records == 4
    assert compare(before, before, Mentions.read(REPORTS)).rows == ()


def test_a_proposal_of_something_more_specific_is_carried_by_no_record() -> None:
    changes = compare([row("infarction", "IMI")], [row("infarction", "IMI", "broader")], Mentions.read(REPORTS))
    assert [c.entity for c in changes.lost] == ["infarction"]


def test_a_decision_wins_over_what_was_computed(terms: Vocabulary) -> None:
    rows = decide([row("a", "SR", "narrower"), row("b", "SR"), row("c")], {"a": "AFIB", "b": ""}, terms)
    assert [(r.code, r.guard, r.needs_review) for r in rows] == [
        ("AFIB", REVIEWED, False),
        ("", REVIEWED, False),
        ("", "", False),
    ]
    assert rows[0].concept == "atrial fibrillation"
    with pytest.raises(ConceptError, match="XYZ"):
        decide([row("a")], {"a": "XYZ"}, terms)


def test_a_version_is_what_was_written_and_the_next_one_knows_its_parent(
    similarities: Similarities, tmp_path: Path
) -> None:
    first = build(similarities, tmp_path)
    assert first.vocabulary().codes == ("LVH", "SR")
    assert first.labels().values.tolist() == [[1, 1], [0, 1], [0, 0], [-1, -1], [0, 0]]
    assert first.reports() == REPORTS
    assert first.reference() == similarities.vocabulary
    assert {r.entity for r in first.mappings()} == {one.name for r in REPORTS for one in r.findings}

    second = build(similarities, tmp_path, parent=first.id, decided={"sinus rhythm": ""})
    assert (first.number, second.number, second.parent) == (1, 2, first.id)
    assert second.vocabulary().codes == ("LVH",), "no record carries what reviewers took away"
    assert list_versions(tmp_path) == [first, second]
    assert build(similarities, tmp_path) == first, "the same input is the same version"
    assert len(list_versions(tmp_path)) == 2


def test_records_without_a_report_are_masked(similarities: Similarities, tmp_path: Path) -> None:
    labels = build(similarities, tmp_path, record_ids=["00002", "00099"]).labels()
    assert labels.record_ids == ("00002", "00099")
    assert labels.values.tolist() == [[0, 1], [-1, -1]]


def test_an_unfinished_version_is_none(similarities: Similarities, tmp_path: Path) -> None:
    version = build(similarities, tmp_path)
    (version.folder / "manifest.json").rename(version.folder / "manifest.part")
    assert list_versions(tmp_path) == []
    with pytest.raises(ConceptError, match="build-vocabulary"):
        open_version(version.folder)
    for content in ("", "[]", json.dumps({"version": version.id})):
        (version.folder / "manifest.json").write_text(content)
        with pytest.raises(ConceptError, match="not a finished vocabulary version"):
            open_version(version.folder)


def test_a_mapping_survives_its_file(tmp_path: Path) -> None:
    rows = [row("=1+1", "SR"), row('st "elevation", v1', "", "side"), replace(row("x", "SR"), similarity=0.8125)]
    (tmp_path / "mapping.csv").write_text(to_csv(rows))
    assert read_mapping(tmp_path / "mapping.csv") == rows


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "entity,code,concept,similarity,cluster,guard,needs_review\nx"])
def test_another_file_is_no_mapping(content: str, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(content)
    for name in ("other.csv", "absent.csv"):
        with pytest.raises(ConceptError, match=f"{name} is not a mapping; expected .* entity, code, concept"):
            read_mapping(tmp_path / name)


def test_a_label_matrix_survives_its_file_and_nothing_else_is_one(tmp_path: Path) -> None:
    matrix = LabelMatrix(("1", "2"), ("SR",), np.array([[1], [-1]], np.int8))
    with (tmp_path / "labels.npz").open("wb") as file:
        matrix.save(file)
    read = LabelMatrix.load(tmp_path / "labels.npz")
    assert (read.record_ids, read.codes, read.values.tolist()) == (("1", "2"), ("SR",), [[1], [-1]])

    np.savez(tmp_path / "short.npz", record_ids=["1"], codes=["SR"], values=np.zeros((2, 1), np.int8))
    (tmp_path / "prose.npz").write_text("prose")
    for name in ("short.npz", "prose.npz", "absent.npz"):
        with pytest.raises(ConceptError, match=name):
            LabelMatrix.load(tmp_path / name)


def test_a_version_remembers_the_program_that_mapped_it(similarities: Similarities, tmp_path: Path) -> None:
    version = build(similarities, tmp_path)
    assert version.mapping_code == mapping_code()
    manifest = version.folder / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["mapping_code"]
    manifest.write_text(json.dumps(content))
    assert open_version(version.folder).mapping_code == "", "one made before this was kept"


class WordsEmbedder(FakeEmbedder):
    """Texts are near each other as they share words: cosines that mean something and are the same on every machine."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 512), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % 512] += 1.0
        return vectors


MAPPED = {"9f52ebbab2dff0bf": "c66e0517cc4d3c05"}
"""`mapping_code()` -> digest of where the names below go; the last is that of this program."""


def test_names_that_map_otherwise_are_told_by_the_mapping_code(terms: Vocabulary) -> None:
    """A version says which rules made it; nobody would know of a change if `MAPPING_RULES` stood still."""
    names = sorted({*terms.texts, *PARAPHRASES, *OTHER_FINDINGS, *UNRELATED})
    similarities = measure_similarities(names, terms, WordsEmbedder(), floor=0.55)
    rows = remap(similarities, cluster_threshold=0.83, map_threshold=0.71)
    where = [(row.entity, row.code, row.guard, row.needs_review) for row in rows]
    digest = hashlib.sha256(json.dumps(sorted(where)).encode()).hexdigest()[:16]
    assert mapping_code() in MAPPED, f"wordings or rules changed: write down {mapping_code()!r}: {digest!r}"
    assert digest == MAPPED[mapping_code()], f"names map otherwise ({digest}): raise MAPPING_RULES by one"


def test_versions_made_at_once_have_numbers_of_their_own(tmp_path: Path) -> None:
    """Seven of ten rounds gave two versions one number."""
    numbers: list[int] = []
    together = Barrier(6)

    def make(letter: str) -> None:
        for round_ in range(5):
            together.wait()
            with versions._next_number(tmp_path) as number:
                folder = tmp_path / f"{letter}{round_}"
                folder.mkdir()
                manifest = {
                    "version": folder.name, "number": number, "parent": None, "created": "2026-12-01", "records": 1,
                    "thresholds": {"cluster": 0.9, "map": 0.9}, "encoder": {"name": "fake"},
                }  # fmt: skip
                write_text(folder / "manifest.json", json.dumps(manifest))
            numbers.append(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, "abcdef"))
    assert len(numbers) == len(set(numbers)) == 30  # one may be missing that was let go for a higher one
    assert list(tmp_path.glob(".number-*")) == []
