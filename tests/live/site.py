"""The website's database, as `compat.md` describes it: made by us, the same in every build."""

from pathlib import Path

import asyncpg

from db.care.keys import UNIQUE_KEYS
from tests.live.roles import quoted

FOLDER = Path(__file__).parent
PARTS = ("tables.sql", "others.sql", "people.sql", "doubles.sql")

USERS = 5_000
FEW_USERS = 40
"""At least this many: other tables refer to people by their number."""


async def build(url: str, *, users: int) -> None:
    """Make the website's tables in an empty database, with this many people in them."""
    connection = await asyncpg.connect(url, server_settings={"TimeZone": "UTC"})
    try:
        await connection.execute(f"SET site.users = {users}")
        for part in PARTS:
            await connection.execute((FOLDER / part).read_text(encoding="utf-8"))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def newcomers(role: str, *, users: int) -> list[str]:
    """Statements for views of what those have who came after the website's people.

    The views stand in the schema `newcomers`, under the tables' own names, and are for this role:
    with `at_newcomers` a story that looks at its tables finds them as it does where all is new.
    """
    views = [
        f"CREATE VIEW newcomers.{table} AS SELECT * FROM public.{table} WHERE user_id > {users}"
        for table in (*UNIQUE_KEYS, "kai_interactions")
    ]
    return [
        "CREATE SCHEMA newcomers",
        *views,
        f"GRANT USAGE ON SCHEMA newcomers TO {quoted(role)}",
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA newcomers TO {quoted(role)}",
    ]


def at_newcomers(url: str) -> str:
    """The same database; an unqualified name means the newcomers' rows, where there is a view."""
    return f"{url}{'&' if '?' in url else '?'}search_path=newcomers,public"
