"""Language models behind one call: text in, text out.

`OpenAiLlm` speaks to any server with OpenAI's chat interface: vLLM (Llama-3.1-70B-Instruct as in the paper, or 8B),
Ollama, llama.cpp. Data of credentialed corpora such as MIMIC must not be sent to a third party: use your own server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import openai
from openai.types.chat import ChatCompletion

from suprem.errors import LlmUnavailable

_LONGEST_WAIT = 60.0
_RETRIED_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504})
_REFUSED_FORMAT = frozenset({400, 404, 415, 422, 501})


class LlmClient(Protocol):
    """What the extraction needs of a language model; safe to call from several threads."""

    @property
    def model(self) -> str:
        """Name of the model, part of the cache key."""

    def complete(self, system: str, user: str, schema: dict[str, Any]) -> str:
        """Answer one question, as JSON of this schema as far as the server can enforce it."""


class CannedLlm:
    """Answers from a table by user turn: for tests and demonstrations."""

    def __init__(self, answers: dict[str, str], *, model: str = "canned") -> None:
        self.model = model
        self.asked: list[str] = []
        self._answers = answers

    def complete(self, system: str, user: str, schema: dict[str, Any]) -> str:
        """Look the answer up.

        Raises:
            LlmUnavailable: There is none for this question.
        """
        self.asked.append(user)
        if user not in self._answers:
            raise LlmUnavailable("The canned model has no answer for this question.")
        return self._answers[user]


class OpenAiLlm:
    """A model behind an OpenAI-compatible server.

    Args:
        base_url: For example `http://127.0.0.1:8000/v1`.
        model: The model's name on that server.
        api_key: Key, where the server asks for one.
        timeout: Seconds to wait for one answer.
        retries: How often a request is repeated after 429, 5xx or a lost connection, waiting twice as long each time.
        requests_per_minute: Upper limit over all threads; None for no limit.
        first_wait: Seconds before the first repetition.
        sleep: Waits; replaced in tests.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout: float = 120.0,
        retries: int = 5,
        requests_per_minute: float | None = None,
        first_wait: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self._client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=0)
        self._retries = retries
        self._first_wait = first_wait
        self._interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_start = 0.0
        self._rung = 0

    def complete(self, system: str, user: str, schema: dict[str, Any]) -> str:
        """Ask with the strictest answer format the server takes: JSON schema, JSON object, or the prompt alone.

        Raises:
            LlmUnavailable: No answer after all repetitions, or the server refuses the request.
        """
        formats: list[dict[str, Any]] = [
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}},
            {"type": "json_object", "schema": schema},
            {},
        ]
        while True:
            rung = self._rung
            try:
                return self._ask(system, user, formats[rung])
            except openai.APIStatusError as error:
                if not _refuses_format(error) or rung == len(formats) - 1:
                    raise LlmUnavailable(
                        f"The language model server refused the request with status {error.status_code}; "
                        f"check its address, the model name {self.model!r} and the key."
                    ) from error
                self._rung = max(self._rung, rung + 1)

    def _ask(self, system: str, user: str, response_format: dict[str, Any]) -> str:
        """One question with repetitions; raises APIStatusError for what repeating cannot cure."""
        for attempt in range(self._retries + 1):
            self._wait_for_turn()
            try:
                return _content(self._request(system, user, response_format))
            except openai.APIStatusError as error:
                if error.status_code not in _RETRIED_STATUS or _refuses_format(error):
                    raise
                cause, wait = f"status {error.status_code}", _retry_after(error)
            except openai.APIConnectionError as error:
                cause, wait = type(error).__name__, 0.0
            if attempt < self._retries:
                self._sleep(min(max(wait, self._first_wait * 2**attempt), _LONGEST_WAIT))
        raise LlmUnavailable(
            f"The language model server gave no answer in {self._retries + 1} attempts (last: {cause}); answers so far "
            "are kept, start it and run the same command again."
        )

    def _request(self, system: str, user: str, response_format: dict[str, Any]) -> Any:
        messages: Any = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        extra: Any = {"response_format": response_format} if response_format else {}
        return self._client.chat.completions.create(model=self.model, messages=messages, temperature=0.0, **extra)

    def _wait_for_turn(self) -> None:
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._interval
        if start > now:
            self._sleep(start - now)


def _content(completion: Any) -> str:
    """The text of the first choice; empty where the server sent something else, which the parser then refuses."""
    if not isinstance(completion, ChatCompletion) or not completion.choices:
        return ""
    return completion.choices[0].message.content or ""


def _refuses_format(error: openai.APIStatusError) -> bool:
    """Whether the server does not know the answer format; llama-cpp-python says so with status 500."""
    return error.status_code in _REFUSED_FORMAT or (
        error.status_code == 500 and "response_format" in error.response.text
    )


def _retry_after(error: openai.APIStatusError) -> float:
    try:
        return float(error.response.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
