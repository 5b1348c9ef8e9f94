"""Reading an upload in another process, with limits of memory and time: no file whatever stops or fills the server.

Files go there and a recording comes back as facts in JSON and samples in plain bytes, nothing that could hold code. A
worker reads one upload after another; one that breaks a limit ends, and the next upload is read by a new one.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import IO, Any

import numpy as np

from suprem.ecg.formats.channels import MAX_SAMPLES
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES
from suprem.ecg.formats.table import TableFormat
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, EcgError, MissingFact, MissingLead, UnreadableEcg

MEMORY = 2 * 2**30
"""Bytes that reading one upload may take."""

CPU_SECONDS = 20
"""Seconds of computing that it may take; what an ordinary export takes is a tenth of one."""

WALL_SECONDS = 180.0
"""Seconds after which a worker that neither computes nor answers is given up."""

AT_ONCE = 2
"""Uploads that are read at the same time; further ones wait."""

COMMAND = ("-m", "suprem.ecg.formats.reading_worker")

_HEAD = struct.Struct("<II")  # bytes of JSON and of what follows it
_MAX_FACTS = 2**20
_ERRORS = {kind.__name__: kind for kind in (BadSamplingRate, MissingFact, MissingLead, UnreadableEcg)}
_ROOT = Path(__file__).resolve().parents[3]
_TOO_MUCH = (
    f"Reading this file takes more than {CPU_SECONDS} s of computing or {MEMORY // 2**30} GB of memory, which no "
    "ordinary export does; export 10 s to 60 s of the ECG."
)


def read_upload_apart(
    files: Mapping[str, bytes], *, table: TableFormat | None = None, record_id: str = "upload"
) -> EcgRecord:
    """Read one ECG from the files of an upload in another process. Arguments and errors as of `readers.read_upload`.

    Raises:
        UnreadableEcg: As there, and where reading takes more memory or time than any export needs.
        EcgError: As there.
    """
    size = sum(map(len, files.values()))
    if size > MAX_UPLOAD_BYTES:
        raise UnreadableEcg(f"The upload holds {size // 2**20} MB; at most {MAX_UPLOAD_BYTES // 2**20} MB are read.")
    asked = {
        "files": [(name, len(data)) for name, data in files.items()],
        "table": asdict(table) if table else None,
        "record_id": record_id,
    }
    with _places:
        worker = _take()
        try:
            facts, samples = worker.ask(json.dumps(asked).encode(), b"".join(files.values()))
        except (OSError, EOFError, ValueError):
            worker.end()
            raise UnreadableEcg(_TOO_MUCH) from None
        _give_back(worker)
    if "error" in facts:
        raise _ERRORS.get(facts["error"], EcgError)(facts["message"])
    return record_from(facts, samples)


def record_to(record: EcgRecord) -> tuple[bytes, bytes]:
    """Return a recording as facts in JSON and samples in bytes."""
    facts = {field.name: getattr(record, field.name) for field in fields(record) if field.name != "signal"}
    return json.dumps(facts).encode(), np.ascontiguousarray(record.signal, "<f4").tobytes()


def record_from(facts: dict[str, Any], samples: bytes) -> EcgRecord:
    """Return the recording that `record_to` took apart.

    Raises:
        EcgError: The parts do not fit together.
    """
    rows = max(1, len(facts["leads"]))
    signal = np.frombuffer(samples, "<f4").astype(np.float32).reshape(rows, -1)
    stated: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()}
    return EcgRecord(signal, **stated)


def send(stream: IO[bytes], facts: bytes, content: bytes) -> None:
    """Write one message: the sizes of its two parts, and these."""
    stream.write(_HEAD.pack(len(facts), len(content)) + facts)
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes], *, most: int) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises:
        EOFError: The stream ended.
        ValueError: It is none, or larger than `most` bytes.
    """
    sizes = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if sizes[0] > _MAX_FACTS or sizes[1] > most:
        raise ValueError("The message is too large.")
    facts = json.loads(_exactly(stream, sizes[0]))
    return dict(facts), _exactly(stream, sizes[1])


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


class _Worker:
    """One process that reads uploads."""

    def __init__(self) -> None:
        command = [sys.executable, *COMMAND]
        # Nothing of the server's environment goes along, where addresses and keys may be.
        alone = None if sys.platform == "win32" else {"PATH": os.defpath, "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            command, cwd=_ROOT, env=alone, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, facts: bytes, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Send files and return the answer; a worker that does not answer in time is ended.

        Raises:
            OSError, EOFError, ValueError: It ended, or answered what it should not.
        """
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise EOFError
        send(into, facts, content)
        with selectors.DefaultSelector() as waiting:
            waiting.register(out, selectors.EVENT_READ)
            if not waiting.select(WALL_SECONDS):
                raise EOFError
        return receive(out, most=4 * MAX_SAMPLES)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, whatever it does."""
        if self.alive:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not sent yet is lost with it
                    stream.close()
        self._process.wait()


_places = BoundedSemaphore(AT_ONCE)
_idle: list[_Worker] = []
_lock = Lock()


def _take() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.alive:
                return worker
            worker.end()
    return _Worker()


def _give_back(worker: _Worker) -> None:
    with _lock:
        _idle.append(worker)


@atexit.register
def end_workers() -> None:
    """End the workers that wait for an upload."""
    with _lock:
        while _idle:
            _idle.pop().end()
