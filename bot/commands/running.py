"""`python -m bot`, `run`, `worker` and `playground`: the bot itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import carry_out, out
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.app import Part

cli = typer.Typer(
    help="The Get Kinder bot. Without a command it runs: on Discord when DISCORD_TOKEN is set, "
    "else in the playground in your browser.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def main(context: typer.Context) -> None:
    """Run the bot when no command is given."""
    if context.invoked_subcommand is None:
        run_command()


@cli.command("run")
def run_command(
    worker: Annotated[
        bool, typer.Option(help="Send daily posts and reminders from this process, too.")
    ] = True,
) -> None:
    """Run the bot (the default), with a worker in it unless told otherwise."""
    _run("everything" if worker else "bot")


@cli.command("worker")
def worker_command() -> None:
    """Run a worker alone: it sends daily posts and reminders. Run as many as you like."""
    _run("worker")


@cli.command()
def playground() -> None:
    """Open the playground even when a token is set."""
    _run("everything", _without_token)


def _run(part: "Part", change: Callable[[Settings], Settings] = lambda settings: settings) -> None:
    async def work(settings: Settings) -> None:
        from bot.app import run  # noqa: PLC0415  discord.py is only for those who run the bot

        await run(change(settings), out.print, part=part)

    carry_out(work)


def _without_token(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_token": None})
