"""Evaluation results as text for a terminal, and several of them as one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from textwrap import shorten

from suprem.evaluation.external_result import ExternalResult, Rate
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.results import EvaluationResult

SHOWN_QUERY = 60
"""Characters of a query in the table for people; the JSON has all of it."""


def describe(result: EvaluationResult) -> str:
    """Return the result as text for a terminal."""
    table = result.table()
    ends = zip(table.pop("low"), table.pop("high"), strict=True)
    interval = ["-" if math.isnan(low) else f"{low:.3f}-{high:.3f}" for low, high in ends]
    table["query"] = table["query"].map(lambda query: shorten(query, SHOWN_QUERY, placeholder=" ..."))
    table.insert(4, "95 % interval", interval)
    lines = [
        f"{result.task}, {result.split}: {result.records} records of {result.patients} patients",
        f"checkpoint {result.checkpoint}, text encoder {result.encoder}",
        f"labels {result.labels}, protocol {result.protocol}, queries {result.queries}, crop {result.crop}",
        "",
        table.to_string(index=False, float_format="{:.3f}".format, na_rep="-"),
        "",
        f"macro AUROC {result.macro:.4f} (95 % interval {_range(result.macro_ci)})",
        f"over classes with at least {MIN_POSITIVES} positives {result.macro_10:.4f} ({_range(result.macro_10_ci)})",
        f"{result.draws} bootstrap draws of patients, seed {result.seed}",
    ]
    rare = [entry.code for entry in result.classes if 0 < entry.positives < MIN_POSITIVES]
    if rare:
        # A draw repeats the few positives there are and cannot show what others would have scored.
        lines.append(f"fewer than {MIN_POSITIVES} positives, so the interval is too narrow: {', '.join(rare)}")
    for reason in dict.fromkeys(entry.reason for entry in result.skipped):
        names = ", ".join(entry.name for entry in result.skipped if entry.reason == reason)
        lines.append(f"left out of the mean, {reason}: {names}")
    lines += [f"{part.name} queries: {_mean(part.macro, part.macro_ci, part.codes)}" for part in result.strata]
    for group in result.groups:
        lines.append(
            f"{group.variable} {group.name}: {_mean(group.macro, group.macro_ci, group.codes)}, {group.records} records"
        )
    for fit in result.calibration:
        fitted = f", fitted on {fit.fitted_on}" if fit.fitted_on else ""
        lines.append(f"calibration {fit.method}: ECE {fit.ece:.4f}, Brier score {fit.brier:.4f}{fitted}")
    outcome = {True: "passed", False: "FAILED", None: "not made"}
    lines += [f"check of {entry.check} {outcome[entry.passed]}: {entry.message}" for entry in result.audit]
    return "\n".join(lines)


def side_by_side(results: Sequence[EvaluationResult]) -> list[str]:
    """Return the means of several query sets as one table (the paper's Table 10), or nothing for a single one."""
    if len(results) < 2:
        return []
    width = max(len(result.queries) for result in results)
    rows = [f"{result.queries:<{width}}  {result.macro:.4f} ({_range(result.macro_ci)})" for result in results]
    return ["\n".join(["macro AUROC by query set", *rows])]


def as_json(results: Sequence[EvaluationResult]) -> str:
    """Return one JSON object: the result, or several under "results"."""
    if len(results) == 1:
        return results[0].to_json()
    together = {"results": [json.loads(result.to_json()) for result in results]}
    return json.dumps(together, ensure_ascii=False, indent=2)


def shortfalls(result: EvaluationResult) -> list[str]:
    """Return what is missing from the evaluated records, in sentences."""
    notes = [f"record {entry.name} could not be read: {entry.reason}" for entry in result.unreadable]
    if notes:
        notes.append(f"{len(notes)} record(s) could not be read and are not in the numbers")
    absent = (result.published_records or 0) - result.records - len(result.unreadable)
    if absent > 0:
        notes.append(f"{absent} of {result.published_records} records that the release has in these folds are absent")
    return notes


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.4f}-{interval[1]:.4f}"


def _mean(mean: float, interval: tuple[float, float], codes: Sequence[str]) -> str:
    return f"macro AUROC {mean:.4f} ({_range(interval)}) over {len(codes)} classes" if codes else "no class to compare"


def external_text(result: ExternalResult) -> str:
    """Return the figures at another hospital as text for a terminal."""
    lines = [f"{result.hospital}: {result.records:,} recordings, {len(result.unreadable):,} not read"]
    for group in result.groups:
        others = "".join(f"; {name} {rate.value:.3f}" for name, rate in group.systems.items())
        lines.append(f"{group.group or 'all'}: macro AUROC {_rate(group.macro)} of {group.findings} findings{others}")
        if not math.isnan(group.sensitivity.value):
            theirs = "".join(f"; {name} {rate.value:.2f}" for name, rate in group.system_sensitivity.items())
            kinds = "".join(f"; {kind} {value:.2f}" for kind, value in group.kinds.items())
            lines.append(
                f"  sensitivity at the readers' specificity {_rate(group.sensitivity)}{theirs}; the readers "
                f"{_rate(group.reader_sensitivity)}{kinds}"
            )
    for one in result.findings:
        others = "".join(f"; {name} {rate.value:.3f}" for name, rate in one.systems.items())
        asked = " | ".join(one.queries)
        lines.append(f"  {one.finding} ({asked}): {one.positives} of {one.records}, {_rate(one.auroc)}{others}")
    return "\n".join(lines)


def _rate(rate: Rate) -> str:
    return "none" if math.isnan(rate.value) else f"{rate.value:.3f} ({rate.ci[0]:.3f}-{rate.ci[1]:.3f})"
