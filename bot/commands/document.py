"""`python -m bot db document`: the schema handbook, written from the connected database."""

import ast
import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import carry_out, out
from bot.opening import StartError, open_database
from bot.settings import Settings
from db.care.documenting import Entry, document, entry, read_schema
from migrations import runner

FILE = Path("docs/schema.md")


def write(
    to: Annotated[Path, typer.Option(help="The file to write.")] = FILE,
) -> None:
    """Write the schema handbook from the database as it is now."""

    async def work(settings: Settings) -> None:
        text = await schema_document(settings)
        await asyncio.to_thread(_keep, to, text)
        out.print(f"Wrote {to}.", markup=False)

    carry_out(work)


async def schema_document(settings: Settings) -> str:
    """The schema handbook's text. Raises StartError where there is nothing to describe yet."""
    async with open_database(settings) as (url, pool):
        applied = await applied_migrations(url)
        async with pool.acquire() as connection:
            schema = await read_schema(connection)
    if not schema.tables:
        raise StartError(
            "The database has none of the handbook's tables yet: run `python -m bot db migrate`, "
            "then this again."
        )
    return document(schema, applied)


async def applied_migrations(url: str) -> list[Entry]:
    """The change-log entries of the migrations that the database has had, oldest first."""
    pending = await runner.pending(url)
    folder = Path(runner.__file__).parent / "versions"
    return [
        entry(path.stem, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        for path in sorted(folder.glob("[0-9]*.py"))
        if path.stem not in pending
    ]


def _keep(to: Path, text: str) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StartError(f"The document cannot be written to {to}: {error.strerror}.") from error
