"""Two roles, as in production: an owner of the tables, and a runner that the bot works as."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

import asyncpg

from db.care import granting


@asynccontextmanager
async def role(server_url: str, what: str) -> AsyncGenerator[str]:
    """The name of a new role, which no statement takes unquoted; dropped afterwards."""
    name = f'{what} "{secrets.token_hex(4)}"'
    await execute(server_url, f"CREATE ROLE {quoted(name)} LOGIN PASSWORD 'kind'")
    try:
        yield name
    finally:
        await execute(server_url, f"DROP ROLE {quoted(name)}")


def quoted(name: str) -> str:
    """A role's name as a statement takes it."""
    return '"' + name.replace('"', '""') + '"'


def as_role(url: str, name: str) -> str:
    """The same database, as another role sees it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(name, safe='')}:kind@{host}").geturl()


async def grant(url: str, name: str) -> None:
    """Do what `db grants` prints, as this URL's role."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("\n".join(await granting.grants(connection, name)))
    finally:
        await connection.close()


async def execute(url: str, *statements: str) -> None:
    """Execute statements, each by itself."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
