"""Download a public corpus, checksums compared; the same command goes on with a download that was stopped.

    python -m pipelines.download CORPUS [--to DIR] [--only 'records100/*'] [--from URL]

CORPUS is ptb-xl, mimic-iv-ecg, csn, cpsc2018 or challenge.
All are open: no account is needed. PhysioNet's copy on Amazon is often faster, for example
`--from https://physionet-open.s3.amazonaws.com/ptb-xl/1.0.3/`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import ConsoleProgress, job_of, run_stage, say, stop_on_signal
from suprem.datasets.download import download
from suprem.datasets.published import PUBLISHED
from suprem.experiments.configurations import DownloadRequest
from suprem.settings import load_settings

SHOWN = 20
"""Failed files named on the terminal."""


def read(argv: list[str] | None) -> DownloadRequest:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="suprem download", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", choices=list(PUBLISHED))
    parser.add_argument("--to", type=Path, help="default: <SUPREM_HOME>/corpora/<corpus>")
    parser.add_argument("--from", dest="address", default="", metavar="URL", help="a mirror of the published folder")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="fetch these files and the tables at the top")
    parser.add_argument("--verify", action="store_true", help="compare the checksums of the files that are there, too")
    parser.add_argument("--connections", type=int, default=8, help="files at the same time; default: 8")
    asked = DownloadRequest(**vars(parser.parse_args(argv)))
    if asked.connections < 1:
        parser.error("--connections must be at least 1")
    return asked


def work(asked: DownloadRequest) -> int:
    """Fetch the corpus, and say what could not be fetched."""
    corpus = PUBLISHED[asked.corpus]
    folder = asked.to or load_settings().home / "corpora" / corpus.name
    say(f"{corpus.title}, {corpus.licence}, about {corpus.gigabytes:g} GB in full, to {folder}")
    with stop_on_signal() as should_stop:
        done = download(
            corpus,
            folder,
            address=asked.address,
            only=asked.only,
            verify=asked.verify,
            connections=asked.connections,
            progress=ConsoleProgress("download"),
            should_stop=should_stop,
        )
    for name, reason in done.failed[:SHOWN]:
        say(f"  {name}: {reason}")
    print(
        f"{done.files:,} files in {folder}, {len(done.failed)} failed, {done.fetched / 1e6:,.0f} MB fetched. "
        f"Next: python -m pipelines.index_datasets --{corpus.option} {folder}"
    )
    return 2 if done.failed else 0


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return run_stage(lambda: work(job_of(argv, DownloadRequest) or read(argv)))


if __name__ == "__main__":
    raise SystemExit(main())
