"""How far scores depend on the recording's condition, on the other queries and on the wording of a query.

    python -m pipelines.robustness --task ptbxl_superclass --data PTBXL --folds 9 [--records 500] [--json]
    python -m pipelines.robustness --task ptbxl_form --data PTBXL --paraphrases FILE.json
    python -m pipelines.robustness --task ptbxl_all --data PTBXL --folds 9 --missing [--records 1000] [--card]

Each record is read once and scored as it is and disturbed: leads lost or exchanged, electrodes reversed, noise, wrong
gain, other sampling rates, 5 s instead of 10 s (suprem/ecg/disturb.py). Every condition is compared, paired, with the
undisturbed recordings. The queries are asked alone, in reverse and among all trained ones: without query self-attention
no score may change. Paraphrases are the other wordings of our terms, or those of a file of queries, which may say of
which kinds they are. With --out <SUPREM_HOME>/evaluations/<checkpoint>/robustness-<task>.json the result stands on the
Evaluation page.

--missing takes leads and seconds away instead and tells what each finding loses of its AUROC; --card writes that into
the model card, from which every score of an incomplete recording says what it costs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.stage import ConsoleProgress, add_result_options, hand_over, parse_folds, run_stage
from suprem.datasets.catalog import LABEL_VARIANTS, TASK_NAMES
from suprem.evaluation.robustness_result import ParaphraseResult, RobustnessResult
from suprem.export import RESEARCH_USE
from suprem.inference.missing_signal import MOST_LOST, words_of
from suprem.model_card import MissingSignal
from suprem.plain_data import to_json
from suprem.settings import load_settings


def describe(result: RobustnessResult) -> str:
    """Return the result as text for a terminal."""
    conditions = pd.DataFrame(
        {
            "condition": entry.name,
            "records": entry.records,
            "changed": entry.changed,
            "macro": entry.macro,
            "difference": entry.difference,
            "95 % interval": f"{entry.ci[0]:+.3f} to {entry.ci[1]:+.3f}",
            "shift": entry.shift,
            "worst class": f"{entry.worst} {entry.worst_difference:+.3f}" if entry.worst else "",
        }
        for entry in result.scored_conditions
    )
    lines = [
        f"{result.task}, {result.split}: {result.records} records, {result.unreadable} unreadable",
        f"checkpoint {result.checkpoint}, text encoder {result.encoder}; undisturbed macro AUROC {result.macro:.4f}",
        "",
        conditions.to_string(index=False, float_format="{:.3f}".format, na_rep="-"),
        *(f"{entry.name}: {entry.refused} not scored. {entry.reason}" for entry in result.conditions if entry.refused),
        "",
        *(
            f"queries asked {entry.company}: scores differ by at most {entry.largest:.2g}, {entry.mean:.2g} on average"
            f"{', as arithmetic makes' if entry.independent else ': THEY DEPEND ON THEIR COMPANY'}"
            for entry in result.company
        ),
        "",
        *(
            f"asked by {entry.kind}, {entry.classes} classes: macro AUROC {entry.macro:.3f}"
            f"{'' if np.isnan(entry.macro_as_written) else f', {entry.macro_as_written:.3f} without the dictionary'}"
            for entry in result.wording_means
        ),
        "",
        *map(_describe_wordings, result.paraphrases),
    ]
    return "\n".join(lines)


def describe_missing(table: MissingSignal) -> str:
    """Return what missing leads and seconds cost as text for a terminal."""
    rows = pd.DataFrame(
        {
            "missing": words_of(one),
            "mean loss": one.mean,
            "findings above the limit": sum(loss > MOST_LOST for loss in one.losses.values()),
            "most lost": max(one.losses, key=one.losses.__getitem__, default=""),
            "loss": max(one.losses.values(), default=float("nan")),
        }
        for one in table.conditions
    )
    findings = len(table.conditions[0].losses)
    head = (
        f"{table.split}: {table.records} records, {findings} findings, checkpoint {table.checkpoint}; AUROC lost, and "
        f"how many findings lose more than {MOST_LOST:g}, so that their scores are withheld"
    )
    return f"{head}\n\n{rows.to_string(index=False, float_format='{:.3f}'.format)}"


def _describe_wordings(entry: ParaphraseResult) -> str:
    """Return the class's AUROC and the range of those of its paraphrases; the JSON names each of them."""
    if np.isnan(entry.auroc):
        return f"{entry.code} {entry.query!r}: no AUROC"
    wordings = entry.wordings
    low, high = (pick(wordings, key=lambda wording: wording.auroc_as_written) for pick in (min, max))
    known = sum(one.known for one in wordings)
    return (
        f"{entry.code} {entry.query!r} {entry.auroc:.3f}; {len(wordings)} paraphrases, {known} known to the "
        f"dictionary, {min(one.auroc for one in wordings):.3f} to {max(one.auroc for one in wordings):.3f}; without it "
        f"{low.auroc_as_written:.3f} ({low.text!r}) to {high.auroc_as_written:.3f} ({high.text!r})"
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem robustness", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--task", required=True, help=f"one of {', '.join(TASK_NAMES)}")
    parser.add_argument("--data", type=Path, required=True, help="folder of the task's corpus")
    parser.add_argument("--folds", type=parse_folds, help="default: 9 of PTB-XL, else every record")
    parser.add_argument("--labels", choices=LABEL_VARIANTS, default="exact", help="merl: as in the published tables")
    parser.add_argument("--records", type=int, help="so many of them, evenly spread; default: all")
    parser.add_argument("--paraphrases", type=Path, metavar="FILE", help=".json or .toml; default: our terms' wordings")
    parser.add_argument("--missing", action="store_true", help="what missing leads and seconds cost each finding")
    parser.add_argument("--card", action="store_true", help="with --missing: write that into the model card")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    add_result_options(parser, bootstrap=500)
    args = parser.parse_args(argv)
    if args.card and not args.missing:
        parser.error("--card goes with --missing")

    def work() -> None:
        from suprem.experiments import disturbing, thinning
        from suprem.experiments.configurations import ZeroShotConfig
        from suprem.inference.predictor import Predictor
        from suprem.model.checkpoint import write_card

        settings = load_settings()
        predictor = Predictor.configured(settings, args.checkpoint)
        asked = ZeroShotConfig(args.task, args.data, args.folds, args.labels, bootstrap=args.bootstrap)
        if args.missing:
            table = thinning.run(asked, args.records, predictor, ConsoleProgress("robustness"))
            if args.card:
                write_card(args.checkpoint or settings.checkpoint, replace(predictor.card, missing_signal=table))
            hand_over(to_json(table), lambda: describe_missing(table), out=args.out, json=args.json)
            return
        result = disturbing.run(
            disturbing.RobustnessConfig(asked, args.records, args.paraphrases), predictor, ConsoleProgress("robustness")
        )
        hand_over(result.to_json(), lambda: describe(result), out=args.out, json=args.json)

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
