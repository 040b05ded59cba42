"""Buttons that live for ever: `gk:1:<verb>:<arguments>`, handled by whichever cog owns the verb.

A cog marks a method with `@pressed("verb")`; the client collects those methods when it loads the
cogs, and gives each press to its owner.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, Self, TypeVar, cast

import discord
from discord import ui

from bot.errors import UserError
from bot.ui.manner import Manner

PREFIX = "gk:1:"
Handler = Callable[[discord.Interaction, list[str]], Awaitable[None]]
Verb = tuple[Handler, Manner]
Method = TypeVar("Method", bound=Callable[..., Awaitable[None]])
Style = Literal["primary", "plain", "success", "danger"]

OUTDATED = "This button is from another version. Please run the command again."

_MARK = "__button_verb__"
_STYLES: dict[Style, discord.ButtonStyle] = {
    "primary": discord.ButtonStyle.primary,
    "plain": discord.ButtonStyle.secondary,
    "success": discord.ButtonStyle.success,
    "danger": discord.ButtonStyle.danger,
}


class TakesPresses(Protocol):
    """The client, as a button sees it."""

    async def take_press(self, interaction: discord.Interaction, custom_id: str) -> None:
        """Answer a press of the button with this id. Never raises."""
        ...


def pressed(verb: str, manner: Manner = Manner.REPLACE) -> Callable[[Method], Method]:
    """Mark a cog's method `(interaction, arguments)` as the handler of a verb."""

    def mark(method: Method) -> Method:
        setattr(method, _MARK, (verb, manner))
        return method

    return mark


def verbs_of(cog: object) -> dict[str, Verb]:
    """The verbs that a cog handles, each with its handler and manner."""
    found: dict[str, Verb] = {}
    for name in dir(type(cog)):
        mark = getattr(getattr(type(cog), name), _MARK, None)
        if mark is not None:
            found[mark[0]] = (getattr(cog, name), mark[1])
    return found


def number_in(text: str) -> int:
    """A number in a button's id. Raises UserError for another version's."""
    if not text.isdecimal() or len(text) > 9:
        raise UserError(OUTDATED)
    return int(text)


class Press(ui.DynamicItem[ui.Button[Any]], template=r"gk:\d+:[a-z_]+(?::.*)?"):
    """A button by its verb and arguments."""

    def __init__(
        self,
        label: str,
        verb: str,
        *args: object,
        style: Style = "plain",
        emoji: str | None = None,
        disabled: bool = False,
        custom_id: str | None = None,
    ) -> None:
        super().__init__(
            ui.Button(
                label=label,
                style=_STYLES[style],
                emoji=emoji,
                disabled=disabled,
                custom_id=custom_id or PREFIX + ":".join([verb, *map(str, args)]),
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed."""
        label = cast("ui.Button[Any]", item).label
        return cls(label or "…", "", custom_id=match.string)

    async def callback(self, interaction: discord.Interaction) -> Any:
        """Hand the press to the client."""
        client = cast("TakesPresses", interaction.client)
        await client.take_press(interaction, self.custom_id)
