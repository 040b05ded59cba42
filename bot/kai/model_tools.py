"""KAI's tools as a model sees them: names, descriptions, arguments. They do what `Tools` does."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Literal, ParamSpec

import structlog
from pydantic_ai import FunctionToolset, RunContext

from bot.actions.companion import Tools

log = structlog.get_logger(__name__)

Facts = Mapping[str, Any]
Context = RunContext[Tools]

P = ParamSpec("P")


def _answering(look_up: Callable[P, Awaitable[Facts]]) -> Callable[P, Awaitable[Facts]]:
    """Trouble with the database is told to the model, which is not to blame for it."""

    @wraps(look_up)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> Facts:
        try:
            return await look_up(*args, **kwargs)
        except Exception:
            log.exception("a tool failed")
            return {"refused": "That cannot be looked up just now."}

    return answer


TOOLS: FunctionToolset[Any] = FunctionToolset()
"""The tools of the conversation; a run's dependency is the `Tools` of the member who speaks."""


@TOOLS.tool(sequential=True)
@_answering
async def get_progress(context: Context) -> Facts:
    """Look up the member's points, level, streak, badges and active challenges and quests."""
    return await context.deps.get_progress()


@TOOLS.tool(sequential=True)
@_answering
async def get_todays_task(context: Context) -> Facts:
    """Look up what today asks of the member in each of their challenges and quests."""
    return await context.deps.get_todays_task()


@TOOLS.tool(sequential=True)
@_answering
async def save_reflection(context: Context, day_number: int, reflection: str) -> Facts:
    """Put a button that saves the member's own words as their reflection on a day done today.

    Args:
        day_number: The day of their challenge or quest that the words are about.
        reflection: The member's words, unchanged.
    """
    return await context.deps.save_reflection(day_number, reflection)


@TOOLS.tool(sequential=True)
@_answering
async def complete_day(context: Context, kind: Literal["challenge", "quest"], item: str) -> Facts:
    """Put a button that marks today's day as done, when the member says that they did it.

    Args:
        kind: Whether it is a challenge or a quest.
        item: Its name, as get_progress gives it.
    """
    return await context.deps.complete_day(kind, item)


@TOOLS.tool(sequential=True)
@_answering
async def generate_mystery_quest(context: Context, quest_type: str) -> Facts:
    """Put a button that brings a mystery act: of a quest they are on, or of a new one to start.

    Args:
        quest_type: Easy, Medium, Hard, a word of a quest's name or theme, or "any".
    """
    return await context.deps.generate_mystery_quest(quest_type)


@TOOLS.tool(sequential=True)
@_answering
async def get_challenge_preview(context: Context, challenge_id: int) -> Facts:
    """Look up what a challenge is about, and its first days' titles.

    Args:
        challenge_id: The id of the challenge, as suggest_next gives it.
    """
    return await context.deps.get_challenge_preview(challenge_id)


@TOOLS.tool(sequential=True)
@_answering
async def suggest_next(context: Context) -> Facts:
    """Look up challenges and quests that the member could take up, with their ids."""
    return await context.deps.suggest_next()
