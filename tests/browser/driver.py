"""A real browser, and what it asked for and complained about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 120_000
"""Milliseconds. A busy two-core machine draws a figure in twenty seconds that takes one otherwise."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Browser:
    """A page, and what it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def strangers(self) -> list[str]:
        """Return the requests that left this machine."""
        own = re.compile(r"(https?|wss?)://127\.0\.0\.1:\d+/|data:|blob:")
        return [url for url in self.requests if not own.match(url)]

    def agree(self) -> None:
        """Pass the gate with the keyboard."""
        button = self.page.get_by_role("button", name="I understand and agree")
        button.focus(timeout=PATIENCE)
        self.page.keyboard.press("Enter")

    def wait_for_plots(self, number: int) -> None:
        self.page.wait_for_function(
            "number => document.querySelectorAll('.js-plotly-plot .main-svg').length > 0"
            " && document.querySelectorAll('.js-plotly-plot').length >= number",
            arg=number,
            timeout=PATIENCE,
        )

    def settle(self) -> None:
        """Wait until the page's script has run to its end."""
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=PATIENCE
        )

    def click(self, button: Locator) -> None:
        """Click once the page has come to rest.

        During a run of the script, elements are replaced and moved, and a second run throws away what the first was
        asked for; a person waits for the page too.
        """
        button.first.wait_for(timeout=PATIENCE)
        self.settle()
        expect(button).to_have_count(1, timeout=PATIENCE)  # during a run the old one stands beside the new one
        button.click(timeout=PATIENCE)

    def download(self, button: Locator) -> bytes:
        """Return the file that a button gives."""
        with self.page.expect_download(timeout=PATIENCE) as download:
            self.click(button)
        return Path(download.value.path()).read_bytes()
