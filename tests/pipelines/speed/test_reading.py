"""Each step that a reader waits for is timed with its bound; the times themselves are not asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.speed.reading import reading_figures
from suprem.inference import query_vectors
from tests.fakes import FakeEmbedder
from tests.tiny import write_checkpoint


@pytest.mark.slow
def test_every_step_has_its_time_and_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(32))
    figures = reading_figures(write_checkpoint(tmp_path / "c"), repeats=1)
    assert [figure.wanted for figure in figures] == ["< 2", "", "<= 1.5", "< 300", "< 300", "< 3"]
    assert all(figure.value > 0 for figure in figures)
