"""A bot that is killed and started again, the members who use it, and the rows that it leaves."""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL
from typing import Final

import discord

from bot.actions.seeding import seed_catalogue
from db.pool import Pool, create_pool
from tests.models.stub import ModelStub
from tests.process.bots import TROUBLE
from tests.process.forked import READY_SECONDS, Fork, Orders
from tests.process.gates import Gate, Valve, gated, valved
from tests.transport.actors import Actor
from tests.transport.interactions import Exchange
from tests.transport.standin import StandIn
from tests.transport.world import Json

ANSWER_SECONDS: Final = 15.0
GONE_SECONDS: Final = 5.0
BETWEEN_STARTS: Final = dt.timedelta(minutes=1)
"""By the bot's clock: longer than a call of the model's holds its slot (`KAI_SECONDS` and ten)."""

BUDGET: Final = ("discord.kai_usage", "discord.kai_slots", "discord.kai_breakers")
"""Counted call by call, before and after a model is asked: no part of a turn."""


Rows = Counter[tuple[str, str]]
"""Rows as (table, JSON)."""

TABLES = """
SELECT string_agg(
           format('SELECT %L, to_jsonb(t)::text FROM %I.%I t', n.nspname || '.' || c.relname,
                  n.nspname, c.relname), ' UNION ALL ')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('public', 'discord')
   AND n.nspname || '.' || c.relname <> ALL ($1::text[])"""

CLIENTS = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend'"""


class Scene:
    """Everything that the bot meets, all of it in the test's own process."""

    def __init__(
        self,
        stub: ModelStub,
        discord_: StandIn,
        pool: Pool,
        gate: Gate,
        valve: Valve,
        context: ForkServerContext,
        log: Path,
    ) -> None:
        self.stub = stub
        self.discord = discord_
        self.pool = pool
        self.gate = gate
        self.valve = valve
        self._context = context
        self._log = log
        self._bot: Fork | None = None
        today = dt.datetime.now(dt.UTC)
        self._now = today.replace(hour=12, minute=0, second=0, microsecond=0)
        self._all_rows = ""
        self._own_clients: set[int] = set()

    async def prepare(self) -> None:
        """What every test begins with: the catalogue, and a bot that has synced its commands."""
        await seed_catalogue(self.pool, discord.utils.utcnow)
        self._all_rows = await self.pool.fetchval(TABLES, BUDGET)
        self._own_clients = await self._clients()
        await self.start()
        synced = "SELECT count(*) = 2 FROM discord.state WHERE name LIKE 'commands:%'"
        await self._until(lambda: self.pool.fetchval(synced), READY_SECONDS, "a sync")

    async def start(self) -> None:
        """Start a fresh process, a minute later by its clock; gives once it is connected."""
        assert self._bot is None
        self._now += BETWEEN_STARTS
        settings = {
            "database_url": self.gate.url,
            "discord_token": self.discord.token,
            "discord_api_url": self.valve.url,
            "discord_gateway_url": self.discord.gateway_url,
            "kai_model": "openai:test-model",
            "kai_base_url": self.stub.openai_url,
            "kai_api_key": self.stub.key,
            "kai_concurrent": 1,
        }
        bot = self._bot = Fork(self._context, Orders(settings, self._now, self._log))
        try:
            await self.discord.until(bot.is_ready, READY_SECONDS, "the bot is ready")
        except (TimeoutError, EOFError) as error:
            raise AssertionError(f"it did not start:\n{self.log()}") from error

    @property
    def is_running(self) -> bool:
        """Whether there is a process now."""
        return self._bot is not None

    async def kill(self) -> None:
        """End the process with SIGKILL, and wait until the others have noticed; open the gates."""
        assert self._bot is not None
        bot, self._bot = self._bot, None
        assert bot.kill() == -SIGKILL, f"it had ended before:\n{self.log()}"
        await self.discord.until(lambda: not self.discord.gateway.live, GONE_SECONDS, "its socket")
        await self._until(self._is_alone, GONE_SECONDS, "its connections to PostgreSQL")
        self.gate.open()
        self.valve.open()
        self.stub.script.clear()
        assert not any(trouble in self.log() for trouble in TROUBLE), self.log()

    def close(self) -> None:
        """End the process, should there be one."""
        if self._bot is not None:
            self._bot.kill()
            self._bot = None

    def log(self) -> str:
        """What all the processes have logged."""
        return self._log.read_text(encoding="utf-8")

    # Members

    async def newcomer(self, name: str) -> Actor:
        """Somebody who has used the bot once before."""
        member = await self.discord.add_member(name)
        await self.does(member, "me")
        welcomed = "SELECT bool_and(welcomed_at IS NOT NULL) FROM discord.accounts"
        await self._until(lambda: self.pool.fetchval(welcomed), ANSWER_SECONDS, "a welcome")
        return member

    async def does(self, member: Actor, command: str, /, **options: object) -> Exchange:
        """A command that is answered to its end."""
        return await (await member.slash(command, **options)).answered(ANSWER_SECONDS)

    async def sees(self, exchange: Exchange, what: str) -> Json:
        """The message of an answer that has this text or button, once it is there."""

        def found() -> list[Json]:
            return [message for message in exchange.messages if what in str(message)]

        try:
            await self.discord.until(lambda: bool(found()), ANSWER_SECONDS, what)
        except TimeoutError as error:
            raise AssertionError(f"no {what!r} in {exchange.text!r}:\n{self.log()}") from error
        return found()[0]

    async def item(self, kind: str, name: str) -> int:
        """The id of a challenge or quest."""
        return await self.pool.fetchval(f"SELECT id FROM {kind}s WHERE name = $1", name)

    # Rows

    async def rows(self) -> Rows:
        """All rows of all tables, but for the budget's."""
        return Counter((table, row) for table, row in await self.pool.fetch(self._all_rows))

    async def slots_taken(self) -> int:
        """How many calls of the model are under way, as far as the budget knows."""
        return await self.pool.fetchval(
            "SELECT count(*) FROM discord.kai_slots WHERE taken_until > $1", self._now
        )

    async def _clients(self) -> set[int]:
        return {row["pid"] for row in await self.pool.fetch(CLIENTS)}

    async def _is_alone(self) -> bool:
        return await self._clients() == self._own_clients

    async def _until(
        self, happened: Callable[[], Awaitable[bool]], within: float, what: str
    ) -> None:
        deadline = time.monotonic() + within
        while not await happened():
            assert time.monotonic() < deadline, f"within {within:g} s: {what}"
            await asyncio.sleep(0.002)


@asynccontextmanager
async def staged(
    database_url: str, context: ForkServerContext, folder: Path
) -> AsyncGenerator[Scene]:
    """A scene with a running bot, which is killed in the end."""
    pool = await create_pool(database_url, idle_seconds=0)
    try:
        async with (
            ModelStub() as stub,
            StandIn() as discord_,
            gated(database_url) as gate,
            valved(discord_.api_url) as valve,
        ):
            scene = Scene(stub, discord_, pool, gate, valve, context, folder / "log")
            try:
                await scene.prepare()
                yield scene
                if scene.is_running:
                    await scene.kill()
                assert discord_.unknown == []
                assert stub.rejected == []
            finally:
                scene.close()
    finally:
        await pool.close()
