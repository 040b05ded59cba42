"""The schema handbook of the website's own database, before and after it is adopted."""

import re

import asyncpg

from db.care.documenting import document, read_schema
from db.care.keys import NINE
from db.care.reading import read_catalogue
from db.care.shapes import Catalogue
from tests.database.catalog import execute
from tests.live.adoption import adopt


async def written(url: str) -> str:
    """The document of the database there, without a change log."""
    connection = await asyncpg.connect(url)
    try:
        return document(await read_schema(connection), [])
    finally:
        await connection.close()


def ddl(text: str) -> list[str]:
    """The blocks of section 3."""
    section = text.partition("\n## 3) ")[2].partition("\n---\n")[0]
    return re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


async def catalogue(url: str) -> Catalogue:
    """The shape of the database there."""
    connection = await asyncpg.connect(url)
    try:
        return await read_catalogue(connection, ["public", "discord"])
    finally:
        await connection.close()


async def test_what_is_there_is_described(small_live_url: str, empty_database_url: str) -> None:
    """The nine as they are, without what they lack; nothing of the other tables'."""
    text = await written(small_live_url)
    there = await catalogue(small_live_url)
    others = [t.name for t in there.tables.values() if t.name not in (*NINE, "userdata")]
    assert len(others) >= 10
    assert f"{len(others)} other table(s) of `public` are the website's alone" in text
    columns = len(there.tables["public.userdata"].columns) - 6
    assert f"> **Note:** {columns} other column(s) of `userdata` are the website's." in text
    shown = text.partition("## 4)")[0]
    assert "discord." not in shown
    assert [name for name in others if f"`{name}`" in shown or f" {name} " in shown] == []

    for block in ddl(text):
        await execute(empty_database_url, block)
    made = (await catalogue(empty_database_url)).tables
    assert set(made) == {f"public.{name}" for name in (*NINE, "userdata")}
    for name in NINE:
        assert made[f"public.{name}"] == there.tables[f"public.{name}"]


async def test_an_adopted_database_makes_its_like(
    small_live_url: str, empty_database_url: str
) -> None:
    await adopt(small_live_url)
    for block in ddl(await written(small_live_url)):
        await execute(empty_database_url, block)
    there, made = await catalogue(small_live_url), await catalogue(empty_database_url)
    for name, table in made.tables.items():
        assert name == "public.userdata" or table == there.tables[name]
    assert len(made.tables) > 30
    assert {name: there.functions[name] for name in made.functions} == made.functions
