"""Linear probes on frozen ECG features, beside random encoders, hand-crafted measurements and supervised networks.

    python -m pipelines.index_datasets --ptbxl PTBXL --out STORE
    python -m pipelines.linear_probe --store STORE --task ptbxl_superclass ptbxl_form [--shares 1 10 100]
                                     [--protocol clean] [--baselines random measurements resnet18 vit] [--json]
    python -m pipelines.linear_probe --store STORE --task ptbxl_superclass --encoders RUN...    pre-trained encoders

Learns from folds 1-8 of the store and evaluates on --folds (9 by default). --protocol is paper, merl or clean; see
suprem/training/linear_probe.py. --encoders are runs of `pretrain`, those without labels included. "random" are
encoders of the checkpoint's form with three random initialisations, "random-resnet18" and "random-vit" the paper's two
encoders untrained, with five,
"measurements" is logistic regression on rate, intervals, axis and voltages, read from the corpus the store was made of,
"resnet18" and "vit" are networks trained from nothing on the same labels, all layers (--supervised gives sizes and
recipe, by default pipelines/configs/supervised.toml; with all labels that takes hours on a CPU).

Each result is added to --out as soon as it is there, and what is there is not done again: a command that was stopped
goes on, and others can add to the same file meanwhile. By default that is <SUPREM_HOME>/evaluations/<checkpoint>/
linear_probe.json, and for measurements and networks, which are the same beside every checkpoint, the file of that name
one folder above; the Evaluation page shows both.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pipelines.stage import ConsoleProgress, parse_folds, run_stage, say
from suprem.configfile import load_config
from suprem.datasets.catalog import TASK_NAMES
from suprem.evaluation.evaluation_folder import EVALUATIONS, PROBES
from suprem.evaluation.probe_result import PROTOCOLS, Probe, ProbeResult, Probes, add_probe, over_seeds, read_probes
from suprem.export import RESEARCH_USE
from suprem.resources import CONFIGS
from suprem.settings import load_settings


def describe(results: list[ProbeResult]) -> str:
    """Return the means as a table; random encoders with mean and standard deviation over their seeds."""
    lines = ["task, features, protocol, share: macro AUROC (95 % interval), over classes with a positive to learn from"]
    for mean in over_seeds(results):
        asked = mean.asked
        if len(mean.probes) > 1:
            spread = f"(sd {mean.sd:.4f} over {len(mean.probes)} seeds)"
        else:
            spread = f"({mean.spread[0]:.4f}-{mean.spread[1]:.4f})"
        untrained = f"; nothing to learn {', '.join(mean.untrained)} from" if mean.untrained else ""
        lines.append(
            f"{asked.task}, {asked.features}, {asked.protocol}, {asked.share:g} % ({mean.train_records} records): "
            f"{mean.macro:.4f} {spread}, {mean.macro_trained:.4f}{untrained}"
        )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem linear-probe", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--store", type=Path, required=True, help="signal store made by index_datasets")
    parser.add_argument("--task", nargs="+", required=True, metavar="TASK", help=f"of {', '.join(TASK_NAMES)}")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0, 10.0, 100.0], help="percent of folds 1-8")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="clean")
    parser.add_argument("--folds", type=parse_folds, default=(9,), help="folds to evaluate on, default 9")
    parser.add_argument(
        "--baselines",
        nargs="*",
        default=[],
        metavar="NAME",
        help="also without a checkpoint: random, random-resnet18, random-vit, measurements, resnet18, vit",
    )
    parser.add_argument("--encoders", type=Path, nargs="*", default=[], metavar="RUN", help="runs or checkpoints")
    parser.add_argument("--supervised", type=Path, default=CONFIGS / "supervised.toml", help="default: supervised.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one of its settings")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--out", type=Path, help="file that results are added to; default: where the page finds it")
    args = parser.parse_args(argv)

    def work() -> None:
        from suprem.experiments import probing
        from suprem.model.checkpoint import load_checkpoint
        from suprem.model.encoder_checkpoint import load_encoder
        from suprem.training.supervised import SupervisedConfig

        if unknown := set(args.baselines) - set(probing.BASELINES):
            parser.error(f"--baselines knows {', '.join(probing.BASELINES)}; found {', '.join(sorted(unknown))}")
        settings = load_settings()
        config = probing.ProbingConfig(
            store=args.store,
            tasks=tuple(args.task),
            shares=tuple(args.shares),
            protocol=args.protocol,
            folds=args.folds,
            baselines=tuple(args.baselines),
            workers=os.cpu_count() or 1,
            supervised=load_config(SupervisedConfig, args.supervised, args.set),
            recipe=args.supervised.stem,
        )
        progress = ConsoleProgress("linear_probe")
        checkpoint = load_checkpoint(args.checkpoint or settings.checkpoint, device=settings.device)
        folder = settings.home / EVALUATIONS

        def file_of(one: Probe) -> Path:
            return args.out or folder / one.checkpoint / PROBES

        def found() -> dict[Probe, ProbeResult]:
            return {result.asked: result for path in files for result in read_probes(path)}

        encoders = [load_encoder(run, device=settings.device) for run in args.encoders]
        bench = probing.set_up(config, checkpoint, settings.device, encoders=encoders)
        asked = probing.questions(bench)
        files = list(dict.fromkeys(map(file_of, asked)))
        known = found()
        for result in probing.run(bench, [one for one in asked if one not in known], progress):
            add_probe(file_of(result.asked), result)
        now = found()
        results = [now[one] for one in asked]
        made = sum(one in known for one in asked)
        say(f"{len(results)} probes, {made} of them made before; they are in {', '.join(map(str, files))}")
        print(Probes(tuple(results)).to_json() if args.json else describe(results))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
