"""The town, for every story."""

from collections.abc import AsyncGenerator, Generator

import pytest
import structlog

from db.pool import Pool
from tests import postgres
from tests.behaviour.town import Town, open_town


@pytest.fixture(autouse=True, scope="session")
def plain_log() -> Generator[None]:
    """Tracebacks as plain text: drawn as pictures, each would take a second."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])
    yield
    structlog.reset_defaults()


@pytest.fixture
async def database_url(server_url: str, seeded_template: str) -> AsyncGenerator[str]:
    """A fresh database with the starter catalogue in it."""
    async with postgres.database(server_url, seeded_template) as url:
        yield url


@pytest.fixture
async def town(pool: Pool) -> AsyncGenerator[Town]:
    """A fresh town on a fresh database."""
    async with open_town(pool) as opened:
        yield opened
