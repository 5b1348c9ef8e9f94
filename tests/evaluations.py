"""A finished evaluation as a folder, made of invented scores, so that nothing has to be scored to look at one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from suprem.datasets.catalog import load_task
from suprem.datasets.index import RecordIndex
from suprem.evaluation.evaluation_folder import PROBES, CorpusFolder, EvaluationFolder, write_manifest, write_results
from suprem.evaluation.leakage import LeakageCheck
from suprem.evaluation.probe_result import ProbeClass, ProbeResult, add_probe
from suprem.evaluation.query_set import QuerySet
from suprem.evaluation.report import FILES
from suprem.evaluation.results import Skipped
from suprem.evaluation.robustness_result import (
    CompanyResult,
    ConditionResult,
    ParaphraseResult,
    RobustnessResult,
    Wording,
)
from suprem.evaluation.scoring import ScoredRecords
from suprem.evaluation.zero_shot import Evaluation, Setting, evaluate_scores
from tests.tiny import ecg, write_wfdb

RHYTHMS = ("SR", "AFIB", "STACH")
RECORDS = 240


def corpus_index(root: Path, records: int = RECORDS) -> RecordIndex:
    """Return records of PTB-XL, two a patient, of three rhythms in turn; every file is the same ECG below `root`."""
    rows = [
        {
            "record_id": f"{row:05d}",
            "patient_id": str(row // 2),
            "path": "records100/00000/00001_lr",
            "fold": 9,
            "age": 30.0 + row % 60,
            "sex": ("female", "male")[row // 2 % 2],
            "device": "CS-12",
            "codes": (RHYTHMS[row % 3], "NORM" if row % 2 else "IMI"),
        }
        for row in range(records)
    ]
    return RecordIndex(corpus="ptb-xl", root=root, table=pd.DataFrame(rows))


def evaluate_invented(task: str, index: RecordIndex, *, checkpoint: str, noise: float, seed: int = 0) -> Evaluation:
    """Evaluate scores that are the labels and noise."""
    labelled = load_task(task).label(index)
    noises = np.random.default_rng(seed).normal(scale=noise, size=labelled.present.shape)
    scored = ScoredRecords(labelled.record_ids, (3.0 * labelled.present - 2.0 + noises).astype(np.float32), ())
    setting = Setting(
        "folds 9",
        checkpoint,
        "fake",
        draws=30,
        audit=(LeakageCheck("patients", True, "0 of 120 patients are also outside"),),
    )
    queries = QuerySet("simplified", tuple((query,) for query in labelled.task.queries))
    strata = ["seen" if code in RHYTHMS else "unseen" for code in labelled.task.codes]
    return evaluate_scores(scored, labelled, setting, queries, strata=strata)


def write_evaluation(
    home: Path,
    *,
    checkpoint: str = "aaaaaaaaaaaa",
    noise: float = 1.0,
    seed: int = 0,
    name: str = "first",
    created: float = 1.8e9,
    tasks: Sequence[str] = ("ptbxl_superclass", "ptbxl_rhythm"),
    records: int = RECORDS,
    files: bool = False,
) -> EvaluationFolder:
    """Write an evaluation below an installation's folder, as `pipelines.evaluate` does, with its report if `files`."""
    root = home / "corpora" / "ptb-xl"
    if not root.exists():
        write_wfdb(root / "records100/00000/00001_lr", ecg(seed=1))
    index = corpus_index(root, records)
    found = [evaluate_invented(task, index, checkpoint=checkpoint, noise=noise, seed=seed) for task in tasks]
    about = EvaluationFolder(
        folder=home / "evaluations" / checkpoint / name,
        checkpoint=checkpoint,
        run="",
        encoder="fake",
        labels="exact",
        queries="simplified",
        created=created,
        tasks=tuple(tasks),
        missing=(Skipped("csn", "There is no CSN here."),),
        corpora={"ptbxl": CorpusFolder("ptb-xl", str(root))},
        provenance={"command": "python -m pipelines.evaluate --data ptb-xl", "commit": "0123abc", "packages": {}},
    )
    write_results(about.folder, [(one.result, one.scores) for one in found], {"ptbxl": index})
    for file, made in FILES.items() if files else ():
        (about.folder / file).write_text(made(about), encoding="utf-8")
    write_manifest(about)
    return about


def invented_probe(checkpoint: str, task: str) -> ProbeResult:
    """Return what `pipelines.linear_probe` might have found of a checkpoint on 1 % of the labels."""
    return ProbeResult(
        task=task,
        protocol="clean",
        share=1.0,
        features=checkpoint,
        seed=0,
        split="folds 9",
        store="store 01234567",
        checkpoint=checkpoint,
        train_records=100,
        seen="folds 1,2 of ptb-xl",
        records=RECORDS,
        macro=0.9,
        macro_ci=(0.8, 0.95),
        macro_10=math.nan,
        macro_trained=0.92,
        untrained=("BIGU",),
        classes=(ProbeClass("AFIB", 80, 0.9, (0.8, 0.95), 0.7, trained=True),),
    )


def write_probes(evaluation: EvaluationFolder, task: str) -> None:
    """Write probes of a checkpoint, of random encoders and of a network, where the evaluation looks for them."""
    probe = invented_probe(evaluation.checkpoint, task)
    more = {"share": 10.0, "train_records": 1000, "seen": "", "untrained": ()}
    for one in (
        probe,
        *(replace(probe, features="random encoder", seed=i, seen="", macro=0.6 + 0.1 * i) for i in range(3)),
        replace(probe, features="supervised vit", protocol="supervised", recipe="default 01234567", **more),
    ):
        add_probe(evaluation.folder.parent / PROBES, one)


def write_robustness(evaluation: EvaluationFolder, task: str, records: int = RECORDS) -> RobustnessResult:
    """Write what `pipelines.robustness` might have found, where the evaluation looks for it."""
    nothing = math.nan
    words = (
        Wording("AF", True, 0.9, 0.8, 0.1, "short form"),
        Wording("quivering atria", False, 0.6, 0.5, 0.2, "lay words"),
    )
    result = RobustnessResult(
        task=task,
        split="folds 9",
        checkpoint=evaluation.checkpoint,
        encoder="fake",
        records=records,
        unreadable=0,
        macro=0.9,
        conditions=(
            ConditionResult(
                "1 of 12 leads lost", "leads", records, 9, 0, "", 0.8, -0.1, (-0.2, -0.05), 0.01, "AFIB", -0.2
            ),
            ConditionResult(
                "mains", "noise", 0, 0, records, "Too slow.", nothing, nothing, (nothing, nothing), nothing, "", nothing
            ),
        ),
        company=(CompanyResult("each alone", records, 1e-7, 1e-8, True),),
        paraphrases=(
            ParaphraseResult("AFIB", "atrial fibrillation", 0.9, words, 0.3, 0.4),
            ParaphraseResult("TRIGU", "trigeminal pattern", nothing, words, nothing, nothing),
        ),
        draws=20,
        seed=0,
    )
    (evaluation.folder.parent / f"robustness-{task}.json").write_text(result.to_json(), encoding="utf-8")
    return result
