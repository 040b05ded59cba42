"""`python -m bot db grants ROLE`: what the role that runs the bot needs, as SQL to pipe to psql."""

from typing import Annotated

import typer

from bot.commands.common import carry_out
from bot.opening import StartError, open_database, require_migrated
from bot.settings import Settings
from db.care import granting


def grants(
    role: Annotated[str, typer.Argument(help="The PostgreSQL role that the bot will run as.")],
) -> None:
    """Print the statements that let a role run the bot, and no more than that.

    Run them as the owner of the tables, and again after each `db migrate` or `db adopt`.
    """

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (_url, pool):
            await require_migrated(pool)
            async with pool.acquire() as connection:
                try:
                    statements = await granting.grants(connection, role)
                except granting.NoSuchRole as error:
                    raise StartError(
                        f'There is no role "{role}" on this server: make it first, with '
                        f"CREATE ROLE … LOGIN PASSWORD '…', then run this again."
                    ) from error
                except granting.IsOwner as error:
                    raise StartError(
                        f'The role "{role}" owns the bot\'s tables, or may do all that their '
                        "owner may: let the bot run as another one."
                    ) from error
        for statement in statements:
            typer.echo(statement)

    carry_out(work)
