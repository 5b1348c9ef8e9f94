"""What missing leads and seconds cost each finding: records of a task, scored whole and with parts taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from suprem.datasets.catalog import load_task
from suprem.datasets.corpora import CORPORA
from suprem.datasets.task import LabelledRecords
from suprem.ecg.disturb import keep_seconds, record_in_turn
from suprem.ecg.preprocess import SignalSpec, preprocess
from suprem.ecg.record import CHEST_LEADS, EcgRecord
from suprem.errors import EvaluationError
from suprem.evaluation.metrics import auroc
from suprem.experiments.configurations import ZeroShotConfig
from suprem.experiments.disturbing import blocks
from suprem.experiments.zero_shot import ask
from suprem.inference.missing_signal import PRINT, PRINT_WITH_II
from suprem.inference.predictor import Predictor
from suprem.model_card import MissingLoss, MissingSignal
from suprem.progress import Progress

LIMB = ("I", "II")
SECONDS = (2.5, 5.0, 7.5)
ENOUGH = 10
"""Records with a finding, or without it, of which its loss is told."""

Take = Callable[[EcgRecord, np.random.Generator], EcgRecord]
"""What takes seconds away from a recording."""

_LEADS = tuple((limb, chest) for limb in range(3) for chest in range(7) if 0 < limb + chest < 8)
"""How many of I and II, and of the chest leads, are taken away; the other limb leads follow from I and II."""


def run(asked: ZeroShotConfig, records: int | None, predictor: Predictor, progress: Progress) -> MissingSignal:
    """Score records whole and with leads and seconds taken away, and compare.

    Args:
        asked: The task and its records.
        records: So many of them at most, with all or many of each rare finding; None for all.
        predictor: The checkpoint.
        progress: Told how far it is.

    Raises:
        DatasetError: The folder is not the task's corpus, or has no labelled record in a fold.
        EvaluationError: Not one record could be read.
    """
    index = CORPORA[load_task(asked.task).corpus].index(asked.data, None, predictor.spec.fs)
    question = ask(asked, index, predictor)
    labelled = with_rare_findings(question.labelled, records)
    rows, logits = _score(labelled, predictor, asked.seed, progress)
    present = labelled.take(rows).present
    tellable = (present.sum(axis=0) >= ENOUGH) & ((~present).sum(axis=0) >= ENOUGH)
    if not tellable.any():
        raise EvaluationError(f"No finding has {ENOUGH} of {len(rows)} records with it and without it.")
    codes = tuple(code for code, kept in zip(labelled.task.codes, tellable, strict=True) if kept)
    areas = np.stack([auroc(present[:, tellable], one[:, tellable]) for one in logits])
    return MissingSignal(
        checkpoint=predictor.id,
        split=f"{labelled.task.name}, {question.setting.split}",
        records=len(rows),
        conditions=conditions(codes, np.maximum(areas[0] - areas[1:], 0.0)),
    )


def conditions(codes: Sequence[str], lost: NDArray[np.float64]) -> tuple[MissingLoss, ...]:
    """Return the conditions of the table, in the order in which they are scored.

    Where more is taken away a finding is not said to lose less: differences the other way are chance.

    Args:
        codes: Of the findings.
        lost: AUROC lost, at least 0 (condition, finding).
    """
    found: dict[tuple[int, int], NDArray[np.float64]] = {(0, 0): np.zeros(len(codes))}
    table = []
    for number, (limb, chest) in enumerate(_LEADS):
        less = [found[one] for one in ((limb - 1, chest), (limb, chest - 1)) if one in found]
        found[limb, chest] = np.maximum.reduce([lost[number], *less])
        table.append(_entry(codes, found[limb, chest], limb=limb, chest=chest))
    of_seconds = np.maximum.accumulate(lost[len(_LEADS) : len(_LEADS) + len(SECONDS)][::-1])[::-1]
    table += [_entry(codes, row, seconds=seconds) for seconds, row in zip(SECONDS, of_seconds, strict=True)]
    layouts = zip((PRINT, PRINT_WITH_II), lost[len(_LEADS) + len(SECONDS) :], strict=True)
    return (*table, *(_entry(codes, row, layout=layout) for layout, row in layouts))


def with_rare_findings(labelled: LabelledRecords, records: int | None) -> LabelledRecords:
    """Return at most so many records: one with each finding in turn, the rarest first, until there are as many."""
    if records is None or records >= len(labelled.record_ids):
        return labelled
    spread = np.random.default_rng(0).permutation(len(labelled.record_ids))
    having = [spread[labelled.present[spread, column]] for column in range(labelled.present.shape[1])]
    having.sort(key=len)
    chosen: dict[int, None] = {}
    for turn in range(max(map(len, having))):
        chosen |= dict.fromkeys(int(rows[turn]) for rows in having if turn < len(rows))
    return labelled.take(np.array(sorted(list(chosen)[:records]), np.intp))


def _entry(
    codes: Sequence[str],
    losses: NDArray[np.float64],
    *,
    limb: int = 0,
    chest: int = 0,
    seconds: float | None = None,
    layout: str = "",
) -> MissingLoss:
    by_code = {code: round(float(loss), 4) for code, loss in zip(codes, losses, strict=True)}
    return MissingLoss(round(float(losses.mean()), 4), by_code, limb, chest, seconds, layout)


def _score(
    labelled: LabelledRecords, predictor: Predictor, seed: int, progress: Progress
) -> tuple[NDArray[np.intp], list[NDArray[np.float32]]]:
    """Return the rows that could be read, and their logits (record, class) whole and under each condition."""
    vectors = predictor.vectors(labelled.task.queries)
    takes: list[Take] = [*(partial(keep_seconds, seconds=seconds) for seconds in SECONDS), _print, _print_with_ii]
    rows: list[int] = []
    logits: list[list[NDArray[np.float32]]] = [[] for _ in range(1 + len(_LEADS) + len(SECONDS) + 2)]
    for block in blocks(labelled, predictor, progress):
        rows += [row for row, _, _ in block]
        whole = np.stack([signal for _, _, signal in block])
        rng = np.random.default_rng((seed, block[0][0]))
        stacks = [whole, *(_without(whole, predictor.spec, limb, chest, rng) for limb, chest in _LEADS)]
        for take in takes:
            stacks.append(np.stack([preprocess(take(record, rng), predictor.spec).signal for _, record, _ in block]))
        for kept, stack in zip(logits, stacks, strict=True):
            kept.append(predictor.logits(stack, vectors))
    if not rows:
        raise EvaluationError(f"Not one of {len(labelled.record_ids)} records could be read, so nothing can be scored.")
    return np.array(rows, np.intp), [np.concatenate(kept) for kept in logits]


def _without(
    signals: NDArray[np.float32], spec: SignalSpec, limb: int, chest: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return prepared signals (record, lead, time) without so many leads of each kind, drawn for each record: what
    `preprocess` gives where they are absent. Limb leads that follow from I and II go with them."""
    out = signals.copy()
    for signal in out:
        lost = {*rng.choice(LIMB, limb, replace=False), *rng.choice(CHEST_LEADS, chest, replace=False)}
        derived = {lead for lead in spec.leads if lead not in (*LIMB, *CHEST_LEADS)} if limb else set()
        signal[[row for row, lead in enumerate(spec.leads) if lead in lost | derived]] = 0.0
    return out


def _print(record: EcgRecord, _rng: np.random.Generator) -> EcgRecord:
    return record_in_turn(record)


def _print_with_ii(record: EcgRecord, _rng: np.random.Generator) -> EcgRecord:
    return record_in_turn(record, rhythm="II")
