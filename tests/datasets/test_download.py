"""A corpus is fetched whole or said not to be: from a server on this machine, which breaks off and lies."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines import download as stage
from suprem.datasets import download as module
from suprem.datasets.download import Downloaded, download
from suprem.datasets.published import PUBLISHED, Publication
from suprem.errors import Cancelled, DatasetError

CORPUS = Publication("tiny", "Tiny", "ptbxl", "ptbxl_database.csv", "", gigabytes=0.0, licence="none")
FILES = {
    "ptbxl_database.csv": b"ecg_id\n1\n",
    "records100/00001_lr.dat": bytes(range(256)) * 40,
    "records100/00001_lr.hea": b"header",
    "records500/00001 hr.dat": b"with a blank" * 1000,
}


class Server(ThreadingHTTPServer):
    """Files, and what goes wrong with them: a status to answer, or bytes after which the connection ends, once each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.statuses: dict[str, int] = {}
        self.breaks: dict[str, int] = {}
        self.asked: Counter[str] = Counter()
        self.sent = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tiny/1.0"

    def sums(self) -> bytes:
        listed = self.files.items() - {("SHA256SUMS.txt", b"")}
        return "".join(f"{hashlib.sha256(data).hexdigest()} {name}\n" for name, data in sorted(listed)).encode()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.removeprefix("/tiny/1.0/").replace("%20", " ")
        self.server.asked[name] += 1
        data = self.server.sums() if name == "SHA256SUMS.txt" else self.server.files.get(name)
        status = self.server.statuses.pop(name, 200 if data is not None else 404)
        first = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if status == 200 and data is not None and first:
            status, data = (206, data[int(first[1]) :]) if int(first[1]) < len(data) else (416, b"")
        body = b"" if data is None or status >= 400 else data
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        end = self.server.breaks.pop(name, len(body))
        self.server.sent += min(end, len(body))
        self.wfile.write(body[:end])
        self.close_connection = end < len(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", 0.0)


def fetch(server: Server, folder: Path, **options: Any) -> Downloaded:
    return download(options.pop("corpus", CORPUS), folder, address=server.address, **options)


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_corpus_is_fetched_whole_and_not_twice(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[float, str]] = []
    done = fetch(server, tmp_path, progress=lambda *at: seen.append(at))
    assert (done.files, done.failed, done.fetched) == (4, (), sum(map(len, FILES.values())))
    assert held(tmp_path) == FILES
    assert seen[-1][0] == 1.0
    assert seen[-1][1].startswith("4 of 4 files")
    again = fetch(server, tmp_path)
    assert (again.files, again.fetched) == (4, 0)
    assert server.asked["ptbxl_database.csv"] == 1


def test_a_broken_connection_goes_on_where_it_was(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 1000)
    server.breaks["records100/00001_lr.dat"] = 5000
    assert fetch(server, tmp_path).failed == ()
    assert held(tmp_path) == FILES
    assert server.asked["records100/00001_lr.dat"] == 2
    assert server.sent == sum(map(len, FILES.values())) + len(server.sums()), "no byte came twice"


@pytest.mark.parametrize("rest", [0, 3000])
def test_what_a_killed_download_left_is_gone_on_with(server: Server, tmp_path: Path, rest: int) -> None:
    name = "records100/00001_lr.dat"
    (tmp_path / "records100").mkdir()
    (tmp_path / f"{name}.part").write_bytes(FILES[name][: len(FILES[name]) - rest])
    done = fetch(server, tmp_path, only=name)
    assert (done.files, done.fetched) == (2, rest + len(FILES["ptbxl_database.csv"]))
    assert (tmp_path / name).read_bytes() == FILES[name]
    assert not list(tmp_path.rglob("*.part"))


def test_a_stopped_download_goes_on(server: Server, tmp_path: Path) -> None:
    asked = iter([False] * 4)
    with pytest.raises(Cancelled, match="the same command goes on"):
        fetch(server, tmp_path, connections=1, should_stop=lambda: next(asked, True))
    assert held(tmp_path) != FILES
    assert fetch(server, tmp_path).files == 4


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path, status: int) -> None:
    server.statuses["records100/00001_lr.hea"] = status
    assert fetch(server, tmp_path).failed == ()


def test_a_file_that_is_not_what_was_published_is_named_and_not_kept(server: Server, tmp_path: Path) -> None:
    sums = server.sums()
    server.files["records100/00001_lr.dat"] = b"something else"
    server.sums = lambda: sums  # type: ignore[method-assign]
    done = fetch(server, tmp_path)
    assert done.files == 3
    assert done.failed == (("records100/00001_lr.dat", "Its SHA-256 is not the published one, 3 times in a row."),)
    assert not list((tmp_path / "records100").glob("*.dat*"))


def test_a_damaged_copy_is_found_when_asked_for(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (tmp_path / "ptbxl_database.csv").write_bytes(b"damaged")
    assert fetch(server, tmp_path).fetched == 0
    assert fetch(server, tmp_path, verify=True).fetched == len(FILES["ptbxl_database.csv"])
    assert held(tmp_path) == FILES


def test_a_part_of_the_files_brings_the_tables(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path, only="records100/*")
    assert held(tmp_path) == {name: data for name, data in FILES.items() if "500" not in name}


def test_a_corpus_within_another_ones_folder_comes_without_it(server: Server, tmp_path: Path) -> None:
    server.files = {"training/cpsc_2018/g1/A0001.hea": b"one", "training/ningbo/g1/JS10647.hea": b"two"}
    corpus = Publication("c", "C", "cpsc2018", "", "", gigabytes=0.0, licence="", part="training/cpsc_2018/")
    fetch(server, tmp_path, corpus=corpus)
    assert held(tmp_path) == {"g1/A0001.hea": b"one"}


def leads_out(server: Server) -> None:
    server.files["../../etc/cron.d/x"] = b""


def nothing_there(server: Server) -> None:
    server.statuses["SHA256SUMS.txt"] = 404


def empty(server: Server) -> None:
    server.files = {}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (leads_out, "leads out of the corpus' folder; nothing was fetched"),
        (nothing_there, "answers 404: this is not the corpus, or it has moved"),
        (empty, r"names no file of Tiny that matches '\*'"),
    ],
)
def test_what_is_not_the_corpus_is_one_sentence(
    server: Server, tmp_path: Path, damage: Callable[[Server], None], message: str
) -> None:
    damage(server)
    with pytest.raises(DatasetError, match=message):
        fetch(server, tmp_path)
    assert held(tmp_path) == {}


def test_a_server_that_loses_its_files_is_given_up(server: Server, tmp_path: Path) -> None:
    sums = "".join(f"{'0' * 64} gone/{number}.dat\n" for number in range(500)).encode()
    server.sums = lambda: sums  # type: ignore[method-assign]
    with pytest.raises(DatasetError, match="files could not be fetched, the first of them gone/"):
        fetch(server, tmp_path)
    assert server.asked.total() < 100


def test_a_disk_that_is_too_small_is_told_first(server: Server, tmp_path: Path) -> None:
    large = Publication("large", "Large", "ptbxl", "", "", gigabytes=1e9, licence="")
    with pytest.raises(DatasetError, match=r"Large needs about .* GB more, and .* GB are free"):
        fetch(server, tmp_path, corpus=large)
    assert fetch(server, tmp_path, corpus=large, only="records100/*").files == 3


def test_the_command_fetches_and_says_what_comes_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path))
    assert stage.main(["ptb-xl", "--from", server.address]) == 0
    out = capsys.readouterr().out
    assert out.startswith("4 files in ")
    assert f"python -m pipelines.index_datasets --ptbxl {tmp_path / 'corpora' / 'ptb-xl'}" in out
    server.statuses["SHA256SUMS.txt"] = 404
    assert stage.main(["ptb-xl", "--from", server.address]) == 2
    assert "Name another address with --from" in capsys.readouterr().err


def test_the_published_addresses_are_those_of_open_corpora() -> None:
    for name, corpus in PUBLISHED.items():
        assert corpus.name == name
        assert re.fullmatch(r"https://physionet\.org/files/[a-z0-9-]+/[0-9.]+/", corpus.address)
        assert corpus.gigabytes > 1
