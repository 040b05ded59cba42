"""Looking through the catalogue and one's own progress."""

from bot.actions.services import Services, refuse_suspended
from bot.errors import Unknown
from bot.rules.points import Kind
from db import badges, catalogue
from db.badges import HeldBadge
from db.catalogue import Choice, Item, ItemView, Scope
from db.members import Caller, Me


async def list_items(services: Services, caller: Caller, kind: Kind) -> tuple[Me, list[Item]]:
    """The challenges or quests that are open to join, the caller's active ones first."""
    me, items = await catalogue.list_items(services.pool, caller, kind)
    refuse_suspended(me)
    return me, items


async def list_progress(services: Services, caller: Caller, kind: Kind) -> tuple[Me, list[Item]]:
    """All that the caller has taken up of a kind: active, then completed, then left."""
    me, items = await catalogue.list_items(services.pool, caller, kind, mine=True)
    refuse_suspended(me)
    return me, items


async def view_item(
    services: Services, caller: Caller, kind: Kind, item_id: int
) -> tuple[Me, ItemView]:
    """One challenge or quest in full. Raises Unknown, Suspended."""
    me, view = await catalogue.view_item(services.pool, caller, kind, item_id)
    refuse_suspended(me)
    if view is None:
        raise Unknown(kind)
    return me, view


async def list_badges(services: Services, caller: Caller) -> tuple[Me, list[HeldBadge]]:
    """Every badge, with the caller's own. Raises Suspended."""
    me, held = await badges.list_badges(services.pool, caller)
    refuse_suspended(me)
    return me, held


async def show_badge(
    services: Services, caller: Caller, badge_id: int
) -> tuple[Me, HeldBadge, int]:
    """One badge and how many people have it. Raises Unknown, Suspended."""
    me, held, holders = await badges.show_badge(services.pool, caller, badge_id)
    refuse_suspended(me)
    if held is None:
        raise Unknown("badge")
    return me, held, holders


async def badges_of(
    services: Services, caller: Caller, discord_id: int
) -> tuple[Me, list[HeldBadge]]:
    """The badges of one member, newest first. Raises Suspended."""
    me, held = await badges.badges_of(services.pool, caller, discord_id)
    refuse_suspended(me)
    return me, held


async def offer(
    services: Services, kind: Kind, discord_id: int, text: str, scope: Scope
) -> list[Choice]:
    """What autocomplete offers of a kind: at most 25, in one query."""
    return await catalogue.choices(services.pool, kind, discord_id, text, scope)


async def offer_badges(services: Services, text: str, *, given_only: bool) -> list[Choice]:
    """What autocomplete offers of badges: at most 25, in one query."""
    return await catalogue.badge_choices(services.pool, text, given_only=given_only)
