"""MIMIC-IV-ECG: 800,035 ECGs of 10 s at 500 Hz of 161,352 patients with machine reports.

Source: https://physionet.org/content/mimic-iv-ecg/1.0/ (ODbL), `record_list.csv`, `machine_measurements.csv` and
`files/p1000/p10000032/s40689238/40689238.{hea,dat}`.

The record id is the study id, which `suprem extract-entities --reports machine_measurements.csv` uses too:
the up to 18 statements of a report are found under the same name. The index itself carries no statement.

There is no published split, and the paper states none: 2 % of the patients, by a hash of the subject id, are fold 9
(validation), the others folds 1 to 8. MERL splits by record, so that patients stand on both sides.

Known conventions and defects:
- The leads are stored as I, II, III, aVR, aVF, aVL, V1 to V6, other than in every other corpus (MERL exchanges the rows
  of the others for that reason). They are read by name here, so it does not matter.
- Samples can be missing and leads or whole records be zero (MELP drops such records); `preprocess` repairs short gaps
  and leaves the rest empty, and a record without any signal is skipped when the store is built.
- Reports can be empty or a single word; the paper keeps those of at least 3 words, 771,500 of them.
- In `machine_measurements.csv` 29999 stands for a measurement that is missing. Nothing here reads the measurements.
- Dates are shifted, and age and sex are in MIMIC-IV itself, which needs credentials: the index leaves them empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from suprem.datasets.index import COLUMNS, RecordIndex, contents_of, fold_of_patient
from suprem.errors import CorpusNotFound, DatasetError

CORPUS = "mimic-iv-ecg"
TABLE = "record_list.csv"
VALIDATION_SHARE = 0.02


def index_mimic_iv_ecg(root: Path, *, folds: Iterable[int] | None = None) -> RecordIndex:
    """Index MIMIC-IV-ECG, or its demo, in PhysioNet's layout.

    Args:
        root: Folder with `record_list.csv` and `files/`.
        folds: Keep only these; None keeps all.

    Returns:
        One row per record whose header file is there; those that this copy does not hold are listed as skipped.

    Raises:
        CorpusNotFound: The folder is not MIMIC-IV-ECG.
        DatasetError: The table is damaged, a fold has no record, or no record is there.
    """
    path = root / TABLE
    if not path.is_file():
        raise CorpusNotFound(
            f"{root} is not a MIMIC-IV-ECG folder: {contents_of(root)}, and no {TABLE}. Give the folder that holds it."
        )
    try:
        raw = pd.read_csv(path, usecols=["subject_id", "study_id", "path"], dtype=str)
    except (ValueError, OSError) as error:
        raise DatasetError(f"{TABLE} is not MIMIC-IV-ECG's table as released: {error}.") from error
    if raw.isna().any(axis=None):
        line = int(raw.isna().any(axis=1).to_numpy().argmax()) + 2
        raise DatasetError(f"{TABLE} is not MIMIC-IV-ECG's table as released: line {line} lacks an id or a path.")
    patients = raw["subject_id"].unique()
    fold = {patient: fold_of_patient(patient, validation=VALIDATION_SHARE, test=0.0) for patient in patients}
    table = pd.DataFrame(
        {
            "record_id": raw["study_id"],
            "patient_id": raw["subject_id"],
            "path": raw["path"],
            "fold": raw["subject_id"].map(fold),
            "age": float("nan"),
            "sex": "",
            "device": "",
            "codes": [()] * len(raw),
        },
        columns=list(COLUMNS),
    )
    index = RecordIndex(corpus=CORPUS, root=root, table=table).in_folds(folds).existing()
    if len(index) == 0:
        raise DatasetError(
            f"None of the {len(index.skipped)} records that {TABLE} lists (in the asked folds) lies under {root}; "
            "download `files/` as well."
        )
    return index
