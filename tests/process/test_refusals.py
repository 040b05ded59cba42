"""What keeps the bot from starting ends in one sentence, exit code 2, and a log without secrets."""

import asyncio
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from tests.postgres import at_database
from tests.process import production as installs
from tests.process import servers
from tests.process.bots import free_port, refusal, running
from tests.transport.standin import StandIn

TOKEN = "MTQ1NjA3.a-token.that-nobody-may-read"
PASSWORD = 'p@ss/wörd "100%"'
UNREACHABLE = (
    "The database cannot be reached: check that DATABASE_URL names a running PostgreSQL server and "
    "a database that exists there."
)
REFUSED = "The database refused the user or the password in DATABASE_URL: please check both."
TOKEN_REFUSED = (
    "Discord does not accept DISCORD_TOKEN: copy the bot's token again from the developer portal "
    "(Bot, Reset Token)."
)
DISCORD_UNREACHABLE = (
    "Discord cannot be reached: check this machine's connection, and DISCORD_API_URL if it is set."
)


def database_at(port: int, host: str = "127.0.0.1") -> str:
    return f"postgresql://kind:{quote(PASSWORD, safe='')}@{host}:{port}/kind"


def assert_no_secret(folder: Path, *secrets: str) -> None:
    """None of them, however it is spelt, stands in what any bot in the folder wrote."""
    forms = {form for s in secrets for form in (s, quote(s, safe=""), repr(s)[1:-1])}
    for log in folder.glob("*/err"):
        text = log.read_text(encoding="utf-8")
        assert not [form for form in forms if form in text], text


async def refusals(folder: Path, cases: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """The sentences with which bots of these settings, all at once, refuse to start."""
    sentences = await asyncio.gather(
        *(refusal(folder / name, **settings) for name, settings in cases.items())
    )
    return dict(zip(cases, sentences, strict=True))


async def test_wrong_settings(folder: Path) -> None:
    url = f"mysql://kind:{quote(PASSWORD, safe='')}@localhost/kind"
    assert await refusals(
        folder,
        {
            "name": {"dotenv": "DISCORD_TOKNE=x\n"},
            "zone": {"DEFAULT_ZONE": "Mars/Olympus"},
            "database": {"DATABASE_URL": url, "DISCORD_TOKEN": TOKEN},
        },
    ) == {
        "name": "DISCORD_TOKNE in .env is not a setting of this bot; see .env.example for those "
        "there are.",
        "zone": "DEFAULT_ZONE must be a time zone name such as America/Toronto or UTC.",
        "database": "DATABASE_URL must be an address that begins with postgresql://.",
    }
    assert_no_secret(folder, TOKEN, PASSWORD, url)


async def test_a_database_that_cannot_be_used(folder: Path, server_url: str) -> None:
    passwords: list[str] = []
    async with servers.stern(passwords) as stern, servers.silent() as silent:
        sentences = await refusals(
            folder,
            {
                "closed": {"DATABASE_URL": database_at(free_port())},
                "nowhere": {"DATABASE_URL": database_at(5432, "nowhere.invalid")},
                "silent": {"DATABASE_URL": database_at(silent)},
                "missing": {"DATABASE_URL": at_database(server_url, "no_such_database")},
                "password": {"DATABASE_URL": database_at(stern), "DISCORD_TOKEN": TOKEN},
                "other place": {
                    "DATABASE_URL": f"postgresql://kind@127.0.0.1:{stern}/kind"
                    f"?password={quote(PASSWORD, safe='')}",
                },
            },
        )
    assert sentences == {
        "closed": UNREACHABLE,
        "nowhere": UNREACHABLE,
        "silent": UNREACHABLE,
        "missing": UNREACHABLE,
        "password": REFUSED,
        "other place": REFUSED,
    }
    assert set(passwords) == {PASSWORD}
    assert "password *** is wrong" in (folder / "password" / "err").read_text(encoding="utf-8")
    assert_no_secret(folder, TOKEN, PASSWORD)


async def test_a_database_that_is_not_ready(
    folder: Path, database_url: str, empty_database_url: str
) -> None:
    async with servers.old(database_url, 13) as old:
        running, migrating, pending = await asyncio.gather(
            refusal(folder / "old", DATABASE_URL=old),
            refusal(folder / "old migrating", "db", "migrate", DATABASE_URL=old),
            refusal(folder / "pending", DATABASE_URL=empty_database_url),
        )
    too_old = "The database is PostgreSQL 13, and this bot needs 15 or newer: please upgrade the "
    assert running == migrating == f"{too_old}server."
    assert "`python -m bot db migrate`" in pending


async def test_a_user_without_rights(folder: Path, database_url: str) -> None:
    before, _, after = database_url.partition("@")
    assert before.startswith("postgresql://")
    guest, half = (f"guest_{secrets.token_hex(6)}" for _ in range(2))
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        f"CREATE ROLE {guest} LOGIN PASSWORD 'guest';"
        f"CREATE ROLE {half} LOGIN PASSWORD 'guest';"
        f"GRANT USAGE ON SCHEMA discord TO {half};"
        f"GRANT SELECT ON discord.alembic_version TO {half}"
    )
    try:
        sentences = await refusals(
            folder,
            {
                "none": {"DATABASE_URL": f"postgresql://{guest}:guest@{after}"},
                "few": {"DATABASE_URL": f"postgresql://{half}:guest@{after}"},
            },
        )
    finally:
        await connection.execute(f"DROP OWNED BY {half}; DROP ROLE {guest}, {half}")
        await connection.close()
    assert sentences == {
        "none": "PostgreSQL does not tell which migrations it has had: permission denied for "
        "schema discord.",
        "few": "The user in DATABASE_URL may not do what the bot needs in that database "
        "(permission denied for table challenges): please grant it.",
    }


async def test_discord_turns_the_bot_away(folder: Path, database_url: str) -> None:
    async with StandIn() as strict, StandIn(token=TOKEN) as broken, StandIn(token=TOKEN) as reset:
        broken.fail_next("GET", "^/users/@me$", status=503)
        reset.gateway._token = "another"  # pyright: ignore[reportPrivateUsage]
        here = {"DATABASE_URL": database_url, "DISCORD_TOKEN": TOKEN}
        sentences = await refusals(
            folder,
            {
                "token": here | {"DISCORD_API_URL": strict.api_url},
                "token reset": here | {"DISCORD_API_URL": reset.api_url},
                "out of order": here | {"DISCORD_API_URL": broken.api_url},
                "wrong path": here | {"DISCORD_API_URL": f"{broken.api_url}/api"},
                "closed": here | {"DISCORD_API_URL": f"http://127.0.0.1:{free_port()}"},
                "nowhere": here | {"DISCORD_API_URL": "http://nowhere.invalid"},
            },
        )
    assert sentences == {
        "token": TOKEN_REFUSED,
        "token reset": TOKEN_REFUSED,
        "out of order": DISCORD_UNREACHABLE,
        "wrong path": DISCORD_UNREACHABLE,
        "closed": DISCORD_UNREACHABLE,
        "nowhere": DISCORD_UNREACHABLE,
    }
    assert_no_secret(folder, TOKEN)


async def test_the_port_is_in_use(folder: Path, database_url: str) -> None:
    with socket.socket() as occupant:
        with suppress(OSError):  # somebody else has it
            occupant.bind(("127.0.0.1", 8790))
            occupant.listen()
        assert await refusal(folder / "bot", DATABASE_URL=database_url) == (
            "Port 8790 is in use by another program: set PLAYGROUND_PORT to another one."
        )


async def test_what_is_not_installed(folder: Path, production: Path, database_url: str) -> None:
    here = {"PYTHONPATH": str(production)}
    embedded, playground = await asyncio.gather(
        refusal(folder / "embedded", python=installs.PYTHON, **here),
        refusal(folder / "playground", python=installs.PYTHON, DATABASE_URL=database_url, **here),
    )
    assert embedded == (
        "There is no embedded PostgreSQL here: install the embedded group (uv sync --group "
        "embedded) or set DATABASE_URL."
    )
    assert playground == (
        "The playground is not installed: install the playground group (uv sync --group "
        "playground), or set DISCORD_TOKEN."
    )


async def test_readable_logs_hold_no_traceback_either(folder: Path) -> None:
    async with running(folder / "bot", DATABASE_URL=database_at(free_port())) as bot:
        assert await bot.ends() == 2
    (log, sentence) = bot.err.splitlines()
    assert "[warning  ] database trouble" in log
    assert "Connect call failed" in log
    assert sentence == UNREACHABLE
