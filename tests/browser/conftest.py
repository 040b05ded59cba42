"""A browser for the tests in this folder: Debian's Chromium, driven by Playwright."""

import importlib.util
import os
import shutil
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from tests.browser.stand_in import StandIn, running

if TYPE_CHECKING:
    from playwright.async_api import Browser

_CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _cannot(reason: str) -> NoReturn:
    """Skip, or fail where a browser was promised (`CI_BROWSER=1`)."""
    if os.environ.get("CI_BROWSER") == "1":
        pytest.fail(f"CI_BROWSER is set, but {reason}")
    pytest.skip(reason)


@pytest.fixture
async def browser() -> AsyncGenerator["Browser"]:
    """A headless browser of its own for each test."""
    if importlib.util.find_spec("playwright") is None:
        _cannot("Playwright is not installed")
    chromium = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if chromium is None:
        _cannot("there is no Chromium on the path")
    from playwright.async_api import async_playwright  # noqa: PLC0415

    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium, headless=True, args=_FLAGS
        )
        try:
            yield launched
        finally:
            await launched.close()


@pytest.fixture
async def playground() -> AsyncGenerator[str]:
    """The address of a playground with the stand-in bot in it, on any free port."""
    async with running(StandIn) as address:
        yield address
