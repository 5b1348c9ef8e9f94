"""Statements that a person annotated, held against what the extractor and the mapping make of them: faults by kind.

A file of statements is JSON lines: `text`, and `findings` with `words` (as they stand in the text), `certainty`,
`places` (walls and leads) and `code` (null where no concept is right). A finding is found where some entity covers at
least half of its words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from scipy.stats import binomtest

from suprem.concepts.embed import TextEmbedder
from suprem.concepts.mapping.mapping import MappingThresholds, measure_similarities, remap
from suprem.concepts.places import stated_places
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ReportError
from suprem.reports.entity import Certainty, Entity
from suprem.reports.extract import Language, RuleExtractor, extract_entities
from suprem.reports.report import Report

_WORD = re.compile(r"[^\W_]+")
_COVERED = 0.5
# Where docs/annotation.md decides otherwise than people do unasked: an age or a variant remarked beside a finding is a
# statement of its own, technique is none, and "nonspecific" or "borderline" makes a finding uncertain.
_REMARK = re.compile(r"\bage\b|\breverse|\bvariant\b|artef|artif|reversal|misplace|quality", re.IGNORECASE)
_CHOICE = re.compile(r"non-?\s?sp|unspec|borderline|undetermined|indeterminate|consistent", re.IGNORECASE)
_EITHER = {Certainty.ABNORMAL, Certainty.UNCERTAIN}


class Fault(StrEnum):
    """What can be wrong about one finding."""

    MISSED_SILENTLY = "missed without a word"
    MISSED = "missed, said to be partly or not understood"
    INVENTED = "invented"
    CERTAINTY = "wrong certainty"
    CODE = "wrong code"
    PLACE = "lost place"


@dataclass(frozen=True)
class AnnotatedFinding:
    """A finding that a person marked.

    Attributes:
        start, end: Where its words stand in the statement.
        certainty: How the statement holds it.
        places: Walls and leads, as words.
        code: The concept that it is, None where none is right.
    """

    start: int
    end: int
    certainty: Certainty
    places: tuple[str, ...]
    code: str | None


@dataclass(frozen=True)
class AnnotatedStatement:
    """A statement with all that a person found in it."""

    text: str
    findings: tuple[AnnotatedFinding, ...]


@dataclass(frozen=True)
class FoundFault:
    """One fault, with the words it is about."""

    kind: Fault
    statement: str
    words: str
    found: str


@dataclass
class StatementFigures:
    """What came of the comparison.

    Attributes:
        statements, findings: How many there were.
        compared: How many findings were held against an entity, by what of them was: certainty, places, code.
        right: How many of those agree.
        uncoded: Findings with a concept that were left to a reviewer, unmapped or mapped with a mark.
        faulty: Statements with at least one fault.
        faults: All of them.
    """

    statements: int = 0
    findings: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    uncoded: int = 0
    faulty: int = 0
    faults: list[FoundFault] = field(default_factory=list)

    @property
    def by_kind(self) -> dict[str, int]:
        """How many faults there are of each kind."""
        counts = Counter(fault.kind for fault in self.faults)
        return {kind.value: counts[kind] for kind in Fault}

    def shares(self) -> dict[str, tuple[int, int, float, float, float]]:
        """Each share as (count, of, share, low, high), with its 95 % interval (Wilson)."""
        pairs = {"faulty statements": (self.faulty, self.statements)}
        pairs["findings found"] = (self.compared["certainty"], self.findings)
        pairs |= {f"{name} right": (self.right[name], of) for name, of in self.compared.items()}
        return {name: (part, of, *proportion(part, of)) for name, (part, of) in pairs.items() if of}


def proportion(part: int, of: int) -> tuple[float, float, float]:
    """Return a share with its 95 % interval (Wilson)."""
    test = binomtest(part, of)
    low, high = test.proportion_ci(method="wilson")
    return float(test.statistic), float(low), float(high)


def read_statements(path: Path) -> list[AnnotatedStatement]:
    """Read a file of annotated statements.

    Raises:
        ReportError: It is missing, empty, or a line is not of that form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"There is no file of statements that can be read at {path.name}.") from error
    statements = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                item = json.loads(line)
                text = str(item["text"])
                statements.append(AnnotatedStatement(text, tuple(_findings(text, item["findings"]))))
            except (KeyError, TypeError, ValueError) as error:
                raise ReportError(
                    f"Line {number} of {path.name} is no annotated statement ({error}); expected an object with text "
                    "and findings, each with words that stand in the text, certainty, places and code."
                ) from error
    if not statements:
        raise ReportError(f"{path.name} holds no statement; expected one JSON object a line.")
    return statements


def judge_statements(
    statements: Sequence[AnnotatedStatement],
    vocabulary: Vocabulary,
    embedder: TextEmbedder,
    thresholds: MappingThresholds,
) -> StatementFigures:
    """Extract and map the statements, and hold what is found against what was annotated."""
    reports = [Report(str(number), statement.text) for number, statement in enumerate(statements)]
    extracted = extract_entities(reports, RuleExtractor()).reports
    codes = _codes(
        {entity.name for report in extracted for entity in report.entities}, vocabulary, embedder, thresholds
    )
    groups = {concept.code: _all_narrower(concept, vocabulary) for concept in vocabulary.concepts if concept.narrower}
    figures = StatementFigures(len(statements), sum(len(statement.findings) for statement in statements))
    for statement, report in zip(statements, extracted, strict=True):
        faults = list(_compare(statement, report.entities, report.language, codes, groups, figures))
        figures.faulty += bool(faults)
        figures.faults += faults
    return figures


def _all_narrower(concept: Concept, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Codes of what a group is of, through groups that are part of it."""
    by_code = {one.code: one for one in vocabulary.concepts}
    found: dict[str, None] = {}
    waiting = list(concept.narrower)
    while waiting:
        code = waiting.pop()
        if code not in found:
            found[code] = None
            waiting += by_code[code].narrower if code in by_code else ()
    return tuple(found)


def _findings(text: str, rows: Sequence[Mapping[str, object]]) -> Iterator[AnnotatedFinding]:
    taken: list[tuple[int, int]] = []
    for row in rows:
        words = str(row["words"])
        starts = [match.start() for match in re.finditer(re.escape(words), text)]
        if not words or not starts:
            raise ValueError(f"the text does not hold the words {words!r}")
        free = [start for start in starts if all(start >= end or start + len(words) <= at for at, end in taken)]
        start = (free or starts)[0]
        taken.append((start, start + len(words)))
        places = row.get("places") or ()
        if not isinstance(places, list | tuple):
            raise TypeError("places is not a list")
        code = None if row["code"] is None else str(row["code"])
        yield AnnotatedFinding(
            start, start + len(words), Certainty(str(row["certainty"])), tuple(map(str, places)), code
        )


def _codes(
    names: set[str], vocabulary: Vocabulary, embedder: TextEmbedder, thresholds: MappingThresholds
) -> dict[str, str]:
    if not names:
        return {}
    similarities = measure_similarities(names, vocabulary, embedder, floor=thresholds.cluster)
    rows = remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)
    return {row.entity: row.code if row.carries and not row.needs_review else "" for row in rows}


def _compare(
    statement: AnnotatedStatement,
    entities: Sequence[Entity],
    language: Language,
    codes: Mapping[str, str],
    groups: Mapping[str, tuple[str, ...]],
    figures: StatementFigures,
) -> Iterator[FoundFault]:
    def fault(kind: Fault, words: str, found: str) -> FoundFault:
        return FoundFault(kind, statement.text, words, found)

    whole = " ".join(statement.text[finding.start : finding.end] for finding in statement.findings)
    entities = [entity for entity in entities if not _REMARK.search(entity.name) or len(entities) == 1 or not whole]
    partners = _pair(statement, entities)
    for finding, entity in zip(statement.findings, partners, strict=True):
        words = statement.text[finding.start : finding.end]
        if entity is None and _REMARK.search(words):
            continue
        if entity is None:
            silent = language is Language.UNDERSTOOD
            yield fault(Fault.MISSED_SILENTLY if silent else Fault.MISSED, words, "")
            continue
        figures.compared["certainty"] += 1
        by_guideline = bool(_CHOICE.search(entity.text)) and {entity.certainty, finding.certainty} == _EITHER
        if entity.certainty is finding.certainty or by_guideline:
            figures.right["certainty"] += 1
        else:
            yield fault(Fault.CERTAINTY, f"{words} ({finding.certainty})", f"{entity.text} ({entity.certainty})")
        if finding.places:
            figures.compared["places"] += 1
            wanted, stated = stated_places(", ".join(finding.places)), stated_places(entity.name)
            if wanted.leads <= stated.leads and wanted.walls <= stated.walls:
                figures.right["places"] += 1
            else:
                yield fault(Fault.PLACE, f"{words} {list(finding.places)}", entity.name)
        code = codes[entity.name]
        if not code or finding.code in groups.get(code, ()):
            figures.uncoded += finding.code is not None
            continue
        figures.compared["code"] += 1
        if code == finding.code:
            figures.right["code"] += 1
        else:
            yield fault(Fault.CODE, f"{words} ({finding.code})", f"{entity.name} ({code})")
    for entity in entities:
        if entity not in partners and not any(
            _shared(statement.text, entity, finding) and finding.certainty is entity.certainty
            for finding in statement.findings
        ):
            yield fault(Fault.INVENTED, entity.text, f"{entity.name} ({entity.certainty})")


def _pair(statement: AnnotatedStatement, entities: Sequence[Entity]) -> list[Entity | None]:
    """Return the entity of each finding: one to one by shared words, then any that covers half of what is left."""
    shared = sorted(
        (
            (-_shared(statement.text, entity, finding), row, column)
            for row, finding in enumerate(statement.findings)
            for column, entity in enumerate(entities)
            if _shared(statement.text, entity, finding)
        ),
    )
    partners: dict[int, int] = {}
    for _, row, column in shared:
        if row not in partners and column not in partners.values():
            partners[row] = column
    for overlap, row, column in shared:
        finding = statement.findings[row]
        words = len(_WORD.findall(statement.text[finding.start : finding.end])) or 1
        if row not in partners and -overlap / words >= _COVERED:
            partners[row] = column
    return [entities[partners[row]] if row in partners else None for row in range(len(statement.findings))]


def _shared(text: str, entity: Entity, finding: AnnotatedFinding) -> int:
    """How many words an entity and a finding share."""
    start, end = max(entity.start, finding.start), min(entity.end, finding.end)
    return len(_WORD.findall(text[start:end])) if start < end else 0
