"""Why a score, as far as that can be told: occlusion, contributions, attention, and whether they agree.

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
from suprem.inference.contribution import ContributionMap, contribution_map, faded_signals
from suprem.inference.encoded import EncodedSignals
from suprem.inference.lead_time import LeadTimeMap, lead_time_map
from suprem.inference.occlusion import SECONDS_PER_CELL, OcclusionMap, occluded_signals, occlusion_map
from suprem.inference.predictor import Predictor

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
    """Attention, occlusion and contributions of one query on one recording, and whether they agree.

    Args:
        query: As typed.
        attention: Where the model looked.
        usual: Where it looks on this recording whatever is asked, the mean over all trained concepts: what attention
            has beyond it is due to the query.
        occlusion: What its answer rests on, in blocks of a second.
        contribution: What each block of a quarter of a second adds to its answer.
        agreement: Spearman's rank correlation of the attention beyond the usual on a second of a lead with the size of
            the change without it; None where one of the two is the same everywhere.
    """

    query: str
    attention: LeadTimeMap
    usual: LeadTimeMap
    occlusion: OcclusionMap
    contribution: ContributionMap
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

    @property
    def upheld(self) -> float | None:
        """Spearman's rank correlation of the size of a contribution with the size of the change without that second of
        that lead; None where one of the two is the same everywhere."""
        rows = [LEADS.index(name) for name in self.contribution.read_leads]
        return _rank_correlation(
            np.abs(self.contribution.per_second_and_lead[rows]), np.abs(self.occlusion.cells[rows])
        )

    def contribution_sentence(self) -> str:
        """Return for a person which leads speak most for and against, and how far occlusion agrees."""
        leads, upheld = self.contribution.per_lead, self.upheld
        most, least = LEADS[int(leads.argmax())], LEADS[int(leads.argmin())]
        speaks = f"Most is added by {most} ({leads.max():+.1f} of the logit), least by {least} ({leads.min():+.1f})."
        if upheld is None:
            return f"{speaks} This cannot be compared with occlusion: one of the two is the same everywhere."
        return f"{speaks} Contributions and occlusion {_agreeing(upheld)}: rank correlation {upheld:.2f}."

    def sentence(self) -> str:
        """Return for a person whether attention and occlusion agree."""
        without = self.occlusion.score_without(float(self.occlusion.leads[LEADS.index(self.rests_on)]))
        leads = (
            f"Beyond what is usual on this ECG, most attention is on {self.looked_at}; leaving out {self.rests_on} "
            f"changes the answer most, from a score of {score_text(self.occlusion.score)} to {score_text(without)}."
        )
        if self.agreement is None:
            return f"Attention and occlusion cannot be compared: one of them is the same everywhere. {leads}"
        words = _agreeing(self.agreement)
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
    """Explain the scores of queries on a recording, in their order; each costs a pass backward through the network.

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
    slopes = predictor.gradients(faded_signals(read.signal), vectors)
    patches = usual.weights.shape[1]
    explanations = []
    for query, weights, column, slope in zip(asked, tokens, logits.T, slopes, strict=True):
        attention = lead_time_map(weights, predictor.spec, start=read.start)
        occlusion = occlusion_map(column, predictor.spec, start=read.start)
        contribution = contribution_map(slope, read.signal, predictor.spec, patches, start=read.start)
        agrees = agreement(attention, occlusion, usual)
        explanations.append(Explanation(query.text, attention, usual, occlusion, contribution, agrees))
    return explanations


def agreement(attention: LeadTimeMap, occlusion: OcclusionMap, usual: LeadTimeMap | None = None) -> float | None:
    """Return Spearman's rank correlation of attention, beyond the usual if that is given, and size of the change over
    the blocks of one lead and one second; None where one of them is the same everywhere."""
    rows = [LEADS.index(name) for name in attention.read_leads]
    size = round(SECONDS_PER_CELL / attention.seconds_per_patch)
    weights = attention.weights if usual is None else attention.weights - usual.weights
    looked = weights[rows].reshape(len(rows), -1, size).sum(axis=2).ravel()
    return _rank_correlation(looked, np.abs(occlusion.cells[rows]))


def _rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float | None:
    """Return Spearman's rank correlation of two maps; None where one of them is the same everywhere."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a.ravel(), b.ravel()).statistic)


def _agreeing(correlation: float) -> str:
    return "largely agree" if correlation >= LARGELY else "agree in part" if correlation >= IN_PART else "disagree"
