"""A real browser on a real server with a real worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright
from wagtail.models import Site

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
SCREENSHOTS = Path(
    os.environ.get("SCREENSHOTS", Path(__file__).parents[2] / "var" / "screenshots")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Shoot = Callable[..., None]


@pytest.fixture
def chromium(db: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Debian's Chromium; on a machine without it the test says so and is skipped.

    Not for the whole session: while Playwright's event loop runs in this
    thread, Django has other connections here than before and after.
    """
    if CHROMIUM is None:
        message = "Browser tests need Chromium: apt-get install chromium."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a context of its own: another person, another computer."""
    contexts = []

    def open_one(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = chromium.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def shoot() -> Shoot:
    """Keep a picture of a page, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, **options: Any) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", **options)

    return take


@pytest.fixture
def site(home: Any, live_server: Any) -> str:
    """The root address of the site, which links in mail lead to."""
    host, port = live_server.thread.host, live_server.thread.port
    Site.objects.filter(root_page=home).update(hostname=host, port=port)
    Site.clear_site_root_paths_cache()
    return str(live_server.url)
