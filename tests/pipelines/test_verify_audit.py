from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pipelines.verify_audit import main
from suprem.concepts.review.store import ReviewStore, Status
from suprem.settings import load_settings


@pytest.fixture
def reviews() -> Path:
    """The database that the settings name, with three decisions."""
    store = ReviewStore.open(load_settings().database)
    for entity in ("lvh", "af", "mi"):
        store.decide("v", entity, "Anna", status=Status.FLAGGED)
    store.close()
    return load_settings().home / "suprem.sqlite"


def test_a_whole_log_is_counted_and_its_head_is_taken_back(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 rows, all as they were written; head 3:")
    assert main(["--head", said.split()[-1]]) == 0
    assert main(["--database", f"sqlite:///{reviews}", "--head", "3:" + "0" * 64]) == 1
    assert "row 3 is not the row that was noted" in capsys.readouterr().out


def test_a_changed_row_is_named(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(reviews)
    connection.execute("DROP TRIGGER audit_update")
    connection.execute("UPDATE audit SET actor = 'Ben' WHERE number = 2")
    connection.commit()
    connection.close()
    assert main([]) == 1
    assert capsys.readouterr().out == "row 2 was changed after it was written\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no audit log"),
        (["--database", "postgresql+pg8000://anna:secret@127.0.0.1:1/x"], "cannot be used"),
        (["--database", "anna:secret"], "cannot be used"),
        (["--head", "3"], "NUMBER:HASH"),
    ],
)
def test_what_cannot_be_verified_is_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pg8000")
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert "secret" not in said
    assert not load_settings().home.exists()


def test_the_setting_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    ReviewStore.open(url).close()
    monkeypatch.setenv("SUPREM_DATABASE_URL", url)
    assert main([]) == 0
