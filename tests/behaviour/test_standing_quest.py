"""The standing quest of daily posts: always there, in no list, without end, beside the three."""

import discord

from bot.actions.companion import ReflectionRequest
from bot.actions.seeding import ensure_standing_quest
from bot.actions.toolbox import Toolbox
from bot.kai import prompts
from db.pool import Pool
from tests.behaviour.town import Town, text_of

STANDING = "Daily Spark"
THREE = ("Small Surprises", "Within Walking Distance", "The Braver Kindness")
SLUG = "SELECT item_id FROM discord.catalogue_slugs WHERE kind = 'quest' AND slug = 'daily-spark'"


async def ensured(pool: Pool) -> bool:
    """What `ensure_standing_quest` gives."""
    return await ensure_standing_quest(pool, discord.utils.utcnow)


async def test_it_comes_to_a_catalogue_without_it(pool: Pool) -> None:
    """One that was filled before gets it, once, and nothing else."""
    await pool.execute("TRUNCATE quests, discord.catalogue_slugs CASCADE")
    await pool.execute("INSERT INTO quests (name, total_days) VALUES ('Ours', 7)")
    assert await ensured(pool)
    rows = await pool.fetch("SELECT id, name, total_days, difficulty FROM quests ORDER BY id")
    assert [tuple(row)[1:] for row in rows] == [("Ours", 7, "Medium"), (STANDING, 36_500, "Easy")]
    assert await pool.fetchval(SLUG) == rows[1]["id"]
    assert not await ensured(pool)
    assert await pool.fetchval("SELECT count(*) FROM quests") == 2


async def test_it_is_known_by_its_slug_then_by_its_name(pool: Pool) -> None:
    """Renamed, it stays what it is; made by hand, it is taken for it; deleted, it comes back."""
    assert not await ensured(pool)
    await pool.execute("UPDATE quests SET name = 'A Spark' WHERE name = $1", STANDING)
    assert not await ensured(pool)
    await pool.execute("DELETE FROM quests WHERE name = 'A Spark'")
    by_hand = await pool.fetchval(
        "INSERT INTO quests (name, total_days) VALUES ($1, 36500) RETURNING id", STANDING
    )
    assert await ensured(pool)
    assert await pool.fetchval(SLUG) == by_hand
    assert await pool.fetchval("SELECT count(*) FROM quests WHERE name = $1", STANDING) == 1


async def test_it_is_nobodys_to_choose(town: Town) -> None:
    """No list, no choice and no suggestion has it, but for the set-up of a server's posts."""
    await town.slash(town.ann, "me")
    shown = await town.slash(town.ann, "quest list")
    assert STANDING not in text_of(shown)
    assert STANDING not in text_of(await town.press(town.ann, shown, "More"))
    assert await town.offered(town.ann, "quest start", "quest", "spark") == []
    assert await town.offered(town.ann, "quest view", "quest", "spark") == [STANDING]
    assert await town.offered(town.sage, "daily setup", "quest", "spark") == [STANDING]

    await town.value(
        "INSERT INTO challenges (id, name, total_days) VALUES ($1, 'Of its number', 7)",
        await town.item_id("quest", STANDING),
    )
    assert await town.offered(town.ann, "challenge join", "challenge", "number") == [
        "Of its number"
    ], "a challenge of the same id is another thing"

    services = town.bot.services
    caller = services.caller(town.ann.id, "Ann", None, "en-GB")
    assert STANDING not in str(await Toolbox(services, caller).suggest_next())


async def test_a_retired_one_still_posts(town: Town) -> None:
    """Retired quests are not offered for daily posts; the standing one always is."""
    await town.value(
        "UPDATE quests SET is_active = false WHERE name IN ('Small Surprises', $1)", STANDING
    )
    offered = await town.offered(town.sage, "daily setup", "quest", "s")
    assert STANDING in offered
    assert "Small Surprises" not in offered
    assert "Within Walking Distance" in offered


async def test_finishing_suggests_another(town: Town) -> None:
    """Where nothing else is left, the standing quest is not suggested either."""
    one = await town.add("quest", "One Day", total_days=1)
    await town.slash(town.ann, "quest start", quest=one)
    await town.slash(town.ann, "quest done")
    await town.value(
        "UPDATE quests SET is_active = false WHERE name NOT IN ('One Day', $1)", STANDING
    )
    said = text_of(await town.slash(town.ann, "quest start", quest=one))
    assert "You finished **One Day**" in said
    assert "`/quest list` shows what else there is" in said


async def test_it_stands_beside_three_quests(town: Town) -> None:
    """It counts for no limit, whether it is taken up before the three or after them."""
    standing = await town.item_id("quest", STANDING)
    for who, first in ((town.ann, True), (town.ben, False)):
        if first:
            await town.start(who, STANDING)
        for name in THREE:
            await town.start(who, name)
        if not first:
            await town.start(who, STANDING)
        fourth = await town.item_id("quest", "Mud on Your Boots")
        refused = await town.slash(who, "quest start", quest=fourth)
        assert "You are on 3 quests already" in text_of(refused)
        assert text_of(await town.slash(who, "quest today")).count("Today's mystery") == 4
        again = await town.slash(who, "quest start", quest=standing)
        assert f"You are already on **{STANDING}**" in text_of(again)


async def test_the_daily_quest_of_a_server_counts_for_no_limit_either(town: Town) -> None:
    """Only while a server posts it."""
    await town.slash(
        town.sage,
        "daily setup",
        channel=town.room,
        time="9:00",
        timezone="UTC",
        quest=await town.item_id("quest", THREE[0]),
    )
    for name in (*THREE, "Mud on Your Boots"):
        await town.start(town.ann, name)
    fifth = await town.item_id("quest", "Roll Up Your Sleeves")
    assert "3 quests already" in text_of(await town.slash(town.ann, "quest start", quest=fifth))
    await town.value("UPDATE discord.guilds SET post_quest_id = NULL")
    await town.slash(town.ann, "quest leave", quest=await town.item_id("quest", THREE[1]))
    assert "3 quests already" in text_of(await town.slash(town.ann, "quest start", quest=fifth))


async def test_it_is_shown_without_its_end(town: Town) -> None:
    """No "of N", no bar and no number of days, on any card."""
    standing = await town.item_id("quest", STANDING)
    cards = [await town.slash(town.ann, "quest view", quest=standing)]
    cards.append(await town.slash(town.ann, "quest start", quest=standing))
    cards.append(await town.slash(town.ann, "quest today"))
    cards.append(await town.slash(town.ann, "quest done"))
    cards.append(await town.slash(town.ann, "quest today"))
    cards.append(await town.slash(town.ann, "quest view", quest=standing))
    cards.append(await town.slash(town.ann, "quest progress"))
    cards.append(await town.slash(town.ann, "quest leave", quest=standing))
    said = [text_of(card) for card in cards]
    for text in said:
        assert "36" not in text, text
        assert " of 3" not in text, text
        assert "⬜" not in text, text
        assert "\n\n" not in text, text
    assert "no last day" in said[0]
    assert "-# Day 1" in said[1]
    assert "Day 1 · Easy · 10 points" in said[2]
    assert "✅ Day 1 is done" in said[3]
    assert "You are on day 2." in said[5]
    assert "day 2 is next" in said[6]

    await town.slash(town.ann, "quest start", quest=standing)
    profile = text_of(await town.slash(town.ann, "me"))
    assert f"🎁 **{STANDING}**\n-# day 2\n" in profile + "\n"
    assert "of 36" not in profile


async def test_kai_is_not_told_its_end(town: Town) -> None:
    """Neither its prompts nor its tools nor its own phrases speak of 36,500 days."""
    await town.start(town.ann, STANDING)
    await town.slash(town.ann, "quest today")
    services = town.bot.services
    caller = services.caller(town.ann.id, "Ann", None, "en-GB")
    tools = Toolbox(services, caller)
    facts = [await tools.get_progress(), await tools.get_todays_task()]
    assert "36500" not in str(facts)
    assert "'of_days': None" in str(facts[0])
    for number in range(40):
        said = text_of(await town.slash(town.ann, "kai ask", message=f"Hello {number}"))
        assert "36500" not in said
    request = ReflectionRequest(1, None, "Ann", "quest", STANDING, 2, 36_500, "It was good.")
    assert '"of_days": null' in prompts.note(request)
