"""Whose archived turns come back: not what was forgotten, and not those of erased members."""

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions import linking, unlinking
from db import turns as forgetting
from db.links import Deed
from db.pool import create_pool
from db.posts import KAI_EMAIL
from tests.live import turns
from tests.live.turns import AWKWARD, OLD, archive, fill, name, restore, value

EACH = len(AWKWARD) * 3
ANN = 1001
"""Her Discord id."""
SOME = dt.datetime(2025, 5, 1, 8, tzinfo=dt.UTC)
"""An instant after some of the turns of May."""


@pytest.fixture
def folder(folder: Path) -> Path:
    """A folder that is not there yet, in one that is."""
    return folder / "archive"


async def ann_forgets(url: str, now: dt.datetime) -> int:
    """What Ann's `/kai forget` does."""
    pool = await create_pool(url, idle_seconds=0)
    try:
        return await forgetting.forget(pool, ANN, now)
    finally:
        await pool.close()


async def test_what_was_forgotten_stays_away(database_url: str, folder: Path) -> None:
    """Ann has turns until that instant forgotten, though there are none of hers in the table."""
    ann, _ben = await fill(database_url)
    to_stay = await value(
        database_url,
        "SELECT array_agg(id ORDER BY id) FROM kai_interactions WHERE NOT (user_id = $1 "
        "AND (created_at <= $2 OR created_at > '2025-07-01'))",
        *(ann, SOME.replace(tzinfo=None)),
    )
    await turns.execute(
        database_url,
        "INSERT INTO kai_interactions (user_id, context_type, message, created_at) "
        "VALUES ($1, 'reflection', 'The website wrote it.', '2025-04-02')",
        ann,
    )
    to_stay.append(4 * EACH + 1)
    await archive(database_url, folder)
    assert await ann_forgets(database_url, SOME) == EACH // 2, "those of December"
    done = [(await restore(database_url, folder / name(month))).restored for month in OLD]
    ids = "SELECT array_agg(id ORDER BY id) FROM kai_interactions"
    assert await value(database_url, ids) == to_stay
    assert [one.forgotten for one in done] == [EACH // 2, 14, 0]


async def test_forgetting_while_turns_come_back(database_url: str, folder: Path) -> None:
    """Whoever is first: what is forgotten in the end is forgotten."""
    ann, ben = await fill(database_url)
    await archive(database_url, folder)
    async with turns.connected(database_url) as other:
        change = other.transaction()
        await change.start()
        await other.execute(
            "UPDATE discord.accounts SET forgotten_until = $2 WHERE user_id = $1", ann, turns.NOW
        )
        coming = asyncio.create_task(restore(database_url, folder / name("2025-05")))
        await turns.until_waiting(database_url)
        await change.commit()
    restored = (await coming).restored
    assert (restored.back, restored.forgotten) == (EACH // 2, EACH // 2)
    assert await ann_forgets(database_url, turns.NOW) == EACH // 2, "those of December"
    count = "SELECT count(*) FROM kai_interactions WHERE user_id = $1"
    assert await value(database_url, count, ann) == 0
    assert await value(database_url, count, ben) == EACH


async def link(url: str, placeholder: int) -> int:
    """The member links their account to a user of the website's: that user's id."""
    real: int = await value(url, turns.USER, "real")
    await turns.execute(
        url, "UPDATE discord.accounts SET user_id = $2 WHERE user_id = $1", placeholder, real
    )
    await turns.execute(
        url,
        "INSERT INTO discord.links (discord_id, user_id, placeholder_id, linked_at) "
        "SELECT discord_id, user_id, $2, $3 FROM discord.accounts WHERE user_id = $1",
        *(real, placeholder, SOME),
    )
    return real


async def test_turns_of_a_linked_placeholder(database_url: str, folder: Path) -> None:
    """They go to the user that their member has linked; what they have forgotten stays away."""
    ann, ben = await fill(database_url)
    await archive(database_url, folder)
    real = await link(database_url, ann)
    restored = (await restore(database_url, folder / name("2025-04"))).restored
    assert (restored.back, restored.linked) == (EACH, EACH // 2)
    of = "SELECT count(*) FROM kai_interactions WHERE user_id = $1 AND created_at < '2025-07-01'"
    assert [await value(database_url, of, user) for user in (ann, ben, real)] == [
        0,
        EACH // 2,
        EACH // 2,
    ]
    await ann_forgets(database_url, turns.NOW)
    restored = (await restore(database_url, folder / name("2025-05"))).restored
    assert (restored.back, restored.forgotten, restored.linked) == (EACH // 2, EACH // 2, 0)
    assert await value(database_url, of, real) == 0


async def test_what_was_forgotten_while_linked(database_url: str, folder: Path) -> None:
    """It stays away after the parting, too, when nobody has that user's account any more."""
    ann, _ben = await fill(database_url)
    real = await link(database_url, ann)
    await turns.execute(
        database_url, "UPDATE kai_interactions SET user_id = $2 WHERE user_id = $1", ann, real
    )
    await archive(database_url, folder)
    await ann_forgets(database_url, turns.NOW)
    await turns.execute(database_url, "UPDATE discord.links SET unlinked_at = $1", turns.NOW)
    await turns.execute(
        database_url, "UPDATE discord.accounts SET user_id = $2 WHERE user_id = $1", real, ann
    )
    restored = (await restore(database_url, folder / name("2025-04"))).restored
    assert (restored.back, restored.forgotten) == (EACH // 2, EACH // 2)


@pytest.mark.parametrize(("days", "comes_back"), [(29, True), (31, False)])
async def test_what_was_archived_while_linked(
    database_url: str, folder: Path, days: int, comes_back: bool
) -> None:
    """A link that was taken back leaves nobody's words with the other's account."""
    await fill(database_url)
    own = await value(
        database_url, "SELECT user_id FROM discord.accounts WHERE discord_id = $1", ANN
    )
    pool = await create_pool(database_url, idle_seconds=0)
    deed = Deed(None, None, turns.NOW)
    try:
        await turns.execute(
            database_url,
            "INSERT INTO userdata (firstname, lastname, email) VALUES ('A', 'B', $1)",
            "ann@example.org",
        )
        linked = await linking.link(pool, ANN, "ann@example.org", deed)
        await archive(database_url, folder)
        later = replace(deed, now=turns.NOW + dt.timedelta(days=days))
        await unlinking.part(pool, ANN, later)
    finally:
        await pool.close()
    await restore(database_url, folder / name("2025-04"))
    of = "SELECT count(*) FROM kai_interactions WHERE user_id = $1 AND created_at < '2025-05-01'"
    held = [await value(database_url, of, user) for user in (own, linked.user_id)]
    assert held == ([EACH // 2, 0] if comes_back else [0, EACH // 2])


async def test_linking_while_turns_come_back(database_url: str, folder: Path) -> None:
    ann, _ben = await fill(database_url)
    await archive(database_url, folder)
    real: int = await value(database_url, turns.USER, "real")
    async with turns.connected(database_url) as other:
        change = other.transaction()
        await change.start()
        await other.execute(
            "UPDATE discord.accounts SET user_id = $2 WHERE user_id = $1", ann, real
        )
        await other.execute(
            "INSERT INTO discord.links (discord_id, user_id, placeholder_id, linked_at) "
            "VALUES ($4, $1, $2, $3)",
            *(real, ann, turns.NOW, ANN),
        )
        coming = asyncio.create_task(restore(database_url, folder / name("2025-05")))
        await turns.until_waiting(database_url)
        await change.commit()
    restored = (await coming).restored
    assert (restored.back, restored.linked) == (EACH, EACH // 2)
    of = "SELECT count(*) FROM kai_interactions WHERE user_id = $1"
    assert await value(database_url, of, real) == EACH // 2


async def test_turns_of_erased_users(database_url: str, folder: Path) -> None:
    """Their row in userdata is gone, or only their account; the website's turns and KAI's stay."""
    ann, ben = await fill(database_url)
    kai = await value(
        database_url,
        "INSERT INTO userdata (firstname, lastname, email) VALUES ('KAI', '(Discord)', $1) "
        "RETURNING id",
        KAI_EMAIL,
    )
    site = await value(database_url, turns.USER, "site")
    await turns.execute(
        database_url,
        "INSERT INTO kai_interactions (user_id, context_type, message, assistant_response, "
        "created_at) VALUES ($1, 'daily_post', NULL, 'Smile.', $4), ($2, 'reflection', 'Ah', NULL, "
        "$4), ($2, 'reflection', 'Ah', 'Oh', $4), ($3, 'reflection', 'Ah', NULL, $4)",
        *(kai, site, ann, SOME.replace(tzinfo=None)),
    )
    await archive(database_url, folder)
    await turns.execute(database_url, "DELETE FROM userdata WHERE id = $1", ben)
    await turns.execute(database_url, "DELETE FROM discord.accounts WHERE user_id = $1", ann)
    restored = (await restore(database_url, folder / name("2025-05"))).restored
    assert (restored.back, restored.erased) == (3, EACH + 1)
    left = "SELECT array_agg(user_id ORDER BY id) FROM kai_interactions WHERE created_at = $1"
    assert await value(database_url, left, SOME.replace(tzinfo=None)) == [kai, site, ann]
    await turns.execute(
        database_url,
        "INSERT INTO discord.accounts (discord_id, user_id, zone, created_at) "
        "VALUES ($3, $1, 'UTC', $2)",
        *(ann, turns.NOW, ANN),
    )
    restored = (await restore(database_url, folder / name("2025-04"))).restored
    assert (restored.back, restored.erased) == (0, EACH), "an account of later is a new beginning"


async def test_erasing_while_turns_come_back(database_url: str, folder: Path) -> None:
    ann, ben = await fill(database_url)
    await archive(database_url, folder)
    async with turns.connected(database_url) as other:
        change = other.transaction()
        await change.start()
        await other.execute("DELETE FROM discord.accounts WHERE user_id = $1", ann)
        coming = asyncio.create_task(restore(database_url, folder / name("2025-05")))
        await turns.until_waiting(database_url)
        await change.commit()
    restored = (await coming).restored
    assert (restored.back, restored.erased) == (EACH // 2, EACH // 2)
    of = "SELECT count(*) FROM kai_interactions WHERE user_id = $1 AND created_at < '2025-07-01'"
    assert [await value(database_url, of, user) for user in (ann, ben)] == [0, EACH // 2]
