"""Hold the graded signal quality against recordings that people judged.

    python -m pipelines.check_quality --data DATA/quality2011

DATA/quality2011 holds WFDB records and labels.csv (record_id, quality: acceptable or unacceptable), as of the
PhysioNet/CinC Challenge 2011. Prints how the quality orders them (AUROC with a 95 % interval), how many of each kind
are blocked and warned of, how often an exchange of electrodes is suspected in acceptable ones, and which checks warn.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pipelines.stage import run_stage
from suprem.ecg.checks.quality import Level, assess_quality, blocked, signal_quality
from suprem.ecg.formats.readers import read_ecg
from suprem.errors import DatasetError
from suprem.evaluation.metrics import auroc, patient_resamples, percentile_interval, resampled_auroc
from suprem.export import RESEARCH_USE

_DRAWS = 1000


@dataclass(frozen=True)
class GateFigures:
    """What the gate does with judged recordings; shares are of the recordings of that judgement."""

    acceptable: int
    unacceptable: int
    auroc: float
    auroc_low: float
    auroc_high: float
    blocked_unacceptable: float
    blocked_acceptable: float
    warned_unacceptable: float
    warned_acceptable: float
    exchange_acceptable: float
    warnings_of_acceptable: dict[str, int]


def judge(folder: Path) -> GateFigures:
    """Return the figures of a folder of judged recordings.

    Raises:
        DatasetError: It is no such folder.
    """
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise DatasetError(f"There is no {labels}; expected labels.csv with record_id and quality beside the records.")
    with labels.open(newline="", encoding="utf-8") as file:
        rows = [(row["record_id"], row["quality"] == "unacceptable") for row in csv.DictReader(file)]
    poor = np.array([is_poor for _, is_poor in rows])
    if not poor.any() or poor.all():
        raise DatasetError(f"{labels} holds only one judgement; expected acceptable and unacceptable recordings.")
    quality, stopped, warned, exchanged = (np.zeros(len(rows)) for _ in range(4))
    warnings: Counter[str] = Counter()
    for index, (record_id, is_poor) in enumerate(rows):
        findings = assess_quality(read_ecg(folder / f"{record_id}.hea"))
        grave = [finding for finding in findings if finding.level in (Level.WARN, Level.BLOCK)]
        graded = signal_quality(findings)
        quality[index] = graded.value if graded else 0.0
        stopped[index], warned[index] = blocked(findings), bool(grave)
        exchanged[index] = any(finding.exchange is not None for finding in findings)
        if not is_poor:
            warnings.update({finding.check for finding in grave})
    resamples = patient_resamples([record_id for record_id, _ in rows], draws=_DRAWS, seed=0)
    low, high = percentile_interval(resampled_auroc(poor[:, None], -quality[:, None], resamples)).ravel()
    return GateFigures(
        acceptable=int((~poor).sum()),
        unacceptable=int(poor.sum()),
        auroc=float(auroc(poor[:, None], -quality[:, None])[0]),
        auroc_low=float(low),
        auroc_high=float(high),
        blocked_unacceptable=float(stopped[poor].mean()),
        blocked_acceptable=float(stopped[~poor].mean()),
        warned_unacceptable=float(warned[poor].mean()),
        warned_acceptable=float(warned[~poor].mean()),
        exchange_acceptable=float(exchanged[~poor].mean()),
        warnings_of_acceptable=dict(warnings.most_common()),
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem check-quality", description=__doc__.splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="records with labels.csv")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)

    def work() -> int:
        figures = judge(args.data)
        if args.json:
            print(json.dumps(asdict(figures)))
            return 0
        print(f"{figures.acceptable} acceptable and {figures.unacceptable} unacceptable recordings")
        print(f"AUROC of the graded quality {figures.auroc:.3f} ({figures.auroc_low:.3f} to {figures.auroc_high:.3f})")
        for what, of_poor, of_good in (
            ("blocked", figures.blocked_unacceptable, figures.blocked_acceptable),
            ("warned of or blocked", figures.warned_unacceptable, figures.warned_acceptable),
        ):
            print(f"{what}: {of_poor:.1%} of the unacceptable, {of_good:.1%} of the acceptable")
        print(f"exchanged electrodes suspected in {figures.exchange_acceptable:.1%} of the acceptable")
        print(f"what warns of acceptable ones: {figures.warnings_of_acceptable}")
        return 0

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
