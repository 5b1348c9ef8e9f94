"""The app answers while it is wanted and is gone afterwards; one that cannot start says why."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipelines import running
from suprem.errors import JobError


@pytest.mark.slow
def test_the_app_answers_inside_and_is_gone_outside(tmp_path: Path) -> None:
    with running.running_app(tmp_path, tmp_path / "checkpoint") as address:
        assert urllib.request.urlopen(address, timeout=60).status == 200
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=5)
    assert (tmp_path / running.LOG).exists()


def test_an_app_that_cannot_start_is_reported_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ROOT", tmp_path)  # no app.py here
    with (
        pytest.raises(JobError, match=r"ended with code \d+ before it answered: .*app\.py"),
        running.running_app(tmp_path, tmp_path / "checkpoint"),
    ):
        pytest.fail("nothing answers")
