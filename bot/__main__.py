"""The command line: `python -m bot` runs the bot, `python -m bot db …` cares for the database."""

import typer

from bot.commands import adopt, check, database, kai
from bot.commands.running import cli

care = typer.Typer(help="Care for the database.", no_args_is_help=True)
care.command("migrate")(database.migrate)
care.command("downgrade")(database.downgrade)
care.command("seed")(database.seed)
care.command("check")(check.check)
care.command("adopt")(adopt.adopt)

model = typer.Typer(help="Try the model that KAI speaks with.", no_args_is_help=True)
model.command("ask")(kai.ask)
model.command("eval")(kai.evaluate)

cli.add_typer(care, name="db")
cli.add_typer(model, name="kai")

if __name__ == "__main__":
    cli()
