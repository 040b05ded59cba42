"""Reminders from the plan to the direct message, by the post office as the workers run it."""

from simcord import MemberActor

from bot.actions.services import Services
from bot.posting.office import Office
from tests.behaviour.reminders import POWER, ledger, upcoming
from tests.behaviour.town import Town, text_of

CANNOT_WRITE = (50007, 50278)


async def a_minute(town: Town) -> None:
    """What the workers do when a minute has come."""
    services: Services = town.bot.services
    await Office(services, town.bot).round()
    await town.env.settle()


def messages(who: MemberActor) -> list[str]:
    """The reminders that somebody has in their direct messages."""
    shown = (str(message.components) for message in who.user.dm_channel.history())
    return [text for text in shown if "Your reminder" in text]


async def test_one_a_day_while_something_is_open(town: Town) -> None:
    """Not before its time, not twice, and not on a day that is done."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="20:30")
    await town.join(town.ann, POWER)
    await a_minute(town)
    assert await ledger(town) == []

    await town.until("20:30")
    for _minute in range(3):
        await a_minute(town)
        await town.env.advance_time(60)
    assert await ledger(town) == [("sent", 0)]
    assert len(messages(town.ann)) == 1
    assert "Day 1 of 7" in messages(town.ann)[0]

    await town.until("20:00")
    await town.slash(town.ann, "challenge done")
    await town.until("20:30")
    await a_minute(town)
    assert await ledger(town) == [("sent", 0), ("nothing", 0)]
    await town.tomorrow()
    await a_minute(town)
    assert [status for status, _snoozes in await ledger(town)] == ["sent", "nothing", "sent"]
    assert len(messages(town.ann)) == 2


async def test_it_comes_again_when_it_was_put_off(town: Town) -> None:
    """An hour later, as another message; and not at all when it was done meanwhile."""
    await town.until("12:00")
    await town.slash(town.ann, "settings reminder time", at="12:30")
    await town.join(town.ann, POWER)
    await town.until("12:30")
    await a_minute(town)
    for number in (1, 2):
        last = town.ann.user.dm_channel.last_message
        assert last is not None
        await town.ann.user.click(last, label="Remind me later")
        await a_minute(town)
        assert await ledger(town) == [("planned", number)]
        assert messages(town.ann) == [], "the card made place for the time"
        await town.env.advance_time(3600)
        if number == 2:
            await town.slash(town.ann, "challenge done")
        await a_minute(town)
        assert await ledger(town) == [("sent", 1) if number == 1 else ("nothing", 2)]
        assert len(messages(town.ann)) == (1 if number == 1 else 0)


async def test_direct_messages_that_are_closed(town: Town) -> None:
    """The reminders end, and the member is told with their next command."""
    await town.join(town.ann, POWER)
    for code in CANNOT_WRITE:
        await town.until("12:00")
        await town.slash(town.ann, "settings reminder time", at="12:30")
        await town.until("12:30")
        room = town.ann.user.dm_channel.id
        town.env.inject_error("POST", f"/channels/{room}/messages", status=403, code=code)
        await a_minute(town)
        assert (await ledger(town))[-1] == ("closed", 0)
        assert await upcoming(town) is None
        assert "I could not write to you" in text_of(await town.slash(town.ann, "me"))
        assert "I could not write to you" not in text_of(await town.slash(town.ann, "me"))
        await town.tomorrow()
    assert messages(town.ann) == []
