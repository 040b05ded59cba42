"""`My day`: all that today asks of the caller, and the newest post of the server they are in."""

from dataclasses import dataclass

from bot.actions.pressing import as_taken_up, is_open
from bot.actions.services import Services, refuse_suspended
from bot.actions.today import Today, day_of, is_done_today, with_words
from bot.errors import SomebodyWasFaster
from bot.rules.enrolment import ACTIVE, COMPLETED
from db import presses
from db.members import Caller, Me
from db.presses import SeenPost
from db.rows import Enrolment


@dataclass(frozen=True, slots=True)
class PostToDo:
    """An open post whose quest the caller has not done today.

    `is_own` says that its quest is among the caller's own, with a task of theirs.
    """

    id: int
    quest_id: int
    quest: str
    difficulty: str | None
    act: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class MyDay:
    """The caller's challenge and quests today, any of which may be missing."""

    challenge: Today | None
    quests: list[Today]
    post: PostToDo | None


async def my_day(services: Services, caller: Caller) -> tuple[Me, MyDay]:
    """What today asks of the caller, with KAI's words for it, and the post that they can do.

    First sight of words writes them with their turn; the post's quest has its act for a task, and
    is not seen by this. Raises Suspended, SomebodyWasFaster.
    """
    for _attempt in range(3):
        me, current, quests, seen = await presses.read_my_day(services.pool, caller)
        refuse_suspended(me)
        post = _to_do(caller, me, quests, seen)
        waiting = None if post is None or post.is_own else post.quest_id
        challenge = None if current is None else day_of(me, current, caller.now)
        days = [
            day
            for quest in quests
            if quest.item_id != waiting and (day := day_of(me, quest, caller.now))
        ]
        with_guidance = await with_words(services, caller, me, [challenge] if challenge else [])
        with_tasks = await with_words(services, caller, me, days)
        if with_guidance is not None and with_tasks is not None:
            return me, MyDay(next(iter(with_guidance), None), with_tasks, post)
    raise SomebodyWasFaster


def _to_do(
    caller: Caller, me: Me, quests: list[Enrolment], post: SeenPost | None
) -> PostToDo | None:
    if post is None or not is_open(post, caller):
        return None
    own = next((quest for quest in quests if quest.item_id == post.quest_id), None)
    is_active = own is not None and own.status == ACTIVE
    if not is_active and not post.is_offered:
        return None
    if own is not None and not _can_be_done(caller, me, own):
        return None
    has_task = own is not None and (own.today.words is not None or post.act in own.earlier)
    return PostToDo(
        *(post.id, post.quest_id, post.quest, post.difficulty, post.act),
        is_own=is_active and has_task,
    )


def _can_be_done(caller: Caller, me: Me, quest: Enrolment) -> bool:
    if quest.status == COMPLETED or is_done_today(me, quest, caller.now):
        return False
    today = day_of(me, as_taken_up(quest), caller.now)
    return today is not None and not today.done
