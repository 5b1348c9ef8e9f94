"""How far scores depend on what should not matter: the recording's condition, the other queries, the wording.

Each disturbed condition is compared with the undisturbed recordings on the same records and the same draws of patients.
A query's company must not matter at all where the network has no self-attention among queries. Wordings that the
dictionary knows as the same finding are asked by one vector, so they cannot differ; each wording is therefore also
asked as it is written, without the dictionary, which tells what the text encoder makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from suprem.concepts.query import CardiacQuery
from suprem.evaluation.metrics import auroc, macro, patient_resamples, percentile_interval, resampled_auroc
from suprem.evaluation.robustness_result import CompanyResult, ConditionResult, ParaphraseResult, Wording
from suprem.evaluation.scoring import Scorer

SAME = 1e-5
"""Largest difference of a score that arithmetic in another order may make."""


def independent(company: Sequence[CompanyResult]) -> bool:
    """Whether no score depends on the other queries."""
    return all(entry.independent for entry in company)


def ask_otherwise(
    scorer: Scorer,
    signals: NDArray[np.float32],
    vectors: NDArray[np.float32],
    columns: Sequence[int],
    others: NDArray[np.float32],
    *,
    apart: bool,
) -> NDArray[np.float32]:
    """Score other words for queries of a list.

    Args:
        scorer: The model.
        signals: (record, lead, time).
        vectors: The list (query, width).
        columns: For each of the other words, whose place in the list they take, (word,).
        others: Their vectors (word, width).
        apart: Whether scores depend on company, so that each word is asked in its place, by itself.

    Returns:
        Logits (record, word).
    """
    if len(others) == 0:
        return np.empty((len(signals), 0), np.float32)
    if not apart:
        return scorer.logits(signals, others)
    logits = []
    for column, other in zip(columns, others, strict=True):
        changed = vectors.copy()
        changed[column] = other
        logits.append(scorer.logits(signals, changed)[:, column])
    return np.stack(logits, axis=1)


@dataclass(frozen=True, eq=False)
class Undisturbed:
    """Labels and scores of undisturbed recordings, with which every condition is compared.

    Args:
        codes: Code of each class.
        present: Labels (record, class).
        patients: Patient of each record.
        logits: (record, class), none missing.
        draws: Bootstrap draws.
        seed: Their seed.
    """

    codes: tuple[str, ...]
    present: NDArray[np.bool_]
    patients: tuple[str, ...]
    logits: NDArray[np.floating]
    draws: int
    seed: int

    @cached_property
    def _resampled(self) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
        """The draws of all records and the mean AUROC in each: the same for every condition that scores all."""
        draws = patient_resamples(self.patients, draws=self.draws, seed=self.seed)
        return draws, macro(resampled_auroc(self.present, self.logits, draws))

    def against(self, name: str, kind: str, disturbed: NDArray[np.floating], reason: str) -> ConditionResult:
        """Compare a condition.

        Args:
            name: The disturbance.
            kind: What it is about.
            disturbed: Logits (record, class), NaN in the rows that could not be scored.
            reason: Why not, of the first.
        """
        rows = np.isfinite(disturbed).all(axis=1)
        if not rows.any():
            nothing = (float("nan"), float("nan"))
            return ConditionResult(name, kind, 0, 0, len(rows), reason, *nothing, nothing, nothing[0], "", nothing[0])
        present, before, after = self.present[rows], self.logits[rows], disturbed[rows]
        patients = [patient for patient, kept in zip(self.patients, rows, strict=True) if kept]
        apart = auroc(present, after) - auroc(present, before)
        interval = np.zeros(2)
        if not np.array_equal(before, after):
            if rows.all():
                draws, unchanged = self._resampled
            else:
                draws = patient_resamples(patients, draws=self.draws, seed=self.seed)
                unchanged = macro(resampled_auroc(present, before, draws))
            interval = percentile_interval(macro(resampled_auroc(present, after, draws)) - unchanged)
        worst = int(np.nanargmin(apart)) if np.isfinite(apart).any() else -1
        return ConditionResult(
            name=name,
            kind=kind,
            records=int(rows.sum()),
            changed=int((before != after).any(axis=1).sum()),
            refused=int((~rows).sum()),
            reason=reason,
            macro=float(macro(auroc(present, after))),
            difference=float(macro(apart)),
            ci=(float(interval[0]), float(interval[1])),
            shift=float(np.abs(expit(after) - expit(before)).mean()),
            worst=self.codes[worst] if worst >= 0 else "",
            worst_difference=float(apart[worst]) if worst >= 0 else float("nan"),
        )


def company_sensitivity(
    scorer: Scorer, signals: NDArray[np.float32], vectors: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[CompanyResult, ...]:
    """Ask the same queries alone, in reverse, and among others, and compare with the list as it stands.

    Args:
        scorer: The model.
        signals: (record, lead, time).
        vectors: The queries (query, width).
        others: Further queries (other, width), for example all that were trained.
    """
    count = len(vectors)
    together = expit(scorer.logits(signals, vectors))
    lists = {
        "each alone": np.concatenate([scorer.logits(signals, vectors[i : i + 1]) for i in range(count)], axis=1),
        "in reverse": scorer.logits(signals, vectors[::-1].copy())[:, ::-1],
        f"among {len(others)} others": scorer.logits(signals, np.concatenate([others, vectors]))[:, len(others) :],
    }
    results = []
    for company, logits in lists.items():
        apart = np.abs(expit(logits) - together)
        largest = float(apart.max())
        results.append(CompanyResult(company, len(signals), largest, float(apart.mean()), largest <= SAME))
    return tuple(results)


@dataclass(frozen=True)
class Paraphrases:
    """Wordings of each class, row by row as they are scored: by the dictionary, and as written.

    Args:
        queries: The query of each class, by the dictionary.
        wordings: Other wordings of each class, by the dictionary; may be empty.
        kinds: What the first, second, ... wording of every class is; empty where that is not said.
    """

    queries: tuple[CardiacQuery, ...]
    wordings: tuple[tuple[CardiacQuery, ...], ...]
    kinds: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[CardiacQuery, ...]:
        """Class by class: query as written, then every wording by the dictionary, then every wording as written."""
        return tuple(
            query
            for first, others in zip(self.queries, self.wordings, strict=True)
            if others
            for query in (as_written(first), *others, *map(as_written, others))
        )

    @property
    def columns(self) -> tuple[int, ...]:
        """The class of each of `asked`."""
        return tuple(
            column for column, others in enumerate(self.wordings) if others for _ in range(1 + 2 * len(others))
        )

    def judge(
        self,
        codes: Sequence[str],
        present: NDArray[np.bool_],
        logits: NDArray[np.floating],
        paraphrased: NDArray[np.floating],
    ) -> tuple[ParaphraseResult, ...]:
        """Return the results.

        Args:
            codes: Code of each class.
            present: Labels (record, class).
            logits: Of the class's queries (record, class).
            paraphrased: Of `asked` (record, query).
        """
        results, first = [], 0
        for column, (code, query, others) in enumerate(zip(codes, self.queries, self.wordings, strict=True)):
            if not others:
                continue
            part = paraphrased[:, first : first + 1 + 2 * len(others)]
            first += part.shape[1]
            # (record, 1 + 2 * wordings + 1): as written, wordings, wordings as written, and the query as asked.
            scores = np.column_stack([part, logits[:, column]])
            areas = auroc(np.repeat(present[:, column : column + 1], scores.shape[1], axis=1), scores)
            by_dictionary = areas[1 : 1 + len(others)]
            as_it_stands = areas[1 + len(others) : -1]
            shifts = np.abs(expit(part[:, 1 + len(others) :]) - expit(part[:, :1])).mean(axis=0)
            results.append(
                ParaphraseResult(
                    code=code,
                    query=query.text,
                    auroc=float(areas[-1]),
                    wordings=tuple(
                        Wording(
                            text=other.text,
                            known=other.prompt == query.prompt,
                            auroc=float(by_dictionary[i]),
                            auroc_as_written=float(as_it_stands[i]),
                            shift_as_written=float(shifts[i]),
                            kind=self.kinds[i] if self.kinds else "",
                        )
                        for i, other in enumerate(others)
                    ),
                    spread=float(np.ptp([*by_dictionary, areas[-1]])),
                    spread_as_written=float(np.ptp([*as_it_stands, areas[0]])),
                )
            )
        return tuple(results)


def as_written(query: CardiacQuery) -> CardiacQuery:
    """Return a query that is embedded letter by letter, without dictionary or vocabulary."""
    return CardiacQuery(query.text, query.text)
