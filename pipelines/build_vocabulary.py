"""Build a versioned vocabulary and its label matrix from reports, or from entities extracted before.

    python -m pipelines.build_vocabulary --reports FILE.csv [--out DIR] [--index index.csv]
    python -m pipelines.build_vocabulary --entities entities.jsonl [--out DIR] [--index index.csv]

Writes DIR/<version>/ with vocabulary.json (the concepts found, a model's queries), mapping.csv, clusters.csv,
labels.npz (1 present, 0 absent, -1 masked), tables.json (the paper's Tables 14 and 15 and the frequencies of
Figure 10, for these reports), entities.jsonl and, last, manifest.json. The version is a hash of the content: the same
input gives the same folder. The page "Concept map" opens what lies in <SUPREM_HOME>/vocabularies, the default for DIR;
`pipelines.pretrain --vocabulary DIR/<version>` learns from it.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from pipelines.provenance import provenance
from pipelines.stage import ConsoleProgress, job_of, run_stage, say
from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.mapping import chosen_thresholds
from suprem.concepts.mapping.versions import VocabularyVersion, build_version, measure_reports
from suprem.concepts.vocabulary import reference_of
from suprem.errors import ConceptError, ConfigError
from suprem.experiments.configurations import VocabularyConfig
from suprem.export import RESEARCH_USE
from suprem.progress import Progress
from suprem.reports.entities_file import ReportFindings, read_findings
from suprem.reports.extract import RuleExtractor, extract_entities
from suprem.reports.kept import table_digest
from suprem.reports.report import read_reports
from suprem.settings import load_settings


def run(config: VocabularyConfig, out: Path, progress: Progress) -> VocabularyVersion:
    """Read, map, label and write a version in a folder of versions.

    Raises:
        ReportError: The reports cannot be used.
        ConceptError: The entities or the index cannot be used, or no entity has a concept.
        ConfigError: A threshold or the encoder's name is wrong.
    """
    table = ""
    if config.reports is not None:
        reports, damaged = read_findings_of_reports(config.reports, progress), 0
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
        provenance={"damaged_lines": damaged, "table": table, **provenance()},
    )
    progress(1.0, f"{version.records:,} records labelled")
    return version


def read_findings_of_reports(path: Path, progress: Progress) -> list[ReportFindings]:
    """Extract the entities of a table of reports with the rules."""
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


def read(argv: list[str] | None) -> VocabularyConfig:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem build-vocabulary", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--reports", type=Path, help="table of reports: id and text, PTB-XL's or MIMIC-IV-ECG's")
    source.add_argument("--entities", type=Path, help="entities.jsonl of pipelines.extract_entities")
    parser.add_argument(
        "--out", type=Path, help="where the version's folder is made; default <SUPREM_HOME>/vocabularies"
    )
    parser.add_argument("--index", type=Path, help="index.csv of a signal store: the records to label, in its order")
    parser.add_argument("--cluster-threshold", type=float, help="cosine of names in a cluster; default: the encoder's")
    parser.add_argument("--map-threshold", type=float, help="cosine of cluster and concept; default: the encoder's")
    parser.add_argument("--encoder", default="minilm", help="default: minilm, the bundled one; auto, medcpt, ...")
    parser.add_argument("--vocabulary", type=Path, help="vocabulary.json to map to; default: the SCP-ECG statements")
    return VocabularyConfig(**vars(parser.parse_args(argv)))


def work(config: VocabularyConfig) -> None:
    """Build the version, and say what is in it."""
    version = run(config, config.out or load_settings().vocabularies, ConsoleProgress("build_vocabulary"))
    counts, clusters = version.tables()["table_14"], version.tables()["table_15"]
    say(
        f"Version {version.number}: {counts['raw']:,} entities, {counts['unique']:,} distinct, {counts['names']:,} "
        f"names, {counts['clusters']:,} clusters ({clusters['share_mapped']:.1%} mapped), {counts['concepts']} "
        "concepts."
    )
    print(version.folder)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return run_stage(lambda: work(job_of(argv, VocabularyConfig) or read(argv)))


if __name__ == "__main__":
    raise SystemExit(main())
