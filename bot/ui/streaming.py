"""Showing an answer while it is being written, and never in its way for long."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.ui.answering import NOT_SENT
from bot.ui.card import Card
from bot.ui.talk import answer_so_far

log = structlog.get_logger(__name__)

SHOW_SECONDS = 2.0
"""How long one edit may hold the answer up."""


class Stream:
    """An answer under way; `show` puts a card in its place."""

    def __init__(self, show: Callable[[Card], Awaitable[None]], question: str | None = None):
        self._show = show
        self._question = question

    async def hear(self, text: str) -> None:
        """Show all of the answer so far. Never raises."""
        try:
            async with asyncio.timeout(SHOW_SECONDS):
                await self._show(answer_so_far(text, self._question))
        except (*NOT_SENT, TimeoutError) as error:
            log.info("an answer under way could not be shown", error=repr(error))
