"""What every stage does at its edge: exit codes, sentences, progress, stopping."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest

from pipelines import stage
from pipelines.stage import ConsoleProgress, run_stage, say, stop_on_signal
from suprem.errors import Cancelled, CorpusNotFound, QueryError


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "code", "message"),
    [
        (lambda: None, 0, ""),
        (lambda: 0, 0, ""),
        (lambda: 2, 2, ""),
        (raising(QueryError("The query is empty.")), 2, "error: The query is empty.\n"),
        (raising(CorpusNotFound("No corpus here.")), 2, "error: No corpus here.\n"),
        (raising(Cancelled("Stopped at step 3.")), 143, "Stopped at step 3.\n"),
        (raising(OSError(28, "No space left on device", "x.csv")), 2, "error: x.csv: No space left on device.\n"),
        (raising(OSError("odd")), 2, "error: a file: odd.\n"),
    ],
)
def test_every_end_has_its_exit_code_and_sentence(
    work: Callable[[], int | None], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage(work) == code
    assert capsys.readouterr() == ("", message)


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_stage(raising(ZeroDivisionError()))


def test_results_and_messages_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capsys.readouterr() == ("", "hello\n")


class Clock:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stage, "time", clock)
    return clock


def test_a_log_gets_a_line_now_and_then_and_the_last_one_always(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = ConsoleProgress("work", log_seconds=30)
    for second in range(0, 70, 10):
        clock.now = second
        progress(second / 100, f"at {second}")
    progress(1.0, "at the end")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("%  ")[1] for line in lines] == ["at 0", "at 30", "at 60", "at the end"]
    assert lines[1] == "work  30.0 %  at 30"


def test_a_terminal_gets_one_moving_line(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = ConsoleProgress("work")
    for tenth in range(4):
        clock.now = tenth / 10 + 0.001 * tenth
        progress(tenth / 10, f"at {tenth}")
    progress(1.0, "at the end")
    shown = capsys.readouterr().err
    assert shown.count("\r\x1b[K") == 3
    assert shown.count("\n") == 1
    assert shown.endswith("at the end\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noticed_and_the_handlers_are_put_back(number: int) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    with stop_on_signal() as should_stop:
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_second_ctrl_c_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signal() as should_stop:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        assert should_stop()
        os.kill(os.getpid(), signal.SIGINT)
