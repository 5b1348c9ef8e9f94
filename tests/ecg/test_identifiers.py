"""No identifier of a patient leaves a reader: every format with the same planted name, number and dates (safety)."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from suprem.ecg.checks.quality import assess_quality
from suprem.ecg.formats.array_reader import write_npz
from suprem.ecg.formats.readers import read_upload
from suprem.ecg.record import EcgRecord
from suprem.errors import SupremError
from tests.ecg.formats.examples_of_every_format import write_examples
from tests.ecg.formats.hospital_files import SECRETS


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    examples = write_examples(tmp_path_factory.mktemp("examples"), seconds=6.0)
    return {kind: {path.name: path.read_bytes() for path in paths} for kind, paths in examples.items()}


def found_in(text: str | bytes) -> list[str]:
    said = (text.decode("latin-1") if isinstance(text, bytes) else text).lower()
    return [secret for secret in SECRETS if secret.lower() in said or secret.lower() in said.replace("\0", "")]


def test_the_identifiers_are_there_to_be_found(uploads: dict[str, dict[str, bytes]]) -> None:
    bare = [kind for kind, files in uploads.items() if not any(found_in(data) for data in files.values())]
    # NPY holds no text; Excel, MATLAB and NPZ are compressed or in UTF-32, where the reader finds them all the same.
    assert set(bare) <= {"Excel", "NPY", "MATLAB", "NPZ"}


def test_a_record_knows_nothing_of_its_patient(
    uploads: dict[str, dict[str, bytes]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for kind, files in uploads.items():
        record = read_upload(files)
        said = pickle.dumps([getattr(record, field.name) for field in fields(EcgRecord)], protocol=0)
        assert found_in(said) == [], kind
        assert record.record_id == "upload"
        write_npz(tmp_path / "kept.npz", record)
        with np.load(tmp_path / "kept.npz", allow_pickle=False) as kept:
            assert set(kept) == {"signal", "fs", "leads", "units"}
        assert found_in(" ".join(finding.message for finding in assess_quality(record))) == []
    assert found_in(caplog.text + "".join(capfd.readouterr())) == []


def damaged(files: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Yield uploads that go wrong in different places: cut off, spoiled, with a wrong companion."""
    for name, data in files.items():
        for cut in (10, 150, 300, 700, len(data) // 2, len(data) - 3):
            yield {**files, name: data[:cut]}
        spoiled = bytearray(data)
        spoiled[len(data) // 3 : len(data) // 3 + 40] = b"\xff" * 40
        yield {**files, name: bytes(spoiled)}
    if len(files) > 1:
        for name in files:
            yield {other: data for other, data in files.items() if other != name}


def test_no_refusal_quotes_the_file_or_its_name(
    uploads: dict[str, dict[str, bytes]], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    refused = 0
    for kind, files in uploads.items():
        for broken in damaged(files):
            try:
                said = repr(read_upload(broken))
            except SupremError as error:
                refused += 1
                said = f"{error!r} {error.__cause__!r}"
            assert found_in(said) == [], kind
    assert refused > 50
    assert found_in(caplog.text + "".join(capfd.readouterr())) == []


def test_nothing_is_left_on_disk(
    uploads: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    places = (Path("/dev/shm"), tmp_path, Path.cwd())
    before = {place: set(place.iterdir()) for place in places if place.is_dir()}
    for files in uploads.values():
        for upload in (files, *damaged(files)):
            try:
                read_upload(upload)
            except SupremError:
                continue
    left = {place: {path for path in place.iterdir() if path.name.startswith("suprem-")} for place in before}
    assert [path for place, paths in left.items() for path in paths - before[place]] == []


def test_a_refusal_on_the_terminal_has_no_hidden_cause(uploads: dict[str, dict[str, bytes]]) -> None:
    """What Python prints of an error that nobody caught includes its causes, and those quote the file."""
    import traceback

    for files in uploads.values():
        for broken in damaged(files):
            try:
                read_upload(broken)
            except SupremError:
                stream = io.StringIO()
                traceback.print_exception(*sys.exc_info(), file=stream)
                assert found_in(stream.getvalue()) == []
