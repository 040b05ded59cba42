"""A small town to tell stories in: a SimCord world with the real bot on a real database."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import simcord
from simcord import InteractionResult, MemberActor

from bot.actions.companion import Companion
from bot.actions.seeding import seed_catalogue
from bot.actions.services import Services
from bot.client import KindnessBot
from bot.kai.offline import OfflineVoice
from bot.settings import Settings
from db.pool import Pool

HOME_ID = 1456074443980900000


class Town:
    """The world, its people, and ways to look at what the bot showed them."""

    def __init__(self, env: simcord.Env, pool: Pool, bot: KindnessBot) -> None:
        self.env = env
        self.pool = pool
        self.bot = bot
        self.guild = env.create_guild("Get Kinder", id=HOME_ID)
        self.room = self.guild.create_text_channel("kindness")
        moderator = self.guild.create_role(
            "Moderators",
            permissions=discord.Permissions(moderate_members=True, manage_guild=True),
        )
        self.ann = self.guild.add_member(env.create_user("Ann"))
        self.ben = self.guild.add_member(env.create_user("Ben"))
        self.sage = self.guild.add_member(env.create_user("Sage"), roles=[moderator])

    async def slash(self, who: MemberActor, command: str, **options: Any) -> InteractionResult:
        """Run a slash command in the room."""
        return await who.slash(self.room, command, **options)

    async def press(
        self, who: MemberActor, shown: InteractionResult, label: str
    ) -> InteractionResult:
        """Press the button with this label on the last card of an answer."""
        message = shown.followups[-1] if shown.followups else shown.response
        assert message is not None, "nothing was shown"
        return await who.click(message.message, label=label)

    async def row(self, sql: str, *args: Any) -> dict[str, Any]:
        """One row of the database."""
        found = await self.pool.fetchrow(sql, *args)
        assert found is not None, f"no row: {sql}"
        return dict(found)

    async def value(self, sql: str, *args: Any) -> Any:
        """One value of the database."""
        return await self.pool.fetchval(sql, *args)

    async def item_id(self, kind: str, name: str) -> int:
        """The id of a challenge, quest or badge by its name."""
        return int(await self.value(f"SELECT id FROM {kind}s WHERE name = $1", name))

    async def tomorrow(self) -> None:
        """Let a day go by."""
        await self.env.advance_time(24 * 3600)


def text_of(shown: InteractionResult) -> str:
    """All that an answer says, follow-ups included."""
    messages = [shown.response, *shown.followups]
    return "\n".join(text for message in messages if message for text in _texts(message.components))


def buttons_of(shown: InteractionResult) -> list[str]:
    """The labels of an answer's buttons."""
    message = shown.followups[-1] if shown.followups else shown.response
    return [] if message is None else [b["label"] for b in _buttons(message.components)]


def _walk(components: Any) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _walk(component.get("components", []))
        if "accessory" in component:
            yield component["accessory"]


def _texts(components: Any) -> Iterator[str]:
    return (c["content"] for c in _walk(components) if c["type"] == 10)


def _buttons(components: Any) -> Iterator[dict[str, Any]]:
    return (c for c in _walk(components) if c["type"] == 2)


@asynccontextmanager
async def open_town(pool: Pool, companion: Companion | None = None) -> AsyncGenerator[Town]:
    """A town at the present day, its catalogue the starter one."""
    worlds: list[simcord.Env] = []

    def clock() -> dt.datetime:
        return worlds[0].now()

    await seed_catalogue(pool, discord.utils.utcnow)
    services = Services(pool, companion or OfflineVoice(), clock)
    settings = Settings(_env_file=None, home_guild_ids=(HOME_ID,))  # pyright: ignore[reportCallIssue]
    bot = KindnessBot(services, settings, trust_stored_sync=False)
    env = simcord.Env(bot, shard_count=1)
    worlds.append(env)
    town = Town(env, pool, bot)
    env.backend.advance_clock((discord.utils.utcnow() - env.now()).total_seconds())
    await env.start()
    try:
        yield town
    finally:
        await env.shutdown()
        await bot.close()
        await asyncio.sleep(0)
