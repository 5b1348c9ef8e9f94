"""Measure extracted entities against annotated reports (paper A.10.4), and their mapping to the SCP-ECG statements.

    python -m pipelines.evaluate_extraction --reports ptbxl_database.csv [--annotations FILE.jsonl]
        [--entities entities.jsonl] [--split develop|check|untouched|all] [--json]
    python -m pipelines.evaluate_extraction --mapping [KEY.csv] [--split develop|check|...|all] [--json]
    python -m pipelines.evaluate_extraction --statements FILE.jsonl [--faults] [--json]

Without --entities the rule extractor reads the annotated reports. How the shipped annotations were made is in
docs/annotation.md. With --mapping the rank-1 accuracy of the mapping on an answer key of entity, code and split. With
--statements faults by kind on statements that a person annotated: text, findings with words, certainty, places, code.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.stage import run_stage, say
from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.mapping import THRESHOLDS
from suprem.concepts.mapping.mapping_accuracy import ENTITY_CODES, MappingAccuracy, measure_mapping, read_entity_codes
from suprem.concepts.mapping.statement_faults import StatementFigures, judge_statements, read_statements
from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE
from suprem.reports.agreement import AnnotatedText, ExtractionAgreement, Score, Span, measure_agreement
from suprem.reports.annotations import ANNOTATIONS_FILE, Annotation, read_annotations
from suprem.reports.entities_file import read_spans
from suprem.reports.extract import RuleExtractor, extract_entities
from suprem.reports.report import Report, read_reports


@dataclass(frozen=True)
class ExtractionScoringConfig:
    """What to compare."""

    annotations: Path = ANNOTATIONS_FILE
    reports: Path | None = None
    entities: Path | None = None
    split: str = "all"
    bootstrap: int = 1000
    seed: int = 0


def run(config: ExtractionScoringConfig) -> tuple[ExtractionAgreement, list[str]]:
    """Compare, and return the ids of annotations that could not be compared.

    Raises:
        ReportError: A file cannot be used, or no annotation of the split is left.
    """
    texts = {report.report_id: report.text for report in read_reports(config.reports).reports} if config.reports else {}
    annotations, left_out = read_annotations(config.annotations, texts)
    chosen = {item.text: item for item in annotations if config.split in ("all", item.split)}
    spans = read_spans(config.entities) if config.entities else _extract(list(chosen.values()))
    left_out += [item.report_id for item in chosen.values() if item.report_id not in spans]
    compared = [
        AnnotatedText(item.text, item.spans, spans[item.report_id])
        for item in chosen.values()
        if item.report_id in spans
    ]
    return measure_agreement(compared, draws=config.bootstrap, seed=config.seed), left_out


def run_mapping(path: Path, split: str) -> list[MappingAccuracy]:
    """Measure the mapping on an answer key with the bundled encoder; the key is mapped as a whole whatever the split.

    Raises:
        ConceptError: The file is no answer key, or has nothing of the split.
    """
    figures = measure_mapping(read_entity_codes(path), load_terms(), load_embedder("minilm"), THRESHOLDS["minilm"])
    chosen = [figure for figure in figures if split in ("all", figure.split)]
    if not chosen:
        splits = ", ".join(figure.split for figure in figures)
        raise ConceptError(f"{path.name} has no entity of the split {split}; it has {splits}.")
    return chosen


def run_statements(path: Path) -> StatementFigures:
    """Hold annotated statements against the rules and the mapping, with the bundled encoder and all shipped concepts.

    Raises:
        ReportError: The file is no file of statements.
    """
    return judge_statements(read_statements(path), load_terms(CONCEPTS), load_embedder("minilm"), THRESHOLDS["minilm"])


def _extract(annotations: list[Annotation]) -> dict[str, tuple[Span, ...]]:
    reports = [Report(item.report_id, item.text) for item in annotations]
    return {
        report.report_id: tuple(Span(entity.start, entity.end, entity.certainty) for entity in report.entities)
        for report in extract_entities(reports, RuleExtractor()).reports
    }


def as_lines(agreement: ExtractionAgreement) -> list[str]:
    """The figures as a small table."""

    def score(name: str, value: Score) -> str:
        return f"{name:<34}{value.precision:9.3f}{value.recall:9.3f}{value.f1:9.3f}"

    def number(name: str, value: float | None) -> str:
        return f"{name:<34}{'  not measurable' if value is None else f'{value:27.3f}'}"

    return [
        f"{agreement.texts} texts, {agreement.reference_spans} annotated entities, {agreement.found_spans} found",
        f"{'':<34}{'P':>9}{'R':>9}{'F1':>9}",
        score("tokens, BIO", agreement.token),
        score("tokens, BIO with certainty", agreement.token_with_certainty),
        score("spans, exact", agreement.exact_span),
        score("spans, exact, with certainty", agreement.exact_span_with_certainty),
        score("spans, partial (IoU)", agreement.partial_span),
        *(score(f"spans, exact, {name}", value) for name, value in agreement.by_certainty.items()),
        number("kappa, tokens with O", agreement.kappa),
        number("kappa, tokens both marked", agreement.kappa_without_outside),
        number("certainty accuracy", agreement.certainty_accuracy),
        number("negation accuracy", agreement.negation_accuracy),
        *(f"95 % interval of {name:<17}{low:18.3f}{high:9.3f}" for name, (low, high) in agreement.intervals.items()),
    ]


def as_line(figure: MappingAccuracy) -> str:
    """The figure of a split in words."""
    return (
        f"mapping at rank 1, {figure.split}: {figure.accuracy:.3f} ({figure.right} of {figure.entities}, 95 % interval "
        f"{figure.interval[0]:.3f} to {figure.interval[1]:.3f})"
    )


def statement_lines(figures: StatementFigures, *, faults: bool) -> list[str]:
    """The figures of annotated statements as a small table, on request with every fault."""
    lines = [f"{figures.statements} statements, {figures.findings} annotated findings"]
    for name, (part, of, share, low, high) in figures.shares().items():
        lines.append(f"{name:<48}{share:7.3f}  ({part} of {of}, 95 % interval {low:.3f} to {high:.3f})")
    lines += [f"{name:<48}{count:7d}" for name, count in figures.by_kind.items()]
    lines.append(f"{'left to a reviewer':<48}{figures.uncoded:7d}")
    if faults:
        lines += [
            f"{fault.kind}: {fault.words} -> {fault.found or 'nothing'} in: {fault.statement}"
            for fault in figures.faults
        ]
    return lines


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem evaluate-extraction",
        description=(__doc__ or "").splitlines()[0],
        epilog=RESEARCH_USE,
    )
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS_FILE, help="default: the shipped annotations")
    parser.add_argument("--reports", type=Path, help="table with the annotated reports, here ptbxl_database.csv")
    parser.add_argument("--entities", type=Path, help="entities.jsonl to measure; default: the rules are run")
    parser.add_argument("--split", default="all", help="develop, check, untouched, dev, held; default: all")
    parser.add_argument(
        "--mapping", type=Path, nargs="?", const=ENTITY_CODES, help="measure the mapping; default: the shipped key"
    )
    parser.add_argument("--statements", type=Path, help="statements that a person annotated, JSON lines")
    parser.add_argument("--faults", action="store_true", help="with --statements: name every fault")
    parser.add_argument("--bootstrap", type=int, default=1000, help="draws for the intervals")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    args = parser.parse_args(argv)

    def work() -> None:
        if args.statements is not None:
            judged = run_statements(args.statements)
            shares = {"shares": judged.shares(), "faults": judged.by_kind, "left_to_a_reviewer": judged.uncoded}
            print(json.dumps(shares) if args.json else "\n".join(statement_lines(judged, faults=args.faults)))
            return
        if args.mapping is not None:
            figures = run_mapping(args.mapping, args.split)
            print(json.dumps([asdict(figure) for figure in figures]) if args.json else "\n".join(map(as_line, figures)))
            return
        options = {
            name: value for name, value in vars(args).items() if name not in ("json", "mapping", "statements", "faults")
        }
        agreement, left_out = run(ExtractionScoringConfig(**options))
        if left_out:
            say(f"not compared: {len(left_out)} annotations whose report is missing or has another text")
        print(json.dumps(asdict(agreement)) if args.json else "\n".join(as_lines(agreement)))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
