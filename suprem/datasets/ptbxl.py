"""PTB-XL: 21,799 ECGs of 10 s with SCP-ECG statements (https://physionet.org/content/ptb-xl/1.0.3/, CC BY 4.0).

Splits are the corpus' own: folds 1 to 8 train, 9 validation, 10 test; no patient is in two folds.

Known defects and conventions:
- A statement counts as present whatever its likelihood, also 0.0, as all published evaluations do. What is learned goes
  by the likelihoods and the other columns of the table (`suprem.datasets.ptbxl_annotations`).
- Reports are German or mixed; the English ones are machine translations.
- `patient_id` is stored as a float.
- Ages of 300 stand for "over 89".
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from suprem.datasets.index import ANNOTATIONS, COLUMNS, RecordIndex
from suprem.datasets.ptbxl_annotations import Annotations, annotate
from suprem.errors import CorpusNotFound, DatasetError

CORPUS = "ptb-xl"
TABLE = "ptbxl_database.csv"
PATH_COLUMN = {100: "filename_lr", 500: "filename_hr"}
SEX = {0: "male", 1: "female"}


def index_ptbxl(root: Path, *, folds: Iterable[int] | None = None, fs: int = 100) -> RecordIndex:
    """Index PTB-XL in PhysioNet's layout.

    Args:
        root: Folder with `ptbxl_database.csv` and `records100/` or `records500/`.
        folds: Keep only these; None keeps all.
        fs: 100 or 500, which of the two copies of each signal.

    Returns:
        One row per record whose header file is there; a copy of the corpus may hold only part of it, and what it does
        not hold is listed as skipped.

    Raises:
        CorpusNotFound: The folder is not PTB-XL.
        DatasetError: The table is damaged, the rate is not shipped, or no record is there.
    """
    if fs not in PATH_COLUMN:
        raise DatasetError(f"PTB-XL is shipped at 100 and 500 Hz, not at {fs} Hz.")
    path = root / TABLE
    if not path.is_file():
        raise CorpusNotFound(f"{root} is not a PTB-XL folder: {TABLE} is missing. Give the folder that holds it.")
    try:
        raw = pd.read_csv(path, low_memory=False)
        statements = [_statements(cell) for cell in raw["scp_codes"]]
        annotations = _annotations(raw, statements)
        table = pd.DataFrame(
            {
                "record_id": raw["ecg_id"].map("{:05d}".format),
                "patient_id": raw["patient_id"].map("{:.0f}".format),
                "path": raw[PATH_COLUMN[fs]].astype(str),
                "fold": raw["strat_fold"].astype(int),
                "age": raw["age"].clip(upper=89),
                "sex": raw["sex"].map(SEX),
                "device": raw["device"].astype(str).str.strip(),
                "codes": [tuple(sorted(stated)) for stated in statements],
                "noted": [found.noted for found in annotations],
                "doubted": [found.doubted for found in annotations],
            },
            columns=[*COLUMNS, *ANNOTATIONS],
        )
    except (KeyError, ValueError, TypeError, SyntaxError) as error:
        raise DatasetError(f"{TABLE} is not PTB-XL's table as released: {error}.") from error
    if folds is not None:
        table = table[table["fold"].isin(set(folds))]
    index = RecordIndex(corpus=CORPUS, root=root, table=table).existing()
    if len(index) == 0:
        raise DatasetError(f"No {fs} Hz record of the asked folds lies under {root}.")
    return index


def _statements(cell: str) -> dict[str, float]:
    """Return the statements of one `scp_codes` cell, a Python dictionary as text: code -> likelihood in percent."""
    statements = ast.literal_eval(cell)
    if not isinstance(statements, dict):
        raise ValueError(f"scp_codes holds {cell!r}")
    return {str(code): float(likelihood) for code, likelihood in statements.items()}


def _annotations(raw: pd.DataFrame, statements: list[dict[str, float]]) -> list[Annotations]:
    """Return what the other columns tell; one that a copy of the table lacks tells nothing."""
    words = ("heart_axis", "infarction_stadium1", "infarction_stadium2", "pacemaker", "extra_beats")
    cells = {name: raw[name].fillna("").astype(str) if name in raw else [""] * len(raw) for name in words}
    # A copy that could not restore all likelihoods says of which rows they are true.
    known = raw["likelihood_known"].astype(bool) if "likelihood_known" in raw else [True] * len(raw)
    return [
        annotate(
            stated if sure else dict.fromkeys(stated, 0.0),
            axis=axis,
            stadia=(one, two),
            pacemaker=pace,
            extra_beats=beats,
        )
        for stated, sure, axis, one, two, pace, beats in zip(statements, known, *cells.values(), strict=True)
    ]
