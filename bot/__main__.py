"""The command line: `python -m bot` runs the bot, `python -m bot db …` cares for the database."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, NoReturn
from urllib.parse import unquote, urlsplit

import discord
import structlog
import typer
from pydantic import SecretStr
from rich.console import Console

from bot import logs
from bot.actions.seeding import CatalogueError, seed_catalogue
from bot.app import Part, opened_voice, run
from bot.embedded import EmbeddedError
from bot.kai import evaluation, trying
from bot.kai.companion import Kai
from bot.kai.safety import concern_of
from bot.opening import StartError, database_trouble, open_database, require_migrated
from bot.settings import Settings, SettingsError, load
from db.pool import TROUBLE
from migrations import runner

cli = typer.Typer(
    help="The Get Kinder bot. Without a command it runs: on Discord when DISCORD_TOKEN is set, "
    "else in the playground in your browser.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="Care for the database.", no_args_is_help=True)
cli.add_typer(db, name="db")
kai = typer.Typer(help="Try the model that KAI speaks with.", no_args_is_help=True)
cli.add_typer(kai, name="kai")

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)
log = structlog.get_logger("bot")

SENTENCES = (SettingsError, StartError, EmbeddedError, runner.MigrationError, CatalogueError)
"""The errors whose message is meant for the person who runs the bot."""
FAULT = 1
WRONG_SETTINGS = 2


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
    part: Part = "everything" if worker else "bot"
    _carry_out(lambda settings: run(settings, out.print, part=part))


@cli.command("worker")
def worker_command() -> None:
    """Run a worker alone: it sends daily posts and reminders. Run as many as you like."""
    _carry_out(lambda settings: run(settings, out.print, part="worker"))


@cli.command()
def playground() -> None:
    """Open the playground even when a token is set."""
    _carry_out(lambda settings: run(_without_token(settings), out.print))


def _without_token(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_token": None})


@db.command()
def migrate() -> None:
    """Bring the database up to this version's schema."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, _pool):
            pending = await runner.pending(url)
            await runner.upgrade(url)
        for name in pending:
            out.print(f"applied {name}")
        out.print("The database is up to date.")

    _carry_out(work)


@db.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help='The revision to go back to, or "base".')],
) -> None:
    """Take the database back to an older revision; refused where rows would be lost."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, _pool):
            await runner.downgrade(url, revision)
        out.print(f"The database is at {revision}.")

    _carry_out(work)


@db.command()
def seed() -> None:
    """Load what is missing of the starter catalogue; running it again changes nothing."""

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, pool):
            await require_migrated(url)
            added = await seed_catalogue(pool, discord.utils.utcnow)
        out.print(", ".join(f"{count} {kind}(s) added" for kind, count in added.items()) + ".")

    _carry_out(work)


@kai.command("ask")
def kai_ask(
    message: Annotated[str, typer.Argument(help="What a member might write to KAI.")],
) -> None:
    """Ask the configured model something, and print the row that the turn would write.

    Nothing is written. KAI's tools are left out: they belong to a member.
    """

    async def work(settings: Settings) -> None:
        async with opened_voice(settings) as voice:
            tried = await trying.ask(
                Kai(voice, seconds=settings.kai_seconds), message, discord.utils.utcnow()
            )
        for column, value in trying.row_of(message, tried.words).items():
            out.print(f"{column:>18}  {value}", markup=False)
        by = settings.kai_model if voice is not None and tried.words.fell_back is None else "KAI"
        out.print(f"{by} answered in {tried.seconds:.1f} s.")
        if tried.words.fell_back is not None:
            raise StartError(
                f"The model had no answer ({tried.words.fell_back}), so the offline voice spoke: "
                "the log above says more."
            )

    _carry_out(work)


@kai.command("eval")
def kai_eval() -> None:
    """Score the safety check, and the configured model apart from it, on the evaluation texts."""

    async def work(settings: Settings) -> None:
        texts = evaluation.load()
        own = [evaluation.Verdict(text, concern_of(text.text)) for text in texts]
        _print_score("The safety check", own)
        async with opened_voice(settings) as voice:
            if voice is None or settings.kai_model is None:
                out.print("No model is configured (KAI_MODEL), so none was scored.")
                return
            with _progressbar(len(texts)) as bar:
                verdicts = await trying.evaluate(
                    voice,
                    texts,
                    discord.utils.utcnow(),
                    settings.kai_seconds,
                    lambda: bar.update(1),
                )
        _print_score(settings.kai_model, verdicts)

    _carry_out(work)


def _progressbar(length: int) -> Any:
    """A bar for whoever watches; nothing in a log or a pipe."""
    return typer.progressbar(length=length, file=sys.stderr, hidden=not sys.stderr.isatty())


def _print_score(title: str, verdicts: list[evaluation.Verdict]) -> None:
    for text in evaluation.lines(title, evaluation.score(verdicts)):
        out.print(text, markup=False)


def _carry_out(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Run a command to its end; whatever the person can put right ends in one sentence, exit 2."""
    # SIGTERM ends a command as Ctrl-C does, so that no embedded server is left behind.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = load()
        secrets = _secrets(settings)
        logs.configure(settings.log_level, settings.log_format, secrets, sys.stderr)
        asyncio.run(work(settings))
    except SENTENCES as error:
        _end(str(error))
    except TROUBLE as error:
        _end(str(database_trouble(error)))
    except Exception:
        log.exception("unexpected error")  # not Python's own traceback, which would show secrets
        _end("The bot stopped by a mistake of its own: see the log above.", FAULT)


def _interrupt(_number: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


def _end(sentence: str, code: int = WRONG_SETTINGS) -> NoReturn:
    err.print(sentence, markup=False)
    raise typer.Exit(code)


def _secrets(settings: Settings) -> list[str]:
    """What must never stand in a log: the token, the model's key, the database's address."""
    values = [settings.discord_token, settings.database_url, settings.kai_api_key]
    found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    if settings.database_url is not None:
        parts = urlsplit(settings.database_url.get_secret_value())
        # PostgreSQL's URLs may name the password among the options too.
        passwords = [parts.password or "", *re.findall(r"\bpassword=([^&]+)", parts.query)]
        found += [*passwords, *map(unquote, passwords)]
    return found


if __name__ == "__main__":
    cli()
