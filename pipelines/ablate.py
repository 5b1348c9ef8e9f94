"""Ablations of the paper (Tables 2 and 4 to 11) as a grid of small training runs, at a scale that the output states.

    python -m pipelines.ablate [--out DIR] [--only "Table 9" ...] [--seeds 0 1 2]         synthetic ECGs
    python -m pipelines.ablate [--out DIR] --data STORE --vocabulary reports=VERSION --queries detailed=CKEPE.json
                               --set training.epochs=10 --set 'train_folds=[1,2]'

The grid is a file (--grid, default pipelines/configs/ablation.toml): a configuration of `pretrain`, and questions whose
variants change one thing of it. Every variant is trained with every seed by `pretrain` and evaluated as `zero_shot`
does, on the validation fold that also chose the best epoch. What is finished in DIR is kept: the same command goes on
where it was stopped. A variant that cannot run, for example because a text encoder is not on the machine, is named with
the reason. Writes DIR/ablation.json and DIR/ablation.md, anew after each trained model; tables of the same scale that
stand there and are not asked again are kept. DIR/cells/*/<task>-<queries>.json and .npz are for `compare`. Without
--out DIR is <SUPREM_HOME>/ablations/<name of the store, or synthetic>; the Evaluation page shows what is there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.provenance import provenance
from pipelines.stage import ConsoleProgress, run_stage, say, stop_on_signal
from suprem.atomic import write_text
from suprem.evaluation.ablation import (
    ABLATIONS,
    RESULT,
    AblationResult,
    read_ablation,
)
from suprem.experiments.ablation_grid import AblationConfig
from suprem.export import RESEARCH_USE
from suprem.resources import CONFIGS
from suprem.settings import load_settings


def _named_path(text: str) -> tuple[str, Path]:
    name, mark, path = text.partition("=")
    if not (name and mark and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, Path(path)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem ablate", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--out", type=Path, help="folder of runs and report, may be one begun; default: for the page")
    parser.add_argument("--grid", type=Path, default=CONFIGS / "ablation.toml", help="default: ablation.toml")
    parser.add_argument("--data", type=Path, help="signal store; default: synthetic ECGs")
    parser.add_argument("--only", nargs="+", default=[], metavar="TABLE", help='for example "Table 9" "Table 11"')
    parser.add_argument("--seeds", type=int, nargs="+", default=[], help="default: the grid's")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting of all")
    for option, help_text in {
        "vocabulary": "a vocabulary version under the name that the grid gives it; repeatable",
        "queries": "a file of queries, {task} in its path is the name of the task; repeatable",
        "encoder": "a text encoder and the folder with its weights; repeatable",
    }.items():
        parser.add_argument(
            f"--{option}", type=_named_path, action="append", default=[], metavar="NAME=PATH", help=help_text
        )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the report")
    args = parser.parse_args(argv)

    def work() -> None:
        from suprem.experiments import ablating

        settings = load_settings()
        encoders = {"medcpt": settings.encoder_folder} if settings.encoder_folder else {}
        out = args.out or settings.home / ABLATIONS / (args.data.name if args.data else "synthetic")
        out.mkdir(parents=True, exist_ok=True)
        earlier = read_ablation(out / RESULT) if (out / RESULT).is_file() else None

        def keep(result: AblationResult) -> None:
            whole = result if earlier is None else result.after(earlier)
            write_text(out / RESULT, whole.to_json())
            write_text(out / "ablation.md", whole.to_markdown())

        config = AblationConfig(
            grid=args.grid,
            out=out,
            data=args.data,
            only=tuple(args.only),
            seeds=tuple(dict.fromkeys(args.seeds)),
            set=tuple(args.set),
            vocabularies=dict(args.vocabulary),
            queries=dict(args.queries),
            encoders={**encoders, **dict(args.encoder)},
        )
        with stop_on_signal() as should_stop:
            result = ablating.run(config, ConsoleProgress("ablate"), should_stop, provenance(), keep, say)
        say(f"The report and the trained models are in {out}")
        print(result.to_json() if args.json else result.to_markdown())

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
