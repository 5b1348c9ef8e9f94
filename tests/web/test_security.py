"""The headers let the page work and nothing leave."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import streamlit as st
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.types import Message, Receive, Scope, Send

from suprem.audit.log import AuditLog, installation_key, open_review_database
from suprem.web.security import (
    HEADERS,
    RefuseForeignPages,
    SecurityHeaders,
    content_security_policy,
    is_foreign,
    keep_files_private,
    keep_uploads_in_memory,
    plot_script,
)


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in policy.split("; "))}


def test_nothing_may_be_loaded_from_or_sent_to_another_place() -> None:
    policy = directives(content_security_policy("localhost:8501"))
    sources = {source for values in policy.values() for source in values}
    assert not any("*" in source or source.startswith("http") for source in sources)
    assert policy["default-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", "ws://localhost:8501", "wss://localhost:8501"]
    assert policy["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("host", [None, "", "a b", "evil; script-src *", "x\r\ny", "*", "a/b", "[::1]x"])
def test_a_host_name_cannot_widen_the_policy(host: str | None) -> None:
    assert directives(content_security_policy(host))["connect-src"] == ["'self'"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8501", "ecg.hospital.example:443", "[::1]:8501"])
def test_a_host_name_is_allowed_its_websocket(host: str) -> None:
    assert f"ws://{host}" in directives(content_security_policy(host))["connect-src"]


def ask(scope: Scope, kind: bytes = b"text/html; charset=utf-8") -> list[Message]:
    sent: list[Message] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"x-frame-options", b"ALLOW"), (b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"page"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(SecurityHeaders(inner)(scope, receive, send))
    return sent


def test_every_response_carries_the_headers_once() -> None:
    start, body = ask({"type": "http", "headers": [(b"host", b"localhost:8501")]})
    headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert body["body"] == b"page"
    for name, value in HEADERS.items():
        assert [v for n, v in headers if n == name.lower()] == [value]
    assert dict(headers)["content-security-policy"] == content_security_policy("localhost:8501")


def test_a_websocket_is_passed_on_untouched() -> None:
    kind = b"text/html; charset=utf-8"
    sent = ask({"type": "websocket", "headers": []}, kind)[0]["headers"]
    assert sent == [(b"x-frame-options", b"ALLOW"), (b"content-type", kind)]


def test_the_script_that_draws_plots_is_named_ahead_on_pages_alone() -> None:
    script = plot_script()
    assert script is not None
    assert (Path(st.__file__).parent / "static" / script.lstrip("/")).is_file()
    page, _ = ask({"type": "http", "headers": []})
    assert dict(page["headers"])[b"link"].decode() == f"<{script}>; rel=modulepreload"
    picture, _ = ask({"type": "http", "headers": []}, b"image/png")
    assert b"link" not in dict(picture["headers"])


def is_rolled_to_disk(size: int) -> bool:
    """Send a form with a file, as a browser does, and tell whether its content reached a temporary file."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xml"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield head
        for _ in range(size // 2**16):
            yield bytes(2**16)
        yield b"\r\n--x--\r\n"

    async def parse() -> bool:
        form = await MultiPartParser(Headers({"content-type": "multipart/form-data; boundary=x"}), body()).parse()
        upload = form["file"]
        assert isinstance(upload, UploadFile)
        rolled = bool(upload.file._rolled)  # type: ignore[attr-defined]
        await form.close()
        return rolled

    return asyncio.run(parse())


def test_an_upload_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", MultiPartParser.spool_max_size)  # put back afterwards
    assert is_rolled_to_disk(3 * 2**20), "Starlette does not write uploads to disk any more: drop the remedy"
    keep_uploads_in_memory()
    assert not is_rolled_to_disk(3 * 2**20)


def test_the_app_keeps_uploads_in_memory() -> None:
    assert "keep_uploads_in_memory()" in (Path(__file__).parents[2] / "app.py").read_text()


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        ("http://127.0.0.1:8501", False),
        (None, False),
        ("http://127.0.0.1:9999", True),
        ("http://localhost:8501", True),
        ("https://evil.example", True),
        ("http://127.0.0.1:8501.evil.example", True),
        ("null", True),
        ("", True),
    ],
)
def test_a_page_of_another_server_gets_no_websocket_and_streamlit_is_not_asked(
    origin: str | None, foreign: bool
) -> None:
    """Streamlit asks the internet for this machine's address before it refuses a foreign origin."""
    assert is_foreign(origin, "127.0.0.1:8501") is foreign
    reached: list[str] = []
    sent: list[Message] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope["type"])

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:8501")] + ([(b"origin", origin.encode())] if origin is not None else [])
    asyncio.run(RefuseForeignPages(inner)({"type": "websocket", "headers": headers}, receive, send))
    assert reached == ([] if foreign else ["websocket"])
    assert sent == ([{"type": "websocket.close", "code": 1008}] if foreign else [])


def test_what_the_server_writes_is_closed_to_other_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    monkeypatch.setenv("SUPREM_HOME", str(home))
    before = os.umask(0o022)
    try:
        keep_files_private()
        AuditLog(open_review_database(f"sqlite:///{home / 'a.sqlite'}")).record("a", "b", "c", {})
        installation_key(home)
        (home / "upload").write_bytes(b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}


def test_the_key_and_the_database_are_closed_whoever_makes_them(tmp_path: Path) -> None:
    key = installation_key(tmp_path)
    assert installation_key(tmp_path) == key
    AuditLog(open_review_database(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file()} == {0o600}
