"""CSN: 45,152 ECGs of 10 s at 500 Hz from Chapman University, Shaoxing and Ningbo hospitals.

Source: https://physionet.org/content/ecg-arrhythmia/1.0.0/ (CC BY 4.0), `WFDBRecords/NN/NNN/JSNNNNN.{hea,mat}`. The
same records are in the Challenge of 2021 as `chapman_shaoxing/` (to JS10646) and `ningbo/`; both layouts are read.

Patients: no id is published; by the authors each record is of another patient. There is no published split either, so
72 : 8 : 20 by a hash of the record's name, the shares of the split that MERL (and the paper) use, not its members.

Labels: the SNOMED CT codes of `#Dx`, as they are. `ConditionNames_SNOMED-CT.csv` of the corpus names them, but by
several acronyms for one code (164909002 is LBBB, LBBBB and LFBBB), and acronyms mislead: AF is atrial flutter there,
and MERL's published labels are wrong for 7 of 38 classes because acronyms were searched as substrings. Codes are
compared whole.

Known defects (from other readers of the corpus: torch_ecg, Murmur; nothing depends on the lists):
- JS01052 and JS23074 cannot be read: a line break is missing between the record line and the first signal line, so that
  12 signals are announced and 11 described. In the Challenge of 2021 the header of JS23074 is named S23074.hea.
- 87 records of Ningbo, from JS10765 to JS42330, hold samples marked as missing; `preprocess` repairs short gaps.
- A file named ".hea" lies among the records.
- Codes 251238007 and 6180003 stand in no table of names.
- 164930006 is named "ST extension" there and "ST interval abnormal" in SNOMED CT, 164931005 "ST tilt up" and
  "ST elevation".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from suprem.datasets.challenge_header import index_headers, refusals
from suprem.datasets.index import RecordIndex, contents_of, fold_of_patient
from suprem.errors import CorpusNotFound

CORPUS = "csn"
RECORDS = "WFDBRecords"
NAME = re.compile(r"JS\d{5}")
VALIDATION_SHARE = 0.08
TEST_SHARE = 0.20


def index_csn(root: Path, *, folds: Iterable[int] | None = None) -> RecordIndex:
    """Index CSN in PhysioNet's layout, or in that of the Challenge of 2021.

    Args:
        root: Folder with `WFDBRecords/`, or any folder above JS records.
        folds: Keep only these; None keeps all.

    Returns:
        One row per header; codes are SNOMED CT.

    Raises:
        CorpusNotFound: There is no header named like JS00001.hea.
        DatasetError: A fold has no record.
    """
    within = RECORDS if (root / RECORDS).is_dir() else "."
    index = index_headers(
        root / within,
        corpus=CORPUS,
        name=NAME,
        codes=lambda diagnoses: diagnoses,
        fold=partial(fold_of_patient, validation=VALIDATION_SHARE, test=TEST_SHARE),
    )
    if len(index) == 0:
        raise CorpusNotFound(
            f"{root} is not a CSN folder: {contents_of(root)}, and no usable header such as "
            f"{RECORDS}/01/010/JS00001.hea. Give the folder that holds {RECORDS}.{refusals(index)}"
        )
    table = index.table.assign(path=[str(PurePosixPath(within, path)) for path in index.table["path"]])
    return replace(index, root=root, table=table).in_folds(folds)
