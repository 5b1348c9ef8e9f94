"""What keeps recordings on this machine: headers by which the browser refuses whatever would leave it, and uploads that
stay in memory."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from suprem.errors import ConfigError
from suprem.settings import load_settings

HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")

POLICY_VIOLATION = 1008
"""Code of a websocket that is closed for what it asks (RFC 6455)."""

MOST_IN_MEMORY = 1 << 30

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def content_security_policy(host: str | None) -> str:
    """Return the policy for a page served under a host name.

    Plotly compiles code in the browser, hence 'unsafe-eval'. The websocket is named with its host because some browsers
    do not count ws: as 'self'; allowing ws: as a whole would allow any server.
    """
    socket = f" ws://{host} wss://{host}" if host and HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{socket}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def keep_uploads_in_memory() -> None:
    """Make Starlette hold uploads in memory: what is larger than a megabyte it would write to a temporary file.

    How much that can be, `server.maxUploadSize` limits.
    """
    MultiPartParser.spool_max_size = MOST_IN_MEMORY


def plot_script() -> str | None:
    """Return the address of Streamlit's script that draws plots, None where this Streamlit has no such file.

    It is the largest one and loaded only when the first plot is there; named in the page's headers, the browser reads
    it while a person reads the notice.
    """
    found = sorted((Path(st.__file__).parent / "static" / "static" / "js").glob("PlotlyChart.*.js"))
    return f"/static/js/{found[0].name}" if len(found) == 1 else None


def keep_files_private() -> None:
    """Close what this server and its jobs write to other users of the machine, also in a home that was open before."""
    os.umask(0o077)
    with suppress(ConfigError, PermissionError):  # settings that each page complains of; a folder that is only lent
        home = load_settings().home
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)


def is_foreign(origin: str | None, host: str | None) -> bool:
    """Whether a websocket is asked for by a page of another server; another port of the same machine is one.

    A program that is no browser states no origin.
    """
    if origin is None:
        return False
    listed = {urlsplit(one).netloc for one in st.get_option("server.corsAllowedOrigins") or ()}
    return urlsplit(origin).netloc not in {host, *listed}


class RefuseForeignPages:
    """ASGI middleware that closes websockets of foreign pages before Streamlit sees them: to judge such an origin it
    would ask a service on the internet for this machine's address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            if is_foreign(headers.get("origin"), headers.get("host")):
                await receive()
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
        await self.app(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware that adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.ahead = plot_script()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = content_security_policy(Headers(scope=scope).get("host"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "Content-Security-Policy": policy})
                if self.ahead and headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", f"<{self.ahead}>; rel=modulepreload")
            await send(message)

        await self.app(scope, receive, send_with_headers)
