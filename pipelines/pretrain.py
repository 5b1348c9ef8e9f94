"""Pre-train SuPreME on a signal store, with the SCP-ECG statements or a vocabulary version's concepts as queries.

    python -m pipelines.pretrain --data STORE --run-dir DIR [--config FILE.toml] [--set training.epochs=5] [--resume]
    python -m pipelines.pretrain --data STORE --vocabulary VERSION --run-dir DIR    labels from reports
    python -m pipelines.pretrain --data STORE --init CHECKPOINT --run-dir DIR --set training.epochs=4    fine-tuning
    python -m pipelines.pretrain --data STORE --objective simclr --run-dir DIR    an encoder without labels, to probe
    python -m pipelines.pretrain --config smoke --run-dir DIR       synthetic ECGs, one minute
    torchrun --standalone --nproc_per_node=2 -m pipelines.pretrain ...                     several processes
    python -m pipelines.pretrain ... --launch slurm --nodes 2 --gpus-per-node 8            a cluster (docs/scale.md)

Everything that defines the run, its metrics and its checkpoints are in the run folder; `best/` is a checkpoint that the
application and `pipelines.score --checkpoint` load. SIGTERM and Ctrl-C save and exit with 143; `--resume` continues.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipelines.launch import LAUNCHERS, launch_options, read_launch
from pipelines.provenance import provenance
from pipelines.stage import ConsoleProgress, job_of, run_stage, say, stop_on_signal
from suprem.configfile import load_config
from suprem.errors import ConfigError
from suprem.experiments.configurations import PretrainRequest
from suprem.resources import CONFIGS, configuration
from suprem.settings import load_settings
from suprem.training.config import OBJECTIVE_TITLES, WITH_WORDS, PretrainConfig

OBJECTIVES = tuple(OBJECTIVE_TITLES)


def command_line() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem pretrain", description=__doc__.splitlines()[0], parents=[launch_options()]
    )
    parser.add_argument("--data", type=Path, help="signal store made by pipelines.index_datasets")
    parser.add_argument("--vocabulary", type=Path, help="folder of a version of pipelines.build_vocabulary")
    parser.add_argument("--init", type=Path, metavar="CHECKPOINT", help="begin with its weights, to fine-tune it")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of the run; new, or one to resume")
    parser.add_argument(
        "--config",
        type=configuration,
        default=CONFIGS / "compact.toml",
        help="a file, or the name of one that ships; default: compact",
    )
    parser.add_argument("--objective", choices=OBJECTIVES, help="what is minimised; default: the configuration's")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting")
    parser.add_argument("--dry-run", action="store_true", help="measure a few steps, say what the run needs, stop")
    parser.add_argument("--resume", action="store_true", help="continue the run in --run-dir")
    return parser


def request_of(args: argparse.Namespace) -> PretrainRequest:
    """Return what a command line asks for.

    Raises:
        ConfigError: It does not fit, or changes what a resumed run keeps.
    """
    if args.resume and (args.set or args.vocabulary or args.init or args.objective):
        raise ConfigError(
            "A resumed run keeps its configuration; leave --set, --vocabulary, --init and --objective "
            "out, or start anew."
        )
    lines = [*args.set, *([f"objective={args.objective}"] if args.objective else [])]
    config = load_config(PretrainConfig, run_configuration(args.run_dir) if args.resume else args.config, lines)
    if args.vocabulary:
        config = replace(config, vocabulary=args.vocabulary)
    if args.init:
        config = replace(config, init=args.init)
    return PretrainRequest(config, args.run_dir, args.data, args.resume, args.dry_run)


def run_configuration(folder: Path) -> Path:
    """Return the file in a run folder that defines the run."""
    return folder / "config.toml"


def work(asked: PretrainRequest) -> None:
    """Train, or say what that would need."""
    from suprem.experiments import pretraining, self_supervised
    from suprem.experiments.experiment import set_up
    from suprem.experiments.trainable import Trainable
    from suprem.training.distributed import Workers

    config = load_config(PretrainConfig, run_configuration(asked.run_dir)) if asked.resume else asked.config
    config = replace(
        config,
        vocabulary=config.vocabulary and config.vocabulary.absolute(),
        init=config.init and config.init.absolute(),
        reports=config.reports and config.reports.absolute(),
        teachers=tuple(folder.absolute() for folder in config.teachers),
    )
    settings = load_settings()
    workers = Workers(precision=config.training.precision, cpu=config.training.cpu)
    with stop_on_signal() as should_stop, workers:
        begin: Callable[..., Trainable] = self_supervised.set_up
        if config.objective in WITH_WORDS:
            console = ConsoleProgress("pretrain")
            begin = partial(set_up, encoder_folder=settings.encoder_folder, say=say, progress=console)
        experiment = begin(config, data=asked.data, folder=asked.run_dir, workers=workers, provenance=provenance())
        if asked.dry_run:
            outlook = pretraining.estimate(experiment, workers)
            if workers.is_main:
                print(outlook)
            return
        summary = pretraining.run(
            experiment,
            folder=asked.run_dir,
            workers=workers,
            resume=asked.resume,
            progress=ConsoleProgress("pretrain"),
            should_stop=should_stop,
            mlflow_uri=settings.mlflow_tracking_uri,
        )
    if not workers.is_main:
        return
    best = (
        "the last state is kept, an encoder to probe"
        if summary.best_score is None
        else f"best validation macro AUROC {summary.best_score:.4f} after epoch {summary.best_epoch + 1}"
    )
    print(
        f"{summary.epochs} epochs, {summary.steps} steps, {summary.seconds / 60:.0f} min; {best}; "
        f"checkpoint {asked.run_dir / 'best'}"
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""

    def begin() -> None:
        job = job_of(argv, PretrainRequest)
        if job is not None:
            work(job)
            return
        args = command_line().parse_args(argv)
        launch, words = read_launch(argv)
        if launch.kind != "local":
            print(LAUNCHERS[launch.kind](launch).start("pretrain", words, args.run_dir))
            return
        work(request_of(args))

    return run_stage(begin)


if __name__ == "__main__":
    raise SystemExit(main())
