"""`python -m bot db …`: bringing the schema up to date, taking it back, and the first catalogue."""

from typing import Annotated

import typer

from bot.actions.seeding import seed_catalogue
from bot.actions.services import utcnow
from bot.commands.common import carry_out, out
from bot.opening import bring_up_to_date, open_database, require_migrated
from bot.settings import Settings


def migrate() -> None:
    """Bring the database up to this version's schema."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, pool):
            applied = await bring_up_to_date(url, pool)
        for name in applied:
            out.print(f"applied {name}")
        out.print("The database is up to date.")

    carry_out(work)


def downgrade(
    revision: Annotated[str, typer.Argument(help='The revision to go back to, or "base".')],
) -> None:
    """Take the database back to an older revision; refused where rows would be lost."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, _pool):
            from migrations import runner  # noqa: PLC0415  it costs half a second

            await runner.downgrade(url, revision)
        out.print(f"The database is at {revision}.")

    carry_out(work)


def seed() -> None:
    """Load what is missing of the starter catalogue; running it again changes nothing."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (_url, pool):
            await require_migrated(pool)
            added = await seed_catalogue(pool, utcnow)
        out.print(", ".join(f"{count} {kind}(s) added" for kind, count in added.items()) + ".")

    carry_out(work)
