"""A crawl: every command, every button that it leads to, and every form, filled to the rim.

Made from the command tree alone, so that it goes wherever the bot goes, over any catalogue.
"""

from collections import Counter
from itertools import cycle
from typing import Any

from discord import AppCommandOptionType as OptionType
from discord import app_commands
from simcord import InteractionResult, MemberActor

from bot.ui.buttons import PREFIX
from tests.behaviour.tour import (
    Person,
    Tour,
    buttons_of,
    commands_of,
    controls_of,
    held_by,
)

TRICKY = (
    "@everyone <@&1> **b** `c` ```d``` ||e|| [f](https://g.example) ~~h~~ __i__ \\ 👩‍👩‍👧‍👦"
    "\u202e\u200b\n> j\n# k\n- l\n1. m\n-# n\n"
)
RIMS = ("*", "a\n", TRICKY)
"""Texts that grow most when they are escaped, when they are quoted, and in every other way."""

ODD = (TRICKY * 9, "\x00%_\\'", "\ud800")
"""What somebody could type where a name is asked for: long, for databases to trip over, broken."""

UNKNOWN = 999_999
PRESSES = 2
PAGES = 12


def to_the_rim(text: str, length: int) -> str:
    """A text repeated until it is exactly this long."""
    return (text * (length // len(text) + 1))[:length]


class Crawl:
    """One person's way through everything, over whatever the catalogue holds."""

    def __init__(self, tour: Tour, who: Person, other: MemberActor) -> None:
        self.tour = tour
        self.who = who
        self.other = other
        self.presses: Counter[str] = Counter()
        self.texts = cycle(RIMS)

    async def everything(self) -> None:
        """Run every command that this person can see, bare and with every option, and go on."""
        for name, command in list(commands_of(self.tour.town.bot)):
            if isinstance(command, app_commands.ContextMenu):
                if isinstance(self.who, MemberActor):
                    await self._go_on(await self.tour.menu(self.who, name, self.other))
            elif name in self._visible():
                bare = [p for p in command.parameters if p.required]
                await self._run(name, bare)
                await self._run(name, command.parameters)

    def _visible(self) -> tuple[str, ...]:
        if isinstance(self.who, MemberActor):
            return self.who.available_commands(self.tour.rooms[self.who.guild.id])
        return self.who.available_commands()

    async def _run(self, name: str, parameters: list[app_commands.Parameter]) -> None:
        options: dict[str, Any] = {}
        for parameter in parameters:
            options[parameter.name] = await self._value(name, parameter, options)
        await self._go_on(await self.tour.slash(self.who, name, **options))

    async def _value(
        self, command: str, option: app_commands.Parameter, filled: dict[str, Any]
    ) -> Any:
        if option.autocomplete:
            for odd in ODD:
                await self.tour.offers(self.who, command, option.name, odd, **filled)
            offered = await self.tour.offers(self.who, command, option.name, "", **filled)
            nothing = "Atlantis" if option.type is OptionType.string else UNKNOWN
            return offered[0] if offered else nothing
        if option.choices:
            return option.choices[-1].value
        match option.type:
            case OptionType.user:
                return self.other
            case OptionType.channel:
                return self.tour.town.room
            case OptionType.boolean:
                return True
            case OptionType.integer:
                return option.min_value or 1
            case _:
                return to_the_rim(next(self.texts), int(option.max_value or 4000))

    async def _go_on(self, shown: InteractionResult) -> None:
        """Fill the form, or press the buttons, a few times each kind, and go on from there."""
        if shown.modal is not None:
            await self._go_on(await self.tour.fill(self.who, shown, **self._filling(shown)))
            return
        for custom_id in buttons_of(shown):
            verb, _, args = custom_id.removeprefix(PREFIX).partition(":")
            kind = f"{verb} {args.partition(':')[0]}"
            self.presses[kind] += 1
            if self.presses[kind] > (PAGES if verb == "page" else PRESSES):
                continue
            if custom_id in buttons_of(shown):
                await self._go_on(await self.tour.press_id(self.who, shown, custom_id))
            elif isinstance(self.who, MemberActor):  # the card was replaced meanwhile
                await self._go_on(await self.tour.press_posted(self.who, custom_id))

    def _filling(self, form: InteractionResult) -> dict[str, Any]:
        """Every text to the rim on one visit; on the next, only what is required and empty."""
        text = next(self.texts)
        title = (form.modal or {})["title"]
        self.presses[title] += 1
        held = dict(held_by(form))
        return {
            control["custom_id"]: to_the_rim(text, control.get("max_length") or 4000)
            for control in controls_of(form)
            if "options" not in control
            if self.presses[title] % 2
            or (control.get("required", True) and not held[control["custom_id"]])
        }
