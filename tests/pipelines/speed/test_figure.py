"""A median is of the repeats after a first call; works in turn meet the same machine."""

from __future__ import annotations

from pipelines.speed.figure import median_seconds, seconds_in_turn


def test_the_median_is_of_the_repeats_after_a_first_call() -> None:
    calls: list[int] = []
    assert 0 <= median_seconds(lambda: calls.append(1), repeats=5) < 1
    assert len(calls) == 6


def test_works_are_taken_in_turn() -> None:
    calls: list[str] = []
    times = seconds_in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=2)
    assert calls == ["a", "b"] * 3
    assert list(times) == ["a", "b"]
