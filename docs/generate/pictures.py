"""The pictures of README and guides: `python -m docs.generate.pictures`, by hand, since no two pictures are the same.

It opens the app with the shipped checkpoint in Chromium and photographs each page below, with nothing written before,
or by `--home FOLDER` with the evaluations and vocabulary versions that are there.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, ViewportSize, sync_playwright

from docs.generate.pages import DOCS
from suprem.resources import ROOT

IMAGES = DOCS / "images"
SHOTS = {"read_an_ecg": "/", "report_entities": "/Report_Entities", "evaluation": "/Evaluation"}
"""Name of a picture -> the page's address."""

SIZE: ViewportSize = {"width": 1280, "height": 900}
PATIENCE = 180_000
"""Milliseconds for a page to be drawn on a busy machine."""

MOST = 1900
"""Height of a picture at most, in pixels; what is below is scrolled to on the real page."""


@contextmanager
def app(home: Path | None) -> Iterator[str]:
    """Serve the app from this checkout, with a new folder as SUPREM_HOME or a given one, and yield its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as empty:
        environment = {**os.environ, "SUPREM_HOME": str(home or empty)}
        command = [sys.executable, "-m", "pipelines.app", "--port", str(port), "--no-browser"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_open(address)
            yield address
        finally:
            server.terminate()
            server.wait()


def wait_until_open(address: str) -> None:
    """Wait for the server.

    Raises:
        TimeoutError: It did not answer within two minutes.
    """
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise TimeoutError("The app did not answer within two minutes.")


def photograph(page: Page, address: str, path: Path) -> None:
    """Open a page, pass the notice, wait until it stands still, and write its picture."""
    page.goto(address)
    agree = page.get_by_role("button", name="I understand and agree")
    agree.or_(page.get_by_role("complementary", name="Research use only")).first.wait_for()
    settled = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    page.wait_for_function(settled)
    if agree.count():
        agree.click()
        agree.wait_for(state="detached")
    page.wait_for_timeout(5_000)
    page.wait_for_function(settled)
    page.wait_for_timeout(2_000)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight + 60")
    page.set_viewport_size({"width": SIZE["width"], "height": max(SIZE["height"], min(int(height), MOST))})
    page.wait_for_timeout(3_000)
    page.screenshot(path=path)
    page.set_viewport_size(SIZE)


def main(argv: list[str] | None = None) -> int:
    """Write the pictures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate.pictures")
    parser.add_argument("names", nargs="*", choices=[*SHOTS, []], help="default: all")
    parser.add_argument("--home", type=Path, help="SUPREM_HOME of the app; default: a new folder")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    args = parser.parse_args(argv)
    IMAGES.mkdir(exist_ok=True)
    with app(args.home) as address, sync_playwright() as playwright:
        engine = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"])
        page = engine.new_page(viewport=SIZE)
        page.set_default_timeout(PATIENCE)
        for name in args.names or SHOTS:
            photograph(page, address + SHOTS[name], IMAGES / f"{name}.png")
            sys.stdout.write(f"written: docs/images/{name}.png\n")
        engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
