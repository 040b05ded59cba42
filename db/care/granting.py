"""What the role that runs the bot needs, as statements for the database's owner.

The owner migrates and adopts; the runner works. It may not change anybody's `userdata`, nor what
stands in the logs of what was done.
"""

from typing import TYPE_CHECKING

from db.care.keys import NINE

if TYPE_CHECKING:
    from db.pool import AnyConnection as Connection

READ = "SELECT"
ADD = "SELECT, INSERT"
WORK = "SELECT, INSERT, UPDATE, DELETE"

TEMPLATES = "challenge_day_templates"
LIMITED = {
    "audit_log": ADD,
    "alembic_version": READ,
    "created_objects": READ,
    "adoption_log": READ,
}
"""The bot's own tables that the runner does not work in freely."""

ABOUT_ROLE = """
SELECT quote_ident(rolname) AS name,
       pg_has_role(oid, (SELECT relowner FROM pg_class
                          WHERE oid = 'discord.audit_log'::regclass), 'USAGE') AS owns
  FROM pg_roles WHERE rolname = $1"""

TABLES = """
SELECT n.nspname::text AS schema, c.relname::text AS name,
       format('%I.%I', n.nspname, c.relname) AS quoted
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
   AND (n.nspname = 'discord' OR n.nspname = 'public' AND c.relname = ANY ($1))
 ORDER BY n.nspname DESC, c.relname"""

# A table's sequences are those that its columns own, and those that its defaults take numbers from.
SEQUENCES = """
SELECT DISTINCT format('%I.%I', n.nspname, s.relname) AS quoted
  FROM pg_depend d
  LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
  JOIN pg_class s ON s.relkind = 'S'
   AND s.oid = CASE WHEN f.oid IS NULL THEN d.objid ELSE d.refobjid END
  JOIN pg_namespace n ON n.oid = s.relnamespace
 WHERE COALESCE(f.adrelid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.refobjid END)
       = ANY ($1::text[]::regclass[])
 ORDER BY 1"""


class NoSuchRole(Exception):
    """There is no role of this name."""


class IsOwner(Exception):
    """The role may do everything already: it owns the tables, or belongs to whoever does."""


async def grants(connection: "Connection", role: str) -> list[str]:
    """The statements that let a role run the bot, in one transaction; running them again is safe.

    Needs a migrated database. Raises NoSuchRole, IsOwner.
    """
    about = await connection.fetchrow(ABOUT_ROLE, role)
    if about is None:
        raise NoSuchRole
    if about["owns"]:
        raise IsOwner
    to = about["name"]
    tables = await connection.fetch(TABLES, [*NINE, "userdata", TEMPLATES])
    added_to = [row["quoted"] for row in tables if "INSERT" in _rights(row["schema"], row["name"])]
    sequences = [row["quoted"] for row in await connection.fetch(SEQUENCES, added_to)]
    limited = [row["quoted"] for row in tables if row["schema"] == "discord"]
    return [
        "BEGIN;",
        f"GRANT USAGE ON SCHEMA public, discord TO {to};",
        f"REVOKE ALL ON {', '.join(limited)} FROM {to};",
        *(
            f"GRANT {_rights(row['schema'], row['name'])} ON {row['quoted']} TO {to};"
            for row in tables
        ),
        *(f"GRANT USAGE, SELECT ON SEQUENCE {name} TO {to};" for name in sequences),
        f"GRANT EXECUTE ON FUNCTION discord.erase_audit(BIGINT) TO {to};",
        f"GRANT EXECUTE ON FUNCTION discord.day_text(INT, INT) TO {to};",
        "COMMIT;",
    ]


def _rights(schema: str, table: str) -> str:
    """What the runner may do with a table."""
    if schema == "discord":
        return LIMITED.get(table, WORK)
    return {"userdata": ADD, TEMPLATES: READ}.get(table, WORK)
