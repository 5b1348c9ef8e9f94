"""CPSC-2018: 6,877 ECGs of 6 to 60 s at 500 Hz in nine classes, the China Physiological Signal Challenge 2018.

Two packagings are read:
- the original (http://2018.icbeb.org/Challenge.html, often not reachable): `A0001.mat` with a structure ECG, in one
  folder or in TrainingSet1 to 3, and `REFERENCE.csv` with up to three labels a record;
- the Challenges' of 2020 and 2021 (https://physionet.org/content/challenge-2021/): `cpsc_2018/g1/A0001.{hea,mat}`,
  labels as SNOMED CT codes in `#Dx`; their first release of 2020 wrote abbreviations there ("RBBB", "Normal").

No patient id is published, so each record counts as a patient; whether a patient has several records cannot be known.
There is no published split: 72 : 8 : 20 by a hash of the record's name, the shares of the split that MERL (and the
paper) use, not its members.

Known conventions and defects:
- Both packagings label all 6,877 records alike: 918, 1221, 722, 236, 1857, 616, 700, 869 and 220 records in the order
  of `CLASSES`.
- The original says right and left bundle branch block, not complete; the class names CRBBB and CLBBB are MERL's.
- In `REFERENCE.csv` the classes are numbers; 470 records have two labels and 6 have three.
- Age is not a number in A0608, A1549, A1876, A2299 and A5990. The original has age and sex in the signal files only,
  which are not opened here: the index leaves them empty.
- CPSC-Extra of the Challenges (Q records) is another collection with other labels, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pandas as pd

from suprem.datasets.challenge_header import index_headers, refusals
from suprem.datasets.index import COLUMNS, NO_FILE, RecordIndex, contents_of, fold_of_patient
from suprem.errors import CorpusNotFound, DatasetError

CORPUS = "cpsc2018"
CLASSES = ("NORM", "AFIB", "1AVB", "CLBBB", "CRBBB", "PAC", "VPC", "STD", "STE")
"""In the order of the numbers 1 to 9 of `REFERENCE.csv`."""

SNOMED = (
    "426783006", "164889003", "270492004", "164909002", "59118001", "284470004", "164884008", "429622005", "164931005",
)  # fmt: skip
ABBREVIATIONS = ("Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
CLASS_OF = dict(zip((*SNOMED, *ABBREVIATIONS), CLASSES * 2, strict=True))

REFERENCE = "REFERENCE.csv"
LABEL_COLUMNS = ("First_label", "Second_label", "Third_label")
NAME = re.compile(r"A\d{4}")
VALIDATION_SHARE = 0.08
TEST_SHARE = 0.20

_fold = partial(fold_of_patient, validation=VALIDATION_SHARE, test=TEST_SHARE)


def index_cpsc2018(root: Path, *, folds: Iterable[int] | None = None) -> RecordIndex:
    """Index CPSC-2018 in either packaging.

    Args:
        root: Folder with `REFERENCE.csv` and the .mat files, or one above the headers A0001.hea.
        folds: Keep only these; None keeps all.

    Returns:
        One row per record, its codes from `CLASSES` in the order of the labels.

    Raises:
        CorpusNotFound: The folder holds neither.
        DatasetError: `REFERENCE.csv` is damaged, or a fold has no record.
    """
    index = headers = index_headers(root, corpus=CORPUS, name=NAME, codes=_classes, fold=_fold)
    if len(index) == 0 and (reference := _reference(root)) is not None:
        index = _index_original(root, reference)
    if len(index) == 0:
        raise CorpusNotFound(
            f"{root} is not a CPSC-2018 folder: {contents_of(root)}, and neither usable headers such as g1/A0001.hea "
            f"nor {REFERENCE} with A0001.mat. Give the folder that holds them.{refusals(headers)}"
        )
    return index.in_folds(folds)


def _classes(diagnoses: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [code for code in diagnoses if code not in CLASS_OF]
    if unknown or not diagnoses:
        raise ValueError(f"Its #Dx is {', '.join(unknown) or 'empty'}, which is none of the nine classes.")
    return tuple(CLASS_OF[code] for code in diagnoses)


def _reference(root: Path) -> Path | None:
    return next(iter([*root.glob(REFERENCE), *sorted(root.glob(f"*/{REFERENCE}"))]), None)


def _index_original(root: Path, reference: Path) -> RecordIndex:
    try:
        table = pd.read_csv(reference)
        labelled = [(str(row[0]), row[1:]) for row in table[["Recording", *LABEL_COLUMNS]].itertuples(index=False)]
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{REFERENCE} is not CPSC-2018's table as released: {error}.") from error
    files = {path.stem: path.relative_to(root).as_posix() for path in sorted(root.rglob("*.mat"))}
    skipped = [(name, f"{REFERENCE} does not label it.") for name in files.keys() - {name for name, _ in labelled}]
    rows = []
    for name, labels in labelled:
        try:
            codes = tuple(dict.fromkeys(_class_of_number(label) for label in labels if pd.notna(label)))
        except ValueError as error:
            skipped.append((name, str(error)))
            continue
        if name not in files:
            skipped.append((name, NO_FILE))
            continue
        facts = {"age": float("nan"), "sex": "", "device": "", "codes": codes}
        rows.append({"record_id": name, "patient_id": name, "path": files[name], "fold": _fold(name), **facts})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return RecordIndex(corpus=CORPUS, root=root, table=table, skipped=tuple(sorted(skipped)))


def _class_of_number(label: object) -> str:
    number = float(str(label)) if re.fullmatch(r"\d+(\.0)?", str(label)) else 0.0
    if not 1 <= number <= len(CLASSES):
        raise ValueError(f"Its label in {REFERENCE} is {label}; expected 1 to {len(CLASSES)}.")
    return CLASSES[int(number) - 1]
