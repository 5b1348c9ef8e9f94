"""Make a run's best checkpoint the one that pages and commands score with, once its model card is complete.

    python -m pipelines.zero_shot --task ptbxl_all --data PTBXL --folds 9 --checkpoint RUN/best --out result.json \\
        --scores scores.npz
    python -m pipelines.promote --checkpoint RUN/best --evaluation result.json --scores scores.npz

The evaluation goes into the model card, and of the scores their quantiles, by which a page tells the rank of a single
ECG's score, and for frequent findings a map to a probability, with its error on patients it was not fitted on. Those of
another checkpoint are refused: a card must not carry borrowed figures. What the card says of attention is checked by
pipelines.check_attention, before or after.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

from pipelines.stage import run_stage
from suprem.atomic import replacing
from suprem.errors import CheckpointError
from suprem.evaluation.calibration import probability_maps
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.score_table import ScoreTable
from suprem.inference.reference import reference_of
from suprem.model.checkpoint import CARD, NEEDED, load_checkpoint, write_card
from suprem.settings import load_settings


def run(source: Path, evaluation: EvaluationResult, target: Path, scores: ScoreTable | None = None) -> str:
    """Copy a checkpoint with its completed card and return its id.

    Raises:
        CheckpointError: It is incomplete, or the evaluation or the scores belong to another one.
    """
    checkpoint = load_checkpoint(source)
    for what, stated in (("evaluation is", evaluation), ("scores are", scores and scores.origin)):
        if stated is not None and stated.checkpoint != checkpoint.id:
            raise CheckpointError(
                f"The {what} of checkpoint {stated.checkpoint}, not of {checkpoint.id}. "
                "Evaluate this one with: python -m pipelines.zero_shot --out --scores"
            )
    # The file of scores stays behind, so the card does not name it.
    card = {**checkpoint.card, "validation": json.loads(replace(evaluation, scores="").to_json())}
    card.pop("reference", None)
    card.pop("probability", None)
    if scores is not None:
        codes = scores.origin.codes
        card["reference"] = reference_of(codes, scores.logits)
        card["probability"] = probability_maps(codes, scores.present, scores.logits, scores.patients)
    target.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        if name != CARD and (source / name).resolve() != (target / name).resolve():
            with replacing(target / name) as temporary:
                shutil.copyfile(source / name, temporary)
    write_card(target, card)
    return checkpoint.id


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.promote", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint, for example RUN/best")
    parser.add_argument("--evaluation", type=Path, required=True, help="result of pipelines.zero_shot --out")
    parser.add_argument(
        "--scores", type=Path, help="scores of the same command, for rank and probability of a single ECG's score"
    )
    parser.add_argument("--to", type=Path, help="default: <SUPREM_HOME>/checkpoint, which this installation then uses")
    args = parser.parse_args(argv)

    def work() -> None:
        target = args.to or load_settings().home / "checkpoint"
        evaluation = EvaluationResult.from_json(args.evaluation.read_text(encoding="utf-8"))
        scores = ScoreTable.load(args.scores) if args.scores else None
        print(f"checkpoint {run(args.checkpoint, evaluation, target, scores)} is in {target}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
