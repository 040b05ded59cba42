"""Options that name a thing: one transformer a noun, offering names and taking the row's id."""

from typing import Any, Protocol, cast

import discord
import structlog
from discord import app_commands

from bot.actions import browsing
from bot.actions.services import Services
from bot.actions.types import Choice, Scope
from bot.rules.days import zone_names
from bot.rules.points import Kind
from bot.ui.text import choice_name

log = structlog.get_logger(__name__)
MAX_CHOICES = 25
MAX_ID = 2**31 - 1


class HasServices(Protocol):
    """The client, as options see it."""

    services: Services


def services_of(interaction: discord.Interaction) -> Services:
    """The services of the client that took this interaction."""
    return cast("HasServices", interaction.client).services


class _RowOption(app_commands.Transformer):
    """An option that takes a row's id; an id that no row can have is refused like an unknown."""

    noun: str

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.integer

    async def transform(self, _interaction: discord.Interaction, value: Any, /) -> int:
        """The id, which the action looks up."""
        return min(max(int(value), 0), MAX_ID)

    async def offers(self, interaction: discord.Interaction, text: str) -> list[Choice]:
        """The rows to choose from."""
        raise NotImplementedError

    async def autocomplete(
        self, interaction: discord.Interaction, value: Any, /
    ) -> list[app_commands.Choice[Any]]:
        """At most 25 names, from one query; none when the database cannot answer in time."""
        try:
            found = await self.offers(interaction, str(value)[:100])
        except Exception as error:  # noqa: BLE001  an empty menu, not one that loads for ever
            log.warning("no choices", noun=self.noun, error=repr(error))
            return []
        return [
            app_commands.Choice(
                name=choice_name(choice.name, choice.id, ambiguous=choice.ambiguous),
                value=choice.id,
            )
            for choice in found
        ]


class ItemOption(_RowOption):
    """A challenge or quest: any, those open to join, or the member's own active ones."""

    def __init__(self, kind: Kind, scope: Scope) -> None:
        self.noun = kind
        self.kind: Kind = kind
        self.scope: Scope = scope

    async def offers(self, interaction: discord.Interaction, text: str) -> list[Choice]:
        """Challenges or quests by name."""
        services = services_of(interaction)
        return await browsing.offer(services, self.kind, interaction.user.id, text, self.scope)


class BadgeOption(_RowOption):
    """A badge: any, or only those that moderators give."""

    noun = "badge"

    def __init__(self, *, given_only: bool = False) -> None:
        self.given_only = given_only

    async def offers(self, interaction: discord.Interaction, text: str) -> list[Choice]:
        """Badges by name."""
        services = services_of(interaction)
        return await browsing.offer_badges(services, text, given_only=self.given_only)


class ZoneOption(app_commands.Transformer):
    """A time zone by its name; the action says what is wrong with another text."""

    async def transform(self, _interaction: discord.Interaction, value: Any, /) -> str:
        """The text as it was typed."""
        return str(value)

    async def autocomplete(
        self, _interaction: discord.Interaction, value: Any, /
    ) -> list[app_commands.Choice[Any]]:
        """Zones whose name holds the text, those whose city begins with it first."""
        wanted = str(value).strip().replace(" ", "_").casefold()
        found = [name for name in zone_names() if wanted in name.casefold()]
        found.sort(key=lambda name: not name.rpartition("/")[2].casefold().startswith(wanted))
        return [app_commands.Choice(name=name, value=name) for name in found[:MAX_CHOICES]]


class ChannelOption(app_commands.Transformer):
    """A text or announcement channel as Discord describes it, even one that the bot cannot see."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news]

    async def transform(
        self, _interaction: discord.Interaction, value: Any, /
    ) -> app_commands.AppCommandChannel:
        """The channel as it was named."""
        return value
