"""The starter catalogue and how it is loaded; KAI's acts and phrases, which members read."""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import asyncpg
import discord
import pytest

from bot.actions.seeding import (
    CATALOGUE,
    CatalogueError,
    read_catalogue,
    seed_catalogue,
    seed_if_empty,
)
from bot.kai.acts import all_acts, choose_act
from bot.kai.offline import OfflineVoice, phrases
from bot.kai.trying import question_of
from bot.rules.points import DIFFICULTIES, Difficulty
from bot.rules.texts import is_emoji, is_storable
from bot.ui.text import is_cut
from db.pool import Pool

NOTHING = {"challenge": 0, "quest": 0, "badge": 0}
SETTINGS = {"anywhere", "home", "online", "out", "school", "work"}
THEMES = {
    *("animals", "community", "family", "friends", "gratitude", "learning"),
    *("listening", "neighbours", "planet", "self", "strangers", "words"),
}
STOP_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        """a about after again all an and any are as ask at away be before but by can do down each
    even every find for from get give go had has have her hers him his how if in into is it its just
    know let like make more much no not of off on one only or other our out over own please really
    she so some somebody someone something take tell than that the their them then there they
    thing this to today too up very was were what when where which while who whom whose will with
    without would you your yours""",
    )
)
PLACEHOLDERS = {
    "notes": {"name", "day", "total_days", "item"},
    "guidance": {"day", "total_days", "challenge", "name"},
    "beginnings": {"act"},
    "ask_fresh": {"name", "points"},
    "ask_challenge": {"name", "item", "day", "total_days", "points"},
    "ask_quest": {"name", "item", "day", "total_days", "points"},
    "ask_done_today": {"name", "item", "points"},
    "ask_streak": {"name", "streak", "item", "points"},
    "refuse_medical": set[str](),
    "refuse_legal": set[str](),
    "away": {"name"},
    "away_over_budget": {"name"},
    "away_all_used": {"name"},
    "away_refused": {"name"},
}


async def _count(pool: Pool) -> dict[str, int]:
    return {kind: await pool.fetchval(f"SELECT count(*) FROM {kind}s") for kind in NOTHING}


async def _seed(pool: Pool, path: Path = CATALOGUE) -> dict[str, int]:
    return await seed_catalogue(pool, discord.utils.utcnow, path)


def _changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The catalogue's file with some of its text replaced."""
    text = CATALOGUE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return path


# The file.


def test_the_starter_catalogue_has_enough_of_everything() -> None:
    """Challenges with all their days, quests of each difficulty, badges of both kinds."""
    catalogue = read_catalogue()
    assert len(catalogue.challenge) >= 4
    power = next(c for c in catalogue.challenge if c.name == "Discover the Power of Kindness")
    assert power.total_days == 7
    for challenge in catalogue.challenge:
        assert [day.day_number for day in challenge.day] == list(range(1, challenge.total_days + 1))
    assert len(catalogue.quest) >= 6
    assert {quest.difficulty for quest in catalogue.quest} == set(DIFFICULTIES)
    for quest in catalogue.quest:
        assert {theme.strip() for theme in quest.random_task_seed.split(",")} <= THEMES
    assert len(catalogue.badge) >= 14
    assert min(Counter(badge.points_required is None for badge in catalogue.badge).values()) >= 4
    assert all(is_emoji(badge.icon) for badge in catalogue.badge)


def test_no_two_of_a_kind_share_a_name() -> None:
    """A member could not tell them apart, and a name is how a row made by hand is found."""
    catalogue = read_catalogue()
    for items in (catalogue.challenge, catalogue.quest, catalogue.badge):
        assert len({item.name.casefold() for item in items}) == len(items)


# Loading it.


async def test_seeding_twice_adds_nothing(pool: Pool) -> None:
    """What was loaded is known again, days and all."""
    added = await _seed(pool)
    assert added == await _count(pool)
    assert min(added.values()) >= 4
    days = await pool.fetchval("SELECT count(*) FROM discord.challenge_days")
    assert days == sum(challenge.total_days for challenge in read_catalogue().challenge)
    assert await _seed(pool) == NOTHING
    assert await _count(pool) == added
    assert await pool.fetchval("SELECT count(*) FROM discord.challenge_days") == days


async def test_seeding_by_itself_is_for_an_empty_catalogue(pool: Pool) -> None:
    """One row of anybody's is enough for it to stay away."""
    await pool.execute("INSERT INTO badges (name) VALUES ('Ours')")
    assert not await seed_if_empty(pool, discord.utils.utcnow)
    assert await _count(pool) == {**NOTHING, "badge": 1}
    await pool.execute("DELETE FROM badges")
    assert await seed_if_empty(pool, discord.utils.utcnow)


async def test_a_renamed_item_is_not_doubled(pool: Pool, tmp_path: Path) -> None:
    """Its slug finds it, whether moderators renamed the row or a release the item."""
    added = await _seed(pool)
    await pool.execute(
        "UPDATE challenges SET name = 'A Kind Week' WHERE name = 'Discover the Power of Kindness'"
    )
    assert await _seed(pool) == NOTHING
    path = _changed(tmp_path, ('name = "Small Surprises"', 'name = "Little Wonders"'))
    assert await _seed(pool, path) == NOTHING
    assert await _count(pool) == added
    names = await pool.fetch("SELECT name FROM challenges UNION ALL SELECT name FROM quests")
    assert {"A Kind Week", "Small Surprises"} <= {row["name"] for row in names}


async def test_an_item_made_by_hand_is_adopted(pool: Pool) -> None:
    """One of the same name is taken for it, keeps what it has, and gets what it lacks."""
    challenge = await pool.fetchval(
        "INSERT INTO challenges (name, description, total_days)"
        " VALUES ('Discover the Power of Kindness', 'Ours', 7) RETURNING id"
    )
    await pool.execute(
        "INSERT INTO discord.challenge_days (challenge_id, day_number, day_title)"
        " VALUES ($1, 3, 'Our third day')",
        challenge,
    )
    await pool.execute("INSERT INTO badges (name, icon) VALUES ('Warm Welcome', '🎩')")
    catalogue = read_catalogue()
    added = await _seed(pool)
    assert added["challenge"] == len(catalogue.challenge) - 1
    assert added["badge"] == len(catalogue.badge) - 1
    row = await pool.fetchrow("SELECT * FROM challenges WHERE id = $1", challenge)
    assert row is not None
    assert row["description"] == "Ours"
    titles = await pool.fetch(
        "SELECT day_title FROM discord.challenge_days WHERE challenge_id = $1 ORDER BY day_number",
        challenge,
    )
    assert len(titles) == 7
    assert titles[2]["day_title"] == "Our third day"
    assert await pool.fetchval("SELECT icon FROM badges WHERE name = 'Warm Welcome'") == "🎩"

    await pool.execute("UPDATE challenges SET name = 'Renamed' WHERE id = $1", challenge)
    assert await _seed(pool) == NOTHING, "it is known by its slug from now on"


async def test_an_item_that_was_deleted_comes_back(pool: Pool) -> None:
    """Its slug leads nowhere, so it is as good as new."""
    await _seed(pool)
    await pool.execute("DELETE FROM quests WHERE name = 'Small Surprises'")
    assert await _seed(pool) == {**NOTHING, "quest": 1}
    assert await _seed(pool) == NOTHING


async def test_a_row_stands_for_one_item(pool: Pool) -> None:
    """One that took the name of another item is not taken for that one too."""
    await _seed(pool)
    await pool.execute("DELETE FROM quests WHERE name = 'Small Surprises'")
    await pool.execute(
        "UPDATE quests SET name = 'Small Surprises' WHERE name = 'A Fortnight of Thanks'"
    )
    assert await _seed(pool) == {**NOTHING, "quest": 1}


async def test_two_seeds_at_once(pool: Pool) -> None:
    """Two processes start on an empty database: each item is there once."""
    first, second = await asyncio.gather(_seed(pool), _seed(pool))
    added = first if second == NOTHING else second
    assert NOTHING in (first, second), "one of them found all of it there"
    assert await _count(pool) == added
    assert added["challenge"] == len(read_catalogue().challenge)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('difficulty = "Easy"', 'difficulty = "Simple"'),
        ("day_number = 2\n", "day_number = 3\n"),
        ("total_days = 7", "total_days = 8"),
        ('slug = "seedling"', 'slug = "seedling"\ncolour = "green"'),
        ('slug = "seedling"', 'slug = "Seed ling"'),
        ('slug = "seedling"', 'slug = "lantern"'),
        ("points_required = 50", "points_required = 0"),
        ("[[quest]]", "[[quest"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """As a whole, before anything is loaded, saying in which file."""
    with pytest.raises(CatalogueError, match=r"catalogue\.toml"):
        read_catalogue(_changed(tmp_path, (old, new)))


def test_no_file_at_all(tmp_path: Path) -> None:
    """A path that leads nowhere is refused like a bad file."""
    with pytest.raises(CatalogueError):
        read_catalogue(tmp_path / "none.toml")


async def test_a_bad_file_loads_nothing(pool: Pool, tmp_path: Path) -> None:
    """Though all but the last badge is right."""
    path = _changed(tmp_path, ('name = "Good Company"', 'name = ""'))
    with pytest.raises(CatalogueError):
        await _seed(pool, path)
    assert await _count(pool) == NOTHING


async def test_what_the_database_refuses_loads_nothing(pool: Pool, tmp_path: Path) -> None:
    """The last badge fails, and all that went before it is undone."""
    path = _changed(tmp_path, ('name = "Good Company"', 'name = "Good \\u0000 Company"'))
    with pytest.raises((asyncpg.PostgresError, CatalogueError)):
        await _seed(pool, path)
    assert await _count(pool) == NOTHING


# KAI's acts and phrases.


def _normalised(text: str) -> str:
    """What an act says, whatever its case, its punctuation and its small words."""
    words = re.findall(r"[a-z0-9]+", text.casefold().replace("'", ""))
    return " ".join(word for word in words if word not in STOP_WORDS)


def test_there_are_four_hundred_acts_and_no_two_alike() -> None:
    """Neither after normalising, nor with the words in another order."""
    acts = all_acts()
    assert len(acts) >= 400
    said = Counter(_normalised(act.text) for act in acts)
    assert [text for text, count in said.items() if count > 1] == []
    turned = Counter(" ".join(sorted(set(_normalised(act.text).split()))) for act in acts)
    assert [text for text, count in turned.items() if count > 1] == []


def test_every_act_is_well_formed() -> None:
    """Known tags, minutes that fit its difficulty, and a text that fits a card."""
    for act in all_acts():
        assert act.setting in SETTINGS
        assert act.theme in THEMES
        assert 1 <= act.minutes <= 24 * 60
        assert 20 <= len(act.text) <= 400
        assert act.text == act.text.strip()
        assert act.text[-1] in ".!?"
        assert is_storable(act.text)
        assert not is_cut(act.text)
        assert not re.search(r"[{}\n]", act.text)
    assert Counter(act.difficulty for act in all_acts())["Easy"] >= 365
    assert {act.theme for act in all_acts()} == THEMES


YEAR = 365


def _year(user_id: int, difficulty: Difficulty, *, told: bool) -> list[str]:
    """A year's tasks of one quest; `told` says what the member had before, as the bot does."""
    had: list[str] = []
    for day in range(1, YEAR + 1):
        act = choose_act(
            seed="friends, planet",
            user_id=user_id,
            quest_id=7,
            day=day,
            difficulty=difficulty,
            earlier=tuple(had) if told else (),
        )
        had.append(act.text)
    return had


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_year_of_a_quest_never_repeats(difficulty: Difficulty) -> None:
    """For several members, each with another year; harder ones first, easier when none is left."""
    years = [_year(1, difficulty, told=False), _year(2, difficulty, told=True)]
    levels = {act.text: DIFFICULTIES.index(act.difficulty) for act in all_acts()}
    of_level = Counter(levels.values())
    for year in years:
        assert len(set(year)) == YEAR
        had = [levels[text] for text in year]
        assert had == sorted(had, reverse=True), "the easier ones come last"
        own = DIFFICULTIES.index(difficulty)
        assert max(had) == own
        for level in range(own, 0, -1):
            if level - 1 in had:
                assert had.count(level) == of_level[level], "none of its own is left"
    assert years[0] != years[1]


def test_a_task_is_the_same_in_every_process() -> None:
    """Whatever Python's own hashing does."""
    code = (
        "from bot.kai.acts import choose_act;"
        "print([choose_act(seed='friends', user_id=u, quest_id=3, day=d, difficulty='Medium').text"
        " for u in (1, 2) for d in (1, 200)])"
    )

    def run(hash_seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.check_output([sys.executable, "-c", code], env=env, text=True)

    assert run("1") == run("2")


def test_the_seed_leads_and_earlier_acts_are_passed_over() -> None:
    """Acts on the quest's themes come first; one that the member has had does not come again."""

    def first(*earlier: str) -> tuple[str, str]:
        act = choose_act(
            seed="animals", user_id=5, quest_id=2, day=1, difficulty="Easy", earlier=earlier
        )
        return act.text, act.theme

    text, theme = first()
    assert theme == "animals"
    other, theme = first(text)
    assert other != text
    assert theme == "animals"


def test_phrases_hold_only_the_names_they_may() -> None:
    """A name that is not filled in would reach the member in braces."""
    assert set(phrases()) == set(PLACEHOLDERS)
    for occasion, texts in phrases().items():
        assert len(texts) >= 3
        assert len({_normalised(text) for text in texts}) == len(texts)
        for text in texts:
            assert set(re.findall(r"\{(\w*)\}", text)) <= PLACEHOLDERS[occasion], text
            assert not re.search(r"[{}]", re.sub(r"\{\w+\}", "", text)), text
        free = [text for text in texts if "{item}" not in text]
        assert free, "there is one to say when nothing is under way"


async def test_every_answer_is_filled_in() -> None:
    """In whatever state the member is: nothing under way, done for today, on a streak."""
    question = replace(question_of("", discord.utils.utcnow()), user_id=1, points=20)
    on_it = replace(question, item="Small Surprises", kind="quest", day=2, total_days=7, streak=5)
    states = [question, replace(question, done_today=True), on_it, replace(on_it, done_today=True)]
    for state in states:
        for number in range(60):
            answer = OfflineVoice().answer(replace(state, text="Hi" + "!" * number))
            assert not re.search(r"[{}]|\bNone\b", answer), answer


def test_the_acts_files_hold_nothing_else() -> None:
    """A misspelt table would be an act that nobody ever sees."""
    for path in (Path(sys.modules[choose_act.__module__].__file__ or "").parent / "acts").iterdir():
        assert set(tomllib.loads(path.read_text(encoding="utf-8"))) == {"act"}
