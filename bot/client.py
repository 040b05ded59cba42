"""The Discord client: its commands, its buttons, its home server, and one way to report trouble."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from typing import Any, cast

import discord
import orjson
import structlog
from discord import app_commands
from discord.ext import commands

from bot.actions import home
from bot.actions.services import Services
from bot.errors import UserError
from bot.settings import Settings
from bot.ui.answering import begin, is_left_alone, is_worth_logging, note_receipt, report
from bot.ui.buttons import OUTDATED, PREFIX, Press, Verb, verbs_of
from bot.ui.counter import Counters
from bot.ui.forms import hand_back
from bot.ui.manner import Manner

log = structlog.get_logger(__name__)

COGS = (
    *("challenge", "quest", "badge", "days", "kai", "member", "account"),
    *("daily", "posts", "hello"),
)
HOME_COGS = ("moderate", "catalog")
PLAYGROUND_COG = "playground"
HEARD = 2_000
"""How many interactions and messages are remembered: one delivered twice is worked on once."""


class KindnessTree(app_commands.CommandTree["KindnessBot"]):
    """Every command begins by being answered in time, and ends, if in trouble, in a sentence."""

    async def interaction_check(self, interaction: discord.Interaction["KindnessBot"], /) -> bool:
        """Start the answer's clock; leave what has waited too long alone."""
        if interaction.type is discord.InteractionType.autocomplete:
            return True
        command = interaction.command
        manner = command.extras.get("manner", Manner.PRIVATE) if command else Manner.PRIVATE
        return begin(cast("discord.Interaction", interaction), manner)

    async def on_error(
        self,
        interaction: discord.Interaction["KindnessBot"],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """Report whatever a command raised."""
        await report(cast("discord.Interaction", interaction), error)


class KindnessBot(commands.AutoShardedBot):
    """The bot. It caches no members, asks for no privileged intent, and pings nobody by itself."""

    def __init__(
        self,
        services: Services,
        settings: Settings,
        *,
        trust_stored_sync: bool = True,
        tomorrow: asyncio.Event | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=KindnessTree,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.services = services
        self.settings = settings
        self.counters = Counters(services, self)
        self.home_guild_ids = frozenset(settings.home_guild_ids)
        self.tomorrow = tomorrow  # in the playground alone: set it, and its clock moves
        self.verbs: dict[str, Verb] = {}
        self._trust_stored_sync = trust_stored_sync
        self._heard: OrderedDict[int, None] = OrderedDict()

    async def setup_hook(self) -> None:
        """Load the commands, find the home server, and sync what has changed."""
        logging.getLogger("discord.app_commands.tree").addFilter(is_worth_logging)
        self.add_dynamic_items(Press)
        for name in COGS if self.tomorrow is None else (*COGS, PLAYGROUND_COG):
            await self.load_extension(f"cogs.{name}")
        await self._sync(None)
        if not self.home_guild_ids:
            self.home_guild_ids = await home.stored(self.services)
        if self.home_guild_ids:
            await self._open_home()

    async def add_cog(self, cog: commands.Cog, /, **options: Any) -> None:  # type: ignore[override]
        """Add a cog, and the buttons that it answers."""
        await super().add_cog(cog, **options)
        self.verbs |= verbs_of(cog)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Note when an interaction arrived, and whether it had before, ahead of any work on it."""
        if event == "interaction":
            note_receipt(args[0], again=self.has_heard(args[0].id))
        super().dispatch(event, *args, **kwargs)

    def has_heard(self, event_id: int) -> bool:
        """Whether this interaction or message is among the latest; from now on it is."""
        if event_id in self._heard:
            return True
        self._heard[event_id] = None
        if len(self._heard) > HEARD:
            self._heard.popitem(last=False)
        return False

    @property
    def user_id(self) -> int:
        """The bot's own Discord id, known once it has logged in."""
        return self.user.id if self.user else 0

    async def on_message(self, message: discord.Message, /) -> None:
        """Nothing: there are no commands with a prefix, and KAI's cog listens to messages."""

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Say something to a form that nobody knows; all else has its own way to be answered."""
        if interaction.type is discord.InteractionType.modal_submit and is_left_alone(interaction):
            await hand_back(interaction)

    async def on_ready(self) -> None:
        """Say who we are; take the first server for the home if there is none yet."""
        log.info("connected", user=str(self.user), servers=len(self.guilds))
        for guild in sorted(self.guilds, key=lambda guild: guild.id):
            await self._take_for_home(guild)
        await self.counters.mend()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The first server that the bot is in becomes the home."""
        await self._take_for_home(guild)

    async def _take_for_home(self, guild: discord.Guild) -> None:
        if self.home_guild_ids:
            return
        self.home_guild_ids = await home.claim(self.services, guild.id)
        log.info("home server", guild=min(self.home_guild_ids))
        await self._open_home()

    async def _open_home(self) -> None:
        """Give the home servers the commands that are theirs alone."""
        for name in HOME_COGS:
            if f"cogs.{name}" not in self.extensions:
                await self.load_extension(f"cogs.{name}")
        for guild_id in sorted(self.home_guild_ids):
            await self._sync(discord.Object(guild_id))

    async def _sync(self, guild: discord.Object | None) -> None:
        """Tell Discord the commands of one scope, when they are not what it was told last."""
        payload = [c.to_dict(self.tree) for c in self.tree.get_commands(guild=guild)]
        digest = hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()
        name = f"commands:{self.application_id}:{guild.id if guild else 'global'}"
        if self._trust_stored_sync and await home.recall(self.services, name) == digest:
            return
        try:
            await self.tree.sync(guild=guild)
        except discord.Forbidden:
            log.warning("cannot sync to a server that the bot is not in", guild=guild and guild.id)
            return
        await home.remember(self.services, name, digest)
        log.info("commands synced", scope=guild.id if guild else "global", count=len(payload))

    async def close(self) -> None:
        """Leave Discord; counters that are not shown yet are for the next start."""
        await self.counters.stop()
        await super().close()

    async def finish(self, seconds: float) -> None:
        """Let members who are being answered have their answer, for some seconds at most.

        What takes longer is broken off, and takes its query at the database with it.
        """
        names = ("CommandTree-invoker", "discord-ui-", "discord.py: on_message")
        working = {task for task in asyncio.all_tasks() if task.get_name().startswith(names)}
        if not working:
            return
        _, late = await asyncio.wait(working, timeout=seconds)
        if late:
            log.warning("answers broken off", count=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=1)

    async def take_press(self, interaction: discord.Interaction, custom_id: str) -> None:
        """Give a button's press to the cog that owns its verb. Never raises."""
        verb, *args = custom_id.removeprefix(PREFIX).split(":")
        known = custom_id.startswith(PREFIX) and verb in self.verbs
        handler, manner = self.verbs[verb] if known else (_outdated, Manner.PRIVATE)
        if not begin(interaction, manner):
            return
        try:
            await handler(interaction, args)
        except IndexError:  # an id with fewer arguments than this version's
            await report(interaction, UserError(OUTDATED))
        except Exception as error:  # noqa: BLE001  everything a button raises is reported
            await report(interaction, error)


async def _outdated(_interaction: discord.Interaction, _args: list[str]) -> None:
    raise UserError(OUTDATED)
