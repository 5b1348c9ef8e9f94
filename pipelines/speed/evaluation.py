"""Evaluation: the bootstrap over a task as large as PTB-XL's test fold, and a whole zero-shot evaluation of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.speed.figure import Figure, seconds
from pipelines.speed.storage import write_recordings
from suprem.datasets.catalog import load_task
from suprem.datasets.corpora import CORPORA
from suprem.datasets.index import RecordIndex
from suprem.datasets.task import LabelledRecords
from suprem.evaluation.leakage import RecordingHashes
from suprem.evaluation.metrics import patient_resamples, resampled_auroc
from suprem.evaluation.query_set import SIMPLIFIED, QuerySet
from suprem.evaluation.scoring import ScoredRecords, score_query_sets
from suprem.evaluation.zero_shot import Setting, evaluate_scores
from suprem.experiments.zero_shot import read_signals
from suprem.inference.predictor import Predictor

RECORDS = 2_198
"""Records of PTB-XL's test fold."""

DRAWS = 2_000
SCORED = 200
"""Recordings that are read and scored; the time of all records is calculated from theirs."""


def evaluation_figures(checkpoint: Path, *, records: int = RECORDS, scored: int = SCORED) -> list[Figure]:
    """Measure on labels of the 71 statements and scores that carry some of them; what they say does not matter."""
    labelled = labelled_noise(records)
    present = labelled.present
    logits = np.random.default_rng(1).normal(size=present.shape) + present
    size = f"{records:,} records x {present.shape[1]} classes"
    draws = seconds(lambda: resampled_auroc(present, logits, patient_resamples(labelled.patients, draws=DRAWS, seed=0)))
    queries = QuerySet(SIMPLIFIED, tuple((query,) for query in labelled.task.queries))
    found = ScoredRecords(labelled.record_ids, logits, ())
    judging = seconds(lambda: evaluate_scores(found, labelled, Setting("noise", "none", "none"), queries))
    scoring = scoring_seconds(checkpoint, queries, scored) * records / scored
    note = f"reading and scoring {scoring:.0f} s, calculated from {scored} of 500 Hz; figures {judging:.1f} s"
    return [
        Figure(f"{DRAWS:,} bootstrap draws, {size}", draws, "s", "AUROC of every class in every draw", "< 10"),
        Figure(f"zero-shot evaluation, {size}", scoring + judging, "s", note, "< 300"),
    ]


def scoring_seconds(checkpoint: Path, queries: QuerySet, records: int) -> float:
    """Return how long some recordings of 12 leads and 500 Hz take from their files to logits."""
    predictor = Predictor.load(checkpoint)
    predictor.vectors(queries.asked)  # queries are embedded once, however many records there are
    with tempfile.TemporaryDirectory() as place:
        index = CORPORA["mimic"].index(write_recordings(Path(place), records), None, predictor.spec.fs)
        signals = read_signals(
            [index], predictor.spec, "cleanest", lambda _fraction, _message: None, RecordingHashes(), {}
        )
        return seconds(lambda: score_query_sets(predictor, signals, [queries]))


def labelled_noise(records: int) -> LabelledRecords:
    """Return records with labels of the 71 statements at prevalences from 40 % down to one in 500."""
    task, random = load_task("ptbxl_all"), np.random.default_rng(0)
    present = random.random((records, len(task.classes))) < np.geomspace(0.4, 0.002, len(task.classes))
    names = [f"noise-{row}" for row in range(records)]
    table = pd.DataFrame(
        {
            "record_id": names,
            "patient_id": [f"patient-{row // 2}" for row in range(records)],
            "path": names,
            "fold": 9,
            "age": 20.0 + np.arange(records) % 70,
            "sex": np.where(np.arange(records) % 2, "female", "male"),
            "device": "noise",
            "codes": [()] * records,
        }
    )
    return LabelledRecords(task, RecordIndex(corpus="noise", root=Path(), table=table), present)
