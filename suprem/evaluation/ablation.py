"""What an ablation found: each variant's figure over seeds, and how far it lies from the first of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from suprem.evaluation.over_tasks import INTERACTION, Interaction
from suprem.evaluation.result_json import result_from_json, result_to_json
from suprem.export import csv_text, text_cell

ABLATIONS = "ablations"
"""The folder of all ablations of an installation, below its own; each has a folder with `RESULT` in it."""

RESULT = "ablation.json"
PUBLISHED_RECORDS = 771_500
"""ECGs that the paper's models were trained on, of MIMIC-IV-ECG."""

Macros = Mapping[int, Mapping[str, float]]
"""Seed -> task -> macro AUROC."""


@dataclass(frozen=True)
class VariantResult:
    """One variant of a question.

    Args:
        name: The variant.
        not_run: Why it has no figures; "" where it has.
        seeds: The seeds it was trained with.
        tasks: Macro AUROC of each task, one for each seed; empty where it was not run.
        macro: Mean over tasks and seeds, the figure of the paper's tables.
        sd: Standard deviation over seeds of the mean over tasks; NaN with one seed.
        difference: Mean over seeds of this variant minus the first variant of the question, seed by seed; NaN for that.
        difference_sd: Standard deviation of these differences over seeds.
    """

    name: str
    not_run: str
    seeds: tuple[int, ...] = ()
    tasks: dict[str, tuple[float, ...]] = field(default_factory=dict)
    macro: float = float("nan")
    sd: float = float("nan")
    difference: float = float("nan")
    difference_sd: float = float("nan")

    @property
    def by_seed(self) -> tuple[float, ...]:
        """Mean over tasks with each seed."""
        return tuple(float(np.mean(values)) for values in zip(*self.tasks.values(), strict=True))


@dataclass(frozen=True)
class QuestionResult:
    """One table of the paper, asked again: its variants, the first of them the one that others are compared with."""

    table: str
    asks: str
    variants: tuple[VariantResult, ...]
    interaction: Interaction | None = None


@dataclass(frozen=True)
class AblationResult:
    """All questions.

    Args:
        scale: On what and how long the models were trained, in words: it decides what the figures are worth.
        train_records: How many records they learned from.
        tasks: The tasks whose macro AUROC is averaged.
        questions: What was asked.
    """

    scale: str
    train_records: int
    tasks: tuple[str, ...]
    questions: tuple[QuestionResult, ...]

    def to_json(self) -> str:
        """Return one JSON object; a value that does not exist (NaN) is null."""
        return result_to_json(self)

    @classmethod
    def from_json(cls, text: str, name: str) -> AblationResult:
        """Read what `to_json` wrote; `name` is the file's, for the error.

        Raises:
            EvaluationError: The text is not such an object.
        """
        return result_from_json(cls, text, name, "ablate")

    @property
    def meaning(self) -> str:
        """At what scale the figures hold, in words that come before any figure."""
        small = "At small scale" if self.train_records < PUBLISHED_RECORDS / 10 else "Scale"
        return (
            f"{small}: {self.scale}. The paper trains on {PUBLISHED_RECORDS:,} ECGs; the figures hold for this scale "
            "only, are not comparable with published ones, and differences within their spread decide nothing."
        )

    def after(self, earlier: AblationResult) -> AblationResult:
        """Return this result with the questions of an earlier one at the same scale that it does not ask again."""
        if (earlier.scale, earlier.tasks) != (self.scale, self.tasks):
            return self
        asked = {question.table for question in self.questions}
        kept = tuple(question for question in earlier.questions if question.table not in asked)
        return replace(self, questions=(*kept, *self.questions))

    def to_markdown(self) -> str:
        """Return a report with one table for each question."""
        lines = [
            "# Ablations",
            "",
            f"**{self.meaning}**",
            "",
            f"Mean macro AUROC of {', '.join(self.tasks)}; ± is the standard deviation over seeds. A difference is "
            "taken seed by seed to the first row of its table.",
        ]
        for question in self.questions:
            lines += ["", f"## {question.table}: {question.asks}", "", "| variant | macro AUROC | difference | seeds |"]
            lines += ["|---|---|---|---|", *(_row(variant) for variant in question.variants)]
            if question.interaction is not None:
                lines += ["", describe_interaction(question.interaction)]
        return "\n".join(lines) + "\n"


def read_ablation(path: Path) -> AblationResult:
    """Read the result of an ablation.

    Raises:
        EvaluationError: The file holds something else.
    """
    return AblationResult.from_json(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}")


def list_ablations(home: Path) -> list[Path]:
    """Return the files of results below an installation's folder, the newest first."""
    files = (home / ABLATIONS).glob(f"*/{RESULT}")
    return sorted(files, key=lambda path: (-path.stat().st_mtime, path.parent.name))


def ablation_csv(result: AblationResult) -> str:
    """Return every variant as CSV, a row for each seed and task, with scale and research-use notice below."""
    rows: list[tuple[object, ...]] = []
    for question in result.questions:
        for variant in question.variants:
            names = tuple(map(text_cell, (question.table, question.asks, variant.name)))
            if variant.not_run:
                rows.append((*names, "", "", "", text_cell(variant.not_run)))
            for task, values in variant.tasks.items():
                for seed, value in zip(variant.seeds, values, strict=True):
                    rows.append((*names, seed, task, f"{value:.6f}" if np.isfinite(value) else "", ""))
    header = ("table", "asks", "variant", "seed", "task", "macro_auroc", "not_run")
    return csv_text(header, rows, [text_cell(result.meaning)])


def summarise(names: Sequence[str], macros: Mapping[str, Macros | str]) -> tuple[VariantResult, ...]:
    """Bring the figures of a question's variants together.

    Args:
        names: The variants in their order.
        macros: Figures of each, or why there are none.
    """
    reference = macros[names[0]]
    baseline = {} if isinstance(reference, str) else {seed: _mean(tasks) for seed, tasks in reference.items()}
    return tuple(_summary(name, macros[name], {} if name == names[0] else baseline) for name in names)


def over_tasks(macros: Macros) -> dict[str, float]:
    """Return the mean over seeds of each task's macro AUROC."""
    tasks = dict.fromkeys(task for seed in macros.values() for task in seed)
    return {task: float(np.mean([values[task] for values in macros.values()])) for task in tasks}


def _summary(name: str, macros: Macros | str, baseline: Mapping[int, float]) -> VariantResult:
    if isinstance(macros, str):
        return VariantResult(name, macros)
    means = {seed: _mean(tasks) for seed, tasks in macros.items()}
    apart = [mean - baseline[seed] for seed, mean in means.items() if seed in baseline]
    tasks = dict.fromkeys(task for values in macros.values() for task in values)
    return VariantResult(
        name=name,
        not_run="",
        seeds=tuple(macros),
        tasks={task: tuple(values[task] for values in macros.values()) for task in tasks},
        macro=float(np.mean(list(means.values()))),
        sd=_sd(list(means.values())),
        difference=float(np.mean(apart)) if apart else float("nan"),
        difference_sd=_sd(apart),
    )


def _mean(tasks: Mapping[str, float]) -> float:
    """Mean over the tasks; one without any class to rank leaves it without a value, never silently out."""
    return float(np.mean(list(tasks.values())))


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _row(variant: VariantResult) -> str:
    if variant.not_run:
        return f"| {variant.name} | not run: {variant.not_run} | | |"
    figure = with_spread(f"{variant.macro:.4f}", variant.sd)
    return f"| {variant.name} | {figure} | {_difference(variant)} | {', '.join(map(str, variant.seeds))} |"


def _difference(variant: VariantResult) -> str:
    if not np.isfinite(variant.difference):
        return "-"
    return with_spread(f"{variant.difference:+.4f}", variant.difference_sd)


def with_spread(figure: str, sd: float) -> str:
    """Return a figure with its standard deviation over seeds where there is one."""
    return f"{figure} ± {sd:.4f}" if np.isfinite(sd) else figure


def describe_interaction(part: Interaction) -> str:
    """Return what a part gives to two models, and whether that differs, in a sentence."""
    (published,), (within,) = (
        [row for row in rows if row.source == INTERACTION] for rows in (part.anova, part.anova_within_tasks)
    )
    return (
        f"The part gives {part.first_gain:+.4f} to the first and {part.second_gain:+.4f} to the second, over "
        f"{part.tasks} tasks; interaction F {published.f:.2f}, p {published.p:.3f} with tasks as repetitions (as "
        f"published), F {within.f:.2f}, p {within.p:.3f} within tasks."
    )
