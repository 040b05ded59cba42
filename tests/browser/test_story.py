"""The first day of somebody who has just cloned the project: the real bot, a real browser."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import psutil

from bot.embedded import EmbeddedServer
from tests.browser.driver import PreviewPage
from tests.browser.newcomer import playing
from tests.postgres import temporary_folder
from tests.process.bots import Bot

if TYPE_CHECKING:
    from playwright.async_api import Browser

CHALLENGE = "Discover the Power of Kindness"
QUEST = "Small Surprises"
REFLECTION = "I thanked the bus driver, *by name*.\nHe was so <surprised>!"


async def test_a_newcomer_plays_a_day_and_comes_back(browser: "Browser") -> None:
    """One command, no settings; what was done is in PostgreSQL and survives a restart."""
    with temporary_folder() as folder:
        data = folder / "data"
        async with playing(folder / "first", data) as (bot, link):
            page = await PreviewPage.new(browser, link)
            await page.page.goto(link)
            await page.page.get_by_role("link", name="View #kindness as Maple").click()
            await page.page.wait_for_url("**/conversation#**")
            await a_challenge_day(page)
            await a_quest_day(page)
            await a_look_at_it_all(page)
            assert page.script_errors == []
            await the_rows_are_there(data)
            await tomorrow_comes(page)
            await the_post_was_done(data)
            await it_stops_cleanly(bot, data)

        async with playing(folder / "second", data) as (bot, link):
            page = await PreviewPage.new(browser, link)
            await page.open("maple", "kindness")
            await page.slash("me")
            await page.wait_for_text("30 points")
            await page.slash("challenge today")
            await page.wait_for_text("Day 2 of 7")
            await the_post_was_done(data)
            await it_stops_cleanly(bot, data)


async def a_challenge_day(page: PreviewPage) -> None:
    """Join, look, do, reflect."""
    offered = await page.suggestions("challenge join", "challenge", "power")
    assert offered == [CHALLENGE]
    await page.slash("challenge join", challenge=CHALLENGE)
    joined = await page.wait_for_text(f"You are in: {CHALLENGE}")
    assert "/kai forget" in joined, "the first use says what KAI keeps"

    await page.slash("challenge today")
    today = await page.wait_for_text("Day 1 of 7")
    assert "Notice what is already there" in today
    assert "KAI says" in today
    await page.press("I did it")
    done = await page.wait_for_text("Day 1 is done")
    assert "+10 points" in done
    assert "First Step" in done

    await page.press("Add a reflection")
    assert await page.modal_title() == "Your reflection on day 1"
    await page.fill_modal({"How was it?": REFLECTION})
    await page.submit_modal()
    assert REFLECTION in await page.wait_for_text("Your reflection is kept")


async def a_quest_day(page: PreviewPage) -> None:
    """Start, see the mystery, do it."""
    await page.slash("quest start", quest=QUEST)
    await page.wait_for_text(f"You are in: {QUEST}")
    await page.slash("quest today")
    assert "Today's mystery" in await page.wait_for_text("Day 1 of 7 · Easy")
    await page.press("I did it")
    await page.wait_for_text("+10 points, 20 in all.")


async def a_look_at_it_all(page: PreviewPage) -> None:
    """The profile shows the day."""
    await page.slash("me")
    me = await page.wait_for_text("Kindness level 1")
    for shown in ("20 points", "Streak: 1 day", CHALLENGE, QUEST, "1 badge"):
        assert shown in me


async def tomorrow_comes(page: PreviewPage) -> None:
    """A day goes by, the daily post comes by itself, is done, and counts who did it."""
    await page.slash("playground tomorrow")
    post = await page.wait_for_text("Today's kind act")
    assert "Daily Spark\nDay 1 ·" in post
    assert "Nobody has done it yet" in post
    await page.press("I did it")
    await page.wait_for_text("+10 points, 30 in all.")
    await page.wait_for_text("1 person has done it so far")


async def the_post_was_done(data: Path) -> None:
    """One post, and the task that its act became."""
    async with EmbeddedServer(data / "postgres") as server:
        database = await asyncpg.connect(server.url)
        try:
            posts = await database.fetch("SELECT act, status FROM discord.daily_posts")
            tasks = await database.fetch(
                "SELECT task_generated, completed FROM quest_logs l JOIN quests q"
                " ON q.id = l.quest_id WHERE q.name = 'Daily Spark'"
            )
        finally:
            await database.close()
    ((act, status),) = posts
    assert status == "sent"
    assert [tuple(task) for task in tasks] == [(act, True)]


async def the_rows_are_there(data: Path) -> None:
    """What the handbook's tables hold after that day."""
    async with EmbeddedServer(data / "postgres") as server:
        database = await asyncpg.connect(server.url)
        try:
            await _check_rows(database)
        finally:
            await database.close()


async def _check_rows(database: "asyncpg.Connection[Any]") -> None:
    async def rows(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in await database.fetch(sql)]

    named = await rows("SELECT firstname FROM userdata ORDER BY firstname")
    assert named == [("KAI",), ("Maple",), ("Sage",)]  # the playground's moderator set a post up
    enrolled = "SELECT name, status, current_day FROM user_{0}s JOIN {0}s i ON i.id = {0}_id"
    assert await rows(enrolled.format("challenge")) == [(CHALLENGE, "active", 2)]
    assert await rows(enrolled.format("quest")) == [(QUEST, "active", 2)]
    assert await rows("SELECT day_number, completed, reflection FROM challenge_logs") == [
        (1, True, REFLECTION)
    ]
    ((day, completed, task),) = await rows(
        "SELECT day_number, completed, task_generated FROM quest_logs"
    )
    assert (day, completed) == (1, True)
    assert task
    assert await rows("SELECT name FROM user_badges JOIN badges b ON b.id = badge_id") == [
        ("First Step",)
    ]
    turns = await rows("SELECT context_type, function_called FROM kai_interactions ORDER BY id")
    assert [context for context, _ in turns] == ["challenge_day", "reflection", "quest_task"]
    assert turns[1] == ("reflection", "save_reflection")


async def it_stops_cleanly(bot: Bot, data: Path) -> None:
    """SIGTERM: an exit with 0 in time, nothing wrong in the log, and no PostgreSQL left behind."""
    its_id = data / "postgres/data/postmaster.pid"
    server = psutil.Process(int(its_id.read_text().split()[0]))
    assert server.name() == "postgres"
    await bot.stops(signal.SIGTERM)
    assert not its_id.exists()
    assert _has_ended(server)
    assert "[error" not in bot.err


def _has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; where nobody collects orphans, its entry stays as a zombie's."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
