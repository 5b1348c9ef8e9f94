"""Mutated files are read or refused; what crashes, hangs or touches another file is found.

All in processes of their own: what watches a process can never be taken off it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.fuzz_readers import gather_seeds
from pipelines.mutations import mutated
from suprem.errors import EcgError
from tests.ecg.formats.examples_of_every_format import write_examples

ROOT = Path(__file__).resolve().parents[2]
KINDS = 21


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    assert len(write_examples(folder)) == KINDS
    return folder


@pytest.mark.slow
def test_every_mutated_file_is_read_or_refused(seeds: Path) -> None:
    done = run("-m", "pipelines.fuzz_readers", "--seeds", str(seeds), "--files", "15")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1 : KINDS + 1]]
    files, read, refused, findings = zip(*(map(int, row[-7:-3]) for row in rows), strict=True)
    assert (files, findings) == ((15,) * KINDS, (0,) * KINDS)
    assert [sum(pair) for pair in zip(read, refused, strict=True)] == [15] * KINDS
    assert sum(read) > 10, "were all refused, the mutations would be too coarse to try anything"


def test_a_number_makes_the_same_file_again(seeds: Path) -> None:
    found = gather_seeds(seeds)
    assert len({seed.kind for seed in found}) == KINDS
    for seed in found:
        first, again, other = (mutated(seed, np.random.default_rng(number), [b"x"]) for number in (1, 1, 2))
        assert first == again
        assert other != first
        assert first.keys() == seed.files.keys()


def test_without_examples_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="holds no ECG"):
        gather_seeds(tmp_path)


def test_what_a_reader_must_not_do_is_found(tmp_path: Path) -> None:
    """Each stands for a reader that does it."""
    script = f"""
import socket, subprocess
from pathlib import Path
import pipelines.fuzz_readers as fuzz

def crash(_): raise ZeroDivisionError
def hang(_):
    while True: pass
def read_elsewhere(_): Path("/etc/hostname").read_bytes()
def write_elsewhere(_): Path({str(tmp_path / "left")!r}).write_bytes(b"")
def connect(_): socket.socket().connect_ex(("127.0.0.1", 9))
def start(_): subprocess.run(["true"])

fuzz.LIMIT_SECONDS = 0.2
watch = fuzz.Watch()
for reader in (crash, hang, read_elsewhere, write_elsewhere, connect, start):
    fuzz.read_upload = reader
    fuzz.assess_quality = fuzz.preprocess = lambda *_: None
    figures = fuzz.Figures()
    fuzz.try_files({{}}, 7, figures, watch)
    print(reader.__name__, figures.findings[0] if figures.findings else "nothing")
"""
    done = run("-c", script)
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert told["crash"].startswith("7: ZeroDivisionError in ")
    assert told["hang"] == "7: took more than 0.2 s"
    assert told["read_elsewhere"] == "7: open /etc/hostname"
    assert told["write_elsewhere"].startswith("7: open ")
    assert told["connect"] == "7: socket.connect"
    assert told["start"] == "7: subprocess.Popen"
