"""CPSC-2018's own .mat files, and every other .mat file told in one sentence."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import read_ecg, read_upload
from suprem.ecg.record import LEADS, EcgRecord
from suprem.errors import EcgError, UnreadableEcg


def mat(compress: bool = True, **variables: Any) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compress)
    return stream.getvalue()


@pytest.fixture
def ecg(clean: EcgRecord) -> dict[str, Any]:
    return {"sex": "Female", "age": 49, "data": clean.signal.astype(float)}


@pytest.mark.parametrize("compress", [True, False])
def test_a_record_is_read_exactly(tmp_path: Path, clean: EcgRecord, ecg: dict[str, Any], compress: bool) -> None:
    path = tmp_path / "A0001.mat"
    path.write_bytes(mat(compress, ECG=ecg))
    record = read_ecg(path)
    assert (record.record_id, record.leads, record.fs, record.source) == ("A0001", LEADS, 500.0, "MATLAB")
    assert np.array_equal(record.signal, clean.signal)
    assert (record.age, record.sex) == (49.0, "female")
    assert "500 Hz" in record.notes[0]
    assert find_records(tmp_path) == [path]


def test_an_age_that_is_no_number_and_one_that_identifies(tmp_path: Path, ecg: dict[str, Any]) -> None:
    for age, read in ((float("nan"), None), (95, 89.0)):
        assert read_upload({"x.mat": mat(ECG={**ecg, "age": age})}).age == read
    assert read_upload({"x.mat": mat(ECG={"data": ecg["data"]})}).sex is None


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"note": "text"}, "no single array of leads and no structure ECG with a field data"),
        ({"a": np.zeros((12, 5000)), "b": np.zeros((12, 5000))}, "no single array of leads"),
        ({"ECG": {"sex": "Male"}}, "no array of 12 leads"),
        ({"ECG": {"data": "text"}}, "no array of 12 leads"),
        ({"ECG": {"data": np.zeros((3, 5000))}}, "no array of 12 leads"),
        ({"ECG": {"data": np.zeros((12, 50, 2))}}, "no array of 12 leads"),
        ({"ECG": {"data": np.zeros((12, 10), complex)}}, "no array of 12 leads"),
    ],
)
def test_another_content_is_told(variables: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableEcg, match=message):
        read_upload({"x.mat": mat(**variables)})


@pytest.mark.parametrize(
    "variables",
    [
        {"val": True, "fs": 500, "leads": np.array(LEADS, dtype=object), "units": "mV"},
        {"ecg": True, "Fs": 500.0, "lead_names": np.array([lead.ljust(3) for lead in LEADS]), "unit": "mV"},
        {"record": {"signal": True, "sampling_rate": 500, "sig_name": ", ".join(LEADS), "units": "mV"}},
    ],
)
@pytest.mark.parametrize("compress", [True, False])
def test_a_plain_array_is_read_with_what_stands_beside_it(
    clean: EcgRecord, variables: dict[str, Any], compress: bool
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        return clean.signal.T if value is True else value

    record = read_upload({"x.mat": mat(compress, **filled(variables))})
    assert (record.leads, record.fs, record.source) == (LEADS, 500.0, "MATLAB")
    assert np.array_equal(record.signal, clean.signal)


def test_sizes_that_are_not_there_are_refused_at_once(ecg: dict[str, Any]) -> None:
    """SciPy was busy with such a file for more than a minute, where nothing could interrupt it."""
    data = mat(compress=False, ECG=ecg)
    rng = np.random.default_rng(2)
    for place in range(128, 400, 4):
        for value in (0, 0x7FFFFFFF, 0xFFFFFFFF, int(rng.integers(2**32))):
            with suppress(EcgError):
                read_upload({"x.mat": data[:place] + struct.pack("<I", value) + data[place + 4 :]})


def test_a_damaged_file_is_told(ecg: dict[str, Any]) -> None:
    data = mat(ECG=ecg)
    for end in (10, 100, 127, 128, 130, 140, 1000, len(data) - 5):
        with pytest.raises(UnreadableEcg, match=r"damaged|no single array"):
            read_upload({"x.mat": data[:end]})
    rng = np.random.default_rng(0)
    for _ in range(100):
        spoiled = bytearray(data)
        spoiled[128 + rng.integers(60)] ^= 1 << rng.integers(8)
        with suppress(EcgError):
            read_upload({"x.mat": bytes(spoiled)})


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused() -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()
    data = b"MATLAB 5.0".ljust(124) + struct.pack("<H2s", 0x0100, b"IM") + struct.pack("<II", 15, len(packed)) + packed
    tracemalloc.start()
    with pytest.raises(UnreadableEcg, match="unpacks to more than"):
        read_upload({"x.mat": data})
    assert tracemalloc.get_traced_memory()[1] < 200 * 2**20
    tracemalloc.stop()


def test_the_samples_of_a_wfdb_record_are_not_taken_for_a_record(tmp_path: Path, ecg: dict[str, Any]) -> None:
    (tmp_path / "A0001.mat").write_bytes(mat(ECG=ecg))
    (tmp_path / "A0001.hea").write_text("A0001 1 500 5000\n")
    assert find_records(tmp_path) == [tmp_path / "A0001.hea"]
    with pytest.raises(UnreadableEcg, match=r"give it together with its WFDB header"):
        read_upload({"x.mat": struct.pack("<5i", 30, 12, 10, 0, 4) + b"val\0" + bytes(240)})
