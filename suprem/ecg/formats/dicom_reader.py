"""DICOM waveforms: 12-lead, General and Ambulatory ECG (PS3.3 C.10.9), read by `pydicom`.

Only the elements named here are parsed, so a patient's name, number or birth date never enters the process beyond the
file's own bytes.
"""

from __future__ import annotations

import io
import re

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pydicom.waveforms.numpy_handler import multiplex_array

from suprem.ecg.formats.channels import Channel, check_sample_count, millivolts_per, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import in_words
from suprem.ecg.formats.in_turn import Stretch, recorded_in_turn
from suprem.ecg.formats.lead_names import canonical_lead, coded_lead
from suprem.ecg.formats.xml_tree import number
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, UnreadableEcg

# Its warnings quote the offending value, on standard error and in the log, and a value may name a patient.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

_ELEMENTS = ["SOPClassUID", "WaveformSequence", "WaveformAnnotationSequence", "PatientAge", "PatientSex"]
_LINEAR_SAMPLES = {(8, "SB"), (8, "UB"), (16, "SS"), (16, "US"), (32, "SL"), (32, "UL")}
_COMPRESSED = "The DICOM file is stored compressed; export it as Explicit VR Little Endian."
_BEAT = re.compile(r"median|average|template|representative", re.IGNORECASE)
"""In the label of a group that holds no rhythm."""

_READ = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_MEASUREMENTS = (
    "RR Interval",
    "PP Interval",
    "PR Interval",
    "QRS Duration",
    "QT Interval",
    "QTc Interval",
    "P Axis",
    "QRS Axis",
    "T Axis",
    "P Duration",
    "Heart Rate",
    "Ventricular Heart Rate",
    "Atrial Heart Rate",
)


def read_dicom(data: bytes, record_id: str) -> EcgRecord:
    """Read the rhythm of a DICOM file, its leads in turn where it holds columns of a print; the median beat is left.

    Raises:
        UnreadableEcg: The file is no ECG waveform, is compressed, or is damaged.
        EcgError: Its leads or units cannot be used.
    """
    try:
        if DeflatedExplicitVRLittleEndian.encode() in data:  # before parsing: pydicom would inflate it to any size
            raise UnreadableEcg(_COMPRESSED)
        # Some archives leave out the head of the file; its syntax is then guessed from the first element.
        dataset = pydicom.dcmread(io.BytesIO(data), specific_tags=list(_ELEMENTS), force=data[128:132] != b"DICM")
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        if syntax not in _READ and (syntax is not None or data[128:132] == b"DICM"):
            raise UnreadableEcg(_COMPRESSED)
        if dataset.original_encoding[1] is False:
            _turn_bytes(dataset)
        return _read_dataset(dataset, record_id)
    except EcgError:
        raise
    except Exception as error:  # a damaged file makes pydicom raise almost anything, with values in its text
        raise UnreadableEcg(
            f"The DICOM file is damaged ({type(error).__name__}); expected a complete ECG waveform. Export it again."
        ) from None


def _read_dataset(dataset: Dataset, record_id: str) -> EcgRecord:
    groups = list(dataset.get("WaveformSequence") or [])
    if not groups:
        raise UnreadableEcg(
            "The DICOM file holds no waveform; expected an ECG waveform object, not an image, PDF or report."
        )
    stretches = [
        Stretch(tuple(_channels(dataset, index)), _offset(group), float(group.SamplingFrequency))
        for index, group in enumerate(groups)
        if not _BEAT.search(str(group.get("MultiplexGroupLabel") or "")) or len(groups) == 1
    ]
    if not stretches:
        raise UnreadableEcg("The DICOM file holds median beats alone; expected the rhythm. Export the ECG with it.")
    channels, used = recorded_in_turn(stretches)
    notes = []
    if used < len(groups):
        which = "The longest recording" if used == 1 else "The rhythm"
        notes.append(f"{which} of the file's {len(groups)} waveform groups was read.")
    return to_record(
        channels,
        fs=stretches[0].fs,
        record_id=record_id,
        source="DICOM",
        notes=notes,
        age=parse_age(str(dataset.get("PatientAge") or "")),
        sex=parse_sex(str(dataset.get("PatientSex") or "")),
        device=_measurements(dataset),
    )


def _turn_bytes(dataset: Dataset) -> None:
    """Bring the samples of a big-endian file, which pydicom leaves as they are, to little-endian."""
    for group in dataset.get("WaveformSequence") or []:
        size = int(group.WaveformBitsAllocated) // 8
        for keyword in ("WaveformData", "WaveformPaddingValue"):
            value = group.get(keyword)
            if size in (2, 4) and isinstance(value, bytes):
                whole = np.frombuffer(value[: len(value) // size * size], f"u{size}")
                setattr(group, keyword, whole.byteswap().tobytes())


def _offset(group: Dataset) -> float:
    """Return when a group begins, in seconds; the element is in milliseconds."""
    return float(group.get("MultiplexGroupTimeOffset") or 0.0) / 1000.0


def _channels(dataset: Dataset, index: int) -> list[Channel]:
    group = dataset.WaveformSequence[index]
    check_sample_count(int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples))
    if (group.WaveformBitsAllocated, group.WaveformSampleInterpretation) not in _LINEAR_SAMPLES:
        raise UnreadableEcg("The DICOM waveform is companded (mu-law or A-law); expected linear samples.")
    values = multiplex_array(dataset, index, as_raw=False)
    padding = group.get("WaveformPaddingValue")
    if padding is not None:
        if isinstance(padding, bytes):
            padding = int.from_bytes(padding, "little", signed=group.WaveformSampleInterpretation in ("SB", "SS", "SL"))
        values[multiplex_array(dataset, index, as_raw=True) == padding] = np.nan
    return [_channel(definition, values[:, i]) for i, definition in enumerate(group.ChannelDefinitionSequence)]


def _channel(definition: Dataset, samples: NDArray[np.float64]) -> Channel:
    source = next(iter(definition.get("ChannelSourceSequence") or ()), Dataset())
    units = definition.get("ChannelSensitivityUnitsSequence")
    # The code first: the meaning of the inverted aVR (2:65) is printed as plain "aVR" in the standard's own table.
    lead = coded_lead(str(source.get("CodingSchemeDesignator") or ""), str(source.get("CodeValue") or ""))
    names = [str(text or "") for text in (source.get("CodeMeaning"), definition.get("ChannelLabel"))]
    stated = [str(units[0].get(keyword) or "") for keyword in ("CodeValue", "CodeMeaning")] if units else [""]
    return Channel(
        name=next((name for name in names if canonical_lead(name)), ""),
        samples=samples,
        unit=next((unit for unit in stated if millivolts_per(unit)), stated[0]),
        lead=lead,
    )


def _measurements(dataset: Dataset) -> dict[str, str]:
    """Return the device's own intervals and axes; its free text is left out, because it may name people."""
    stated: dict[str, str] = {}
    for annotation in dataset.get("WaveformAnnotationSequence") or []:
        concept, value = annotation.get("ConceptNameCodeSequence"), number(str(annotation.get("NumericValue")))
        if concept and value is not None and (name := str(concept[0].get("CodeMeaning"))) in _MEASUREMENTS:
            if value == 0 and not name.endswith("Axis"):
                continue  # what a device writes that could not measure
            units = annotation.get("MeasurementUnitsCodeSequence")
            stated.setdefault(name, in_words(name, value, str(units[0].CodeValue) if units else ""))
    return stated
