"""Forms (Discord's modals): fields in labels, one handler, and nothing typed is ever lost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord import ui

from bot.errors import UserError
from bot.rules.texts import MAX_TEXT
from bot.ui.answering import begin, report
from bot.ui.manner import Manner

FORM_SECONDS = 3600
MAX_TITLE = 45
HAND_BACK_AFTER = 1.5
"""Seconds: another process has deferred by then, and Discord still waits for an answer."""

Submit = Callable[[discord.Interaction, dict[str, str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: a text, or a choice when it has `options` (value -> label)."""

    key: str
    label: str
    hint: str | None = None
    value: str = ""
    required: bool = True
    long: bool = False
    limit: int = MAX_TEXT
    options: dict[str, str] | None = None

    def component(self) -> ui.TextInput[Any] | ui.Select[Any]:
        """The field as discord.py sends it."""
        if self.options is not None:
            return ui.Select(
                custom_id=self.key,
                required=self.required,
                options=[
                    discord.SelectOption(label=label, value=value, default=value == self.value)
                    for value, label in self.options.items()
                ],
            )
        style = discord.TextStyle.paragraph if self.long else discord.TextStyle.short
        return ui.TextInput(
            custom_id=self.key,
            style=style,
            default=self.value[:MAX_TEXT] or None,
            required=self.required,
            max_length=max(self.limit, min(len(self.value), MAX_TEXT)),
        )


async def hand_back(interaction: discord.Interaction) -> None:
    """Answer a form that this process did not open, with the words in it.

    It was opened before a restart; or by another process, whose answer stands if there is one.
    """
    await asyncio.sleep(HAND_BACK_AFTER)
    error = UserError("This form was opened before I was restarted. Please open it once more.")
    data = cast("Mapping[str, Any]", interaction.data)
    await report(interaction, error.returning("\n".join(_words_in(data["components"])) or None))


def _words_in(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was typed into a form, as Discord sends it."""
    for component in components:
        inner = component.get("component")
        yield from _words_in([inner] if inner else component.get("components", ()))
        if component.get("value"):
            yield component["value"]


class Form(ui.Modal):
    """A form whose values go to `submit` by key."""

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        submit: Submit,
        manner: Manner = Manner.REPLACE,
    ) -> None:
        short = title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"
        super().__init__(title=short, timeout=FORM_SECONDS)
        self._submit = submit
        self._manner = manner
        self._inputs = {field.key: field.component() for field in fields}
        self._labels = {field.key: field.label for field in fields}
        for field in fields:
            label: ui.Label[Any] = ui.Label(
                text=field.label, description=field.hint, component=self._inputs[field.key]
            )
            self.add_item(label)

    def _values(self) -> dict[str, str]:
        return {
            key: item.value if isinstance(item, ui.TextInput) else next(iter(item.values), "")
            for key, item in self._inputs.items()
        }

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Hand the values on; what is refused comes back to its writer."""
        if not begin(interaction, self._manner):
            return
        values = self._values()
        try:
            await self._submit(interaction, values)
        except UserError as error:
            if error.returned_text is None or len(values) > 1:
                error.returning(self._as_text(values))
            await report(interaction, error)
        except Exception as error:  # noqa: BLE001  everything a form raises is reported
            await report(interaction, error, self._as_text(values))

    def _as_text(self, values: dict[str, str]) -> str | None:
        filled = [f"{self._labels[key]}: {value}" for key, value in values.items() if value]
        return "\n".join(filled) or None
