"""The PostgreSQL server that the tests share, and the databases they get on it.

`TEST_DATABASE_URL` names a server (and a role on it that may create databases); without it the
embedded one runs in a temporary folder for the session. Nothing on it is worth keeping, so it does
not wait for the disk.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from bot.embedded import EmbeddedServer

MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # bytes; a container's memory file system is often far smaller

# An odd time zone shows every connection that forgot to pin its own.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "timezone": "America/St_Johns",
}


def at_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@contextmanager
def temporary_folder() -> Generator[Path]:
    """A folder for a server, in memory where there is room. (pytest's own are closed to others.)"""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    folder = Path(tempfile.mkdtemp(prefix="get-kinder-tests-", dir=MEMORY if roomy else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def server() -> Generator[str]:
    """A server for the session: the URL of a database on it from which others can be made."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with temporary_folder() as folder:
        embedded = EmbeddedServer(folder, settings=SETTINGS)
        try:
            yield asyncio.run(embedded.start())
        finally:
            asyncio.run(embedded.stop())


@asynccontextmanager
async def database(server_url: str, template: str | None = None) -> AsyncGenerator[str]:
    """A new database, empty or a copy of the template, dropped afterwards: its URL."""
    name = f"test_{secrets.token_hex(6)}"
    source = template or "template1"
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
    try:
        yield at_database(server_url, name)
    finally:
        await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
