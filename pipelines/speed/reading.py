"""Reading one ECG: what the page computes for an upload, a new query, a what-if edit and an explanation."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path

import numpy as np

from pipelines.speed.figure import Figure, median_seconds, seconds_in_turn
from suprem.ecg.checks.quality import assess_quality
from suprem.ecg.edit import Edit, EditKind, apply_edits
from suprem.ecg.formats.readers import read_upload
from suprem.ecg.measurement.measure import measure
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.inference.explain import explain, read_record
from suprem.inference.predictor import Predictor

QUERIES = 9
"""As many as the page asks at first."""


def reading_figures(checkpoint: Path, *, repeats: int = 7) -> list[Figure]:
    """Measure each step as the page does it, without the browser."""
    predictor = Predictor.load(checkpoint)
    record = synthesize(SyntheticSpec(seed=1))
    queries = predictor.vocabulary.names[:QUERIES]
    packed = io.BytesIO()
    np.savez(packed, signal=record.signal, fs=record.fs, leads=np.array(record.leads), units=np.array(["mV"]))
    upload = {"x.npz": packed.getvalue()}
    numbers = count()

    def whole() -> None:
        read = read_upload(upload)
        assess_quality(read)
        measure(read)
        answer(read)

    def answer(read: EcgRecord) -> None:
        encoded = predictor.encode_record(read)
        predictor.score(encoded, queries)
        predictor.wording_spread(encoded, queries)
        predictor.familiarity(encoded)

    def what_if() -> None:
        predictor.score(apply_edits(record, [Edit(EditKind.DROP, "V1")]), queries)

    once = seconds_in_turn(
        {"answer": lambda: answer(record), "encode": lambda: predictor.encode_record(record)}, repeats=repeats
    )
    page = median_seconds(whole, repeats=repeats)
    measuring = median_seconds(lambda: measure(record), repeats=repeats)
    asked = median_seconds(lambda: predictor.score(record, [f"finding {next(numbers)}"]), repeats=repeats)
    edited = median_seconds(what_if, repeats=repeats)
    occlusion = median_seconds(
        lambda: explain(predictor, read_record(predictor, record), queries[:1]), repeats=min(repeats, 3)
    )
    return [
        Figure("upload to all values on the page", page, "s", "computed; drawing the trace comes on top", "< 2"),
        Figure("  of it measurements", 1e3 * measuring, "ms"),
        Figure("  all answers over preparing and encoding once", once["answer"] / once["encode"], "", wanted="<= 1.5"),
        Figure("a query in new words", 1e3 * asked, "ms", "embedded and scored", "< 300"),
        Figure("a what-if edit", 1e3 * edited, "ms", f"{QUERIES} queries", "< 300"),
        Figure("full occlusion map", occlusion, "s", "with attention and their agreement", "< 3"),
    ]
