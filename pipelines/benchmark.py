"""Measure the speed of what a person waits for, on this machine, as times and as shares of what the machine can do.

    python -m pipelines.benchmark [--only GROUP ...] [--page] [--records N] [--checkpoint DIR] [--json]

Groups: scoring, reading (upload, new query, what-if, occlusion), mapping (a slider move of the concept map), training
(recipes, loader, share of the machine's rate), storage (a corpus becomes a signal store), evaluation (the bootstrap, a
whole zero-shot task), rerun (the training page of a busy installation), and, only when asked for by name or with
--page, browser: the application opened in Chromium (needs requirements-dev.txt).

Machines are shared and noisy: read the ratios, compare only within one run, and repeat. SUPREM_THREADS=1 helps where
other work runs beside: two threads that wait for each other are slower than one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from pipelines.speed.browser import browser_figures
from pipelines.speed.evaluation import evaluation_figures
from pipelines.speed.figure import Figure
from pipelines.speed.mapping import mapping_figures
from pipelines.speed.reading import reading_figures
from pipelines.speed.rerun import page_figures
from pipelines.speed.scoring import scoring_figures
from pipelines.speed.storage import RECORDS, storage_figures
from pipelines.speed.training import training_figures
from pipelines.stage import run_stage, say
from suprem.settings import load_settings


@dataclass(frozen=True)
class Options:
    """What the groups need to know: the checkpoint that scores, and how many recordings are stored."""

    checkpoint: Path
    records: int = RECORDS


GROUPS: dict[str, Callable[[Options], list[Figure]]] = {
    "scoring": lambda options: scoring_figures(options.checkpoint),
    "reading": lambda options: reading_figures(options.checkpoint),
    "mapping": lambda _: mapping_figures(),
    "training": lambda _: training_figures(),
    "storage": lambda options: storage_figures(options.records),
    "evaluation": lambda options: evaluation_figures(options.checkpoint),
    "rerun": lambda _: page_figures(),
    "browser": lambda options: browser_figures(options.checkpoint),
}
ASKED_FOR = {"browser"}
"""Measured only when named."""


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), metavar="GROUP", help=f"some of {', '.join(GROUPS)}")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--page", action="store_true", help="also time the page in Chromium")
    parser.add_argument("--records", type=int, default=RECORDS, help=f"recordings to store, default {RECORDS:,}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        if settings.threads:
            torch.set_num_threads(settings.threads)
        options = Options((args.checkpoint or settings.checkpoint).resolve(), args.records)
        chosen = args.only or [group for group in GROUPS if group not in ASKED_FOR]
        if args.page and "browser" not in chosen:
            chosen = [*chosen, "browser"]
        figures: list[Figure] = []
        for group in chosen:
            say(f"measuring {group} ...")
            measured = GROUPS[group](options)
            figures += measured
            if not args.json:
                for figure in measured:
                    wanted = f"wanted {figure.wanted}" if figure.wanted else ""
                    line = f"{figure.name:<48} {figure.value:10.3g} {figure.unit:<8} {wanted:<15} {figure.note}"
                    print(line.rstrip(), flush=True)
        if args.json:
            print(json.dumps({"threads": torch.get_num_threads(), "figures": [asdict(figure) for figure in figures]}))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
