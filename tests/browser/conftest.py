"""Debian's Chromium, driven by playwright, and a checkpoint for the app to score with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from suprem.concepts.vocabulary import load_terms
from tests.browser.driver import FLAGS, PATIENCE, Browser
from tests.tiny import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=load_terms())


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        engine = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        watched = Browser(engine.new_page(viewport={"width": 1280, "height": 1000}))
        watched.page.set_default_timeout(PATIENCE)
        watched.page.on("request", lambda request: watched.requests.append(request.url))
        watched.page.on("websocket", lambda connection: watched.requests.append(connection.url))
        watched.page.on(
            "console", lambda message: watched.complaints.append(message.text) if message.type == "error" else None
        )
        yield watched
        engine.close()
