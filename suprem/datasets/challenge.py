"""Any records of the PhysioNet/CinC Challenges 2020 and 2021: CPSC-2018 and CPSC-Extra (A, Q), PTB (S), PTB-XL (HR),
Georgia (E), Chapman-Shaoxing and Ningbo (JS), St Petersburg (I), 6 s to 30 minutes long, at 257 to 1000 Hz.

Source: https://physionet.org/content/challenge-2021/1.0.3/ (CC BY 4.0), `training/<corpus>/gN/<record>.{hea,mat}`.

Patients: no id is published; each record counts as a patient, which is known to be wrong for PTB-XL (HR), where several
records are of one patient. Those records are left out: read PTB-XL from its own release.

Labels: the SNOMED CT codes of `#Dx`. Hospitals coded differently: what one calls bradycardia another calls sinus
bradycardia, and a code that a hospital never used is missing from its records, not absent from its patients. The first
release of 2020 wrote abbreviations for CPSC-2018, which are brought to codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from suprem.datasets.challenge_header import index_headers, refusals
from suprem.datasets.cpsc2018 import ABBREVIATIONS, SNOMED
from suprem.datasets.index import RecordIndex, contents_of, fold_of_patient
from suprem.errors import CorpusNotFound

CORPUS = "challenge"
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
    return index.in_folds(folds)
