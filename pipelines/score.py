"""Score ECG files against typed queries.

    python -m pipelines.score --ecg FILE... --query "atrial fibrillation" --query "left bundle branch block"
    python -m pipelines.score --folder DIR --queries FILE.txt --out scores.csv
    python -m pipelines.score --folder DIR --queries FILE.txt --results COHORT

Prints one row per record and query: record_id, query, score, logit, support (trained, near or outside the training
vocabulary). A record that cannot be read or fails the quality gate is reported with its reason and stops no other.
A query that asks for an absence ("no atrial fibrillation") has no row: the finding it denies is scored under its own
name, and that is said. --json also says how like the reference ECGs of the checkpoint each record is. Of a recording
longer than the model's window the cleanest is scored; --windows all scores them all, gives the highest score with the
second from which it is and the mean, and places no record among the reference ECGs, which are one window each.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pipelines.inputs import gather_paths, gather_queries
from pipelines.stage import ConsoleProgress, provenance, run_stage, say, stop_on_signal
from suprem.atomic import replacing
from suprem.errors import QueryError
from suprem.export import RESEARCH_USE, text_cell
from suprem.settings import load_settings

if TYPE_CHECKING:  # loaded when it is used: torch takes seconds, which --help need not wait for
    from suprem.inference.files import ScoreRow, Unscored

COLUMNS = ("record_id", "query", "score", "logit", "support")
WINDOW_COLUMNS = ("from_second", "mean_score", "windows")


def write_rows(rows: Sequence[ScoreRow], file: TextIO) -> None:
    """Write scores as CSV. Cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    from suprem.inference.files import WindowsRow

    writer = csv.writer(file, lineterminator="\n")
    whole = any(isinstance(row, WindowsRow) for row in rows)
    writer.writerow([*COLUMNS, *(WINDOW_COLUMNS if whole else ())])
    for row in rows:
        cells = [text_cell(row.record_id), text_cell(row.query), f"{row.score:.6f}", f"{row.logit:.6f}", row.support]
        if isinstance(row, WindowsRow):
            cells += [f"{row.from_second:.2f}", f"{row.mean_score:.6f}", str(row.windows)]
        writer.writerow(cells)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem score", description=__doc__.splitlines()[0], epilog=RESEARCH_USE)
    parser.add_argument("--ecg", type=Path, nargs="+", default=[], metavar="FILE", help="ECG files")
    parser.add_argument("--folder", type=Path, help="score every ECG below this folder")
    parser.add_argument("--query", nargs="+", action="extend", default=[], metavar="TEXT", help="what to look for")
    parser.add_argument("--queries", type=Path, metavar="FILE", help="queries, one a line")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--fs", type=float, help="sampling rate in Hz of a table that does not state it")
    parser.add_argument("--unit", choices=("mV", "uV", "V"), help="unit of a table that does not state it")
    parser.add_argument("--leads", help="leads of a table that does not name them, separated by commas")
    parser.add_argument("--ignore-quality", action="store_true", help="score also what the quality gate blocks")
    parser.add_argument(
        "--windows",
        choices=("cleanest", "all"),
        default="cleanest",
        help="of a long recording score the cleanest window, or all: the highest score, where, and the mean",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the rows here")
    parser.add_argument(
        "--results", type=Path, metavar="COHORT", help="write a folder of results; go on if it is there"
    )
    parser.add_argument("--no-links", action="store_true", help="leave out symbolic links below --folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object with scores and errors")
    args = parser.parse_args(argv)
    if args.results and (args.folder is None or args.ecg or args.out or args.json):
        parser.error("--results goes with --folder alone")
    if args.results and args.windows == "all":
        parser.error("--results holds one window of each recording; leave out --windows all")

    def work() -> int:
        from suprem.concepts.negation import set_negations_aside
        from suprem.ecg.formats.table import TableFormat
        from suprem.inference.cohort import Plan, begin
        from suprem.inference.files import Placed, ScoreRow, score_cohort, score_files, score_windows
        from suprem.inference.predictor import BATCH, Predictor

        paths = gather_paths(args.ecg, args.folder, links=not args.no_links)
        settings = load_settings()
        predictor = Predictor.configured(settings, args.checkpoint)
        asked = gather_queries(args.query, args.queries, predictor.vocabulary)
        queries, aside = set_negations_aside(asked, predictor.vocabulary)
        if not queries:
            raise QueryError(" ".join(query.reason for query in aside))
        leads = tuple(name.strip() for name in args.leads.split(",")) if args.leads else None
        table = TableFormat(fs=args.fs, unit=args.unit, leads=leads)

        progress = ConsoleProgress("score")
        if args.results:
            plan = Plan(
                source=args.folder.absolute(),
                files=tuple(str(path.relative_to(args.folder)) for path in paths),
                queries=tuple(query.text for query in queries),
                support=tuple(str(found.support) for found in predictor.support(queries)),
                checkpoint=predictor.id,
                ignore_quality=args.ignore_quality,
                links=not args.no_links,
                table=table,
            )
            with stop_on_signal() as stopped:
                cohort = score_cohort(predictor, begin(args.results, plan), progress, stopped, provenance())
            say(f"{int(cohort.scored.sum())} of {cohort.done} records have scores.")
            return 0 if cohort.scored.any() else 2
        rows: list[ScoreRow] = []
        places: list[Placed] = []
        errors: list[Unscored] = []
        items: Iterator[ScoreRow | Placed | Unscored]
        if args.windows == "all":
            items = score_windows(predictor, paths, queries, table=table, ignore_quality=args.ignore_quality)
        else:
            items = score_files(
                predictor, paths, queries, table=table, ignore_quality=args.ignore_quality, place=args.json
            )
        for item in items:
            if isinstance(item, ScoreRow):
                rows.append(item)
            elif isinstance(item, Placed):
                places.append(item)
            else:
                errors.append(item)
            if len(paths) > BATCH:
                done = len(rows) // len(queries) + len(errors)
                progress(done / len(paths), f"{done} of {len(paths)} records, {len(errors)} without scores")

        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            with replacing(args.out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
                write_rows(rows, file)
        if args.json:
            origin = {"checkpoint": predictor.id, "encoder": predictor.encoder.name}
            cautions = [{"query": query.text, "caution": query.caution} for query in queries if query.caution]
            print(
                json.dumps(
                    {
                        **origin,
                        "scores": rows,
                        "familiarity": places,
                        "errors": errors,
                        "not_scored": [{**asdict(query), "reason": query.reason} for query in aside],
                        "cautions": cautions,
                    },
                    default=asdict,
                )
            )
        elif not args.out:
            write_rows(rows, sys.stdout)
        if not args.json:
            for error in errors:
                say(f"{error.record_id}: {error.reason}")
            for query in queries:
                if query.caution:
                    say(f"“{query.text}”: {query.caution}")
            for negation in aside:
                say(negation.reason)
        return 0 if rows else 2

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
