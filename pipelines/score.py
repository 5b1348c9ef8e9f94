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
Where leads or seconds are missing, each score says what that costs by the table in the model card, and is withheld,
unless --withheld asks for it, where its finding loses more than a tenth of what a perfect score gains.
--format fhir and dicom-sr are for other systems: preliminary, marked as research, without a patient. Several processes
share --results by --part I/N, and --finish makes one cohort of what they scored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.array import part_of, part_options, read_array, start
from pipelines.recordings import add_table_options
from pipelines.stage import is_job, job_of, run_stage
from suprem.export import RESEARCH_USE


def read(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="suprem score", description=__doc__.splitlines()[0], epilog=RESEARCH_USE, parents=[part_options()]
    )
    parser.add_argument("--ecg", type=Path, nargs="+", default=[], metavar="FILE", help="ECG files")
    parser.add_argument("--folder", type=Path, help="score every ECG below this folder")
    parser.add_argument("--query", nargs="+", action="extend", default=[], metavar="TEXT", help="what to look for")
    parser.add_argument("--queries", type=Path, metavar="FILE", help="queries, one a line")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    add_table_options(parser)
    parser.add_argument("--ignore-quality", action="store_true", help="score also what the quality gate blocks")
    parser.add_argument(
        "--withheld", action="store_true", help="give also scores of which too much of the recording is missing"
    )
    parser.add_argument(
        "--windows",
        choices=("cleanest", "all"),
        default="cleanest",
        help="of a long recording score the cleanest window, or all: the highest score, where, and the mean",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the rows here, or the bundle, or the reports into this folder"
    )
    parser.add_argument(
        "--results", type=Path, metavar="COHORT", help="write a folder of results; go on if it is there"
    )
    parser.add_argument("--no-links", action="store_true", help="leave out symbolic links below --folder")
    parser.add_argument(
        "--format",
        choices=("csv", "json", "fhir", "dicom-sr"),
        default="csv",
        help="rows (the default), one JSON object, a FHIR R4 Bundle, or DICOM structured reports in the folder --out",
    )
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="short for --format json")
    args = parser.parse_args(argv)
    if args.format == "dicom-sr" and args.out is None:
        parser.error("--format dicom-sr writes one file a recording; name their folder with --out")
    if args.format in ("fhir", "dicom-sr") and args.windows == "all":
        parser.error("--format fhir and dicom-sr tell of one window of each recording; leave out --windows all")
    if args.results and (args.folder is None or args.ecg or args.out or args.format != "csv"):
        parser.error("--results goes with --folder alone")
    if (args.part or args.finish or args.array) and not args.results:
        parser.error("--part, --finish and --array go with --results")
    if args.results and args.windows == "all":
        parser.error("--results holds one window of each recording; leave out --windows all")
    return args


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    args = read([] if is_job(argv) else argv)

    def work() -> int:
        from pipelines.recordings import table_of
        from pipelines.score_folders import finish_folder, score_folder
        from pipelines.score_rows import score_some
        from suprem.experiments.configurations import CohortRequest

        job = job_of(argv, CohortRequest)
        if job is not None:
            return score_folder(job)
        if not args.results:
            return score_some(args)
        array, words = read_array(argv)
        if array.array:
            print(start("score", words, array))
            return 0
        if args.finish:
            return finish_folder(args.results)
        asked = CohortRequest(
            folder=args.folder,
            queries=args.queries,
            results=args.results,
            checkpoint=args.checkpoint,
            ignore_quality=args.ignore_quality,
            links=not args.no_links,
            table=table_of(args),
        )
        return score_folder(asked, args.query, part_of(args))

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
