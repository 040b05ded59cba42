"""Keeping the catalogue: what moderators add, change and retire, checked before it is written."""

import re

from bot.actions.services import Services, checked_text, refuse_suspended
from bot.errors import Conflict, Unknown
from bot.rules.points import DIFFICULTIES, Kind
from bot.rules.texts import is_emoji
from db import catalogue_edits as edits
from db import members
from db.catalogue_edits import BadgeFields, DayFields, Editor, ItemFields
from db.members import Caller
from db.rows import Badge

MAX_NAME = 150
MAX_BADGE_NAME = 100
MAX_DESCRIPTION = 4000
MAX_PROMPT = 4000
MAX_DAYS = 36_500
MAX_POINTS = 1_000_000
MAX_TITLE = 255


def _editor(caller: Caller) -> Editor:
    return Editor(caller.discord_id, caller.guild_id, caller.now)


async def _check_editor(services: Services, caller: Caller) -> Editor:
    refuse_suspended(await members.read_me(services.pool, caller))
    return _editor(caller)


def _name(text: str, limit: int) -> str:
    name = checked_text(text, "The name", limit=limit)
    if name is None:
        raise Conflict("It needs a name. Please write one and send it again.")
    return " ".join(name.split())


def whole_number(text: str, what: str, low: int, high: int) -> int:
    """A number typed into a form. Raises Conflict, saying what is needed, when it is not one."""
    digits = text.strip().replace(",", "").replace(" ", "")
    number = int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else None
    if number is None or not low <= number <= high:
        raise Conflict(f"{what} must be a whole number from {low:,} to {high:,}.")
    return number


def item_fields(
    kind: Kind,
    *,
    name: str,
    description: str,
    total_days: str,
    prompt: str,
    difficulty: str | None = None,
    is_active: bool = True,
) -> ItemFields:
    """A challenge's or quest's fields from the texts of a form. Raises Conflict, BadText."""
    if kind == "quest" and difficulty not in DIFFICULTIES:
        raise Conflict("The difficulty must be Easy, Medium or Hard.")
    return ItemFields(
        name=_name(name, MAX_NAME),
        description=checked_text(description, "The description", limit=MAX_DESCRIPTION),
        total_days=whole_number(total_days, "The number of days", 1, MAX_DAYS),
        prompt=checked_text(prompt, "The text for KAI", limit=MAX_PROMPT),
        difficulty=difficulty,
        is_active=is_active,
    )


def badge_fields(*, name: str, icon: str, description: str, points: str) -> BadgeFields:
    """A badge's fields from the texts of a form; no points means that moderators give it.

    Raises Conflict, BadText.
    """
    icon = icon.strip()
    if not is_emoji(icon):
        raise Conflict(
            "The icon must be one emoji, such as a heart from the emoji picker, and nothing else."
        )
    return BadgeFields(
        name=_name(name, MAX_BADGE_NAME),
        icon=icon,
        description=checked_text(description, "The description", limit=MAX_DESCRIPTION),
        points_required=whole_number(points, "The points", 1, MAX_POINTS)
        if points.strip()
        else None,
    )


async def read_item(services: Services, kind: Kind, item_id: int) -> ItemFields:
    """A challenge or quest as it is, for the form. Raises Unknown."""
    fields = await edits.read_item(services.pool, kind, item_id)
    if fields is None:
        raise Unknown(kind)
    return fields


async def read_badge(services: Services, badge_id: int) -> Badge:
    """A badge as it is, for the form. Raises Unknown."""
    badge = await edits.read_badge(services.pool, badge_id)
    if badge is None:
        raise Unknown("badge")
    return badge


async def read_challenge_day(services: Services, challenge_id: int, day: int) -> DayFields:
    """A challenge day's text as it is, for the form.

    Raises Unknown, Conflict when there is no such day or its text is the website's.
    """
    fields = await edits.read_challenge_day(services.pool, challenge_id, day)
    if fields is None:
        raise Unknown("challenge")
    if not 1 <= day <= fields.total_days:
        raise _no_such_day(fields.challenge, fields.total_days)
    if fields.is_websites:
        raise Conflict(
            "Day {day} of **{name}** has its text on the Get Kinder website, and that is what "
            "members see here, too. Please change it there; nothing was changed here.",
            name=fields.challenge,
            day=day,
        )
    return fields


def _no_such_day(challenge: str, total_days: int) -> Conflict:
    return Conflict(
        "**{name}** has the days 1 to {total}. Please name one of them.",
        name=challenge,
        total=total_days,
    )


async def add_item(services: Services, caller: Caller, kind: Kind, fields: ItemFields) -> int:
    """Add a challenge or a quest; gives its id."""
    editor = await _check_editor(services, caller)
    return await edits.add_item(services.pool, editor, kind, fields)


async def edit_item(
    services: Services, caller: Caller, kind: Kind, item_id: int, fields: ItemFields
) -> None:
    """Change a challenge or quest.

    Raises Conflict when somebody is on a later day than `total_days` would allow, Unknown.
    """
    editor = await _check_editor(services, caller)
    if not await edits.edit_item(services.pool, editor, kind, item_id, fields):
        await read_item(services, kind, item_id)
        raise Conflict(
            "Somebody is further along than day {days} already, so it cannot be made that short. "
            "Choose more days, or retire it and add a new one.",
            days=fields.total_days,
        )


async def retire_item(services: Services, caller: Caller, kind: Kind, item_id: int) -> str:
    """Close a challenge or quest to newcomers; gives its name. Raises Unknown, Conflict."""
    editor = await _check_editor(services, caller)
    name = await edits.retire_item(services.pool, editor, kind, item_id)
    if name is None:
        fields = await read_item(services, kind, item_id)
        raise Conflict("**{name}** is retired already.", name=fields.name)
    return name


async def set_challenge_day(
    services: Services, caller: Caller, challenge_id: int, day: int, fields: DayFields
) -> None:
    """Write a challenge day's title and text. Raises Unknown, Conflict, BadText."""
    title = _name(fields.title, MAX_TITLE)
    checked = DayFields(
        fields.challenge,
        fields.total_days,
        title,
        checked_text(fields.principle, "The principle", limit=MAX_TITLE),
        checked_text(fields.body, "The text", limit=MAX_DESCRIPTION),
    )
    editor = await _check_editor(services, caller)
    if not await edits.set_challenge_day(services.pool, editor, challenge_id, day, checked):
        await read_challenge_day(services, challenge_id, day)


async def add_badge(services: Services, caller: Caller, fields: BadgeFields) -> int:
    """Add a badge; gives its id. An earned one goes to everybody past it, silently."""
    editor = await _check_editor(services, caller)
    return await edits.add_badge(services.pool, editor, fields)


async def edit_badge(
    services: Services, caller: Caller, badge_id: int, fields: BadgeFields
) -> None:
    """Change a badge; nobody loses it by that. Raises Unknown."""
    editor = await _check_editor(services, caller)
    if not await edits.edit_badge(services.pool, editor, badge_id, fields):
        raise Unknown("badge")
