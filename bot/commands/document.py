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
from db.pool import AnyConnection
from migrations import history

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
    async with open_database(settings) as (_url, pool), pool.acquire() as connection:
        applied = await applied_migrations(connection)
        schema = await read_schema(connection)
    if not schema.tables:
        raise StartError(
            "The database has none of the handbook's tables yet: run `python -m bot db migrate`, "
            "then this again."
        )
    return document(schema, applied)


async def applied_migrations(connection: AnyConnection) -> list[Entry]:
    """The change-log entries of the migrations that the database has had, oldest first."""
    pending = history.pending(await history.current(connection))
    applied = [name for name in history.names() if name not in pending]
    return [entry(name, _docstring(history.VERSIONS / f"{name}.py")) for name in applied]


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _keep(to: Path, text: str) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StartError(f"The document cannot be written to {to}: {error.strerror}.") from error
