"""What adopting a database takes: read once, and the same for the dry run and for doing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.actions import duplicates, obstacles
from bot.actions.consequences import consequences
from bot.actions.duplicates import Group
from db import revisions
from db.care import adoptable
from db.care.adoptable import Rights
from db.care.checking import check
from db.care.keys import NINE
from db.care.locking import Connection, Mode
from db.care.shapes import Finding

PARENTS = ("public.userdata", "public.challenges", "public.quests", "public.badges")
ORDER = tuple(dict.fromkeys((*PARENTS, *(f"public.{name}" for name in NINE))))
"""The order in which locks are taken, always."""
LARGE = 100_000
"""Rows from which on the making of an index is felt."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A revision: its id, its name, and the SQL that brings it about."""

    revision: str
    name: str
    script: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do, and what stands in the way.

    `current` is the migration that the database is at, `scripts` those to apply. `steps` are the
    findings whose remedies are run, `groups` the duplicates that are merged, `left` the findings
    that a person must decide. `warnings` say which statements of the website's could fail,
    `triggers` which of its triggers fire, `large` what takes long. `refusals` are sentences; with
    any of them nothing is done.
    `run` is the number in the log of what was done, None while it was not.
    """

    current: str | None
    scripts: tuple[Migration, ...] = ()
    steps: tuple[Finding, ...] = ()
    groups: tuple[Group, ...] = ()
    left: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    large: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    locks: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    run: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to adopt; migrations alone are for `db migrate`."""
        return self.current is not None and not self.steps and not self.groups


async def plan(connection: Connection, migrations: Sequence[Migration], *, merging: bool) -> Plan:
    """Read the database, and say what adopting it takes. `merging` says that duplicates may be."""
    current = await revisions.current(connection)
    numbers = [migration.revision for migration in migrations]
    there = await adoptable.tables_in(connection, "public", "discord")
    if refusal := _refused_at_once(current, numbers, there):
        return Plan(current, refusals=(refusal,))
    place = 0 if current is None else numbers.index(current) + 1
    found = await check(connection, pending=[migration.name for migration in migrations[place:]])
    impossible = await obstacles.find(connection, found)
    steps = tuple(f for f in found if f.remedy and f.undo and f not in impossible)
    groups = tuple(await duplicates.find(connection, [table for table in ORDER if table in there]))
    # Revision 0001 makes the nine tables: it is stamped, the others are applied.
    scripts = tuple(migrations[max(place, 1) :])
    locks = _locks(steps, groups, scripts, there)
    rights = await adoptable.rights(connection, _changed(steps, groups, there), locks)
    others = [
        impossible.get(f, f) for f in found if f not in steps and not _comes_right(f, scripts)
    ]
    firing = await adoptable.triggers(connection, dict.fromkeys(group.table for group in groups))
    return Plan(
        current=current,
        scripts=scripts,
        steps=steps,
        groups=groups,
        left=tuple(finding for finding in others if finding.level == "drift"),
        warnings=tuple(consequences(steps)),
        triggers=tuple(f"{name} on {table}" for table, name, _enabled in firing),
        large=tuple(_large(steps, await adoptable.sizes(connection, locks))),
        refusals=(
            *_breaking(others),
            *_duplicates(groups, merging=merging),
            *_rights(rights, steps, creating=current is None, migrating=bool(scripts)),
        ),
        locks=locks,
    )


def _refused_at_once(current: str | None, numbers: list[str], there: set[str]) -> str | None:
    if current is not None and current not in numbers:
        return (
            f"The database is at revision {current}, which this version of the bot does not know: "
            "a newer one has migrated it. Use that one."
        )
    if not any(f"public.{name}" in there for name in NINE):
        return (
            "There is nothing to adopt: none of the handbook's tables is here. "
            "`python -m bot db migrate` is the way to make them."
        )
    if "public.userdata" not in there:
        return (
            "The table public.userdata is missing, which is the website's own: "
            "is this the right database?"
        )
    strange = sorted(name for name in there if name.startswith("discord."))
    if current is None and strange and strange != ["discord.alembic_version"]:
        return (
            "The schema discord holds tables already, and no migration is stamped there "
            f"({', '.join(strange[:5])}): please move them away first."
        )
    return None


def _comes_right(finding: Finding, scripts: Sequence[Migration]) -> bool:
    """Whether merging or the migrations put it right."""
    if "duplicate" in finding.kind:
        return True
    return bool(scripts) and (
        "migration" in finding.kind or finding.where.partition(".")[0] == "discord"
    )


def _table_of(finding: Finding) -> str:
    return ".".join(finding.where.split(".")[:2])


def _changed(steps: Sequence[Finding], groups: Sequence[Group], there: set[str]) -> dict[str, None]:
    tables = [*map(_table_of, steps), *(group.table for group in groups)]
    return dict.fromkeys(table for table in tables if table in there)


def _locks(
    steps: Sequence[Finding],
    groups: Sequence[Group],
    scripts: Sequence[Migration],
    there: set[str],
) -> dict[str, Mode]:
    """The lock of each table. What refers to a table keeps others from writing there, too."""
    modes: dict[str, Mode] = {}
    if scripts or any("REFERENCES" in str(step.remedy) for step in steps):
        modes.update(dict.fromkeys(PARENTS, "SHARE ROW EXCLUSIVE"))
    modes.update((table, "SHARE ROW EXCLUSIVE") for table in _changed(steps, (), there))
    altered = {_table_of(step) for step in steps if "ALTER TABLE" in str(step.remedy)}
    modes.update(dict.fromkeys(altered | {group.table for group in groups}, "ACCESS EXCLUSIVE"))
    order = [*ORDER, *sorted(set(modes) - set(ORDER))]
    return {table: modes[table] for table in order if table in modes and table in there}


def _large(steps: Sequence[Finding], sizes: Mapping[str, int]) -> list[str]:
    return [
        f"{_table_of(step)} has about {sizes[_table_of(step)]:,} rows. To have nobody wait, make "
        f"the index before, by itself: "
        f"{str(step.remedy).replace('CREATE INDEX', 'CREATE INDEX CONCURRENTLY', 1)}"
        for step in steps
        if step.kind == "missing index" and sizes.get(_table_of(step), 0) >= LARGE
    ]


def _breaking(others: Sequence[Finding]) -> list[str]:
    return [
        f"{finding.what} The bot cannot work with that, and adopting does not put it right: "
        "please mend it, and come back."
        for finding in others
        if finding.level == "breaking"
    ]


def _duplicates(groups: Sequence[Group], *, merging: bool) -> list[str]:
    refusals = [
        f"The rows {', '.join(map(str, group.ids))} of {group.table} cannot be merged: "
        f"{group.trouble}."
        for group in groups
        if group.merged is None
    ]
    if groups and not merging:
        refusals.append(
            f"There are duplicate rows ({len(groups)} of what should be one row each): look "
            "through them, and run this with --merge-duplicates to have them merged."
        )
    return refusals


def _rights(
    rights: Rights, steps: Sequence[Finding], *, creating: bool, migrating: bool
) -> list[str]:
    role = rights.role
    found: list[str] = []
    if rights.not_owned:
        found.append(
            f"The role {role} is not the owner of {', '.join(rights.not_owned)}, and only the "
            "owner may change a table: run this as the owner."
        )
    referred = [table for table in rights.not_referable if table not in rights.not_owned]
    if referred:
        found.append(
            f"The role {role} may not refer to and lock {', '.join(referred)}: "
            f"GRANT REFERENCES, UPDATE ON {', '.join(referred)} TO it, or run this as the owner."
        )
    if creating and rights.in_discord is None and not rights.in_database:
        found.append(
            f"The role {role} may not make the schema discord: "
            f"GRANT CREATE ON DATABASE {rights.database} TO it."
        )
    if migrating and rights.in_discord is False:
        found.append(
            f"The role {role} may not create in the schema discord: "
            "GRANT CREATE ON SCHEMA discord TO it."
        )
    if steps and not rights.in_public:
        found.append(
            f"The role {role} may not create in the schema public, and an index or a constraint "
            "needs that: GRANT CREATE ON SCHEMA public TO it."
        )
    return found
