"""Compare a checkpoint's attention maps with those of the same network with random weights, for its model card.

    python -m pipelines.check_attention --checkpoint assets/checkpoint --task ptbxl_all --data PTBXL --folds 9

Prints Spearman's rank correlation of the maps and writes it into model_card.json, where the Model card page shows it.
Near 0 the map depends on what was learned; near 1 it would look the same without training. The recordings are spread
evenly over those of the folds; their labels are not used.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.stage import ConsoleProgress, parse_folds, run_stage
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.datasets.corpora import CORPORA
from suprem.ecg.intake import prepare_files
from suprem.errors import DatasetError, EcgError
from suprem.export import RESEARCH_USE
from suprem.model_card import AttentionCheck
from suprem.plain_data import to_json
from suprem.settings import load_settings

RECORDS = 100


def run(folder: Path, data: Path, *, task: str, folds: tuple[int, ...] | None, records: int) -> AttentionCheck:
    """Check a checkpoint on recordings of a task's corpus, write the result into its card and return it.

    Args:
        folder: The checkpoint.
        data: Folder of the corpus.
        task: Name in the catalog; tells the corpus.
        folds: None for those of the task.
        records: How many recordings, spread evenly over the folds.

    Raises:
        DatasetError: The folder is not the corpus, or fewer than two recordings could be read.
        CheckpointError: The checkpoint is damaged, or its network has no attention over leads and time.
    """
    from suprem.inference.attention_check import check_attention
    from suprem.inference.predictor import Predictor
    from suprem.model.checkpoint import load_checkpoint, write_card

    progress = ConsoleProgress("check_attention")
    checkpoint = load_checkpoint(folder)
    predictor = Predictor(checkpoint)
    known = load_task(task)
    index = CORPORA[known.corpus].index(data, folds or known.default_folds, predictor.spec.fs)
    rows = np.unique(np.linspace(0, len(index) - 1, min(records, len(index))).round().astype(int))
    progress(0.0, f"reading {len(rows)} recordings")
    prepared = prepare_files(index.take(rows).files(), predictor.spec)
    signals = [signal for signal in prepared if not isinstance(signal, EcgError)]
    if len(signals) < 2:
        raise DatasetError(f"{len(signals)} of {len(rows)} recordings could be read; at least two are needed.")
    progress(0.2, "comparing attention maps")
    check = check_attention(predictor, np.stack(signals))
    write_card(folder, replace(checkpoint.card, attention_check=check))
    progress(1.0, "done")
    return check


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem check-attention", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--checkpoint", type=Path, help="folder of the checkpoint; default: the one in use")
    parser.add_argument("--task", default="ptbxl_all", help=f"names the corpus: {', '.join(TASK_NAMES)}")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--folds", type=parse_folds, help="for example 9; default: those of the task")
    parser.add_argument("--records", type=int, default=RECORDS, help=f"recordings, at least 2; default {RECORDS}")
    args = parser.parse_args(argv)

    def work() -> None:
        folder = args.checkpoint or load_settings().checkpoint
        print(to_json(run(folder, args.data, task=args.task, folds=args.folds, records=args.records)))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
