"""Make a vocabulary of ECG findings from your licensed copy of UMLS or SNOMED CT.

    python -m pipelines.import_terms --umls MRCONSO.RRF [--mrsty MRSTY.RRF] [--source SAB] --out vocabulary.json
    python -m pipelines.import_terms --rf2 FOLDER [--root ID] --out vocabulary.json

A filter keeps the terms that name an ECG finding: `ecg-words` (the default, word lists), `llm` (the paper's way, with a
language model of your own; its answers are kept beside --out, so a stopped run goes on) or `none`. The result is read
by `pipelines.map_entities` and `pipelines.build_vocabulary` with --vocabulary. It holds licensed terms: your licence
says who may see it.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.language_model import LlmConfig, add_llm_options, llm_settings
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.atomic import write_text
from suprem.concepts.terminologies.snomed import ROOTS, read_snomed
from suprem.concepts.terminologies.term_filter import FILTER_PROMPT, EcgWords, LlmTermFilter, TermFilter
from suprem.concepts.terminologies.terminologies import RowCount, Terms, United, unite
from suprem.concepts.terminologies.umls import of_semantic_types, read_umls
from suprem.concepts.vocabulary import Concept
from suprem.errors import ConfigError
from suprem.export import RESEARCH_USE, text_cell
from suprem.progress import Progress
from suprem.reports.cache import AnswerCache
from suprem.reports.prompt import load_prompt
from suprem.settings import load_settings

FILTERS = ("ecg-words", "llm", "none")


@dataclass(frozen=True)
class TermImportConfig(LlmConfig):
    """What to import: `umls` or `rf2`; and how its terms are chosen.

    Attributes:
        umls: MRCONSO.RRF.
        mrsty: MRSTY.RRF of the same release: leaves out procedures, devices, drugs.
        source: Source vocabularies of UMLS to take terms from; empty for all.
        rf2: Folder of a SNOMED CT release.
        root: SNOMED CT concepts to descend from.
        out: The vocabulary to write.
        filter: "ecg-words", "llm" or "none".
        ask_all: Ask the model also about terms that share no word with electrocardiography.
        judged: CSV file for every judged term with its verdict; None for none.
    """

    out: Path
    umls: Path | None = None
    mrsty: Path | None = None
    source: tuple[str, ...] = ()
    rf2: Path | None = None
    root: tuple[str, ...] = ROOTS
    filter: str = "ecg-words"
    ask_all: bool = False
    judged: Path | None = None


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes:
        read: Concepts that were read and are of the right type.
        kept: Those that the filter kept.
        unjudged: Those left out because the model gave no usable answer.
        united: The vocabulary and what was joined for it.
        files: How the files could be read.
        missing_roots: Roots that the release does not have.
    """

    read: int
    kept: int
    unjudged: int
    united: United
    files: tuple[RowCount, ...]
    missing_roots: tuple[str, ...]


def run(config: TermImportConfig, progress: Progress) -> Imported:
    """Read, filter, unite, write.

    Raises:
        ConceptError: A file is not what it should be, or no term is left.
        ConfigError: The filter needs a language model and none is named.
        LlmUnavailable: The language model does not answer; its answers so far are kept.
    """
    judge = _filter(config)
    terms = _read(config, lambda fraction, message: progress(0.5 * fraction, message))
    verdicts: list[bool | None] = (
        judge.judge(terms.concepts, lambda fraction, message: progress(0.5 + 0.4 * fraction, message))
        if judge is not None
        else [True] * len(terms.concepts)
    )
    kept = [concept for concept, verdict in zip(terms.concepts, verdicts, strict=True) if verdict]
    progress(0.9, f"{len(kept):,} of {len(terms.concepts):,} concepts kept; uniting their wordings")
    if config.judged is not None:
        write_text(config.judged, _judged_csv(terms.concepts, verdicts))
    united = unite(kept)
    write_text(config.out, united.vocabulary.to_json())
    progress(1.0, f"{len(united.vocabulary):,} concepts")
    return Imported(len(terms.concepts), len(kept), verdicts.count(None), united, terms.files, terms.missing_roots)


def _read(config: TermImportConfig, progress: Progress) -> Terms:
    if config.rf2 is not None:
        return read_snomed(config.rf2, roots=config.root, progress=progress)
    if config.umls is None:
        raise ConfigError("There is nothing to import; name --umls MRCONSO.RRF or --rf2 FOLDER.")
    everything = config.filter == "none" or config.ask_all
    wanted = (lambda _term: True) if everything else EcgWords().is_related
    terms = read_umls(config.umls, wanted=wanted, sources=config.source, progress=progress)
    if config.mrsty is None:
        return terms
    typed = of_semantic_types(config.mrsty, terms.concepts, progress=progress)
    return Terms(typed.concepts, terms.files + typed.files)


def _filter(config: TermImportConfig) -> TermFilter | None:
    if config.filter == "none":
        return None
    if config.filter == "ecg-words":
        return EcgWords()
    cache = AnswerCache(config.out.with_name(f"{config.out.stem}_answers.sqlite"))
    return LlmTermFilter(config.client(), load_prompt(FILTER_PROMPT), cache, concurrency=config.concurrency)


def _judged_csv(concepts: Sequence[Concept], verdicts: Sequence[bool | None]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["code", "term", "kept"])
    for concept, verdict in zip(concepts, verdicts, strict=True):
        writer.writerow([concept.code, text_cell(concept.name), "" if verdict is None else str(verdict).lower()])
    return file.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem import-terms", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    terminology = parser.add_mutually_exclusive_group(required=True)
    terminology.add_argument("--umls", type=Path, help="MRCONSO.RRF of your UMLS subset")
    terminology.add_argument("--rf2", type=Path, help="folder of an unpacked SNOMED CT release (RF2)")
    parser.add_argument("--out", type=Path, required=True, help="vocabulary.json to write")
    parser.add_argument("--mrsty", type=Path, help="MRSTY.RRF of the same release; leaves out procedures, drugs, ...")
    parser.add_argument(
        "--source", action="append", default=[], help="UMLS source (SAB) to take terms from; repeatable"
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        help=f"SNOMED CT concept to descend from; repeatable; default {' '.join(ROOTS)}",
    )
    parser.add_argument("--filter", choices=FILTERS, default="ecg-words", help="default: ecg-words")
    parser.add_argument(
        "--ask-all", action="store_true", help="llm: ask about every term, not only those with a word of cardiology"
    )
    parser.add_argument("--judged", type=Path, help="CSV file for every judged term with its verdict")
    add_llm_options(parser)
    args = parser.parse_args(argv)

    def work() -> None:
        config = replace(
            TermImportConfig(**{**vars(args), "source": tuple(args.source), "root": tuple(args.root) or ROOTS}),
            **llm_settings(args, load_settings()),
        )
        result = run(config, ConsoleProgress("import_terms"))
        for count in result.files:
            if count.damaged:
                lines = ", ".join(map(str, count.first_damaged))
                say(
                    f"set aside: {count.damaged:,} of {count.rows:,} rows of {count.file} (damaged; lines {lines}, ...)"
                )
        if result.missing_roots:
            say(f"not in this release: root {', '.join(result.missing_roots)}")
        if result.unjudged:
            say(f"no usable answer: {result.unjudged:,} terms, left out; the same command asks about them again")
        wordings = sum(1 + len(concept.synonyms) for concept in result.united.vocabulary.concepts)
        say(
            f"{result.read:,} concepts read, {result.kept:,} kept by the filter ({config.filter}); "
            f"{result.united.merged:,} joined with one of the same name, {result.united.ambiguous:,} ambiguous "
            f"synonyms left out: {len(result.united.vocabulary):,} concepts with {wordings:,} wordings."
        )

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
