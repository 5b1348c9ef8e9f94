"""The work of `score --results`: a folder, or a part of one, scored into a cohort; loaded when it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.inputs import gather_paths, gather_queries
from pipelines.provenance import provenance
from pipelines.score_rows import answerable
from pipelines.stage import ConsoleProgress, say, stop_on_signal
from suprem.experiments.configurations import CohortRequest
from suprem.inference.cohort import Plan, begin
from suprem.inference.cohort_parts import begin_part, folder_of, join_cohort
from suprem.inference.files import score_cohort
from suprem.inference.predictor import Predictor
from suprem.lock import only_writer
from suprem.part import Part
from suprem.settings import load_settings


def score_folder(asked: CohortRequest, texts: Sequence[str] = (), part: Part | None = None) -> int:
    """Score a folder, or a part of it, into a cohort, or go on with one; `texts` are queries beside the file's."""
    paths = gather_paths([], asked.folder, links=asked.links)
    predictor = Predictor.configured(load_settings(), asked.checkpoint)
    queries, _ = answerable(gather_queries(texts, asked.queries, predictor.vocabulary), predictor.vocabulary)
    plan = Plan(
        source=asked.folder.absolute(),
        files=tuple(str(path.relative_to(asked.folder)) for path in paths),
        queries=tuple(query.text for query in queries),
        support=tuple(str(support.support) for support in predictor.support(queries)),
        checkpoint=predictor.id,
        ignore_quality=asked.ignore_quality,
        links=asked.links,
        table=asked.table,
    )
    folder = folder_of(asked.results, part) if part else asked.results
    with only_writer(folder), stop_on_signal() as stopped:
        begun = begin_part(asked.results, plan, part) if part else begin(folder, plan)
        cohort = score_cohort(predictor, begun, ConsoleProgress("score"), stopped, provenance())
    say(f"{int(cohort.scored.sum())} of {cohort.done} records have scores.")
    return 0 if part or cohort.scored.any() else 2


def finish_folder(folder: Path) -> int:
    """Make one cohort of the parts that were scored."""
    with only_writer(folder):
        cohort = join_cohort(folder, provenance())
    say(f"{int(cohort.scored.sum())} of {cohort.done} records have scores.")
    return 0 if cohort.scored.any() else 2
