"""Members' reminders: the setting on the account, whose is due, and what sending one changes.

The ledger has one row a member and local date. A snooze makes that row planned again, with
`snoozes` one higher; its attempts go on counting, so that nobody holds it by an old number. Every
statement that changes an account and its ledger takes the account first.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from db.ledger import Claim
from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Connection, Pool, fetch_one

DUE = """
SELECT user_id, zone, reminder_time, next_reminder_on, next_reminder_at
  FROM discord.accounts
 WHERE next_reminder_at <= $1
 ORDER BY next_reminder_at
 LIMIT $2
   FOR NO KEY UPDATE SKIP LOCKED"""

PLAN = """
WITH due AS (
    SELECT * FROM unnest($1::int[], $2::date[], $3::timestamptz[], $4::timestamptz[],
                         $5::date[], $6::timestamptz[])
                  AS d (user_id, local_date, due_at, send_at, next_on, next_at)
), planned AS (
    INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at)
    SELECT user_id, local_date,
           CASE WHEN due_at + $7::interval <= $8 THEN 'missed' ELSE 'planned' END,
           due_at, due_at + $7::interval, send_at
      FROM due
    ON CONFLICT (user_id, local_date) DO NOTHING
    RETURNING user_id
), moved AS (
    UPDATE discord.accounts a
       SET next_reminder_on = due.next_on, next_reminder_at = due.next_at
      FROM due
     WHERE a.user_id = due.user_id
)
SELECT count(*) FROM planned"""

# A date has had its reminder when a message went out, or may have gone out.
READ_SETTING = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, a.reminder_time,
       (SELECT max(r.local_date) FROM discord.reminders r
         WHERE r.user_id = me.user_id
           AND r.status IN ('sending', 'sent', 'unknown')) AS reminded_on,
       (SELECT max(r.local_date) FROM discord.reminders r
         WHERE r.user_id = me.user_id) AS planned_on
  FROM me LEFT JOIN discord.accounts a ON a.user_id = me.user_id"""

# What waits to be sent gives way to the new time, and so does what came to nothing on that date.
SET_TIME = """
WITH account AS (
    UPDATE discord.accounts
       SET reminder_time = $3, next_reminder_on = $4, next_reminder_at = $5, dms_closed_at = NULL
     WHERE user_id = $1 AND zone = $2
    RETURNING user_id
), replaced AS (
    DELETE FROM discord.reminders r USING account a
     WHERE r.user_id = a.user_id
       AND (r.status = 'planned'
            OR r.local_date = $4 AND r.status IN ('nothing', 'missed', 'failed', 'closed'))
)
SELECT count(*) FROM account"""

END = """
WITH account AS (
    UPDATE discord.accounts
       SET reminder_time = NULL, next_reminder_on = NULL, next_reminder_at = NULL
     WHERE user_id = $1
    RETURNING user_id
)
UPDATE discord.reminders r SET status = 'nothing'
  FROM account a
 WHERE r.user_id = a.user_id AND r.status = 'planned'"""

READ_REMINDER = """
SELECT r.id, r.user_id, r.local_date, r.snoozes,
       a.discord_id, u.firstname, COALESCE(a.locale, 'en-US') AS locale, a.dm_channel_id,
       a.reminder_time IS NOT NULL
       AND (to_jsonb(u) ->> 'is_suspended')::boolean IS NOT TRUE AS is_wanted
  FROM discord.reminders r
  JOIN discord.accounts a ON a.user_id = r.user_id
  JOIN public.userdata u ON u.id = r.user_id
 WHERE r.id = $1"""

SENT = """
WITH account AS (
    SELECT a.user_id FROM discord.reminders r JOIN discord.accounts a ON a.user_id = r.user_id
     WHERE r.id = $1
       FOR NO KEY UPDATE OF a
), reminder AS (
    UPDATE discord.reminders r
       SET status = 'sent', message_id = $3, sent_at = $5, trouble = NULL
      FROM account a
     WHERE r.id = $1 AND r.user_id = a.user_id AND r.status = 'sending' AND r.attempts = $2
    RETURNING r.user_id
), channel AS (
    UPDATE discord.accounts a SET dm_channel_id = $4
      FROM reminder
     WHERE a.user_id = reminder.user_id AND a.dm_channel_id IS DISTINCT FROM $4
)
SELECT count(*) FROM reminder"""

CLOSED = """
WITH account AS (
    SELECT a.user_id FROM discord.reminders r JOIN discord.accounts a ON a.user_id = r.user_id
     WHERE r.id = $1
       FOR NO KEY UPDATE OF a
), reminder AS (
    UPDATE discord.reminders r SET status = 'closed', trouble = NULL
      FROM account a
     WHERE r.id = $1 AND r.user_id = a.user_id AND r.status = 'sending' AND r.attempts = $2
    RETURNING r.user_id
), ended AS (
    UPDATE discord.accounts a
       SET reminder_time = NULL, next_reminder_on = NULL, next_reminder_at = NULL,
           dms_closed_at = $3
      FROM reminder
     WHERE a.user_id = reminder.user_id
)
SELECT count(*) FROM reminder"""

READ_OWN = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, r.id, r.local_date, r.snoozes, r.status, r.due_at,
       EXISTS (SELECT FROM discord.accounts a
                WHERE a.user_id = me.user_id AND a.reminder_time IS NOT NULL) AS is_wanted
  FROM me LEFT JOIN discord.reminders r ON r.id = $7 AND r.user_id = me.user_id"""

# The press shows that the message arrived, whatever the ledger knows of it yet.
SNOOZE = """
UPDATE discord.reminders
   SET status = 'planned', snoozes = snoozes + 1, due_at = $3, send_at = $3, expires_at = $4,
       sending_at = NULL, message_id = NULL, sent_at = NULL, trouble = NULL
 WHERE id = $1 AND snoozes = $2 AND status IN ('sending', 'sent', 'unknown')"""


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A member whose reminder is due: `next_on` is its local date, `next_at` its instant (UTC)."""

    user_id: int
    zone: str
    time: dt.time
    next_on: dt.date
    next_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """What is written for a due member: the ledger's row, and when their next one comes."""

    user_id: int
    local_date: dt.date
    due_at: dt.datetime
    send_at: dt.datetime
    next_on: dt.date
    next_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Setting:
    """When a member is reminded, their local time; None when they are not.

    `reminded_on` is the last local date with a message, `planned_on` the last that the ledger has.
    """

    time: dt.time | None
    reminded_on: dt.date | None
    planned_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """A reminder and the member it is for. `is_wanted` is False when they ended it, or may not."""

    id: int
    user_id: int
    local_date: dt.date
    snoozes: int
    discord_id: int
    firstname: str
    locale: str
    dm_channel_id: int | None
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class OwnReminder:
    """The caller's own row of the ledger, as they press a button on it."""

    id: int
    local_date: dt.date
    snoozes: int
    status: str
    due_at: dt.datetime
    is_wanted: bool


async def due(connection: Connection, now: dt.datetime, limit: int) -> list[DueReminder]:
    """The members whose reminder is due, held until the transaction ends; the longest due first."""
    return [DueReminder(*row) for row in await connection.fetch(DUE, now, limit)]


async def plan(
    connection: Connection,
    planned: Sequence[PlannedReminder],
    now: dt.datetime,
    window: dt.timedelta,
) -> int:
    """Write the ledger's rows and move the members on; gives how many rows are new.

    What cannot be sent within the `window` after its instant any more is written as missed.
    """
    count: int = await connection.fetchval(
        PLAN,
        [p.user_id for p in planned],
        [p.local_date for p in planned],
        [p.due_at for p in planned],
        [p.send_at for p in planned],
        [p.next_on for p in planned],
        [p.next_at for p in planned],
        window,
        now,
    )
    return count


async def read_setting(pool: Pool, caller: Caller) -> tuple[Me, Setting]:
    """The caller and when they are reminded."""
    row = await fetch_one(pool, READ_SETTING, *caller.args)
    return Me.of(row), Setting(row["reminder_time"], row["reminded_on"], row["planned_on"])


async def set_time(
    pool: Pool, me: Me, time: dt.time, next_on: dt.date, next_at: dt.datetime
) -> bool:
    """Remind the member daily, from that date on; False when their zone is another by now."""
    written: int = await pool.fetchval(SET_TIME, me.user_id, me.zone, time, next_on, next_at)
    return written > 0


async def end(pool: Pool, user_id: int) -> None:
    """Remind the member no more, not even of what is planned already."""
    await pool.execute(END, user_id)


async def read_reminder(pool: Pool, reminder_id: int) -> ReminderRow | None:
    """A reminder by its id; None when it, or its member, is gone."""
    row = await pool.fetchrow(READ_REMINDER, reminder_id)
    return None if row is None else ReminderRow(*row)


async def sent(
    pool: Pool, claim: Claim, message_id: int, dm_channel_id: int, now: dt.datetime
) -> bool:
    """Write that a reminder was sent, and in which channel; False if it is not ours."""
    written: int = await pool.fetchval(
        SENT, claim.id, claim.attempt, message_id, dm_channel_id, now
    )
    return written > 0


async def closed(pool: Pool, claim: Claim, now: dt.datetime) -> bool:
    """Write that the member takes no direct messages, and end their reminders; False if not ours.

    They are told when they use the bot next.
    """
    written: int = await pool.fetchval(CLOSED, claim.id, claim.attempt, now)
    return written > 0


async def read_own(pool: Pool, caller: Caller, reminder_id: int) -> tuple[Me, OwnReminder | None]:
    """The caller and this reminder, None when it is not theirs."""
    row = await fetch_one(pool, READ_OWN, *caller.args, reminder_id)
    if row["id"] is None:
        return Me.of(row), None
    return Me.of(row), OwnReminder(*(row[name] for name in OwnReminder.__slots__))


async def snooze(
    pool: Pool, reminder: OwnReminder, due_at: dt.datetime, expires_at: dt.datetime
) -> bool:
    """Plan a reminder that has arrived once more; False when another press did, or it changed."""
    done = await pool.execute(SNOOZE, reminder.id, reminder.snoozes, due_at, expires_at)
    return done == "UPDATE 1"
