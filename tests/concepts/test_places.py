from __future__ import annotations

import pytest

from suprem.concepts.places import stated_places


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("t waves inverted in i, avl, v4,5,6", "I aVL V4 V5 V6"),
        ("st depression v2-5", "V2 V3 V4 V5"),
        ("ST elevation in V1 – V3", "V1 V2 V3"),
        ("q waves in ii, iii, avf", "II III aVF"),
        ("t wave elevated in v1-v6,ii,iii,avr,avf", "V1 V2 V3 V4 V5 V6 II III aVF"),
        ("qs complexes in v2 and v3", "V2 V3"),
        ("inversion of t in V4 through V6", "V4 V5 V6"),
        ("t wave inversion in iii", "III"),
        ("second degree av block", ""),
        ("atrial flutter", ""),
    ],
)
def test_leads_are_read_one_by_one(text: str, leads: str) -> None:
    assert stated_places(text).leads == set(leads.split())


@pytest.mark.parametrize(
    ("text", "walls"),
    [
        ("t wave abnormal in high lateral leads", {"high lateral leads"}),
        ("anterolateral st depression", {"anterior leads", "lateral leads"}),
        ("infero-lateral t wave changes", {"inferior leads", "lateral leads"}),
        ("antero-septal q waves", {"anteroseptal leads"}),
        ("peripheral low voltage", {"limb leads"}),
        ("t waves flat throughout", {"limb leads", "chest leads"}),
    ],
)
def test_walls_are_read_from_words(text: str, walls: set[str]) -> None:
    assert stated_places(text).walls == walls
