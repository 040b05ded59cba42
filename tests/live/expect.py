"""Writes `db/care/expected.json` from a migrated database: `python -m tests.live.expect`."""

import asyncio

import asyncpg

from db.care import expected
from db.care.reading import read_catalogue
from migrations import runner
from tests import postgres


async def expected_json(url: str) -> str:
    """What the file must hold, by the migrated database at the URL."""
    connection = await asyncpg.connect(url)
    try:
        return expected.as_json(await read_catalogue(connection, ["public", "discord"]))
    finally:
        await connection.close()


async def _write(server_url: str) -> None:
    async with postgres.database(server_url) as url:
        await runner.upgrade(url)
        expected.FILE.write_text(await expected_json(url), encoding="utf-8")


if __name__ == "__main__":
    with postgres.server() as server_url:
        asyncio.run(_write(server_url))
