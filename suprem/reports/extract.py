"""Extraction over whole tables: each distinct statement is read once, its entities are joined back to every report.

Machine reports are built from few statements, so this saves most of the work (the summary says how much).
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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

REMEMBERED = 50_000
"""Distinct statements, and distinct texts, whose reading is kept in memory: some tens of MB."""


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
        unique_statements: Distinct ones.
        saved_calls: Statements that repeat one, and so needed no reading of their own.
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


@dataclass
class Counts:
    """What is counted of some reports, in a form that can be added to that of others.

    Attributes:
        certainty: Certainty -> entities.
        phrases: Distinct phrase -> whether it was stated at least once without doubt.
        read: Key of a distinct statement -> phrases dropped, whether it had no usable answer, its language.
    """

    reports: int = 0
    statements: int = 0
    certainty: dict[str, int] = field(default_factory=dict)
    phrases: dict[str, bool] = field(default_factory=dict)
    read: dict[str, tuple[int, bool, str]] = field(default_factory=dict)
    not_understood: list[str] = field(default_factory=list)
    partly_understood: list[str] = field(default_factory=list)

    def add(self, reports: Sequence[ReportEntities], results: Mapping[str, StatementEntities], statements: int) -> None:
        """Count reports, the results of their distinct statements, and their statements."""
        self.reports += len(reports)
        self.statements += statements
        for report in reports:
            for entity in report.entities:
                phrase, certain = " ".join(entity.text.lower().split()), entity.certainty is not Certainty.UNCERTAIN
                self.phrases[phrase] = self.phrases.get(phrase, False) or certain
                self.certainty[entity.certainty.value] = self.certainty.get(entity.certainty.value, 0) + 1
            if report.language is Language.NOT_UNDERSTOOD:
                self.not_understood.append(report.report_id)
            elif report.language is Language.PARTLY:
                self.partly_understood.append(report.report_id)
        for text, result in results.items():
            key = hashlib.sha256(text.encode()).hexdigest()[:16]
            self.read[key] = (result.dropped, result.failed, sys.intern(lexicon_of(text).language))

    def merge(self, other: Counts) -> None:
        """Add the counts of the reports that follow."""
        self.reports += other.reports
        self.statements += other.statements
        for name, number in other.certainty.items():
            self.certainty[name] = self.certainty.get(name, 0) + number
        for phrase, certain in other.phrases.items():
            self.phrases[phrase] = self.phrases.get(phrase, False) or certain
        for key, told in other.read.items():
            self.read.setdefault(key, told)
        self.not_understood += other.not_understood
        self.partly_understood += other.partly_understood

    def summary(self, extractor: str, skipped: Iterable[SkippedReport]) -> ExtractionSummary:
        """Return the counts of a whole run.

        Args:
            extractor: What read the statements.
            skipped: What the reader of the table set aside.
        """
        entities = sum(self.certainty.values())
        reasons: dict[str, list[str]] = {}
        for item in skipped:
            reasons.setdefault(item.reason, []).append(item.report_id)
        return ExtractionSummary(
            extractor=extractor,
            reports=self.reports,
            raw_entities=entities,
            unique_entities=len(self.phrases),
            unique_certain_entities=sum(self.phrases.values()),
            entities_per_report=round(entities / max(self.reports, 1), 2),
            certainty={certainty.value: self.certainty.get(certainty.value, 0) for certainty in Certainty},
            statements=self.statements,
            unique_statements=len(self.read),
            saved_calls=self.statements - len(self.read),
            ungrounded=sum(dropped for dropped, _, _ in self.read.values()),
            failed_statements=sum(failed for _, failed, _ in self.read.values()),
            language_not_understood=self.not_understood,
            language_partly_understood=self.partly_understood,
            languages=dict(Counter(language for _, _, language in self.read.values()).most_common()),
            skipped=reasons,
        )


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
    found, counts = BlockReader(extractor, progress).read(reports)
    return Extraction(found, counts.summary(extractor.name, skipped))


class BlockReader:
    """Reads reports block by block, and remembers `REMEMBERED` statements and texts, so that few are read twice.

    Args:
        extractor: `RuleExtractor` or `LlmExtractor`.
        progress: Told how far the block is.
    """

    def __init__(self, extractor: Extractor, progress: Progress = lambda _fraction, _message: None) -> None:
        self._extractor, self._progress = extractor, progress
        self._results: dict[str, StatementEntities] = {}
        self._languages: dict[str, Language] = {}

    def read(self, reports: Sequence[Report]) -> tuple[tuple[ReportEntities, ...], Counts]:
        """Return the entities of reports, in their order, and what is counted of them."""
        for memory in (self._results, self._languages):
            if len(memory) > REMEMBERED:
                memory.clear()
        split: dict[str, list[Statement]] = {}
        for text in dict.fromkeys(report.text for report in reports):
            language = self._languages.get(text) or self._languages.setdefault(text, _language(text))
            split[text] = split_statements(text) if language is not Language.NOT_UNDERSTOOD else []
        unique = list(dict.fromkeys(statement.text for statements in split.values() for statement in statements))
        unread = [text for text in unique if text not in self._results]
        self._results.update(zip(unread, self._extractor.read(unread, self._progress) if unread else [], strict=True))
        results = {text: self._results[text] for text in unique}
        languages = {text: self._languages[text] for text in split}
        for text, pieces in split.items():
            if any(results[statement.text].failed or results[statement.text].partly for statement in pieces):
                languages[text] = Language.PARTLY  # what was left unread is not absent
        found = tuple(
            ReportEntities(report.report_id, _join(split[report.text], results), languages[report.text])
            for report in reports
        )
        counts = Counts()
        counts.add(found, results, sum(len(split[report.text]) for report in reports))
        return found, counts


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
