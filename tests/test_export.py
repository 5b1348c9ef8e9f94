"""What leaves the program is text and nothing else, in a spreadsheet as on a terminal."""

from __future__ import annotations

import os

import pytest

from suprem.export import plain_cell, plain_name, text_cell


@pytest.mark.parametrize("before", ["", " ", "\t", "\u00a0", "\ufeff", "\u200b", "\u2060 \u200d", "\x00"])
@pytest.mark.parametrize("sign", [*"=+-@", *"＝＋－＠", "﹢", "﹣", "﹦", "﹫"])
def test_no_cell_begins_a_formula_whatever_stands_unseen_before_it(before: str, sign: str) -> None:
    cell = f"{before}{sign}1+1"
    assert text_cell(cell) == f"'{cell}"
    assert plain_cell(text_cell(cell)) == cell


@pytest.mark.parametrize("text", ["", " ", "sinus rhythm", "T-wave", "µV", "\u200b", "5 = 5"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert text_cell(text) == text


def test_a_name_of_any_bytes_can_be_shown_and_written() -> None:
    name = os.fsdecode(b"a\xff\n\x1b[2Jb")
    assert plain_name(name).encode("utf-8").decode() == "a\\udcff\\n\\x1b[2Jb"
    assert plain_name("Müller µV 心") == "Müller µV 心"
