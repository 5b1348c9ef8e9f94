"""Measure the speed of what a person waits for, on this machine, as times and as shares of what the machine can do.

    python -m pipelines.benchmark [--checkpoint DIR] [--page] [--json]

With --page the application is started and opened in Chromium (needs requirements-dev.txt), and the wait for the first
plot is measured.

Machines are shared and noisy: read the ratios, compare only within one run, and repeat.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipelines.serve import running_app
from pipelines.stage import run_stage
from suprem.ecg.preprocess import preprocess
from suprem.ecg.quality import assess_quality
from suprem.ecg.record import EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import ConfigError
from suprem.inference.predictor import Predictor
from suprem.settings import load_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUERIES = 20
BATCH = 32


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    name: str
    value: float
    unit: str
    note: str = ""


def run(checkpoint: Path) -> list[Figure]:
    """Measure loading, one ECG, a batch, the steps before the model, and the machine's matrix-multiply rate."""
    peak = matmul_rate()
    started = time.perf_counter()
    predictor = Predictor.load(checkpoint)
    loading = time.perf_counter() - started

    record = synthesize(SyntheticSpec(seed=1))
    queries = predictor.vocabulary.names[:QUERIES]
    one = median_seconds(lambda: predictor.score(record, queries))
    prepare = median_seconds(lambda: preprocess(record, predictor.spec))
    quality = median_seconds(lambda: assess_quality(record))
    attention = median_seconds(lambda: predictor.attention(record, queries[0]))
    signals = np.repeat(preprocess(record, predictor.spec).signal[None], BATCH, axis=0)
    batch = median_seconds(lambda: predictor.score_signals(signals, queries), repeats=5)
    work = forward_flop(predictor, record)
    return [
        Figure("matrix multiply, float32", peak / 1e9, "GFLOP/s", "what the machine shows at this moment"),
        Figure("checkpoint loaded", loading, "s"),
        Figure(f"one ECG, {QUERIES} queries", 1e3 * one, "ms", "reading the file not included"),
        Figure("  of it preprocessing", 1e3 * prepare, "ms"),
        Figure("attention of one query", 1e3 * attention, "ms"),
        Figure("quality gate, 500 Hz", 1e3 * quality, "ms"),
        Figure(f"batches of {BATCH}, {QUERIES} queries", BATCH / batch, "ECG/s"),
        Figure("share of the matrix-multiply rate, one ECG", work / one / peak, ""),
        Figure(f"share of the matrix-multiply rate, batch of {BATCH}", work * BATCH / batch / peak, ""),
    ]


def page_figures(checkpoint: Path) -> list[Figure]:
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
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    trace = time.perf_counter() - started
    page.get_by_text("Where the model looked").first.wait_for(timeout=60_000)
    yield Figure(f"page, {visit}: notice shown", gate, "s")
    yield Figure(f"page, {visit}: first plot", trace, "s", "from opening, the click on the notice included")
    yield Figure(f"page, {visit}: scores and attention", time.perf_counter() - started, "s")
    page.close()


def median_seconds(work: Callable[[], object], *, repeats: int = 15) -> float:
    """Return the median duration of some work, after one call that warms caches up."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def matmul_rate() -> float:
    """Return the best rate of a large float32 matrix product in FLOP/s, with the threads torch uses."""
    a, b = torch.randn(2048, 1024), torch.randn(1024, 1024)
    work = 2 * 2048 * 1024 * 1024
    times = []
    for _ in range(12):
        started = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - started)
    return work / min(times)


def forward_flop(predictor: Predictor, record: EcgRecord) -> float:
    """Return the floating-point operations of one forward pass, counted by torch."""
    with FlopCounterMode(display=False) as counter:
        predictor.score(record, predictor.vocabulary.names[:QUERIES])
    return float(counter.get_total_flops())


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--page", action="store_true", help="also time the page in Chromium")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)

    def work() -> None:
        settings = load_settings()
        if settings.threads:
            torch.set_num_threads(settings.threads)
        checkpoint = (args.checkpoint or settings.checkpoint).resolve()
        figures = run(checkpoint)
        if args.page:
            figures += page_figures(checkpoint)
        if args.json:
            print(json.dumps({"threads": torch.get_num_threads(), "figures": [asdict(figure) for figure in figures]}))
            return
        for figure in figures:
            print(f"{figure.name:<48} {figure.value:10.3g} {figure.unit:<8} {figure.note}".rstrip())

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
