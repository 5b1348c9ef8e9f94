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

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from suprem.atomic import replacing, write_text
from suprem.concepts.abbreviations import WORDINGS_FILE
from suprem.concepts.embed import TextEmbedder
from suprem.concepts.mapping.changes import carried
from suprem.concepts.mapping.labels import PRESENT, LabelMatrix, label_matrix
from suprem.concepts.mapping.mapping import Mapping as Row
from suprem.concepts.mapping.mapping import (
    MappingThresholds,
    Similarities,
    measure_similarities,
    read_mapping,
    remap,
    to_csv,
)
from suprem.concepts.mapping.reviewed import decide
from suprem.concepts.mapping.version_tables import clusters_csv, paper_tables
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import ConceptError
from suprem.reports.entities_file import ReportFindings, line_of, read_findings

DIGITS = 16
FLOOR = 0.5
"""Lowest cluster threshold that a version is measured for."""

MAPPING_RULES = 3
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
        table: Digest of the table of reports, see `suprem.reports.kept`; empty where it was made of entities.
        owner: Who made it on a page, as the audit log names them; empty where a command did.
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
    table: str = ""
    owner: str = ""

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
    counts = Counter(one.name for report in reports for one in report.findings)
    texts = {
        "vocabulary.json": vocabulary.to_json(),
        "reference.json": reference.to_json(),
        "mapping.csv": to_csv(rows),
        "clusters.csv": clusters_csv(rows, counts),
        "tables.json": json.dumps(paper_tables(reports, rows, labels, vocabulary), indent=2, ensure_ascii=False) + "\n",
    }
    identity = _identity(texts, labels)
    folder = out / identity
    if (folder / "manifest.json").exists():
        return open_version(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    write_text(folder / "entities.jsonl", "".join(map(line_of, reports)))
    with replacing(folder / "labels.npz") as temporary, temporary.open("wb") as file:
        labels.save(file)
    manifest = {
        "version": identity,
        "number": 0,
        "parent": parent,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "vocabulary": vocabulary.content_hash,
        "reference": reference.content_hash,
        "encoder": dict(encoder),
        "thresholds": {"cluster": thresholds.cluster, "map": thresholds.map},
        "records": len(labels.record_ids),
        **(provenance or {}),
    }
    with _next_number(out) as number:
        write_text(folder / "manifest.json", json.dumps({**manifest, "number": number}, indent=2) + "\n")
    return open_version(folder)


@contextmanager
def _next_number(out: Path) -> Iterator[int]:
    """Hold the next number of a folder of versions: of several that are made at once each gets its own."""
    number = 1
    while True:
        number = max([number, *(1 + version.number for version in list_versions(out))])
        claim = out / f".number-{number}"
        try:
            claim.touch(exist_ok=False)
        except FileExistsError:  # another holds it, or was killed while it did; a number may be missing
            number += 1
            continue
        if all(version.number < number for version in list_versions(out)):
            break
        claim.unlink()  # its former holder has just written its version
    try:
        yield number
    finally:
        claim.unlink(missing_ok=True)


def measure_reports(
    reports: Sequence[ReportFindings], reference: Vocabulary, encoder: TextEmbedder, *, floor: float = FLOOR
) -> Similarities:
    """Compare what reports name with each other and with the reference vocabulary; all that no threshold changes.

    Raises:
        ConceptError: The reports hold no entity.
    """
    names = {one.name for report in reports for one in report.findings if one.name}
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
            table=manifest.get("table", ""),
            owner=manifest.get("owner", ""),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConceptError(
            f"{folder.name} is not a finished vocabulary version; make one with: suprem build-vocabulary"
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


def _identity(texts: Mapping[str, str], labels: LabelMatrix) -> str:
    digest = hashlib.sha256("\0".join([*texts.values(), *labels.record_ids]).encode())
    digest.update(labels.values.tobytes())
    return digest.hexdigest()[:DIGITS]
