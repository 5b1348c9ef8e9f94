"""Building a vocabulary version: reports or extracted entities in, concepts and the label matrix of the records out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.mapping import chosen_thresholds
from suprem.concepts.mapping.versions import VocabularyVersion, build_version, measure_reports
from suprem.concepts.vocabulary import reference_of
from suprem.errors import ConceptError, ConfigError
from suprem.experiments.configurations import VocabularyConfig
from suprem.progress import Progress
from suprem.reports.entities_file import ReportFindings, read_findings
from suprem.reports.extract import RuleExtractor, extract_entities
from suprem.reports.kept import table_digest
from suprem.reports.report import read_reports


def run(
    config: VocabularyConfig,
    out: Path,
    *,
    provenance: Mapping[str, Any],
    say: Callable[[str], None] = lambda _message: None,
    progress: Progress = lambda _f, _m: None,
) -> VocabularyVersion:
    """Read reports or entities, map and label them, and write a vocabulary version.

    Args:
        config: What to build from, and how.
        out: The folder of versions in which the version's folder is made.
        provenance: What the version depends on besides its configuration: code, packages, machine.
        say: Called with a sentence about rows that hold no report.
        progress: Called with the fraction done and a message.

    Raises:
        ReportError: The reports cannot be used.
        ConceptError: The entities or the index cannot be used, or no entity has a concept.
        ConfigError: A threshold or the encoder's name is wrong.
    """
    table = ""
    if config.reports is not None:
        reports, damaged = read_findings_of_reports(config.reports, say, progress), 0
        table = table_digest(config.reports.read_bytes())
    elif config.entities is not None:
        reports, damaged = read_findings(config.entities)
    else:
        raise ConfigError("There is nothing to build from; give a table of reports or entities that were extracted.")
    reference = reference_of(config.vocabulary)
    record_ids = _record_ids(config.index) if config.index else None
    names = {one.name for report in reports for one in report.findings}
    progress(0.5, f"{len(reports):,} reports, {len(names):,} distinct entities; loading the text encoder")
    embedder = load_embedder(config.encoder)
    thresholds = chosen_thresholds(embedder.name, config.cluster_threshold, config.map_threshold)
    similarities = measure_reports(reports, reference, embedder, floor=thresholds.cluster)
    progress(0.8, "mapping and labelling")
    version = build_version(
        reports,
        similarities,
        encoder=embedder,
        thresholds=thresholds,
        out=out,
        record_ids=record_ids,
        provenance={"damaged_lines": damaged, "table": table, "owner": config.owner, **provenance},
    )
    progress(1.0, f"{version.records:,} records labelled")
    return version


def read_findings_of_reports(path: Path, say: Callable[[str], None], progress: Progress) -> list[ReportFindings]:
    """Return what a table of reports states, extracted by the rules.

    Raises:
        ReportError: It is no table of reports.
    """
    table = read_reports(path)
    extraction = extract_entities(
        table.reports, RuleExtractor(), skipped=table.skipped, progress=lambda f, m: progress(0.5 * f, m)
    )
    if table.skipped:
        say(f"{len(table.skipped):,} rows hold no report that can be read; they are left out.")
    return [ReportFindings.of(report) for report in extraction.reports]


def _record_ids(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        column = next((name for name in ("record_id", "ecg_id") if name in (reader.fieldnames or ())), None)
        if column is None:
            raise ConceptError("The index has no column record_id or ecg_id; expected index.csv of a signal store.")
        return [row[column] for row in reader]
