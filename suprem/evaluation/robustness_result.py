"""What disturbed recordings, other queries and other words change, as the result file keeps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suprem.evaluation.result_json import result_from_json, result_to_json
from suprem.evaluation.results import Interval


@dataclass(frozen=True)
class ConditionResult:
    """One disturbance.

    Args:
        name: The disturbance.
        kind: What it is about.
        records: Records scored in both conditions.
        changed: Those of which a score differs; a disturbance of what the model does not read changes none.
        refused: Records that cannot be scored when disturbed so.
        reason: Why, of the first of them.
        macro: Mean AUROC, over the classes that have one.
        difference: Disturbed minus undisturbed, on the same records.
        ci: Its 95 % paired bootstrap interval over patients.
        shift: Mean absolute change of a score (sigmoid).
        worst: Class that loses most, and the difference of its AUROC; "" where none has one.
        worst_difference: The difference.
    """

    name: str
    kind: str
    records: int
    changed: int
    refused: int
    reason: str
    macro: float
    difference: float
    ci: Interval
    shift: float
    worst: str
    worst_difference: float


@dataclass(frozen=True)
class CompanyResult:
    """The same queries asked in another list.

    Args:
        company: The other list, in words.
        records: Records scored.
        largest: Largest absolute change of a score.
        mean: Mean absolute change.
        independent: Whether the largest is within what arithmetic makes.
    """

    company: str
    records: int
    largest: float
    mean: float
    independent: bool


@dataclass(frozen=True)
class Wording:
    """One paraphrase of a class's query.

    Args:
        text: The paraphrase.
        known: Whether the dictionary knows it as the same finding, so that it is asked by the same vector.
        auroc: Asked as everywhere in the project.
        auroc_as_written: Asked without the dictionary.
        shift_as_written: Mean absolute change of the score against the class's query, without the dictionary.
        kind: What sort of wording it is, for example "lay words"; "" where that is not said.
    """

    text: str
    known: bool
    auroc: float
    auroc_as_written: float
    shift_as_written: float
    kind: str = ""


@dataclass(frozen=True)
class ParaphraseResult:
    """The paraphrases of a class's query; spreads are the largest AUROC minus the smallest, the query's included."""

    code: str
    query: str
    auroc: float
    wordings: tuple[Wording, ...]
    spread: float
    spread_as_written: float


@dataclass(frozen=True)
class KindMean:
    """One kind of wording: its name, the mean AUROC over the classes asked so, the same without the dictionary, and how
    many classes that are."""

    kind: str
    macro: float
    macro_as_written: float
    classes: int


@dataclass(frozen=True)
class RobustnessResult:
    """All of it, for one checkpoint and task.

    Args:
        task: Name in the catalog.
        split: The records in words.
        checkpoint: Its id.
        encoder: Its text encoder.
        records: Records scored undisturbed.
        unreadable: Records that could not be.
        macro: Their mean AUROC.
        conditions: The disturbances.
        company: Dependence on the other queries.
        paraphrases: Dependence on the wording, of the classes that have paraphrases.
        draws: Bootstrap draws.
        seed: Of draws and disturbances.
    """

    task: str
    split: str
    checkpoint: str
    encoder: str
    records: int
    unreadable: int
    macro: float
    conditions: tuple[ConditionResult, ...]
    company: tuple[CompanyResult, ...]
    paraphrases: tuple[ParaphraseResult, ...]
    draws: int
    seed: int

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)

    @classmethod
    def from_json(cls, text: str, name: str) -> RobustnessResult:
        """Read what `to_json` wrote; `name` is the file's, for the error.

        Raises:
            EvaluationError: The text is not such an object.
        """
        return result_from_json(cls, text, name, "robustness")

    @property
    def scored_conditions(self) -> tuple[ConditionResult, ...]:
        """The disturbances in which some record could be scored."""
        return tuple(entry for entry in self.conditions if entry.records)

    @property
    def wording_means(self) -> tuple[KindMean, ...]:
        """The queries themselves, each kind of wording, and all wordings together, over classes that have an AUROC."""
        ranked = [entry for entry in self.paraphrases if entry.wordings and not math.isnan(entry.auroc)]
        if not ranked:
            return ()
        query = float(np.mean([entry.auroc for entry in ranked]))
        kinds = dict.fromkeys(wording.kind for entry in ranked for wording in entry.wordings if wording.kind)
        return (
            KindMean("the query itself", query, math.nan, len(ranked)),
            *(_kind_mean(kind, ranked, kind) for kind in kinds),
            _kind_mean("all other wordings", ranked, None),
        )


def _kind_mean(name: str, ranked: Sequence[ParaphraseResult], kind: str | None) -> KindMean:
    """Bring wordings of a kind, or of all, together: first within each class, then over the classes."""
    chosen = [[one for one in entry.wordings if kind in (None, one.kind)] for entry in ranked]
    means = [
        (np.mean([one.auroc for one in wordings]), np.mean([one.auroc_as_written for one in wordings]))
        for wordings in chosen
        if wordings
    ]
    known, written = np.mean(means, axis=0)
    return KindMean(name, float(known), float(written), len(means))
