"""What the network does to the bot: slow answers, lost connections, refusals, doubled deliveries.

In each of them a member's day counts once, and the member reads one answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from functools import partial

import pytest

from bot.actions.companion import GuidanceRequest, Hear, Question, Tools, Words
from bot.kai.companion import Kai
from bot.ui import answering
from db.pool import Pool, create_pool
from tests.transport.actors import Actor
from tests.transport.heard import Log
from tests.transport.interactions import DEFERRED, DEFERRED_UPDATE, MESSAGE, Exchange
from tests.transport.kindness import Days, QuickBot, running_bot
from tests.transport.standin import StandIn
from tests.transport.wire import HANGS_UP

CALLBACK = "/callback$"
EDIT = "/messages/@original$"
SLOW = 1.2  # seconds


class SlowVoice(Kai):
    """KAI, thinking for longer than an interaction may wait unanswered."""

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """Guidance, after a while."""
        await asyncio.sleep(SLOW)
        return await super().write_guidance(request)

    async def answer(
        self, question: Question, tools: Tools | None = None, hear: Hear | None = None
    ) -> Words:
        """An answer, after a while."""
        await asyncio.sleep(SLOW)
        return await super().answer(question, tools, hear)


@pytest.fixture
async def slow_bot(discord_: StandIn, catalogue: Pool, days: Days) -> AsyncGenerator[QuickBot]:
    async with running_bot(discord_, catalogue, companion=SlowVoice(), clock=days) as running:
        yield running


@pytest.fixture
async def second_bot(
    discord_: StandIn, bot: QuickBot, database_url: str, days: Days
) -> AsyncGenerator[QuickBot]:
    """Another bot beside the first, with a pool of its own, as a second process would have."""
    pool = await create_pool(database_url, idle_seconds=0)
    try:
        async with running_bot(discord_, pool, clock=days) as running:
            yield running
    finally:
        await pool.close()


async def joined(ann: Actor) -> Exchange:
    """Ann takes up the challenge of the seven days, which KAI guides."""
    choices = await ann.autocomplete("challenge join", "challenge", "discover")
    return await (await ann.slash("challenge join", challenge=choices[0]["value"])).answered()


async def assert_one_day(pool: Pool, reflections: int = 0) -> None:
    """Day 1 is done, once in every table."""
    assert await pool.fetchval("SELECT current_day FROM user_challenges") == 2
    assert await pool.fetchval("SELECT count(*) FROM challenge_logs WHERE completed") == 1
    assert await pool.fetchval("SELECT count(*) FROM discord.completions") == 1
    assert await pool.fetchval("SELECT points FROM discord.accounts") == 10
    turns = "SELECT count(*) FROM kai_interactions WHERE context_type = 'reflection'"
    assert await pool.fetchval(turns) == reflections


def callbacks(discord_: StandIn, exchange: Exchange) -> list[int | None]:
    """The statuses that the callbacks for this exchange were given, in order."""
    path = f"/interactions/{exchange.id}/"
    return [request.status for request in discord_.requests_to("POST", path)]


# Slow answers


async def test_a_slow_answer_is_deferred_within_a_second_and_edited(
    slow_bot: QuickBot, ann: Actor, log: Log
) -> None:
    asked = await (await ann.slash("kai ask", message="What now?")).acknowledged()
    assert asked.delivered_at is not None
    assert 0.5 < asyncio.get_running_loop().time() - asked.delivered_at < 1.15
    assert asked.answer_type == DEFERRED
    assert asked.is_ephemeral
    await asked.answered()
    assert len(asked.edits) == 1
    assert "KAI" in asked.text
    assert asked.followups == []
    log.assert_calm()


async def test_a_slow_press_on_ones_own_card_defers_as_an_update(
    slow_bot: QuickBot, ann: Actor, catalogue: Pool
) -> None:
    card = await joined(ann)
    pressed = await (await ann.press(card, "Show me today")).acknowledged()
    assert pressed.answer_type == DEFERRED_UPDATE
    await pressed.answered()
    assert pressed.message is card.message, "the card itself was replaced"
    assert "Day 1 of" in card.text
    assert pressed.followups == []
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 1


async def test_a_slow_public_answer_stays_public(
    discord_: StandIn, bot: QuickBot, ann: Actor
) -> None:
    await joined(ann)
    await (await ann.slash("challenge done")).answered()
    discord_.fail_next("GET", "/members/", status=429, retry_after=SLOW)
    ben = await discord_.add_member("Ben")
    board = await (await ben.slash("leaderboard")).acknowledged()
    assert board.answer_type == DEFERRED
    await board.answered()
    assert not board.is_ephemeral
    assert f"<@{ann.id}>" in board.text


async def test_a_deferred_answer_that_was_dismissed_is_no_fault(
    discord_: StandIn, slow_bot: QuickBot, ann: Actor, log: Log
) -> None:
    asked = await (await ann.slash("kai ask", message="What now?")).acknowledged()
    discord_.dismiss(asked)
    await discord_.until(lambda: bool(discord_.requests_to("PATCH", EDIT)))
    await discord_.until(lambda: log.count("interaction gone") == 1)
    log.assert_calm()


async def test_what_is_under_way_is_finished_before_the_bot_stops(
    discord_: StandIn, catalogue: Pool, ann: Actor
) -> None:
    async with running_bot(discord_, catalogue, companion=SlowVoice()):
        asked = await (await ann.slash("kai ask", message="What now?")).acknowledged()
    assert asked.is_answered
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 1


# Lost connections


async def test_what_was_pressed_during_a_gap_is_answered_once(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    await joined(ann)
    await discord_.drop()
    done = await ann.slash("challenge done")
    assert discord_.gateway.live == []
    await done.answered()
    assert "Day 1 is done" in done.text
    assert (discord_.gateway.identifies, discord_.gateway.resumes) == (1, 1)
    await (await ann.slash("me")).answered()
    assert callbacks(discord_, done) == [200]
    await assert_one_day(catalogue)


async def test_a_lost_session_is_begun_anew(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    card = await joined(ann)
    await discord_.drop(resumable=False)
    await discord_.connected()
    assert (discord_.gateway.identifies, discord_.gateway.resumes) == (2, 0)
    today = await (await ann.press(card, "Show me today")).answered()
    await (await ann.press(today, "I did it")).answered()
    assert discord_.commands.syncs == [None, discord_.guild.id], "no second sync"
    await assert_one_day(catalogue)
    log.assert_calm()


async def test_a_form_that_was_open_during_a_restart_hands_the_words_back(
    discord_: StandIn, catalogue: Pool, ann: Actor, days: Days, log: Log
) -> None:
    async with running_bot(discord_, catalogue, clock=days):
        await joined(ann)
        done = await (await ann.slash("challenge done")).answered()
        form = await (await ann.press(done, "Add a reflection")).answered()
    async with running_bot(discord_, catalogue, clock=days):
        sent = await (await ann.submit(form, {"reflection": "A long letter."})).answered()
        assert "opened before I was restarted" in sent.text
        assert "A long letter." in sent.text
        assert sent.is_ephemeral
    await assert_one_day(catalogue)
    log.assert_calm()


# Refused requests


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failed_callback_is_tried_again(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, status: int, log: Log
) -> None:
    """discord.py retries an interaction's 503 too, unlike that of other requests."""
    await joined(ann)
    discord_.fail_next("POST", CALLBACK, status=status)
    done = await (await ann.slash("challenge done")).answered()
    assert callbacks(discord_, done) == [status, 200]
    assert done.answer_type == MESSAGE
    assert "Day 1 is done" in done.text
    await assert_one_day(catalogue)
    log.assert_calm()


@pytest.mark.parametrize("status", [429, 500])
async def test_a_failed_edit_is_tried_again(
    discord_: StandIn, slow_bot: QuickBot, ann: Actor, status: int, log: Log
) -> None:
    fault = discord_.fail_next("PATCH", EDIT, status=status)
    asked = await (await ann.slash("kai ask", message="What now?")).answered(within=5)
    assert fault.hits == 1
    assert [r.status for r in discord_.requests_to("PATCH", EDIT)] == [status, 200]
    assert "KAI" in asked.text
    log.assert_calm()


async def test_a_leaderboard_does_without_what_discord_does_not_tell(
    discord_: StandIn, bot: QuickBot, ann: Actor
) -> None:
    """A 503 outside of interactions is not retried by discord.py."""
    await joined(ann)
    await (await ann.slash("challenge done")).answered()
    fault = discord_.fail_next("GET", "/members/", status=503, times=9)
    ben = await discord_.add_member("Ben")
    board = await (await ben.slash("leaderboard")).answered()
    assert f"<@{ann.id}>" in board.text
    assert fault.hits == 1


async def test_a_refused_answer_leaves_one_day_done(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    await joined(ann)
    discord_.fail_next("POST", CALLBACK, status=403)
    done = await (await ann.slash("challenge done")).answered()
    assert "Something went wrong on our side" in done.text
    (fault,) = [line for line in log.lines if line["log_level"] == "error"]
    assert fault["reference"] in done.text
    again = await (await ann.slash("challenge done")).answered()
    assert "already done" in again.text
    await assert_one_day(catalogue)


async def test_an_answer_that_got_lost_is_not_given_twice(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    await joined(ann)
    discord_.fail_next("POST", CALLBACK, status=500, done_first=True)
    done = await ann.slash("challenge done")
    assert (await done.refused()).code == 40060
    await discord_.until(lambda: log.count("interaction gone") == 1)
    assert "Day 1 is done" in done.text
    assert done.followups == []
    await assert_one_day(catalogue)
    log.assert_calm()


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_connection_that_breaks_leaves_one_day_done(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log, is_taken: bool
) -> None:
    await joined(ann)
    discord_.fail_next("POST", CALLBACK, status=HANGS_UP, done_first=is_taken)
    done = await (await ann.slash("challenge done")).answered()
    await discord_.until(lambda: len(discord_.requests_to("POST", f"/{done.id}/")) == 2)
    assert ("Day 1 is done" in done.text) is is_taken
    await assert_one_day(catalogue)
    assert [r for r in log.library.records if r.levelno >= logging.ERROR] == []


async def test_an_answer_after_three_seconds_is_counted_and_nothing_is_written_twice(
    catalogue: Pool, days: Days, log: Log
) -> None:
    async with StandIn(patience=0.0) as late, running_bot(late, catalogue, clock=days):
        ann = await late.add_member("Ann")
        item = await catalogue.fetchval("SELECT min(id) FROM challenges")
        await (await ann.slash("challenge join", challenge=item)).refused()
        assert (await (await ann.slash("challenge done")).refused()).code == 10062
        await (await ann.slash("challenge done")).refused()
        await late.until(lambda: len([e for e in log.lines if e.get("code") == 10062]) == 3)
    await assert_one_day(catalogue)
    log.assert_calm()


async def test_what_waited_too_long_is_not_begun(
    discord_: StandIn,
    bot: QuickBot,
    ann: Actor,
    catalogue: Pool,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = await joined(ann)
    monkeypatch.setattr(answering, "TOO_OLD", 0.0)
    done = await ann.slash("challenge done")
    pressed = await ann.press(card, "Show me today")
    await discord_.until(lambda: log.count("interaction too old") == 2)
    assert callbacks(discord_, done) == callbacks(discord_, pressed) == []
    assert await catalogue.fetchval("SELECT count(*) FROM challenge_logs") == 0
    log.assert_calm()


# The same thing twice, or in two places


async def test_one_interaction_delivered_twice_is_one_day_and_one_answer(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    await joined(ann)
    done = await ann.slash("challenge done", reflection="Soup for two.")
    await discord_.deliver_twice(done)
    await done.answered()
    await discord_.until(lambda: log.count("delivered again") == 1)
    await (await ann.slash("me")).answered()
    assert "Day 1 is done" in done.text
    assert callbacks(discord_, done) == [200]
    assert done.followups == []
    await assert_one_day(catalogue, reflections=1)
    log.assert_calm()


async def test_one_press_delivered_twice_asks_kai_once(
    discord_: StandIn, slow_bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    card = await joined(ann)
    pressed = await ann.press(card, "Show me today")
    await pressed.acknowledged()
    await discord_.deliver_twice(pressed)
    await pressed.answered()
    await discord_.until(lambda: log.count("delivered again") == 1)
    assert len(pressed.edits) == 1
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 1
    log.assert_calm()


async def test_a_form_sent_twice_is_one_reflection(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool, log: Log
) -> None:
    await joined(ann)
    done = await (await ann.slash("challenge done")).answered()
    form = await (await ann.press(done, "Add a reflection")).answered()
    sent = await ann.submit(form, {"reflection": "It was 🌱"})
    await discord_.deliver_twice(sent)
    await sent.answered()
    await discord_.until(lambda: log.count("delivered again") == 1)
    await assert_one_day(catalogue, reflections=1)
    log.assert_calm()


@pytest.mark.parametrize("presses", [1, 25])
async def test_two_bots_that_hear_the_same_presses_do_one_day_and_give_one_answer_each(
    discord_: StandIn,
    bot: QuickBot,
    second_bot: QuickBot,
    ann: Actor,
    catalogue: Pool,
    log: Log,
    presses: int,
) -> None:
    await joined(ann)
    today = await (await ann.slash("challenge today")).answered()
    pressed = [await ann.press(today, "I did it") for _ in range(presses)]
    for press in pressed:
        await press.answered()
        answers = partial(callbacks, discord_, press)
        await discord_.until(lambda answers=answers: len(answers()) >= 2 and None not in answers())
        assert answers().count(200) == 1, "a deferral and its edit, or an answer"
        assert set(answers()) == {200, 400}
        # A refusal after a deferred update follows up, beside the card that it leaves alone.
        assert len(press.followups) <= (press.answer_type == DEFERRED_UPDATE)
    await assert_one_day(catalogue)
    log.assert_calm()


async def test_a_form_is_answered_by_the_bot_that_opened_it(
    discord_: StandIn,
    bot: QuickBot,
    second_bot: QuickBot,
    ann: Actor,
    catalogue: Pool,
    log: Log,
) -> None:
    await joined(ann)
    done = await (await ann.slash("challenge done")).answered()
    form = await (await ann.press(done, "Add a reflection")).answered()
    sent = await (await ann.submit(form, {"reflection": "Soup for two."})).answered()
    assert "Your reflection is kept" in sent.text
    await discord_.until(lambda: len(callbacks(discord_, sent)) == 2, what="the other's try")
    await discord_.until(lambda: callbacks(discord_, sent) == [200, 400])
    assert "opened before" not in sent.text
    await assert_one_day(catalogue, reflections=1)
    log.assert_calm()
