"""Answering an interaction: once, in time, and to the right people.

`begin` starts a clock that defers by itself when the answer takes longer than most of a second, so
a quick answer costs one request and a slow one is never an "interaction failed". `answer` sends or
edits accordingly. `report` turns whatever was raised into a sentence for the member.
"""

import asyncio
import logging
import secrets
import time

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.actions.services import user_error_of
from bot.errors import UserError
from bot.ui.card import Card, Colour
from bot.ui.manner import Manner
from bot.ui.notices import error_card, fault_card

log = structlog.get_logger(__name__)

DEFER_AFTER = 0.8
"""Seconds after which an interaction that has no answer yet is deferred (Discord allows 3)."""

TOO_OLD = 2.8
"""Seconds in this process after which an interaction is not worked on: it would be refused."""

UNKNOWN_INTERACTION = 10062
ALREADY_ANSWERED = 40060
GONE = frozenset(
    {
        UNKNOWN_INTERACTION,
        ALREADY_ANSWERED,
        10008,  # unknown message: the member dismissed what was deferred
        10015,  # unknown webhook: a quarter of an hour has passed
    }
)
"""Discord's codes that say: there is nothing left to answer, and nobody to tell."""

NOT_SENT = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What is raised when Discord refuses an answer, or the connection breaks."""

WORDS = ("reflection", "message", "reason")
"""The options that take a member's own words."""


class _Pending:
    """The state of one interaction between `begin` and its answer."""

    __slots__ = ("answered", "lock", "manner", "task", "timer")

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.answered = False
        self.lock = asyncio.Lock()
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None


def note_receipt(interaction: discord.Interaction, *, again: bool) -> None:
    """Remember when the gateway gave this interaction (monotonic, this process), and if `again`."""
    interaction.extras["received"] = time.monotonic()
    interaction.extras["again"] = again


def begin(interaction: discord.Interaction, manner: Manner) -> bool:
    """Start work on an interaction; False when it must be left alone.

    That is when it has waited too long to be answered at all, or is being answered already.
    """
    if interaction.extras.get("again"):
        log.info("delivered again", interaction=interaction.id)
        return False
    waited = time.monotonic() - interaction.extras.get("received", time.monotonic())
    if waited > TOO_OLD:
        log.warning("interaction too old", seconds=round(waited, 2), interaction=interaction.id)
        return False
    if manner in (Manner.REPLACE, Manner.IN_PLACE):
        is_alone = manner is Manner.IN_PLACE and interaction.guild_id is None
        own = is_alone or _is_own_card(interaction)
        manner = Manner.REPLACE if own else Manner.PRIVATE
    pending = _Pending(manner)
    interaction.extras["pending"] = pending
    if manner is not Manner.FORM:
        loop = asyncio.get_running_loop()
        pending.timer = loop.call_later(
            max(0.0, DEFER_AFTER - waited), _defer_soon, interaction, pending
        )
    return True


def is_left_alone(interaction: discord.Interaction) -> bool:
    """Whether nobody in this process has begun to work on it."""
    return "pending" not in interaction.extras and not interaction.extras.get("again")


def _is_own_card(interaction: discord.Interaction) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral


def _defer_soon(interaction: discord.Interaction, pending: _Pending) -> None:
    pending.task = asyncio.get_running_loop().create_task(_defer(interaction, pending))


async def _defer(interaction: discord.Interaction, pending: _Pending) -> None:
    async with pending.lock:
        if interaction.response.is_done():
            return
        try:
            if pending.manner is Manner.REPLACE:
                await interaction.response.defer()
            else:
                public = pending.manner is Manner.PUBLIC
                await interaction.response.defer(thinking=True, ephemeral=not public)
        except NOT_SENT as error:
            log.warning("could not defer", code=_code_of(error), interaction=interaction.id)


async def defer(interaction: discord.Interaction) -> None:
    """Defer now: what follows may take a while (a model call)."""
    pending = _pending(interaction)
    _stop_timer(pending)
    await _defer(interaction, pending)


def _pending(interaction: discord.Interaction) -> _Pending:
    pending = interaction.extras.get("pending")
    if pending is None:
        pending = _Pending(Manner.PRIVATE)
        interaction.extras["pending"] = pending
    return pending


def _stop_timer(pending: _Pending) -> None:
    """An answer is on its way: nothing is to be deferred any more."""
    if pending.timer is not None:
        pending.timer.cancel()
        pending.timer = None


async def show_so_far(interaction: discord.Interaction, card: Card) -> None:
    """Show what there is of an answer, in place of "thinking…"; the answer takes its place."""
    pending = _pending(interaction)
    _stop_timer(pending)
    await _defer(interaction, pending)
    async with pending.lock:
        await interaction.edit_original_response(view=card)


async def answer(interaction: discord.Interaction, card: Card, *more: Card) -> None:
    """Send the card: as the first answer, or in place of what was deferred; others follow it."""
    await _answer(interaction, card)
    for card_after in more:
        private = not is_public(interaction)
        await interaction.followup.send(view=card_after, ephemeral=private, files=card_after.files)


async def _answer(interaction: discord.Interaction, card: Card) -> None:
    pending = _pending(interaction)
    _stop_timer(pending)
    async with pending.lock:
        if interaction.response.is_done():
            await interaction.edit_original_response(view=card, attachments=card.files)
        elif pending.manner is Manner.REPLACE:
            await interaction.response.edit_message(view=card, attachments=card.files)
        else:
            private = pending.manner is not Manner.PUBLIC
            await interaction.response.send_message(view=card, ephemeral=private, files=card.files)
        pending.answered = True


async def whisper(interaction: discord.Interaction, card: Card) -> None:
    """Send a card to the member alone, beside or instead of the answer that is under way."""
    pending = _pending(interaction)
    _stop_timer(pending)
    async with pending.lock:
        if not interaction.response.is_done():
            await interaction.response.send_message(view=card, ephemeral=True, files=card.files)
            return
        deferred = discord.InteractionResponseType.deferred_channel_message
        if interaction.response.type is deferred and not pending.answered:
            if pending.manner is not Manner.PUBLIC:
                await interaction.edit_original_response(view=card, attachments=card.files)
                return
            # A follow-up would take the place of what was deferred, as public as that: so it is
            # closed with a neutral line, which goes when the member has been told.
            await interaction.edit_original_response(view=Card(Colour.NOTE, "…"))
            await interaction.followup.send(view=card, ephemeral=True, files=card.files)
            await interaction.delete_original_response()
            return
        await interaction.followup.send(view=card, ephemeral=True, files=card.files)


def is_worth_logging(record: logging.LogRecord) -> bool:
    """A filter for discord.py's command tree: choices that come too late are no fault.

    Members type faster than choices travel, and discord.py would log each time with a traceback.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, discord.HTTPException) and error.code in GONE:
        log.info("choices not taken", code=error.code)
        return False
    return True


def is_public(interaction: discord.Interaction) -> bool:
    """Whether the answer to this interaction is for everybody in the channel."""
    return _pending(interaction).manner is Manner.PUBLIC


async def open_form(interaction: discord.Interaction, form: discord.ui.Modal) -> None:
    """Open a form as the first answer."""
    await interaction.response.send_modal(form)


async def report(
    interaction: discord.Interaction, error: BaseException, typed: str | None = None
) -> None:
    """Tell the member what went wrong: a `UserError` as it reads, anything else by a reference.

    Never raises. What is not the member's own doing is logged with the same reference; the words
    that they had `typed`, into a form or as an option, are handed back with it.
    """
    cause = _cause_of(error)
    if isinstance(cause, discord.HTTPException) and cause.code in GONE:
        log.warning("interaction gone", code=cause.code, interaction=interaction.id)
        return
    try:
        told = user_error_of(cause)
        if told is not None:
            if told is not cause:
                told.returning(typed or _words_of(interaction))
            await whisper(interaction, error_card(told))
            return
        reference = secrets.token_hex(4)
        log.error("fault", reference=reference, exc_info=cause, interaction=interaction.id)
        await whisper(interaction, fault_card(reference, typed or _words_of(interaction)))
    except NOT_SENT as trouble:
        code = _code_of(trouble)
        log.warning("could not say what went wrong", code=code, interaction=interaction.id)


def _code_of(error: Exception) -> int | str:
    """Discord's code for a refusal, or what broke on the way there."""
    return error.code if isinstance(error, discord.HTTPException) else type(error).__name__


def _words_of(interaction: discord.Interaction) -> str | None:
    """The text that a member wrote as an option of a command."""
    given = dict(iter(interaction.namespace))
    return next((given[name] for name in WORDS if isinstance(given.get(name), str)), None)


def _cause_of(error: BaseException) -> BaseException:
    """What was raised inside a command, a check or a transformer."""
    if isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
        return UserError(
            "This command has changed since your Discord loaded it. "
            "Please restart your Discord app, and try again."
        )
    if isinstance(error, app_commands.AppCommandError) and error.__cause__ is not None:
        return error.__cause__
    return error
