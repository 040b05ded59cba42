"""Stories of the setting: a time for reminders, none, another zone, and closed direct messages."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bot.actions import delivering, reminding
from bot.rules.days import local_date
from tests.behaviour.reminders import ONE_HOUR, POWER, claimed, ledger, plan, remind, upcoming
from tests.behaviour.town import Town, buttons_of, is_private, text_of


async def test_setting_a_time(town: Town) -> None:
    """It is the member's own, the answer says when the first one comes; a later one replaces it."""
    await town.until("12:00", "America/Toronto")
    await town.slash(town.ann, "settings timezone", zone="America/Toronto")
    today = local_date(town.env.now(), "America/Toronto")

    evening = await town.slash(town.ann, "settings reminder time", at="8:30 pm")
    assert is_private(evening)
    at = dt.datetime.combine(today, dt.time(20, 30), ZoneInfo("America/Toronto"))
    assert await upcoming(town) == (today, at)
    assert "**20:30**, America/Toronto time" in text_of(evening)
    assert f"<t:{int(at.timestamp())}:f>" in text_of(evening)
    assert "direct message" in text_of(evening)
    assert "only when something of yours is open" in text_of(evening)

    await town.slash(town.ann, "settings reminder time", at="8:00")
    tomorrow = today + dt.timedelta(days=1)
    at = dt.datetime.combine(tomorrow, dt.time(8), ZoneInfo("America/Toronto"))
    assert await upcoming(town) == (tomorrow, at), "08:00 has passed today"


@pytest.mark.parametrize("text", ["8", "soon", "25:00", "<@&1> `x`"])
async def test_what_is_no_time(town: Town, text: str) -> None:
    """It is refused with what could be written, and nothing changes."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    before = await upcoming(town)
    shown = await town.slash(town.ann, "settings reminder time", at=text)
    assert "as a time of day" in text_of(shown)
    assert "`20:30`" in text_of(shown)
    assert "<@&1>" not in text_of(shown)
    assert await upcoming(town) == before


async def test_turning_it_off(town: Town) -> None:
    """Also when there is none; what was planned already does not come."""
    none = await town.slash(town.ann, "settings reminder off")
    assert "You have no reminder" in text_of(none)
    await town.slash(town.ann, "settings reminder time", at="20:30")
    planned = await plan(town, town.ann)
    off = await town.slash(town.ann, "settings reminder off")
    assert "not remind you any more" in text_of(off)
    assert await upcoming(town) is None
    assert await delivering.claim(town.bot.services, "reminders", planned) is None
    assert await ledger(town) == [("nothing", 0)]


async def test_off_while_it_is_being_sent(town: Town) -> None:
    """Who has taken the row already finds nothing to say."""
    await town.join(town.ann, POWER)
    await town.slash(town.ann, "settings reminder time", at="20:30")
    planned = await plan(town, town.ann)
    claim = await delivering.claim(town.bot.services, "reminders", planned)
    assert claim is not None
    await town.slash(town.ann, "settings reminder off")
    reminder = await reminding.read_reminder(town.bot.services, planned)
    assert reminder is not None
    assert reminder.days == ()


async def test_it_moves_with_the_time_zone(town: Town) -> None:
    """The same time of day there, and no date twice; without one, nothing is set."""
    await town.until("12:00")
    await town.slash(town.ann, "settings timezone", zone="Europe/London")
    assert await upcoming(town) is None
    await town.slash(town.ann, "settings timezone", zone="UTC")
    await town.slash(town.ann, "settings reminder time", at="13:00")
    today = local_date(town.env.now(), "UTC")
    assert await upcoming(town) == (today, town.env.now() + ONE_HOUR)

    await town.slash(town.ann, "settings timezone", zone="Asia/Kathmandu")  # 17:45 there
    found = await upcoming(town)
    assert found == (
        today + dt.timedelta(days=1),
        town.env.now() + dt.timedelta(hours=19, minutes=15),
    )
    await town.join(town.ann, POWER)
    await remind(town, town.ann)
    await town.slash(town.ann, "settings timezone", zone="Pacific/Honolulu")  # 02:00 there
    found = await upcoming(town)
    assert found is not None
    assert found[0] == today + dt.timedelta(days=1), "today had its reminder, in Kathmandu"


async def test_setting_the_same_zone_again_moves_nothing(town: Town) -> None:
    """Not even a reminder that is due and not planned yet."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    before = await upcoming(town)
    await town.until("20:31")
    await town.slash(town.ann, "settings timezone", zone="UTC")
    assert await upcoming(town) == before


async def test_a_new_time_takes_the_place_of_what_waits(town: Town) -> None:
    """A date is used up by a message alone; then the next one is tomorrow's."""
    await town.until("12:00")
    await town.join(town.ann, POWER)
    today = local_date(town.env.now(), "UTC")
    for status in ("planned", "nothing", "missed", "failed"):
        row = await plan(town, town.ann)
        await town.value("UPDATE discord.reminders SET status = $2 WHERE id = $1", row, status)
        await town.slash(town.ann, "settings reminder time", at="20:30")
        assert (await upcoming(town) or [None])[0] == today, status
        assert await ledger(town) == [], status
    await remind(town, town.ann)
    await town.slash(town.ann, "settings reminder time", at="21:30")
    assert (await upcoming(town) or [None])[0] == today + dt.timedelta(days=1)
    assert await ledger(town) == [("sent", 0)]


async def test_closed_direct_messages_are_told_once(town: Town) -> None:
    """With the next private answer, and no reminder comes until one is set again."""
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    claim, _reminder = await claimed(town, await plan(town, town.ann))
    assert await reminding.closed(town.bot.services, claim)
    assert await upcoming(town) is None
    assert await ledger(town) == [("closed", 0)]

    note = "I could not write to you"
    assert note not in text_of(await town.slash(town.ann, "quest list")), "others would read it"
    told = await town.slash(town.ann, "me")
    assert note in text_of(told)
    assert "`/settings reminder time`" in text_of(told)
    assert note not in text_of(await town.slash(town.ann, "me"))


async def test_setting_a_reminder_that_could_not_come(town: Town) -> None:
    """The answer says what to do, once, and today has one after all."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    claim, _reminder = await claimed(town, await plan(town, town.ann))
    await reminding.closed(town.bot.services, claim)
    again = await town.slash(town.ann, "settings reminder time", at="20:30")
    assert "allow direct messages" in text_of(again)
    assert "switched off" not in text_of(again)
    assert (await upcoming(town) or [None])[0] == local_date(town.env.now(), "UTC")
    assert "direct messages" not in text_of(await town.slash(town.ann, "me"))
    assert buttons_of(again) == []
