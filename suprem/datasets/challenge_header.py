"""WFDB headers as the PhysioNet/CinC Challenges 2020 and 2021 and CSN write them: age, sex and diagnoses in comments.

    #Age: 85
    #Sex: Male
    #Dx: 164889003,59118001,164934002
    #Patient: 17

A space may follow the `#`. Diagnoses are SNOMED CT codes, abbreviations in the first release of 2020. Known defects
(torch_ecg's notes on the Challenge of 2021): a list may end with a comma (JS00344) or hold two in a row (JS03287), and
a code may stand twice, as in many records of Georgia. Ages may be "NaN". The Challenge's own headers lack the last
line; those of the databases that it took records from have it, in several forms.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from suprem.datasets.index import COLUMNS, RecordIndex
from suprem.ecg.formats.channels import parse_age, parse_sex
from suprem.ecg.formats.wfdb_header import decode_header

_COMMENT = re.compile(r"^#\s*(Age|Sex|Dx)\s*:(.*)$", re.IGNORECASE | re.MULTILINE)
_PATIENT = re.compile(
    r"^#\s*(?:patient|subject)(?:[ _-]?(?:id|no\.?|nr\.?|number))?\s*[:= ]\s*(\w[\w.-]{0,39})\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_RECORD_COLUMN = re.compile(r"(?:record|ecg|file)(?:[ _-]?(?:id|name|no))?", re.IGNORECASE)
_PATIENT_COLUMN = re.compile(r"(?:patient|subject)(?:[ _-]?(?:id|no|number))?", re.IGNORECASE)
_MOST_TABLE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class ChallengeHeader:
    """Age, sex and diagnoses, from the comments of a header.

    Args:
        age: Years, at most 89; NaN where it is not stated.
        sex: "female", "male" or "".
        diagnoses: Each code once, in the order of the header; None where there is no such line.
        patient: Whose record it is, where the header says; "" else. Never leaves the index but as a mark of equality.
    """

    age: float
    sex: str
    diagnoses: tuple[str, ...] | None
    patient: str = ""

    @classmethod
    def parse(cls, text: str) -> ChallengeHeader:
        """Read the comments of a header's text."""
        said = {key.lower(): value.strip() for key, value in _COMMENT.findall(text)}
        age = parse_age(said.get("age", ""))
        return cls(
            age=float("nan") if age is None else age,
            sex=parse_sex(said.get("sex", "")) or "",
            diagnoses=tuple(dict.fromkeys(re.findall(r"[^,\s]+", said["dx"]))) if "dx" in said else None,
            patient=found[1] if (found := _PATIENT.search(text)) else "",
        )


def index_headers(
    root: Path,
    *,
    corpus: str,
    name: re.Pattern[str],
    codes: Callable[[tuple[str, ...]], tuple[str, ...]],
    fold: Callable[[str], int],
) -> RecordIndex:
    """Index the headers below a folder; it may turn out empty.

    A record is of the patient that a table of the folder names, else its header; else it counts as one of its own.

    A header of another name, one that stands twice, one without diagnoses and one whose codes are refused are listed as
    skipped.

    Args:
        root: The folder, at any depth.
        corpus: Name of the corpus.
        name: What all of a record's name matches.
        codes: Translates the diagnoses; a `ValueError` is the reason to skip the record.
        fold: Gives the fold of a patient.
    """
    rows: dict[str, dict[str, object]] = {}
    known = patients_of_tables(root)
    skipped: list[tuple[str, str]] = []
    for path in _headers_below(root):
        record_id = path.stem
        if not name.fullmatch(record_id):
            skipped.append((str(path.relative_to(root)), f"Not named as a record of {corpus}."))
            continue
        if record_id in rows:
            skipped.append((str(path.relative_to(root)), f"Record {record_id} stands twice; the first was taken."))
            continue
        try:
            header = ChallengeHeader.parse(decode_header(path.read_bytes()))
            if header.diagnoses is None:
                raise ValueError("The header has no #Dx line, so what the record shows is not known.")
            present = codes(header.diagnoses)
        except (OSError, ValueError) as error:
            skipped.append((record_id, str(error)))
            continue
        part = record_id.rstrip("0123456789")  # patients of two hospitals may have the same number
        patient = known.get(record_id) or header.patient
        patient_id = f"{part}-{patient}" if patient else record_id
        rows[record_id] = {
            "record_id": record_id,
            "patient_id": patient_id,
            "path": path.relative_to(root).with_suffix("").as_posix(),
            "fold": fold(patient_id),
            "age": header.age,
            "sex": header.sex,
            "device": "",
            "codes": present,
        }
    table = pd.DataFrame(list(rows.values()), columns=list(COLUMNS))
    return RecordIndex(corpus=corpus, root=root, table=table, skipped=tuple(skipped))


def patients_of_tables(root: Path) -> dict[str, str]:
    """Return record -> patient, from the tables (CSV) of a folder that have a column for each; later ones go before."""
    known: dict[str, str] = {}
    for path in sorted(root.glob("*.csv")):
        try:
            if path.stat().st_size > _MOST_TABLE_BYTES:
                continue
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.DictReader(file)
                names = rows.fieldnames or ()
                record, patient = (
                    next((name for name in names if wanted.fullmatch(name.strip())), None)
                    for wanted in (_RECORD_COLUMN, _PATIENT_COLUMN)
                )
                if record is None or patient is None:
                    continue
                for row in rows:
                    if row[record] and (whose := (row[patient] or "").strip()):
                        known[Path(row[record].strip()).stem] = whose
        except (OSError, ValueError, csv.Error):
            continue  # no table of patients
    return known


def refusals(index: RecordIndex) -> str:
    """Say how many headers were left out and why the first was, "" where there was none."""
    if not index.skipped:
        return ""
    return f" {len(index.skipped)} headers were left out; the first: {index.skipped[0][1]}"


def _headers_below(root: Path) -> Iterator[Path]:
    """Yield the headers below a folder in the same order everywhere."""
    for place, folders, names in os.walk(root):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".hea"))
