"""The language model of a stage: which one, how it is named on the command line, and the client that asks it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from suprem.errors import ConfigError
from suprem.reports.llm import OpenAiLlm
from suprem.settings import Settings


@dataclass(frozen=True, kw_only=True)
class LlmConfig:
    """A model behind an OpenAI-compatible address, and how fast it may be asked.

    Attributes:
        llm_url: The server.
        llm_model: Name of the model there.
        llm_api_key: Its key.
        concurrency: Questions at the same time.
        requests_per_minute: Upper limit of questions.
    """

    llm_url: str | None = None
    llm_model: str | None = None
    llm_api_key: str | None = None
    concurrency: int = 8
    requests_per_minute: float | None = None

    def client(self) -> OpenAiLlm:
        """Return the client.

        Raises:
            ConfigError: Server or model is not named.
        """
        if not self.llm_url or not self.llm_model:
            raise ConfigError("A language model needs a server and a name; give them with --llm-url and --llm-model.")
        return OpenAiLlm(
            self.llm_url, self.llm_model, api_key=self.llm_api_key, requests_per_minute=self.requests_per_minute
        )


def add_llm_options(parser: argparse.ArgumentParser) -> None:
    """Add the options. The key is not one: a command line is visible to every user of the machine."""
    parser.add_argument(
        "--llm-url", help="your own OpenAI-compatible server, such as http://127.0.0.1:8000/v1; or SUPREM_LLM_URL"
    )
    parser.add_argument("--llm-model", help="name of the model on that server; or SUPREM_LLM_MODEL")
    parser.add_argument("--concurrency", type=int, default=8, help="questions at the same time")
    parser.add_argument("--requests-per-minute", type=float, help="upper limit of questions")


def llm_settings(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Return the fields of `LlmConfig` that the installation's settings complete."""
    return {
        "llm_url": args.llm_url or settings.llm_url,
        "llm_model": args.llm_model or settings.llm_model,
        "llm_api_key": settings.llm_api_key,
    }
