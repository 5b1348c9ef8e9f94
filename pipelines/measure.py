"""Measure ECG files: heart rate, PR, QRS, QT, QTc, axis, ST level per lead; automatic and unconfirmed.

    python -m pipelines.measure --ecg FILE... [--json]
    python -m pipelines.measure --folder DIR
    python -m pipelines.measure --folder LUDB --reference ludb

Prints one row a record: each value, or a dash whose reason is in the JSON. Of a longer recording the cleanest 10 s are
measured, as on the page. `--reference ludb` compares with the manual marks beside the records and prints errors.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.score import gather_paths, record_ids
from pipelines.stage import run_stage, say
from suprem.ecg.ludb_marks import global_intervals, read_ludb, read_marks, typical_intervals
from suprem.ecg.measure import UNCONFIRMED, Measurements, measure
from suprem.ecg.preprocess import choose_window, crop
from suprem.ecg.readers import read_ecg
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError
from suprem.export import RESEARCH_USE, text_cell

WINDOW_SECONDS = 10.0
COMPARED = {"Heart rate": "heart_rate", "PR": "pr", "QRS": "qrs", "QT": "qt"}


def measure_window(record: EcgRecord) -> Measurements:
    """Measure what the page shows at first: the whole recording or its cleanest ten seconds."""
    return measure(crop(record, choose_window(record, WINDOW_SECONDS), WINDOW_SECONDS))


def as_json(found: Measurements) -> dict[str, Any]:
    """Return the measurements as plain values, each with its unit, reason and caution."""
    by_lead = {"st": found.st, "r": found.r, "s": found.s}
    return {
        **{name: asdict(value) for name, value in found.intervals.items()},
        "rhythm": found.rhythm,
        **{name: {lead: asdict(value) for lead, value in values.items()} for name, values in by_lead.items()},
        "beats": {"found": found.beats, "used": found.used, "early": found.early, "other_shape": found.other_shape},
        "status": UNCONFIRMED,
    }


def agreement(paths: Sequence[Path]) -> list[str]:
    """Return the lines of a table: errors against LUDB's marks, over all leads and of a typical lead.

    Raises:
        EcgError: A path is no record of LUDB with its marks.
    """
    errors: dict[tuple[str, str], list[float]] = {}
    suppressed = dict.fromkeys(COMPARED, 0)
    for path in paths:
        found, marks = measure_window(read_ludb(path)), read_marks(path)
        for kind, manual in (("typical lead", typical_intervals(marks)), ("all leads", global_intervals(marks))):
            for name, field in COMPARED.items():
                value, truth = found.intervals[name].value, getattr(manual, field)
                if truth is not None and value is not None:
                    errors.setdefault((name, kind), []).append(value - truth)
                elif truth is not None and kind == "typical lead":
                    suppressed[name] += 1
    lines = ["value,marks,records,suppressed,mean,sd,median_absolute,largest_absolute"]
    for (name, kind), values in errors.items():
        size = np.abs(values)
        figures = (np.mean(values), np.std(values), np.median(size), size.max())
        lines.append(
            f"{name},{kind},{len(values)},{suppressed[name]},{','.join(f'{figure:.1f}' for figure in figures)}"
        )
    return lines


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.measure", description=__doc__.splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--ecg", type=Path, nargs="+", default=[], metavar="FILE", help="ECG files")
    parser.add_argument("--folder", type=Path, help="measure every ECG below this folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object a record, with reasons")
    parser.add_argument("--reference", choices=("ludb",), help="print the errors against these manual marks")
    args = parser.parse_args(argv)

    def work() -> int:
        paths = gather_paths(args.ecg, args.folder)
        if args.reference:
            print("\n".join(agreement(paths)))
            return 0
        done = 0
        for record_id, path in zip(record_ids(paths), paths, strict=True):
            try:
                found = measure_window(read_ecg(path))
            except EcgError as error:
                say(f"{record_id}: {error}")
                continue
            if args.json:
                print(json.dumps({"record_id": record_id, **as_json(found)}))
            else:
                if not done:
                    print(",".join(["record_id", *found.intervals, "rhythm"]))
                cells = ["-" if value.value is None else f"{value.value:.0f}" for value in found.intervals.values()]
                print(",".join([text_cell(record_id), *cells, found.rhythm]))
            done += 1
        return 0 if done else 2

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
