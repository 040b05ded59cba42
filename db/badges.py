"""Badges: the ones there are, who has them, and giving or taking back those that are given."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me, naive
from db.pool import Pool, fetch_one, fetch_some
from db.rows import Badge

if TYPE_CHECKING:
    from asyncpg import Record

BADGE_COLUMNS = "b.id, b.name, b.icon, b.description, b.points_required"

LIST_BADGES = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, {BADGE_COLUMNS}, held.earned_at
  FROM me
  LEFT JOIN public.badges b ON b.points_required IS NULL OR b.points_required > 0
  LEFT JOIN public.user_badges held ON held.badge_id = b.id AND held.user_id = me.user_id
 ORDER BY b.points_required NULLS LAST, b.id"""

SHOW_BADGE = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, {BADGE_COLUMNS}, held.earned_at,
       (SELECT count(*) FROM public.user_badges x WHERE x.badge_id = b.id) AS holders
  FROM me
  LEFT JOIN public.badges b
    ON b.id = $7 AND (b.points_required IS NULL OR b.points_required > 0)
  LEFT JOIN public.user_badges held ON held.badge_id = b.id AND held.user_id = me.user_id"""

BADGES_OF = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, {BADGE_COLUMNS}, held.earned_at
  FROM me
  LEFT JOIN discord.accounts a ON a.discord_id = $7
  LEFT JOIN public.user_badges held ON held.user_id = a.user_id
  LEFT JOIN public.badges b ON b.id = held.badge_id
 ORDER BY held.earned_at DESC, b.id"""

READ_AWARD = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, {BADGE_COLUMNS}, held.earned_at
  FROM me
  LEFT JOIN public.badges b ON b.id = $7
  LEFT JOIN discord.accounts a ON a.discord_id = $8
  LEFT JOIN public.user_badges held ON held.user_id = a.user_id AND held.badge_id = b.id"""

# A link that is being made is waited for, so that the badge comes to whom the account then is.
AWARD = f"""{ME}, account AS (
    SELECT user_id FROM discord.accounts WHERE discord_id = $1 FOR SHARE
), awarded AS (
    INSERT INTO public.user_badges (user_id, badge_id, earned_at)
    SELECT COALESCE(account.user_id, me.user_id), b.id, $8
      FROM me
      LEFT JOIN account ON true
      JOIN public.badges b ON b.id = $7 AND b.points_required IS NULL
    ON CONFLICT (user_id, badge_id) DO NOTHING
    RETURNING badge_id
), audit AS (
    INSERT INTO discord.audit_log
           (guild_id, actor_id, action, subject_id, item_id, reason, created_at)
    SELECT $3, $9, 'badge_award', $1, badge_id, $10, $5 FROM awarded
    RETURNING id
)
SELECT audit.id FROM me LEFT JOIN audit ON true"""

REVOKE = """
WITH revoked AS (
    DELETE FROM public.user_badges held
     USING discord.accounts a, public.badges b
     WHERE a.discord_id = $1 AND held.user_id = a.user_id
       AND b.id = $2 AND held.badge_id = b.id AND b.points_required IS NULL
    RETURNING held.badge_id
)
INSERT INTO discord.audit_log
       (guild_id, actor_id, action, subject_id, item_id, reason, created_at)
SELECT $3, $4, 'badge_revoke', $1, badge_id, $5, $6 FROM revoked
RETURNING id"""


@dataclass(frozen=True, slots=True)
class HeldBadge:
    """A badge and when a member got it (aware UTC), None when they have not."""

    badge: Badge
    earned_at: dt.datetime | None

    @classmethod
    def of(cls, row: "Record") -> "HeldBadge | None":
        """The badge in a row, if there is one."""
        if row["id"] is None:
            return None
        earned: dt.datetime | None = row["earned_at"]
        return cls(Badge.of(row), earned and earned.replace(tzinfo=dt.UTC))


async def list_badges(pool: Pool, caller: Caller) -> tuple[Me, list[HeldBadge]]:
    """Every badge there is, earned ones by points and then given ones, with the caller's own."""
    rows = await fetch_some(pool, LIST_BADGES, *caller.args)
    return Me.of(rows[0]), [held for row in rows if (held := HeldBadge.of(row))]


async def show_badge(pool: Pool, caller: Caller, badge_id: int) -> tuple[Me, HeldBadge | None, int]:
    """One badge, whether the caller has it, and how many people do."""
    row = await fetch_one(pool, SHOW_BADGE, *caller.args, badge_id)
    return Me.of(row), HeldBadge.of(row), row["holders"]


async def badges_of(pool: Pool, caller: Caller, discord_id: int) -> tuple[Me, list[HeldBadge]]:
    """The badges of one member, newest first."""
    rows = await fetch_some(pool, BADGES_OF, *caller.args, discord_id)
    return Me.of(rows[0]), [held for row in rows if (held := HeldBadge.of(row))]


async def read_award(
    pool: Pool, caller: Caller, badge_id: int, subject_id: int
) -> tuple[Me, HeldBadge | None]:
    """The badge that the caller wants to give or take back, and whether the member has it."""
    row = await fetch_one(pool, READ_AWARD, *caller.args, badge_id, subject_id)
    return Me.of(row), HeldBadge.of(row)


async def award(
    pool: Pool, subject: Caller, badge_id: int, *, actor_id: int, reason: str | None
) -> bool:
    """Give a badge to `subject`, making their account if need be, with its audit row.

    False when they have it already or it is not one to give.
    """
    args = (badge_id, naive(subject.now), actor_id, reason)
    row = await fetch_one(pool, AWARD, *subject.args, *args)
    return row["id"] is not None


async def revoke(
    pool: Pool, subject: Caller, badge_id: int, *, actor_id: int, reason: str | None
) -> bool:
    """Take a given badge back, with its audit row; False when there was nothing to take."""
    args = (subject.discord_id, badge_id, subject.guild_id, actor_id, reason, subject.now)
    return await pool.fetchval(REVOKE, *args) is not None
