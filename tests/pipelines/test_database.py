from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import verify_audit
from pipelines.database import main
from suprem.concepts.review.store import ReviewStore, Status
from suprem.settings import load_settings


@pytest.fixture
def reviews() -> None:
    store = ReviewStore.open(load_settings().database)
    store.decide("v", "af", "Anna", status=Status.FLAGGED)
    store.close()


def test_back_up_move_and_verify(reviews: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = tmp_path / "kept" / "a.backup", f"sqlite:///{tmp_path / 'b.sqlite'}"
    assert main(["backup", "--out", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 rows of audit, 1 rows of audit_head, 1 rows of decisions; head 1:")
    assert main(["restore", "--from", str(file), "--database", other]) == 0
    assert main(["upgrade", "--database", other]) == 0
    assert capsys.readouterr().out.endswith("Nothing to do: the database is up to date.\n")
    assert verify_audit.main(["--database", other, "--head", said.split()[-1]]) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backup", "--out", "a.backup"], "no audit log"),
        (["upgrade"], "no audit log"),
        (["restore", "--from", "nowhere.backup"], "nowhere.backup is not a whole backup"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["backup"], ["upgrade", "--out", "x"], ["restore"], ["backup", "--from", "x"]])
def test_an_option_goes_with_its_action(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
