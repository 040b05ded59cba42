"""A browser for the tests in this folder: Debian's Chromium, driven by Playwright."""

import importlib.util
import os
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.browser import chromium
from tests.browser.stand_in import StandIn, running

if TYPE_CHECKING:
    from playwright.async_api import Browser


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
    program = chromium.find()
    if program is None:
        _cannot("there is no Chromium on the path")
    async with chromium.launched(program) as launched:
        yield launched


@pytest.fixture
async def playground() -> AsyncGenerator[str]:
    """The address of a playground with the stand-in bot in it, on any free port."""
    async with running(StandIn) as address:
        yield address
