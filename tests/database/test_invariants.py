"""Any interleaving of what members do, and of what the website writes, keeps the rules.

Hypothesis makes the stories up; the real actions play them on a real database, on a clock that
moves by hours and days and over clock changes, in zones that change. After every step the database
is asked whether a rule is broken, and compared with what the members were told.
"""

import asyncio
import datetime as dt
from collections.abc import Coroutine, Generator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.actions.doing import DayDone
from bot.actions.reflecting import Reflected
from bot.errors import NotJoined, SomebodyWasFaster, TooEarly, UserError
from bot.rules.days import local_date, start_of_day
from bot.rules.points import Kind
from db.pool import Pool, create_pool
from tests import postgres
from tests.database import invariants, small_catalogue, website
from tests.database.presses import press
from tests.database.told import Told
from tests.database.website import Enrolment, Item

EXAMPLES = 100
STEPS = 40

ANN, BEN = 101, 102
ZONES = [
    *("UTC", "America/Toronto", "America/Vancouver", "Asia/Kathmandu", "Pacific/Chatham"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago"),  # 25 hours apart: the same hour, other dates
    *("Africa/Cairo", "America/Santiago", "America/Havana"),  # midnight is skipped or comes twice
    *("Asia/Beirut", "America/Nuuk", "Australia/Lord_Howe"),  # odd clock changes
]
# Each is a day or two before clocks change somewhere in ZONES.
STARTS = ["2026-03-06", "2026-03-27", "2026-04-03", "2026-04-22", "2026-09-04", "2026-10-23"]

people = st.sampled_from([ANN, ANN, ANN, BEN])
kinds: st.SearchStrategy[Kind] = st.sampled_from(["challenge", "quest"])
picks = st.integers(0, 9)
zones = st.sampled_from(ZONES)


class Story(RuleBasedStateMachine):
    """One story on an emptied database."""

    loop: ClassVar[asyncio.Runner]
    pool: ClassVar[Pool]

    def __init__(self) -> None:
        super().__init__()
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.told = Told()
        self.enrolments: dict[Item, Enrolment] = {}
        self.zones: dict[int, str] = {ANN: "UTC", BEN: "UTC"}
        self.texts = 0
        self.has_changed = False

    def run(self, deed: Coroutine[Any, Any, Any]) -> Any:
        """Play something that may change the rows."""
        self.has_changed = True
        return self.loop.run(deed)

    async def press(self, deed: str, who: int, *args: Any) -> object:
        """Let a member do something, and remember the answer."""
        services = small_catalogue.services_at(self.pool, self.now)
        outcome = await press(services, deed, who, *args)
        self.told.hear(who, outcome, self.now, self.zones[who])
        return outcome

    def item(self, who: int, kind: Kind, pick: int) -> int:
        """Mostly one that they are on, else any."""
        mine = [k[2] for k, e in self.enrolments.items() if k[:2] == (who, kind) and e.active]
        return mine[pick % len(mine)] if mine and pick < 8 else pick % 5 + 1

    def new_text(self) -> str:
        """A reflection like no other."""
        self.texts += 1
        return f"Reflection {self.texts}"

    @initialize(
        date=st.sampled_from(STARTS),
        hour=st.integers(0, 47),
        homes=st.tuples(zones, zones),
        taken=st.tuples(picks, picks, picks),
    )
    def begin(
        self, date: str, hour: int, homes: tuple[str, str], taken: tuple[int, int, int]
    ) -> None:
        """A fresh database; each member is somewhere, and one of them has begun."""
        self.run(small_catalogue.start_over(self.pool))
        self.now = dt.datetime.fromisoformat(date).replace(tzinfo=dt.UTC) + dt.timedelta(hours=hour)
        self.move(ANN, homes[0])
        self.move(BEN, homes[1])
        self.join(ANN, "challenge", taken[0], switches=False)
        self.join(ANN, "quest", taken[1], switches=False)
        self.join(ANN, "quest", taken[2], switches=False)

    @rule(hours=st.sampled_from([1, 3, 7, 12, 20, 24, 24, 30, 49]))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.now += dt.timedelta(hours=hours)

    @rule(who=people, seconds=st.sampled_from([-1, 0, 1]))
    def wait_for_midnight(self, who: int, seconds: int) -> None:
        """The edge of somebody's day."""
        tomorrow = local_date(self.now, self.zones[who]) + dt.timedelta(days=1)
        midnight = start_of_day(tomorrow, self.zones[who])
        self.now = max(self.now, midnight + dt.timedelta(seconds=seconds))

    @rule(who=people, zone=zones)
    def move(self, who: int, zone: str) -> None:
        """A member travels."""
        self.run(self.press("move", who, zone))
        if self.zones[who] != zone:
            self.told.moved[who] = self.now
        self.zones[who] = zone

    @rule(who=people, kind=kinds, pick=picks, switches=st.booleans())
    def join(self, who: int, kind: Kind, pick: int, switches: bool) -> None:
        """A member takes something up, again perhaps."""
        outcome = self.run(self.press("switch" if switches else "join", who, kind, pick % 5 + 1))
        assert not isinstance(outcome, SomebodyWasFaster)

    @rule(who=people, kind=kinds, pick=picks)
    def leave(self, who: int, kind: Kind, pick: int) -> None:
        """A member leaves something."""
        self.run(self.leaving(who, kind, pick))

    def leaving(self, who: int, kind: Kind, pick: int) -> Coroutine[Any, Any, object]:
        """There is one challenge to leave, but several quests."""
        which = () if kind == "challenge" else (self.item(who, kind, pick),)
        return self.press(f"leave {kind}", who, *which)

    @rule(who=people, kind=kinds)
    def look(self, who: int, kind: Kind) -> None:
        """A member looks at what today asks."""
        outcome = self.run(self.looking(who, kind))
        assert not isinstance(outcome, UserError) or isinstance(outcome, NotJoined)

    def looking(self, who: int, kind: Kind) -> Coroutine[Any, Any, object]:
        """At the challenge, or at all quests."""
        return self.press("see challenge" if kind == "challenge" else "see quests", who)

    @rule(who=people, kind=kinds, pick=picks, writes=st.booleans())
    def do(self, who: int, kind: Kind, pick: int, writes: bool) -> None:
        """A member says "done", with a reflection or without: it is open when it should be."""
        self.rules_and_promises_are_kept()
        key = (who, kind, self.item(who, kind, pick))
        text = self.new_text() if writes else None
        before, zone = self.told.points[who], self.zones[who]
        is_active = key in self.enrolments and self.enrolments[key].active
        is_known = is_active and key not in self.told.meddled
        is_open = is_known and self.told.is_open(key, self.now, zone)
        outcome = self.run(self.press("done", *key, text))
        if is_known:
            assert isinstance(outcome, DayDone) == is_open
            assert is_open or isinstance(outcome, TooEarly | Reflected)
        if isinstance(outcome, DayDone):
            assert (outcome.enrolment.kind, outcome.enrolment.item_id) == key[1:]
            after = self.told.points[who]
            assert outcome.total == after
            reached = sorted(badge.points_required or 0 for badge in outcome.badges)
            assert reached == [p for p in small_catalogue.EARNED if before < p <= after]
        elif isinstance(outcome, Reflected):
            assert (outcome.day.kind, outcome.day.item_id) == key[1:]
        else:
            assert isinstance(outcome, UserError)
            assert not isinstance(outcome, SomebodyWasFaster)
            assert outcome.returned_text == text
        if isinstance(outcome, TooEarly):
            opens = outcome.values["opens"]
            assert isinstance(opens, dt.datetime)
            assert self.now < opens <= self.now + dt.timedelta(hours=52)

    @rule(who=people, picked=st.tuples(picks, picks), hours=st.integers(0, 5), writes=st.booleans())
    def do_all_tomorrow(self, who: int, picked: tuple[int, int], hours: int, writes: bool) -> None:
        """The next day comes, and a member does a challenge's and a quest's day."""
        self.wait_for_midnight(who, 0)
        self.wait(hours)
        self.do(who, "challenge", picked[0], writes)
        self.do(who, "quest", picked[1], writes)

    @rule(who=people, pick=picks, zone=zones, hours=st.integers(0, 30))
    def do_and_fly(self, who: int, pick: int, zone: str, hours: int) -> None:
        """A member does a day, flies somewhere, and does the next one when it seems to be open."""
        self.do(who, "challenge", pick, writes=False)
        self.move(who, zone)
        self.wait(hours)
        self.do(who, "challenge", pick, writes=False)

    @rule(who=people, kind=kinds, pick=picks, day=st.integers(1, 5))
    def reflect(self, who: int, kind: Kind, pick: int, day: int) -> None:
        """A member uses the button of some day's card."""
        text = self.new_text()
        item = self.item(who, kind, pick)
        outcome = self.run(self.press("reflect", who, kind, item, day, text))
        assert isinstance(outcome, Reflected) or outcome.returned_text == text

    @rule(who=people, kind=kinds, picked=st.tuples(picks, picks), deeds=st.lists(
        st.sampled_from(["done", "done", "join", "switch", "leave", "look"]),
        min_size=2, max_size=4,
    ))  # fmt: skip
    def at_once(self, who: int, kind: Kind, picked: tuple[int, int], deeds: list[str]) -> None:
        """One member in several places at the same moment."""
        presses: list[Coroutine[Any, Any, object]] = []
        for number, deed in enumerate(deeds):
            pick = picked[number % 2]
            if deed == "done":
                presses.append(self.press(deed, who, kind, self.item(who, kind, pick)))
            elif deed == "leave":
                presses.append(self.leaving(who, kind, pick))
            elif deed == "look":
                presses.append(self.looking(who, kind))
            else:
                presses.append(self.press(deed, who, kind, pick % 5 + 1))

        async def together() -> None:
            await asyncio.gather(*presses)

        self.run(together())

    @rule(who=people, kind=kinds, pick=picks, ahead=st.sampled_from([0, 0, 1]), moves=st.booleans())
    def website_marks(self, who: int, kind: Kind, pick: int, ahead: int, moves: bool) -> None:
        """The website marks a day of an active item as completed, and moves on or does not."""
        key = (who, kind, self.item(who, kind, pick))
        enrolment = self.enrolments.get(key)
        if enrolment is None or not enrolment.active:
            return
        day = min(enrolment.day + ahead, enrolment.total_days)
        moves = moves and day == enrolment.day
        if self.run(website.mark(self.pool, enrolment, day, self.now, moves=moves)):
            self.told.marked.add((*key, day))
            self.told.meddled.add(key)

    @rule(who=people, kind=kinds, pick=picks, day=st.sampled_from([None, 0]))
    def website_blanks(self, who: int, kind: Kind, pick: int, day: int | None) -> None:
        """The website leaves NULL or 0 where the day should be."""
        key = (who, kind, self.item(who, kind, pick))
        enrolment = self.enrolments.get(key)
        if enrolment is None or enrolment.status == "completed":
            return
        self.run(website.blank(self.pool, enrolment, day))
        self.told.blanked.add(key)
        self.told.meddled.add(key)

    @rule(who=people, pick=picks)
    def website_reflects(self, who: int, pick: int) -> None:
        """A member writes on the website before the challenge's day is done."""
        key: Item = (who, "challenge", self.item(who, "challenge", pick))
        enrolment = self.enrolments.get(key)
        if enrolment is None or not enrolment.active:
            return
        text = self.new_text()
        self.run(website.reflect(self.pool, enrolment, text, self.now))
        self.told.hear_reflection((*key, enrolment.day), text, how="")

    @invariant()
    def rules_and_promises_are_kept(self) -> None:
        """What must hold in any case holds, and the rows are what the members were told."""
        if not self.has_changed:
            return
        assert self.run(invariants.broken(self.pool)) == []
        found = self.run(website.read(self.pool))
        self.told.check(found)
        self.enrolments = found.enrolments
        self.has_changed = False


@pytest.fixture
def loop_and_pool(server_url: str, template: str) -> Generator[tuple[asyncio.Runner, Pool]]:
    """A database for all the stories, and a loop to play them in."""
    with asyncio.Runner() as loop:
        database = postgres.database(server_url, template)
        url = loop.run(database.__aenter__())
        try:
            pool = loop.run(create_pool(url, size=4, idle_seconds=0))
            yield loop, pool
            loop.run(pool.close())
        finally:
            loop.run(database.__aexit__(None, None, None))


@pytest.mark.long
@pytest.mark.timeout(600)  # a story that breaks a rule is made short first, which takes a while
def test_any_story_keeps_the_rules(loop_and_pool: tuple[asyncio.Runner, Pool]) -> None:
    """Members, the website and the clock, in any order."""

    class StoryHere(Story):
        loop, pool = loop_and_pool

    run_state_machine_as_test(
        StoryHere,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
