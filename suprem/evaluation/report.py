"""An evaluation as files: a Markdown report, a table of all classes, and the worst ordered records of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import product

from suprem.datasets.catalog import load_task
from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.metrics import MIN_POSITIVES
from suprem.evaluation.operating_points import HOW, operating_points
from suprem.evaluation.probe_result import ProbeResult
from suprem.evaluation.published import load_published
from suprem.evaluation.results import EvaluationResult, Interval
from suprem.evaluation.worst_cases import worst_cases
from suprem.export import RESEARCH_USE, csv_text, text_cell

COLUMNS = (
    "task", "labels", "split", "class", "query", "stratum", "positives", "records", "auroc", "ci_low", "ci_high",
    "average_precision", "lost_draws", "checkpoint", "text_encoder", "queries",
)  # fmt: skip
PROBE_COLUMNS = (
    "task", "features", "seed", "protocol", "share_percent", "train_records", "records", "macro_auroc", "ci_low",
    "ci_high", "macro_10", "macro_trained", "split", "seen_in_training", "untrained", "store", "checkpoint", "recipe",
)  # fmt: skip
REMARKED = 20
"""Records with remarks that are named; the file of the result has all."""

MEANING = (
    "AUROC is the chance that a record with the finding gets a higher score than one without; 0.5 is chance. Intervals "
    "are 95 % percentile intervals over resamples of patients. The mean counts every class alike; a class with fewer "
    f"than {MIN_POSITIVES} positives moves it by chance, so the mean without them stands beside it."
)


def classes_csv(evaluation: EvaluationFolder) -> str:
    """Return every class of every task as CSV, with the research-use notice below.

    Raises:
        EvaluationError: A result cannot be read.
    """
    rows: list[tuple[object, ...]] = []
    for task in evaluation.tasks:
        result = evaluation.result(task)
        for entry in result.classes:
            texts = (result.task, result.labels, result.split, entry.code, entry.query, entry.stratum)
            numbers = (entry.auroc, *entry.ci, entry.average_precision)
            written = ["" if math.isnan(number) else f"{number:.6f}" for number in numbers]
            origin = map(text_cell, (result.checkpoint, result.encoder, result.queries))
            rows.append((*map(text_cell, texts), entry.positives, result.records, *written, entry.lost_draws, *origin))
    return csv_text(COLUMNS, rows)


def worst_cases_csv(evaluation: EvaluationFolder) -> str:
    """Return the worst ordered records of every class as CSV, with the research-use notice below.

    Raises:
        EvaluationError: Results, scores and records do not belong together.
    """
    rows: list[tuple[object, ...]] = []
    for task in evaluation.tasks:
        scores, index = evaluation.scores(task), evaluation.records(task)
        ranked = [entry.code for entry in evaluation.result(task).classes if not math.isnan(entry.auroc)]
        for code, positive in product(ranked, (False, True)):
            for case in worst_cases(scores, index, code, positive=positive):
                numbers = (f"{case.score:.6f}", f"{case.above:.4f}")
                rows.append((task, code, int(positive), text_cell(case.record_id), *numbers, " ".join(case.labels)))
    return csv_text(("task", "class", "has_it", "record", "score", "share_of_records_below", "labels"), rows)


def probes_csv(probes: Iterable[ProbeResult]) -> str:
    """Return every linear probe, seeds apart, as CSV, with the research-use notice below."""
    rows: list[tuple[object, ...]] = []
    for probe in probes:
        numbers = (probe.macro, *probe.macro_ci, probe.macro_10, probe.macro_trained)
        texts = (probe.split, probe.seen, " ".join(probe.untrained), probe.store, probe.checkpoint, probe.recipe)
        rows.append(
            (
                *map(text_cell, (probe.task, probe.features)),
                probe.seed,
                text_cell(probe.protocol),
                f"{probe.share:g}",
                probe.train_records,
                probe.records,
                *("" if math.isnan(number) else f"{number:.6f}" for number in numbers),
                *map(text_cell, texts),
            )
        )
    return csv_text(PROBE_COLUMNS, rows)


def report_markdown(evaluation: EvaluationFolder) -> str:
    """Return the whole evaluation as one Markdown text, with the command that made it.

    Raises:
        EvaluationError: A result or its scores cannot be read.
    """
    results = [evaluation.result(task) for task in evaluation.tasks]
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(evaluation.created))
    run = f", from run {evaluation.run}" if evaluation.run else ""
    lines = [
        f"# Evaluation of checkpoint {evaluation.checkpoint}",
        "",
        f"> {RESEARCH_USE}",
        "",
        f"Checkpoint {evaluation.checkpoint}{run}, text encoder {evaluation.encoder}, made {made}.",
        "",
        "```",
        str(evaluation.provenance.get("command", "unknown command")),
        "```",
        "",
        f"Commit {evaluation.provenance.get('commit', 'unknown')}. Packages: "
        + ", ".join(f"{name} {version}" for name, version in evaluation.provenance.get("packages", {}).items()),
        "",
        "## Means",
        "",
        *means_table(results),
        "",
        MEANING,
    ]
    lines += ["", *(f"- {result.task}: {result.caution}" for result in results if result.caution)]
    if evaluation.missing:
        lines += ["", "Not evaluated:", "", *(f"- {entry.name}: {_line(entry.reason)}" for entry in evaluation.missing)]
    lines += ["", *_published(), ""]
    for result in results:
        lines += ["", f"## {result.task}", "", *_task(evaluation, result)]
    probes = evaluation.probes()
    if probes:
        lines += ["", "## Linear probes", "", *probe_table(probes)]
    return "\n".join(lines) + "\n"


def means_table(results: Sequence[EvaluationResult]) -> list[str]:
    """Return the means beside the published zero-shot figures, as lines of a Markdown table."""
    published = load_published().zero_shot.rows
    head = ["task", "records", "labels, records used", "macro AUROC", f"with at least {MIN_POSITIVES} positives"]
    rows = []
    for result in results:
        cells = [
            result.task,
            f"{result.records:,}",
            f"{result.labels}, {result.split}",
            f"{figure(result.macro, result.macro_ci)}, {len(result.classes) - len(result.skipped)} classes",
            f"{figure(result.macro_10, result.macro_10_ci)}, {result.frequent} classes",
        ]
        rows.append(cells + [figure(row.auroc.get(result.task, (math.nan,))[0]) for row in published])
    return table([*head, *(f"{row.method}, published" for row in published)], rows)


def probe_table(probes: Iterable[ProbeResult]) -> list[str]:
    """Return linear probes as lines of a Markdown table."""
    head = ("task", "features", "protocol", "labels", "learned from", "evaluated", "macro AUROC", "learnable only")
    rows = [
        (
            probe.task,
            probe.learner,
            probe.protocol,
            f"{probe.share:g} %",
            f"{probe.train_records:,}",
            f"{probe.records:,}",
            figure(probe.macro, probe.macro_ci),
            figure(probe.macro_trained),
        )
        for probe in probes
    ]
    return table(head, rows)


def _task(evaluation: EvaluationFolder, result: EvaluationResult) -> list[str]:
    task = load_task(result.task, result.labels)
    lines = [
        f"{result.records:,} records of {result.patients:,} patients ({result.split}; split: {task.split}). Labels "
        f"{result.labels}, protocol {result.protocol}, queries {result.queries}, crop {result.crop}, {result.draws} "
        f"bootstrap draws, seed {result.seed}.",
        "",
        *_classes(result),
    ]
    if result.skipped:
        lines += ["", "Classes without an AUROC, left out of the mean:", ""]
        lines += [f"- {entry.name}: {_line(entry.reason)}" for entry in result.skipped]
    if result.unreadable:
        lines += ["", f"{len(result.unreadable)} records could not be read and are in no figure:", ""]
        lines += [f"- {entry.name}: {_line(entry.reason)}" for entry in result.unreadable]
    if result.remarked:
        lines += ["", f"Of {len(result.remarked)} records something was assumed or is warned of:", ""]
        lines += [f"- {entry.name}: {_line(entry.reason)}" for entry in result.remarked[:REMARKED]]
        if len(result.remarked) > REMARKED:
            lines += [f"- and {len(result.remarked) - REMARKED} more, in the result's file"]
    lines += ["", *_parts(result), "", *_calibration(result), "", *_operating_points(evaluation, result), "", "Checks:"]
    lines += ["", *(f"- {entry.check} {OUTCOME[entry.passed]}: {entry.message}" for entry in result.audit)]
    return [*lines, "", "To know:", "", *(f"- {defect}" for defect in task.defects), f"- Source: {task.citation}"]


def _classes(result: EvaluationResult) -> list[str]:
    head = ("class", "query", "positives", "AUROC (95 % interval)", "average precision", "query known to training")
    rows = [
        (
            entry.code,
            entry.query,
            str(entry.positives),
            figure(entry.auroc, entry.ci),
            figure(entry.average_precision),
            entry.stratum,
        )
        for entry in result.ranking
    ]
    return table(head, rows)


def _parts(result: EvaluationResult) -> list[str]:
    rows = [
        ("queries", part.name, "", str(len(part.codes)), figure(part.macro, part.macro_ci)) for part in result.strata
    ]
    rows += [
        (part.variable, part.name, f"{part.records:,}", str(len(part.codes)), figure(part.macro, part.macro_ci))
        for part in result.groups
    ]
    return table(("by", "", "records", "classes", "macro AUROC"), rows) if rows else []


def _calibration(result: EvaluationResult) -> list[str]:
    rows = [(fit.method, fit.fitted_on or "nothing", figure(fit.ece), figure(fit.brier)) for fit in result.calibration]
    return table(("calibration", "fitted on", "ECE", "Brier score"), rows) if rows else []


def _operating_points(evaluation: EvaluationFolder, result: EvaluationResult) -> list[str]:
    points, rare = operating_points(evaluation.scores(result.task))
    rows = []
    for point in points:
        shares = (point.sensitivity, point.specificity, point.ppv, point.npv)
        rows.append((point.code, point.rule, figure(point.score), *(figure(part.value, part.ci) for part in shares)))
    head = ("class", "rule", "score at least", "sensitivity", "specificity", "PPV", "NPV")
    lines = [HOW, "", *table(head, rows)] if rows else ["No class is frequent enough for an operating point."]
    if rows and rare:
        lines += ["", f"None for {', '.join(entry.name for entry in rare)}: {rare[0].reason}."]
    return lines


OUTCOME = {True: "passed", False: "FAILED", None: "not made"}
"""Of a check that was passed, failed, or could not be made."""


def _published() -> list[str]:
    known = load_published()
    rows = [
        [row.method, *(" / ".join(f"{value:.3f}" for value in row.auroc.get(name, ())) for name in _columns())]
        for row in known.linear_probe.rows
    ]
    return [
        "## Published figures",
        "",
        f"{known.source}; {known.zero_shot.table}: {known.zero_shot.protocol}. They are not comparable with ours:",
        "",
        *(f"- {sentence}" for sentence in known.differences),
        "",
        f"{known.linear_probe.table}: {known.linear_probe.protocol}.",
        "",
        *table(("method", *_columns()), rows),
    ]


def _columns() -> tuple[str, ...]:
    return tuple(load_published().linear_probe.rows[0].auroc)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; a bar in a cell is escaped."""
    cells = [[_line(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]


def figure(value: float, ends: Interval | None = None) -> str:
    """Return an AUROC or a share for people, with its interval where one is given; "-" where there is none."""
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if ends is None or math.isnan(ends[0]) else f"{value:.3f} ({ends[0]:.3f}-{ends[1]:.3f})"


def _line(text: str) -> str:
    return " ".join(text.split())


FILES: dict[str, Callable[[EvaluationFolder], str]] = {
    "report.md": report_markdown,
    "classes.csv": classes_csv,
    "worst_cases.csv": worst_cases_csv,
}
"""What is written beside the results of an evaluation, by name."""
