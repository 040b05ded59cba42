"""The tables whose rows belong to a user, and what linking an account does with them.

Each table that names a user has its place here, or in `LEFT` with the reason why it stays as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Clash = Literal["merge", "theirs", "own", "none"]
"""What becomes of two rows of one key. "merge": the website's row stays, and takes over what the
other had. "theirs": it stays as it is, and the other goes. "own": the member's stays, and what an
earlier link left at the website's account goes. "none": there is no key."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A table whose rows follow their member.

    `columns` are all of them but `id` and `user_id`; `key` makes a row unique beside its user;
    `parent` is the table, and the column here, without whose row there can be none.
    """

    name: str
    columns: tuple[str, ...]
    clash: Clash = "none"
    key: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    parent: tuple[str, str] | None = None

    @property
    def plain_name(self) -> str:
        """Its name without the schema."""
        return self.name.partition(".")[2]

    def same(self, one: str, other: str) -> str:
        """SQL: whether two rows cannot both belong to one user."""
        if self.plain_name == "completions":
            same = " AND ".join(f"{one}.{c} = {other}.{c}" for c in ("kind", "item_id"))
            dates = f"{one}.local_date = {other}.local_date"
            return f"({same} AND ({one}.day_number = {other}.day_number OR {dates}))"
        same = " AND ".join(f"{one}.{column} = {other}.{column}" for column in self.key)
        return f"({same or 'false'})"


ENROLMENT = ("status", "current_day", "start_date", "completed_at")
LOG = ("reflection", "completed", "completed_at")

MERGED = (
    Moving(
        "public.user_challenges",
        ("challenge_id", *ENROLMENT),
        "merge",
        ("challenge_id",),
        ENROLMENT,
        ("public.challenges", "challenge_id"),
    ),
    Moving(
        "public.challenge_logs",
        ("challenge_id", "day_number", *LOG, "kai_notes"),
        "merge",
        ("challenge_id", "day_number"),
        (*LOG, "kai_notes"),
        ("public.challenges", "challenge_id"),
    ),
    Moving(
        "public.user_quests",
        ("quest_id", *ENROLMENT),
        "merge",
        ("quest_id",),
        ENROLMENT,
        ("public.quests", "quest_id"),
    ),
    Moving(
        "public.quest_logs",
        ("quest_id", "day_number", *LOG, "task_generated"),
        "merge",
        ("quest_id", "day_number"),
        (*LOG, "task_generated"),
        ("public.quests", "quest_id"),
    ),
    Moving(
        "public.user_badges",
        ("badge_id", "earned_at"),
        "merge",
        ("badge_id",),
        ("earned_at",),
        ("public.badges", "badge_id"),
    ),
)
OTHERS = (
    Moving(
        "public.kai_interactions",
        (
            *("context_type", "context_id", "message"),
            *("assistant_response", "function_called", "created_at"),
        ),
    ),
    Moving(
        "discord.completions",
        ("kind", "item_id", "day_number", "local_date", "points", "completed_at"),
        "theirs",
        ("kind", "item_id", "day_number"),
    ),
    Moving(
        "discord.guild_members",
        ("guild_id", "last_used_on", "checked_at", "has_left"),
        "own",
        ("guild_id",),
    ),
    Moving(
        "discord.reflection_drafts",
        ("kind", "item_id", "day_number", "reflection", "created_at"),
    ),
    Moving(
        "discord.reminders",
        (
            *("local_date", "snoozes", "status", "due_at", "expires_at", "send_at", "sending_at"),
            *("attempts", "message_id", "sent_at", "trouble"),
        ),
        "own",
        ("local_date",),
    ),
    Moving(
        "discord.post_doers",
        ("post_id", "done_at"),
        "own",
        ("post_id",),
        parent=("discord.daily_posts", "post_id"),
    ),
)
MOVING = (*MERGED, *OTHERS)

LEFT = {
    "discord.accounts": "the account itself: it is what points to another user",
    "discord.links": "who was linked with whom",
    "discord.kai_slots": "who has a call of KAI's under way, for a minute at most",
    "discord.kai_usage": "a member's turns of a day (under their user id), gone with the day",
}
"""Tables that name a user and stay as they are, each with the reason."""


def locked_rows(table: Moving) -> str:
    """The rows of the users $1, which nobody else changes from now on."""
    columns = ", ".join(("id", "user_id", *table.columns))
    return (
        f"SELECT {columns} FROM {table.name} WHERE user_id = ANY ($1::int[]) ORDER BY id FOR UPDATE"
    )


def remove_rows(table: Moving) -> str:
    """Log the rows of the ids $2 for the link $1, and remove them."""
    return f"""
WITH gone AS (DELETE FROM {table.name} WHERE id = ANY ($2::int[]) RETURNING *)
INSERT INTO discord.link_log (link_id, action, table_name, row_id, before)
SELECT $1::int, 'remove', '{table.name}', id, to_jsonb(gone) FROM gone"""


def change_row(table: Moving) -> str:
    """Change the row of the id $2 to the values from $3 on, and log both for the link $1."""
    values = ", ".join(f"{column} = ${place}" for place, column in enumerate(table.changed, 3))
    return f"""
WITH old AS (
    SELECT id, to_jsonb(t) AS was FROM {table.name} t WHERE id = $2
), changed AS (
    UPDATE {table.name} t SET {values} WHERE id = $2 RETURNING id, to_jsonb(t) AS became
)
INSERT INTO discord.link_log (link_id, action, table_name, row_id, before, after)
SELECT $1::int, 'change', '{table.name}', id, was, became FROM old JOIN changed USING (id)"""


def _over(tables: Iterable[Moving], part: Callable[[Moving], str], end: str) -> str:
    """One statement from a part for each of several tables, named after it, and an end.

    `{all}` in the end is what the parts return, with their table's name.
    """
    parts = {table: part(table) for table in tables}
    named = ",\n".join(f"{table.plain_name} AS ({sql})" for table, sql in parts.items())
    rows = "\n UNION ALL ".join(
        f"SELECT '{table.name}' AS table_name, * FROM {table.plain_name}" for table in parts
    )
    return f"WITH {named}\n{end.format(all=f'({rows}) AS all_rows')}"


def _clashing(table: Moving) -> str:
    loser, keeper = ("$2", "$3") if table.clash == "theirs" else ("$3", "$2")
    return f"""
    DELETE FROM {table.name} t
     WHERE t.user_id = {loser}
       AND EXISTS (SELECT FROM {table.name} k
                    WHERE k.user_id = {keeper} AND {table.same("k", "t")})
    RETURNING t.id, to_jsonb(t) AS was"""


REMOVE_CLASHING = _over(
    [table for table in MOVING if table.clash in ("theirs", "own")],
    _clashing,
    """INSERT INTO discord.link_log (link_id, action, table_name, row_id, before)
SELECT $1::int, 'remove', table_name, id, was FROM {all}""",
)
"""Log for the link $1, and remove, rows of the users $2 (the member's own) and $3 that clash."""

# Of what moves only whose it was is kept: what is forgotten meanwhile is nowhere else then.
MOVE = _over(
    MOVING,
    lambda table: f"UPDATE {table.name} SET user_id = $3 WHERE user_id = $2 RETURNING id",
    """INSERT INTO discord.link_log (link_id, action, table_name, row_id, before, after)
SELECT $1::int, 'move', table_name, id, jsonb_build_object('user_id', $2::int),
       jsonb_build_object('user_id', $3::int)
  FROM {all}""",
)
"""Move all rows of the user $2 to the user $3, and log which for the link $1."""


def _in_the_way(table: Moving) -> str:
    return f"""
    DELETE FROM {table.name} stray
     WHERE stray.user_id = $3
       AND EXISTS (SELECT FROM discord.link_log l JOIN {table.name} t ON t.id = l.row_id
                    WHERE l.link_id = $1 AND l.action = 'move' AND l.table_name = '{table.name}'
                      AND t.user_id = $2 AND {table.same("stray", "t")})
    RETURNING stray.id"""


CLEAR_WAY = _over(
    [table for table in MOVING if table.clash == "own"],
    _in_the_way,
    "SELECT count(*) FROM {all}",
)
"""Remove rows of the user $3 that stand where those go back to which the link $1 had moved."""


def _back(table: Moving) -> str:
    return f"""
    UPDATE {table.name} t SET user_id = $3
      FROM discord.link_log l
     WHERE l.link_id = $1 AND l.action = 'move' AND l.table_name = '{table.name}'
       AND t.id = l.row_id AND t.user_id = $2
       AND NOT EXISTS (SELECT FROM {table.name} there
                        WHERE there.user_id = $3 AND {table.same("there", "t")})
    RETURNING t.id"""


MOVE_BACK = _over(MOVING, _back, "SELECT count(*) FROM {all}")
"""Move what the link $1 had moved from the user $2 back to $3, where its place is free."""


def _moved_days(kind: str) -> str:
    return f"""
    SELECT '{kind}' AS kind, t.{kind}_id AS item_id, t.day_number
      FROM discord.link_log l JOIN public.{kind}_logs t ON t.id = l.row_id
     WHERE l.link_id = $1 AND l.action = 'move' AND l.table_name = 'public.{kind}_logs'
       AND t.user_id = $3"""


COUNT_BACK = f"""
WITH gone AS (
    DELETE FROM discord.completions c
     USING ({_moved_days("challenge")} UNION ALL {_moved_days("quest")}) m
     WHERE c.user_id = $2 AND c.kind = m.kind AND c.item_id = m.item_id
       AND c.day_number = m.day_number
    RETURNING c.*
)
INSERT INTO discord.completions
       (user_id, kind, item_id, day_number, local_date, points, completed_at)
SELECT $3::int, kind, item_id, day_number, local_date, points, completed_at
  FROM gone
ON CONFLICT DO NOTHING"""
"""Let days that went back to the user $3 and were done meanwhile count there, and not for $2."""


def _as_it_was(table: Moving) -> str:
    values = ", ".join(f"{column} = was.{column}" for column in table.changed)
    return f"""
    UPDATE {table.name} t SET {values}
      FROM discord.link_log l, jsonb_populate_record(NULL::{table.name}, l.before) was
     WHERE l.link_id = $1 AND l.action = 'change' AND l.table_name = '{table.name}'
       AND t.id = l.row_id AND to_jsonb(t) = l.after
    RETURNING t.id"""


CHANGE_BACK = _over(MERGED, _as_it_was, "SELECT count(*) FROM {all}")
"""Give what the link $1 had changed back as it was, where nobody changed it since."""


def _removed(table: Moving) -> str:
    columns = ", ".join(table.columns)
    values = ", ".join(f"was.{column}" for column in table.columns)
    parent = ""
    if table.parent is not None:
        name, column = table.parent
        parent = f"\n       AND EXISTS (SELECT FROM {name} p WHERE p.id = was.{column})"
    return f"""
    INSERT INTO {table.name} (id, user_id, {columns})
    SELECT was.id, CASE WHEN was.user_id = $2::int THEN $2 ELSE $3::int END, {values}
      FROM discord.link_log l, jsonb_populate_record(NULL::{table.name}, l.before) was
     WHERE l.link_id = $1 AND l.action = 'remove' AND l.table_name = '{table.name}'
       AND l.before IS NOT NULL{parent}
    ON CONFLICT DO NOTHING
    RETURNING id"""


BRING_BACK = _over(
    [table for table in MOVING if table.clash != "none"], _removed, "SELECT count(*) FROM {all}"
)
"""Insert what the link $1 had removed, with its id; the user $2 keeps theirs, $3 has the rest.

What it belonged to may be gone for good by now, and then it is, too.
"""
