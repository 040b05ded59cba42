"""What every action needs, and the checks that every action makes first."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bot.actions.companion import Companion
from bot.errors import AddressTaken, BadText, Suspended, UserError
from bot.rules.texts import MAX_TEXT, firstname_for, is_blank, is_storable
from db.members import Caller, Me
from db.pool import NoRow, Pool

Clock = Callable[[], dt.datetime]


def utcnow() -> dt.datetime:
    """This instant, aware UTC: the clock of production and of the command line."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The pool, the companion and the clock (aware UTC), passed to every action."""

    pool: Pool
    companion: Companion
    clock: Clock
    default_zone: str = "UTC"

    def caller(
        self, discord_id: int, display_name: str, guild_id: int | None, locale: str
    ) -> Caller:
        """Who is speaking, at this instant."""
        return Caller(
            discord_id=discord_id,
            firstname=firstname_for(display_name),
            guild_id=guild_id,
            locale=locale,
            now=self.clock(),
            default_zone=self.default_zone,
        )


def user_error_of(error: BaseException) -> UserError | None:
    """What a member is told of this error, when it is of a kind that they can be told."""
    if isinstance(error, NoRow):
        return AddressTaken()
    return error if isinstance(error, UserError) else None


def refuse_suspended(me: Me) -> None:
    """Raise Suspended for a user whom the website has suspended."""
    if me.suspended:
        raise Suspended


def checked_text(text: str | None, what: str, *, limit: int = MAX_TEXT) -> str | None:
    """A member's text as it will be stored, None when it is blank.

    Raises BadText, handing the text back, when it cannot be stored or is longer than `limit`.
    """
    if text is None or is_blank(text):
        return None
    if not is_storable(text):
        raise BadText(
            what, "holds an invisible character that cannot be stored. Please retype it."
        ).returning(text)
    if len(text) > limit:
        raise BadText(
            what, f"is {len(text):,} characters long; {limit:,} fit. Please shorten it a little."
        ).returning(text)
    return text
