"""Stories of reminders that arrive: what one says, putting it off, stopping them."""

import pytest

from bot.actions import reminding
from bot.errors import UserError
from bot.ui.reminders import reminder_card
from db.pool import Pool
from tests.behaviour.reminders import (
    ONE_HOUR,
    POWER,
    caller,
    claimed,
    ledger,
    plan,
    remind,
    upcoming,
)
from tests.behaviour.shapes import WordyVoice, crowded
from tests.behaviour.tour import Tour
from tests.behaviour.town import Town, open_town, text_of


async def test_what_a_reminder_shows(town: Town) -> None:
    """Each open day with its words, written now at first sight as looking at it would write them.

    A day that is done is left out.
    """
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    await town.start(town.ann, "Small Surprises")
    sent = await remind(town, town.ann)
    task = await town.value("SELECT task_generated FROM quest_logs")
    assert task
    assert "Day 1 of 7" in sent.shown
    assert POWER in sent.shown
    assert "Small Surprises" in sent.shown
    labels = [f"I did it: {POWER}", "I did it: Small Surprises", "Remind me later"]
    for label in [*labels, "Stop reminders"]:
        assert label in sent.shown
    contexts = await town.rows("SELECT context_type FROM kai_interactions ORDER BY 1")
    assert contexts == [("challenge_day",), ("quest_task",)]

    done = await sent.press(f"I did it: {POWER}")
    assert "Day 1 is done" in text_of(done)
    assert POWER in sent.shown, "the reminder stays, for what is still open"
    await town.value("DELETE FROM discord.reminders")
    rest = await remind(town, town.ann)
    assert POWER not in rest.shown
    assert "'I did it'" in rest.shown
    assert await town.value("SELECT task_generated FROM quest_logs") == task
    assert await town.value("SELECT count(*) FROM kai_interactions") == 2


async def test_nothing_is_open(town: Town) -> None:
    """Nothing under way, all done for today, or a suspended user: there is nothing to say."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    row = await plan(town, town.ann)
    read = town.bot.services, row
    for deed in ("nothing", "done"):
        if deed == "done":
            await town.join(town.ann, POWER)
            await town.slash(town.ann, "challenge done")
        reminder = await reminding.read_reminder(*read)
        assert reminder is not None
        assert reminder.days == (), deed
    await town.start(town.ann, "Small Surprises")
    reminder = await reminding.read_reminder(*read)
    assert reminder is not None
    assert [day.enrolment.name for day in reminder.days] == ["Small Surprises"]
    await town.suspend(town.ann)
    reminder = await reminding.read_reminder(*read)
    assert reminder is not None
    assert reminder.days == ()
    await town.value("DELETE FROM userdata")
    assert await reminding.read_reminder(*read) is None


async def test_putting_it_off(town: Town) -> None:
    """The card makes place for the time; it comes again in an hour, and pressing twice is once."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    sent = await remind(town, town.ann)
    later = town.env.now() + ONE_HOUR
    await sent.press("Remind me later")
    assert f"remind you again at <t:{int(later.timestamp())}:t>" in sent.shown
    assert "I did it" not in sent.shown
    row = await town.row("SELECT * FROM discord.reminders")
    assert (row["status"], row["snoozes"], row["due_at"]) == ("planned", 1, later)
    assert row["send_at"] == later
    assert row["expires_at"] == later + 3 * ONE_HOUR

    await town.env.advance_time(60)
    again = await reminding.snooze(town.bot.services, caller(town), row["id"], 0)
    assert again[1] == later
    assert await ledger(town) == [("planned", 1)]

    await town.env.advance_time(3600)
    second = await remind(town, town.ann, row["id"])
    assert second.reminder.nonce != sent.reminder.nonce
    assert len(f"gk-reminder-{2**31 - 1}-{reminding.MAX_SNOOZES}") <= 25
    assert await ledger(town) == [("sent", 1)]


async def test_it_is_put_off_five_times_at_most(town: Town) -> None:
    """Then the button is there no more, and a press of an old one says so."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    sent = await remind(town, town.ann)
    for _time in range(5):
        await sent.press("Remind me later")
        await town.env.advance_time(3600)
        sent = await remind(town, town.ann, sent.reminder.id)
    assert await ledger(town) == [("sent", 5)]
    assert "disabled=True" in sent.shown
    with pytest.raises(UserError, match="five times"):
        await reminding.snooze(town.bot.services, caller(town), sent.reminder.id, 5)


async def test_a_day_that_is_nearly_over_has_no_later(town: Town) -> None:
    """By the member's own midnight, up to which it may come."""
    await town.slash(town.ann, "settings timezone", zone="Asia/Kathmandu")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    await town.until("22:30", "Asia/Kathmandu")
    sent = await remind(town, town.ann)
    await sent.press("Remind me later")
    row = await town.row("SELECT * FROM discord.reminders")
    assert row["expires_at"] - row["due_at"] == ONE_HOUR / 2

    await town.until("23:00", "Asia/Kathmandu")
    await town.value("DELETE FROM discord.reminders")
    late = await remind(town, town.ann)
    shown = await late.press("Remind me later")
    assert "The day of this reminder is over" in text_of(shown)
    assert shown.ephemeral
    assert "I did it" in late.shown, "the card stays"
    assert await ledger(town) == [("sent", 0)]


async def test_a_press_before_the_ledger_knows_that_it_arrived(town: Town) -> None:
    """The later one is planned, and who sent this one writes nothing any more."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    await town.until("12:00")
    claim, reminder = await claimed(town, await plan(town, town.ann))
    await reminding.snooze(town.bot.services, caller(town), reminder.id, 0)
    assert not await reminding.sent(town.bot.services, claim, 1, 2)
    assert await ledger(town) == [("planned", 1)]


async def test_somebody_elses_reminder(town: Town) -> None:
    """It is neither put off nor named."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.slash(town.ben, "settings reminder time", at="20:30")
    await town.join(town.ben, POWER)
    _claim, reminder = await claimed(town, await plan(town, town.ben))
    with pytest.raises(UserError, match="somebody else's"):
        await reminding.snooze(town.bot.services, caller(town), reminder.id, 0)
    assert await ledger(town) == [("sending", 0)]


async def test_stopping(town: Town) -> None:
    """The card makes place for a sentence; a card from before puts nothing off."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    sent = await remind(town, town.ann)
    await sent.press("Stop reminders")
    assert "not remind you any more" in sent.shown
    assert "I did it" not in sent.shown
    assert await upcoming(town) is None
    with pytest.raises(UserError, match="reminders are off"):
        await reminding.snooze(town.bot.services, caller(town), sent.reminder.id, 0)


async def test_a_press_in_a_server_replaces_nothing_that_others_see(town: Town) -> None:
    """Such as a reminder's button on a card in a channel."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    _claim, reminder = await claimed(town, await plan(town, town.ann))
    room = town.bot.get_partial_messageable(town.room.id)
    card = await room.send(view=reminder_card(reminder))
    shown = await town.ann.click(card, label="Stop reminders")
    assert shown.ephemeral
    last = town.room.last_message
    assert last is not None
    assert "I did it" in str(last.components)


async def test_however_much_there_is_it_fits(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen quests and a challenge, all of it long: the message is one that Discord takes."""
    async with open_town(pool, WordyVoice()) as town:
        tour = Tour(town, monkeypatch)
        await crowded(tour)
        await town.slash(town.sage, "settings reminder time", at="20:30")
        sent = await remind(town, town.sage)
        assert len(sent.reminder.days) == 13
        assert "Remind me later" in sent.shown
    assert tour.broken_rules() == []
