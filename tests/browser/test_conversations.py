"""Conversations with the stand-in bot in a real browser: what the playground must be able to do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import simcord
from PIL import Image

from bot.playground import HOME_GUILD_ID, Clock, screen
from tests.browser.driver import BrowserProblem, Part, PreviewPage, Typed
from tests.browser.stand_in import CHALLENGES, StandIn, running

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_a_member_uses_commands_buttons_and_modals(
    browser: "Browser", playground: str
) -> None:
    page = await PreviewPage.new(browser, playground)
    await page.open("maple", "kindness")
    assert await page.suggestions("challenge join", "challenge") == list(CHALLENGES.values())

    await page.slash("challenge join", challenge="kind words")
    assert (
        await page.wait_for_text("Kind Words")
        == "Kind Words\nDay 1 of 7, for Maple.\nAdd a reflection"
    )

    await page.press("Add a reflection")
    assert await page.modal_title() == "A reflection"
    with pytest.raises(BrowserProblem, match="required"):
        await page.submit_modal()
    await page.fill_modal(
        {"What happened?": "I held a door.\nAnd <b>smiled</b>.", "How was it?": "Easy"}
    )
    await page.submit_modal()
    kept = await page.wait_for_text("Kept: ")
    assert kept == "Only you can see this\nKept: I held a door.\nAnd <b>smiled</b>. Easy"
    assert await page.modal_title() is None

    await page.slash("challenge today", reflection="A quiet one.")
    await page.wait_for_text(f"It is {datetime.now(UTC):%Y-%m-%d}. A quiet one.")
    await page.slash("challenge pick")
    await page.choose("Quiet Help")
    await page.wait_for_text("You chose Quiet Help")
    await page.slash("challenge leave")  # which is answered with an error's sentence
    await page.wait_for_text("You are not on a challenge.")
    await page.slash("challenge join", challenge=Typed("3"))
    await page.wait_for_text("Quiet Help")
    assert page.script_errors == []


async def test_what_only_one_member_sees(browser: "Browser", playground: str) -> None:
    maple = await PreviewPage.new(browser, playground)
    sage = await PreviewPage.new(browser, playground)
    await maple.open("maple", "general")
    await sage.open("sage", "general")

    await maple.slash("challenge today")
    await sage.slash("moderate award", member="River", period="Month")
    await maple.say("Well done!")
    await sage.refresh()

    award = "River has it, this month."
    assert await sage.texts() == [award, "Well done!"]
    assert (await maple.texts())[1:] == [award, "Well done!"]
    assert "moderate award" in await sage.commands()
    assert "moderate award" not in await maple.commands()


async def test_direct_messages(browser: "Browser", playground: str) -> None:
    page = await PreviewPage.new(browser, playground, width=390, height=844)
    await page.open("river", "dm")
    await page.slash("challenge join", challenge="power")
    await page.wait_for_text("Day 1 of 7, for River.")


async def test_opening_another_conversation_puts_a_tab_to_sleep(
    browser: "Browser", playground: str
) -> None:
    first = await PreviewPage.new(browser, playground)
    second = await PreviewPage.new(browser, playground)
    await first.open("maple", "kindness")
    await first.say("Hello")
    await second.open("maple", "general")

    await first.page.locator("#action-status", has_text="Reload").wait_for()
    async with first.page.expect_navigation():
        await first.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert await first.wait_for_text("Hello") == "Hello"
    await second.page.locator("#action-status", has_text="Reload").wait_for()


async def test_an_expired_page_leads_back(
    browser: "Browser", playground: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await PreviewPage.new(browser, playground)
    await page.open("maple", "kindness")
    monkeypatch.setattr(simcord.Preview, "_PAGE_LEASE_SECONDS", 0.0)
    await page.page.locator("#action-status", has_text="Reload").wait_for()
    await page.page.get_by_role("link", name="All conversations").click()
    await page.page.get_by_role("heading", name="Get Kinder playground").wait_for()


async def test_a_session_that_was_ended_opens_again(browser: "Browser", playground: str) -> None:
    page = await PreviewPage.new(browser, playground)
    await page.open("sage", "general")
    await page.page.locator(".session-menu summary").click()
    await page.page.get_by_role("button", name="End preview session").click()
    await page.page.locator("#action-status", has_text="closed").wait_for()
    await page.page.reload()
    await page.rest()
    await page.say("Still here")


async def test_pictures(browser: "Browser", playground: str, tmp_path: Path) -> None:
    page = await PreviewPage.new(browser, playground, scale=2)
    await page.open("river", "kindness")
    await page.slash("challenge join", challenge="Kind Words")
    parts: list[tuple[Part, int]] = [("page", 1200), ("conversation", 390), ("card", 390)]
    for part, width in parts:
        picture = await page.screenshot(tmp_path / f"{part}.png", width=width, of=part)
        with Image.open(picture) as image:
            assert abs(image.width - 2 * width) < 40
    await page.press("Add a reflection")
    await page.screenshot(tmp_path / "modal.png", width=390, of="modal")
    await page.cancel_modal()


async def test_what_the_bot_posts_by_itself_appears(
    browser: "Browser", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "TICK_SECONDS", 0.1)
    bots: list[StandIn] = []

    def make_bot(clock: Clock) -> StandIn:
        bots.append(StandIn(clock))
        return bots[0]

    async with running(make_bot) as address:
        page = await PreviewPage.new(browser, address)
        await page.open("maple", "kindness")
        guild = bots[0].get_guild(HOME_GUILD_ID)
        assert guild is not None
        await guild.text_channels[0].send("Good morning!")
        await page.wait_for_text("Good morning!")
