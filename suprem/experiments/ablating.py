"""Ablations: a grid of small training runs, each of which changes one thing of a configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suprem.atomic import write_text
from suprem.concepts.mapping.label_variants import label_variant
from suprem.concepts.mapping.versions import open_version
from suprem.concepts.vocabulary import load_terms
from suprem.configfile import load_config
from suprem.datasets.catalog import load_task
from suprem.datasets.signal_store import SignalStore
from suprem.errors import ConceptError, DatasetError, EvaluationError
from suprem.evaluation.ablation import (
    AblationResult,
    Macros,
    QuestionResult,
    VariantResult,
    over_tasks,
    summarise,
)
from suprem.evaluation.over_tasks import Interaction, interaction
from suprem.evaluation.query_set import BUILT_IN, query_set
from suprem.evaluation.results import EvaluationResult
from suprem.evaluation.scoring import score_query_sets
from suprem.evaluation.zero_shot import Setting, evaluate_scores
from suprem.experiments import pretraining
from suprem.experiments.ablation_grid import TASK, AblationConfig, AblationTable, Grid, Variant, chosen
from suprem.experiments.experiment import Experiment, set_up, synthetic_data
from suprem.inference.predictor import Predictor
from suprem.plain_data import to_plain
from suprem.progress import Progress
from suprem.training.config import PretrainConfig
from suprem.training.distributed import Workers

DRAWS = 200
"""Bootstrap draws of each evaluation; an ablation is judged by its spread over seeds."""


UNFINISHED = "not trained yet"
"""Stands for the figures of a variant in a result that is written while others are being trained."""


class NotRun(Exception):
    """A variant cannot run; the message says why and what it would need."""


@dataclass(frozen=True, eq=False)
class AblationBench:
    """Data, vocabularies and text encoders that all cells of an ablation share."""

    config: AblationConfig
    grid: Grid
    base: PretrainConfig
    store: SignalStore
    data: Path
    workers: Workers
    should_stop: Callable[[], bool]
    provenance: Mapping[str, Any]

    def cell(self, variant: Variant, seed: int, progress: Progress) -> dict[str, float]:
        """Return the macro AUROC of each task for a variant and a seed, trained and evaluated unless it is there.

        Raises:
            NotRun: It cannot run.
        """
        config = self.configuration(variant, seed)
        folder = self.config.out / "cells" / self._identity(config)
        experiment: Experiment | None = None
        if not (folder / "manifest.json").exists():
            experiment = self._train(config, folder, progress)
        predictor: Predictor | None = None
        macros = {}
        for name in self.grid.tasks:
            source = self._queries(variant, name)
            # A corrected file of queries is another evaluation.
            version = "" if source in BUILT_IN else f"-{hashlib.sha256(Path(source).read_bytes()).hexdigest()[:8]}"
            path = folder / f"{name}-{variant.queries}{version}.json"
            if not path.exists():
                if predictor is None:
                    embedder = experiment.embedder if experiment is not None else None
                    weights = self.config.encoders.get(config.encoder)
                    predictor = Predictor.load(folder / "best", embedder=embedder, encoder_folder=weights)
                self._evaluate(predictor, name, source, path)
            macros[name] = EvaluationResult.from_json(path.read_text(encoding="utf-8"), path.name).macro
        return macros

    def configuration(self, variant: Variant, seed: int) -> PretrainConfig:
        """Return what `pretrain` is to do for a variant.

        Raises:
            ConfigError: An override does not fit.
            NotRun: The vocabulary version was not given.
        """
        path = self.config.grid.parent / self.grid.config
        lines = [*self.grid.set, *self.config.set, *variant.set, f"training.seed={seed}"]
        config = load_config(PretrainConfig, path, lines)
        return replace(config, vocabulary=self._vocabulary(variant)) if variant.vocabulary else config

    def _vocabulary(self, variant: Variant) -> Path:
        given = self.config.vocabularies.get(variant.vocabulary)
        if given is None:
            raise NotRun(
                f"needs labels from reports: --vocabulary {variant.vocabulary}=VERSION of suprem build-vocabulary"
            )
        if not variant.labels:
            return given.absolute()
        made = label_variant(open_version(given), variant.labels, self.config.out / "vocabularies")
        return made.folder.absolute()

    def _queries(self, variant: Variant, task: str) -> str:
        """Return what `query_set` takes for the words of a variant."""
        if variant.queries in BUILT_IN:
            return variant.queries
        given = self.config.queries.get(variant.queries)
        if given is None:
            raise NotRun(f"needs the queries: --queries {variant.queries}=FILE, with {TASK} for the name of the task")
        path = Path(str(given).replace(TASK, task))
        if not path.is_file():
            raise NotRun(f"there is no file {path.name} of queries for {task}")
        return str(path)

    def _identity(self, config: PretrainConfig) -> str:
        """Return the name of a cell's folder: the same configuration on the same data is the same cell."""
        facts = to_plain(config)
        facts["vocabulary"] = config.vocabulary.name if config.vocabulary else ""
        facts["data"] = (self.data / "manifest.json").read_text(encoding="utf-8")
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def _train(self, config: PretrainConfig, folder: Path, progress: Progress) -> Experiment:
        try:
            experiment = set_up(
                config,
                data=self.data,
                folder=folder,
                workers=self.workers,
                provenance=self.provenance,
                encoder_folder=self.config.encoders.get(config.encoder),
            )
        except (ConceptError, DatasetError) as error:
            raise NotRun(str(error)) from error
        pretraining.run(
            experiment,
            folder=folder,
            workers=self.workers,
            resume=(folder / "config.toml").is_file(),
            progress=progress,
            should_stop=self.should_stop,
        )
        return experiment

    def _evaluate(self, predictor: Predictor, name: str, source: str, path: Path) -> None:
        """Evaluate a task on the validation records of the store, and keep result and scores."""
        task = load_task(name)
        labelled = task.label(self.store.index.in_folds(self.base.validation_folds))
        try:
            queries = query_set(source, task, load_terms())
        except EvaluationError as error:
            raise NotRun(str(error)) from error
        folds = f"folds {','.join(map(str, self.base.validation_folds))}"
        setting = Setting(folds, predictor.id, predictor.encoder.name, draws=DRAWS)
        (scored,) = score_query_sets(predictor, self._signals(labelled.record_ids), [queries])
        evaluated = evaluate_scores(scored, labelled, setting, queries)
        scores = path.with_suffix(".npz")
        evaluated.scores.save(scores)
        write_text(path, replace(evaluated.result, scores=scores.name).to_json())

    def _signals(self, record_ids: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        row_of = {str(name): row for row, name in enumerate(self.store.index.table["record_id"])}
        for name in record_ids:
            yield name, self.store.read(np.array([row_of[name]]))[0]


def run(
    config: AblationConfig,
    progress: Progress,
    should_stop: Callable[[], bool],
    provenance: Mapping[str, Any],
    keep: Callable[[AblationResult], None] = lambda _result: None,
    say: Callable[[str], None] = lambda _message: None,
) -> AblationResult:
    """Train and evaluate what is not finished, and bring the figures together.

    Args:
        config: What to run.
        progress: Called with the fraction done and a message.
        should_stop: Asked between steps.
        provenance: What the models depend on besides their configurations: code, packages, machine.
        keep: Called after each trained model with what is known by then.
        say: Called with a sentence for each variant that cannot run.

    Raises:
        ConfigError: The grid or an override does not fit.
        Cancelled: `should_stop` said so; the same call goes on from there.
        DatasetError: The store cannot be used.
    """
    grid = load_config(Grid, config.grid)
    questions = chosen(grid, config.only)
    seeds = config.seeds or grid.seeds
    base = load_config(PretrainConfig, config.grid.parent / grid.config, [*grid.set, *config.set])
    workers = Workers(precision=base.training.precision, cpu=base.training.cpu)
    with workers:
        data = config.data or synthetic_data(base, config.out / f"synthetic-{base.synthetic_records}", workers)
        bench = AblationBench(config, grid, base, SignalStore.open(data), data, workers, should_stop, provenance)
        for question in questions:  # a misspelt override is told before anything is trained
            for variant in question.variants:
                load_config(PretrainConfig, config.grid.parent / grid.config, [*grid.set, *config.set, *variant.set])
        cells = [(question, variant) for question in questions for variant in question.variants]
        scale, records = scale_of(bench, len(seeds)), len(bench.store.index.in_folds(base.train_folds))
        figures: dict[tuple[str, str], Macros | str] = {}
        result = AblationResult(scale, records, grid.tasks, ())
        for done, (question, variant) in enumerate(cells):
            for so_far in _over_seeds(bench, variant, seeds, progress, done, len(cells), say):
                figures[question.table, variant.name] = so_far
                begun = [one for one in questions if any(table == one.table for table, _ in figures)]
                result = replace(result, questions=tuple(_question_result(one, figures, say) for one in begun))
                keep(result)
    return result


def _over_seeds(
    bench: AblationBench,
    variant: Variant,
    seeds: Sequence[int],
    progress: Progress,
    done: int,
    cells: int,
    say: Callable[[str], None],
) -> Iterator[Macros | str]:
    """Yield the figures of a variant anew after each seed, or once why it cannot run."""
    macros: dict[int, dict[str, float]] = {}
    for count, seed in enumerate(seeds):

        def inner(fraction: float, message: str, count: int = count, seed: int = seed) -> None:
            progress((done + (count + fraction) / len(seeds)) / cells, f"{variant.name}, seed {seed}: {message}")

        try:
            macros = {**macros, seed: bench.cell(variant, seed, inner)}
        except NotRun as reason:
            say(f"{variant.name} is not run: {reason}")
            yield str(reason)
            return
        yield macros


def _question_result(
    question: AblationTable, figures: Mapping[tuple[str, str], Macros | str], say: Callable[[str], None]
) -> QuestionResult:
    names = [variant.name for variant in question.variants]
    mine = {name: figures.get((question.table, name), UNFINISHED) for name in names}
    variants: tuple[VariantResult, ...] = summarise(names, mine)
    return QuestionResult(question.table, question.asks, variants, _interaction(question, mine, say))


def _interaction(
    question: AblationTable, found: Mapping[str, Macros | str], say: Callable[[str], None]
) -> Interaction | None:
    """Test the interaction over tasks, from the means over seeds; None where one of the four lacks a seed."""
    macros = [figures for figures in found.values() if not isinstance(figures, str)]
    if not question.interaction or len(macros) < len(found) or len({tuple(seeds) for seeds in macros}) > 1:
        return None
    figures = [list(over_tasks(one).values()) for one in macros]
    try:
        return interaction(*figures)
    except EvaluationError as error:
        say(f"{question.table}: {error}")
        return None


def scale_of(bench: AblationBench, seeds: int) -> str:
    """Say on what and how long the models were trained, and what else a person changed for all of them."""
    training, index = bench.base.training, bench.store.index
    records, held = (len(index.in_folds(folds)) for folds in (bench.base.train_folds, bench.base.validation_folds))
    steps = training.epochs * (records // training.batch)
    changed = f", all with {', '.join(bench.config.set)}" if bench.config.set else ""
    return (
        f"{index.corpus}{' ECGs' if index.corpus == 'synthetic' else ''}, {records:,} training records, "
        f"{training.epochs} epochs ({steps:,} steps of {training.batch}), evaluated on {held:,} records that also "
        f"chose the best epoch, {seeds} {'seed' if seeds == 1 else 'seeds'}{changed}"
    )
