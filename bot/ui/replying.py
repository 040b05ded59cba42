"""Answering a message: one reply, edited while it grows, that pings nobody."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import discord
import structlog

from bot.actions.services import user_error_of
from bot.errors import UserError
from bot.ui.answering import NOT_SENT
from bot.ui.card import Card, Colour
from bot.ui.notices import error_card, fault_card, notice
from bot.ui.talk import neutral_card

log = structlog.get_logger(__name__)

TYPING_SECONDS = 1.0
"""How long the answer waits for "is typing…" to be shown."""
PRIVATE_SECONDS = 5.0
"""How long a direct message is tried before the member is told where they wrote."""
AGAIN_SECONDS = 1.0
SERVER_TROUBLE = 500
NOBODY = discord.AllowedMentions.none()

NOT_HERE = "I can't answer that here. Please use `/kai ask`, where only you see what I say."


class Reply:
    """The reply to one message, from its first words to its last."""

    def __init__(self, message: discord.Message) -> None:
        self._message = message
        self._sent: discord.Message | None = None
        self._tried = False

    async def show(self, card: Card) -> None:
        """Send the reply, or put this card in its place.

        Its nonce is the message's, so that Discord shows one reply should it be sent twice.
        """
        if self._sent is not None:
            await self._sent.edit(view=card, attachments=card.files, allowed_mentions=NOBODY)
            return
        again, self._tried = self._tried, True
        self._sent = await self._send(card, 0)
        if again:  # what was tried before may have arrived after all, and then that was given
            await self._sent.edit(view=card, allowed_mentions=NOBODY)

    async def finish(self, card: Card, *more: Card) -> None:
        """The whole answer, the other cards after the first, with a second try."""
        try:
            await self.show(card)
        except NOT_SENT as error:
            refused = isinstance(error, discord.HTTPException) and error.status < SERVER_TROUBLE
            if refused or card.files:  # (what was attached is used up)
                raise
            await asyncio.sleep(AGAIN_SECONDS)
            await self.show(card)
        for number, card_after in enumerate(more, 1):
            await self._send(card_after, number)

    async def _send(self, card: Card, number: int) -> discord.Message:
        return await self._message.channel.send(
            view=card,
            files=card.files,
            reference=self._message.to_reference(fail_if_not_exists=False),
            mention_author=False,
            nonce=f"{self._message.id}-{number}",
        )

    async def report(self, error: Exception) -> None:
        """Say what went wrong, as `answering.report` does for an interaction. Never raises."""
        try:
            told = user_error_of(error)
            if told is not None:
                await self._refuse(told)
                return
            if isinstance(error, (discord.HTTPException, aiohttp.ClientError)):
                log.warning("a message could not be answered", error=repr(error))
                return
            reference = secrets.token_hex(4)
            log.error("fault", reference=reference, exc_info=error, message=self._message.id)
            await self.finish(fault_card(reference))
        except NOT_SENT as trouble:
            log.warning("could not say what went wrong", error=repr(trouble))

    async def _refuse(self, error: UserError) -> None:
        """A refusal is for the member alone: it may say what is nobody else's business."""
        if isinstance(self._message.channel, discord.DMChannel):
            await self.finish(error_card(error))
        elif await tell_privately(self._message.author, error_card(error)):
            await self.finish(neutral_card(told=True))
        else:
            await self.finish(notice(NOT_HERE, colour=Colour.KAI))


@asynccontextmanager
async def typing_in(channel: discord.abc.Messageable) -> AsyncGenerator[None]:
    """Show that an answer is being written, if that can be shown at once.

    Raises discord.Forbidden where the bot may not write.
    """
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(TYPING_SECONDS):
                await stack.enter_async_context(channel.typing())
        except discord.Forbidden:
            raise
        except (*NOT_SENT, TimeoutError) as error:
            log.info("typing could not be shown", error=repr(error))
        yield


def said_before(message: discord.Message, user_id: int) -> str | None:
    """What the bot, of this id, says in the message to which this one is a reply."""
    before = message.reference.resolved if message.reference else None
    if not isinstance(before, discord.Message) or before.author.id != user_id:
        return None
    texts = (
        part.content
        for component in before.components
        for part in getattr(component, "children", [component])
        if isinstance(part, discord.TextDisplay)
    )
    return "\n".join(texts) or None


async def tell_privately(user: discord.User | discord.Member, card: Card) -> bool:
    """Write to a member directly; False when they take no direct messages, or none gets through."""
    try:
        async with asyncio.timeout(PRIVATE_SECONDS):
            await user.send(view=card, files=card.files)
    except (*NOT_SENT, TimeoutError) as error:
        log.info("a member could not be told privately", error=repr(error))
        return False
    return True
