"""Let a language model of your own write the queries of a task, one description for each class.

    python -m pipelines.write_queries --task ptbxl_superclass --llm-url http://127.0.0.1:8000/v1 --llm-model NAME

Writes <SUPREM_HOME>/queries/<task>/written-<model>-<prompt>.json, a file of queries as `zero_shot --queries` takes it:
read it, and correct it if you must. What is there is not asked for again; another model or another prompt
(assets/prompts/write_queries.txt) gives another file. `zero_shot --queries written` makes it where it is missing.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.language_model import LlmConfig, add_llm_options, llm_settings
from pipelines.stage import ConsoleProgress, run_stage
from suprem.atomic import write_text
from suprem.concepts.written_queries import WRITING_PROMPT, LlmQueryWriter
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.errors import ConfigError
from suprem.export import RESEARCH_USE
from suprem.progress import Progress
from suprem.reports.cache import AnswerCache
from suprem.reports.prompt import load_prompt
from suprem.settings import Settings, load_settings

WRITTEN = "written"
"""Name of the query set that a language model writes."""


@dataclass(frozen=True)
class WrittenQueriesConfig(LlmConfig):
    """The task, the folder of all written queries, and the model that writes."""

    task: str
    folder: Path


def run(config: WrittenQueriesConfig, progress: Progress) -> Path:
    """Return the file of the task's queries by the model; it is written unless it is there.

    Raises:
        ConfigError: No model is named, or no server where the model must be asked.
        LlmUnavailable: The server does not answer; the answers so far are kept.
        ConceptError: The model gave no usable answer about some classes.
    """
    if not config.llm_model:
        raise ConfigError("Queries are written by a language model; name it with --llm-model and --llm-url.")
    prompt, task = load_prompt(WRITING_PROMPT), load_task(config.task)
    model = re.sub(r"[^\w.]+", "-", config.llm_model).strip("-")
    path = config.folder / task.name / f"{WRITTEN}-{model}-{prompt.content_hash[:8]}.json"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    client, cache = config.client(), AnswerCache(config.folder / "answers.sqlite")
    try:
        texts = LlmQueryWriter(client, prompt, cache, concurrency=config.concurrency).write(task.queries, progress)
    finally:
        cache.close()
    write_text(path, json.dumps(dict(zip(task.codes, texts, strict=True)), indent=2, ensure_ascii=False) + "\n")
    return path


def with_written(
    sources: Sequence[str], args: argparse.Namespace, settings: Settings, progress: Progress
) -> tuple[str, ...]:
    """Return the names of query sets with "written" replaced by its file.

    Args:
        sources: As `zero_shot --queries` takes them.
        args: The task and the options of `add_llm_options`.
        settings: What completes them.
        progress: Told how many are written.

    Raises:
        ConfigError, LlmUnavailable, ConceptError: As in `run`.
    """
    return tuple(str(run(configured(args, settings), progress)) if name == WRITTEN else name for name in sources)


def configured(args: argparse.Namespace, settings: Settings) -> WrittenQueriesConfig:
    """Return the configuration that a command line and the installation's settings give."""
    return WrittenQueriesConfig(
        task=args.task,
        folder=settings.home / "queries",
        concurrency=args.concurrency,
        requests_per_minute=args.requests_per_minute,
        **llm_settings(args, settings),
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem write-queries", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--task", required=True, help=f"one of {', '.join(TASK_NAMES)}")
    add_llm_options(parser)
    args = parser.parse_args(argv)

    def work() -> None:
        print(run(configured(args, load_settings()), ConsoleProgress("write_queries")))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
