"""The headers let the page work and nothing leave."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import streamlit as st
from starlette.types import Message, Receive, Scope, Send

from suprem.web.security import HEADERS, SecurityHeaders, content_security_policy, plot_script


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
