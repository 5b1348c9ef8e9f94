"""Extraction over whole tables: each distinct statement is read once, its entities are joined back to every report.

Machine reports are built from few statements, so this saves most of the work (the summary says how much).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from suprem.progress import Progress
from suprem.reports.asking import Questionnaire
from suprem.reports.cache import AnswerCache
from suprem.reports.entity import Certainty, Entity
from suprem.reports.languages import lexicon_of
from suprem.reports.lexicon import understood_share
from suprem.reports.llm import LlmClient
from suprem.reports.parse import Grounded, answer_schema, ground, parse_answer
from suprem.reports.prompt import Prompt
from suprem.reports.report import Report, SkippedReport
from suprem.reports.rules import UNDERSTOOD_SHARE, WHOLLY_UNDERSTOOD_SHARE, extract_statement
from suprem.reports.statement import Statement, split_statements


class Language(StrEnum):
    """Whether the words of a report are known: what is not said can be told only where all of it was read."""

    UNDERSTOOD = "understood"
    PARTLY = "partly understood"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True)
class StatementEntities:
    """What an extractor found in one statement; `failed` when it gave no usable answer, `partly` when words of the
    trace were left over."""

    entities: tuple[Entity, ...] = ()
    dropped: int = 0
    failed: bool = False
    partly: bool = False


class Extractor(Protocol):
    """Reads distinct statements; `name` goes into the summary."""

    name: str

    def read(self, statements: Sequence[str], progress: Progress) -> list[StatementEntities]:
        """Return one result for each statement, in order."""


@dataclass(frozen=True)
class ReportEntities:
    """The entities of one report, with spans in its text; none where the language was not understood at all."""

    report_id: str
    entities: tuple[Entity, ...]
    language: Language


@dataclass(frozen=True)
class ExtractionSummary:
    """Counts of a run, the paper's Table 14 among them.

    Attributes:
        raw_entities: Entities over all reports (Table 14, first row).
        unique_entities: Distinct phrases, case and blanks aside (second row).
        unique_certain_entities: Those stated at least once without doubt (third row).
        statements: Statements of all reports.
        unique_statements: Distinct ones, each read once.
        saved_calls: Statements that needed no reading of their own.
        ungrounded: Answered phrases dropped because the statement does not hold them.
        failed_statements: Distinct statements without a usable answer.
        language_not_understood: Reports that were not read.
        language_partly_understood: Reports that may state more than was found in them.
        languages: Language -> distinct statements read in it.
    """

    extractor: str
    reports: int
    raw_entities: int
    unique_entities: int
    unique_certain_entities: int
    entities_per_report: float
    certainty: dict[str, int]
    statements: int
    unique_statements: int
    saved_calls: int
    ungrounded: int
    failed_statements: int
    language_not_understood: list[str]
    language_partly_understood: list[str]
    languages: dict[str, int]
    skipped: dict[str, list[str]]

    def as_dict(self) -> dict[str, Any]:
        """The content of `summary.json`."""
        return asdict(self)


@dataclass(frozen=True)
class Extraction:
    """The result of a run, reports in the order of the table."""

    reports: tuple[ReportEntities, ...]
    summary: ExtractionSummary


class RuleExtractor:
    """The embedded default: see `rules.py`."""

    name = "rules"

    def read(self, statements: Sequence[str], progress: Progress) -> list[StatementEntities]:
        """Apply the rules to each statement."""
        results = []
        for count, text in enumerate(statements, start=1):
            reading = extract_statement(text)
            results.append(StatementEntities(tuple(reading.entities), partly=not reading.complete))
            if count % 500 == 0 or count == len(statements):
                progress(count / len(statements), f"{count} of {len(statements)} distinct statements")
        return results


class LlmExtractor:
    """Asks a language model, keeps its answers, and believes only what stands in the statement.

    Args:
        client: The model.
        prompt: The instructions.
        cache: Answers of earlier runs; a run that was stopped goes on where it was.
        concurrency: Questions asked at the same time.
    """

    def __init__(self, client: LlmClient, prompt: Prompt, cache: AnswerCache, *, concurrency: int = 8) -> None:
        self.name = f"llm:{client.model}"
        self._questionnaire = Questionnaire(client, prompt, answer_schema(), _grounded, cache, concurrency)

    def read(self, statements: Sequence[str], progress: Progress) -> list[StatementEntities]:
        """Ask for what is not in the cache.

        Raises:
            LlmUnavailable: The server does not answer; the answers so far are kept.
        """
        found = self._questionnaire.ask(statements, progress, noun="distinct statements")
        return [_result(found[text]) for text in statements]


def extract_entities(
    reports: Sequence[Report],
    extractor: Extractor,
    *,
    skipped: Iterable[SkippedReport] = (),
    progress: Progress = lambda _fraction, _message: None,
) -> Extraction:
    """Extract the entities of reports.

    Args:
        reports: The reports; a text in a language that is not understood gives no entities and is listed.
        extractor: `RuleExtractor` or `LlmExtractor`.
        skipped: What the reader of the table set aside, for the summary.
        progress: Told how far the work is.
    """
    languages = {text: _language(text) for text in dict.fromkeys(report.text for report in reports)}
    split = {
        text: split_statements(text) for text, language in languages.items() if language is not Language.NOT_UNDERSTOOD
    }
    unique = list(dict.fromkeys(statement.text for statements in split.values() for statement in statements))
    results = dict(zip(unique, extractor.read(unique, progress) if unique else [], strict=True))
    for text, pieces in split.items():
        if any(results[statement.text].failed or results[statement.text].partly for statement in pieces):
            languages[text] = Language.PARTLY  # what was left unread is not absent
    found = tuple(
        ReportEntities(report.report_id, _join(split.get(report.text, []), results), languages[report.text])
        for report in reports
    )
    statements = sum(len(split.get(report.text, [])) for report in reports)
    summary = _summarise(extractor.name, found, results, statements, skipped)
    return Extraction(found, summary)


def _language(text: str) -> Language:
    statements = [lexicon_of(statement.text).units(statement.text) for statement in split_statements(text)]
    known = understood_share([unit for units in statements for unit in units])
    if known < UNDERSTOOD_SHARE:
        return Language.NOT_UNDERSTOOD
    if known < WHOLLY_UNDERSTOOD_SHARE or any(understood_share(units) < UNDERSTOOD_SHARE for units in statements):
        return Language.PARTLY
    return Language.UNDERSTOOD


def _join(statements: Sequence[Statement], results: dict[str, StatementEntities]) -> tuple[Entity, ...]:
    return tuple(
        entity.shifted(statement.start) for statement in statements for entity in results[statement.text].entities
    )


def _grounded(answer: str, text: str) -> Grounded:
    return ground(parse_answer(answer), text)


def _result(grounded: Grounded | None) -> StatementEntities:
    if grounded is None:
        return StatementEntities(failed=True)
    return StatementEntities(grounded.entities, grounded.dropped)


def _summarise(
    extractor: str,
    reports: Sequence[ReportEntities],
    results: dict[str, StatementEntities],
    statements: int,
    skipped: Iterable[SkippedReport],
) -> ExtractionSummary:
    entities = [entity for report in reports for entity in report.entities]
    phrases = [(" ".join(entity.text.lower().split()), entity.certainty) for entity in entities]
    counts = Counter(entity.certainty.value for entity in entities)
    reasons: dict[str, list[str]] = {}
    for item in skipped:
        reasons.setdefault(item.reason, []).append(item.report_id)
    return ExtractionSummary(
        extractor=extractor,
        reports=len(reports),
        raw_entities=len(entities),
        unique_entities=len({phrase for phrase, _ in phrases}),
        unique_certain_entities=len({phrase for phrase, certainty in phrases if certainty is not Certainty.UNCERTAIN}),
        entities_per_report=round(len(entities) / max(len(reports), 1), 2),
        certainty={certainty.value: counts[certainty.value] for certainty in Certainty},
        statements=statements,
        unique_statements=len(results),
        saved_calls=statements - len(results),
        ungrounded=sum(result.dropped for result in results.values()),
        failed_statements=sum(result.failed for result in results.values()),
        language_not_understood=_ids(reports, Language.NOT_UNDERSTOOD),
        language_partly_understood=_ids(reports, Language.PARTLY),
        languages=dict(Counter(lexicon_of(text).language for text in results).most_common()),
        skipped=reasons,
    )


def _ids(reports: Sequence[ReportEntities], language: Language) -> list[str]:
    return [report.report_id for report in reports if report.language is language]
