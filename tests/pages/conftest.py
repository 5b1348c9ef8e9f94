"""Pages opened as a person opens them, with jobs that nobody really starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from suprem.jobs import runner
from suprem.jobs.job import Job

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the jobs that would have been started; none of them is."""
    jobs: list[Job] = []
    for function in (runner.submit, runner.dispatch, runner.resume, runner.reconcile):
        monkeypatch.setitem(function.__kwdefaults__, "start", jobs.append)
    return jobs


@pytest.fixture
def visit(started: list[Job]) -> Iterator[Callable[[str], AppTest]]:
    """Return a function that opens a page by its file's name, past the gate; what pages cached is forgotten after."""

    def visit(name: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "suprem" / "web" / "main.py"), default_timeout=300)
        app.switch_page(str(ROOT / "pages" / name)).run()
        app.button(key="acknowledge").click().run()
        assert not app.exception
        return app

    yield visit
    st.cache_resource.clear()
    st.cache_data.clear()
