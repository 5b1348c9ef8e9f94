"""Scores as a CSV file that a spreadsheet opens safely and that says what it is."""

from __future__ import annotations

from collections.abc import Sequence

from suprem.export import csv_text, text_cell
from suprem.inference.score import QueryScore

COLUMNS = (
    *("record", "query", "text_scored", "score", "logit", "auroc_lost", "missing"),
    *("support", "nearest_trained_terms", "checkpoint"),
)


def scores_as_csv(scores: Sequence[QueryScore], record: str) -> str:
    """Return the scores of one recording, with the research-use notice below them.

    Args:
        scores: In the order of the file.
        record: What the page calls the recording; never the name of an uploaded file.
    """
    rows = []
    for score in scores:
        nearest = "; ".join(f"{term} ({cosine:.2f})" for term, cosine in score.nearest)
        texts = (score.query, score.prompt, str(score.support), nearest, score.checkpoint)
        query, prompt, support, nearest, checkpoint = map(text_cell, texts)
        missing = score.missing
        lost = "" if missing is None or missing.loss is None else f"{missing.loss:.6f}"
        said = text_cell(missing.sentence if missing else "")
        numbers = (f"{score.score:.6f}", f"{score.logit:.6f}", lost, said)
        rows.append((text_cell(record), query, prompt, *numbers, support, nearest, checkpoint))
    return csv_text(COLUMNS, rows)
