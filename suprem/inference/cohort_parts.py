"""A cohort that several processes score: each a part of the recordings, in a cohort of its own below the folder.

<cohort>/tasks/2-of-8/   the cohort of part 2, with every eighth group of `PART` recordings from the second on

Joined, the groups stand in the order of one process, and each is the same to the byte.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from suprem.errors import CohortError
from suprem.inference.cohort import PART, PARTS, Cohort, Plan, begin, finish, has_begun
from suprem.part import Part

_TASKS = "tasks"


def begin_part(folder: Path, plan: Plan, part: Part) -> Cohort:
    """Begin the cohort of a part of the recordings, or open the one that was begun with the same plan.

    Args:
        folder: Of the whole cohort.
        plan: Of the whole cohort.
        part: Which recordings.

    Raises:
        CohortError: The part was begun with another plan, or the whole cohort is there already.
    """
    if has_begun(folder):
        raise CohortError(f"The folder {folder.name} holds a whole cohort; name another folder for one of parts.")
    files = chain.from_iterable(group for number, group in enumerate(_groups(plan.files)) if part.owns(number))
    return begin(folder_of(folder, part), replace(plan, files=tuple(files)))


def folder_of(folder: Path, part: Part) -> Path:
    """Return where the cohort of a part lies."""
    return folder / _TASKS / f"{part.number}-of-{part.count}"


def join_cohort(folder: Path, provenance: dict[str, Any]) -> Cohort:
    """Make one cohort of parts that are all scored, and take the parts away.

    Args:
        folder: Of the whole cohort.
        provenance: What the scores depend on besides.

    Raises:
        CohortError: A part is missing or not finished, or they were begun over other recordings.
    """
    names = [re.fullmatch(r"\d+-of-(\d+)", path.name) for path in (folder / _TASKS).glob("*")]
    counts = {int(name[1]) for name in names if name}
    if len(counts) != 1:
        found = f"parts of {' and of '.join(map(str, sorted(counts)))}" if counts else "no scored parts"
        raise CohortError(f"The folder {folder.name} holds {found}; expected the parts of one number, see --part I/N.")
    count = counts.pop()
    cohorts = []
    for number in range(1, count + 1):
        part = Part(number, count)
        place = folder_of(folder, part)
        cohort = Cohort.open(place) if has_begun(place) else None
        if cohort is None or not cohort.finished:
            raise CohortError(f"Part {part} has {cohort.done if cohort else 0} recordings done; run it again first.")
        cohorts.append(cohort)
    groups = [_groups(cohort.plan.files) for cohort in cohorts]
    order = [(turn, task) for turn in range(max(map(len, groups))) for task in range(count) if turn < len(groups[task])]
    files = tuple(chain.from_iterable(groups[task][turn] for turn, task in order))
    expected = [(number // count, number % count) for number in range(len(order))]
    if len(set(files)) != len(files) or order != expected or any(len(groups[j][i]) != PART for i, j in order[:-1]):
        raise CohortError("The parts were begun over different recordings; score them anew over a folder at rest.")
    for one in cohorts[1:]:
        if replace(one.plan, files=()) != replace(cohorts[0].plan, files=()):
            raise CohortError("The parts were begun with different queries, checkpoints or options; score them anew.")
    whole = begin(folder, replace(cohorts[0].plan, files=files))
    for number, (turn, task) in enumerate(order):
        shutil.copyfile(cohorts[task].folder / PARTS / f"{turn:06d}.npz", whole.folder / PARTS / f"{number:06d}.npz")
    cohort = finish(folder, provenance)
    shutil.rmtree(folder / _TASKS)
    return cohort


def _groups(files: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(files[first : first + PART]) for first in range(0, len(files), PART)]
