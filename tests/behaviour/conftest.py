"""The town, for every story."""

from collections.abc import AsyncGenerator

import pytest

from db.pool import Pool
from tests.behaviour.town import Town, open_town


@pytest.fixture
async def town(pool: Pool) -> AsyncGenerator[Town]:
    """A fresh town on a fresh database."""
    async with open_town(pool) as opened:
        yield opened
