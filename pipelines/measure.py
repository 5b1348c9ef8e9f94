"""Measure ECG files: heart rate, P, PR, QRS, QT, QTc, axis, ST level per lead; automatic and unconfirmed.

    python -m pipelines.measure --ecg FILE... [--json]
    python -m pipelines.measure --folder DIR
    python -m pipelines.measure --folder LUDB --reference ludb
    python -m pipelines.measure --folder DIR --reference device
    python -m pipelines.measure --store STORE

Prints one row a record: each value, or a dash whose reason is in the JSON. Of a longer recording the cleanest 10 s are
measured, as on the page. `--reference` prints errors instead: `ludb` against the manual marks beside the records, with
how many heartbeats are found within 75 ms, `device` against what the recording device measured itself. `--store`
measures the records of a signal store and keeps the table in it, for training with `measured = true`; stopped, it goes
on where it was. Several processes share a store by --part I/N, and --finish makes the table of what they measured.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.array import part_of, part_options, read_array, start
from pipelines.inputs import gather_paths
from pipelines.recordings import add_table_options, remarks_on, said_in_one, say_remarks, table_of
from pipelines.stage import ConsoleProgress, run_stage, say
from suprem.datasets.measured import TABLE, join_parts, measure_part, measurements_of
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.measurement.ludb_marks import (
    BEAT_SECONDS,
    beat_times,
    global_intervals,
    matched_beats,
    read_ludb,
    read_marks,
    typical_intervals,
)
from suprem.ecg.measurement.measure import Measured
from suprem.ecg.measurement.median_beat import FS, locate_beats
from suprem.ecg.measurement.plain_values import measure_window, plain_values
from suprem.errors import ConfigError, EcgError
from suprem.export import RESEARCH_USE, text_cell
from suprem.settings import cores

DEVICE_NAMES = {
    "Heart rate": ("Ventricular Heart Rate", "Heart Rate"),
    "P": ("P Duration",),
    "PR": ("PR Interval",),
    "QRS": ("QRS Duration",),
    "QT": ("QT Interval",),
}
COMPARED = {"Heart rate": "heart_rate", "P": "p", "PR": "pr", "QRS": "qrs", "QT": "qt"}


class Errors:
    """Differences from a reference, value by value."""

    def __init__(self) -> None:
        self._errors: dict[tuple[str, str], list[float]] = {}
        self._suppressed: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, kind: str, measured: Measured, truth: float | None) -> None:
        """Compare one value; what the reference does not know is not counted."""
        if truth is not None and measured.value is not None:
            self._errors.setdefault((name, kind), []).append(measured.value - truth)
        elif truth is not None:
            self._suppressed[name, kind] += 1

    def lines(self) -> list[str]:
        """Return the table: measured minus reference."""
        lines = ["value,reference,records,suppressed,mean,sd,median_absolute,largest_absolute"]
        for (name, kind), values in self._errors.items():
            size = np.abs(values)
            figures = ",".join(f"{x:.1f}" for x in (np.mean(values), np.std(values), np.median(size), size.max()))
            lines.append(f"{name},{kind},{len(values)},{self._suppressed[name, kind]},{figures}")
        return lines


def against_marks(paths: Sequence[Path]) -> list[str]:
    """Return the lines of a table: errors against LUDB's marks, over all leads and of a typical lead, and heartbeats.

    Raises:
        EcgError: A path is no record of LUDB with its marks.
    """
    errors, hits, missed, extra = Errors(), 0, 0, 0
    for path in paths:
        record, marks = read_ludb(path), read_marks(path)
        measured = measure_window(record)
        for kind, manual in (("typical lead", typical_intervals(marks)), ("all leads", global_intervals(marks))):
            for name, field in COMPARED.items():
                errors.add(name, kind, measured.intervals[name], getattr(manual, field))
        counts = matched_beats(locate_beats(record).beats / FS, np.array(beat_times(marks)))
        hits, missed, extra = (total + count for total, count in zip((hits, missed, extra), counts, strict=True))
    score = 2 * hits / max(2 * hits + missed + extra, 1)
    beats = (
        f"heartbeats within {1000 * BEAT_SECONDS:g} ms: F1 {score:.4f}, {hits} found, {missed} missed, {extra} wrong"
    )
    return [*errors.lines(), beats]


def against_device(paths: Sequence[Path]) -> list[str]:
    """Return the lines of a table: differences from the device's own plausible values, where a file has any."""
    from suprem.inference.files import record_ids

    errors = Errors()
    for record_id, path in zip(record_ids(paths), paths, strict=True):
        try:
            record = read_ecg(path)
        except EcgError as error:
            say(f"{record_id}: {error}")
            continue
        measured = measure_window(record)
        for name, stated in DEVICE_NAMES.items():
            value = next((record.device[one] for one in stated if one in record.device), None)
            if value is not None and "implausible" not in value:
                errors.add(name, "device", measured.intervals[name], float(value.split()[0]))
    return errors.lines()


def measured_store(args: argparse.Namespace) -> str:
    """Measure a store, or a part of one, or make the table of the parts; return a sentence about it."""
    store, part = SignalStore.open(args.store), part_of(args)
    workers = cores()
    if part is not None:
        measure_part(args.store, store, part, workers=workers, progress=ConsoleProgress(f"measure {part}"))
        return f"part {part} is measured; --finish makes the table of all parts"
    if args.finish:
        table = join_parts(args.store, store)
    else:
        table = measurements_of(args.store, store, workers=workers, progress=ConsoleProgress("measure"))
    known = int(np.isfinite(table["heart_rate"]).sum())
    return f"{len(table):,} records, {known:,} with a heart rate, in {args.store / TABLE}"


REFERENCES = {"ludb": against_marks, "device": against_device}


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem measure", description=__doc__.splitlines()[0], epilog=RESEARCH_USE, parents=[part_options()]
    )
    parser.add_argument("--ecg", type=Path, nargs="+", default=[], metavar="FILE", help="ECG files")
    parser.add_argument("--folder", type=Path, help="measure every ECG below this folder")
    parser.add_argument("--store", type=Path, help="measure a signal store's records and keep the table in it")
    parser.add_argument("--json", action="store_true", help="print one JSON object a record, with reasons")
    add_table_options(parser)
    parser.add_argument("--reference", choices=sorted(REFERENCES), help="print the errors against these values")
    args = parser.parse_args(argv)

    def work() -> int:
        from suprem.inference.files import record_ids

        if args.store:
            array, rest = read_array(argv)
            print(start("measure", rest, array) if array.array else measured_store(args))
            return 0
        if args.part or args.finish or args.array:
            raise ConfigError("--part, --finish and --array go with --store.")
        paths = gather_paths(args.ecg, args.folder)
        if args.reference:
            print("\n".join(REFERENCES[args.reference](paths)))
            return 0
        done = 0
        for record_id, path in zip(record_ids(paths), paths, strict=True):
            try:
                record = read_ecg(path, table=table_of(args))
                measured = measure_window(record)
            except EcgError as error:
                say(f"{record_id}: {error}")
                continue
            remarks = remarks_on(record)
            say_remarks(remarks, record_id)
            if args.json:
                print(json.dumps({"record_id": record_id, **plain_values(measured), "remarks": remarks}))
            else:
                if not done:
                    print(",".join(["record_id", *measured.intervals, "rhythm", "remarks"]))
                cells = ["-" if value.value is None else f"{value.value:.0f}" for value in measured.intervals.values()]
                words = f'"{said_in_one(remarks).replace(chr(34), chr(39))}"'
                print(",".join([text_cell(record_id), *cells, measured.rhythm, words]))
            done += 1
        return 0 if done else 2

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
