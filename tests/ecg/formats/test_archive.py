"""Many recordings in one upload: read in memory, kept as bare signals, and no archive does harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from suprem.ecg.formats import archive
from suprem.ecg.formats.archive import group_uploads, keep_signals, unpack
from suprem.ecg.formats.folder import find_records
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.record import LEADS
from suprem.errors import UnreadableEcg
from tests.ecg.formats.examples_of_every_format import write_examples
from tests.ecg.formats.hospital_files import SECRETS


def packed(files: dict[str, bytes], **modes: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            item = zipfile.ZipInfo(name)
            item.compress_type = zipfile.ZIP_DEFLATED
            item.external_attr = modes.get(name, stat.S_IFREG | 0o644) << 16
            made.writestr(item, data)
    return stream.getvalue()


def test_files_of_a_record_belong_together_within_their_folder() -> None:
    names = ["p1/ecg.hea", "p2/ecg.dat", "p1/ecg.dat", "p2/ecg.hea", "x.xml", "p2\\other.hea", "p2\\other.dat"]
    assert group_uploads(names) == [[0, 2], [1, 3], [4], [5, 6]]


def test_every_format_is_kept_as_a_bare_signal(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "in")
    files = {str(path.relative_to(tmp_path)): path.read_bytes() for paths in examples.values() for path in paths}
    outcomes = list(keep_signals({"Quxley.zip": packed(files)}, tmp_path / "out"))
    assert outcomes == [""] * len(examples)
    kept = find_records(tmp_path / "out")
    assert [path.name for path in kept] == [f"{number:06d}.npz" for number in range(1, len(examples) + 1)]
    for path in kept:
        record = read_ecg(path)
        assert (len(record.leads) >= 8, record.fs, record.age) == (True, 500.0, None)
        with zipfile.ZipFile(path) as inside:
            said = b"".join(inside.read(name) for name in inside.namelist()).decode("latin-1")
        assert [secret for secret in SECRETS if secret.lower() in said.lower()] == []
    exact = next(record for record in map(read_ecg, kept) if record.leads == LEADS)
    assert np.abs(exact.signal).max() > 0.5


def test_what_cannot_be_read_is_counted_and_never_named(tmp_path: Path) -> None:
    outcomes = list(keep_signals({"Quxley.xml": b"<RestingECG/>", "DOE.zip": b"PK\x03\x04 broken"}, tmp_path / "out"))
    assert [outcome.split(":")[0] for outcome in outcomes] == ["Recording 1", "Recording 2"]
    assert not any(name in outcome for outcome in outcomes for name in ("Quxley", "DOE"))
    assert list((tmp_path / "out").iterdir()) == []


def test_links_folders_and_hidden_files_of_an_archive_are_passed_over() -> None:
    files = {"link.csv": b"/etc/passwd", "__MACOSX/._a.csv": b"x", ".hidden.csv": b"x", "../../up.csv": b"x"}
    data = packed({**files, "sub/plain.csv": b"1,2\n"}, **{"link.csv": stat.S_IFLNK | 0o777})
    assert list(unpack(data)) == [{"plain.csv": b"1,2\n"}]


def test_a_bomb_is_refused_or_cut_before_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10_000)
    with pytest.raises(UnreadableEcg, match="archive holds 3 files"):
        list(unpack(packed({f"{number}.csv": bytes(5_000) for number in range(3)})))
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(UnreadableEcg, match="at most 2 files"):
        list(unpack(packed({f"{number}.csv": b"x" for number in range(3)})))
    monkeypatch.setattr(archive, "MAX_UPLOAD_BYTES", 100)
    lying = bytearray(packed({"a.csv": bytes(5_000)}))
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (50).to_bytes(4, "little")  # the size that the directory states
    with pytest.raises(UnreadableEcg, match="damaged"):
        list(unpack(bytes(lying)))


def test_an_encrypted_archive_says_so() -> None:
    data = bytearray(packed({"a.csv": b"1,2\n"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    with pytest.raises(UnreadableEcg, match="encrypted"):
        list(unpack(bytes(data)))
