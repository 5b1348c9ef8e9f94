"""A server with OpenAI's chat interface that answers from a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, str]
"""Status, and the message's content (200) or the body of the error."""


class FakeServer:
    """What was asked, and how to answer: `reply` gets the request's body."""

    def __init__(self, reply: Callable[[dict[str, Any]], Reply]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""
        self.reply = reply

    def formats(self) -> list[str]:
        return [request.get("response_format", {}).get("type", "none") for request in self.requests]


@contextmanager
def fake_server(reply: Callable[[dict[str, Any]], Reply]) -> Iterator[FakeServer]:
    state = FakeServer(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.requests.append(body)
            state.keys.append(self.headers["authorization"])
            status, content = state.reply(body)
            if status == 200:
                message = {"role": "assistant", "content": content}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                content = json.dumps(
                    {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "choices": [choice]}
                )
            self.send_response(max(status, 200))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def statement_of(request: dict[str, Any]) -> str:
    """The statement a request asks about."""
    return str(request["messages"][-1]["content"]).removeprefix("Statement: ").split("\n\n")[0]
