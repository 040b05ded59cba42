"""How long 2,000 presses of `I did it` on one daily post take, by 500 members over real sockets.

`uv run python -m tests.bench.presses` takes half a minute. The bot is a process of its own, started
as in production, with PostgreSQL as in the tests; the stand-in for Discord, which is the load, is
here. All members begin at once, and press four times, again as soon as they are answered: three of
the four find the day done. It prints the seconds from the first press to the last answer, and what
came of them: completed days, the number that the post shows in the end, how often its message was
edited, and the least time between two edits.

It fails, with what was wrong, unless there are 500 completed days, the post shows 500, no two edits
are less than two seconds apart, and all was answered within ten seconds (issue 4).
"""

import asyncio
import gc
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from time import perf_counter

import aiohttp
import asyncpg
import discord
from rich.console import Console
from rich.table import Table

from bot.actions.types import Post
from bot.ui.posts import post_card
from migrations import runner
from tests import postgres
from tests.bench.answers import Server, bot_process
from tests.transport.actors import Actor
from tests.transport.people import Json
from tests.transport.standin import StandIn

MEMBERS, EACH = 500, 4
MOST_SECONDS = 10.0
LEAST_GAP = timedelta(seconds=2)
SHOWN_WITHIN = 10.0
ACT = "Leave a kind note where somebody will find it."

LEDGER = """
INSERT INTO discord.daily_posts
       (guild_id, local_date, channel_id, quest_id, day_number, act, status, due_at, expires_at,
        send_at, sending_at, sent_at)
SELECT $1, $2::timestamptz::date, $3, s.item_id, 1, $4, 'sent', $2, $2, $2, $2, $2
  FROM discord.catalogue_slugs s WHERE s.kind = 'quest' AND s.slug = 'daily-spark'
RETURNING id, quest_id, local_date"""
SET_MESSAGE = "UPDATE discord.daily_posts SET message_id = $2 WHERE id = $1"
COMPLETED = "SELECT count(*) FROM discord.completions"
SHOWN = "SELECT shown_count FROM discord.daily_posts"


@dataclass(frozen=True)
class Figures:
    """What was measured: seconds, and what is there afterwards."""

    seconds: float
    completed: int
    shown: int
    is_on_message: bool
    edits: list[datetime]

    @property
    def least_gap(self) -> timedelta:
        """The least time between two edits, as they arrived."""
        return min((b - a for a, b in pairwise(self.edits)), default=timedelta.max)

    def wrong(self) -> list[str]:
        """What is not as it should be."""
        checks = {
            f"{self.completed} completed days": self.completed == MEMBERS,
            f"the post shows {self.shown}": self.shown == MEMBERS and self.is_on_message,
            f"two edits within {self.least_gap}": self.least_gap >= LEAST_GAP,
            f"it took {self.seconds:.1f} s": self.seconds <= MOST_SECONDS,
        }
        return [what for what, is_well in checks.items() if not is_well]

    def table(self) -> Table:
        """All of it, to be read."""
        table = Table("", "", title=f"{MEMBERS * EACH:,} presses by {MEMBERS} members")
        table.add_row("seconds", f"{self.seconds:.2f}")
        table.add_row("answers a second", f"{MEMBERS * EACH / self.seconds:,.0f}")
        table.add_row("completed days", f"{self.completed}")
        table.add_row("shown on the post", f"{self.shown}")
        table.add_row("edits", f"{len(self.edits)}")
        table.add_row("least gap", f"{self.least_gap.total_seconds():.2f} s")
        return table


async def send(discord_: StandIn, database: "asyncpg.Connection[asyncpg.Record]") -> Json:
    """A post in the ledger and in the first channel; gives its message."""
    guild = discord_.guild
    channel_id = guild.channels[0].id
    row = await database.fetchrow(LEDGER, guild.id, discord.utils.utcnow(), channel_id, ACT)
    assert row is not None
    post = Post(
        *(row["id"], guild.id, channel_id, row["local_date"], row["quest_id"], "Daily Spark"),
        *(36_500, "Easy", 1, ACT, 0),
    )
    body = {
        "flags": discord.MessageFlags(components_v2=True).value,
        "components": post_card(post).to_components(),
    }
    url = f"{discord_.api_url}/channels/{channel_id}/messages"
    headers = {"Authorization": f"Bot {discord_.token}"}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.post(url, json=body) as answer,
    ):
        message: Json = await answer.json()
    await database.execute(SET_MESSAGE, post.id, int(message["id"]))
    return message


async def press(members: list[Actor], message: Json) -> float:
    """All presses; gives the seconds until the last is answered."""
    start = perf_counter()

    async def one(member: Actor) -> None:
        for _ in range(EACH):
            exchange = await member.press(message, "I did it")
            await exchange.answered(within=60)
            if "done" not in exchange.text:
                raise AssertionError(f"a press was answered with: {exchange.text}")

    await asyncio.gather(*map(one, members))
    return perf_counter() - start


async def measure(server: Server, database: "asyncpg.Connection[asyncpg.Record]") -> Figures:
    """Post, press, and look what came of it."""
    discord_ = server.discord
    more = [await discord_.add_member(f"More {n}") for n in range(MEMBERS - len(server.members))]
    message = await send(discord_, database)
    path = rf"^/channels/\d+/messages/{message['id']}$"
    seconds = await press([*server.members, *more], message)
    end = perf_counter() + SHOWN_WITHIN
    while await database.fetchval(SHOWN) != MEMBERS and perf_counter() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    now = next(
        m for m in discord_.messages_in(discord_.guild.channels[0]) if m["id"] == message["id"]
    )
    return Figures(
        seconds,
        await database.fetchval(COMPLETED),
        await database.fetchval(SHOWN),
        f"**{MEMBERS} people" in str(now["components"]),
        [request.time for request in discord_.requests_to("PATCH", path)],
    )


async def run(database_server: str) -> Figures:
    """Start the bot on a fresh database, and measure it."""
    async with postgres.database(database_server) as url:
        await runner.upgrade(url)
        async with bot_process("bot", DATABASE_URL=url) as server:
            database = await asyncpg.connect(url)
            try:
                return await measure(server, database)
            finally:
                await database.close()


def main() -> None:
    """Measure and print; exit with 1 when something is not as it should be."""
    gc.disable()  # the stand-in keeps all that it saw, and would be slower with each answer
    with postgres.server() as database_server:
        figures = asyncio.run(run(database_server))
    Console().print(figures.table())
    if wrong := figures.wrong():
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
