"""`python -m bot db check`: what differs from the handbook, or between two databases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.common import FAULT, carry_out, out
from bot.opening import StartError, open_database
from bot.settings import POSTGRES, Settings, check_url
from db.care.checking import check as look
from db.care.comparing import differences
from db.care.locking import opened, reading
from db.care.reading import read_catalogue
from db.care.shapes import Catalogue, Finding
from db.pool import TROUBLE
from migrations import runner

COLOURS = {"breaking": "red", "drift": "yellow", "note": "cyan"}
MEANINGS = {
    "breaking": "the bot would break on these, and does not start",
    "drift": "the bot works, and the database differs from the handbook",
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

    Exit 0 when it is in step, 1 when it differs, 2 when it cannot be reached.
    """

    async def work(settings: Settings) -> None:
        if against is not None:
            await _compare(settings, against, as_json=as_json)
        else:
            await _check(settings, as_json=as_json)

    carry_out(work)


async def _check(settings: Settings, *, as_json: bool) -> None:
    async with open_database(settings) as (url, _pool):
        revision, pending = await runner.current(url), await runner.pending(url)
        async with opened(url) as connection, reading(connection):
            version: str = await connection.fetchval("SHOW server_version")
            found = await look(connection, pending=pending)
    drifted = [finding for finding in found if finding.level != "note"]
    if as_json:
        about = {"server": version, "revision": revision, "pending": pending}
        _print_json(about, found)
    else:
        out.print(f"PostgreSQL {version}, migrated to {revision or 'nothing yet'}.")
        _print_findings(found)
        out.print(_advice(drifted), markup=False)
    if drifted:
        raise typer.Exit(FAULT)


async def _compare(settings: Settings, against: str, *, as_json: bool) -> None:
    async with open_database(settings) as (url, _pool):
        here = await _shape(url)
    try:
        there = await _shape(check_url(against, POSTGRES))
    except (*TROUBLE, ValueError) as error:
        raise StartError(
            "The database of --against cannot be read: check that it is a postgresql:// address, "
            "of a server that runs and a database that exists there, with the right password."
        ) from error
    found = differences(here, there)
    if as_json:
        _print_json({}, found)
    else:
        _print_findings(found)
        out.print("The two differ." if found else "The two are the same.")
    if found:
        raise typer.Exit(FAULT)


async def _shape(url: str) -> Catalogue:
    async with opened(url) as connection, reading(connection):
        return await read_catalogue(connection)


def _print_json(about: Mapping[str, object], found: Sequence[Finding]) -> None:
    print(json.dumps({**about, "findings": [asdict(finding) for finding in found]}, indent=2))


def _print_findings(found: Sequence[Finding]) -> None:
    for level, meaning in MEANINGS.items():
        of_level = [finding for finding in found if finding.level == level]
        if not of_level:
            continue
        table = Table(title=f"{level}: {meaning}", title_justify="left", show_lines=False)
        table.add_column("what", style=COLOURS[level], no_wrap=True)
        table.add_column("in words", overflow="fold")
        for finding in of_level:
            table.add_row(finding.kind, finding.what)
        out.print(table, soft_wrap=False)
    remedies = [finding.remedy for finding in found if finding.remedy]
    if remedies:
        out.print("What would mend it, one statement each:", style="bold")
        for remedy in remedies:
            out.print(f"  {' '.join(remedy.rstrip(';').split())};", markup=False)


def _advice(drifted: Sequence[Finding]) -> str:
    if not drifted:
        return "In step with the handbook."
    pending = next((finding for finding in drifted if finding.kind == "migrations"), None)
    if pending is not None:
        return pending.what
    if any(finding.undo for finding in drifted):
        return "`python -m bot db adopt` shows what it would make of this, and changes nothing yet."
    return "What is left is for a person to decide: the statements above would mend it."
