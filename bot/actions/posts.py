"""A server's daily post, as whoever sends or shows it knows it."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """One `daily_posts` row with what is shown of it.

    `local_date` is the server's. `total_days` is that of its quest. `doers` are how many different
    people's day it has seen done.
    """

    id: int
    guild_id: int
    channel_id: int
    local_date: dt.date
    quest_id: int
    quest: str
    total_days: int
    difficulty: str | None
    day: int
    act: str
    doers: int
