"""The catalogue as moderators keep it: every edit is one statement with its audit row."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from db.members import naive
from db.pool import Pool
from db.rows import Badge, Kind


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes the catalogue, from where and when: what the audit row says."""

    discord_id: int
    guild_id: int | None
    now: dt.datetime

    @property
    def args(self) -> tuple[Any, ...]:
        """Parameters $1 to $4 of a catalogue statement."""
        return self.guild_id, self.discord_id, self.now, naive(self.now)


_AUDIT = """
INSERT INTO discord.audit_log (guild_id, actor_id, action, item_id, details, created_at)
SELECT $1, $2, '{action}', id, to_jsonb(item), $3 FROM item
RETURNING item_id"""

ADD_CHALLENGE = """
WITH item AS (
    INSERT INTO public.challenges
           (name, description, total_days, is_active, ai_prompt_template, created_at, updated_at)
    VALUES ($5, $6, $7, true, $8, $4, $4)
    RETURNING *
)""" + _AUDIT.format(action="challenge_add")

EDIT_CHALLENGE = """
WITH item AS (
    UPDATE public.challenges c
       SET name = $5, description = $6, total_days = $7, ai_prompt_template = $8,
           is_active = $10, updated_at = $4
     WHERE c.id = $9
       AND NOT EXISTS (SELECT FROM public.user_challenges e
                        WHERE e.challenge_id = c.id AND e.current_day > $7)
    RETURNING *
)""" + _AUDIT.format(action="challenge_edit")

ADD_QUEST = """
WITH item AS (
    INSERT INTO public.quests
           (name, description, total_days, is_active, random_task_seed, difficulty,
            created_at, updated_at)
    VALUES ($5, $6, $7, true, $8, $9, $4, $4)
    RETURNING *
)""" + _AUDIT.format(action="quest_add")

EDIT_QUEST = """
WITH item AS (
    UPDATE public.quests q
       SET name = $5, description = $6, total_days = $7, random_task_seed = $8, difficulty = $9,
           is_active = $11, updated_at = $4
     WHERE q.id = $10
       AND NOT EXISTS (SELECT FROM public.user_quests e
                        WHERE e.quest_id = q.id AND e.current_day > $7)
    RETURNING *
)""" + _AUDIT.format(action="quest_edit")

RETIRE: dict[Kind, str] = {
    kind: f"""
WITH item AS (
    UPDATE public.{kind}s SET is_active = false, updated_at = $4
     WHERE id = $5 AND is_active IS DISTINCT FROM false
    RETURNING *
)"""
    + _AUDIT.format(action=f"{kind}_retire")
    + ", details ->> 'name' AS name"
    for kind in ("challenge", "quest")
}

SET_CHALLENGE_DAY = """
WITH item AS (
    UPDATE public.challenges SET updated_at = $4
     WHERE id = $5 AND $6 BETWEEN 1 AND total_days
    RETURNING *
), day AS (
    INSERT INTO discord.challenge_days (challenge_id, day_number, day_title, principle, body)
    SELECT id, $6, $7, $8, $9 FROM item
    ON CONFLICT (challenge_id, day_number) DO UPDATE
       SET day_title = EXCLUDED.day_title, principle = EXCLUDED.principle, body = EXCLUDED.body
    RETURNING *
)
INSERT INTO discord.audit_log (guild_id, actor_id, action, item_id, details, created_at)
SELECT $1, $2, 'challenge_day', challenge_id, to_jsonb(day), $3 FROM day
RETURNING item_id"""

# An earned badge goes at once, silently, to everybody whose points are past it.
_GRANT = """, granted AS (
    INSERT INTO public.user_badges (user_id, badge_id, earned_at)
    SELECT a.user_id, b.id, $4
      FROM item b
      JOIN discord.accounts a ON b.points_required > 0 AND a.points >= b.points_required
    ON CONFLICT (user_id, badge_id) DO NOTHING
)"""

ADD_BADGE = (
    """
WITH item AS (
    INSERT INTO public.badges (name, icon, description, points_required, created_at)
    VALUES ($5, $6, $7, $8, $4)
    RETURNING *
)"""
    + _GRANT
    + _AUDIT.format(action="badge_add")
)

EDIT_BADGE = (
    """
WITH item AS (
    UPDATE public.badges SET name = $5, icon = $6, description = $7, points_required = $8
     WHERE id = $9
    RETURNING *
)"""
    + _GRANT
    + _AUDIT.format(action="badge_edit")
)

READ_CHALLENGE = "SELECT * FROM public.challenges WHERE id = $1"
READ_QUEST = "SELECT * FROM public.quests WHERE id = $1"
READ_BADGE = "SELECT * FROM public.badges WHERE id = $1"
READ_CHALLENGE_DAY = """
SELECT c.name, c.total_days, d.day_title, d.principle, d.body,
       discord.day_text(c.id, $2) IS DISTINCT FROM to_jsonb(d) AS is_websites
  FROM public.challenges c
  LEFT JOIN discord.challenge_days d ON d.challenge_id = c.id AND d.day_number = $2
 WHERE c.id = $1"""


@dataclass(frozen=True, slots=True)
class ItemFields:
    """What a moderator can set of a challenge or quest. `prompt` is its template or its theme."""

    name: str
    description: str | None
    total_days: int
    prompt: str | None
    difficulty: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class DayFields:
    """A challenge day's text, with the challenge it belongs to; an empty title when it has none.

    `is_websites` says that members see the website's text of that day instead.
    """

    challenge: str
    total_days: int
    title: str
    principle: str | None
    body: str | None
    is_websites: bool = False


@dataclass(frozen=True, slots=True)
class BadgeFields:
    """What a moderator can set of a badge."""

    name: str
    icon: str
    description: str | None
    points_required: int | None


async def read_item(pool: Pool, kind: Kind, item_id: int) -> ItemFields | None:
    """The fields of a challenge or quest as they are, None when there is none with this id."""
    row = await pool.fetchrow(READ_CHALLENGE if kind == "challenge" else READ_QUEST, item_id)
    if row is None:
        return None
    prompt = row["ai_prompt_template" if kind == "challenge" else "random_task_seed"]
    return ItemFields(
        row["name"],
        row["description"],
        row["total_days"],
        prompt,
        row.get("difficulty"),
        row["is_active"] is not False,
    )


async def read_badge(pool: Pool, badge_id: int) -> Badge | None:
    """A badge as it is, None when there is none with this id."""
    row = await pool.fetchrow(READ_BADGE, badge_id)
    return None if row is None else Badge.of(row)


async def read_challenge_day(pool: Pool, challenge_id: int, day: int) -> DayFields | None:
    """A challenge day's text as it is, None when there is no such challenge."""
    row = await pool.fetchrow(READ_CHALLENGE_DAY, challenge_id, day)
    if row is None:
        return None
    return DayFields(
        row["name"],
        row["total_days"],
        row["day_title"] or "",
        row["principle"],
        row["body"],
        row["is_websites"],
    )


async def add_item(pool: Pool, editor: Editor, kind: Kind, fields: ItemFields) -> int:
    """Add a challenge or quest, open to join, with its audit row; gives its id."""
    values = (fields.name, fields.description, fields.total_days, fields.prompt)
    if kind == "challenge":
        item_id: int = await pool.fetchval(ADD_CHALLENGE, *editor.args, *values)
    else:
        item_id = await pool.fetchval(ADD_QUEST, *editor.args, *values, fields.difficulty)
    return item_id


async def edit_item(
    pool: Pool, editor: Editor, kind: Kind, item_id: int, fields: ItemFields
) -> bool:
    """Change a challenge or quest; False when somebody is past `total_days`, or it is gone."""
    values = (fields.name, fields.description, fields.total_days, fields.prompt)
    if kind == "challenge":
        args = (*editor.args, *values, item_id, fields.is_active)
        return await pool.fetchval(EDIT_CHALLENGE, *args) is not None
    args = (*editor.args, *values, fields.difficulty, item_id, fields.is_active)
    return await pool.fetchval(EDIT_QUEST, *args) is not None


async def retire_item(pool: Pool, editor: Editor, kind: Kind, item_id: int) -> str | None:
    """Close a challenge or quest to newcomers; gives its name, None if it is closed or gone."""
    row = await pool.fetchrow(RETIRE[kind], *editor.args, item_id)
    return None if row is None else row["name"]


async def set_challenge_day(
    pool: Pool, editor: Editor, challenge_id: int, day: int, fields: DayFields
) -> bool:
    """Write a challenge day's text; False when the challenge has no such day."""
    values = (challenge_id, day, fields.title, fields.principle, fields.body)
    return await pool.fetchval(SET_CHALLENGE_DAY, *editor.args, *values) is not None


async def add_badge(pool: Pool, editor: Editor, fields: BadgeFields) -> int:
    """Add a badge, and give it to everybody whose points reach it; gives its id."""
    values = (fields.name, fields.icon, fields.description, fields.points_required)
    badge_id: int = await pool.fetchval(ADD_BADGE, *editor.args, *values)
    return badge_id


async def edit_badge(pool: Pool, editor: Editor, badge_id: int, fields: BadgeFields) -> bool:
    """Change a badge, and give it to everybody whose points reach it; False when it is gone."""
    values = (fields.name, fields.icon, fields.description, fields.points_required)
    return await pool.fetchval(EDIT_BADGE, *editor.args, *values, badge_id) is not None
