"""What every stage shares at its edge: progress on the terminal, errors as one sentence, stopping, provenance."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from suprem.atomic import write_text
from suprem.configfile import load_config
from suprem.errors import Cancelled, SupremError
from suprem.jobs.job import STOPPED
from suprem.jobs.progress import progress_line

JOB = "--job"
"""The option of every stage that a page starts: a file with the whole configuration, in place of all others."""

T = TypeVar("T")

INTERRUPTED = 130
"""Exit code after Ctrl-C (128 + 2)."""


def draws(text: str) -> int:
    """Read how many bootstrap draws an option asks for; argparse tells what is wrong."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("at least one bootstrap draw is needed")
    return number


def parse_folds(text: str) -> tuple[int, ...]:
    """Read "1-8" or "9" or "1,3,5-7"."""
    folds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        folds += range(int(first), int(last or first) + 1)
    return tuple(folds)


def add_result_options(parser: ArgumentParser, bootstrap: int) -> None:
    """Add what every command has whose result is one JSON object with bootstrap intervals; `hand_over` follows it."""
    parser.add_argument(
        "--bootstrap", type=draws, default=bootstrap, help=f"draws of the bootstrap, default {bootstrap}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")


def hand_over(as_json: str, as_text: Callable[[], str], *, out: Path | None, json: bool) -> None:
    """Print a result in the form that was asked for, and write its JSON where that was asked for."""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, as_json)
    print(as_json if json else as_text())


def is_job(argv: Sequence[str] | None) -> bool:
    """Return whether a command line is `--job FILE`."""
    words = sys.argv[1:] if argv is None else argv
    return len(words) == 2 and words[0] == JOB


def job_of(argv: Sequence[str] | None, kind: type[T]) -> T | None:
    """Return what a job of a page asks for, where the command line is `--job FILE`; None for one that a person typed.

    Args:
        argv: The command line; None takes that of the process.
        kind: The dataclass of the stage, of `suprem.experiments.configurations`.

    Raises:
        ConfigError: The file cannot be read or does not fit.
    """
    words = sys.argv[1:] if argv is None else argv
    return load_config(kind, Path(words[1])) if is_job(words) else None


def run_stage(work: Callable[[], int | None]) -> int:
    """Run a stage's work and turn its end into an exit code: 0 done, 2 a person's error in one sentence, 143 stopped.

    A bug keeps its traceback.
    """
    try:
        return work() or 0
    except Cancelled as stopped:
        say(str(stopped))
        return STOPPED
    except SupremError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output, for example `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        say(f"error: {error.filename or 'a file'}: {error.strerror or error}.")
        return 2


def say(message: str) -> None:
    """Print a line for the person on standard error; standard output is kept for results."""
    print(message, file=sys.stderr, flush=True)


class ConsoleProgress:
    """Shows a fraction and a message on standard error: one moving line on a terminal, a line now and then in a log."""

    def __init__(self, name: str, *, log_seconds: float = 10.0) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._wait = 0.2 if self._live else log_seconds
        self._last = -log_seconds

    def __call__(self, fraction: float, message: str) -> None:
        """Show the state of the work; the last one is always shown."""
        now = time.monotonic()
        done = fraction >= 1
        if not done and now - self._last < self._wait:
            return
        self._last = now
        line = progress_line(self._name, fraction, message)
        if self._live:
            print(f"\r\x1b[K{line}", end="\n" if done else "", file=sys.stderr, flush=True)
        else:
            say(line)


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether SIGTERM or Ctrl-C came; a second Ctrl-C stops at once."""
    stopped = False

    def stop(number: int, _frame: Any) -> None:
        nonlocal stopped
        if stopped and number == signal.SIGINT:
            raise KeyboardInterrupt
        stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
