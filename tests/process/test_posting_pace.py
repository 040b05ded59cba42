"""Two workers and many servers due at once: Discord's limits hold, and each post is there once.

The full size, with its times, is `tests.bench.posts`.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.process import due
from tests.process.workers import Worker, kept
from tests.transport.standin import StandIn

SERVERS: Final = 150
SECONDS: Final = 100.0


@pytest.mark.timeout(150)
async def test_no_limit_is_reached(folder: Path, empty_database_url: str) -> None:
    url = empty_database_url
    await due.prepare(url)
    async with StandIn(global_per_second=50, channel_limit=(5, 5.0)) as discord_:
        guilds = await discord_.add_guilds(SERVERS)
        await due.set_up(url, guilds, due.this_minute())
        settings = {
            "DATABASE_URL": url,
            "DISCORD_TOKEN": discord_.token,
            "DISCORD_API_URL": discord_.api_url,
        }
        workers = [Worker(name, folder, settings) for name in ("one", "two")]
        async with kept(*workers):
            counts = await due.until_settled(url, SERVERS, SECONDS)
        assert [worker.ended for worker in workers] == [[], []]
        assert discord_.limited == {}
        assert due.duplicates(discord_, guilds) == 0
        assert await due.wrongs(url, discord_, guilds) == []
        assert counts == {"sent": SERVERS}
        assert discord_.unknown == []
