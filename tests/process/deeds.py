"""The turns in which a bot is killed: how a member comes to each, and which rows are all of it."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from db import day_logs, turns
from tests.models.script import Call, Data, Item, Say
from tests.process.scene import Scene
from tests.transport.actors import Actor
from tests.transport.interactions import Exchange

CHALLENGE: Final = "Discover the Power of Kindness"
QUEST: Final = "Small Surprises"
KEEP: Final = "Save this reflection"
WORDS: Final = "It felt good to write to my aunt."

Effect = dict[str, tuple[int, int]]
"""Table -> how many rows went (or were changed), and how many came (or were changed)."""
Go = Callable[[], Awaitable[Exchange]]
Ways = tuple[str, str]


@dataclass(frozen=True)
class Deed:
    """One kind of turn.

    `sql` is the statement that writes it, `effect` what that does. `prepare` brings a member up to
    it and gives how to do it, as often as one likes. `words` are what a model may say, the first
    and the second time, and `script` how.

    Done `again` after it was committed it does that much more. `kept` is what the member then
    reads, where the model is not asked again: None stands for the second words. `button` is what
    there is to press in the end.
    """

    sql: str
    effect: Effect
    again: Effect
    prepare: Callable[[Scene, Actor], Awaitable[Go]]
    words: Ways
    script: Callable[[str], list[Item]]
    kept: str | None = None
    button: str = ""


async def _join(scene: Scene, ann: Actor, *, done: bool) -> None:
    challenge_id = await scene.item("challenge", CHALLENGE)
    await scene.does(ann, "challenge join", challenge=challenge_id)
    if done:
        await scene.does(ann, "challenge done")


async def _to_ask(scene: Scene, ann: Actor) -> Go:
    await _join(scene, ann, done=True)
    return lambda: ann.slash("kai ask", message=f"Please note: {WORDS}")


async def _to_see(scene: Scene, ann: Actor) -> Go:
    quest_id = await scene.item("quest", QUEST)
    await scene.does(ann, "quest start", quest=quest_id)
    return lambda: ann.slash("quest today", quest=quest_id)


async def _to_reflect(scene: Scene, ann: Actor) -> Go:
    await _join(scene, ann, done=False)
    return lambda: ann.slash("challenge done", reflection=WORDS)


async def _to_keep(scene: Scene, ann: Actor) -> Go:
    await _join(scene, ann, done=True)
    scene.stub.queue(*_offer("Shall I keep that for you? Press the button."))
    asked = await scene.does(ann, "kai ask", message=f"Please note: {WORDS}")
    card = deepcopy(await scene.sees(asked, KEEP))
    return lambda: ann.press(card, KEEP)


def _offer(answer: str) -> list[Item]:
    return [Call("save_reflection", {"day_number": 1, "reflection": WORDS}), Say(answer)]


def _task(text: str) -> list[Item]:
    title = "A quick thank-you"
    return [Data({"title": title, "text": text, "minutes": 10, "difficulty": "Easy"})]


def _note(text: str) -> list[Item]:
    return [Data({"text": text, "crisis": False})]


TASKS: Final = (
    "Write a short thank-you note to somebody who helped you this week.",
    "Leave a friendly message for a neighbour who lives alone.",
)
NOTES: Final = (
    "Writing to your aunt was a kind thing. What did you tell her about yourself?",
    "Your aunt will be glad of it. What made you think of her today?",
)

DEEDS: Final = {
    "an answer with an offer": Deed(
        sql=turns.WRITE_TURN,
        effect={"public.kai_interactions": (0, 1), "discord.reflection_drafts": (0, 1)},
        again={"public.kai_interactions": (0, 1), "discord.reflection_drafts": (0, 1)},
        prepare=_to_ask,
        words=("Shall I keep that for you? Press the button.", "Press it, and it is kept for you."),
        script=_offer,
        button=KEEP,
    ),
    "first sight of a task": Deed(
        sql=day_logs.FIRST_SIGHT["quest"],
        effect={"public.quest_logs": (0, 1), "public.kai_interactions": (0, 1)},
        again={},
        prepare=_to_see,
        words=TASKS,
        script=_task,
        kept=TASKS[0],
    ),
    "a day done with a reflection": Deed(
        sql=day_logs.COMPLETE_DAY["challenge"],
        effect={
            "public.user_challenges": (1, 1),
            "public.challenge_logs": (0, 1),
            "discord.completions": (0, 1),
            "discord.accounts": (1, 1),
            "public.user_badges": (0, 1),
            "public.kai_interactions": (0, 1),
        },
        again={"public.kai_interactions": (0, 1)},  # a reflection on the day that is done already
        prepare=_to_reflect,
        words=NOTES,
        script=_note,
    ),
    "a reflection that KAI offered to save": Deed(
        sql=day_logs.REFLECT["challenge"],
        effect={
            "discord.reflection_drafts": (1, 0),
            "public.challenge_logs": (1, 1),
            "public.kai_interactions": (0, 1),
        },
        again={},
        prepare=_to_keep,
        words=NOTES,
        script=_note,
        kept="That offer is no longer there",
    ),
}
