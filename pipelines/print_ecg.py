"""Print an ECG to scale: A4 as PDF, or the same page as SVG or PNG.

    python -m pipelines.print_ecg --ecg FILE --out ecg.pdf
    python -m pipelines.print_ecg --ecg FILE --out ecg.pdf --layout 12x1 --speed 50 --filter muscle --measure
    python -m pipelines.print_ecg --ecg FILE --out ecg.pdf --query "atrial fibrillation" --query LBBB

25 mm/s and 10 mm/mV unless said otherwise, unfiltered, as the page shows it; of a longer recording ten seconds, the
cleanest ones or those from `--start`. Queries are scored and stand on a page of their own. The print holds neither the
name of the file nor anything that says whose ECG it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.inputs import gather_queries
from pipelines.recordings import add_table_options, remarks_on, say_remarks, table_of
from pipelines.stage import run_stage, say
from suprem.atomic import replacing
from suprem.ecg.checks.quality import Level, assess_quality
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.measurement.measure import measure
from suprem.ecg.preprocess import choose_window, crop
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError
from suprem.export import RESEARCH_USE
from suprem.inference.reference import reference_percentile
from suprem.paper.display_filter import DisplayFilter, possible_filters
from suprem.paper.drawing import PrintFormat
from suprem.paper.layout import GAINS, SPEEDS, STANDARD, Layout, PaperScale
from suprem.paper.printout import Printout, ScoreLine, print_ecg
from suprem.paper.view import View
from suprem.settings import load_settings

if TYPE_CHECKING:  # loaded when it is used: torch takes seconds, which --help need not wait for
    from suprem.inference.predictor import Predictor

WINDOW_SECONDS = 10.0
LAYOUTS = {
    "3x4+1": Layout.COLUMNS,
    "3x4+3": Layout.THREE_RHYTHMS,
    "6x2": Layout.TWO_COLUMNS,
    "12x1": Layout.FULL_LENGTH,
    "cabrera": Layout.CABRERA,
}
FILTERS = {one.name.lower().replace("_", "-"): one for one in DisplayFilter}
FORMATS = {f".{form}": form for form in PrintFormat}


def choose_filters(names: Sequence[str], fs: float) -> tuple[DisplayFilter, ...]:
    """Return the filters of the command line, in the order the page applies them.

    Raises:
        EcgError: The sampling rate has no room for one.
    """
    possible = possible_filters(fs)
    for name in names:
        if FILTERS[name] not in possible:
            raise EcgError(f"The filter {name} needs a higher sampling rate than {fs:g} Hz.")
    return tuple(one for one in possible if one in {FILTERS[name] for name in names})


def score_lines(
    predictor: Predictor, record: EcgRecord, texts: Sequence[str], file: Path | None, *, ignore_quality: bool
) -> list[ScoreLine]:
    """Score queries and return the lines of the print, highest first.

    Raises:
        EcgError: The quality gate blocks the recording.
        QueryError: A query cannot be used.
    """
    blocking = [finding.message for finding in assess_quality(record) if finding.level is Level.BLOCK]
    if blocking and not ignore_quality:
        raise EcgError(f"{' '.join(blocking)} To print scores all the same, add --ignore-quality.")
    queries = gather_queries(texts, file, predictor.vocabulary)
    lines = []
    for query, answer in zip(queries, predictor.score(record, queries), strict=True):
        place = reference_percentile(predictor.card, query.code, answer.logit)
        lines.append(ScoreLine(answer.query, answer.score, place.words if place else "", answer.support_words))
    return sorted(lines, key=lambda line: -line.score)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem print-ecg", description=__doc__.splitlines()[0], epilog=RESEARCH_USE)
    parser.add_argument("--ecg", type=Path, required=True, metavar="FILE", help="ECG file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.pdf", help="what to write: .pdf, .svg or .png")
    parser.add_argument("--layout", choices=LAYOUTS, default="3x4+1", help="arrangement of the leads")
    parser.add_argument("--speed", type=float, choices=SPEEDS, default=STANDARD.speed, help="mm/s")
    parser.add_argument("--gain", type=float, choices=GAINS, default=STANDARD.gain, help="mm/mV")
    parser.add_argument("--filter", choices=FILTERS, action="append", default=[], help="for display; may be repeated")
    parser.add_argument("--start", type=float, help="where the ten seconds begin, in seconds")
    parser.add_argument("--measure", action="store_true", help="measurements in the header")
    parser.add_argument("--query", nargs="+", action="extend", default=[], metavar="TEXT", help="print its score")
    parser.add_argument("--queries", type=Path, metavar="FILE", help="queries, one a line")
    parser.add_argument("--checkpoint", type=Path, help="scores with this one; default: the shipped one")
    parser.add_argument("--ignore-quality", action="store_true", help="score also what the quality gate blocks")
    add_table_options(parser)
    args = parser.parse_args(argv)
    form = FORMATS.get(args.out.suffix.lower())
    if form is None:
        parser.error(f"--out {args.out.name} says no format; let the name end in {', '.join(FORMATS)}")

    def work() -> int:
        from suprem.inference.predictor import Predictor

        whole = read_ecg(args.ecg, table=table_of(args))
        say_remarks(remarks_on(whole), args.ecg.stem)
        start = choose_window(whole, WINDOW_SECONDS) if args.start is None else args.start
        if not 0 <= start < whole.seconds:
            raise EcgError(f"--start {start:g} lies outside the recording of {whole.seconds:.1f} s.")
        record = crop(whole, start, WINDOW_SECONDS)
        scale = PaperScale(args.speed, args.gain)
        lines: list[ScoreLine] = []
        model = ""
        if args.query or args.queries:
            settings = load_settings()
            predictor = Predictor.configured(settings, args.checkpoint)
            lines = score_lines(predictor, record, args.query, args.queries, ignore_quality=args.ignore_quality)
            model = predictor.id
        printout = Printout(
            record,
            View(LAYOUTS[args.layout], scale, choose_filters(args.filter, record.fs)),
            start=start,
            measured=measure(record) if args.measure else None,
            scores=lines,
            model=model,
        )
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(args.out) as temporary:
            temporary.write_bytes(print_ecg(printout, form))
        say(f"{args.out}: {LAYOUTS[args.layout]} at {scale}. Print at 100 %, not fitted to the page.")
        return 0

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
