"""Taking up a challenge or a quest, and leaving it.

Challenges and quests have twin tables, so each statement is written once, for challenges, and read
for quests with the other words in place. Writes are guarded by what was read: no row back means
that somebody was faster. Each is one statement, so it happens whole or not at all; each takes the
account's row first, so that two of them never wait for one another.
"""

import datetime as dt
from dataclasses import dataclass

from db.daily_quests import STANDING_ITEM, is_daily
from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_one
from db.rows import Kind, twins


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that the caller wants to take up, and what stands in the way.

    `status`, `current_day` and `finished_on` are of the caller's own enrolment in it, if any;
    `active` are the names of the items of this kind that they are on, by id, without the daily
    quest of any server; `is_daily` says that this item is one, and so counts for no limit.
    `suggestion` is the name of one that they could take instead.
    """

    item_id: int
    name: str
    description: str | None
    total_days: int
    difficulty: str | None
    is_active: bool
    status: str | None
    current_day: int | None
    finished_on: dt.date | None
    active: dict[int, str]
    is_daily: bool
    suggestion: str | None


READ_CANDIDATE = twins(f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       c.id AS item_id, c.name, c.description, c.total_days,
       to_jsonb(c) ->> 'difficulty' AS difficulty,
       COALESCE(c.is_active, true) AS is_active, {is_daily("c.id")} AS is_daily,
       e.status, e.current_day, e.completed_at AS finished_on,
       ARRAY(SELECT o.challenge_id FROM public.user_challenges o
              WHERE o.user_id = me.user_id AND o.status = 'active'
                AND NOT {is_daily("o.challenge_id")}
              ORDER BY o.id) AS active_ids,
       ARRAY(SELECT oc.name::text FROM public.user_challenges o
               JOIN public.challenges oc ON oc.id = o.challenge_id
              WHERE o.user_id = me.user_id AND o.status = 'active'
                AND NOT {is_daily("o.challenge_id")}
              ORDER BY o.id) AS active_names,
       (SELECT n.name FROM public.challenges n
         WHERE COALESCE(n.is_active, true) AND n.total_days >= 1
           AND n.id IS DISTINCT FROM {STANDING_ITEM}
           AND NOT EXISTS (SELECT FROM public.user_challenges x
                            WHERE x.user_id = me.user_id AND x.challenge_id = n.id
                              AND x.status IN ('active', 'completed'))
         ORDER BY n.id LIMIT 1) AS suggestion
  FROM me
  LEFT JOIN public.challenges c ON c.id = $7 AND c.total_days >= 1
  LEFT JOIN public.user_challenges e ON e.user_id = me.user_id AND e.challenge_id = c.id""")

ENROL = twins("""
WITH account AS (
    UPDATE discord.accounts SET enrolment_version = enrolment_version + 1
     WHERE user_id = $1 AND enrolment_version = $2
    RETURNING user_id
), left_behind AS (
    UPDATE public.user_challenges e SET status = 'cancelled'
      FROM account a
     WHERE $4::boolean AND e.user_id = a.user_id AND e.status = 'active' AND e.challenge_id <> $3
)
INSERT INTO public.user_challenges AS e (user_id, challenge_id, status, current_day, start_date)
SELECT user_id, $3, 'active', 1, $5 FROM account
ON CONFLICT (user_id, challenge_id) DO UPDATE
   SET status = 'active', current_day = GREATEST(COALESCE(e.current_day, 1), 1)
 WHERE e.status NOT IN ('active', 'completed')
RETURNING current_day""")

LEAVE = twins("""
WITH account AS (
    UPDATE discord.accounts SET enrolment_version = enrolment_version + 1
     WHERE user_id = $1
    RETURNING user_id
)
UPDATE public.user_challenges e SET status = 'cancelled'
  FROM account a
 WHERE e.user_id = a.user_id AND e.status = 'active'
   AND ($2::int IS NULL OR e.challenge_id = $2)
RETURNING e.challenge_id""")


async def read_candidate(
    pool: Pool, caller: Caller, kind: Kind, item_id: int
) -> tuple[Me, Candidate | None]:
    """The item with this id, as the caller would take it up; None when there is no such item."""
    row = await fetch_one(pool, READ_CANDIDATE[kind], *caller.args, item_id)
    if row["item_id"] is None:
        return Me.of(row), None
    active = dict(zip(row["active_ids"], row["active_names"], strict=True))
    own = {name: row[name] for name in Candidate.__slots__ if name != "active"}
    return Me.of(row), Candidate(**own, active=active)


async def enrol(
    pool: Pool, me: Me, kind: Kind, item_id: int, *, start_date: dt.date, switch: bool
) -> int | None:
    """Put the member on an item, from where they stopped; with `switch`, off all others.

    Gives the day about to be done, or None when their enrolments changed since `me` was read.
    """
    day: int | None = await pool.fetchval(
        ENROL[kind], me.user_id, me.enrolment_version, item_id, switch, start_date
    )
    return day


async def leave(pool: Pool, me: Me, kind: Kind, item_id: int | None) -> list[int]:
    """Cancel the member's enrolment in one item, or in all of a kind; gives what was cancelled."""
    rows = await pool.fetch(LEAVE[kind], me.user_id, item_id)
    return [row[0] for row in rows]
