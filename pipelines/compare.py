"""Compare two models on the same records: paired bootstrap, DeLong per class, and tests over several tasks.

    python -m pipelines.zero_shot --task csn --data DIR --checkpoint A --scores a.npz --out a.json
    python -m pipelines.zero_shot --task csn --data DIR --checkpoint B --scores b.npz --out b.json
    python -m pipelines.compare --first a.json --second b.json [--json] [--out comparison.json]

Takes results that were written together with --scores, or the .npz files themselves. Several of each, task by task in
the same order, are also tested over tasks (paired t and Wilcoxon, as the paper's A.10.5 and A.10.6). Every difference
is first minus second.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.stage import run_stage, say
from suprem.atomic import write_text
from suprem.errors import EvaluationError
from suprem.evaluation.comparison import Comparison, TaskComparison, across_tasks, compare_scores
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable
from suprem.export import RESEARCH_USE


@dataclass(frozen=True)
class Config:
    """Results or score files of two models, task by task."""

    first: tuple[Path, ...]
    second: tuple[Path, ...]
    draws: int = 2000
    seed: int = 0


def run(config: Config) -> Comparison:
    """Read and compare.

    Raises:
        EvaluationError: A file cannot be read, or the two are not of the same tasks and records.
    """
    if len(config.first) != len(config.second):
        raise EvaluationError(
            f"There are {len(config.first)} files of the first model and {len(config.second)} of the second; give one "
            "of each for every task, in the same order."
        )
    pairs = [(read_scores(a), read_scores(b)) for a, b in zip(config.first, config.second, strict=True)]
    tasks = tuple(compare_scores(a, b, draws=config.draws, seed=config.seed) for a, b in pairs)
    across = across_tasks([task.first for task in tasks], [task.second for task in tasks]) if len(tasks) > 1 else None
    return Comparison(tasks, across)


def read_scores(path: Path) -> ScoreTable:
    """Read the scores of a result, or a file of scores.

    Raises:
        EvaluationError: There are none.
    """
    if path.suffix == ".npz":
        return ScoreTable.load(path)
    try:
        result = EvaluationResult.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"The result {path.name} cannot be read: {error.strerror or error}.") from error
    if not result.scores:
        raise EvaluationError(
            f"{path.name} was written without the scores of each record; run zero_shot again with --scores FILE.npz."
        )
    return ScoreTable.load(path.parent / result.scores)


def describe(comparison: Comparison) -> str:
    """Return the comparison as text for a terminal."""
    parts = [_describe_task(task) for task in comparison.tasks]
    if comparison.across is not None:
        over = comparison.across
        parts.append(
            f"over {over.tasks} tasks: mean difference {over.mean_difference:+.4f}\n"
            f"paired t {over.t:.2f}: p {over.t_p_two_sided:.4f} two-sided, {over.t_p_greater:.4f} one-sided\n"
            f"Wilcoxon: p {over.wilcoxon_p_two_sided:.4f} two-sided, {over.wilcoxon_p_greater:.4f} one-sided\n"
            "Tasks that share records are not independent, which both tests assume."
        )
    return "\n\n".join(parts)


def _describe_task(task: TaskComparison) -> str:
    rows = [
        {
            "code": entry.code,
            "positives": entry.positives,
            "first": entry.first,
            "second": entry.second,
            "difference": entry.difference,
            "95 % interval": f"{entry.ci[0]:+.3f} to {entry.ci[1]:+.3f}",
            "DeLong p": entry.delong_p,
            "Holm p": entry.holm_p,
        }
        for entry in task.classes
    ]
    lines = [
        f"{task.task}, labels {task.labels}: {task.records} records",
        "",
        pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format, na_rep="-"),
        "",
        f"macro AUROC {task.first:.4f} and {task.second:.4f}: difference {task.difference:+.4f} (95 % interval "
        f"{task.ci[0]:+.4f} to {task.ci[1]:+.4f}, p {task.p_value:.4f}), {task.draws} paired draws of patients",
    ]
    rare = [entry.code for entry in task.classes if not entry.reliable]
    if rare:
        lines.append(f"too few positives for a test to be trusted: {', '.join(rare)}")
    return "\n".join(lines)


def _same(comparison: Comparison) -> Sequence[str]:
    return [task.task for task in comparison.tasks if task.difference == 0 or math.isnan(task.difference)]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.compare", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    for name in ("first", "second"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, metavar="FILE", help=".json or .npz")
    parser.add_argument("--bootstrap", type=int, default=2000, help="draws of the bootstrap, default 2000")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="also write the JSON object to this file")
    args = parser.parse_args(argv)

    def work() -> None:
        comparison = run(Config(tuple(args.first), tuple(args.second), args.bootstrap))
        for task in _same(comparison):
            say(f"{task}: the two have the same macro AUROC, or none; are they the same model?")
        if args.out is not None:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            write_text(args.out, comparison.to_json())
        print(comparison.to_json() if args.json else describe(comparison))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
