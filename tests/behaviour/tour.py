"""A tour of the bot: it is used as people use it, and what was used is noted on the way.

What there is to see is read from the bot itself (its command tree, the verbs of its buttons, its
errors), so a command, button, form or error that no step of the tour reaches is named as missing.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import discord
import pytest
from discord import app_commands
from simcord import ChannelHandle, InteractionResult, MemberActor, UserHandle

from bot import errors
from bot.errors import UserError
from bot.ui.buttons import PREFIX, Handler, Press
from bot.ui.card import Card, Colour
from bot.ui.manner import Manner
from tests import discord_limits
from tests.behaviour.town import Town, text_of

Person = MemberActor | UserHandle
"""A member in a server's channel, or somebody in their direct messages."""

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SHORT = len("challenge")
"""An error whose words are no longer than this was given a kind, and has its sentence of it."""

KEPT_BY_DISCORD = ("The difficulty must be Easy, Medium or Hard.",)
"""Words of errors that cannot be had through Discord, whose forms take only what they offer."""

FAULT = "Something went wrong on our side"
BUTTON = 2
CHOICES = 8


class Tour:
    """Uses the bot, and notes what went well (commands, verbs, forms) and which errors showed."""

    def __init__(self, town: Town, patch: pytest.MonkeyPatch) -> None:
        self.town = town
        self.rooms: dict[int, ChannelHandle] = {town.guild.id: town.room}
        self.commands: set[str] = set()
        self.verbs: set[str] = set()
        self.opened: set[str] = set()
        self.submitted: set[str] = set()
        self.offered: set[str] = set()
        self.refusals: list[UserError] = []
        self.sentences: list[str] = []
        self._opener: dict[InteractionResult, str] = {}
        town.bot.add_listener(self._note_command, "on_app_command_completion")
        town.bot.verbs = {
            verb: (self._noted(verb, handler), manner)
            for verb, (handler, manner) in town.bot.verbs.items()
        }
        render = UserError.render

        def noted(error: UserError, escape: Callable[[str], str]) -> str:
            self.refusals.append(error)
            self.sentences.append(render(error, escape))
            return self.sentences[-1]

        patch.setattr(UserError, "render", noted)

    async def _note_command(
        self, _interaction: object, command: app_commands.Command[Any, ..., Any]
    ) -> None:
        self.commands.add(command.qualified_name)

    def _noted(self, verb: str, handler: Handler) -> Handler:
        async def handle(interaction: discord.Interaction, args: list[str]) -> None:
            await handler(interaction, args)
            self.verbs.add(verb)

        return handle

    async def slash(self, who: Person, command: str, **options: Any) -> InteractionResult:
        """Run a slash command where this person is."""
        if isinstance(who, UserHandle):
            shown = cast("InteractionResult", await who.slash(command, **options))
        else:
            shown = await who.slash(self.rooms[who.guild.id], command, **options)
        return self._note_answer(shown, f"/{command}")

    async def menu(self, who: MemberActor, name: str, target: MemberActor) -> InteractionResult:
        """Choose a home server's context menu on somebody."""
        emit = self.town.env.backend.emit

        def with_guild(event: str, payload: Json) -> None:
            # Discord names the guild that a command belongs to; SimCord does so for slash alone.
            if event == "INTERACTION_CREATE":
                payload["data"]["guild_id"] = payload["guild_id"]
            emit(event, payload)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.town.env.backend, "emit", with_guild)
            shown = await who.context_menu(self.rooms[who.guild.id], name, target)
        return self._note_answer(shown, f"/{name}")

    async def offers(
        self, who: Person, command: str, option: str, text: str = "", **filled: Any
    ) -> list[Any]:
        """Type into an option; gives the values that are offered."""
        before = self._choices_sent()
        if isinstance(who, UserHandle):
            choices = await who.autocomplete(command, option, text, **filled)
        else:
            room = self.rooms[who.guild.id]
            choices = await who.autocomplete(room, command, option, text, **filled)
        assert self._choices_sent() > before, f"typing {text!r} into {option} was not answered"
        if choices:
            self.offered.add(f"{command} {option}")
        return [choice["value"] for choice in choices]

    def _choices_sent(self) -> int:
        bodies = (cast("Any", entry.json) for entry in self.town.env.http_requests)
        return sum(isinstance(b, dict) and cast("Json", b).get("type") == CHOICES for b in bodies)

    async def press(
        self, who: Person, shown: InteractionResult, verb: str, *args: object
    ) -> InteractionResult:
        """Press the first button of a verb (with these first arguments) on an answer's cards."""
        wanted = PREFIX + ":".join([verb, *map(str, args)])
        for custom_id in buttons_of(shown):
            if custom_id == wanted or custom_id.startswith(f"{wanted}:"):
                return await self.press_id(who, shown, custom_id)
        raise AssertionError(f"no button {wanted} among {list(buttons_of(shown))}")

    async def press_id(
        self, who: Person, shown: InteractionResult, custom_id: str
    ) -> InteractionResult:
        """Press a button by its id, on whichever card of an answer has it."""
        messages = (m for m in messages_of(shown) if custom_id in enabled(m.components))
        pressed = await who.click(next(messages).message, custom_id=custom_id)
        verb = custom_id.removeprefix(PREFIX).partition(":")[0]
        return self._note_answer(cast("InteractionResult", pressed), f"button {verb}")

    async def press_posted(self, who: MemberActor, custom_id: str) -> InteractionResult:
        """Press a button on a card that the bot posted at some earlier time."""
        card = Card(
            Colour.NOTE, "From some time ago", buttons=[Press("Old", "", custom_id=custom_id)]
        )
        room = self.town.bot.get_partial_messageable(self.rooms[who.guild.id].id)
        posted = await room.send(view=card)
        pressed = await who.click(posted, custom_id=custom_id)
        verb = custom_id.removeprefix(PREFIX).partition(":")[0]
        return self._note_answer(pressed, f"button {verb}")

    def _note_answer(self, shown: InteractionResult, opener: str) -> InteractionResult:
        assert shown.acknowledged, f"{opener} was not answered"
        if shown.modal is not None:
            self.opened.add(opener)
            self._opener[shown] = opener
        return shown

    async def fill(self, who: Person, form: InteractionResult, **values: Any) -> InteractionResult:
        """Submit a form with these values; the fields not named keep what they held."""
        before = len(self.refusals)
        kept = {key: value for key, value in held_by(form) if key not in values}
        shown = cast("InteractionResult", await who.submit_modal(form, {**kept, **values}))
        assert shown.acknowledged, f"the form of {self._opener[form]} was not answered"
        if len(self.refusals) == before:
            self.submitted.add(self._opener[form])
        return shown

    def missed(self) -> list[str]:
        """What there is in the bot that this tour did not reach, each by its name."""
        bot = self.town.bot
        assert bot.cogs, "a closed bot has nothing to miss"
        forms = {f"/{n}" for n, c in commands_of(bot) if c.extras.get("manner") is Manner.FORM}
        forms |= {f"button {v}" for v, (_, manner) in bot.verbs.items() if manner is Manner.FORM}
        return [
            *_missing("command", {name for name, _command in commands_of(bot)}, self.commands),
            *_missing("autocomplete", set(offering_options(bot)), self.offered),
            *_missing("button", bot.verbs.keys(), self.verbs),
            *_missing("form never opened:", forms, self.opened),
            *_missing("form never submitted:", forms, self.submitted),
            *_missing("form without Manner.FORM:", self.opened, forms),
            *_missing("error", error_kinds(), {type(error).__name__ for error in self.refusals}),
            *self._paths_not_taken(),
        ]

    def _paths_not_taken(self) -> list[str]:
        said = [error.sentence for error in self.refusals]
        return [
            f"error path {where}"
            for where, wanted in error_paths()
            if not any(wanted.search(sentence) for sentence in said)
            if not where.endswith(KEPT_BY_DISCORD)
        ]

    def broken_rules(self) -> list[str]:
        """What Discord would find wrong with any request that was made so far."""
        found: dict[str, None] = {}
        for entry in self.town.env.http_requests:
            lines = discord_limits.check_request(entry.method, entry.path, entry.json)
            body = cast("Any", entry.json)
            if isinstance(body, dict):
                lines += discord_limits.check_no_pings(cast("Json", body))
            where = "/".join(part for part in entry.path.split("/") if len(part) < 15)
            found.update(dict.fromkeys(f"{entry.method} {where}: {line}" for line in lines))
        return list(found)

    def texts(self) -> str:
        """All that was sent so far, as one text."""
        bodies = (entry.json for entry in self.town.env.http_requests)
        return "\n".join(text for body in bodies for text in _strings(body))


def _missing(what: str, expected: Any, seen: Any) -> list[str]:
    return sorted(f"{what} {name}" for name in set(expected) - set(seen))


def _strings(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        for value in cast("Json", body).values():
            yield from _strings(value)
    elif isinstance(body, list):
        for value in cast("list[Any]", body):
            yield from _strings(value)


AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu


def commands_of(bot: discord.Client) -> Iterator[tuple[str, AnyCommand]]:
    """Every command that can be run, in any scope, with its full name."""
    tree = cast("app_commands.CommandTree[Any]", cast("Any", bot).tree)
    homes = [discord.Object(guild_id) for guild_id in cast("Any", bot).home_guild_ids]
    for scope in (None, *homes):
        for command in tree.get_commands(guild=scope):
            if isinstance(command, app_commands.Group):
                for inner in command.walk_commands():
                    if isinstance(inner, app_commands.Command):
                        yield inner.qualified_name, inner
            else:
                yield command.qualified_name, command


def offering_options(bot: discord.Client) -> Iterator[str]:
    """Every option with autocomplete, as "command option"."""
    for name, command in commands_of(bot):
        if isinstance(command, app_commands.Command):
            yield from (f"{name} {p.name}" for p in command.parameters if p.autocomplete)


def error_kinds() -> set[str]:
    """Every kind of sentence that refuses something, by name."""
    kinds = {UserError}
    waiting = [UserError]
    while waiting:
        inner = {k for k in waiting.pop().__subclasses__() if k.__module__ == errors.__name__}
        kinds |= inner
        waiting += inner
    return {kind.__name__ for kind in kinds}


def error_paths() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every place that makes an error with words of its own, and what those words look like."""
    kinds = error_kinds()
    for path in sorted(p for folder in ("bot", "cogs") for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                words = [w for argument in node.args for w in _literals(argument)]
                if node.func.id in kinds and max(map(len, words), default=0) > SHORT:
                    wanted = re.compile(".*".join(map(re.escape, words)), re.DOTALL)
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: {words[0][:50]}", wanted


def _literals(argument: ast.expr) -> list[str]:
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    return [str(part.value) for part in parts if isinstance(part, ast.Constant)]


def messages_of(shown: InteractionResult) -> list[Any]:
    """The messages of an answer, the latest first."""
    return [m for m in (*reversed(shown.followups), shown.response) if m is not None]


def buttons_of(shown: InteractionResult) -> list[str]:
    """The ids of the buttons that can be pressed on an answer."""
    return [i for message in messages_of(shown) for i in enabled(message.components)]


def enabled(components: list[Json]) -> list[str]:
    """The ids of the buttons among components that can be pressed."""
    found: list[str] = []
    for component in components:
        if component["type"] == BUTTON and not component.get("disabled"):
            found.append(component["custom_id"])
        inner = component.get("components", [])
        found += enabled([*inner, *(component[k] for k in ("accessory",) if k in component)])
    return found


def held_by(form: InteractionResult) -> Iterator[tuple[str, Any]]:
    """The fields of a form and what they hold: a text, or the chosen values."""
    for control in controls_of(form):
        if "options" in control:
            chosen = [o["value"] for o in control["options"] if o.get("default")]
            yield control["custom_id"], chosen or [control["options"][0]["value"]]
        else:
            yield control["custom_id"], control.get("value") or ""


def controls_of(form: InteractionResult) -> list[Json]:
    """The inputs of a form."""
    modal = form.modal
    assert modal is not None, f"no form was opened: {text_of(form)}"
    return [label["component"] for label in modal["components"]]
