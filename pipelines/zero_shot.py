"""Evaluate a checkpoint on a zero-shot task: AUROC per class and their mean, with bootstrap intervals.

    python -m pipelines.zero_shot --task ptbxl_superclass --data PTBXL_FOLDER --folds 9 [--json] [--out result.json]
    python -m pipelines.zero_shot --task csn --labels exact --data CSN_FOLDER [--splits MERL_FOLDER] [--json]
    python -m pipelines.zero_shot --task cpsc2018 --data DIR --queries simplified CKEPE.json written --llm-model M

Tasks: ptbxl_superclass, ptbxl_subclass, ptbxl_form, ptbxl_rhythm, ptbxl_all (the 71 statements), cpsc2018, csn. --data
is the corpus as published, or any folder above its headers. PTB-XL is evaluated on fold 9; the others on every record
unless --folds (drawn by a hash of the name) or --splits (MERL's tables, test part) say otherwise. --labels merl takes
the labels of the published tables, errors included. The model is asked one query per class, or the mean of several
phrases; --queries takes several sets, one result each; "written" is written by a language model of yours (--llm-url,
see write_queries). Intervals come from drawing patients with replacement. With --json standard output is one JSON
object, or {"results": [...]} for several query sets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.language_model import add_llm_options
from pipelines.result_text import as_json, describe, shortfalls, side_by_side
from pipelines.stage import ConsoleProgress, add_result_options, hand_over, job_of, parse_folds, run_stage, say
from pipelines.write_queries import WRITTEN, with_written
from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES, load_task
from suprem.datasets.crop import CROPS
from suprem.evaluation.query_set import BUILT_IN, SIMPLIFIED
from suprem.experiments.configurations import ZeroShotConfig, ZeroShotRequest
from suprem.export import RESEARCH_USE
from suprem.settings import Settings, load_settings


def command_line() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem zero-shot", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--task", required=True, help=f"one of {', '.join(TASK_NAMES)}")
    parser.add_argument("--data", type=Path, required=True, help="folder of the task's corpus")
    parser.add_argument(
        "--folds", type=parse_folds, help="for example 9 or 8,9; default: 9 of PTB-XL, else every record"
    )
    parser.add_argument("--labels", choices=LABEL_VARIANTS, default="exact", help="merl: as in the published tables")
    parser.add_argument("--splits", type=Path, metavar="DIR", help="MERL's data_split; its test part by default")
    parser.add_argument("--crop", choices=sorted(CROPS), help="of recordings beyond 10 s; default: the task's own")
    parser.add_argument(
        "--queries",
        nargs="+",
        default=[SIMPLIFIED],
        metavar="SET",
        help=f"{', '.join((*BUILT_IN, WRITTEN))}, or .toml/.json files",
    )
    parser.add_argument(
        "--calibrate", type=parse_folds, default=(), metavar="FOLDS", help="folds to fit calibrations on, such as 9"
    )
    parser.add_argument(
        "--against", type=Path, metavar="STORE", help="signal store whose training folds shall hold none of these"
    )
    parser.add_argument("--scores", type=Path, metavar="FILE.npz", help="save every record's scores, for compare")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    add_llm_options(parser)
    add_result_options(parser, bootstrap=1000)
    return parser


def work(asked: ZeroShotRequest, settings: Settings, *, json: bool = False) -> None:
    """Evaluate, write what was asked for, and print the result."""
    from suprem.experiments import zero_shot
    from suprem.inference.predictor import Predictor

    load_task(asked.config.task, asked.config.labels)  # what can be wrong is told before minutes are spent
    for path in filter(None, (asked.out, asked.scores)):
        path.parent.mkdir(parents=True, exist_ok=True)
    predictor = Predictor.configured(settings, asked.checkpoint)
    evaluations = zero_shot.run(asked.config, predictor, ConsoleProgress("zero_shot"))
    results = [one.result for one in evaluations]
    if asked.scores is not None:
        results = zero_shot.save_scores(asked.scores, evaluations, asked.out.parent if asked.out is not None else None)
    for note in shortfalls(results[0]):
        say(note)
    hand_over(
        as_json(results),
        lambda: "\n\n".join([*map(describe, results), *side_by_side(results)]),
        out=asked.out,
        json=json,
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""

    def begin() -> None:
        settings = load_settings()
        job = job_of(argv, ZeroShotRequest)
        if job is not None:
            work(job, settings)
            return
        args = command_line().parse_args(argv)
        load_task(args.task, args.labels)
        config = ZeroShotConfig(
            task=args.task,
            data=args.data,
            folds=args.folds,
            labels=args.labels,
            splits=args.splits,
            crop=args.crop,
            queries=with_written(args.queries, args, settings, ConsoleProgress("write_queries")),
            calibrate=args.calibrate,
            against=args.against,
            bootstrap=args.bootstrap,
        )
        work(ZeroShotRequest(config, args.checkpoint, args.out, args.scores), settings, json=args.json)

    return run_stage(begin)


if __name__ == "__main__":
    raise SystemExit(main())
