"""What the members were told in a story, and what the website wrote meanwhile.

The rows must be exactly that: nothing is promised that is not kept, and nothing else is there.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bot.actions.doing import DayDone
from bot.actions.joining import Joined
from bot.actions.reflecting import Reflected
from bot.rules.days import local_date
from bot.rules.points import Kind
from tests.database.small_catalogue import QUEST_POINTS
from tests.database.website import Day, Found, Item

REST = dt.timedelta(hours=20)


@dataclass
class Told:
    """The story so far. Members are known by their Discord ids."""

    points: Counter[int] = field(default_factory=Counter[int])
    last: dict[Item, tuple[dt.date, dt.datetime]] = field(default_factory=dict[Item, Any])
    moved: dict[int, dt.datetime] = field(default_factory=dict[int, dt.datetime])
    reflections: dict[Day, str] = field(default_factory=dict[Day, str])
    turns: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    counted: set[Day] = field(default_factory=set[Day])
    marked: set[Day] = field(default_factory=set[Day])
    blanked: set[Item] = field(default_factory=set[Item])
    meddled: set[Item] = field(default_factory=set[Item])

    def hear(self, who: int, outcome: object, now: dt.datetime, zone: str) -> None:
        """Remember an answer to a member, who is in `zone`, and check it against former ones."""
        if isinstance(outcome, Joined):
            self.blanked.discard((who, outcome.kind, outcome.item.item_id))
        elif isinstance(outcome, Reflected):
            day = outcome.day
            self.hear_reflection((who, day.kind, day.item_id, day.day), outcome.reflection)
        elif isinstance(outcome, DayDone):
            item = outcome.enrolment
            key: Item = (who, item.kind, item.item_id)
            self.blanked.discard(key)
            if (*key, outcome.day) in self.marked | self.counted:
                assert outcome.points == 0, "no day counts twice, whatever the website does"
            else:
                self._hear_completion(key, outcome, now, zone)
            if outcome.reflection is not None:
                how = "complete_day,save_reflection"
                self.hear_reflection((*key, outcome.day), outcome.reflection, how)

    def _hear_completion(self, key: Item, done: DayDone, now: dt.datetime, zone: str) -> None:
        if key in self.last:
            assert local_date(now, zone) > self.last[key][0]
            assert not self._has_to_rest(key, now)
        self.last[key] = local_date(now, zone), now
        self.counted.add((*key, done.day))
        assert done.points == (10 if key[1] == "challenge" else QUEST_POINTS[key[2]])
        self.points[key[0]] += done.points

    def _has_to_rest(self, key: Item, now: dt.datetime) -> bool:
        _, at = self.last[key]
        return key[0] in self.moved and self.moved[key[0]] >= at and now - at < REST

    def is_open(self, key: Item, now: dt.datetime, zone: str) -> bool:
        """Whether the next day may be done, if the website never had a hand in it."""
        if key not in self.last:
            return True
        return local_date(now, zone) > self.last[key][0] and not self._has_to_rest(key, now)

    def hear_reflection(self, day: Day, text: str, how: str = "save_reflection") -> None:
        """Remember a reflection that was kept; `how` is what its turn says of it."""
        who, kind, item, _ = day
        contexts: dict[Kind, str] = {"challenge": "reflection", "quest": "quest_reflection"}
        self.reflections[day] = text
        self.turns.append((who, contexts[kind], item, text, how))

    def check(self, found: Found) -> None:
        """Compare with the rows."""
        assert found.reflections == self.reflections
        assert found.turns == self.turns
        assert found.counted == self.counted
        assert found.completed == self.counted | self.marked
        assert found.points == {who: self.points[who] for who in found.points}
        blank = {key for key, e in found.enrolments.items() if e.current_day in (None, 0)}
        assert blank <= self.blanked
