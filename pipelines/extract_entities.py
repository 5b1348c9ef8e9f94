"""Extract clinical entities from ECG reports.

    python -m pipelines.extract_entities --reports FILE.csv --out DIR [--extractor rules]
    python -m pipelines.extract_entities --reports FILE.csv --out DIR --extractor llm --llm-url URL --llm-model NAME

Reads any CSV with an id and a text column, MIMIC-IV-ECG's machine_measurements.csv or PTB-XL's ptbxl_database.csv.
Writes entities.jsonl (one line per report) and summary.json (the counts of the paper's Table 14, and what was not read
and why). Answers of a language model are kept beside them: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.language_model import LlmConfig, add_llm_options, llm_settings
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.atomic import replacing, write_text
from suprem.errors import ReportError
from suprem.export import RESEARCH_USE
from suprem.progress import Progress
from suprem.reports.cache import AnswerCache
from suprem.reports.entities_file import line_of
from suprem.reports.extract import Extraction, Extractor, LlmExtractor, RuleExtractor, extract_entities
from suprem.reports.prompt import load_prompt
from suprem.reports.report import read_reports
from suprem.settings import load_settings


@dataclass(frozen=True)
class ExtractionConfig(LlmConfig):
    """What to read and with what."""

    reports: Path
    out: Path
    extractor: str = "rules"
    id_column: str | None = None
    text_column: str | None = None
    min_words: int = 1


def run(config: ExtractionConfig, progress: Progress) -> Extraction:
    """Read the table, extract, write both files.

    Raises:
        ReportError: The table cannot be used, or the language model does not answer.
        ConfigError: The language model is not named.
    """
    table = read_reports(
        config.reports,
        id_column=config.id_column,
        text_column=config.text_column,
        min_words=config.min_words,
    )
    if not table.reports:
        raise ReportError(f"The table holds no readable report; {len(table.skipped)} rows were set aside.")
    config.out.mkdir(parents=True, exist_ok=True)
    extraction = extract_entities(table.reports, _extractor(config), skipped=table.skipped, progress=progress)
    with replacing(config.out / "entities.jsonl") as temporary, temporary.open("w", encoding="utf-8") as file:
        for report in extraction.reports:
            file.write(line_of(report))
    write_text(
        config.out / "summary.json", json.dumps(extraction.summary.as_dict(), indent=2, ensure_ascii=False) + "\n"
    )
    return extraction


def _extractor(config: ExtractionConfig) -> Extractor:
    if config.extractor == "rules":
        return RuleExtractor()
    cache = AnswerCache(config.out / "answers.sqlite")
    return LlmExtractor(config.client(), load_prompt(), cache, concurrency=config.concurrency)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem extract-entities", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--reports", type=Path, required=True, help="CSV file with the reports")
    parser.add_argument("--out", type=Path, required=True, help="folder for entities.jsonl and summary.json")
    parser.add_argument("--extractor", choices=("rules", "llm"), default="rules", help="default: rules")
    parser.add_argument("--id-column", help="column of the report id")
    parser.add_argument("--text-column", help="column of the report text")
    parser.add_argument("--min-words", type=int, default=1, help="set shorter reports aside (the paper: 3)")
    add_llm_options(parser)
    args = parser.parse_args(argv)

    def work() -> None:
        config = replace(
            ExtractionConfig(**vars(args)),
            **llm_settings(args, load_settings()),
        )
        summary = run(config, ConsoleProgress("extract_entities")).summary
        say(
            f"{summary.raw_entities:,} entities in {summary.reports:,} reports, {summary.unique_entities:,} distinct, "
            f"{summary.unique_certain_entities:,} of them stated without doubt at least once; "
            f"{summary.unique_statements:,} distinct statements read, {summary.saved_calls:,} calls saved."
        )
        for reason, ids in summary.skipped.items():
            say(f"set aside: {len(ids):,} ({reason})")
        if summary.language_not_understood:
            say(f"language not understood: {len(summary.language_not_understood):,} reports, left without entities")
        if summary.language_partly_understood:
            partly = len(summary.language_partly_understood)
            say(f"partly understood: {partly:,} reports; what was not found in them is not known to be absent")
        if summary.ungrounded or summary.failed_statements:
            say(f"not in the text, dropped: {summary.ungrounded:,} entities")
            say(f"no usable answer: {summary.failed_statements:,} distinct statements")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
