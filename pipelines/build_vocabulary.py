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
from pathlib import Path

from pipelines.provenance import provenance
from pipelines.stage import ConsoleProgress, job_of, run_stage, say
from suprem.experiments.configurations import VocabularyConfig
from suprem.experiments.vocabulary_building import run
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings


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
    out, progress = config.out or load_settings().vocabularies, ConsoleProgress("build_vocabulary")
    version = run(config, out, provenance=provenance(), say=say, progress=progress)
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
