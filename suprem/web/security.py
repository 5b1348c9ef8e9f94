"""What keeps recordings on this machine: headers by which the browser refuses whatever would leave it, and uploads that
stay in memory."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")

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
