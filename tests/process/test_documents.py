"""`python -m bot db document` and `db explain`: what they write, and where they refuse."""

from pathlib import Path

from tests.process.bots import PROJECT, refusal, run


async def test_the_handbook_is_written(folder: Path, database_url: str) -> None:
    bot = await run(folder / "bot", "db", "document", DATABASE_URL=database_url)
    assert bot.out == "Wrote docs/schema.md.\n"
    written = (folder / "bot" / "docs" / "schema.md").read_text(encoding="utf-8")
    assert written == (PROJECT / "docs" / "schema.md").read_text(encoding="utf-8")
    to = ("--to", "deep/in/[here]/handbook.md")
    bot = await run(folder / "again", "db", "document", *to, DATABASE_URL=database_url)
    assert bot.out == "Wrote deep/in/[here]/handbook.md.\n"
    assert (folder / "again" / to[1]).read_text(encoding="utf-8") == written


async def test_there_must_be_something_to_describe(folder: Path, empty_database_url: str) -> None:
    said = await refusal(folder / "bot", "db", "document", DATABASE_URL=empty_database_url)
    assert "`python -m bot db migrate`" in said
    assert not (folder / "bot" / "docs").exists()


async def test_a_place_that_cannot_be_written(folder: Path, database_url: str) -> None:
    (folder / "file").write_text("")
    for command in ("document", "explain"):
        to = ("--to", str(folder / "file" / "in it"))
        said = await refusal(folder / command, "db", command, *to, DATABASE_URL=database_url)
        assert f"cannot be written to {folder}/file/in it: " in said


async def test_one_query_is_explained(folder: Path, database_url: str) -> None:
    arguments = ("db", "explain", "--analyze", "turns_kept")
    bot = await run(folder / "bot", *arguments, DATABASE_URL=database_url)
    assert bot.out == "Wrote 1 file(s) to docs/explain.\n"
    (file,) = (folder / "bot" / "docs" / "explain").iterdir()
    text = file.read_text(encoding="utf-8")
    assert file.name == "turns_kept.txt"
    assert "-- public.kai_interactions: 0 rows\n" in text
    assert "Execution Time: " in text


async def test_all_queries_are_explained_without_running_them(
    folder: Path, database_url: str
) -> None:
    bot = await run(folder / "bot", "db", "explain", "--to", "here", DATABASE_URL=database_url)
    files = sorted(path.name for path in (folder / "bot" / "here").iterdir())
    assert files == sorted(path.name for path in (PROJECT / "docs" / "explain").iterdir())
    assert bot.out == f"Wrote {len(files)} file(s) to here.\n"
    texts = [path.read_text(encoding="utf-8") for path in (folder / "bot" / "here").iterdir()]
    assert all("(cost=" in text and "Execution Time" not in text for text in texts)


async def test_an_unknown_query_is_a_sentence(folder: Path, database_url: str) -> None:
    said = await refusal(folder / "bot", "db", "explain", "nothing", DATABASE_URL=database_url)
    assert said.startswith("There is no query nothing: there are active_members_by_day, ")
