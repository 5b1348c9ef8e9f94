"""Build a versioned vocabulary and its label matrix from extracted entities.

    python -m pipelines.build_vocabulary --entities entities.jsonl --out DIR [--index index.csv]

Writes DIR/<version>/ with vocabulary.json (the concepts found, a model's queries), mapping.csv, clusters.csv,
labels.npz (1 present, 0 absent, -1 masked), tables.json (the paper's Tables 14 and 15 and the frequencies of
Figure 10, for these reports) and, last, manifest.json. The version is a hash of the content: the same input gives the
same folder.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.map_entities import Config as MappingConfig
from pipelines.map_entities import map_names, thresholds_of
from pipelines.stage import ConsoleProgress, provenance, run_stage, say
from suprem.atomic import replacing, write_text
from suprem.concepts.embed import load_embedder
from suprem.concepts.labels import MASKED, PRESENT, LabelMatrix, ReportFindings, label_matrix, read_findings
from suprem.concepts.mapping import Mapping, to_csv
from suprem.concepts.vocabulary import Vocabulary, load_terms
from suprem.errors import ConceptError
from suprem.export import RESEARCH_USE, text_cell
from suprem.reports.entity import Certainty
from suprem.reports.extract import Progress

VERSION_DIGITS = 16


@dataclass(frozen=True)
class Config(MappingConfig):
    """What to build from; `index` names the records of the label matrix, by default one for each report."""

    index: Path | None = None


def run(config: Config, progress: Progress) -> Path:
    """Map, label, write the folder and return it.

    Raises:
        ConceptError: The entities or the index cannot be used, or no entity has a concept.
        ConfigError: A threshold or the encoder's name is wrong.
    """
    reports, damaged = read_findings(config.entities)
    record_ids = _record_ids(config.index) if config.index else None
    names = [name for report in reports for _, name, _ in report.findings if name]
    progress(0.1, f"{len(names):,} entities, {len(set(names)):,} distinct names; loading the text encoder")
    embedder = load_embedder(config.encoder)
    thresholds = thresholds_of(config, embedder)
    reference = load_terms()
    rows = map_names(names, reference, embedder, thresholds)
    progress(0.8, "labelling")
    carried = {row.entity: row.code for row in rows if row.carries}
    vocabulary = _stated_concepts(reports, carried, reference)
    labels = label_matrix(reports, carried, vocabulary.codes, record_ids=record_ids)
    texts = {
        "vocabulary.json": vocabulary.to_json(),
        "mapping.csv": to_csv(rows),
        "clusters.csv": _clusters_csv(rows, Counter(names)),
        "tables.json": json.dumps(_tables(reports, rows, labels, vocabulary), indent=2, ensure_ascii=False) + "\n",
    }
    version = _version(texts, labels)
    folder = config.out / version
    manifest = {
        "version": version,
        "vocabulary": vocabulary.content_hash,
        "reference": reference.content_hash,
        "encoder": {"name": embedder.name, "content_hash": embedder.content_hash},
        "thresholds": {"cluster": thresholds.cluster, "map": thresholds.map},
        "records": len(labels.record_ids),
        "damaged_lines": damaged,
        **provenance(),
    }
    if not (folder / "manifest.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_text(folder / name, text)
        with replacing(folder / "labels.npz") as temporary, temporary.open("wb") as file:
            labels.save(file)
        write_text(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    progress(1.0, f"{len(vocabulary)} concepts, {len(labels.record_ids):,} records")
    return folder


def _record_ids(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        column = next((name for name in ("record_id", "ecg_id") if name in (reader.fieldnames or ())), None)
        if column is None:
            raise ConceptError("The index has no column record_id or ecg_id; expected index.csv of a signal store.")
        return [row[column] for row in reader]


def _stated_concepts(reports: Iterable[ReportFindings], carried: dict[str, str], reference: Vocabulary) -> Vocabulary:
    """Return the concepts that some report states plainly: a concept without one example cannot be learned."""
    plain_statements = (Certainty.NORMAL, Certainty.ABNORMAL)
    stated = {
        carried.get(name)
        for report in reports
        for _, name, certainty in report.findings
        if report.understood and certainty in plain_statements
    }
    concepts = tuple(concept for concept in reference.concepts if concept.code in stated)
    if not concepts:
        raise ConceptError("No entity names a concept of the vocabulary; lower --map-threshold or check the entities.")
    return Vocabulary(concepts)


def _clusters_csv(rows: Sequence[Mapping], mentions: Counter[str]) -> str:
    members: dict[int, list[Mapping]] = {}
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
    reports: Sequence[ReportFindings], rows: Sequence[Mapping], labels: LabelMatrix, vocabulary: Vocabulary
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


def _version(texts: dict[str, str], labels: LabelMatrix) -> str:
    digest = hashlib.sha256("\0".join([*texts.values(), *labels.record_ids]).encode())
    digest.update(labels.values.tobytes())
    return digest.hexdigest()[:VERSION_DIGITS]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.build_vocabulary", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--entities", type=Path, required=True, help="entities.jsonl of pipelines.extract_entities")
    parser.add_argument("--out", type=Path, required=True, help="folder in which the version's folder is made")
    parser.add_argument("--index", type=Path, help="index.csv of a signal store: the records to label, in its order")
    parser.add_argument("--cluster-threshold", type=float, help="cosine of names in a cluster; default: the encoder's")
    parser.add_argument("--map-threshold", type=float, help="cosine of cluster and concept; default: the encoder's")
    parser.add_argument("--encoder", default="minilm", help="default: minilm, the bundled one; auto, medcpt, ...")
    args = parser.parse_args(argv)

    def work() -> None:
        folder = run(Config(**vars(args)), ConsoleProgress("build_vocabulary"))
        tables = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
        counts, clusters = tables["table_14"], tables["table_15"]
        say(
            f"{counts['raw']:,} entities, {counts['unique']:,} distinct, {counts['names']:,} names, "
            f"{counts['clusters']:,} clusters ({clusters['share_mapped']:.1%} mapped), {counts['concepts']} concepts."
        )
        print(folder)

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
