"""KAI's tools, bound to the member who speaks: no argument says whose rows they are about.

They look things up with the same queries and rules as the slash commands. What would change a row
becomes an offer, a button that does it when the member presses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.actions import profile
from bot.actions.companion import Offer
from bot.actions.services import Services
from bot.actions.today import Today, day_of, is_done_today
from bot.errors import UserError
from bot.rules.days import local_time
from bot.rules.enrolment import ACTIVE, COMPLETED, known_length
from bot.rules.points import Kind, day_points, difficulty_of
from bot.rules.texts import is_blank, is_storable
from db import catalogue, challenges, quests
from db.catalogue import Item
from db.members import Caller, Me
from db.rows import Enrolment

MAX_OFFERS = 4
MAX_DRAFT = 600
MAX_DRAFT_LINES = 12
"""What of a reflection fits on the card under which its writer agrees to it, whole."""
MAX_ABOUT = 300
"""Characters of a description that the model is told."""
SUGGESTIONS = 3
Facts = Mapping[str, Any]


def _refusal(why: str) -> Facts:
    return {"refused": why}


def _offered(what: str) -> Facts:
    return {
        "offered": what,
        "note": "Nothing has happened yet: a button under your answer does it when they press it.",
    }


@dataclass(slots=True)
class Toolbox:
    """The tools of one answer to one member, which others read too when it is `public`."""

    services: Services
    caller: Caller
    public: bool = False
    called: list[str] = field(default_factory=list[str])
    offers: list[Offer] = field(default_factory=list[Offer])

    def forget(self) -> None:
        """Drop what was called and offered: the answer is begun anew."""
        self.called.clear()
        self.offers.clear()

    async def get_progress(self) -> Facts:
        """Points, level, streak, badges, and the days of the active items."""
        self.called.append("get_progress")
        try:
            found = await profile.profile(self.services, self.caller)
        except UserError as error:
            return _refusal(error.render(str))
        return {
            "points": found.me.points,
            "kindness_level": found.level,
            "streak_in_days": found.streak.days,
            "done_something_today": not found.streak.pending,
            "badges": [badge.name for badge in found.profile.badges],
            "active": [
                {
                    "kind": i.kind,
                    "name": i.name,
                    "day": i.current_day,
                    "of_days": known_length(i.total_days),
                }
                for i in found.profile.items
            ],
        }

    async def get_todays_task(self) -> Facts:
        """What today asks in each active item; a task never looked at is offered, not written."""
        self.called.append("get_todays_task")
        _me, days = await self._days()
        if not days:
            return _refusal("They are on no challenge and no quest at the moment.")
        for day in days:
            if not day.done and day.enrolment.kind == "quest" and day.log.words is None:
                self._offer(Offer("today", "quest", day.enrolment.item_id, day.enrolment.name))
        return {"today": [_described(day) for day in days]}

    async def save_reflection(self, day_number: int, reflection: str) -> Facts:
        """Offer to save the member's words on a day that they did today."""
        self.called.append("save_reflection")
        if self.public:
            return _refusal("Others read this conversation. /kai ask is the place for reflections.")
        if is_blank(reflection) or not is_storable(reflection):
            return _refusal("There is no reflection in that.")
        if len(reflection) > MAX_DRAFT or reflection.count("\n") > MAX_DRAFT_LINES:
            return _refusal("That is too long for a button. Its form on the day's card takes it.")
        me, found = await self._enrolments()
        for item in found:
            day = item.last.day if item.last else None
            if day == day_number and is_done_today(me, item, self.caller.now):
                offer = Offer("keep", item.kind, item.item_id, item.name, day, reflection)
                return self._offer(offer, f"to save this reflection on day {day} of {item.name}")
        return _refusal(
            f"No day {day_number} of theirs was done today. A reflection belongs to a day that "
            "was done today; complete_day comes first."
        )

    async def complete_day(self, kind: Kind, item: str) -> Facts:
        """Offer to mark today's day of an item as done."""
        self.called.append("complete_day")
        me, all_days = await self._days()
        days = [day for day in all_days if day.enrolment.kind == kind]
        found = _named(item, days)
        if found is None:
            names = [day.enrolment.name for day in days]
            return _refusal(f"Which {kind}? They are on: {names}" if names else f"On no {kind}.")
        enrolment, number = found.enrolment, found.log.day
        if found.done:
            return _refusal(f"Day {number} of it is done already. {_next(me, found)}")
        offer = Offer("done", kind, enrolment.item_id, enrolment.name, number)
        return self._offer(offer, f"to mark day {number} of {enrolment.name} as done")

    async def generate_mystery_quest(self, quest_type: str) -> Facts:
        """Offer today's act of a quest of this type that they are on, or to start one."""
        self.called.append("generate_mystery_quest")
        _me, items = await catalogue.list_items(self.services.pool, self.caller, "quest")
        fitting = [i for i in items if i.status != COMPLETED and _is_of_type(i, quest_type)]
        if not fitting:
            types = sorted({difficulty_of(item.difficulty) for item in items})
            return _refusal(f"No quest of that type is open to them. Types: {types}")
        quest = fitting[0]  # their active ones come first
        if quest.status == ACTIVE:
            offer = Offer("today", "quest", quest.id, quest.name)
            return self._offer(offer, f"to show today's act of {quest.name}")
        offer = Offer("join", "quest", quest.id, quest.name)
        return self._offer(offer, f"to start the quest {quest.name}: {_about(quest)}")

    async def get_challenge_preview(self, challenge_id: int) -> Facts:
        """What a challenge is about, with a button to look at it."""
        self.called.append("get_challenge_preview")
        if not 0 < challenge_id < 2**31:
            return _refusal("There is no challenge of that id; suggest_next has ids.")
        _me, view = await catalogue.view_item(
            self.services.pool, self.caller, "challenge", challenge_id
        )
        if view is None:
            return _refusal("There is no challenge of that id; suggest_next has ids.")
        item = view.item
        self._offer(Offer("view", "challenge", item.id, item.name))
        return {
            "name": item.name,
            "description": _about(item),
            "days": known_length(item.total_days),
            "open_to_join": view.is_open,
            "their_status": item.status,
            "titles": list(view.days[:7]),
        }

    async def suggest_next(self) -> Facts:
        """What they could take up next."""
        self.called.append("suggest_next")
        suggested: dict[str, Any] = {}
        kinds: tuple[Kind, ...] = ("challenge", "quest")
        for kind in kinds:
            _me, items = await catalogue.list_items(self.services.pool, self.caller, kind)
            free = [i for i in items if i.status not in (ACTIVE, COMPLETED)][:SUGGESTIONS]
            suggested[f"{kind}s"] = [
                {
                    "id": i.id,
                    "name": i.name,
                    "about": _about(i),
                    "days": known_length(i.total_days),
                }
                for i in free
            ]
            if free:
                self._offer(Offer("view", kind, free[0].id, free[0].name))
        return suggested

    async def _enrolments(self) -> tuple[Me, list[Enrolment]]:
        me, challenge = await challenges.read_current(self.services.pool, self.caller)
        _me, active = await quests.read_current(self.services.pool, self.caller)
        return me, ([challenge] if challenge else []) + active

    async def _days(self) -> tuple[Me, list[Today]]:
        me, found = await self._enrolments()
        days = [day_of(me, item, self.caller.now) for item in found]
        return me, [day for day in days if day is not None]

    def _offer(self, offer: Offer, what: str = "") -> Facts:
        if offer not in self.offers:
            if len(self.offers) >= MAX_OFFERS:
                return _refusal("There are enough buttons under this answer already.")
            self.offers.append(offer)
        return _offered(what)


def _next(me: Me, day: Today) -> str:
    if day.opens is None:
        return "That was the last one."
    return f"The next one opens on {local_time(day.opens, me.zone):%A at %H:%M}, their time."


def _about(item: Item) -> str:
    return (item.description or "")[:MAX_ABOUT]


def _described(day: Today) -> Facts:
    item, text = day.enrolment, day.log.text
    return {
        "kind": item.kind,
        "item": item.name,
        "day": day.log.day,
        "of_days": known_length(item.total_days),
        "done": day.done,
        "points": day_points(item.kind, item.difficulty),
        "title": text.title if text else None,
        "task": day.log.words or (text.body if text else None),
    }


def _named(name: str, days: list[Today]) -> Today | None:
    """The one day whose item has this name, or holds it; the only one there is, for no name."""
    wanted = name.strip().casefold()
    exact = [day for day in days if day.enrolment.name.casefold() == wanted]
    found = exact or [day for day in days if wanted in day.enrolment.name.casefold()]
    return found[0] if len(found) == 1 else None


def _is_of_type(quest: Item, quest_type: str) -> bool:
    wanted = quest_type.strip().casefold()
    known = f"{quest.name} {quest.description or ''} {difficulty_of(quest.difficulty)}"
    return wanted in ("", "any", "surprise", "random", "mystery") or wanted in known.casefold()
