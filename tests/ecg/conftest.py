"""Files of every format, written byte by byte or by another tool than the one that reads them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

from suprem.ecg.record import LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize

_NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))


@pytest.fixture(scope="session")
def clean() -> EcgRecord:
    """A clean synthetic ECG: 12 leads, 500 Hz, 10 s."""
    return synthesize(SyntheticSpec(seed=3))


@pytest.fixture(scope="session")
def counts(clean: EcgRecord) -> NDArray[np.int16]:
    """The clean ECG as whole microvolts (lead, time), as a converter would store it."""
    return np.round(clean.signal * 1000).astype(np.int16)


@pytest.fixture(scope="session")
def brief(clean: EcgRecord) -> EcgRecord:
    """Its first 2.4 s: 1200 samples, a count from which no rate follows."""
    return replace(clean, signal=clean.signal[:, :1200])


@pytest.fixture(scope="session")
def brief_counts(counts: NDArray[np.int16]) -> NDArray[np.int16]:
    """Its first 1200 samples as whole microvolts."""
    return counts[:, :1200]


def wfdb_files(
    counts: NDArray[np.int16],
    *,
    name: str = "rec",
    leads: Sequence[str] = LEADS,
    fs: str = "500",
    gain: str = "1000(0)/mV",
    data_name: str | None = None,
    comments: str = "",
) -> dict[str, bytes]:
    """Return header and format-16 signal file of a record, packed by hand."""
    data_name = data_name or f"{name}.dat"
    lines = [f"{name} {len(leads)} {fs} {counts.shape[1]}".replace("  ", " ")]
    lines += [f"{data_name} 16 {gain} 16 0 0 0 0 {lead}" for lead in leads]
    samples = b"".join(struct.pack(f"<{len(leads)}h", *map(int, frame)) for frame in counts.T)
    return {f"{name}.hea": ("\n".join(lines) + "\n" + comments).encode(), f"{name}.dat": samples}


def dicom_file(
    groups: Sequence[tuple[str, NDArray[np.int16], float]],
    *,
    leads: Sequence[str] = LEADS,
    scheme: str = "MDC",
    unit: str = "uV",
    sensitivity: float = 1.0,
    padding: int | None = None,
    **elements: str,
) -> bytes:
    """Return a DICOM 12-lead waveform object with (label, counts (lead, time), rate) groups."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = TwelveLeadECGWaveformStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = TwelveLeadECGWaveformStorage
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.WaveformSequence = [
        _group(label, counts, fs, leads, scheme, unit, sensitivity, padding) for label, counts, fs in groups
    ]
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _group(
    label: str,
    counts: NDArray[np.int16],
    fs: float,
    leads: Sequence[str],
    scheme: str,
    unit: str,
    sensitivity: float,
    padding: int | None,
) -> Dataset:
    group = Dataset()
    group.MultiplexGroupLabel = label
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = counts.shape
    group.SamplingFrequency = fs
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    if padding is not None:
        group.WaveformPaddingValue = struct.pack("<h", padding)
    group.WaveformData = counts.T.astype("<i2").tobytes()
    group.ChannelDefinitionSequence = [_channel(lead, scheme, unit, sensitivity) for lead in leads]
    return group


def _channel(lead: str, scheme: str, unit: str, sensitivity: float) -> Dataset:
    source = Dataset()
    inverted = lead.startswith("-")
    number = 65 if inverted else _NUMBERS[lead]
    source.CodeValue = {"MDC": f"2:{number}", "SCPECG": f"5.6.3-9-{number}"}.get(scheme, "none")
    source.CodingSchemeDesignator = scheme
    # As the standard's table prints it: the inverted aVR is called "aVR" too, so only its code tells.
    source.CodeMeaning = lead.removeprefix("-") if scheme in ("MDC", "SCPECG") else f"Lead {lead}"
    units = Dataset()
    units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = unit, "UCUM", unit
    channel = Dataset()
    channel.ChannelSourceSequence = [source]
    channel.ChannelSensitivity = sensitivity
    channel.ChannelSensitivityUnitsSequence = [units]
    channel.ChannelSensitivityCorrectionFactor = 1.0
    channel.ChannelBaseline = 0.0
    channel.WaveformBitsStored = 16
    return channel
