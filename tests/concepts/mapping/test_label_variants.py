"""The same reports labelled otherwise: doubted findings present or absent, names as queries of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.mapping.label_variants import MIN_REPORTS, label_variant
from suprem.concepts.mapping.mapping import MappingThresholds
from suprem.concepts.mapping.versions import VocabularyVersion, build_version, measure_reports
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConfigError
from suprem.reports.entities_file import Mention, ReportFindings
from suprem.reports.entity import Certainty
from tests.fakes import FakeEmbedder

SAME = ("left ventricular hypertrophy", "left ventricular high voltage", "LVH")
"""Names of near meaning; the first and the last are the same words once abbreviations are written out."""


def report(number: int, name: str, certainty: Certainty) -> ReportFindings:
    return ReportFindings(str(number), (Mention(name, name, certainty),))


@pytest.fixture(scope="module")
def version(terms: Vocabulary, tmp_path_factory: pytest.TempPathFactory) -> VocabularyVersion:
    reports = [
        report(100 * kind + row, SAME[kind], Certainty.ABNORMAL) for kind in range(3) for row in range(MIN_REPORTS)
    ]
    reports += [report(900, SAME[0], Certainty.UNCERTAIN), report(901, SAME[0], Certainty.NEGATED)]
    reports += [report(902, "sinus rhythm", Certainty.NORMAL), report(903, "purple elephants", Certainty.ABNORMAL)]
    similarities = measure_reports(reports, terms, FakeEmbedder())
    out = tmp_path_factory.mktemp("versions")
    return build_version(
        reports, similarities, encoder=FakeEmbedder(), thresholds=MappingThresholds(0.8, 0.75), out=out
    )


def labels_of(version: VocabularyVersion, code: str) -> dict[str, int]:
    labels = version.labels()
    return dict(zip(labels.record_ids, labels.values[:, labels.codes.index(code)].tolist(), strict=True))


@pytest.mark.parametrize(("name", "doubted"), [("uncertain-absent", 0), ("uncertain-present", 1)])
def test_a_doubted_finding_is_absent_or_present_and_nothing_else_changes(
    version: VocabularyVersion, tmp_path: Path, name: str, doubted: int
) -> None:
    assert labels_of(version, "LVH")["900"] == -1
    variant = label_variant(version, name, tmp_path)
    found, before = labels_of(variant, "LVH"), labels_of(version, "LVH")
    assert found.pop("900") == doubted
    before.pop("900")
    assert found == before
    assert found["901"] == 0
    assert variant.parent == version.id
    assert label_variant(version, name, tmp_path).folder == variant.folder


def test_names_become_queries_of_their_own(version: VocabularyVersion, tmp_path: Path) -> None:
    variant = label_variant(version, "not-deduplicated", tmp_path)
    names = {concept.name: concept.code for concept in variant.vocabulary().concepts}
    assert len(names) == 2  # the rare ones are gone, and one wording is another one abbreviated
    found = labels_of(variant, names[SAME[0]])  # the most frequent of its wordings
    assert (found["0"], found["200"], found["100"], found["900"]) == (1, 1, 0, -1)
    assert labels_of(variant, names[SAME[1]])["100"] == 1


def test_an_unknown_variant_is_named_with_the_known_ones(version: VocabularyVersion, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'doubled'; choose uncertain-absent, uncertain-present, not-deduplicated"):
        label_variant(version, "doubled", tmp_path)
