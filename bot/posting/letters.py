"""The two kinds of letters: a server's daily post and a member's reminder."""

import asyncio
from typing import Self

import discord

from bot.actions import delivering, pace, reminding
from bot.actions.delivering import Claim
from bot.actions.reminding import Reminder
from bot.actions.services import Services
from bot.actions.types import Post
from bot.posting.trouble import Trouble, Verdict
from bot.ui.buttons import PREFIX
from bot.ui.card import Card
from bot.ui.posts import post_card
from bot.ui.reminders import reminder_card

OPEN_SECONDS = 10.0


class PostLetter:
    """A server's daily post."""

    def __init__(self, services: Services, claim: Claim, post: Post) -> None:
        self._services = services
        self._post = post
        self.claim = claim
        self.nonce = f"gk-post-{post.id}"
        self.button_id = f"{PREFIX}did:{post.id}"

    def card(self) -> Card | None:
        """The post."""
        return post_card(self._post)

    async def channel_id(self, client: discord.Client) -> int:
        """The channel that the server has chosen."""
        return self._post.channel_id

    async def sent(self, message_id: int) -> bool:
        """Write that it was sent, and move the server's day on."""
        return await delivering.post_sent(self._services, self.claim, message_id)

    async def refused(self, trouble: Trouble) -> bool:
        """A channel that is gone or closed to us pauses the server's schedule."""
        if trouble.verdict not in (Verdict.CHANNEL_GONE, Verdict.NO_PERMISSION):
            return False
        await delivering.post_refused(self._services, self.claim, trouble.verdict.value)
        return True


class ReminderLetter:
    """A member's reminder, as a direct message."""

    def __init__(self, services: Services, claim: Claim, reminder: Reminder) -> None:
        self._services = services
        self._reminder = reminder
        self._channel_id = reminder.dm_channel_id
        self.claim = claim
        self.nonce = reminder.nonce
        self.button_id = f"{PREFIX}snooze:{reminder.id}:{reminder.snoozes}"

    @classmethod
    async def read(cls, services: Services, claim: Claim) -> Self | None:
        """What a claimed reminder says; None, and its row is closed, when there is nothing to say.

        One that may have been sent already is given whatever is open now: it has to be looked for.
        """
        reminder = await reminding.read_reminder(services, claim.id)
        if reminder is None or not (reminder.days or claim.was_sending):
            await delivering.close(services, claim, "nothing")
            return None
        return cls(services, claim, reminder)

    def card(self) -> Card | None:
        """The reminder; None when nothing is open any more."""
        return reminder_card(self._reminder) if self._reminder.days else None

    async def channel_id(self, client: discord.Client) -> int:
        """The member's direct messages, opened the first time."""
        if self._channel_id is None:
            await pace.wait_for_turn(self._services)
            async with asyncio.timeout(OPEN_SECONDS):
                opened = await client.http.start_private_message(self._reminder.discord_id)
            self._channel_id = int(opened["id"])
        return self._channel_id

    async def sent(self, message_id: int) -> bool:
        """Write that it was sent, and where."""
        channel_id = self._channel_id or 0
        return await reminding.sent(self._services, self.claim, message_id, channel_id)

    async def refused(self, trouble: Trouble) -> bool:
        """A member who takes no direct messages is reminded no more, and told so once."""
        if trouble.verdict not in (Verdict.DMS_CLOSED, Verdict.NO_PERMISSION):
            return False
        return await reminding.closed(self._services, self.claim)
