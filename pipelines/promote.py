"""Make a run's best checkpoint the one that pages and commands score with, once its model card is complete.

    python -m pipelines.zero_shot --task ptbxl_all --data PTBXL --folds 9 --checkpoint RUN/best --out result.json \\
        --scores scores.npz
    python -m pipelines.promote --checkpoint RUN/best --evaluation result.json --scores scores.npz --bank STORE

The evaluation goes into the model card, and of the scores their quantiles, by which a page tells the rank of a single
ECG's score, and for frequent findings a map to a probability, with its error on patients it was not fitted on. Those of
another checkpoint are refused: a card must not carry borrowed figures. What the card says of attention is checked by
pipelines.check_attention, before or after. A checkpoint that was promoted before needs no new figures.

--bank takes the records of the validation folds of a signal store for reference: a recording unlike them is marked so.
With --vocabulary, the version that the run learned from, the card tells on the same records the AUROC of every concept
and keeps its quantiles, so that concepts beyond the evaluation have a rank as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import job_of, parse_folds, run_stage
from suprem.concepts.mapping.versions import open_version
from suprem.datasets.index import VALIDATION_FOLDS
from suprem.datasets.signal_store import SignalStore
from suprem.errors import ConfigError
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable
from suprem.experiments.configurations import PromotionRequest
from suprem.settings import load_settings


def read(argv: list[str] | None) -> PromotionRequest:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="suprem promote", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint, for example RUN/best")
    parser.add_argument("--evaluation", type=Path, help="result of pipelines.zero_shot --out; default: the card's own")
    parser.add_argument(
        "--scores", type=Path, help="scores of the same command, for rank and probability of a single ECG's score"
    )
    parser.add_argument("--bank", type=Path, metavar="STORE", help="signal store with the reference ECGs")
    parser.add_argument(
        "--vocabulary", type=Path, metavar="VERSION", help="labels of all concepts, on --bank's records"
    )
    parser.add_argument("--bank-folds", type=parse_folds, default=VALIDATION_FOLDS, help="its folds; default: 9")
    parser.add_argument("--to", type=Path, help="default: <SUPREM_HOME>/checkpoint, which this installation then uses")
    return PromotionRequest(**vars(parser.parse_args(argv)))


def work(asked: PromotionRequest) -> None:
    """Complete the card, put the checkpoint where it belongs, and say so."""
    from suprem.experiments import promoting

    settings = load_settings()
    target = asked.to or settings.home / "checkpoint"
    text = asked.evaluation.read_text(encoding="utf-8") if asked.evaluation else None
    evaluation = EvaluationResult.from_json(text) if text else None
    scores = ScoreTable.load(asked.scores) if asked.scores else None
    store = SignalStore.open(asked.bank) if asked.bank else None
    bank = promoting.bank_of(asked.checkpoint, store, asked.bank_folds, settings.device) if store else None
    concepts = None
    if asked.vocabulary:
        if not asked.bank:
            raise ConfigError("--vocabulary needs the records that --bank names; give a signal store.")
        version = open_version(asked.vocabulary)
        concepts = promoting.figures_of_concepts(
            asked.checkpoint, asked.bank, asked.bank_folds, version, settings.device
        )
    done = promoting.run(asked.checkpoint, evaluation, target, scores, bank, concepts)
    compared = f", with {bank.records:,} reference ECGs" if bank else ""
    print(f"checkpoint {done} is in {target}{compared}")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return run_stage(lambda: work(job_of(argv, PromotionRequest) or read(argv)))


if __name__ == "__main__":
    raise SystemExit(main())
