"""What the tests of `db check` share: doing something to a database, and looking at it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from db.care.checking import check
from db.care.shapes import Finding

Found = set[tuple[str, str, str]]
"""What was found, without the words: level, kind, where."""


@asynccontextmanager
async def connected(url: str, *statements: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection to the database, after the statements."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
        yield connection
    finally:
        await connection.close()


def places(found: list[Finding]) -> Found:
    """The findings without their words; nothing may be told twice."""
    assert len({(f.kind, f.where, f.what) for f in found}) == len(found)
    return {(f.level, f.kind, f.where) for f in found}


async def found_after(url: str, *statements: str) -> Found:
    """What is found once the statements have run."""
    async with connected(url, *statements) as connection:
        return places(await check(connection))


def troubles(found: list[Finding]) -> Found:
    """What keeps a database from being in step."""
    return {place for place in places(found) if place[0] != "note"}


async def found_and_mended(url: str, *statements: str) -> Found:
    """What is found once the statements have run.

    Then the remedies are run as they come, and must mend it; what takes them back must do that.
    """
    async with connected(url, *statements) as connection:
        found = await check(connection)
        remedies = [finding for finding in found if finding.remedy]
        for finding in remedies:
            await connection.execute(str(finding.remedy))
        left = troubles(await check(connection))
        assert left == troubles([finding for finding in found if not finding.remedy])
        for finding in reversed([finding for finding in remedies if finding.undo]):
            await connection.execute(str(finding.undo))
        if all(finding.undo for finding in remedies):
            assert troubles(await check(connection)) == troubles(found)
    return places(found)
