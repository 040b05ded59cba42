"""The command line: `python -m bot` runs the bot, `python -m bot db …` cares for the database."""

import typer

from bot.commands import (
    account,
    adopt,
    archive,
    check,
    database,
    document,
    explain,
    grants,
    kai,
)
from bot.commands.running import cli

care = typer.Typer(help="Care for the database.", no_args_is_help=True)
care.command("migrate")(database.migrate)
care.command("downgrade")(database.downgrade)
care.command("seed")(database.seed)
care.command("check")(check.check)
care.command("adopt")(adopt.adopt)
care.command("grants")(grants.grants)
care.command("document")(document.write)
care.command("explain")(explain.explain)
care.command("archive")(archive.archive)
care.command("restore-archive")(archive.restore_archive)

model = typer.Typer(help="Try the model that KAI speaks with.", no_args_is_help=True)
model.command("ask")(kai.ask)
model.command("eval")(kai.evaluate)

people = typer.Typer(help="Members' accounts, and the website's.", no_args_is_help=True)
people.command("requests")(account.requests)
people.command("link")(account.link)
people.command("unlink")(account.unlink)
people.command("erase")(account.erase)

cli.add_typer(care, name="db")
cli.add_typer(model, name="kai")
cli.add_typer(people, name="account")

if __name__ == "__main__":
    cli()
