"""ECGs that are there without any upload: one real recording and labelled synthetic ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydicom.data import get_testdata_file

from suprem.ecg.formats.dicom_reader import read_dicom
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, Territory, synthesize
from suprem.errors import EcgError, UnreadableEcg

REAL_TITLE = "Real: resting ECG of a 42-year-old woman (from the pydicom package)"

EXAMPLES: dict[str, SyntheticSpec] = {
    "Synthetic: normal sinus rhythm": SyntheticSpec(seed=1),
    "Synthetic: sinus bradycardia with first-degree AV block": SyntheticSpec(heart_rate=46, pr_interval=0.28, seed=2),
    "Synthetic: atrial fibrillation": SyntheticSpec(rhythm=Rhythm.FIBRILLATION, heart_rate=95, seed=3),
    "Synthetic: ventricular premature beats": SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE, seed=4),
    "Synthetic: right bundle branch block": SyntheticSpec(conduction=Conduction.RBBB, axis=80, seed=5),
    "Synthetic: left bundle branch block, left axis": SyntheticSpec(conduction=Conduction.LBBB, axis=-25, seed=6),
    "Synthetic: inferior ST elevation": SyntheticSpec(st_inferior=0.3, heart_rate=62, seed=7),
    "Synthetic: high voltage with lateral T inversion": SyntheticSpec(
        voltage=1.9, axis=10, t_inversion=(Territory.LATERAL,), seed=8
    ),
}


def example_titles() -> tuple[str, ...]:
    """Return the titles of all examples, the real one first."""
    return (REAL_TITLE, *EXAMPLES)


def load_example(title: str) -> EcgRecord:
    """Return the example of a title.

    Raises:
        EcgError: There is no example of that title.
    """
    if title == REAL_TITLE:
        return real_example()
    if title not in EXAMPLES:
        raise EcgError(f"There is no example named {title!r}; choose one of: {'; '.join(example_titles())}.")
    return replace(synthesize(EXAMPLES[title]), record_id=title)


def real_example() -> EcgRecord:
    """Return the 12-lead rhythm recording (1000 Hz, 10 s) that ships inside pydicom, found without a network.

    Raises:
        UnreadableEcg: The installed pydicom does not contain it.
    """
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    if path is None:
        raise UnreadableEcg("The installed pydicom lacks its example waveform_ecg.dcm; reinstall pydicom 3 from PyPI.")
    return read_dicom(Path(str(path)).read_bytes(), REAL_TITLE)
