from __future__ import annotations

import pytest

from suprem.reports.rules import extract_statement


def names(text: str) -> list[str]:
    return [entity.name for entity in extract_statement(text).entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Atrial tachycardia at 140/min with 2:1 block", ["atrial tachycardia"]),
        ("Atrial flutter, ventricular rate 75, 4:1 conduction", ["atrial flutter"]),
        ("Atrial fibrillation with high ventricular rate", None),
        ("LBBB (left bundle branch block)", ["left bundle branch block"]),
    ],
)
def test_what_belongs_to_one_finding_is_one_entity(text: str, expected: list[str] | None) -> None:
    found = names(text)
    if expected is None:
        assert found == ["atrial fibrillation", "atrial fibrillation with rapid ventricular response"]
    else:
        assert found == expected


def test_a_finding_that_is_pointed_back_to_is_not_found_twice() -> None:
    assert names("Left bundle branch block, ST-T changes secondary to the bundle branch block") == [
        "left bundle branch block",
        "st-t changes",
    ]
    assert names("ST-T changes secondary to the bundle branch block") == ["st-t changes", "bundle branch block"]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Inferior ST elevation, consider acute infarct", "inferior acute infarction"),
        ("ANTEROLATERAL ST ELEVATION - PROBABLE INFARCT", "anterolateral infarction"),
        ("Inferior ST elevation, consider anterior infarct", "anterior infarction"),
        ("Inferior ST elevation with old infarct", "old infarction"),
    ],
)
def test_an_infarct_that_raised_segments_suggest_is_of_their_wall(text: str, last: str) -> None:
    assert names(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("QTc 512 ms", ["prolonged qt interval"]),
        ("PR 240", ["prolonged pr interval"]),
        ("QRS 146 msec", ["measured qrs 146 ms"]),
        ("QTc 430 ms, QRS 90 ms, PR 160 ms", []),
        ("QTc prolonged 512 ms", ["qtc prolonged"]),
    ],
)
def test_an_interval_far_too_long_is_a_finding(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_place_behind_a_comma_belongs_to_the_finding() -> None:
    assert names("LOW VOLTAGE, LIMB LEADS") == ["low voltage limb leads"]


def test_a_run_of_digits_between_a_rhythm_and_a_block_is_soon_read() -> None:
    """Cut into numbers of one to three digits it can be taken apart in more ways than end; that it ends is the test."""
    assert names("Atrial tachycardia " + "1" * 400 + "x block") == ["atrial tachycardia", "block"]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("T wave inversion in lateral leads, consider ischemia", "lateral ischemia"),
        ("Inferior & lateral ST depression, possible ischaemia", "inferior lateral ischaemia"),
        ("Anterior ST-T changes may be due to strain or injury", "anterior injury"),
        ("Lateral T wave changes, consider inferior ischemia", "inferior ischemia"),
        ("Lateral T wave inversion and LBBB, consider ischemia", "ischemia"),
        ("ST depression, consider ischemia", "ischemia"),
    ],
)
def test_a_cause_is_of_the_wall_whose_changes_it_explains(text: str, last: str) -> None:
    assert names(text)[-1] == last
