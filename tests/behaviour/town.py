"""A small town to tell stories in: a SimCord world with the real bot on a real database."""
# pyright: reportPrivateUsage=false

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import simcord
from simcord import (
    ChannelHandle,
    GuildHandle,
    InteractionResult,
    MemberActor,
    UserHandle,
    interactions,
)
from simcord.backend import serializers
from simcord.results import ResponseMessage

from bot.actions.companion import Companion
from bot.actions.seeding import seed_catalogue
from bot.actions.services import Services
from bot.client import KindnessBot
from bot.kai.companion import Kai
from bot.rules.days import local_date, start_of_day
from bot.settings import Settings
from db.pool import Pool

HOME_ID = 1456074443980900000
SETTINGS = Settings(_env_file=None, home_guild_ids=(HOME_ID,))  # pyright: ignore[reportCallIssue]
Person = MemberActor | UserHandle


class Town:
    """The world, its people, and ways to look at what the bot showed them."""

    def __init__(self, env: simcord.Env, pool: Pool, bot: KindnessBot) -> None:
        self.env = env
        self.pool = pool
        self.bot = bot
        self.guild = env.create_guild("Get Kinder", id=HOME_ID)
        self.room = self.guild.create_text_channel("kindness")
        self.sage_permissions = discord.Permissions(moderate_members=True, manage_guild=True)
        self.moderators = self.guild.create_role("Moderators", permissions=self.sage_permissions)
        self.ann = self.guild.add_member(env.create_user("Ann"))
        self.ben = self.guild.add_member(env.create_user("Ben"))
        self.sage = self.guild.add_member(env.create_user("Sage"), roles=[self.moderators])
        bot.counters.sleep = self._let_time_go_by

    async def slash(self, who: MemberActor, command: str, **options: Any) -> InteractionResult:
        """Run a slash command in the room."""
        return await who.slash(self.room, command, **options)

    async def press(self, who: Person, shown: InteractionResult, label: str) -> InteractionResult:
        """Press the button with this label on the last card of an answer."""
        return await who.click(last_of(shown).message, label=label)

    async def fill(
        self, who: Person, shown: InteractionResult, label: str, **values: Any
    ) -> InteractionResult:
        """Press a button that opens a form, and send the form with these values."""
        form = await self.press(who, shown, label)
        assert form.modal is not None, text_of(form)
        return await who.submit_modal(form, values)

    async def join(self, who: MemberActor, challenge: str) -> int:
        """Join a challenge by its name; gives its id."""
        item_id = await self.item_id("challenge", challenge)
        shown = await self.slash(who, "challenge join", challenge=item_id)
        assert challenge in text_of(shown), text_of(shown)
        return item_id

    async def start(self, who: MemberActor, quest: str) -> int:
        """Start a quest by its name; gives its id."""
        item_id = await self.item_id("quest", quest)
        shown = await self.slash(who, "quest start", quest=item_id)
        assert f"You are in: {quest}" in text_of(shown), text_of(shown)
        return item_id

    async def offered(self, who: MemberActor, command: str, option: str, text: str) -> list[str]:
        """The names that autocomplete offers."""
        choices = await who.autocomplete(self.room, command, option, text)
        return [choice["name"] for choice in choices]

    async def add(self, kind: str, name: str, **columns: Any) -> int:
        """A challenge, quest or badge as the website would insert it; gives its id."""
        if kind != "badge":
            columns = {"total_days": 7, **columns}
        names = ", ".join(["name", *columns])
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 2))
        sql = f"INSERT INTO {kind}s ({names}) VALUES ({places}) RETURNING id"
        return int(await self.value(sql, name, *columns.values()))

    async def returned(self, shown: InteractionResult) -> str:
        """The words that an answer hands back, from its code block or its attached file."""
        message = last_of(shown)
        if message.attachments:
            return (await message.attachments[0].read()).decode()
        return text_of(shown).split("```\n", 1)[1].rsplit("\n```", 1)[0]

    def was_deferred(self) -> bool:
        """Whether the latest interaction was first answered by "thinking…"."""
        sent = [r.json for r in self.env.http_requests if r.path.endswith("/callback")]
        return bool(sent[-1]) and sent[-1]["type"] in (5, 6)

    async def user_id(self, who: Person) -> int:
        """The `userdata` id of a member who has used the bot."""
        return int(
            await self.value("SELECT user_id FROM discord.accounts WHERE discord_id = $1", who.id)
        )

    async def suspend(self, who: Person) -> None:
        """The website suspends a member, as its live database does it."""
        await self.value(
            "ALTER TABLE userdata ADD IF NOT EXISTS is_suspended BOOLEAN NOT NULL DEFAULT false"
        )
        await self.value(
            "UPDATE userdata SET is_suspended = true WHERE id = $1", await self.user_id(who)
        )

    async def forged(
        self, who: MemberActor, room: ChannelHandle, command: str, **options: Any
    ) -> InteractionResult:
        """A home command, sent by a client that does not mind what it is shown."""
        name, sub = command.split()
        root = self.env.backend.find_command(name, HOME_ID, type=1)
        assert root is not None
        leaf, nesting = interactions.walk_to_subcommand(root, [sub])
        values, resolved = interactions.build_options(
            who, command, leaf, options, channel_id=room.id
        )
        given = {"options": interactions.nest_options(root, nesting, values), "resolved": resolved}
        return await self._home_command(who, room, root, given)

    async def menu(self, who: MemberActor, name: str, target: MemberActor) -> InteractionResult:
        """A command of the home server from the menu of a member.

        SimCord's own sends no `guild_id` with a server's command, as Discord does.
        """
        root = self.env.backend.find_command(name, HOME_ID, type=2)
        assert root is not None
        backend, user, key = self.env.backend, target.user._user, str(target.id)
        member = backend.get_member(HOME_ID, target.id)
        guild = backend.get_guild(HOME_ID)
        given = {
            "target_id": key,
            "resolved": {
                "users": {key: dict(serializers.user_payload(user))},
                "members": {
                    key: dict(serializers.member_payload(backend, guild, member, with_user=False))
                },
            },
        }
        return await self._home_command(who, self.room, root, given)

    async def _home_command(
        self, who: MemberActor, room: ChannelHandle, root: Any, given: dict[str, Any]
    ) -> InteractionResult:
        data = {key: root[key] for key in ("id", "name", "type")}
        return await who._dispatch_interaction(2, room, {**data, "guild_id": str(HOME_ID), **given})

    async def second_guild(self) -> tuple[GuildHandle, ChannelHandle]:
        """Another server that the bot is in, with a room of its own."""
        guild = self.env.create_guild("Elsewhere")
        room = guild.create_text_channel("lobby")
        await self.env.settle()
        return guild, room

    async def restart(self) -> None:
        """The bot's process ends, and another one begins."""
        old, services = self.bot, self.bot.services
        self.bot = KindnessBot(services, SETTINGS, trust_stored_sync=False)
        self.bot.counters.sleep = self._let_time_go_by
        await self.env.restart_bot(self.bot)
        await old.close()

    async def _let_time_go_by(self, seconds: float) -> None:
        """Wait until the story has moved the clock on; no real time goes by."""
        await self.env.external_wait(asyncio.sleep(seconds), reason="the next edit")

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        return [tuple(row) for row in await self.pool.fetch(sql, *args)]

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

    async def until(self, time: str, zone: str = "UTC") -> None:
        """Let time go by until the clocks of `zone` show this time next."""
        hours, minutes = (int(part) for part in time.split(":"))
        today = local_date(self.env.now(), zone)
        then = start_of_day(today, zone) + dt.timedelta(hours=hours, minutes=minutes)
        if then <= self.env.now():
            then += dt.timedelta(days=1)
        await self.env.advance_time((then - self.env.now()).total_seconds())


def last_of(shown: InteractionResult) -> ResponseMessage:
    """The last message of an answer: a follow-up, or the answer itself."""
    message = shown.followups[-1] if shown.followups else shown.response
    assert message is not None, "nothing was shown"
    return message


def is_private(shown: InteractionResult) -> bool:
    """Whether the member alone sees all of an answer, also when it took the place of a card."""
    messages = [shown.response, *shown.followups]
    return all(message.ephemeral for message in messages if message)


def text_of(shown: InteractionResult) -> str:
    """All that an answer says, follow-ups included."""
    messages = [shown.response, *shown.followups]
    return "\n".join(text for message in messages if message for text in _texts(message.components))


def first_id(shown: InteractionResult, label: str) -> str:
    """The custom id of the first button with this label, where several have it."""
    buttons = _buttons(last_of(shown).components)
    return next(str(b["custom_id"]) for b in buttons if b["label"] == label)


def buttons_of(shown: InteractionResult) -> list[str]:
    """The labels of an answer's buttons."""
    return [button["label"] for button in _buttons(last_of(shown).components)]


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

    if not await pool.fetchval("SELECT EXISTS (SELECT FROM discord.catalogue_slugs)"):
        await seed_catalogue(pool, discord.utils.utcnow)
    services = Services(pool, companion or Kai(), clock)
    bot = KindnessBot(services, SETTINGS, trust_stored_sync=False)
    env = simcord.Env(bot, shard_count=1)
    worlds.append(env)
    town = Town(env, pool, bot)
    env.backend.advance_clock((discord.utils.utcnow() - env.now()).total_seconds())
    await env.start()
    try:
        yield town
    finally:
        await env.shutdown()
        await town.bot.close()
        await asyncio.sleep(0)
