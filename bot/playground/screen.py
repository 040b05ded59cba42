"""The one window into the world: which conversation SimCord's preview shows, and whose turn it is.

SimCord allows one preview a world and one operation at a time, and answers a second one with an
error that the browser cannot recover from. Here they wait for each other instead.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

import simcord

from bot.playground import HOME_GUILD_ID, Posting
from bot.playground.errors import PlaygroundError
from bot.playground.world import Place, World

_log = logging.getLogger(__name__)

ONE_DAY: Final = timedelta(days=1)
TICK_SECONDS: Final = 5.0
"""How often an idle world looks at the real clock, and at what the bot posted by itself."""


class Screen:
    """Shows one place of the world at a time. What changes the world runs inside `turn()`."""

    def __init__(self, world: World, *, zone: str, posting: Posting | None = None) -> None:
        self.world = world
        self._posting = posting
        self._zone = zone
        self._lock = asyncio.Lock()
        self._place: Place | None = None
        self._preview: simcord.Preview | None = None
        self._stack = AsyncExitStack()
        self._requests_shown = 0

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for whoever is acting on the world, bring its clock up to date, and act."""
        async with self._lock:
            await self.world.catch_up()
            yield
            self._requests_shown = len(self.world.env.http_requests)

    async def show(self, place: Place) -> None:
        """Show `place`, closing the one before it. To be called inside `turn()`.

        Raises PlaygroundError when SimCord cannot open it.
        """
        if self._place is place and self.address() is not None:
            return
        await self._close()
        try:
            preview = self.world.env.preview(
                place.channel,
                viewers=place.handles(),
                layout="channel",
                timezone=self._zone,
                assets=self.world.pictures,
            )
            await self._stack.enter_async_context(preview)
        except (simcord.SetupError, OSError) as error:
            raise PlaygroundError(f"{place.name} could not be opened: {error}.") from error
        self._preview, self._place = preview, place

    def shows(self, place: Place) -> bool:
        """Whether `place` is what is open now."""
        return self._place is place and self.address() is not None

    def address(self) -> tuple[str, str] | None:
        """Where the open preview listens and the word that opens it; None when none is open."""
        if self._preview is None:
            return None
        try:
            base, _, capability = self._preview.url.partition("/#")
        except simcord.SetupError:
            # It was ended in the browser.
            return None
        return base, capability

    async def open_posting(self) -> None:
        """Have a daily post in the first channel, if nobody has set one up yet."""
        if self._posting is not None:
            keeper, room = self.world.keeper, self.world.places[0].channel
            await self._posting.set_up(HOME_GUILD_ID, room.id, keeper.user.id, keeper.key.title())

    async def follow(self, stop: asyncio.Event) -> None:
        """Keep an idle world at its time and its open pages fresh, until `stop` is set.

        What is due is sent; when somebody wants to see tomorrow, a day goes by.
        """
        while not stop.is_set():
            await self._next_tick(stop)
            if stop.is_set():
                return
            async with self.turn():
                await self._send_due()
                await self._refresh()

    async def _next_tick(self, stop: asyncio.Event) -> None:
        events = [stop] if self._posting is None else [stop, self._posting.tomorrow]
        waiting = [asyncio.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _send_due(self) -> None:
        posting = self._posting
        if posting is None:
            return
        if posting.tomorrow.is_set():
            posting.tomorrow.clear()
            await self._let_a_day_go_by(posting)
        await posting.round()

    async def _let_a_day_go_by(self, posting: Posting) -> None:
        """Move the clock on by a day, from one thing that is due to the next."""
        now = self.world.env.now()
        end = now + ONE_DAY
        while (due := await posting.next_at()) is not None and now < due <= end:
            now = due
            await self.world.move_to(due)
            await posting.round()
        self.world.clock.ahead += ONE_DAY
        await self.world.move_to(end)
        await posting.keep_ahead(self.world.clock.ahead)

    async def _refresh(self) -> None:
        """Publish what the bot did outside any action; pages pressed meanwhile would be stale."""
        if self._preview is None or self.address() is None:
            return
        if len(self.world.env.http_requests) == self._requests_shown:
            return
        try:
            await self._preview.refresh()
        except (simcord.SetupError, TimeoutError):
            _log.warning("The playground's pages could not be refreshed", exc_info=True)

    async def close(self) -> None:
        """Close what is open, once the action in flight has been answered."""
        async with self._lock:
            await self._close()

    async def _close(self) -> None:
        self._place = self._preview = None
        await self._stack.aclose()
        self._stack = AsyncExitStack()
