"""Any records of the PhysioNet/CinC Challenges 2020 and 2021: CPSC-2018 and CPSC-Extra (A, Q), PTB (S), PTB-XL (HR),
Georgia (E), Chapman-Shaoxing and Ningbo (JS), St Petersburg (I), 6 s to 30 minutes long, at 257 to 1000 Hz.

Source: https://physionet.org/content/challenge-2021/1.0.3/ (CC BY 4.0), `training/<corpus>/gN/<record>.{hea,mat}`.

Patients: the Challenges publish no id. Where the header of a record or a table of the folder (CSV with a column for the
record and one for the patient, as PTB and St Petersburg publish it) tells whose it is, all records of a patient are in
one fold. Else each record counts as a patient, which is right for the hospitals that gave one record a patient and
wrong for PTB and St Petersburg, of which that is said (`PARTS`). It is known to be wrong for PTB-XL (HR) too, whose
records are left out: read PTB-XL from its own release.

Labels: the SNOMED CT codes of `#Dx`. Hospitals coded differently: what one calls bradycardia another calls sinus
bradycardia, and a code that a hospital never used is missing from its records, not absent from its patients. The first
release of 2020 wrote abbreviations for CPSC-2018, which are brought to codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from suprem.datasets.challenge_header import index_headers, refusals
from suprem.datasets.cpsc2018 import ABBREVIATIONS, SNOMED
from suprem.datasets.index import RecordIndex, contents_of, fold_of_patient
from suprem.errors import CorpusNotFound

CORPUS = "challenge"


@dataclass(frozen=True)
class Part:
    """What one hospital's or database's records are, and whether several are of one patient."""

    name: str
    several: bool


PARTS = {
    "A": Part("CPSC-2018, eleven hospitals in China", several=False),
    "Q": Part("CPSC-Extra, unused data of the same", several=False),
    "S": Part("PTB, Berlin, 549 records of 290 patients", several=True),
    "E": Part("Georgia, Emory University, Atlanta", several=False),
    "JS": Part("Chapman-Shaoxing and Ningbo, China", several=False),
    "I": Part("St Petersburg INCART, 74 half-hour records of 32 patients", several=True),
}
"""By the letters that a record's name begins with."""

NAME = re.compile(r"(?:A|Q|S|E|I)\d{4,5}|JS\d{5}")
CODE_OF = dict(zip(ABBREVIATIONS, SNOMED, strict=True))
VALIDATION_SHARE = 0.08
TEST_SHARE = 0.20


def index_challenge(root: Path, *, folds: Iterable[int] | None = None) -> RecordIndex:
    """Index the records of the Challenges below a folder.

    Args:
        root: Any folder above the headers.
        folds: Keep only these; None keeps all.

    Returns:
        One row per header; codes are SNOMED CT.

    Raises:
        CorpusNotFound: There is no usable header.
        DatasetError: A fold has no record.
    """
    index = index_headers(
        root,
        corpus=CORPUS,
        name=NAME,
        codes=lambda diagnoses: tuple(CODE_OF.get(code, code) for code in diagnoses),
        fold=partial(fold_of_patient, validation=VALIDATION_SHARE, test=TEST_SHARE),
    )
    if len(index) == 0:
        raise CorpusNotFound(
            f"{root} is not a folder of the Challenges: {contents_of(root)}, and no usable header such as "
            f"georgia/g1/E00001.hea. Give a folder above them.{refusals(index)}"
        )
    kept = index.in_folds(folds)
    return replace(kept, made_of=parts_in_words(kept))


def parts_in_words(index: RecordIndex) -> str:
    """Return what the records of an index are, part by part, and where a record wrongly counts as a patient."""
    letters = index.table["record_id"].str.rstrip("0123456789")
    own = index.table["patient_id"] == index.table["record_id"]
    said = []
    for letter, part in PARTS.items():
        here = letters == letter
        if here.any():
            alone = int((here & own).sum()) if part.several else 0
            wrong = f", of {alone:,} of which the patient is not known and each counts as one" if alone else ""
            said.append(f"{int(here.sum()):,} of {part.name}{wrong}")
    return "; ".join(said)
