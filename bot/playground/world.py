"""The simulated Discord: one server, two channels, two members, a moderator, and the bot in it.

Every id is the same in each run, so that a database that is kept finds its people again. The
world's clock follows the real one; it moves when `World.catch_up` is awaited.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
import simcord

from bot.errors import UserError
from bot.playground import HOME_GUILD_ID, MakeBot, faces

_log = logging.getLogger(__name__)

_SETTLE_SECONDS: Final = 25.0
_FAREWELL_SECONDS: Final = 2.0
_CHANNELS: Final = (
    ("kindness", "Challenges, quests and badges: type / to see what the bot can do"),
    ("general", "Everything else"),
)
_PEOPLE: Final = (("Maple", "#b4472e"), ("River", "#2f6690"), ("Sage", "#5b7553"))
_MODERATOR: Final = "Sage"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody to look at the world as."""

    key: str
    name: str
    member: simcord.MemberActor
    user: simcord.UserHandle


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation: a channel, or a member's direct messages with the bot."""

    key: str
    name: str
    about: str
    channel: simcord.ChannelHandle
    viewers: tuple[Viewer, ...]

    @property
    def is_direct(self) -> bool:
        """Whether these are one member's direct messages."""
        return self.channel.guild is None

    def viewer(self, key: str) -> Viewer | None:
        """Whoever of that key may look here."""
        return next((viewer for viewer in self.viewers if viewer.key == key), None)

    def handles(self) -> list[simcord.MemberActor | simcord.UserHandle]:
        """Who may look, as SimCord wants them: members in a channel, a user in direct messages."""
        return [viewer.user if self.is_direct else viewer.member for viewer in self.viewers]


class WorldClock:
    """The world's time as aware UTC: the real one, or `ahead` of it by so much."""

    def __init__(self, ahead: timedelta) -> None:
        self.env: simcord.Env | None = None
        self.ahead = ahead

    def __call__(self) -> datetime:
        """The instant it is in the world."""
        return self.due() if self.env is None else self.env.now()

    def due(self) -> datetime:
        """The instant that it should be by now."""
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class World:
    """A running world; its places are in the order in which the page shows them."""

    env: simcord.Env
    clock: WorldClock
    viewers: tuple[Viewer, ...]
    places: tuple[Place, ...]
    pictures: Mapping[str, tuple[str, bytes]]

    def place(self, key: str) -> Place | None:
        """The conversation of that key."""
        return next((place for place in self.places if place.key == key), None)

    @property
    def keeper(self) -> Viewer:
        """Whoever looks after the server."""
        return next(one for one in self.viewers if one.key == _MODERATOR.lower())

    async def catch_up(self) -> None:
        """Move the world's clock to where it should be; timers that are due on the way fire.

        Nothing else may act on the world meanwhile: SimCord refuses two operations at once.
        """
        await self.move_to(self.clock.due())

    async def move_to(self, instant: datetime) -> None:
        """Move the world's clock on to an instant. Nothing else may act on the world meanwhile."""
        behind = (instant - self.env.now()).total_seconds()
        if behind <= 0:
            return
        try:
            await self.env.advance_time(behind)
        except TimeoutError:
            _log.warning("The bot was still busy while the playground's clock moved", exc_info=True)


class _Env(simcord.Env):
    """SimCord counts every error that a handler sees as a failed action; a UserError is none."""

    def _record_error(self, error: BaseException) -> None:
        if isinstance(getattr(error, "original", error), UserError):
            return
        # SimCord takes errors of background tasks away from asyncio, which would have logged them.
        _log.error("The bot raised an error in the playground", exc_info=error)
        super()._record_error(error)


@asynccontextmanager
async def open_world(make_bot: MakeBot, ahead: timedelta = timedelta()) -> AsyncGenerator[World]:
    """Build the world, bring the bot to READY in it, and at the end close both, in that order.

    Its clock is `ahead` of the real one.
    """
    clock = WorldClock(ahead)
    bot = make_bot(clock)
    try:
        sharded = isinstance(bot, discord.AutoShardedClient)
        env = _Env(
            bot,
            settle_timeout=_SETTLE_SECONDS,
            # SimCord cannot ask Discord how many shards there should be.
            shard_count=(bot.shard_count or 1) if sharded else None,
        )
        world = _arrange(env, clock)
        # Ids are made from the clock: only after everybody has theirs does it go to today.
        # Moving it before the bot starts, rather than after, spares the bot months of timers.
        env.backend.advance_clock((clock.due() - env.now()).total_seconds())
        clock.env = env
        await env.start()
        try:
            with env.time_context():
                yield world
        finally:
            await _shut(env)
    finally:
        await bot.close()


async def _shut(env: simcord.Env) -> None:
    try:
        await env.settle(timeout=_FAREWELL_SECONDS)
    except TimeoutError:
        _log.warning("The bot had not finished when the playground closed", exc_info=True)
    finally:
        await env.shutdown()


def _arrange(env: simcord.Env, clock: WorldClock) -> World:
    """The order of these calls makes the ids: add to its end, and never change it."""
    env.backend.edit_bot_profile("Get Kinder")
    env.backend.bot_user.avatar = faces.FACE
    guild = env.create_guild("Get Kinder", id=HOME_GUILD_ID)
    rooms = [guild.create_text_channel(name, topic=topic) for name, topic in _CHANNELS]
    moderators = guild.create_role(
        "Moderators",
        permissions=discord.Permissions(moderate_members=True, manage_guild=True),
        color=0x4FB286,
    )
    viewers = tuple(
        _viewer(env, guild, name, [moderators] if name == _MODERATOR else []) for name, _ in _PEOPLE
    )
    places = [
        Place(name, f"#{name}", topic, room, viewers)
        for (name, topic), room in zip(_CHANNELS, rooms, strict=True)
    ]
    places += [
        Place(
            f"dm-{one.key}",
            f"{one.name} and the bot",
            "Nobody else sees these.",
            one.user.dm_channel,
            (one,),
        )
        for one in viewers
    ]
    letters = {
        one.user.id: faces.letter(*person) for one, person in zip(viewers, _PEOPLE, strict=True)
    }
    pictures = faces.assets({env.backend.bot_user.id: faces.heart(), **letters})
    return World(env, clock, viewers, tuple(places), pictures)


def _viewer(
    env: simcord.Env, guild: simcord.GuildHandle, name: str, roles: list[simcord.RoleHandle]
) -> Viewer:
    shown = f"{name} (moderator)" if roles else name
    user = env.create_user(name.lower(), global_name=shown, avatar=faces.FACE)
    return Viewer(name.lower(), shown, guild.add_member(user, roles=roles), user)
