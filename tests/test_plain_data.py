"""Dataclasses become plain data and are built again from it, strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from suprem.errors import ConfigError
from suprem.plain_data import REST, from_json, from_plain, to_json, to_plain


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class Point:
    name: str
    value: float = math.nan


@dataclass(frozen=True)
class Result:
    points: tuple[Point, ...]
    level: Level = Level.LOW
    by_name: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    best: Point | None = None
    folder: Path = Path()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Open:
    known: int = 0
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


FULL = Result(
    (Point("a", 0.1 + 0.2), Point("b", 1.0)),
    Level.HIGH,
    {"x": (0.0, 1.0)},
    Point("c", 2.0),
    Path("a/b"),
    {"n": [1, {}]},
)


@pytest.mark.parametrize("result", [FULL, Result(())])
def test_what_is_written_reads_back_equal(result: Result) -> None:
    assert from_json(Result, to_json(result)) == result
    assert from_plain(Result, to_plain(result)) == result
    assert from_json(Result, to_json(result, defaults=False)) == result


def test_a_number_that_does_not_exist_is_null_in_json() -> None:
    text = to_json(Result((Point("a"),)))
    assert json.loads(text)["points"] == [{"name": "a", "value": None}]
    assert math.isnan(from_json(Result, text).points[0].value)


def test_null_is_no_number_in_a_configuration() -> None:
    with pytest.raises(ConfigError, match=r"'points\[0\].value' must be a number; found None"):
        from_plain(Result, {"points": [{"name": "a", "value": None}]})


def test_what_nobody_reads_is_kept_where_a_field_is_for_it_and_refused_elsewhere() -> None:
    assert to_plain(from_plain(Open, {"known": 1, "new": [2]})) == {"known": 1, "new": [2]}
    with pytest.raises(ConfigError, match=r"unknown key 'points\[0\].valu'; did you mean 'value'"):
        from_plain(Result, {"points": [{"name": "a", "valu": 1.0}]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"points": [], "level": "hgh"}, "'level' is 'hgh'; did you mean 'high'"),
        ({"points": [], "by_name": {"x": [1.0]}}, "'by_name.x' must hold 2 values; found 1"),
        ({"points": [], "by_name": []}, r"'by_name' must be a table; found \[\]"),
        ({"points": [{}]}, r"'points\[0\].name' has no default and needs a value"),
        ([], "a table was expected; found list"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said(table: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_plain(Result, table)
