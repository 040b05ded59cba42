"""The stand-in, the real bot on it, and the people who use it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import cast

import pytest
from structlog.testing import capture_logs

from db.pool import Pool
from tests import postgres
from tests.discord_limits import check_no_pings, check_request
from tests.models.stub import ModelStub
from tests.transport.actors import Actor
from tests.transport.heard import Log
from tests.transport.kindness import Days, QuickBot, running_bot
from tests.transport.standin import StandIn
from tests.transport.world import Json


@pytest.fixture
async def discord_() -> AsyncGenerator[StandIn]:
    """Discord. Whatever was sent to it in the test must have been as Discord wants it."""
    async with StandIn() as stand_in:
        yield stand_in
        assert stand_in.unknown == []
        for request in stand_in.requests:
            body = request.body
            problems = check_request(request.method, request.path, body)
            if isinstance(body, dict):  # a sync sends a list
                problems += check_no_pings(cast("Json", body))
            assert problems == [], f"{request.method} {request.path}: {request.body}"


@pytest.fixture
async def database_url(server_url: str, seeded_template: str) -> AsyncGenerator[str]:
    """A fresh database with the starter catalogue in it."""
    async with postgres.database(server_url, seeded_template) as url:
        yield url


@pytest.fixture
def catalogue(pool: Pool) -> Pool:
    """The pool of a database with the starter catalogue in it."""
    return pool


@pytest.fixture
def days() -> Days:
    """The bot's clock."""
    return Days()


@pytest.fixture
async def bot(discord_: StandIn, catalogue: Pool, days: Days) -> AsyncGenerator[QuickBot]:
    """The bot, up and running."""
    async with running_bot(discord_, catalogue, clock=days) as running:
        yield running


@pytest.fixture
async def ann(discord_: StandIn) -> Actor:
    """A member in the first guild's #kindness."""
    return await discord_.add_member("Ann")


@pytest.fixture
async def stub() -> AsyncGenerator[ModelStub]:
    """A model that says a small kind thing until told otherwise."""
    async with ModelStub() as stub:
        yield stub


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    """What is logged from now on."""
    with capture_logs() as lines:
        yield Log(lines, caplog)
