"""The labels of a vocabulary version made otherwise, for ablations of how reports become labels (Tables 5 and 6).

    uncertain-absent    doubted findings are discarded, which makes them absent: the paper's filter
    uncertain-present   doubted findings count as stated: the paper's "not filtered"
    not-deduplicated    every name is a query of its own, instead of one concept for all names that mean the same

A version itself masks doubted findings, so that they are neither. Each variant is a version like any other, made from
the entities and the mapping that the given one holds, reviewers' decisions included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from suprem.concepts.abbreviations import match_key
from suprem.concepts.mapping.mapping import Mapping
from suprem.concepts.mapping.mentions import Mentions
from suprem.concepts.mapping.versions import VocabularyVersion, write_version
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConfigError
from suprem.reports.entities_file import ReportFindings
from suprem.reports.entity import Certainty

MIN_REPORTS = 10
"""A name in fewer reports is no query of its own: it cannot be learned, and there are thousands of them."""

Plan = tuple[list[ReportFindings], list[Mapping], Vocabulary]
"""What the reports say, where each name goes, and the concepts there are."""


def label_variant(version: VocabularyVersion, name: str, out: Path) -> VocabularyVersion:
    """Return a variant of a version, written below `out` unless it is there.

    Args:
        version: The version.
        name: One of `VARIANTS`.
        out: Folder of the variant's folder.

    Raises:
        ConfigError: There is no such variant.
        ConceptError: No concept is left.
    """
    if name not in VARIANTS:
        raise ConfigError(f"There are no labels {name!r}; choose {', '.join(VARIANTS)}.")
    reports, rows, reference = VARIANTS[name](version)
    manifest = json.loads((version.folder / "manifest.json").read_text(encoding="utf-8"))
    return write_version(
        reports,
        rows,
        reference,
        encoder=manifest["encoder"],
        thresholds=version.thresholds,
        out=out,
        record_ids=version.labels().record_ids,
        parent=version.id,
        provenance={"variant": name},
    )


def _uncertain_absent(version: VocabularyVersion) -> Plan:
    reports = [
        replace(
            report, findings=tuple(found for found in report.findings if found.certainty is not Certainty.UNCERTAIN)
        )
        for report in version.reports()
    ]
    return reports, version.mappings(), version.reference()


def _uncertain_present(version: VocabularyVersion) -> Plan:
    stated = {Certainty.UNCERTAIN: Certainty.ABNORMAL}
    reports = [
        replace(
            report,
            findings=tuple(replace(one, certainty=stated.get(one.certainty, one.certainty)) for one in report.findings),
        )
        for report in version.reports()
    ]
    return reports, version.mappings(), version.reference()


def _not_deduplicated(version: VocabularyVersion) -> Plan:
    reports = version.reports()
    counts = Mentions.read(reports).counts
    frequent = sorted((name for name, count in counts.items() if count >= MIN_REPORTS), key=lambda n: (-counts[n], n))
    # A vocabulary tells its wordings apart by their words: names that differ in an abbreviation or a plural are one.
    concepts: dict[frozenset[str], Concept] = {}
    for name in frequent:
        concepts.setdefault(match_key(name), Concept(f"entity-{len(concepts) + 1}", name))
    rows = [_to_itself(row, concepts.get(match_key(row.entity))) for row in version.mappings()]
    return reports, rows, Vocabulary(tuple(concepts.values()))


def _to_itself(row: Mapping, concept: Concept | None) -> Mapping:
    if concept is None:
        return replace(row, code="", concept="", guard="", needs_review=False)
    return replace(row, code=concept.code, concept=concept.name, similarity=1.0, guard="", needs_review=False)


VARIANTS: dict[str, Callable[[VocabularyVersion], Plan]] = {
    "uncertain-absent": _uncertain_absent,
    "uncertain-present": _uncertain_present,
    "not-deduplicated": _not_deduplicated,
}
