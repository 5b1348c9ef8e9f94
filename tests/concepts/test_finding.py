from __future__ import annotations

import pytest

from suprem.concepts.finding import core


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("slight ST depression in V4-6", "st depression"),
        ("ST segments depressed in I, II, aVL, V5,6", "st depressed"),
        ("T waves low or flat in limb leads and V4,5,6", "t waves low or flat"),
        ("T wave abnormal in high lateral leads", "t wave abnormal"),
        ("T waves inverted in II, III, aVF, V2-6", "t waves inverted"),
        ("lateral T wave flattening", "t wave flattening"),
        ("widespread ST segment depression", "st depression"),
        ("voltages high in limb leads", "voltages high"),
        ("peripheral low voltage", "low voltage"),
        ("frequent PVCs", "ventricular premature complex"),
        ("marked left axis deviation", "left axis deviation"),
        ("delayed r-progression V1-3", "delayed r progression"),
        ("marked", "marked"),
        ("", ""),
    ],
)
def test_place_and_extent_of_a_wave_are_not_the_finding(name: str, finding: str) -> None:
    assert core(name) == finding


@pytest.mark.parametrize(
    "name",
    [
        "ischemia in lateral leads",
        "inferior myocardial infarction",
        "anterior subendocardial injury",
        "left anterior fascicular block",
        "septal hypertrophy",
        "ischemic st depression in inferior leads",
        "old inferior infarction",
        "no st elevation",
    ],
)
def test_what_belongs_to_a_diagnosis_stays(name: str) -> None:
    assert core(name) == name
