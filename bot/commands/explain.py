"""`python -m bot db explain`: how PostgreSQL carries out the dashboard's queries, kept in files."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.actions.services import utcnow
from bot.commands.common import carry_out, out
from bot.opening import StartError, open_database, require_migrated
from bot.settings import Settings
from db.care import explaining

FOLDER = Path("docs/explain")


def explain(
    name: Annotated[str | None, typer.Argument(help="One query; all of them if left out.")] = None,
    to: Annotated[Path, typer.Option(help="The folder for a file a query.")] = FOLDER,
    analyze: Annotated[
        bool,
        typer.Option("--analyze", help="Run the queries too, each for 30 seconds at most."),
    ] = False,
) -> None:
    """Keep the EXPLAIN of each dashboard query in a file; nothing in the database changes."""

    async def work(settings: Settings) -> None:
        known = explaining.queries(utcnow().date())
        if name is not None and name not in known:
            raise StartError(f"There is no query {name}: there are {', '.join(known)}.")
        wanted = known if name is None else {name: known[name]}
        async with open_database(settings) as (_url, pool):
            await require_migrated(pool)
            async with pool.acquire() as connection:
                texts = await explaining.explain(connection, wanted, analyze=analyze)
        await asyncio.to_thread(keep, to, texts)
        out.print(f"Wrote {len(texts)} file(s) to {to}.", markup=False)

    carry_out(work)


def keep(folder: Path, texts: dict[str, str]) -> None:
    """Write each text into its file. Raises StartError when that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    except OSError as error:
        raise StartError(f"The files cannot be written to {folder}: {error.strerror}.") from error
