"""The counter on daily posts: edited soon after a press, seldom, and in the end always right."""

import asyncio
from collections.abc import Awaitable, Callable

import discord
import structlog

from bot.actions import counting, pace
from bot.actions.services import Services
from bot.actions.types import TROUBLE
from bot.ui.answering import NOT_SENT
from bot.ui.posts import post_card

log = structlog.get_logger(__name__)

NOBODY = discord.AllowedMentions.none()
"""Whom an edit pings; what holds for messages that are sent is not said by itself of edits."""

EDIT_SECONDS = 10.0
"""How long one edit may take."""
TRIES = 3
"""Edits in a row that fail before a counter is left until the next press, or the next start."""
AT_ONCE = 3
"""Counters that are worked on at a time: members who wait for an answer come first."""


class Counters:
    """The counters that this process has seen move. For each post one task, while it is behind.

    `sleep` is how it waits for the next edit; a simulated world has its own way.
    """

    def __init__(self, services: Services, client: discord.Client) -> None:
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._services = services
        self._client = client
        self._moved: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._few = asyncio.Semaphore(AT_ONCE)
        self._has_mended = False
        self._is_stopped = False

    def show(self, post_id: int) -> None:
        """See to it that a post shows the number that it has now, or a later one."""
        if self._is_stopped:
            return
        self._moved.add(post_id)
        if post_id not in self._tasks:
            work = self._follow(post_id)
            self._tasks[post_id] = asyncio.get_running_loop().create_task(work)

    async def mend(self) -> None:
        """Put right, once a process, what an earlier one left behind. Never raises."""
        if self._has_mended:
            return
        self._has_mended = True
        try:
            for post_id in await counting.left_behind(self._services):
                self.show(post_id)
        except TROUBLE as error:
            log.warning("counters not looked at", error=repr(error))

    async def stop(self) -> None:
        """Drop what is not shown yet; the next start mends it."""
        self._is_stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, post_id: int) -> None:
        try:
            while post_id in self._moved:
                self._moved.discard(post_id)
                await self._catch_up(post_id)
        except TROUBLE as error:
            log.warning("counter not shown", post=post_id, error=repr(error))
        finally:
            del self._tasks[post_id]

    async def _catch_up(self, post_id: int) -> None:
        """Edit the post, as often as it falls behind, in steps of `counting.GAP`."""
        tries = TRIES
        while tries:
            async with self._few:
                due = await counting.edit_due(self._services, post_id)
            if due is None:
                return
            seconds = (due - self._services.clock()).total_seconds()
            if seconds > 0:
                await self.sleep(seconds)
                continue
            await pace.wait_for_turn(self._services)
            async with self._few:
                tries = await self._edit(post_id, tries)

    async def _edit(self, post_id: int, tries: int) -> int:
        """Edit the post if no other process did; gives how many tries there are left."""
        claimed = await counting.claim_edit(self._services, post_id)
        if claimed is None:
            return tries
        post, message_id = claimed
        channel = self._client.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        try:
            async with asyncio.timeout(EDIT_SECONDS):
                message = channel.get_partial_message(message_id)
                await message.edit(view=post_card(post), allowed_mentions=NOBODY)
        except NOT_SENT as error:
            log.warning("counter not shown", post=post_id, error=repr(error))
            return 0 if isinstance(error, (discord.Forbidden, discord.NotFound)) else tries - 1
        await counting.note_shown(self._services, post)
        return TRIES
