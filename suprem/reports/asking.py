"""Many short questions to a language model: asked side by side, answers kept, a bad answer asked for once more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from suprem.errors import UnparsableAnswer
from suprem.reports.cache import AnswerCache, text_hash
from suprem.reports.llm import LlmClient
from suprem.reports.prompt import Prompt

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Questionnaire(Generic[Answer]):
    """One prompt that is asked about many texts.

    Attributes:
        client: The model.
        prompt: The instructions and the form of a question.
        schema: JSON schema of an answer, for servers that can hold a model to it.
        read: Turns an answer about a text into a value; raises `UnparsableAnswer` where it is not in the agreed form.
        cache: Answers of earlier runs; a run that was stopped goes on where it was.
        concurrency: Questions asked at the same time.
    """

    client: LlmClient
    prompt: Prompt
    schema: dict[str, Any]
    read: Callable[[str, str], Answer]
    cache: AnswerCache
    concurrency: int = 8

    def ask(
        self, texts: Sequence[str], progress: Callable[[float, str], None], *, noun: str
    ) -> dict[str, Answer | None]:
        """Return text -> answer, None where the model gave no usable one; asks only what is not in the cache.

        Args:
            texts: Distinct texts.
            progress: Told how far the work is; stops it by raising `Cancelled`.
            noun: What the texts are, for the messages.

        Raises:
            LlmUnavailable: The server does not answer; the answers so far are kept.
        """
        known = self.cache.answers(self.prompt.content_hash, self.client.model)
        results: dict[str, Answer | None] = {
            text: self.read(known[text_hash(text)], text) for text in texts if text_hash(text) in known
        }
        missing = [text for text in texts if text not in results]
        progress(len(results) / max(len(texts), 1), f"{len(results)} answers from earlier runs")
        for text, answer, value in self._ask_all(missing):
            results[text] = value
            if value is not None:
                self.cache.put(self.prompt.content_hash, self.client.model, text, answer)
            progress(len(results) / len(texts), f"{len(results)} of {len(texts)} {noun}")
        return results

    def _ask_all(self, texts: Sequence[str]) -> Iterator[tuple[str, str, Answer | None]]:
        """Yield answers as they come; after a failure those under way still come, then the failure is raised."""
        queue = iter(texts)
        failure: BaseException | None = None
        running: dict[Future[tuple[str, Answer | None]], str] = {}
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                while True:
                    # Few questions wait in the pool, so that a stopped run stops soon.
                    for text in islice(queue, 2 * self.concurrency - len(running) if failure is None else 0):
                        running[pool.submit(self._ask_twice, text)] = text
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        text = running.pop(future)
                        failure = failure or future.exception()
                        if future.exception() is None:
                            yield text, *future.result()
                    if failure is not None:
                        running = {future: text for future, text in running.items() if not future.cancel()}
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        if failure is not None:
            raise failure

    def _ask_twice(self, text: str) -> tuple[str, Answer | None]:
        """One question, and once more with the reader's complaint when the answer is not in the agreed form."""
        question = self.prompt.question(text)
        answer = self.client.complete(self.prompt.system, question, self.schema)
        try:
            return answer, self.read(answer, text)
        except UnparsableAnswer as error:
            complaint = f"Your last answer could not be used: {error} Answer again with the JSON object only."
        answer = self.client.complete(self.prompt.system, f"{question}\n\n{complaint}", self.schema)
        try:
            return answer, self.read(answer, text)
        except UnparsableAnswer:
            return answer, None


def json_object(answer: str, expected: str) -> Any:
    """Return the JSON object in an answer, also one in a code fence or between sentences.

    Args:
        answer: What the model said.
        expected: The agreed form, for the message, which the model is shown when it is asked once more.

    Raises:
        UnparsableAnswer: There is no complete one.
    """
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        raise UnparsableAnswer(f"The answer holds no JSON object; expected {expected} and nothing else.")
    try:
        return json.loads(answer[start : end + 1])
    except json.JSONDecodeError as error:
        raise UnparsableAnswer(
            f"The answer is not complete JSON: {error.msg} at {error.pos}; expected {expected} and nothing else."
        ) from error
