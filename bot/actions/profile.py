"""A member's profile, settings, and the server's leaderboard."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from bot.actions import reminding
from bot.actions.services import Services, refuse_suspended
from bot.errors import Conflict, SomebodyWasFaster
from bot.rules.days import find_zone, local_date
from bot.rules.points import kindness_level
from bot.rules.streaks import Streak, streak
from db import members, profiles, reminders
from db.members import Caller, Me
from db.profiles import Profile, Rank

Period = Literal["week", "month", "all"]
WhoLeft = Callable[[list[int]], Awaitable[set[int] | None]]
BOARD_SIZE = 10
# Each look may bring up others who have left too; after this many the card shows what it has.
MAX_LOOKS = 3
CHECK_EVERY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ProfileCard:
    """What `/me` shows. `dates` are the local dates with a completion."""

    me: Me
    profile: Profile
    level: int
    streak: Streak
    today: dt.date


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The first members of a server, and the caller's own line when they are further down."""

    me: Me
    period: Period
    ranks: tuple[Rank, ...]
    mine: Rank | None


async def profile(services: Services, caller: Caller) -> ProfileCard:
    """The caller's profile. Raises Suspended."""
    me, found = await profiles.read_profile(services.pool, caller)
    refuse_suspended(me)
    today = local_date(caller.now, me.zone)
    return ProfileCard(
        me, found, kindness_level(found.completed_days), streak(found.dates, today), today
    )


def period_start(period: Period, today: dt.date) -> dt.date | None:
    """The first date of a leaderboard's period: Monday, the 1st, or None for all time."""
    if period == "week":
        return today - dt.timedelta(days=today.weekday())
    return today.replace(day=1) if period == "month" else None


async def leaderboard(
    services: Services,
    caller: Caller,
    period: Period,
    who_left: WhoLeft,
) -> Leaderboard:
    """The caller's server, ranked by points in the period (UTC dates, the same for everybody).

    Those about to be shown are looked up at Discord by `who_left` at most daily, and dropped when
    they have left; None from it means that Discord could not say. Raises Suspended.
    """
    since = period_start(period, caller.now.date())
    me, ranks = await profiles.read_leaderboard(services.pool, caller, since, BOARD_SIZE)
    refuse_suspended(me)
    for _look in range(MAX_LOOKS):
        if not await _drop_those_who_left(services, caller, ranks, who_left):
            break
        me, ranks = await profiles.read_leaderboard(services.pool, caller, since, BOARD_SIZE)
    shown = tuple(ranks[:BOARD_SIZE])
    mine = next((rank for rank in ranks if rank.discord_id == caller.discord_id), None)
    return Leaderboard(me, period, shown, mine)


async def _drop_those_who_left(
    services: Services,
    caller: Caller,
    ranks: list[Rank],
    who_left: WhoLeft,
) -> set[int]:
    stale = [
        rank.discord_id
        for rank in ranks
        if rank.discord_id != caller.discord_id
        and (rank.checked_at is None or caller.now - rank.checked_at >= CHECK_EVERY)
    ]
    if not stale or caller.guild_id is None:
        return set()
    left = await who_left(stale)
    if left is None:
        return set()
    await profiles.mark_checked(services.pool, caller.guild_id, stale, sorted(left), caller.now)
    return left


async def read_me(services: Services, caller: Caller) -> Me:
    """The caller's account, made on first use. Raises Suspended."""
    me = await members.read_me(services.pool, caller)
    refuse_suspended(me)
    return me


async def set_zone(services: Services, caller: Caller, text: str) -> tuple[Me, str]:
    """Set the caller's time zone, and move their reminder with it.

    Raises Conflict for a zone that there is not, Suspended.
    """
    zone = find_zone(text)
    if zone is None:
        raise Conflict(
            "There is no time zone **{zone}**. Start typing a city near you, such as Toronto "
            "or London, and pick one from the list.",
            zone=text[:100],
        )
    for _attempt in range(2):
        me, setting = await reminders.read_setting(services.pool, caller)
        refuse_suspended(me)
        moved = reminding.moved(setting, zone, caller.now)
        if await members.set_zone(services.pool, me.user_id, zone, caller.now, moved):
            return me, zone
    raise SomebodyWasFaster


async def set_on_leaderboard(services: Services, caller: Caller, shown: bool) -> Me:
    """Show the caller on leaderboards or on none. Raises Suspended."""
    me = await read_me(services, caller)
    await members.set_on_leaderboard(services.pool, me.user_id, shown)
    return me


async def welcome(services: Services, discord_id: int) -> None:
    """Remember that this member has read what KAI keeps of them."""
    await members.set_welcomed(services.pool, discord_id, services.clock())


async def told_of_closed_dms(services: Services, me: Me) -> None:
    """Remember that this member was told that no reminder reaches them."""
    await members.set_told_of_closed_dms(services.pool, me.discord_id)
