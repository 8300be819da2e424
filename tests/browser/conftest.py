"""A headless Chromium for the tests of what a reader sees, and pages that notice when they misbehave."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 90_000
"""Milliseconds that a test waits for what a page does: three times what Playwright gives it."""
LOCAL = ("file", "data", "blob", "about", "chrome-extension")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium from the distribution's packages; none is downloaded."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not there")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the path")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"], timeout=WAIT
        )
        yield chromium
        chromium.close()


class Watched:
    """A page, and what it said and asked for: complaints, and requests that leave the machine."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.left: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._asked(request.url))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL and parts.hostname not in ("localhost", "127.0.0.1"):
            self.left.append(url)

    def emptied(self) -> None:
        """As a new one: nothing in it, nothing said, no print, the pointer outside."""
        self.page.goto("about:blank")
        self.page.emulate_media(media="null")
        self.page.mouse.up()
        self.page.mouse.move(-1, -1)
        self.complaints.clear()
        self.left.clear()


KEPT = 2
"""Pages of the same options that wait for the next test."""


@pytest.fixture(scope="session")
def free_pages(browser: Any) -> dict[str, list[Watched]]:
    """Empty pages by their options: to open a new one takes the browser five times as long."""
    return {}


@pytest.fixture
def open_page(browser: Any, free_pages: dict[str, list[Watched]]) -> Iterator[Callable[..., Any]]:
    """Opens a file in a window of a size; afterwards nothing may have been wrong."""
    watched: list[tuple[str, Watched]] = []

    def opened(path: Path | str, *, size: tuple[int, int] = (1280, 720), **options: Any) -> Any:
        key = repr(sorted(options.items()))
        viewport = {"width": size[0], "height": size[1]}
        if free := free_pages.setdefault(key, []):
            each = free.pop()
            each.page.set_viewport_size(viewport)
        else:
            each = Watched(browser.new_context(viewport=viewport, **options).new_page())
        watched.append((key, each))
        each.page.goto(path.as_uri() if isinstance(path, Path) else path)
        return each.page

    yield opened
    complaints = [words for _, each in watched for words in each.complaints]
    left = [url for _, each in watched for url in each.left]
    for key, each in watched:
        # What a page of a server keeps in the browser goes with its context.
        again = each.page.url.startswith("file:") and len(free_pages[key]) < KEPT
        if again:
            each.emptied()
            free_pages[key].append(each)
        else:
            each.page.context.close()
    assert complaints == []
    assert left == []
