"""`python -m bot db check`: what differs from the handbook, or between two databases."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from bot.commands.common import FAULT, carry_out, out
from bot.opening import StartError, database_trouble, database_url
from bot.settings import POSTGRES, Settings, check_url
from db.care.checking import about
from db.care.checking import check as look
from db.care.comparing import Whole, differences, read_whole
from db.care.locking import Busy, Connection, opened, reading
from db.care.shapes import Finding
from db.pool import TROUBLE
from migrations import history

T = TypeVar("T")

COLOURS = {"breaking": "red", "drift": "yellow", "note": "cyan"}
MEANINGS = {
    "breaking": "the bot would break on these, and does not start",
    "drift": "the bot can work with these, and the handbook has them otherwise",
    "note": "worth knowing; in step all the same",
}


def check(
    against: Annotated[
        str | None,
        typer.Option(
            envvar="CHECK_AGAINST",
            show_envvar=True,
            help="Another database's postgresql:// URL: compare the two with each other.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare the database with the handbook, and change nothing.

    Exit 0: in step; 1: it differs; 2: it cannot be reached; 3: a mistake of the bot's own.
    """

    async def work(settings: Settings) -> None:
        if against is not None:
            await _compare(settings, against, as_json=as_json)
        else:
            await _check(settings, as_json=as_json)

    carry_out(work)


async def _check(settings: Settings, *, as_json: bool) -> None:
    async with database_url(settings) as url:
        facts = await _here(url, about)
        revision, pending, found = await _migrations(url)
        found += await _here(url, lambda connection: look(connection, pending=pending))
    drifted = [finding for finding in found if finding.level != "note"]
    facts |= {"revision": revision, "pending": pending}
    if as_json:
        _print_json({**facts, "in_step": not drifted}, found)
    else:
        out.print(f"PostgreSQL {facts['server']}, migrated to {revision or 'nothing yet'}.")
        _print_findings(found, MEANINGS)
        _print_remedies(found)
        out.print(_advice(drifted), markup=False)
    if drifted:
        raise typer.Exit(FAULT)


async def _migrations(url: str) -> tuple[str | None, list[str], list[Finding]]:
    """The database's revision, what is pending, and what is wrong with either.

    A role that may not look at the revision sees the rest: the bot's schema itself is compared.
    """
    try:
        revision = await _here(url, history.current)
    except history.MigrationError as error:
        return None, [], [Finding("note", "migrations", "discord", str(error))]
    try:
        return revision, history.pending(revision), []
    except history.MigrationError as error:
        return revision, [], [Finding("breaking", "migrations", "discord", str(error))]


async def _compare(settings: Settings, against: str, *, as_json: bool) -> None:
    async with database_url(settings) as url:
        here = await _here(url, read_whole)
    found = differences(here, await _there(against))
    differing = any(finding.level != "note" for finding in found)
    if as_json:
        _print_json({"equal": not differing}, found)
    else:
        _print_findings(found, {"drift": "the two differ", "note": "worth knowing"})
        out.print("The two databases differ." if differing else "The two databases are the same.")
    if differing:
        raise typer.Exit(FAULT)


async def _here(url: str, read: Callable[[Connection], Awaitable[T]]) -> T:
    try:
        return await _read(url, read)
    except (*TROUBLE, ValueError) as error:
        raise database_trouble(error) from error


async def _there(against: str) -> Whole:
    try:
        return await _read(check_url(against, POSTGRES), read_whole)
    except (*TROUBLE, ValueError) as error:
        raise StartError(
            "The other database, of --against or CHECK_AGAINST, cannot be read: check that it is a "
            "postgresql:// address of a running server and of a database that exists there, with "
            "the right user and password."
        ) from error


async def _read(url: str, read: Callable[[Connection], Awaitable[T]]) -> T:
    try:
        async with opened(url) as connection, reading(connection):
            return await read(connection)
    except Busy as error:
        raise StartError(f"{error}: please try again in a moment.") from error


def _print_json(facts: Mapping[str, Any], found: Sequence[Finding]) -> None:
    print(json.dumps({**facts, "findings": [asdict(finding) for finding in found]}, indent=2))


def _print_findings(found: Sequence[Finding], meanings: Mapping[str, str]) -> None:
    for level, meaning in meanings.items():
        of_level = [finding for finding in found if finding.level == level]
        if not of_level:
            continue
        table = Table(title=f"{level}: {meaning}", title_justify="left", show_header=False)
        table.add_column(style=COLOURS[level], no_wrap=True)
        table.add_column(overflow="fold")
        for finding in of_level:
            table.add_row(Text(finding.kind), Text(finding.what))
        out.print(table, soft_wrap=False)


def _print_remedies(found: Sequence[Finding]) -> None:
    """What mends it: `db adopt` where it does, and the statements that it leaves to a person."""
    early = _before_adopting(found)
    steps = _statements(early)
    if command := _adopting(found):
        steps.append(f"`{command}`")
    steps += _statements(f for f in found if f.remedy and not f.undo and f not in early)
    if steps:
        out.print("What would mend it, in this order:", style="bold")
        for step in steps:
            out.print(step, markup=False)


def _before_adopting(found: Sequence[Finding]) -> list[Finding]:
    """What must be mended by hand first: adopting refuses while the bot cannot work with it.

    A table that is missing comes with its trigger.
    """
    breaking = [finding for finding in found if finding.level == "breaking" and finding.remedy]
    places = {finding.where for finding in breaking if not finding.undo}
    return [finding for finding in breaking if finding.where in places]


def _statements(found: Iterable[Finding]) -> list[str]:
    return [f"{str(finding.remedy).strip().rstrip(';')};" for finding in found]


def _adopting(found: Sequence[Finding]) -> str | None:
    """The command that mends the rest, None where there is nothing that it could."""
    early = _before_adopting(found)
    doubled = any(f.kind == "duplicates" and f.level == "drift" for f in found)
    if not doubled and not any(f.undo and f not in early for f in found):
        return None
    return f"python -m bot db adopt --apply{' --merge-duplicates' if doubled else ''}"


def _advice(drifted: Sequence[Finding]) -> str:
    if not drifted:
        return "In step with the handbook."
    pending = next((finding for finding in drifted if finding.kind == "migrations"), None)
    if pending is not None:
        return pending.what
    if _adopting(drifted):
        return "Without --apply, `python -m bot db adopt` shows what it would make of this."
    if any(finding.remedy for finding in drifted):
        return "This is for a person to decide on: the statements above would mend it."
    return "This is for a person to decide on: there is no statement that would mend it."
