"""Sets of queries: ours are answerable, the users' survive a restart and two writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suprem.concepts.query import parse_queries
from suprem.errors import QueryError
from suprem.web.read_ecg.query_sets import BUILT_IN, MAX_SETS, SavedSets
from tests.tiny import every_concept


@pytest.fixture
def sets(tmp_path: Path) -> SavedSets:
    return SavedSets(tmp_path / "home" / "query_sets.json")


ZERO_SHOT = {"Early repolarization"}
"""Findings that readers ask for and that are none of the concepts; the page says so beside their scores."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_query_is_answerable_and_asked_once(name: str) -> None:
    queries = parse_queries("\n".join(BUILT_IN[name]), every_concept())
    assert len(queries) == len(BUILT_IN[name])
    assert {query.text for query in queries if query.code is None} <= ZERO_SHOT
    assert [query.caution for query in queries if query.caution] == []
    codes = [query.code for query in queries if query.code]
    assert len(set(codes)) == len(codes)


def test_a_set_is_found_again(sets: SavedSets) -> None:
    assert sets.load() == {}
    sets.save("  my   set ", ["AF", "ST-Hebung"])
    sets.save("Another", ["LBBB"])
    assert SavedSets(sets.path).load() == {"Another": ("LBBB",), "my set": ("AF", "ST-Hebung")}
    sets.save("my set", ["VT"])
    assert sets.load()["my set"] == ("VT",)
    sets.delete("my set")
    sets.delete("my set")
    assert list(sets.load()) == ["Another"]


@pytest.mark.parametrize(("name", "queries"), [("", ["AF"]), ("x" * 61, ["AF"]), ("Rhythm", ["AF"]), ("mine", [])])
def test_what_cannot_be_saved_is_refused_in_a_sentence(sets: SavedSets, name: str, queries: list[str]) -> None:
    with pytest.raises(QueryError):
        sets.save(name, queries)
    assert not sets.path.exists()


def test_there_is_a_limit(sets: SavedSets) -> None:
    for number in range(MAX_SETS):
        sets.save(f"set {number}", ["AF"])
    with pytest.raises(QueryError, match="delete one"):
        sets.save("one more", ["AF"])
    sets.save("set 0", ["VT"])


def test_users_who_save_at_once_lose_nothing(sets: SavedSets) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: sets.save(f"set {number}", ["AF"]), range(24)))
    assert len(sets.load()) == 24


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 3}', "3"])
def test_a_damaged_file_is_said_to_be_damaged(sets: SavedSets, content: str) -> None:
    sets.path.parent.mkdir()
    sets.path.write_text(content)
    with pytest.raises(QueryError, match="damaged"):
        sets.load()
