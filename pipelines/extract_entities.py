"""Extract clinical entities from ECG reports.

    python -m pipelines.extract_entities --reports FILE.csv --out DIR [--extractor rules]
    python -m pipelines.extract_entities --reports FILE.csv --out DIR --extractor llm --llm-url URL --llm-model NAME

Reads any CSV with an id and a text column, MIMIC-IV-ECG's machine_measurements.csv or PTB-XL's ptbxl_database.csv.
Writes entities.jsonl (one line per report) and summary.json (the counts of the paper's Table 14, and what was not read
and why). The table is read in blocks: a run that was stopped goes on after its last one, and so do the answers of a
language model, which are kept. Several processes share a table by --part I/N, and --finish joins their blocks.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.array import part_of, part_options, read_array, start
from pipelines.language_model import LlmConfig, add_llm_options, llm_settings
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.errors import ConfigError
from suprem.export import RESEARCH_USE
from suprem.part import Part
from suprem.progress import Progress
from suprem.reports.blocks import ReportSource, extract_part, join_blocks
from suprem.reports.cache import AnswerCache
from suprem.reports.extract import ExtractionSummary, Extractor, LlmExtractor, RuleExtractor
from suprem.reports.prompt import load_prompt
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
    finish: bool = False


def run(config: ExtractionConfig, part: Part | None, progress: Progress) -> ExtractionSummary | None:
    """Extract the blocks of a part, or all that are missing, and then write both files.

    Returns:
        The counts of the whole table; None for a part.

    Raises:
        ReportError: The table cannot be used, blocks are missing, or the language model does not answer.
        ConfigError: The language model is not named, or was to be asked by several processes.
    """
    source = ReportSource(config.reports, config.id_column, config.text_column, config.min_words)
    if part is not None and config.extractor == "llm":
        raise ConfigError("A language model is asked by one process, see --concurrency; leave out --part.")
    extractor = _extractor(config)
    if not config.finish:
        extract_part(source, extractor, config.out, part or Part(), progress=progress)
    return None if part else join_blocks(source, extractor, config.out)


def _extractor(config: ExtractionConfig) -> Extractor:
    if config.extractor == "rules":
        return RuleExtractor()
    cache = AnswerCache(config.out / "answers.sqlite")
    return LlmExtractor(config.client(), load_prompt(), cache, concurrency=config.concurrency)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem extract-entities",
        description=(__doc__ or "").splitlines()[0],
        epilog=RESEARCH_USE,
        parents=[part_options()],
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
        array, words = read_array(argv)
        if array.array:
            return print(start("extract_entities", words, array))
        asked = {name: value for name, value in vars(args).items() if name not in ("part", *vars(array))}
        config, part = replace(ExtractionConfig(**asked), **llm_settings(args, load_settings())), part_of(args)
        summary = run(config, part, ConsoleProgress("extract_entities"))
        if summary is None:
            return say(f"part {part} is extracted; --finish joins all parts")
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
        return None

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
