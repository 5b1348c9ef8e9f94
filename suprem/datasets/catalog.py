"""The evaluation tasks by name: their classes, the query of each class, splits, source and known defects.

Class lists are data: `assets/queries/<task>.toml` holds for each class its code, the query that is scored for it, and
the statements whose presence makes the class present. The task of all statements takes its queries from the
vocabulary's terms, so that a trained concept is asked by its own name.

Labels come in two variants. "exact" compares statements whole. "merl" is how the published tables of MERL (and with
them the paper) are labelled: for CSN they take an acronym for present wherever it is a part of another one, which makes
7 of 38 classes wrong; for the other tasks both variants are the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from suprem.datasets.task import Task, TaskClass
from suprem.errors import DatasetError
from suprem.resources import ASSETS

LABEL_VARIANTS = ("exact", "merl")

PTBXL_CITATION = (
    "Wagner et al., PTB-XL, a large publicly available electrocardiography dataset, Scientific Data 7:154 (2020), "
    "doi:10.1038/s41597-020-0495-6; tasks after Strodthoff et al., Deep Learning for ECG Analysis: Benchmarks and "
    "Insights from PTB-XL, IEEE J. Biomed. Health Inform. 25:1519 (2021), doi:10.1109/JBHI.2020.3022989"
)
CPSC_CITATION = (
    "Liu et al., An open access database for evaluating the algorithms of electrocardiogram rhythm and morphology "
    "abnormality detection, J. Med. Imaging Health Inform. 8:1368 (2018), doi:10.1166/jmihi.2018.2442"
)
CHALLENGE_CITATION = (
    "Reyna et al., Will two do? Varying dimensions in electrocardiography: the PhysioNet/Computing in Cardiology "
    "Challenge 2021, PhysioNet (2022), doi:10.13026/34va-7q14"
)
CSN_CITATION = (
    "Zheng et al., A large scale 12-lead electrocardiogram database for arrhythmia study, PhysioNet (2022), "
    "doi:10.13026/wgex-er52"
)

PTBXL_SPLIT = "the corpus' own folds: 1-8 train, 9 validation, 10 test; no patient is in two folds"
HASH_SPLIT = (
    "none is published: every record, or folds drawn from a hash of its name (1-8 train, 9 validation, 10 test; "
    "72 : 8 : 20), or MERL's tables"
)

LIKELIHOOD = "The likelihood of a statement is ignored: a statement listed with likelihood 0 counts as present."
UNIONS = "Classes that unite several statements are asked with one query, which cannot name all of them."
SUBSTRINGS = (
    "Labels of 2AVB, VB, SA, CR, AF, AVB and ST are wrong: the acronym was searched within the others, so that, for "
    "example, atrial fibrillation (AFIB) counts as atrial flutter (AF)."
)


@dataclass(frozen=True)
class _Facts:
    """What is known of a task besides its classes; arguments as in `Task`."""

    corpus: str
    split: str
    citation: str
    defects: tuple[str, ...]
    published_records: Mapping[int, int]
    default_folds: tuple[int, ...] | None = None
    keeps_unlabelled: bool = False


def _ptbxl(published_records: Mapping[int, int], *defects: str) -> _Facts:
    return _Facts("ptbxl", PTBXL_SPLIT, PTBXL_CITATION, defects, published_records, default_folds=(9,))


_TASKS: dict[str, _Facts] = {
    "ptbxl_superclass": _ptbxl({9: 2146, 10: 2158}, LIKELIHOOD, UNIONS),
    "ptbxl_subclass": _ptbxl(
        {9: 2146, 10: 2158},
        LIKELIHOOD,
        UNIONS,
        "SEHYP, WPW, ILBBB and PMI have fewer than 10 positives in folds 9 and 10.",
    ),
    "ptbxl_form": _ptbxl(
        {9: 901, 10: 880},
        LIKELIHOOD,
        "Only records with a form statement are labelled, so no record is free of all of them.",
        "HVOLT, TAB, PRC(S) and STE have fewer than 10 positives in folds 9 and 10.",
    ),
    "ptbxl_rhythm": _ptbxl(
        {9: 2100, 10: 2098},
        LIKELIHOOD,
        "Four of five records are sinus rhythm.",
        "BIGU, TRIGU, SVTAC, PSVT and AFLT have fewer than 10 positives in folds 9 and 10.",
    ),
    "ptbxl_all": _ptbxl({9: 2183, 10: 2198}, LIKELIHOOD, "Many of the 71 statements are rare."),
    "cpsc2018": _Facts(
        "cpsc2018",
        HASH_SPLIT,
        CPSC_CITATION,
        (
            "No patient id is published, so it cannot be known whether a patient is in two parts of a split.",
            "CRBBB and CLBBB: the challenge does not say that the blocks are complete.",
            "Published figures use the first 5 s of 6 to 60 s, padded with zeros to 10 s.",
        ),
        {},
    ),
    "csn": _Facts(
        "csn",
        HASH_SPLIT,
        CSN_CITATION,
        (
            "STE (164930006) is named ST extension by the corpus and ST interval abnormal by SNOMED CT; it is asked as "
            "ST elevation, as published. STTU (164931005) is ST elevation in SNOMED CT.",
            "VB has 3 records in the published tables, none of them in the test part.",
            "The published tables leave out half of the corpus: every record with a code that has no acronym, and "
            "those without any of the 38 classes, such as a plain sinus bradycardia.",
            "The Challenges' copies of the records carry other codes in places: JS00005 has a first degree AV block "
            "there and none in the published tables.",
        ),
        {},
        keeps_unlabelled=True,
    ),
    "challenge": _Facts(
        "challenge",
        HASH_SPLIT,
        CHALLENGE_CITATION,
        (
            "Hospitals coded differently: a code that a hospital never used counts as absent in its records.",
            "No patient id is published, so it cannot be known whether a patient has several records.",
        ),
        {},
        keeps_unlabelled=True,
    ),
}

TASK_NAMES: tuple[str, ...] = tuple(_TASKS)


def load_task(name: str, labels: str = "exact") -> Task:
    """Return a task by its name.

    Args:
        name: One of `TASK_NAMES`.
        labels: One of `LABEL_VARIANTS`.

    Raises:
        DatasetError: There is no such task or variant, or its class list is damaged.
    """
    if name not in _TASKS:
        close = get_close_matches(name, TASK_NAMES, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise DatasetError(f"There is no task {name!r}; the tasks are {', '.join(TASK_NAMES)}.{hint}")
    if labels not in LABEL_VARIANTS:
        raise DatasetError(f"There are no labels {labels!r}; choose {' or '.join(LABEL_VARIANTS)}.")
    path = ASSETS / "terms/scp_statements.toml" if name == "ptbxl_all" else ASSETS / f"queries/{name}.toml"
    facts = _TASKS[name]
    return Task(
        name=name,
        classes=_read_classes(path, as_published=labels == "merl"),
        labels=labels,
        split=facts.split,
        published_records=facts.published_records,
        citation=facts.citation,
        defects=facts.defects + ((SUBSTRINGS,) if (name, labels) == ("csn", "merl") else ()),
        corpus=facts.corpus,
        default_folds=facts.default_folds,
        crop=_crop(facts.corpus, labels),
        keeps_unlabelled=facts.keeps_unlabelled and labels == "exact",
    )


def _crop(corpus: str, labels: str) -> str:
    """Where recordings are longer than the model's window, a label can be of any part of them."""
    if corpus == "cpsc2018" and labels == "merl":
        return "published"
    return "full" if corpus in ("cpsc2018", "challenge") else "cleanest"


def _read_classes(path: Path, *, as_published: bool) -> tuple[TaskClass, ...]:
    """Read a class list; without `members` a class is the statement of the same code.

    Args:
        path: The list.
        as_published: Also count what stands under `merl`, the codes that the published tables take for the class.
    """
    try:
        with path.open("rb") as file:
            content: dict[str, list[dict[str, Any]]] = tomllib.load(file)
        if "statement" in content:
            classes = tuple(TaskClass(row["code"], row["name"], (row["code"],)) for row in content["statement"])
        else:
            classes = tuple(
                TaskClass(
                    row["code"],
                    row["query"],
                    (*row.get("members", [row["code"]]), *(row.get("merl", ()) if as_published else ())),
                    tuple(row["published"] if as_published else row.get("published_exact", row["published"])),
                )
                for row in content["classes"]
            )
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise DatasetError(
            f"The class list {path.name} cannot be read ({error}); restore it from the repository."
        ) from error
    codes = [entry.code for entry in classes]
    if len(set(codes)) != len(codes):
        raise DatasetError(f"A class code stands twice in {path.name}.")
    return classes
