"""`python -m bot account …`: what it says, what it does, and what it refuses."""

from pathlib import Path

import asyncpg
import pytest

from tests.process.bots import refusal, run, running

MEMBER = 710_000_000_000_000_001
NEWCOMER = 710_000_000_000_000_002
ADDRESS = "robin@example.org"

PEOPLE = f"""
INSERT INTO userdata (firstname, lastname, email) VALUES
    ('Robin', 'P', 'Robin@Example.org'),
    ('Robin', '(Discord)', 'discord-{MEMBER}@members.getkinder.invalid');
INSERT INTO discord.accounts (discord_id, user_id, zone, created_at)
VALUES ({MEMBER}, 2, 'UTC', now());
INSERT INTO challenges (name, total_days) VALUES ('Smile', 7);
INSERT INTO user_challenges (user_id, challenge_id, status, current_day) VALUES (2, 1, 'active', 2);
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed, completed_at)
VALUES (2, 1, 1, 'I smiled.', true, now());
INSERT INTO kai_interactions (user_id, context_type, message, assistant_response)
VALUES (2, 'chat', 'Hello', 'Hello!');
INSERT INTO discord.link_requests (discord_id, email, code, created_at)
VALUES ({MEMBER}, '{ADDRESS}', 'KIND-2222-3333', '2026-04-01 12:00+00'),
       (5, 'nobody@example.org', 'KIND-4444-5555', '2026-04-02 12:00+00');
"""
LOGS = "SELECT user_id, reflection FROM challenge_logs"


@pytest.fixture
async def url(database_url: str) -> str:
    """A database with a member, and somebody of the website's."""
    await execute(database_url, PEOPLE)
    return database_url


async def execute(url: str, sql: str) -> None:
    """Change something in the database."""
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_from_a_request_to_a_link_and_back(folder: Path, url: str) -> None:
    listed = await run(folder / "requests", "account", "requests", DATABASE_URL=url, COLUMNS="200")
    assert all(part in listed.out for part in (str(MEMBER), ADDRESS, "KIND-2222-3333"))
    assert "one account of it. (1)" in listed.out
    assert "no account of it." in listed.out
    assert listed.out.index("KIND-2222-3333") < listed.out.index("KIND-4444-5555")

    link = ("account", "link", str(MEMBER), ADDRESS)
    async with running(folder / "asked", *link, DATABASE_URL=url) as bot:
        assert await bot.ends() == 1
    assert "1 day(s), 0 badge(s), 1 turn(s)" in bot.out
    assert bot.remarks[-1] == "Nothing was changed."
    assert await rows(url, LOGS) == [(2, "I smiled.")]

    done = await run(folder / "link", *link, "--yes", DATABASE_URL=url)
    assert "would be linked to the website's account 1 (Robin@Example.org)" in done.out
    assert f"`python -m bot account unlink {MEMBER}` takes it back." in done.out
    assert await rows(url, LOGS) == [(1, "I smiled.")]
    requests = "SELECT discord_id, status, email, decided_by FROM discord.link_requests ORDER BY id"
    assert (await rows(url, requests))[0] == (MEMBER, "confirmed", "", None)

    unlink = ("account", "unlink", str(MEMBER), "--yes")
    undone = await run(folder / "unlink", *unlink, DATABASE_URL=url)
    assert "goes back with them" in undone.out
    assert await rows(url, LOGS) == [(2, "I smiled.")]
    audit = "SELECT actor_id, action, subject_id FROM discord.audit_log ORDER BY id"
    assert await rows(url, audit) == [
        (0, "account_link", MEMBER),
        (0, "account_unlink", MEMBER),
    ]


async def test_somebody_who_never_used_the_bot(folder: Path, url: str) -> None:
    """Their account is made, but not before the question is answered."""
    link = ("account", "link", str(NEWCOMER), ADDRESS)
    async with running(folder / "asked", *link, DATABASE_URL=url) as bot:
        assert await bot.ends() == 1
    accounts = f"SELECT user_id FROM discord.accounts WHERE discord_id = {NEWCOMER}"
    assert await rows(url, accounts) == []
    await run(folder / "link", *link, "--yes", DATABASE_URL=url)
    assert await rows(url, accounts) == [(1,)]


async def test_several_accounts_of_an_address(folder: Path, url: str) -> None:
    await execute(
        url,
        "INSERT INTO userdata (firstname, lastname, email) VALUES ('R', 'P', 'ROBIN@example.org')",
    )
    link = ("account", "link", str(MEMBER), ADDRESS, "--yes")
    async with running(folder / "several", *link, DATABASE_URL=url) as bot:
        assert await bot.ends() == 2
    assert "`python -m bot account link … --user ID`" in bot.remarks[0]
    await run(folder / "chosen", *link, "--user", "3", DATABASE_URL=url)
    assert await rows(url, "SELECT user_id FROM discord.accounts") == [(3,)]


async def test_erasing(folder: Path, url: str) -> None:
    erase = ("account", "erase", str(MEMBER))
    async with running(folder / "asked", *erase, DATABASE_URL=url) as bot:
        assert await bot.ends() == 1
    assert "User 2: all their rows go." in bot.out
    erased = await run(folder / "erase", *erase, "--yes", DATABASE_URL=url)
    assert "1  public.challenge_logs" in erased.out
    assert "The row 2 of userdata that the bot had made is deleted." in erased.out
    assert await rows(url, "SELECT id FROM userdata") == [(1,)]
    again = await run(folder / "again", *erase, "--yes", DATABASE_URL=url)
    assert again.out.endswith("There was nothing.\n")


async def test_refusals(folder: Path, url: str, empty_database_url: str) -> None:
    member = str(MEMBER)
    sentences = [
        await refusal(folder / name, "account", *arguments, DATABASE_URL=at)
        for name, arguments, at in (
            ("none", ("link", member, "nobody@example.org"), url),
            ("shape", ("link", member, "nobody"), url),
            ("reserved", ("link", member, f"discord-{member}@members.getkinder.invalid"), url),
            ("unlinked", ("unlink", member), url),
            ("short", ("unlink", member[:16]), url),
            ("long", ("erase", f"{member}00"), url),
            ("longer", ("link", f"{member}000", ADDRESS), url),
            ("empty", ("requests",), empty_database_url),
        )
    ]
    expected = (
        "no account of that address",
        "look like an e-mail",
        "reach nobody",
        "nothing to part. `python -m bot account link` begins.",
        f"There is no Discord id {member[:16]}: it has 17 to 19 digits",
        f"no Discord id {member}00:",
        f"no Discord id {member}000:",
        "lacks",
    )
    assert [s for s, part in zip(sentences, expected, strict=True) if part not in s] == []
