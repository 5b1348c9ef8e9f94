"""One whole recording of every format that is read, as files: seeds of mutations, uploads of the page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from scipy.io import savemat

from suprem.ecg.record import LEADS
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from tests.ecg.conftest import dicom_file, wfdb_files
from tests.ecg.formats.hospital_files import SECRETS, aecg_file, edf_file, muse_file, scp_file, sierra_file
from tests.ecg.formats.pdf_files import pdf_file, printed
from tests.ecg.formats.vendor_files import (
    cardiosoft_file,
    excel_file,
    fhir_file,
    hdf5_file,
    ishne_file,
    mfer_file,
    mortara_file,
    schiller_file,
)

PATIENT = {
    "PatientName": "Quxley^Gwendolyn",
    "PatientID": "MRN-770031",
    "PatientBirthDate": "19510307",
    "ReferringPhysicianName": "Dr. Halvorsen",
    "PatientAge": "071Y",
    "PatientSex": "F",
}
"""Whose name, number and dates (`SECRETS`) stand in every format that can hold them."""


def write_examples(folder: Path, *, seconds: float = 6.0) -> dict[str, list[Path]]:
    """Write a synthetic ECG in every format, its patient in all of them; return format -> files of one recording."""
    record = synthesize(SyntheticSpec(seed=3))
    signal = record.signal[:, : round(seconds * record.fs)]
    counts = np.round(signal * 1000).astype(np.int16)
    names = ", ".join(SECRETS)
    archive, array, matlab = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(archive, signal=signal, fs=500.0, leads=np.array(LEADS), units=np.array(["mV"]), patient=np.array([names]))
    np.save(array, record.signal)
    savemat(matlab, {"signal": signal, "fs": 500.0, "leads": np.array(LEADS, object), "units": "mV", "patient": names})
    lines = [f"# {names}", "time," + ",".join(LEADS)]
    lines += [f"{i / 500:.3f}," + ",".join(f"{value:.3f}" for value in frame) for i, frame in enumerate(signal.T)]
    comments = f"# {names}\n#Age: 71\n#Sex: F\n"
    dicom = dicom_file([("RHYTHM", counts, 500.0), ("MEDIAN BEAT", counts[:, :600], 500.0)], **PATIENT)
    facts = {"fs": 500.0, "leads": list(LEADS), "units": "mV", "operator": SECRETS[-1]}
    contents = {
        "WFDB": wfdb_files(counts, name="Quxley", comments=comments),
        "DICOM": {"Quxley.dcm": dicom},
        "GE MUSE XML": {"Quxley_muse.xml": muse_file(counts)},
        "HL7 aECG": {"Quxley_aecg.xml": aecg_file(counts)},
        "Philips Sierra XML": {"Quxley_sierra.xml": sierra_file(counts)},
        "SCP-ECG": {"Quxley.scp": scp_file(counts)},
        "EDF": {"Quxley.edf": edf_file(counts)},
        "BDF": {"Quxley.bdf": edf_file(counts, kind="BDF+C")},
        "CSV": {"Quxley.csv": "\n".join(lines).encode()},
        "NPY": {"Quxley.npy": array.getvalue()},
        "NPZ": {"Quxley.npz": archive.getvalue()},
        "MATLAB": {"matlab/Quxley.mat": matlab.getvalue()},
        "GE CardioSoft XML": {"Quxley_cardiosoft.xml": cardiosoft_file(counts)},
        "Schiller EDI XML": {"Quxley_schiller.xml": schiller_file(counts)},
        "Mortara ELI XML": {"Quxley_mortara.xml": mortara_file(counts)},
        "ISHNE": {"Quxley.ecg": ishne_file(counts)},
        "MFER": {"Quxley.mwf": mfer_file(counts)},
        "FHIR": {"Quxley.json": fhir_file(counts)},
        "PDF": {"Quxley.pdf": pdf_file(printed(signal))},
        "Excel": {"Quxley.xlsx": excel_file(signal[:, :1500])},
        "HDF5": {"Quxley.h5": hdf5_file({"signal": signal, "patient": np.bytes_(names)}, attributes=facts)},
    }
    (folder / "matlab").mkdir(parents=True, exist_ok=True)  # beside a header it would be taken for its signal file
    for files in contents.values():
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return {kind: [folder / name for name in files] for kind, files in contents.items()}
