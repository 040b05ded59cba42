"""Some weeks of the past for two people of the playground, made by the bot's own actions."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.actions import doing, joining
from bot.actions.services import Services
from bot.kai.companion import Kai
from bot.playground import HOME_GUILD_ID
from bot.rules.points import Kind
from db.pool import Pool, create_pool

PERSON: Final = """
    SELECT discord_id FROM discord.accounts a JOIN userdata u ON u.id = a.user_id
    WHERE u.firstname LIKE $1 || '%'
"""
DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Item:
    """A challenge or quest that somebody did on some days, counted back from today."""

    who: str
    kind: Kind
    name: str
    days_ago: Iterable[int]


_HISTORY: Final = (
    _Item("River", "challenge", "Kind to the Living World", (18, 17, 16)),
    _Item("River", "challenge", "Be on Your Own Side", (15, 14, 13, 12, 11)),
    _Item("River", "challenge", "Discover the Power of Kindness", (9, 8, 7, 5, 4, 2)),
    _Item("River", "quest", "Within Walking Distance", (12, 11, 9, 8, 7, 5, 4, 3, 2, 1)),
    _Item("Sage", "quest", "Small Surprises", (3, 2, 1)),
)


async def write(url: str) -> None:
    """Let River and Sage have done all that; each must have used the bot once before."""
    pool = await create_pool(url)
    try:
        for item in _HISTORY:
            await _do(pool, item)
    finally:
        await pool.close()


async def _do(pool: Pool, item: _Item) -> None:
    discord_id: int = await pool.fetchval(PERSON, item.who)
    item_id: int = await pool.fetchval(f"SELECT id FROM {item.kind}s WHERE name = $1", item.name)
    clock = _Clock()
    services = Services(pool, Kai(), clock)
    for number, days in enumerate(item.days_ago):
        clock.now = dt.datetime.now(dt.UTC) - days * DAY
        caller = services.caller(discord_id, item.who, HOME_GUILD_ID, "en-GB")
        if not number:
            await joining.join(services, caller, item.kind, item_id)
        await doing.complete_day(services, caller, item.kind, item_id)


class _Clock:
    """Stands where it was put."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now
