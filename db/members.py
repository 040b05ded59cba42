"""Members: who speaks, as a row. Every statement of a command begins with `ME`.

`ME` finds the member's account by their Discord id and, on first use, makes it together with its
`userdata` row, safely when several first uses race. `TOUCHED` notes, once a day, that the member
used the bot in this server. Parameters $1 to $6 of such a statement are `Caller.args`.

Of `userdata` it only reads rows and adds them: whoever runs the bot may not change them. A row of
the member's address that is there already, with no account, is taken up, but never one that
somebody can sign in to on the website: they would see the member's days there.

Of two first uses at once, the later one waits for the other's rows, and then gives no row at all:
the rest of its statement still looks at the database as it was before. So it is sent once more, and
finds the account that the other made; `pool.fetch_one` and `fetch_some` do that. Without a row even
then, the address is somebody's who can sign in.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.pool import Pool, fetch_one

if TYPE_CHECKING:
    from asyncpg import Record

DOMAIN = "members.getkinder.invalid"
"""Under it are the addresses of the rows that the bot makes in `userdata`."""

SUSPENDED = "COALESCE((to_jsonb(u) ->> 'is_suspended')::boolean, false)"
"""Said of a row `u` of `userdata`, whose columns are the website's affair."""

NOBODYS = """COALESCE(to_jsonb(u) ->> 'password', to_jsonb(u) ->> 'google_id',
                    to_jsonb(u) ->> 'facebook_id') IS NULL"""
"""Said of a row `u` of `userdata` with which nobody can sign in to the website."""

_ADDRESS = f"'discord-' || $1::bigint || '@{DOMAIN}'"
_IS_NEW = "NOT EXISTS (SELECT FROM discord.accounts WHERE discord_id = $1)"

ME = f"""
WITH new_user AS (
    INSERT INTO public.userdata (firstname, lastname, email)
    SELECT $2, '(Discord)', {_ADDRESS}
     WHERE {_IS_NEW}
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), users AS (
    SELECT id, false AS suspended FROM new_user
    UNION ALL
    SELECT u.id, {SUSPENDED}
      FROM public.userdata u
     WHERE u.email = {_ADDRESS} AND {_IS_NEW}
       AND {NOBODYS}
       AND NOT EXISTS (SELECT FROM discord.accounts o WHERE o.user_id = u.id)
), new_account AS (
    INSERT INTO discord.accounts (discord_id, user_id, zone, locale, created_at)
    SELECT $1, id, COALESCE((SELECT zone FROM discord.guilds WHERE guild_id = $3), $6), $4, $5
      FROM users
    ON CONFLICT DO NOTHING
    RETURNING *
), me AS (
    SELECT a.user_id, a.discord_id, a.zone, a.zone_changed_at, a.points, a.enrolment_version,
           a.on_leaderboard, a.welcomed_at, a.dms_closed_at,
           {SUSPENDED} AS suspended
      FROM discord.accounts a JOIN public.userdata u ON u.id = a.user_id
     WHERE a.discord_id = $1
    UNION ALL
    SELECT user_id, discord_id, zone, zone_changed_at, points, enrolment_version,
           on_leaderboard, welcomed_at, dms_closed_at, users.suspended
      FROM new_account JOIN users ON users.id = user_id
)"""

TOUCHED = """, touched AS (
    INSERT INTO discord.guild_members (guild_id, user_id, last_used_on)
    SELECT $3, user_id, $5::timestamptz::date FROM me
     WHERE $3::bigint IS NOT NULL
       AND NOT EXISTS (SELECT FROM discord.guild_members g
                        WHERE g.guild_id = $3 AND g.user_id = me.user_id
                          AND g.last_used_on >= $5::timestamptz::date AND NOT g.has_left)
    ON CONFLICT (guild_id, user_id)
    DO UPDATE SET last_used_on = EXCLUDED.last_used_on, has_left = false
)"""

ME_COLUMNS = """
       me.user_id, me.discord_id, me.zone, me.zone_changed_at, me.points, me.enrolment_version,
       me.on_leaderboard, me.welcomed_at IS NOT NULL AS welcomed, me.suspended,
       me.dms_closed_at IS NOT NULL AS dms_closed"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who used the bot, where and when: what Discord tells with an interaction.

    `guild_id` is None in a direct message; `now` is aware UTC; `default_zone` is used when neither
    the member nor the server has chosen one.
    """

    discord_id: int
    firstname: str
    guild_id: int | None
    locale: str
    now: dt.datetime
    default_zone: str = "UTC"

    @property
    def args(self) -> tuple[Any, ...]:
        """Parameters $1 to $6 of a statement that begins with `ME`."""
        return (
            self.discord_id,
            self.firstname,
            self.guild_id,
            self.locale,
            self.now,
            self.default_zone,
        )


@dataclass(frozen=True, slots=True)
class Me:
    """The caller's account: `discord.accounts` joined with what matters of `userdata`.

    `dms_closed` says that a reminder could not reach them, and that they do not know it yet.
    """

    user_id: int
    discord_id: int
    zone: str
    zone_changed_at: dt.datetime | None
    points: int
    enrolment_version: int
    on_leaderboard: bool
    welcomed: bool
    suspended: bool
    dms_closed: bool

    @classmethod
    def of(cls, row: "Record") -> "Me":
        """The account that a row with `ME_COLUMNS` holds."""
        return cls(*(row[name] for name in cls.__slots__))


def naive(instant: dt.datetime) -> dt.datetime:
    """An aware instant as the handbook's timestamps hold it: UTC without a zone."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None)


NextReminder = tuple[dt.time, dt.date, dt.datetime]
"""A reminder's local time, and the local date and instant (aware UTC) of its next coming."""

READ_ME = f"{ME}{TOUCHED} SELECT {ME_COLUMNS} FROM me"

SET_WELCOMED = "UPDATE discord.accounts SET welcomed_at = $2 WHERE discord_id = $1"

SET_TOLD_OF_CLOSED_DMS = "UPDATE discord.accounts SET dms_closed_at = NULL WHERE discord_id = $1"

SET_ZONE = """
UPDATE discord.accounts
   SET zone = $2, zone_changed_at = CASE WHEN zone = $2 THEN zone_changed_at ELSE $3 END,
       next_reminder_on = CASE WHEN zone = $2 THEN next_reminder_on ELSE $5 END,
       next_reminder_at = CASE WHEN zone = $2 THEN next_reminder_at ELSE $6 END
 WHERE user_id = $1 AND reminder_time IS NOT DISTINCT FROM $4"""

SET_ON_LEADERBOARD = "UPDATE discord.accounts SET on_leaderboard = $2 WHERE user_id = $1"


async def read_me(pool: Pool, caller: Caller) -> Me:
    """The caller's account, made on first use."""
    row = await fetch_one(pool, READ_ME, *caller.args)
    return Me.of(row)


async def set_welcomed(pool: Pool, discord_id: int, now: dt.datetime) -> None:
    """Remember that this member has read what KAI keeps."""
    await pool.execute(SET_WELCOMED, discord_id, now)


async def set_told_of_closed_dms(pool: Pool, discord_id: int) -> None:
    """Remember that this member knows that their reminders have ended."""
    await pool.execute(SET_TOLD_OF_CLOSED_DMS, discord_id)


async def set_zone(
    pool: Pool, user_id: int, zone: str, now: dt.datetime, reminder: NextReminder | None
) -> bool:
    """Set a member's time zone; the instant of a real change is kept for the 20-hour rule.

    A real change moves their reminder. False when the time of that is not what was read.
    """
    time, next_on, next_at = reminder or (None, None, None)
    done = await pool.execute(SET_ZONE, user_id, zone, now, time, next_on, next_at)
    return done == "UPDATE 1"


async def set_on_leaderboard(pool: Pool, user_id: int, shown: bool) -> None:
    """Show the member on leaderboards, or on none."""
    await pool.execute(SET_ON_LEADERBOARD, user_id, shown)
