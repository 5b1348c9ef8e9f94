"""Evaluate a checkpoint on every task for which a folder has records, and keep all of it in one folder.

    python -m pipelines.evaluate --data DIR [DIR ...] [--checkpoint FOLDER] [--tasks TASK ...] [--labels exact]

DIR is a corpus as published or a folder with several. PTB-XL is evaluated on fold 9, other corpora on every record
unless --splits gives MERL's tables. A DIR with a label table of another hospital (docs/guide/external-evaluation.md) is
evaluated by its own findings, beside its readers. Tasks of one corpus share one pass. The results, every record's
scores, report.md, classes.csv and worst_cases.csv go to <SUPREM_HOME>/evaluations/<checkpoint>/<name>, which the
Evaluation page shows; a task without records is named and the others go on. Exit code 2 means that no task could be
evaluated.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from pipelines.provenance import provenance
from pipelines.result_text import external_text, shortfalls
from pipelines.stage import ConsoleProgress, draws, job_of, run_stage, say
from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES
from suprem.datasets.external_layouts import is_external
from suprem.errors import FolderInUse
from suprem.evaluation.evaluation_folder import (
    EVALUATIONS,
    EvaluationFolder,
)
from suprem.evaluation.query_set import BUILT_IN, SIMPLIFIED
from suprem.experiments.configurations import EvaluationConfig
from suprem.export import RESEARCH_USE
from suprem.lock import only_writer
from suprem.settings import load_settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def describe(evaluation: EvaluationFolder) -> str:
    """Return the means as text for a terminal, and the tasks without one."""
    lines = [f"checkpoint {evaluation.checkpoint}, text encoder {evaluation.encoder}, labels {evaluation.labels}"]
    for task in evaluation.tasks:
        result = evaluation.result(task)
        lines.append(
            f"{task}, {result.split}: {result.records} records, macro AUROC {result.macro:.4f} "
            f"({result.macro_ci[0]:.4f}-{result.macro_ci[1]:.4f})"
        )
    lines += [f"{task.name}: not evaluated. {task.reason}" for task in evaluation.missing]
    return "\n".join([*lines, f"{len(evaluation.tasks)} tasks evaluated; results and report in {evaluation.folder}"])


def read(argv: list[str] | None) -> EvaluationConfig:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem evaluate", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="corpora, or above them")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    parser.add_argument("--tasks", nargs="+", choices=TASK_NAMES, default=TASK_NAMES, metavar="TASK")
    parser.add_argument("--labels", choices=LABEL_VARIANTS, default="exact", help="merl: as in the published tables")
    parser.add_argument("--splits", type=Path, metavar="DIR", help="MERL's data_split, its test part")
    parser.add_argument("--queries", default=SIMPLIFIED, metavar="SET", help=f"{', '.join(BUILT_IN)}, or a file")
    parser.add_argument("--name", default="", help="of the folder; default: date and time")
    parser.add_argument("--card", action="store_true", help="note what other hospitals gave in the model card")
    parser.add_argument(
        "--bootstrap", dest="draws", type=draws, default=1000, help="draws of the bootstrap, default 1000"
    )
    args = vars(parser.parse_args(argv))
    config = EvaluationConfig(**{**args, "data": tuple(args["data"]), "tasks": tuple(args["tasks"])})
    if config.name and not NAME.fullmatch(config.name):
        parser.error("--name is made of letters, digits, dots, dashes and underscores")
    return config


def work(config: EvaluationConfig) -> None:
    """Evaluate, and tell what came of it."""
    from suprem.experiments import evaluating, external
    from suprem.inference.predictor import Predictor

    settings = load_settings()
    predictor = Predictor.configured(settings, config.checkpoint)
    progress = ConsoleProgress("evaluate")
    folder, place = config.checkpoint or settings.checkpoint, settings.home / EVALUATIONS / predictor.id
    hospitals = [data for data in config.data if is_external(data)]
    for data in hospitals:
        measured = external.run(external.ExternalConfig(data, place, config.draws), predictor, progress)
        print(external_text(measured))
        if config.card:
            external.write_into_card(folder, predictor, measured)
    corpora = tuple(data for data in config.data if data not in hospitals)
    if not corpora:
        return
    with own_folder(place, config.name) as out:
        evaluation = evaluating.run(replace(config, data=corpora), predictor, out, progress, provenance())
    if config.card:
        external.write_results_into_card(folder, predictor, [evaluation.result(task) for task in evaluation.tasks])
    progress(1.0, f"{len(evaluation.tasks)} tasks evaluated, {len(evaluation.missing)} not")
    for task in evaluation.tasks:
        for note in shortfalls(evaluation.result(task)):
            say(f"{task}: {note}")
    print(describe(evaluation))


@contextmanager
def own_folder(place: Path, name: str) -> Iterator[Path]:
    """Hold the folder of an evaluation: the one that was named, or one of the present time that nobody else has.

    Raises:
        FolderInUse: Another process writes the one that was named.
    """
    if name:
        with only_writer(place / name, replaces=True):
            yield place / name
        return
    now = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    for number in count(1):  # two that begin in one second would write one folder
        folder = place / (now if number == 1 else f"{now}-{number}")
        with ExitStack() as held:
            try:
                held.enter_context(only_writer(folder, replaces=True))
            except FolderInUse:
                continue
            if not folder.exists():
                yield folder
                return


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return run_stage(lambda: work(job_of(argv, EvaluationConfig) or read(argv)))


if __name__ == "__main__":
    raise SystemExit(main())
