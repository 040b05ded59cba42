"""What every command shares: the consoles, and how a command is carried out to its end."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import structlog
import typer
from pydantic import SecretStr
from rich.console import Console

from bot import logs
from bot.actions.archive_files import ArchiveError
from bot.actions.seeding import CatalogueError
from bot.embedded import EmbeddedError
from bot.opening import StartError, database_trouble
from bot.settings import Settings, SettingsError, load
from db.pool import TROUBLE
from migrations.history import MigrationError

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)
log = structlog.get_logger("bot")

SENTENCES = (
    SettingsError,
    StartError,
    EmbeddedError,
    MigrationError,
    CatalogueError,
    ArchiveError,
)
"""The errors whose message is meant for the person who runs the bot."""
FAULT = 1
"""The exit code of a command whose answer is no: it differs, it is refused."""
WRONG_SETTINGS = 2
MISTAKE = 3
"""The exit code of whatever nobody foresaw."""


def carry_out(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Run a command to its end; whatever the person can put right ends in one sentence, exit 2.

    A mistake of the bot's own is logged, exit 3.
    """
    # SIGTERM ends a command as Ctrl-C does, so that no embedded server is left behind; a script
    # that starts one in the background has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = load()
        secrets = _secrets(settings)
        logs.configure(settings.log_level, settings.log_format, secrets, sys.stderr)
        asyncio.run(work(settings))
    except SENTENCES as error:
        end(str(error))
    except TROUBLE as error:
        end(str(database_trouble(error)))
    except typer.Exit:  # a command's own exit code
        raise
    except Exception:
        log.exception("unexpected error")  # not Python's own traceback, which would show secrets
        end("The bot stopped by a mistake of its own: see the log above.", MISTAKE)


def _interrupt(_number: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


def end(sentence: str, code: int = WRONG_SETTINGS) -> NoReturn:
    """End the command with a sentence for the person, and an exit code."""
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


def progressbar(length: int) -> Any:
    """A bar for whoever watches; nothing in a log or a pipe."""
    return typer.progressbar(length=length, file=sys.stderr, hidden=not sys.stderr.isatty())
