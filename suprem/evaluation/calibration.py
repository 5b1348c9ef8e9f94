"""How far scores are from the frequencies they look like, and what a calibration fitted on other records mends.

A zero-shot score orders records; nothing makes it a frequency. The expected calibration error (ECE) tells how far it is
from one, before and after two calibrations fitted on validation records only: one temperature for all classes (Guo et
al., ICML 2017), which leaves every order as it is, and an isotonic map for each class with enough positives (Zadrozny
and Elkan, KDD 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from suprem.evaluation.metrics import MIN_POSITIVES, evaluable, macro
from suprem.model_card import PlattMap, ProbabilityMaps

BINS = 15
"""Bins of equal numbers of records: with bins of equal width a rare class would be judged by one of them."""

MIN_MAPPED = 30
"""Positives, and negatives, from which a class gets a map to probabilities; fewer give no error worth printing."""

PARTS = 5

LOG_TEMPERATURES = (-4.0, 4.0)


@dataclass(frozen=True)
class Calibration:
    """The calibration of one model on one task.

    Args:
        method: "raw", "temperature" or "isotonic".
        fitted_on: The validation records in words; "" for raw.
        ece: Mean over the classes of the expected calibration error.
        brier: Mean over the classes of the mean squared difference of score and label.
        temperature: What logits are divided by; NaN unless the method is "temperature".
        classes: The classes averaged: those with an AUROC, for "isotonic" those with a fit.
        ece_of_class: Expected calibration error of each of `classes`.
        reliability: Over all records and `classes`, in bins of equal size: mean score, share of positives, number.
    """

    method: str
    fitted_on: str
    ece: float
    brier: float
    temperature: float
    classes: tuple[str, ...]
    ece_of_class: tuple[float, ...]
    reliability: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, eq=False)
class ValidationScores:
    """Labels and logits of records that are not evaluated, for fitting.

    Args:
        records: They in words, for example "folds 9".
        present: (record, class).
        logits: (record, class).
    """

    records: str
    present: NDArray[np.bool_]
    logits: NDArray[np.floating]


def calibrations(
    codes: tuple[str, ...],
    present: NDArray[np.bool_],
    logits: NDArray[np.floating],
    validation: ValidationScores | None = None,
) -> tuple[Calibration, ...]:
    """Judge raw scores, and with validation records also calibrated ones.

    Args:
        codes: Code of each class.
        present: Labels of the evaluated records, (record, class).
        logits: Their logits, (record, class).
        validation: Other records to fit on.
    """
    usable = evaluable(present)
    raw = expit(logits.astype(np.float64))
    result = [_judge("raw", "", codes, present, raw, usable, np.nan)]
    if validation is not None:
        temperature = fit_temperature(validation.present, validation.logits)
        cooled = expit(logits.astype(np.float64) / temperature)
        result.append(_judge("temperature", validation.records, codes, present, cooled, usable, temperature))
        mapped, fitted = isotonic_scores(validation, logits)
        result.append(_judge("isotonic", validation.records, codes, present, mapped, usable & fitted, np.nan))
    return tuple(result)


def fit_temperature(present: NDArray[np.bool_], logits: NDArray[np.floating]) -> float:
    """Return the temperature that makes the labels (record, class) likeliest given logits divided by it."""
    signed = np.where(present, logits, -logits).astype(np.float64)

    def cost(log_temperature: float) -> float:
        return float(-log_expit(signed / np.exp(log_temperature)).mean())

    return float(np.exp(minimize_scalar(cost, bounds=LOG_TEMPERATURES, method="bounded").x))


def isotonic_scores(
    validation: ValidationScores, logits: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Map logits (record, class) to frequencies seen at them among validation records.

    Returns:
        The scores (record, class), and for which classes (class,) there were enough positives and negatives to fit.
    """
    positives = validation.present.sum(axis=0)
    fitted = (positives >= MIN_POSITIVES) & (len(validation.present) - positives >= MIN_POSITIVES)
    scores = np.full(logits.shape, np.nan)
    for column in np.flatnonzero(fitted):
        fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fit.fit(validation.logits[:, column].astype(float), validation.present[:, column].astype(float))
        scores[:, column] = fit.predict(logits[:, column].astype(float))
    return scores, fitted


def probability_maps(
    codes: Sequence[str], present: NDArray[np.bool_], logits: NDArray[np.floating], patients: Sequence[str]
) -> ProbabilityMaps:
    """Fit for each frequent class how its logit becomes a probability (Platt 1999): sigmoid(slope * logit + intercept).

    Two numbers a class, where an isotonic map has as many as it has steps and turns the few positives of a rare class
    into certainties. The expected calibration error is of records whose patients were not fitted on, in five parts;
    the map that is kept is fitted on all records.

    Args:
        codes: Code of each class.
        present: Labels (record, class).
        logits: Logits (record, class).
        patients: Patient of each record.

    Returns:
        What the model card keeps, with a map for each class that is frequent enough.
    """
    groups = np.unique(np.asarray(patients), return_inverse=True)[1]
    maps = {}
    for column, code in enumerate(codes):
        labels, values = present[:, column], logits[:, column].astype(np.float64)[:, None]
        if min(labels.sum(), (~labels).sum()) < MIN_MAPPED:
            continue
        held_out = np.full(len(labels), np.nan)
        for fit_on, rest in StratifiedGroupKFold(PARTS).split(values, labels, groups):
            held_out[rest] = _platt(values[fit_on], labels[fit_on]).predict_proba(values[rest])[:, 1]
        fit = _platt(values, labels)
        maps[code] = PlattMap(
            slope=round(float(fit.coef_[0, 0]), 4),
            intercept=round(float(fit.intercept_[0]), 4),
            prevalence=round(float(labels.mean()), 4),
            ece=round(expected_calibration_error(labels, held_out), 4),
        )
    return ProbabilityMaps("Platt scaling of each query", len(present), maps)


def _platt(logits: NDArray[np.float64], present: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=np.inf).fit(logits, present)


def expected_calibration_error(present: NDArray[np.bool_], scores: NDArray[np.float64], bins: int = BINS) -> float:
    """Return the mean over bins, weighted by size, of how far mean score and share of positives are apart.

    Args:
        present: Labels (record,).
        scores: Scores from 0 to 1 (record,).
        bins: Bins of equal numbers of records; fewer where there are fewer records.
    """
    table = reliability(present, scores, bins)
    total = sum(count for _, _, count in table)
    return float(sum(abs(score - share) * count for score, share, count in table) / total)


def reliability(
    present: NDArray[np.bool_], scores: NDArray[np.float64], bins: int = BINS
) -> tuple[tuple[float, float, int], ...]:
    """Return mean score, share of positives and number of each bin, by rising score; arguments as above.

    Records with equal scores may fall into two bins; which, their order decides and not their labels.
    """
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    return tuple((float(scores[part].mean()), float(present[part].mean()), len(part)) for part in parts)


def _judge(
    method: str,
    fitted_on: str,
    codes: tuple[str, ...],
    present: NDArray[np.bool_],
    scores: NDArray[np.float64],
    usable: NDArray[np.bool_],
    temperature: float,
) -> Calibration:
    columns = np.flatnonzero(usable)
    errors = tuple(expected_calibration_error(present[:, i], scores[:, i]) for i in columns)
    squared = ((scores[:, columns] - present[:, columns]) ** 2).mean(axis=0)
    pooled = reliability(present[:, columns].ravel(), scores[:, columns].ravel()) if len(columns) else ()
    return Calibration(
        method=method,
        fitted_on=fitted_on,
        ece=float(macro(np.array(errors))),
        brier=float(macro(squared)),
        temperature=float(temperature),
        classes=tuple(codes[i] for i in columns),
        ece_of_class=errors,
        reliability=pooled,
    )
