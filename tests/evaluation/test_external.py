"""Sensitivity at a reader's specificity, masks, intervals and means, against figures worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from suprem.datasets.external import ExternalCorpus, LabelledFinding, Reader
from suprem.evaluation.external import evaluate_external, sensitivity_at
from suprem.evaluation.external_result import ExternalResult, Rate

RECORDS = tuple("abcdefgh")
PRESENT = dict(zip(RECORDS, (True, True, True, True, False, False, False, False), strict=True))
LOGITS = np.array([4.0, 3.0, 1.0, -1.0, 2.0, 0.0, -2.0, -3.0])


def evaluate(*findings: LabelledFinding, logits: np.ndarray | None = None) -> ExternalResult:
    columns = np.stack([LOGITS] * len(findings), axis=1) if logits is None else logits
    corpus = ExternalCorpus("there", Path("there"), findings)
    return evaluate_external(corpus, RECORDS, columns, checkpoint="c", encoder="e", created=0.0, draws=200)


def reader(found: str, answered: str = "abcdefgh", name: str = "R", kind: str = "") -> Reader:
    return Reader(name, kind, {record: record in found for record in answered})


def test_the_model_is_compared_at_the_readers_specificity() -> None:
    one = ones = np.ones((1, 8), np.uint16)
    present = np.array(list(PRESENT.values()))
    for specificity, expected in ((1.0, 0.5), (0.75, 0.75), (0.5, 1.0), (0.9, 0.5)):
        assert sensitivity_at(present, LOGITS, np.array([specificity]), one) == pytest.approx([expected])
    assert sensitivity_at(present, np.zeros(8), np.array([0.75]), ones) == pytest.approx([0.0]), "a tie is one step"

    finding = LabelledFinding("g", "x", ("x",), PRESENT, (reader("abe", kind="resident"), reader("abcd", name="S")),
                              {"net": {record: float(PRESENT[record]) for record in RECORDS}})  # fmt: skip
    result = evaluate(finding).findings[0]
    assert result.auroc.value == pytest.approx(13 / 16)
    first, second = result.readers
    assert (first.sensitivity, first.specificity, first.model) == (0.5, 0.75, 0.75)
    assert (second.sensitivity, second.specificity, second.model) == (1.0, 1.0, 0.5)
    assert first.systems == {"net": 1.0}
    assert result.sensitivity.value == pytest.approx(0.625)
    assert result.reader_sensitivity.value == pytest.approx(0.75)
    assert result.sensitivity.ci[0] < 0.625 < result.sensitivity.ci[1]


def test_only_known_and_answered_records_count() -> None:
    known = {record: PRESENT[record] for record in "abefg"}
    result = evaluate(
        LabelledFinding("", "x", ("x",), known, (reader("a", "ae"), reader("a", "ab", name="no negative")))
    )
    (finding,) = result.findings
    assert (finding.records, finding.positives) == (5, 2)
    assert [(one.reader, one.records, one.positives) for one in finding.readers] == [("R", 2, 1)]


def test_a_union_is_no_part_of_the_mean_and_a_group_has_its_own() -> None:
    opposite = {record: not label for record, label in PRESENT.items()}
    once = dict.fromkeys(RECORDS, False) | {"a": True}
    result = evaluate(
        LabelledFinding("g", "x", ("x",), PRESENT, (reader("ab", kind="k"),)),
        LabelledFinding("g", "any", ("x",), opposite, is_union=True),
        LabelledFinding("h", "never", ("x",), dict.fromkeys(RECORDS, False)),
        LabelledFinding("g", "once", ("x",), once),
    )
    assert [(group.group, group.findings) for group in result.groups] == [("g", 1)]
    assert result.groups[0].macro.value == pytest.approx(13 / 16)
    assert result.groups[0].kinds == {"k": 0.5}
    assert math.isnan(result.findings[2].auroc.value)
    restored = ExternalResult.from_json(result.to_json())
    assert restored.to_json() == result.to_json()
    assert restored.groups == result.groups


def test_chance() -> None:
    assert Rate(0.6, (0.45, 0.7)).includes_chance
    assert not Rate(0.6, (0.55, 0.7)).includes_chance
    assert Rate(0.6).includes_chance, "without an interval nothing is known"
