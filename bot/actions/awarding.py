"""Badges that moderators give and take back."""

from dataclasses import dataclass

from bot.actions.services import Services, checked_text, refuse_suspended
from bot.errors import Conflict, Unknown
from db import badges
from db.members import Caller, Me
from db.rows import Badge

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Awarded:
    """A badge that changed hands, and why."""

    me: Me
    badge: Badge
    reason: str | None


async def award(
    services: Services, caller: Caller, subject: Caller, badge_id: int, reason: str | None
) -> Awarded:
    """Give a badge to a member, once; makes their account if they have none yet.

    Raises Unknown, BadText, and Conflict for a badge that is earned, or to oneself, or twice.
    """
    text = checked_text(reason, "Your reason", limit=MAX_REASON)
    if caller.discord_id == subject.discord_id:
        raise Conflict("A badge is a gift from somebody else, so nobody gives one to themselves.")
    me, held = await badges.read_award(services.pool, caller, badge_id, subject.discord_id)
    refuse_suspended(me)
    if held is None:
        raise Unknown("badge")
    if held.badge.points_required is not None:
        raise Conflict(
            "**{name}** is earned by points, so nobody gives it by hand. "
            "Badges to give are the ones that `/moderate award` offers.",
            name=held.badge.name,
        )
    given = held.earned_at is None and await badges.award(
        services.pool, subject, badge_id, actor_id=caller.discord_id, reason=text
    )
    if not given:
        raise Conflict("They have **{name}** already. One is for ever.", name=held.badge.name)
    return Awarded(me, held.badge, text)


async def revoke(
    services: Services, caller: Caller, subject: Caller, badge_id: int, reason: str | None
) -> Awarded:
    """Take a given badge back. Raises Unknown, BadText, Conflict when there is nothing to take."""
    text = checked_text(reason, "Your reason", limit=MAX_REASON)
    me, held = await badges.read_award(services.pool, caller, badge_id, subject.discord_id)
    refuse_suspended(me)
    if held is None:
        raise Unknown("badge")
    if held.badge.points_required is not None:
        raise Conflict(
            "**{name}** was earned by points, and what is earned is never taken back.",
            name=held.badge.name,
        )
    if not await badges.revoke(
        services.pool, subject, badge_id, actor_id=caller.discord_id, reason=text
    ):
        raise Conflict(
            "They do not have **{name}**, so there is nothing to take back.", name=held.badge.name
        )
    return Awarded(me, held.badge, text)
