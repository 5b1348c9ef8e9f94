"""The work of `score` on files: their rows; loaded when it begins, because torch is."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from pipelines.inputs import gather_paths, gather_queries
from pipelines.recordings import table_of
from pipelines.score_formats import hand_over_as
from pipelines.stage import ConsoleProgress, say
from suprem.atomic import replacing
from suprem.concepts.negation import SetAside, set_negations_aside
from suprem.concepts.qualifiers import near_sentence
from suprem.concepts.query import CardiacQuery, Support
from suprem.concepts.vocabulary import Vocabulary
from suprem.errors import QueryError
from suprem.export import text_cell
from suprem.inference.files import (
    Placed,
    Remarked,
    ScoreRow,
    Unscored,
    WindowsRow,
    Withheld,
    score_files,
    score_windows,
)
from suprem.inference.predictor import BATCH, Predictor
from suprem.settings import load_settings

COLUMNS = ("record_id", "query", "score", "logit", "support")
MORE_COLUMNS = ("prompt", "nearest", "code", "reference_percentile", "probability", "auroc_lost", "missing", "remarks")
OTHER_SYSTEMS = ("fhir", "dicom-sr")
WINDOW_COLUMNS = ("from_second", "mean_score", "windows")


def write_rows(
    rows: Sequence[ScoreRow], file: TextIO, remarks: Sequence[Remarked] = (), withheld: Sequence[Withheld] = ()
) -> None:
    """Write scores as CSV, with what was assumed and is warned of in the last column; one that is withheld has a row
    without a score.

    Cells that a spreadsheet would run as a formula are quoted with an apostrophe.
    """
    said = {one.record_id: sentence(one) for one in remarks}
    writer = csv.writer(file, lineterminator="\n")
    whole = any(isinstance(row, WindowsRow) for row in rows)
    writer.writerow([*COLUMNS, *(WINDOW_COLUMNS if whole else ()), *MORE_COLUMNS])
    for row in rows:
        cells = [text_cell(row.record_id), text_cell(row.query), f"{row.score:.6f}", f"{row.logit:.6f}", row.support]
        if isinstance(row, WindowsRow):
            cells += [f"{row.from_second:.2f}", f"{row.mean_score:.6f}", str(row.windows)]
        nearest = "; ".join(f"{term} ({cosine:.2f})" for term, cosine in row.nearest)
        figures = (row.reference_percentile, row.probability, row.auroc_lost)
        cells += [*map(text_cell, (row.prompt, nearest, row.code)), *map(_number, figures), text_cell(row.missing)]
        writer.writerow([*cells, text_cell(said.get(row.record_id, ""))])
    for one in withheld:
        empty = [""] * (3 + (len(WINDOW_COLUMNS) if whole else 0) + 5)
        cells = [text_cell(one.record_id), text_cell(one.query), *empty, _number(one.auroc_lost), text_cell(one.reason)]
        writer.writerow([*cells, text_cell(said.get(one.record_id, ""))])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def sentence(remark: Remarked) -> str:
    """Return what was assumed in reading a record and what the quality check warns of, in one line."""
    return " ".join(filter(None, (*remark.notes, remark.warnings)))


def cautions(queries: Sequence[CardiacQuery], predictor: Predictor) -> list[dict[str, str]]:
    """Return what to know of queries that an ECG model cannot answer, or answers for a finding near them."""
    said = []
    for query, found in zip(queries, predictor.support(queries), strict=True):
        near = found.support is Support.NEAR and found.nearest
        sentence = near_sentence(query.text, query.prompt, found.nearest[0][0]) if near else ""
        said += [{"query": query.text, "caution": words} for words in (query.caution, sentence) if words]
    return said


def answerable(asked: Sequence[CardiacQuery], vocabulary: Vocabulary) -> tuple[list[CardiacQuery], list[SetAside]]:
    """Return the queries to score, and those that ask for an absence.

    Raises:
        QueryError: None is left.
    """
    queries, aside = set_negations_aside(asked, vocabulary)
    if not queries:
        raise QueryError(" ".join(query.reason for query in aside))
    return queries, aside


def score_some(args: argparse.Namespace) -> int:
    """Score files, and print or write the rows."""
    paths = gather_paths(args.ecg, args.folder, links=not args.no_links)
    predictor = Predictor.configured(load_settings(), args.checkpoint)
    asked = gather_queries(args.query, args.queries, predictor.vocabulary)
    queries, aside = answerable(asked, predictor.vocabulary)
    options: dict[str, Any] = {
        "table": table_of(args),
        "ignore_quality": args.ignore_quality,
        "give_withheld": args.withheld,
    }
    items: Iterator[ScoreRow | Withheld | Placed | Remarked | Unscored]
    if args.windows == "all":
        items = score_windows(predictor, paths, queries, **options)
    else:
        items = score_files(predictor, paths, queries, place=args.format == "json", **options)
    progress = ConsoleProgress("score")
    rows: list[ScoreRow] = []
    places: list[Placed] = []
    errors: list[Unscored] = []
    remarks: list[Remarked] = []
    withheld: list[Withheld] = []
    for item in items:
        if isinstance(item, ScoreRow):
            rows.append(item)
        elif isinstance(item, Placed):
            places.append(item)
        elif isinstance(item, Remarked):
            remarks.append(item)
        elif isinstance(item, Withheld):
            withheld.append(item)
        else:
            errors.append(item)
        if len(paths) > BATCH:
            done = (len(rows) + len(withheld)) // len(queries) + len(errors)
            progress(done / len(paths), f"{done} of {len(paths)} records, {len(errors)} without scores")

    if args.out and args.format not in OTHER_SYSTEMS:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(args.out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            write_rows(rows, file, remarks, withheld)
    for remark in remarks:
        say(f"{remark.record_id}: {sentence(remark)}")
    for text in dict.fromkeys(f"{row.record_id}, {row.query}: {row.missing}" for row in rows if row.missing):
        say(text)
    for one in withheld:
        say(f"{one.record_id}, {one.query}: {one.reason} Ask for it by --withheld.")
    if args.format == "json":
        content = {
            "checkpoint": predictor.id,
            "encoder": predictor.encoder.name,
            "scores": rows,
            "withheld": withheld,
            "familiarity": places,
            "remarks": remarks,
            "errors": errors,
            "not_scored": [{**asdict(query), "reason": query.reason} for query in aside],
            "cautions": cautions(queries, predictor),
        }
        print(json.dumps(content, default=asdict))
        return 0 if rows or withheld else 2
    if args.format in OTHER_SYSTEMS:
        hand_over_as(args.format, args.out, predictor, rows, remarks, withheld, errors)
    elif not args.out:
        write_rows(rows, sys.stdout, remarks, withheld)
    for error in errors:
        say(f"{error.record_id}: {error.reason}")
    for query in queries:
        if query.caution:
            say(f"“{query.text}”: {query.caution}")
    for negation in aside:
        say(negation.reason)
    return 0 if rows or withheld else 2
