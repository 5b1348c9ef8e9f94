"""Compare two models on the same records: paired bootstrap, DeLong per class, and tests over several tasks.

    python -m pipelines.zero_shot --task csn --data DIR --checkpoint A --scores a.npz --out a.json
    python -m pipelines.zero_shot --task csn --data DIR --checkpoint B --scores b.npz --out b.json
    python -m pipelines.compare --first a.json --second b.json [--json] [--out comparison.json]

Takes results that were written together with --scores, or the .npz files themselves. Several of each, task by task in
the same order, are also tested over tasks (paired t and Wilcoxon, as the paper's A.10.5 and A.10.6). Every difference
is first minus second. --first-without and --second-without take results of the same two models without a part, for
example without the Cardiac Fusion Network, and ask whether it helps one more than the other: tests of the gains and a
two-way analysis of variance.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.stage import add_result_options, hand_over, run_stage, say
from suprem.evaluation.comparison import Comparison, TaskComparison
from suprem.evaluation.over_tasks import RESIDUAL, AcrossTasks, AnovaRow
from suprem.experiments.comparing import ComparisonConfig, run
from suprem.export import RESEARCH_USE


def describe(comparison: Comparison) -> str:
    """Return the comparison as text for a terminal."""
    parts = [_describe_task(task) for task in comparison.tasks]
    if comparison.across is not None:
        over = comparison.across
        parts.append(f"over {over.tasks} tasks: mean difference {over.mean_difference:+.4f}\n{_describe_tests(over)}")
    if comparison.part is not None:
        part = comparison.part
        parts.append(
            f"the part gives {part.first_gain:+.4f} to the first model and {part.second_gain:+.4f} to the second, "
            f"over {part.tasks} tasks\n{_describe_tests(part.gains)}\n\n"
            f"{_describe_anova('tasks as repetitions, as published', part.anova)}\n\n"
            f"{_describe_anova('within tasks', part.anova_within_tasks)}"
        )
    return "\n\n".join(parts)


def _describe_tests(over: AcrossTasks) -> str:
    return (
        f"paired t {over.t:.2f}: p {over.t_p_two_sided:.4f} two-sided, {over.t_p_greater:.4f} one-sided\n"
        f"Wilcoxon: p {over.wilcoxon_p_two_sided:.4f} two-sided, {over.wilcoxon_p_greater:.4f} one-sided\n"
        "Tasks that share records are not independent, which these tests assume."
    )


def _describe_anova(how: str, rows: Sequence[AnovaRow]) -> str:
    lines = [f"analysis of variance, {how}: sum of squares, df, F, p"]
    for row in rows:
        tested = "" if row.source == RESIDUAL else f"  {row.f:8.2f}  {row.p:.4f}"
        lines.append(f"{row.source:<14} {row.sum_of_squares:10.4f}  {row.df:3d}{tested}")
    return "\n".join(lines)


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
        prog="suprem compare", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    for name in ("first", "second"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, metavar="FILE", help=".json or .npz")
    for name in ("first", "second"):
        parser.add_argument(
            f"--{name}-without", type=Path, nargs="+", default=[], metavar="FILE", help="the same without a part"
        )
    add_result_options(parser, bootstrap=2000)
    args = parser.parse_args(argv)

    def work() -> None:
        without = tuple(args.first_without), tuple(args.second_without)
        comparison = run(ComparisonConfig(tuple(args.first), tuple(args.second), *without, draws=args.bootstrap))
        for task in _same(comparison):
            say(f"{task}: the two have the same macro AUROC, or none; are they the same model?")
        hand_over(comparison.to_json(), lambda: describe(comparison), out=args.out, json=args.json)

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
