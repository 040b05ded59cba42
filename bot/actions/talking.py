"""Asking KAI, and having KAI forget."""

from bot.actions.companion import Question, Words
from bot.actions.services import Services, checked_text
from bot.errors import BadText, Suspended
from bot.rules.days import local_date
from bot.rules.streaks import streak
from db import turns
from db.members import Caller, Me
from db.turns import Progress

MAX_QUESTION = 2000


async def ask(services: Services, caller: Caller, message: str) -> tuple[Me, Words]:
    """KAI's answer to a member, logged as a turn with what the member saw.

    Raises BadText, handing the text back, and Suspended.
    """
    text = checked_text(message, "Your message", limit=MAX_QUESTION)
    if text is None:
        raise BadText("Your message", "is empty. Ask KAI anything about kindness or your day.")
    me, progress = await turns.read_progress(services.pool, caller)
    if me.suspended:
        raise Suspended().returning(text)
    words = await services.companion.answer(_question(caller, me, progress, text))
    await turns.write_answer(services.pool, me.user_id, text, words.text, caller.now)
    return me, words


def _question(caller: Caller, me: Me, progress: Progress, text: str) -> Question:
    today = local_date(caller.now, me.zone)
    on_challenge = progress.challenge is not None
    return Question(
        user_id=me.user_id,
        name=caller.firstname,
        text=text,
        now=caller.now,
        kind="challenge" if on_challenge else "quest" if progress.quest else None,
        item=progress.challenge or progress.quest,
        day=progress.challenge_day if on_challenge else progress.quest_day,
        total_days=progress.challenge_days if on_challenge else progress.quest_days,
        streak=streak(progress.dates, today).days,
        done_today=today in progress.dates,
        points=me.points,
    )


async def count_turns(services: Services, caller: Caller) -> tuple[Me, int]:
    """How many turns KAI keeps of the caller. A suspended user may ask this, and forget."""
    return await turns.count_turns(services.pool, caller)


async def forget(services: Services, caller: Caller) -> tuple[Me, int]:
    """Erase every turn of the caller; gives how many there were."""
    me, _count = await turns.count_turns(services.pool, caller)
    return me, await turns.forget(services.pool, me.user_id, caller.now)
