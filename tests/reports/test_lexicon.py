from __future__ import annotations

from pathlib import Path

import pytest

from suprem.errors import ConfigError
from suprem.reports.lexicon import default_lexicon, load_lexicon, understood_share


def codes(text: str) -> str:
    return "".join(unit.code for unit in default_lexicon().units(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sinus rhythm", "N"),
        ("premature ventricular contraction(s)", "F"),
        ("QRS(T) abnormal", "wv"),
        ("st &amp; t abnormal", "wv"),
        ("t in i, ii, avl, v4,5,6", "wil"),
        ("left ant. hemiblock", "rrF"),
        ("av block i left type", "FF"),
        ("myocardial ischaemia", "mI"),
        ("Möglich", "d"),
        ("r-progression", "w"),
        ("4.46", "0"),
        ("bloc du muscle", "???"),
    ],
)
def test_text_is_cut_into_phrases(text: str, expected: str) -> None:
    assert codes(text) == expected


def test_units_point_at_their_characters() -> None:
    text = "old   inferior infarct"
    assert [text[unit.start : unit.end] for unit in default_lexicon().units(text)] == ["old", "inferior", "infarct"]


def test_an_abbreviation_is_read_in_full() -> None:
    assert default_lexicon().units("LVH")[0].reading == "left ventricular hypertrophy"


def test_marks_and_numbers_say_nothing_about_the_language() -> None:
    assert understood_share(default_lexicon().units("4.46 , 12")) == 1.0
    assert understood_share(default_lexicon().units("sinus rhythm bloc droit")) == pytest.approx(1 / 3)


def test_a_phrase_in_two_sections_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.toml"
    path.write_text('[age]\nwords = ["old"]\n[doubt]\nwords = ["old"]\n[abbreviations]\nwords = []\n[readings]\n')
    with pytest.raises(ConfigError, match="'old'"):
        load_lexicon(path)


def test_an_unknown_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.toml"
    path.write_text('[colour]\nwords = ["red"]\n[abbreviations]\nwords = []\n[readings]\n')
    with pytest.raises(ConfigError, match="colour"):
        load_lexicon(path)


def test_every_reading_belongs_to_a_phrase() -> None:
    lexicon = default_lexicon()
    assert sum(reading is not None for _, reading in lexicon.phrases.values()) > 200
