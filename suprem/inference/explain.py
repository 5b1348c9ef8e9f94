"""Why a score, as far as that can be told: attention, occlusion, and whether the two agree.

The masked copies of a recording go through the ECG encoder once, whatever is asked of it: any number of queries is then
decoded from the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from suprem.concepts.query import CardiacQuery
from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import LEADS, EcgRecord
from suprem.inference.lead_time import LeadTimeMap, lead_time_map
from suprem.inference.occlusion import SECONDS_PER_CELL, OcclusionMap, occluded_signals, occlusion_map
from suprem.inference.predictor import EncodedSignals, Predictor

LARGELY, IN_PART = 0.6, 0.3
"""Rank correlations from which attention and occlusion are said to agree largely, and in part."""


@dataclass(frozen=True, eq=False)
class ReadRecord:
    """A recording with everything that its explanations are decoded from.

    Args:
        signal: As the model reads it, float32 (lead, time).
        occluded: The copies of `occluded_signals`, encoded.
        start: Where the window begins in the record, in seconds.
    """

    signal: NDArray[np.float32]
    occluded: EncodedSignals
    start: float


HARDLY, PARTLY = 0.8, 0.5
"""From these correlations with the usual map on, a map depends hardly, or in part, on the query."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attention and occlusion of one query on one recording, and whether they agree.

    Args:
        query: As typed.
        attention: Where the model looked.
        usual: Where it looks on this recording whatever is asked, the mean over all trained concepts: what attention
            has beyond it is due to the query.
        occlusion: What its answer rests on.
        agreement: Spearman's rank correlation of the attention beyond the usual on a second of a lead with the size of
            the change without it; None where one of the two is the same everywhere.
    """

    query: str
    attention: LeadTimeMap
    usual: LeadTimeMap
    occlusion: OcclusionMap
    agreement: float | None

    @property
    def looked_at(self) -> str:
        """The lead with the most attention beyond the usual."""
        return LEADS[int((self.attention.per_lead - self.usual.per_lead).argmax())]

    @property
    def rests_on(self) -> str:
        """The lead whose absence changes the logit most."""
        return LEADS[int(np.abs(self.occlusion.leads).argmax())]

    @property
    def likeness(self) -> float | None:
        """Correlation of the attention with that of all trained concepts on this ECG; None where one is even."""
        rows = [LEADS.index(name) for name in self.attention.read_leads]
        own, usual = self.attention.weights[rows].ravel(), self.usual.weights[rows].ravel()
        if np.ptp(own) == 0 or np.ptp(usual) == 0:
            return None
        return float(np.corrcoef(own, usual)[0, 1])

    def dependence_sentence(self) -> str:
        """Return for a person how much of the map depends on what was asked."""
        if self.likeness is None:
            return "How much this map depends on the query cannot be told: it is the same everywhere."
        words = "hardly" if self.likeness >= HARDLY else "in part" if self.likeness >= PARTLY else "clearly"
        return (
            f"This map depends {words} on what is asked: it correlates {self.likeness:.2f} with the mean of all "
            "trained concepts on this ECG (1 would be the same map whatever is asked)."
        )

    def sentence(self) -> str:
        """Return for a person whether attention and occlusion agree."""
        without = self.occlusion.score_without(float(self.occlusion.leads[LEADS.index(self.rests_on)]))
        leads = (
            f"Beyond what is usual on this ECG, most attention is on {self.looked_at}; leaving out {self.rests_on} "
            f"changes the answer most, from a score of {score_text(self.occlusion.score)} to {score_text(without)}."
        )
        if self.agreement is None:
            return f"Attention and occlusion cannot be compared: one of them is the same everywhere. {leads}"
        words = (
            "largely agree"
            if self.agreement >= LARGELY
            else "agree in part"
            if self.agreement >= IN_PART
            else "disagree"
        )
        cells = len(self.occlusion.read_leads) * len(self.occlusion.seconds)
        return (
            f"Attention and occlusion {words} on where it matters: rank correlation {self.agreement:.2f} over {cells} "
            f"blocks of one lead and one second. {leads}"
        )


def score_text(score: float) -> str:
    """Return a score with the digits that tell small ones apart."""
    return f"{score:.2f}" if score >= 0.1 else f"{score:.3f}"


def read_record(predictor: Predictor, record: EcgRecord) -> ReadRecord:
    """Prepare a recording and encode its masked copies, which takes nearly all of an explanation's time.

    Raises:
        EcgError: The record cannot be used.
    """
    prepared = preprocess(record, predictor.spec)
    occluded = predictor.encode(occluded_signals(prepared.signal, predictor.spec))
    return ReadRecord(prepared.signal, occluded, prepared.start)


def explain(predictor: Predictor, read: ReadRecord, queries: Sequence[CardiacQuery | str]) -> list[Explanation]:
    """Explain the scores of queries on a recording, in their order.

    Raises:
        QueryError: A query cannot be used.
        CheckpointError: The network has no cross-attention over leads and time (an ablation).
    """
    asked = predictor.ask(queries)
    if not asked:
        return []
    vectors = predictor.vectors(asked)
    trained = predictor.vectors(predictor.ask(predictor.vocabulary.names))
    maps = predictor.attention_tokens(read.signal[None], np.concatenate([vectors, trained]))[0]  # (query, token)
    tokens, usual = maps[: len(asked)], lead_time_map(maps[len(asked) :].mean(axis=0), predictor.spec, start=read.start)
    logits = predictor.decode(read.occluded, vectors)  # (copy, query)
    explanations = []
    for query, weights, column in zip(asked, tokens, logits.T, strict=True):
        attention = lead_time_map(weights, predictor.spec, start=read.start)
        occlusion = occlusion_map(column, predictor.spec, start=read.start)
        agrees = agreement(attention, occlusion, usual)
        explanations.append(Explanation(query.text, attention, usual, occlusion, agrees))
    return explanations


def agreement(attention: LeadTimeMap, occlusion: OcclusionMap, usual: LeadTimeMap | None = None) -> float | None:
    """Return Spearman's rank correlation of attention, beyond the usual if that is given, and size of the change over
    the blocks of one lead and one second; None where one of them is the same everywhere."""
    rows = [LEADS.index(name) for name in attention.read_leads]
    size = round(SECONDS_PER_CELL / attention.seconds_per_patch)
    weights = attention.weights if usual is None else attention.weights - usual.weights
    looked = weights[rows].reshape(len(rows), -1, size).sum(axis=2).ravel()
    changed = np.abs(occlusion.cells[rows]).ravel()
    if np.ptp(looked) == 0 or np.ptp(changed) == 0:
        return None
    return float(spearmanr(looked, changed).statistic)
