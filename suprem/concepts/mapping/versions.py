"""Versions of a vocabulary: what reports say, mapped at two thresholds, with everything needed to judge and repeat it.

<folder>/<version>/vocabulary.json   the concepts found: a model's queries
<folder>/<version>/reference.json    all concepts that entities could have gone to
<folder>/<version>/mapping.csv       where each entity went
<folder>/<version>/clusters.csv      the clusters of entities
<folder>/<version>/labels.npz        1 present, 0 absent, -1 masked, for each record and concept
<folder>/<version>/tables.json       the paper's Tables 14 and 15 and the frequencies of Figure 10, for these reports
<folder>/<version>/entities.jsonl    the entities that it was built from; no report text
<folder>/<version>/manifest.json     thresholds, encoder, program, parent; written last: its presence means complete

A version's id is a hash of its content: the same input gives the same version. Nothing in it is ever changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import replacing, write_text
from suprem.concepts.abbreviations import WORDINGS_FILE
from suprem.concepts.embed import TextEmbedder
from suprem.concepts.mapping.labels import MASKED, PRESENT, LabelMatrix, ReportFindings, label_matrix, read_findings
from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.mapping.mapping import (
    MappingThresholds,
    Similarities,
    measure_similarities,
    read_mapping,
    remap,
    to_csv,
)
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError
from suprem.export import text_cell
from suprem.reports.entity import Certainty
from suprem.reports.extract import Language

DIGITS = 16
FLOOR = 0.5
"""Lowest cluster threshold that a version is measured for."""

REVIEWED = "reviewed"
"""Guard of a row that a person decided."""

MAPPING_RULES = 1
"""Raised by one whenever guards, clustering or the reading of a finding map a name differently than before."""


@cache
def mapping_code() -> str:
    """Return an id of what decides a mapping beside entities, encoder and thresholds: wordings, guards, clustering."""
    return hashlib.sha256(WORDINGS_FILE.read_bytes() + f"rules {MAPPING_RULES}".encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True)
class VocabularyVersion:
    """One finished version.

    Attributes:
        folder: Where it lies.
        id: Hash of its content.
        number: 1, 2, ... among those of its folder, in the order they were made.
        parent: Id of the version it was made from, None for a first one.
        created: UTC, ISO 8601.
        thresholds: At which it was clustered and mapped.
        encoder: Name of the text encoder.
        records: Rows of the label matrix.
        mapping_code: `mapping_code()` of the program that made it; empty for one made before this was kept.
    """

    folder: Path
    id: str
    number: int
    parent: str | None
    created: str
    thresholds: MappingThresholds
    encoder: str
    records: int
    mapping_code: str

    @property
    def title(self) -> str:
        """The version in a few words."""
        made = self.created[:16].replace("T", " ")
        limits = f"{self.thresholds.cluster:.2f} / {self.thresholds.map:.2f}"
        return f"Version {self.number} – {self.records:,} records, thresholds {limits}, {made}"

    def mappings(self) -> list[Row]:
        """Return where each entity went."""
        return read_mapping(self.folder / "mapping.csv")

    def vocabulary(self) -> Vocabulary:
        """Return the concepts found."""
        return Vocabulary.from_json((self.folder / "vocabulary.json").read_text(encoding="utf-8"))

    def reference(self) -> Vocabulary:
        """Return all concepts that entities could have gone to."""
        return Vocabulary.from_json((self.folder / "reference.json").read_text(encoding="utf-8"))

    def labels(self) -> LabelMatrix:
        """Return the label matrix."""
        return LabelMatrix.load(self.folder / "labels.npz")

    def tables(self) -> dict[str, Any]:
        """Return `table_14`, `table_15` and `figure_10`."""
        tables: dict[str, Any] = json.loads((self.folder / "tables.json").read_text(encoding="utf-8"))
        return tables

    def reports(self) -> list[ReportFindings]:
        """Return the entities that the version was built from."""
        return read_findings(self.folder / "entities.jsonl")[0]


@dataclass(frozen=True, eq=False)
class Mentions:
    """Which reports state which entity; denied entities and reports that were not understood do not count.

    Attributes:
        report_ids: The reports.
        rows: Entity -> positions in `report_ids`, each once.
    """

    report_ids: tuple[str, ...]
    rows: Mapping[str, NDArray[np.intp]]

    @classmethod
    def read(cls, reports: Sequence[ReportFindings]) -> Mentions:
        """Collect the mentions of reports."""
        rows: dict[str, dict[int, None]] = {}
        for position, report in enumerate(reports):
            for _, name, certainty in report.findings:
                stated = rows.setdefault(name, {})
                if report.language is not Language.NOT_UNDERSTOOD and certainty is not Certainty.NEGATED:
                    stated[position] = None
        arrays = {name: np.fromiter(positions, np.intp, len(positions)) for name, positions in rows.items()}
        return cls(tuple(report.report_id for report in reports), arrays)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Entity -> number of reports that state it."""
        return {name: len(rows) for name, rows in self.rows.items()}

    def covered(self, entities: Iterable[str]) -> int:
        """Return how many reports state at least one of some entities."""
        found = [self.rows[name] for name in entities if name in self.rows]
        return len(np.unique(np.concatenate(found))) if found else 0

    def examples(self, entity: str, limit: int = 20) -> list[str]:
        """Return ids of reports that state an entity."""
        return [self.report_ids[row] for row in self.rows.get(entity, ())[:limit]]


@dataclass(frozen=True)
class Change:
    """One entity that goes elsewhere; a code is empty where the entity carries no concept."""

    entity: str
    before: str
    after: str
    records: int


@dataclass(frozen=True)
class Changes:
    """What a change of mapping does, the rows with most records first.

    Attributes:
        gained: Entities that carry a concept now and did not.
        lost: Entities that no longer do.
        retargeted: Entities that carry another concept.
        records: Records that state at least one of them.
    """

    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    retargeted: tuple[Change, ...]
    records: int

    @property
    def rows(self) -> tuple[Change, ...]:
        """All of them."""
        return self.gained + self.lost + self.retargeted


def compare(before: Iterable[Row], after: Iterable[Row], mentions: Mentions) -> Changes:
    """Return what differs between two mappings. An entity that only one of them knows carries nothing in the other."""
    old, new = carried(before), carried(after)
    changed = [name for name in {**old, **new} if old.get(name, "") != new.get(name, "")]
    counts = mentions.counts
    found = [Change(name, old.get(name, ""), new.get(name, ""), counts.get(name, 0)) for name in changed]
    found.sort(key=lambda change: (-change.records, change.entity))
    return Changes(
        gained=tuple(change for change in found if not change.before),
        lost=tuple(change for change in found if not change.after),
        retargeted=tuple(change for change in found if change.before and change.after),
        records=mentions.covered(changed),
    )


def decided_in(rows: Iterable[Row]) -> dict[str, str]:
    """Return entity -> code, empty where it has no target, for the rows of a mapping that people decided."""
    return {row.entity: row.code for row in rows if row.guard == REVIEWED}


def carried(rows: Iterable[Row]) -> dict[str, str]:
    """Return entity -> code of the concept that an ECG with it has, for the entities that carry one."""
    return {row.entity: row.code for row in rows if row.carries}


def decide(rows: Iterable[Row], decided: Mapping[str, str], reference: Vocabulary) -> list[Row]:
    """Return the mapping with people's decisions in place of what was computed.

    Args:
        rows: The computed mapping.
        decided: Entity -> code, empty where it has no target.
        reference: The concepts that codes belong to.

    Raises:
        ConceptError: A code is none of the reference vocabulary.
    """
    names = dict(zip(reference.codes, reference.names, strict=True))
    unknown = sorted({code for code in decided.values() if code and code not in names})
    if unknown:
        raise ConceptError(
            f"The decisions name {', '.join(unknown[:5])}, which this vocabulary does not have; "
            "they were made for another."
        )
    return [
        row
        if row.entity not in decided
        else replace(
            row,
            code=decided[row.entity],
            concept=names.get(decided[row.entity], ""),
            guard=REVIEWED,
            needs_review=False,
        )
        for row in rows
    ]


def build_version(
    reports: Sequence[ReportFindings],
    similarities: Similarities,
    *,
    encoder: TextEmbedder,
    thresholds: MappingThresholds,
    out: Path,
    record_ids: Sequence[str] | None = None,
    parent: str | None = None,
    decided: Mapping[str, str] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> VocabularyVersion:
    """Map, label and write a version; one with the same content that is there already is returned as it is.

    Args:
        reports: What the reports say.
        similarities: Of their entities to the reference vocabulary, see `measure_reports`.
        encoder: The text encoder that measured them.
        thresholds: At which to cluster and map.
        out: Folder in which the version's folder is made.
        record_ids: Records to label; by default one for each report.
        parent: Id of the version this one is made from.
        decided: Reviewers' decisions, entity -> code; they win over what is computed.
        provenance: What else the manifest should hold.

    Raises:
        ConceptError: No entity has a concept, or a decision names an unknown one.
    """
    reference = similarities.vocabulary
    rows = remap(similarities, cluster_threshold=thresholds.cluster, map_threshold=thresholds.map)
    return write_version(
        reports,
        decide(rows, decided or {}, reference),
        reference,
        encoder={"name": encoder.name, "content_hash": encoder.content_hash},
        thresholds=thresholds,
        out=out,
        record_ids=record_ids,
        parent=parent,
        provenance={"decided": len(decided or {}), "mapping_code": mapping_code(), **(provenance or {})},
    )


def write_version(
    reports: Sequence[ReportFindings],
    rows: Sequence[Row],
    reference: Vocabulary,
    *,
    encoder: Mapping[str, str],
    thresholds: MappingThresholds,
    out: Path,
    record_ids: Sequence[str] | None = None,
    parent: str | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> VocabularyVersion:
    """Label by a mapping that is there, and write a version; arguments as in `build_version`, and:

    Args:
        reports: What the reports say.
        rows: Where each entity goes.
        reference: The concepts that it could have gone to.
        encoder: Name and content hash of the text encoder that the mapping was made with.
        thresholds: At which it was made.
        out: Folder in which the version's folder is made.
        record_ids: Records to label.
        parent: Id of the version this one is made from.
        provenance: What else the manifest should hold.

    Raises:
        ConceptError: No entity has a concept.
    """
    codes = carried(rows)
    vocabulary = _stated_concepts(reports, codes, reference)
    labels = label_matrix(reports, codes, vocabulary.concepts, record_ids=record_ids)
    counts = Counter(name for report in reports for _, name, _ in report.findings)
    texts = {
        "vocabulary.json": vocabulary.to_json(),
        "reference.json": reference.to_json(),
        "mapping.csv": to_csv(rows),
        "clusters.csv": _clusters_csv(rows, counts),
        "tables.json": json.dumps(_tables(reports, rows, labels, vocabulary), indent=2, ensure_ascii=False) + "\n",
    }
    identity = _identity(texts, labels)
    folder = out / identity
    if (folder / "manifest.json").exists():
        return open_version(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    write_text(folder / "entities.jsonl", _entities_jsonl(reports))
    with replacing(folder / "labels.npz") as temporary, temporary.open("wb") as file:
        labels.save(file)
    manifest = {
        "version": identity,
        "number": 1 + max((version.number for version in list_versions(out)), default=0),
        "parent": parent,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "vocabulary": vocabulary.content_hash,
        "reference": reference.content_hash,
        "encoder": dict(encoder),
        "thresholds": {"cluster": thresholds.cluster, "map": thresholds.map},
        "records": len(labels.record_ids),
        **(provenance or {}),
    }
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return open_version(folder)


def measure_reports(
    reports: Sequence[ReportFindings], reference: Vocabulary, encoder: TextEmbedder, *, floor: float = FLOOR
) -> Similarities:
    """Compare what reports name with each other and with the reference vocabulary; all that no threshold changes.

    Raises:
        ConceptError: The reports hold no entity.
    """
    names = {name for report in reports for _, name, _ in report.findings if name}
    return measure_similarities(names, reference, encoder, floor=floor)


def open_version(folder: Path) -> VocabularyVersion:
    """Open a finished version.

    Raises:
        ConceptError: The folder holds none.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return VocabularyVersion(
            folder=folder,
            id=manifest["version"],
            number=manifest["number"],
            parent=manifest["parent"],
            created=manifest["created"],
            thresholds=MappingThresholds(**manifest["thresholds"]),
            encoder=manifest["encoder"]["name"],
            records=manifest["records"],
            mapping_code=manifest.get("mapping_code", ""),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConceptError(
            f"{folder.name} is not a finished vocabulary version; make one with: python -m pipelines.build_vocabulary"
        ) from error


def list_versions(out: Path) -> list[VocabularyVersion]:
    """Return the finished versions of a folder, oldest first."""
    found = [open_version(manifest.parent) for manifest in out.glob("*/manifest.json")]
    return sorted(found, key=lambda version: (version.number, version.created))


def _stated_concepts(reports: Iterable[ReportFindings], codes: Mapping[str, str], reference: Vocabulary) -> Vocabulary:
    """Return the concepts that some report states plainly: a concept without one example cannot be learned."""
    values = label_matrix(reports, codes, reference.concepts).values
    stated = (values == PRESENT).any(axis=0)
    if not stated.any():
        raise ConceptError("No entity names a concept of the vocabulary; lower --map-threshold or check the entities.")
    return Vocabulary(tuple(concept for concept, found in zip(reference.concepts, stated, strict=True) if found))


def _entities_jsonl(reports: Iterable[ReportFindings]) -> str:
    lines = []
    for report in reports:
        found = [{"text": text, "name": name, "certainty": str(level)} for text, name, level in report.findings]
        line: dict[str, Any] = {"report_id": report.report_id, "entities": found}
        if report.language is not Language.UNDERSTOOD:
            line["language"] = report.language.value
        lines.append(json.dumps(line))
    return "\n".join(lines) + "\n"


def _clusters_csv(rows: Sequence[Row], mentions: Counter[str]) -> str:
    members: dict[int, list[Row]] = {}
    for row in rows:
        members.setdefault(row.cluster, []).append(row)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["cluster", "representative", "size", "mentions", "codes", "needs_review"])
    for cluster, found in sorted(members.items()):
        representative = max(found, key=lambda row: (mentions[row.entity], row.entity)).entity
        codes = "|".join(sorted({row.code for row in found if row.code}))
        review = str(any(row.needs_review for row in found)).lower()
        total = sum(mentions[row.entity] for row in found)
        writer.writerow([cluster, text_cell(representative), len(found), total, codes, review])
    return file.getvalue()


def _tables(
    reports: Sequence[ReportFindings], rows: Sequence[Row], labels: LabelMatrix, vocabulary: Vocabulary
) -> dict[str, Any]:
    phrases = [
        (" ".join(text.lower().split()), certainty) for report in reports for text, _, certainty in report.findings
    ]
    sizes = Counter(row.cluster for row in rows)
    mapped = {row.cluster for row in rows if row.code}
    present, masked = (labels.values == PRESENT).sum(axis=0), (labels.values == MASKED).sum(axis=0)
    order = np.argsort(-present, kind="stable")
    return {
        "table_14": {
            "raw": len(phrases),
            "unique": len({phrase for phrase, _ in phrases}),
            "unique_after_filtering_uncertain": len(
                {p for p, certainty in phrases if certainty != Certainty.UNCERTAIN}
            ),
            "names": len(rows),
            "clusters": len(sizes),
            "concepts": len(vocabulary),
        },
        "table_15": {
            "clusters": len(sizes),
            "mean_size": round(len(rows) / len(sizes), 2),
            "max_size": max(sizes.values()),
            "min_size": min(sizes.values()),
            "share_mapped": round(len(mapped) / len(sizes), 4),
        },
        "figure_10": [
            {
                "code": vocabulary.codes[index],
                "concept": vocabulary.names[index],
                "present": int(present[index]),
                "masked": int(masked[index]),
            }
            for index in order
        ],
    }


def _identity(texts: Mapping[str, str], labels: LabelMatrix) -> str:
    digest = hashlib.sha256("\0".join([*texts.values(), *labels.record_ids]).encode())
    digest.update(labels.values.tobytes())
    return digest.hexdigest()[:DIGITS]
