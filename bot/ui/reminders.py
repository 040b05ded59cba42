"""Cards of reminders: the reminder itself, and what is said when it is set, put off or ended."""

import datetime as dt

from bot.actions.reminding import Reminder, ReminderSet
from bot.ui.buttons import Press
from bot.ui.card import KIND_COLOUR, Card
from bot.ui.days import today_parts
from bot.ui.notices import notice
from bot.ui.text import line

HEAD = "### ⏰ Your reminder\nThis is still open today. Whenever it suits you."


def reminder_card(reminder: Reminder) -> Card:
    """A reminder with all that can be done now, of which there is something."""
    blocks, buttons = today_parts(reminder.days)
    later = Press(
        "Remind me later",
        "snooze",
        reminder.id,
        reminder.snoozes,
        emoji="⏰",
        disabled=not reminder.can_snooze,
    )
    colour = KIND_COLOUR[reminder.days[0].enrolment.kind]
    stop = Press("Stop reminders", "stop", emoji="🔕")
    return Card(colour, HEAD, *blocks, buttons=[*buttons, later, stop])


def set_card(result: ReminderSet) -> Card:
    """When the first reminder comes, and how."""
    first = int(result.first_at.timestamp())
    text = (
        f"⏰ I will remind you daily at **{result.time:%H:%M}**, {line(result.me.zone)} time. The "
        f"first one comes <t:{first}:f>, <t:{first}:R>. It is a direct message, and it comes only "
        "when something of yours is open."
    )
    if result.was_closed:
        text += (
            "\nThe last one could not reach you: please allow direct messages from a server that "
            "we share, so that this one can."
        )
    return notice(text)


def off_card(*, was_on: bool) -> Card:
    """That no reminder comes any more."""
    if not was_on:
        return notice("You have no reminder. `/settings reminder time` sets one.")
    return notice(
        "🔕 I will not remind you any more. `/settings reminder time` sets a reminder again."
    )


def snoozed_card(until: dt.datetime) -> Card:
    """In place of a reminder that was put off, until an instant (aware UTC)."""
    at = int(until.timestamp())
    return notice(f"⏰ I will remind you again at <t:{at}:t>, <t:{at}:R>, if it is still open.")
