"""Reminders as the engine sends them, one by one, for the stories about them."""

import datetime as dt

from simcord import InteractionResult, MemberActor

from bot.actions import delivering, reminding
from bot.actions.delivering import Claim
from bot.actions.reminding import Reminder
from bot.actions.types import Caller
from bot.rules.days import local_date
from bot.ui.reminders import reminder_card
from tests.behaviour.town import Town

POWER = "Discover the Power of Kindness"
ONE_HOUR = dt.timedelta(hours=1)
LEDGER = """
INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at)
VALUES ($1, $2, 'planned', $3, $4, $3) RETURNING id"""


async def plan(town: Town, who: MemberActor) -> int:
    """A row of the ledger whose time has come; gives its id."""
    now, user = town.env.now(), await town.user_id(who)
    zone = await town.value("SELECT zone FROM discord.accounts WHERE user_id = $1", user)
    expires = now + 3 * ONE_HOUR
    return int(await town.value(LEDGER, user, local_date(now, zone), now, expires))


async def claimed(town: Town, reminder_id: int) -> tuple[Claim, Reminder]:
    """A row that is being sent, and what it says."""
    services = town.bot.services
    claim = await delivering.claim(services, "reminders", reminder_id)
    reminder = await reminding.read_reminder(services, reminder_id)
    assert claim is not None
    assert reminder is not None
    return claim, reminder


class Sent:
    """A reminder in somebody's direct messages."""

    def __init__(self, town: Town, who: MemberActor, reminder: Reminder) -> None:
        self.town, self.who, self.reminder = town, who, reminder

    async def arrives(self, claim: Claim) -> "Sent":
        """Send it, and write that it was sent."""
        user = await self.town.bot.fetch_user(self.who.id)
        room = await user.create_dm()
        nonce = self.reminder.nonce
        self.message = await room.send(view=reminder_card(self.reminder), nonce=nonce)
        services = self.town.bot.services
        assert await reminding.sent(services, claim, self.message.id, room.id)
        return self

    async def press(self, label: str) -> InteractionResult:
        """Press one of its buttons."""
        return await self.who.user.click(self.message, label=label)

    @property
    def shown(self) -> str:
        """What the message says by now."""
        last = self.who.user.dm_channel.last_message
        assert last is not None
        return str(last.components)


async def remind(town: Town, who: MemberActor, reminder_id: int | None = None) -> Sent:
    """A reminder that arrives: a new one, or one that was put off."""
    row_id = await plan(town, who) if reminder_id is None else reminder_id
    claim, reminder = await claimed(town, row_id)
    return await Sent(town, who, reminder).arrives(claim)


async def ledger(town: Town) -> list[tuple[str, int]]:
    """The status and the snoozes of all reminders."""
    found = await town.rows("SELECT status, snoozes FROM discord.reminders ORDER BY id")
    return [(str(status), int(snoozes)) for status, snoozes in found]


async def upcoming(town: Town) -> tuple[dt.date, dt.datetime] | None:
    """The local date and instant of the only member's next reminder."""
    row = await town.row("SELECT * FROM discord.accounts")
    if row["reminder_time"] is None:
        assert (row["next_reminder_on"], row["next_reminder_at"]) == (None, None)
        return None
    return row["next_reminder_on"], row["next_reminder_at"]


def caller(town: Town) -> Caller:
    """Ann, writing to the bot."""
    return town.bot.services.caller(town.ann.id, "Ann", None, "en-GB")
