"""Fetch a published corpus: every file by its checksum, several at a time, and from where it stopped.

A file bears its name only when it is whole and its SHA-256 is the published one; until then it is `NAME.part`, and a
download that was stopped asks for the rest of it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from suprem.datasets.published import Publication
from suprem.errors import Cancelled, DatasetError
from suprem.progress import Progress

SUMS = "SHA256SUMS.txt"
CHUNK = 1 << 16
"""Bytes of a piece: what a broken connection can lose."""

ATTEMPTS = 3
"""Times that one file is asked for when the connection breaks within it, or when it is not what its checksum says."""

TIMEOUT = (15, 60)
"""Seconds to connect, and between two pieces of an answer."""

BACKOFF = 0.5
"""Seconds before a busy server is asked again, doubled each time, where it does not name a time itself."""

GIVES_UP = 20
"""Failed files after which the rest is not tried: the server is gone, or it is not the corpus."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *]?(?:\./)?(.+)")


@dataclass(frozen=True)
class Downloaded:
    """Outcome of a download: the files that are there, and those that are not.

    Args:
        folder: Of the corpus, as `index_datasets` takes it.
        files: Number of files that are there, whole.
        fetched: Bytes that came over the network this time.
        failed: File and reason of those that could not be fetched.
    """

    folder: Path
    files: int
    fetched: int
    failed: tuple[tuple[str, str], ...]


def download(
    corpus: Publication,
    folder: Path,
    *,
    address: str = "",
    only: str = "*",
    verify: bool = False,
    connections: int = 8,
    progress: Progress = lambda _f, _m: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Downloaded:
    """Fetch what is not there yet.

    Args:
        corpus: What to fetch.
        folder: Where it goes.
        address: A mirror; the corpus' own address by default.
        only: Pattern of the files that are wanted, "*" for all; tables and lists at the top are always wanted.
        verify: Read the files that are there and fetch those again whose checksum is another one.
        connections: Files that are fetched at the same time.
        progress: Called with the fraction done and a message.
        should_stop: Asked between pieces of files.

    Raises:
        DatasetError: The corpus is not there, the disk is too small, or too many files failed.
        Cancelled: `should_stop` said so. The same call goes on.
    """
    address = f"{address or corpus.address}".rstrip("/") + "/"
    fetch = _Fetcher(address, should_stop)
    wanted = {
        name: digest
        for name, digest in _read_sums(fetch.text(SUMS), corpus.part)
        if "/" not in name or fnmatchcase(name, only)
    }
    if not wanted:
        raise DatasetError(f"{address}{SUMS} names no file of {corpus.title} that matches {only!r}.")
    missing, there = [], 0
    for number, (name, digest) in enumerate(wanted.items()):
        if number % 1000 == 0:
            _ask(should_stop)
            progress(0.0, f"looking at {number:,} of {len(wanted):,} files")
        path = folder / name
        if path.is_file() and (not verify or _digest(path) == digest):
            there += path.stat().st_size
        else:
            missing.append((name, digest))
    if only == "*":
        _check_disk(folder, corpus, there)

    failed: list[tuple[str, str]] = []
    started, done = time.monotonic(), len(wanted) - len(missing)

    def one(name: str, digest: str) -> None:
        fetch.file(f"{corpus.part}{name}", folder / name, digest)

    with ThreadPoolExecutor(connections) as pool:
        queue = takewhile(lambda _: not fetch.stopped, missing)
        for (name, _), future in _as_they_end(pool, one, queue, ahead=4 * connections):
            try:
                future.result()
                done += 1
            except Cancelled:
                continue  # the others notice as well; what they have is kept
            except (DatasetError, requests.RequestException) as error:
                failed.append((name, str(error)))
            if len(failed) == GIVES_UP:
                fetch.abandon()
            rate = fetch.received / 1e6 / max(time.monotonic() - started, 1e-3)
            progress(
                (done + len(failed)) / len(wanted),
                f"{done:,} of {len(wanted):,} files, {fetch.received / 1e6:,.0f} MB at {rate:.1f} MB/s, "
                f"{len(failed)} failed",
            )
    _ask(should_stop)
    if len(failed) >= GIVES_UP:
        raise DatasetError(
            f"{len(failed)} files could not be fetched, the first of them {failed[0][0]}: {failed[0][1]} The "
            f"{done:,} files that are there are kept; the same command goes on."
        )
    return Downloaded(folder, done, fetch.received, tuple(failed))


class _Fetcher:
    """Fetches files of one server in several threads, each with a connection that stays open."""

    def __init__(self, address: str, should_stop: Callable[[], bool]) -> None:
        self._address = address
        self._should_stop = should_stop
        self._abandoned = threading.Event()
        self._sessions = threading.local()
        self._lock = threading.Lock()
        self.received = 0

    def abandon(self) -> None:
        """Let every thread stop."""
        self._abandoned.set()

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be fetched."""
        return self._abandoned.is_set() or self._should_stop()

    def text(self, name: str) -> str:
        """Return a small file of the server.

        Raises:
            DatasetError: It cannot be had.
        """
        try:
            answer = self._session.get(urljoin(self._address, name), timeout=TIMEOUT)
        except requests.RequestException as error:
            raise DatasetError(
                f"{self._address} cannot be reached ({type(error).__name__}). Check the network, or name a mirror with "
                "--from."
            ) from error
        if not answer.ok:
            raise DatasetError(
                f"{self._address}{name} answers {answer.status_code}: this is not the corpus, or it has moved. Name "
                "another address with --from."
            )
        return answer.content.decode(errors="replace")

    def file(self, name: str, path: Path, digest: str) -> None:
        """Fetch one file, going on with what is there of it.

        Raises:
            DatasetError: It is not what its checksum says.
            requests.RequestException: The server does not give it.
            Cancelled: Somebody stopped the download.
        """
        _ask(lambda: self.stopped)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        for attempt in range(ATTEMPTS):
            try:
                self._append(name, part)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout):
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            if _digest(part) == digest:
                part.replace(path)
                return
            part.unlink()
        raise DatasetError(f"Its SHA-256 is not the published one, {ATTEMPTS} times in a row.")

    def _append(self, name: str, part: Path) -> None:
        begun = part.stat().st_size if part.exists() else 0
        # Pieces are counted in bytes of the file, so nothing may compress it on the way.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
        url = urljoin(self._address, quote(name))
        with self._session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # all of it is there; its checksum decides
            answer.raise_for_status()
            goes_on = answer.status_code == requests.codes.partial_content
            with part.open("ab" if goes_on else "wb") as file:
                for piece in answer.iter_content(CHUNK):
                    _ask(lambda: self.stopped)
                    file.write(piece)
                    with self._lock:
                        self.received += len(piece)

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "own"):
            session = requests.Session()
            busy = Retry(
                total=4, backoff_factor=BACKOFF, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False
            )
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=busy))
            self._sessions.own = session
        own: requests.Session = self._sessions.own
        return own


def _read_sums(text: str, part: str) -> Iterator[tuple[str, str]]:
    """Yield name below `part` and SHA-256 of each file that a list of checksums names.

    Raises:
        DatasetError: A name leads out of the folder.
    """
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None or not match[2].startswith(part):
            continue
        name = match[2].removeprefix(part)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise DatasetError(f"{SUMS} names {name!r}, which leads out of the corpus' folder; nothing was fetched.")
        yield name, match[1]


def _as_they_end(
    pool: ThreadPoolExecutor,
    work: Callable[[str, str], None],
    items: Iterable[tuple[str, str]],
    *,
    ahead: int,
) -> Iterator[tuple[tuple[str, str], Future[None]]]:
    """Yield items with their finished work; so many wait at a time, not the 1.6 million files of MIMIC-IV-ECG."""
    rest = iter(items)
    running = {pool.submit(work, *item): item for item in islice(rest, ahead)}
    while running:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future
            for item in islice(rest, 1):
                running[pool.submit(work, *item)] = item


def _check_disk(folder: Path, corpus: Publication, there: int) -> None:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free, needed = shutil.disk_usage(place).free, 1e9 * corpus.gigabytes - there
    if needed > free:
        raise DatasetError(
            f"{corpus.title} needs about {needed / 1e9:.1f} GB more, and {free / 1e9:.1f} GB are free at {place}. Make "
            "room, choose another disk with --to, or fetch a part with --only."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ask(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Cancelled("Stopped; the same command goes on.")
