"""Stories of trouble: suspended people, a database that is gone, a slow KAI, a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from simcord import InteractionResult

from bot.actions.companion import Hear, Question, ReflectionRequest, TaskRequest, Tools, Words
from bot.kai.companion import Kai
from db.pool import Pool
from tests.behaviour.town import Town, is_private, open_town, text_of

POWER = "Discover the Power of Kindness"
EASY = "Small Surprises"
PAUSED = "Your Get Kinder account is paused at the moment"
FAULT = "Something went wrong on our side"


async def test_a_suspended_member(town: Town) -> None:
    """Every command answers with the sentence, and what they wrote comes back."""
    power, quest = await town.join(town.ann, POWER), await town.start(town.ann, EASY)
    today = await town.slash(town.ann, "challenge today")
    await town.slash(town.ann, "quest done")
    reflect = await town.press(
        town.ann, await town.slash(town.ann, "quest today"), "Add a reflection"
    )
    await town.suspend(town.ann)
    options: dict[str, dict[str, object]] = {
        "challenge view": {"challenge": power},
        "challenge join": {"challenge": power},
        "challenge done": {"reflection": "My own words."},
        "quest view": {"quest": quest},
        "quest start": {"quest": quest},
        "quest done": {"reflection": "My own words."},
        "quest leave": {"quest": quest},
        "badge show": {"badge": 1},
        "kai ask": {"message": "My own words."},
        "settings timezone": {"zone": "Europe/Paris"},
        "settings leaderboard": {"show": False},
        "settings reminder time": {"at": "20:30"},
        "account link": {"email": "ann@example.org"},
    }
    not_hers = {"account requests"}
    commands = set(town.ann.available_commands(town.room)) - {"kai forget"} - not_hers
    assert len(commands) > 20
    for command in sorted(commands):
        shown = await town.slash(town.ann, command, **options.get(command, {}))
        assert is_private(shown), command
        assert PAUSED in text_of(shown), command
        if "My own words." in options.get(command, {}).values():
            assert await town.returned(shown) == "My own words.", command
    assert PAUSED in text_of(await town.press(town.ann, today, "I did it"))
    late = await town.ann.submit_modal(reflect, {"reflection": "My own words."})
    assert PAUSED in text_of(late)
    assert "My own words." in await town.returned(late)

    kept = await town.slash(town.ann, "kai forget")
    assert "KAI keeps" in text_of(kept), "what is theirs they may still have forgotten"
    forgotten = await town.press(town.ann, kept, "Forget them all")
    assert "KAI has forgotten" in text_of(forgotten)
    assert await town.value("SELECT count(*) FROM challenge_logs WHERE completed") == 0


async def test_a_suspended_moderator(town: Town) -> None:
    """They give no badge and change no catalogue."""
    await town.slash(town.sage, "me")
    await town.suspend(town.sage)
    badge = await town.item_id("badge", "Good Listener")
    for command in ("moderate award", "moderate revoke"):
        shown = await town.slash(town.sage, command, member=town.ben, badge=badge)
        assert is_private(shown)
        assert PAUSED in text_of(shown)
    retire = await town.slash(
        town.sage, "catalog challenge-retire", challenge=await town.item_id("challenge", POWER)
    )
    assert PAUSED in text_of(retire)
    form = await town.slash(town.sage, "catalog badge-add")
    if form.modal is not None:
        values = {"name": "Mine", "icon": "🌱", "description": "All mine.", "points": ""}
        form = await town.sage.submit_modal(form, values)
    assert PAUSED in text_of(form)
    assert await town.value("SELECT count(*) FROM discord.audit_log") == 0


async def test_a_text_that_no_database_can_hold(town: Town) -> None:
    """NUL and half a character are refused with a sentence; nothing is half-saved."""
    await town.join(town.ann, POWER)
    for bad in ("before\x00after", "before\ud83dafter"):
        for command, option in (("challenge done", "reflection"), ("kai ask", "message")):
            shown = await town.slash(town.ann, command, **{option: bad})
            assert "invisible character that cannot be stored" in text_of(shown), repr(bad)
            assert "before" in text_of(shown)
            assert "after" in text_of(shown)
    assert await town.value("SELECT count(*) FROM challenge_logs") == 0
    assert await town.value("SELECT count(*) FROM kai_interactions") == 0


async def test_the_database_goes_away(town: Town) -> None:
    """The member gets a sentence with a reference, never silence, and keeps what they typed."""
    await town.join(town.ann, POWER)
    today = await town.slash(town.ann, "challenge today")
    done = await town.slash(town.ann, "challenge done")
    form = await town.press(town.ann, done, "Add a reflection")
    listed = await town.slash(town.ann, "quest list")
    catalogue = await town.slash(town.sage, "catalog badge-add")
    await town.pool.close()

    tried: list[Callable[[], Awaitable[InteractionResult]]] = [
        lambda: town.slash(town.ann, "me"),
        lambda: town.slash(town.ann, "challenge list"),
        lambda: town.slash(town.ann, "leaderboard"),
        lambda: town.slash(town.ann, "quest today"),
        lambda: town.slash(town.sage, "moderate award", member=town.ben, badge=1),
        lambda: town.slash(town.sage, "catalog badge-edit", badge=1),
        lambda: town.menu(town.sage, "Award a badge", town.ben),
        lambda: town.press(town.ann, today, "I did it"),
        lambda: town.press(town.ben, listed, "More"),
    ]
    for attempt in tried:
        shown = await attempt()
        assert is_private(shown)
        assert FAULT in text_of(shown)
        assert "tell a moderator: `" in text_of(shown)

    words = "Something I would not want to write twice."
    for shown in (
        await town.ann.submit_modal(form, {"reflection": words}),
        await town.slash(town.ann, "challenge done", reflection=words),
        await town.slash(town.ann, "kai ask", message=words),
        await town.sage.submit_modal(
            catalogue, {"name": "Mine", "icon": "🌱", "description": words, "points": ""}
        ),
    ):
        assert is_private(shown)
        assert FAULT in text_of(shown)
        assert words in text_of(shown)
    assert await town.offered(town.ann, "quest start", "quest", "") == []
    answered = [r for r in town.env.http_requests if r.path.endswith("/callback")][-1]
    assert answered.json is not None
    assert answered.json["type"] == 8, "an empty menu, not one that loads for ever"


async def test_buttons_outlive_a_restart(town: Town) -> None:
    """Cards from before it still work, also in direct messages."""
    power = await town.item_id("challenge", POWER)
    view = await town.slash(town.ann, "challenge view", challenge=power)
    challenges = await town.slash(town.ann, "help")
    in_private = await town.ben.user.slash("challenge view", challenge=power)
    await town.restart()
    joined = await town.press(town.ann, view, "Join")
    assert f"You are in: {POWER}" in text_of(joined)
    assert POWER in text_of(await town.press(town.ann, challenges, "See the challenges"))
    assert "You are in" in text_of(await town.press(town.ben.user, in_private, "Join"))
    today = await town.press(town.ann, joined, "Show me today")
    await town.restart()
    done = await town.press(town.ann, today, "I did it")
    assert "Day 1 is done" in text_of(done)
    await town.restart()
    kept = await town.fill(town.ann, done, "Add a reflection", reflection="After three restarts.")
    assert "After three restarts." in text_of(kept)
    assert await town.value("SELECT count(*) FROM user_challenges WHERE status = 'active'") == 2


async def test_a_button_of_another_version(town: Town) -> None:
    """It is answered, whatever its id holds."""
    listed = await town.slash(town.ann, "badge list")
    message = listed.response
    assert message is not None
    stored = town.env.backend.get_message(message.channel_id, message.id)
    button = {"type": 2, "style": 2, "label": "Old"}
    for odd in (
        "gk:0:done:challenge:1:1",
        "gk:1:nonsense",
        "gk:1:done",
        "gk:1:done:challenge",
        "gk:1:done:challenge:x:1",
        "gk:1:done:badge:1:1",
        "gk:1:view:quest:99999999999999999999",
        "gk:1:view:quest:9999999999",
        "gk:1:view:challenge:-1",
        "gk:1:join:quest:٣",
        "gk:1:list:nothing",
        "gk:1:share:badge:424242",
        "gk:1:share:challenge:1",
        "gk:1:read:challenge:1:1",
        "gk:1:switch:424242",
    ):
        stored.components = [{"type": 1, "components": [{**button, "custom_id": odd}]}]
        shown = await town.ann.click(message.message, label="Old")
        assert is_private(shown), odd
        assert text_of(shown), odd
        assert FAULT not in text_of(shown), odd


class SlowVoice(Kai):
    """A voice that thinks for longer than Discord waits, as a model may."""

    def __init__(self) -> None:
        super().__init__()
        self.town: Town | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.answered_within_a_second: list[bool] = []

    async def _think(self) -> None:
        assert self.town is not None
        now = self.town.env.now
        begun, before = now(), self._callbacks()
        await asyncio.sleep(0.9)
        assert (now() - begun).total_seconds() <= 1
        self.answered_within_a_second.append(self._callbacks() > before)
        if self.meanwhile is not None:
            await self.meanwhile()

    def _callbacks(self) -> int:
        assert self.town is not None
        return sum(r.path.endswith("/callback") for r in self.town.env.http_requests)

    async def answer(
        self, question: Question, tools: Tools | None = None, hear: Hear | None = None
    ) -> Words:
        """An answer, in a while."""
        await self._think()
        return await super().answer(question, tools, hear)

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A note, in a while."""
        await self._think()
        return await super().note_on(request)

    async def write_task(self, request: TaskRequest) -> str:
        """A task, in a while."""
        await self._think()
        return await super().write_task(request)


async def test_a_slow_kai_is_waited_for(pool: Pool) -> None:
    """The interaction is deferred within a second, privately, and then holds the answer."""
    voice = SlowVoice()
    async with open_town(pool, voice) as town:
        voice.town = town
        asked = await town.slash(town.ann, "kai ask", message="Are you there?")
        assert voice.answered_within_a_second == [True]
        assert town.was_deferred()
        assert is_private(asked)
        assert "**KAI**" in text_of(asked)
        assert await town.value("SELECT message FROM kai_interactions") == "Are you there?"

        started = await town.slash(town.ann, "quest start", quest=await town.item_id("quest", EASY))
        today = await town.press(town.ann, started, "Show me today")
        assert voice.answered_within_a_second == [True, True]
        assert "Today's mystery" in text_of(today), "a card is replaced after its defer, too"


async def test_trouble_after_a_defer(pool: Pool) -> None:
    """An error that comes late reaches the member privately, with their words."""
    voice = SlowVoice()
    async with open_town(pool, voice) as town:
        voice.town = town
        await town.join(town.ann, POWER)

        async def the_website_cancels() -> None:
            await pool.execute("UPDATE user_challenges SET status = 'cancelled'")

        voice.meanwhile = the_website_cancels
        refused = await town.slash(town.ann, "challenge done", reflection="While you thought.")
        assert town.was_deferred()
        assert is_private(refused)
        assert "You are not on a challenge" in text_of(refused)
        assert await town.returned(refused) == "While you thought."
        assert await town.value("SELECT count(*) FROM challenge_logs") == 0

        async def something_breaks() -> None:
            raise RuntimeError("the voice has lost itself")

        voice.meanwhile = something_breaks
        broken = await town.slash(town.ann, "kai ask", message="Still there?")
        assert is_private(broken)
        assert FAULT in text_of(broken)


class SlowPool:
    """The pool of a database that takes its time once it is told to."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetchrow(self, *args: Any) -> Any:
        """One row, in a while."""
        await asyncio.sleep(self.seconds)
        return await self._pool.fetchrow(*args)

    async def fetch(self, *args: Any) -> Any:
        """Rows, in a while."""
        await asyncio.sleep(self.seconds)
        return await self._pool.fetch(*args)


async def test_a_slow_database_and_a_public_answer(pool: Pool) -> None:
    """What all may see is deferred in public; a refusal then still reaches the member alone."""
    slow = SlowPool(pool)
    async with open_town(cast("Pool", slow)) as town:
        gift = {"member": town.ben, "badge": await town.item_id("badge", "Good Listener")}
        slow.seconds = 0.9
        listed = await town.slash(town.sage, "quest list")
        assert town.was_deferred()
        (card,) = town.room.history(viewer=town.ann)
        assert listed.response is not None
        assert card.id == listed.response.id
        assert "Mystery quests" in text_of(listed)
        (told,) = listed.followups
        assert told.ephemeral, "what a newcomer is told takes nothing from the card"

        given = await town.slash(town.sage, "moderate award", **gift)
        assert town.was_deferred()
        assert f"{town.ben.mention} receives this badge" in text_of(given)
        assert len(town.room.history(viewer=town.ann)) == 2

        twice = await town.slash(town.sage, "moderate award", **gift)
        assert town.was_deferred()
        assert is_private(twice)
        assert "They have **Good Listener** already" in text_of(twice)
        assert len(town.room.history(viewer=town.ann)) == 2, "nothing of it is left in the channel"
