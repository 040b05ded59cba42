"""Asking KAI, and having KAI forget."""

from dataclasses import replace

from bot.actions.companion import Hear, Offer, Question, Words
from bot.actions.services import Services, checked_text
from bot.actions.toolbox import Toolbox
from bot.errors import BadText, Suspended
from bot.rules.days import local_date
from bot.rules.streaks import streak
from db import turns
from db.members import Caller, Me
from db.turns import Draft, Progress

MAX_QUESTION = 2000
MAX_CALLED = 100
"""Characters of `kai_interactions.function_called`."""


async def ask(
    services: Services,
    caller: Caller,
    message: str,
    hear: Hear | None = None,
    *,
    public: bool = False,
    replied_to: str | None = None,
) -> tuple[Me, Words]:
    """KAI's answer to a member, logged as a turn with what the member saw.

    Those who `hear` are told the answer while it is being written. `public` says that others read
    it too; `replied_to` is what KAI had said, when the message is a reply to that.
    Raises BadText, handing the text back, and Suspended.
    """
    text = checked_text(message, "Your message", limit=MAX_QUESTION)
    if text is None:
        raise BadText("Your message", "is empty. Ask KAI anything about kindness or your day.")
    me, progress = await turns.read_progress(services.pool, caller)
    if me.suspended:
        raise Suspended().returning(text)
    question = _question(caller, me, progress, text, public=public, replied_to=replied_to)
    tools = Toolbox(services, caller, public=public)
    words = await services.companion.answer(question, tools, hear)
    return me, await _written(services, caller, me, text, words)


async def _written(services: Services, caller: Caller, me: Me, message: str, words: Words) -> Words:
    """Log the turn; gives the words with the ids of the reflections that they offer to save."""
    to_keep = [offer for offer in words.offers if offer.deed == "keep"]
    ids = await turns.write_answer(
        services.pool,
        me.user_id,
        message=message,
        response=words.text,
        function_called=function_called(words),
        drafts=[_draft(offer) for offer in to_keep],
        now=caller.now,
    )
    drafts = dict(zip(to_keep, ids, strict=False))
    offers = [replace(offer, draft_id=drafts.get(offer)) for offer in words.offers]
    return replace(
        words, offers=tuple(o for o in offers if o.deed != "keep" or o.draft_id is not None)
    )


def function_called(words: Words) -> str | None:
    """The tools that an answer used, as the turn's column holds them; None when it used none."""
    return ",".join(words.called)[:MAX_CALLED] or None


def _draft(offer: Offer) -> Draft:
    return Draft(offer.kind, offer.item_id, offer.day or 1, offer.reflection or "")


def _question(
    caller: Caller, me: Me, progress: Progress, text: str, *, public: bool, replied_to: str | None
) -> Question:
    today = local_date(caller.now, me.zone)
    on_challenge = progress.challenge is not None
    return Question(
        user_id=me.user_id,
        guild_id=caller.guild_id,
        name=caller.firstname,
        text=text,
        now=caller.now,
        zone=me.zone,
        locale=caller.locale,
        kind="challenge" if on_challenge else "quest" if progress.quest else None,
        item=progress.challenge or progress.quest,
        day=progress.challenge_day if on_challenge else progress.quest_day,
        total_days=progress.challenge_days if on_challenge else progress.quest_days,
        streak=streak(progress.dates, today).days,
        done_today=today in progress.dates,
        points=me.points,
        turns=() if public else progress.turns,
        public=public,
        replied_to=replied_to,
    )


async def count_turns(services: Services, caller: Caller) -> tuple[Me, int]:
    """How many turns KAI keeps of the caller. A suspended user may ask this, and forget."""
    return await turns.count_turns(services.pool, caller)


async def forget(services: Services, caller: Caller) -> tuple[Me, int]:
    """Erase every turn of the caller; gives how many there were."""
    me, _count = await turns.count_turns(services.pool, caller)
    return me, await turns.forget(services.pool, me.discord_id, caller.now)
