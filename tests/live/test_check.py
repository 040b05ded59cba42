"""`db check` over the website's database: every difference that is there, and nothing else.

The list was written by hand from what is known of that database before the check ever ran on it.
"""

from collections import Counter

import pytest

from db.care.checking import check
from db.care.keys import UNIQUE_KEYS
from tests.database import catalog
from tests.live.adoption import adopt, connected

BEFORE = {
    ("drift", "migrations", "discord"),
    *(
        ("breaking", "missing unique constraint", f"public.{table}.{table}_{columns}_key")
        for table, columns in {
            "user_challenges": "user_id_challenge_id",
            "challenge_logs": "user_id_challenge_id_day_number",
            "user_quests": "user_id_quest_id",
            "quest_logs": "user_id_quest_id_day_number",
            "user_badges": "user_id_badge_id",
        }.items()
    ),
    ("drift", "missing index", "public.challenges.idx_challenges_active"),
    ("drift", "missing index", "public.kai_interactions.idx_kai_interactions_context"),
    ("drift", "duplicates", "public.user_challenges"),
    ("drift", "duplicates", "public.challenge_logs"),
    ("drift", "duplicates", "public.user_quests"),
    ("drift", "duplicates", "public.quest_logs"),
    ("drift", "duplicates", "public.user_badges"),
    ("note", "column order", "public.quests"),
    ("note", "no action", "public.userdata"),
    ("note", "no action", "public.challenges"),
    ("note", "unindexed reference", "public.userdata"),
    ("note", "addresses", "public.userdata.email"),
}
AFTER = {found for found in BEFORE if found[0] == "note"}

SENTENCES = {
    ("migrations", "discord"): "6 migration(s) are pending, from 0001_handbook_tables on: "
    "`python -m bot db adopt` is the way.",
    ("no action", "public.userdata"): "Rows that kai.conversations, public.blog_comments, "
    "public.blog_posts, public.challenge_invites, public.donations and 3 more refer to cannot be "
    "deleted from public.userdata.",
    ("no action", "public.challenges"): "Rows that public.challenge_sponsors refer to cannot be "
    "deleted from public.challenges.",
    ("unindexed reference", "public.userdata"): "Deleting a row of public.userdata reads all of "
    "kai.conversations, public.blog_comments, public.blog_posts, public.challenge_invites, "
    "public.circle_members and 6 more: there is no index for it.",
    ("column order", "public.quests"): "The columns of public.quests stand in another order than "
    "the handbook's.",
}


async def test_every_difference_and_nothing_else(live_url: str) -> None:
    pending = await catalog.pending(live_url)
    async with connected(live_url) as connection:
        found = await check(connection, pending=pending)
    assert {(f.level, f.kind, f.where) for f in found} == BEFORE
    assert len(found) == len(BEFORE)
    said = {(f.kind, f.where): f.what for f in found}
    assert {place: said[place] for place in SENTENCES} == SENTENCES


@pytest.mark.parametrize("table", UNIQUE_KEYS)
async def test_duplicates_are_counted(live_url: str, table: str) -> None:
    keys = ", ".join(UNIQUE_KEYS[table])
    async with connected(live_url) as connection:
        rows = await connection.fetch(f"SELECT {keys} FROM public.{table}")
        found = await check(connection, pending=await catalog.pending(live_url))
    counts = Counter(tuple(row.values()) for row in rows)
    many = [count for count in counts.values() if count > 1]
    sentence = f"{sum(many)} rows of public.{table} should be {len(many)}, one for each ({keys})."
    assert [f.what for f in found if (f.kind, f.where) == ("duplicates", f"public.{table}")] == [
        sentence
    ]


async def test_in_step_once_it_is_adopted(small_live_url: str) -> None:
    await adopt(small_live_url)
    async with connected(small_live_url) as connection:
        found = await check(connection)
    assert {(f.level, f.kind, f.where) for f in found} == AFTER
    assert len(found) == len(AFTER)
