"""The page in a browser: how long a person waits for the first plot."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.running import running_app
from pipelines.speed.figure import Figure
from suprem.errors import ConfigError

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def browser_figures(checkpoint: Path) -> list[Figure]:
    """Start the application, open it in Chromium, pass the gate, and time how long a person waits.

    Raises:
        ConfigError: Chromium or playwright is not there.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        raise ConfigError("--page needs Chromium and playwright; install both, the second by requirements-dev.txt.")
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as home,
        running_app(Path(home), checkpoint) as address,
        sync_playwright() as driver,
    ):
        engine = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            return [figure for visit in ("first visit", "later visit") for figure in _visit(engine, address, visit)]
        finally:
            engine.close()


def _visit(engine: Browser, address: str, visit: str) -> Iterator[Figure]:
    page = engine.new_page(viewport={"width": 1280, "height": 1000})
    started = time.perf_counter()
    page.goto(address)
    agree = page.get_by_role("button", name="I understand and agree")
    agree.wait_for(timeout=60_000)
    gate = time.perf_counter() - started
    agree.click()
    page.locator("img.first-sight").first.wait_for(timeout=60_000)
    seen = time.perf_counter() - started
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    trace = time.perf_counter() - started
    page.get_by_text("Where the model looked").first.wait_for(timeout=60_000)
    yield Figure(f"page, {visit}: notice shown", gate, "s")
    yield Figure(f"page, {visit}: first plot", seen, "s", "the trace as a picture; from opening, the click included")
    yield Figure(f"page, {visit}: the same to zoom and measure", trace, "s")
    yield Figure(f"page, {visit}: scores and attention", time.perf_counter() - started, "s")
    page.close()
