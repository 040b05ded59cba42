"""A walk through everything that the bot does for a member, noting what each use costs.

Uses are named as the command tree names them: "challenge join" or "Award a badge", "button done",
and "…, sent" for a form; a use that differs from the usual one has its case behind a comma.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

from simcord import InteractionResult, MemberActor

from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from tests.behaviour.chapters import DRAFT, SENT_REMINDER
from tests.behaviour.town import Town, text_of
from tests.database.posted import in_ledger


class Walk:
    """Uses the bot; `costs` holds what `meter` moved on by during each use, by its name."""

    def __init__(self, town: Town, meter: Callable[[], int]) -> None:
        self.town = town
        self.meter = meter
        self.costs: dict[str, int] = {}

    async def measure(
        self, name: str, says: str, use: Awaitable[InteractionResult]
    ) -> InteractionResult:
        """Note what a use costs. Asserts that it went as meant, by something that it `says`."""
        before = self.meter()
        shown = await use
        self.costs[name] = self.meter() - before
        said = text_of(shown) or str(shown.modal)
        assert says in said, f"{name} says {said!r}"
        return shown

    async def slash(
        self, who: MemberActor, command: str, says: str, case: str = "", **options: Any
    ) -> InteractionResult:
        """Run a slash command."""
        name = f"{command}, {case}" if case else command
        return await self.measure(name, says, self.town.slash(who, command, **options))

    async def press(
        self, who: MemberActor, shown: InteractionResult, label: str, verb: str, says: str
    ) -> InteractionResult:
        """Press a button of a verb."""
        return await self.measure(f"button {verb}", says, self.town.press(who, shown, label))

    async def posted(
        self, who: MemberActor, verb: str, says: str, *args: int, case: str = ""
    ) -> InteractionResult:
        """Press a button of a verb on a card of the bot's in the room."""
        button = Press("Then", verb, *args)
        room = self.town.bot.get_partial_messageable(self.town.room.id)
        card = await room.send(view=Card(Colour.NOTE, "From KAI", buttons=[button]))
        use = who.click(card, custom_id=button.custom_id)
        name = f"button {verb}, {case}" if case else f"button {verb}"
        return await self.measure(name, says, use)

    async def send(
        self, who: MemberActor, form: InteractionResult, name: str, says: str, /, **values: Any
    ) -> InteractionResult:
        """Send the form that the use of this name opened, its fields as they are or as given."""
        filled = _as_opened(form.modal or {}) | values
        return await self.measure(f"{name}, sent", says, who.submit_modal(form, filled))

    async def _home_menu(
        self, who: MemberActor, name: str, target: MemberActor
    ) -> InteractionResult:
        """Choose an entry of the home server's own in a member's context menu."""
        actor: Any = who
        send = actor._dispatch_interaction

        def with_guild(kind: int, room: Any, data: dict[str, Any]) -> Awaitable[InteractionResult]:
            return send(kind, room, data | {"guild_id": str(self.town.guild.id)})

        # SimCord leaves out that the entry is registered in this server alone, as Discord says.
        with patch.object(who, "_dispatch_interaction", with_guild):
            return await who.context_menu(self.town.room, name, target)

    async def everything(self, who: MemberActor) -> None:
        """All of it. `who` has used the bot before, and somebody else has points already."""
        await self._own_things(who)
        await self._challenges(who)
        await self._quests(who)
        await self._posts(who)
        await self._badges(who)
        await self._account(who)
        await self._daily()
        await self._items(who.name)
        await self._days_and_badges(who.name)

    async def _own_things(self, who: MemberActor) -> None:
        shown = await self.slash(who, "help", "Get Kinder")
        shown = await self.press(who, shown, "See the quests", "list", "Mystery quests")
        await self.press(who, shown, "More", "page", "page 2 of 2")
        await self.slash(who, "settings leaderboard", "You appear", show=True)
        await self._reminders(who)
        await self.slash(who, "me", "Kindness level")
        await self.slash(who, "kai ask", "KAI", message="How do I begin?")
        shown = await self.slash(who, "kai forget", "Shall it forget")
        await self.press(who, shown, "Forget them all", "forget", "KAI has forgotten")
        await self.posted(who, "care", "988")

    async def _reminders(self, who: MemberActor) -> None:
        case = "when there is none"
        await self.slash(who, "settings timezone", "Toronto", case, zone="America/Toronto")
        await self.slash(who, "settings reminder off", "no reminder", case)
        await self.slash(who, "settings reminder time", "remind you daily", at="20:30")
        await self.slash(who, "settings timezone", "Regina", zone="America/Regina")
        reminder: int = await self.town.value(
            SENT_REMINDER, await self.town.user_id(who), self.town.env.now()
        )
        await self.posted(who, "snooze", "remind you again", reminder, 0)
        await self.posted(who, "stop", "not remind you any more")
        await self.slash(who, "settings reminder time", "remind you daily", at="20:30")
        await self.slash(who, "settings reminder off", "not remind you any more")

    async def _challenges(self, who: MemberActor) -> None:
        first = await self.town.item_id("challenge", "Kind to the Living World")
        second = await self.town.item_id("challenge", "Discover the Power of Kindness")
        await self.slash(who, "challenge list", "Challenges")
        await self.slash(who, "challenge view", "7 days", challenge=second)
        await self.slash(who, "challenge join", "You are in", challenge=first)
        shown = await self.slash(who, "challenge join", "switch", "on another", challenge=second)
        shown = await self.press(who, shown, "Switch", "switch", "You left")
        await self.press(who, shown, "Show me today", "today", "KAI says")
        await self.slash(who, "challenge today", "KAI says")
        done = await self.slash(who, "challenge done", "Day 1 is done")
        form = await self.press(who, done, "Add a reflection", "reflect", "reflection on day 1")
        await self.send(who, form, "button reflect", "is kept", reflection="It was good.")
        await self.slash(
            who, "challenge done", "was changed", "reflecting later", reflection="Very good."
        )
        await self.slash(who, "challenge done", "already done", "too early")
        await self.slash(who, "challenge progress", "day 2 of 7 is next")
        shown = await self.slash(who, "challenge leave", "You left")
        await self.press(who, shown, "Go on after all", "join", "Welcome back")
        await self.town.tomorrow()
        await self.slash(who, "challenge today", "KAI says", "first sight")
        long = "So kind. " * 200
        case = "with a reflection"
        done = await self.slash(who, "challenge done", "Day 2 is done", case, reflection=long)
        await self.press(who, done, "Read all I wrote", "read", "all that you wrote")

    async def _quests(self, who: MemberActor) -> None:
        found = await self.town.pool.fetch("SELECT id FROM quests ORDER BY id LIMIT 3")
        quests = [row["id"] for row in found]
        await self.slash(who, "quest list", "Mystery quests")
        await self.slash(who, "quest view", "points a day", quest=quests[0])
        for quest in quests:
            await self.slash(who, "quest start", "You are in", quest=quest)
        await self.slash(who, "quest today", "mystery", "first sight", quest=quests[0])
        shown = await self.slash(who, "quest today", "mystery", quest=quests[0])
        await self.slash(who, "quest done", "Which one", "asked which")
        await self.press(who, shown, "I did it", "done", "Day 1 is done")
        await self.town.tomorrow()
        await self.slash(who, "quest today", "mystery", "first sight of three")
        await self.slash(who, "quest done", "Day 1 is done", quest=quests[1])
        words = {"quest": quests[2], "reflection": "It was good."}
        await self.slash(who, "quest done", "It was good", "with a reflection", **words)
        draft = await self.town.value(DRAFT, await self.town.user_id(who), quests[1])
        await self.posted(who, "keep", "It made me smile", draft)
        await self.slash(who, "quest progress", "is next")
        await self.town.tomorrow()
        unseen = {"quest": quests[2]}
        await self.slash(who, "quest done", "Day 2 is done", "its task not seen", **unseen)
        for quest in quests:
            await self.slash(who, "quest leave", "You left", quest=quest)

    async def _posts(self, who: MemberActor) -> None:
        """A daily post's buttons; what its counter costs is nobody's wait."""
        await self.town.bot.counters.stop()
        post = await self._post("Daily Spark")
        await self.posted(who, "did", "Day 1 is done", post)
        await self.posted(who, "did", "already done for today", post, case="again")
        await self.town.tomorrow()
        await self.posted(who, "did", "Day 2 is done", post, case="the act had before")
        other = await self._post(await self.town.value("SELECT min(name) FROM quests"))
        form = await self.posted(who, "think", "Your reflection", other)
        await self.send(who, form, "button think", "is done", reflection="It was good.")

        quest = await self.town.item_id("quest", "Small Surprises")
        challenge = await self.town.item_id("challenge", "Discover the Power of Kindness")
        await self.slash(who, "challenge join", "You", challenge=challenge)
        await self.slash(who, "quest start", "You", quest=quest)
        await self.town.tomorrow()
        await self.posted(who, "day", "My day", case="first sight")
        await self.posted(who, "day", "My day")
        await self.slash(who, "quest done", "is done", quest=quest)
        newest = await self._post("Small Surprises")
        await self.posted(who, "did", "it counts here", newest, case="done by the command")
        await self.posted(who, "did", "has had its day", post, case="on an older post")
        await self.slash(who, "challenge leave", "You left")

    async def _post(self, quest: str) -> int:
        """The id of a post that was sent long ago, and a day after the last one, all the same."""
        now, guild_id = self.town.env.now(), self.town.guild.id
        last = "SELECT max(local_date) FROM discord.daily_posts WHERE guild_id = $1"
        date = await self.town.value(last, guild_id) or now.date() - dt.timedelta(days=30)
        quest_id = await self.town.item_id("quest", quest)
        columns: dict[str, Any] = {"guild_id": guild_id, "local_date": date + dt.timedelta(days=1)}
        return await in_ledger(self.town.pool, quest_id, now - dt.timedelta(days=2), **columns)

    async def _badges(self, who: MemberActor) -> None:
        sage = self.town.sage
        badge = await self.town.item_id("badge", "Warm Welcome")
        other = await self.town.item_id("badge", "Calm Waters")
        await self.slash(sage, "moderate award", "receives this", member=who, badge=badge)
        await self.slash(sage, "moderate award", "already", "twice", member=who, badge=badge)
        await self.slash(sage, "moderate revoke", "no longer has", member=who, badge=badge)
        menu = self._home_menu(sage, "Award a badge", who)
        form = await self.measure("Award a badge", "A badge for", menu)
        values = {"badge": [str(other)], "reason": "For a calm word"}
        await self.send(sage, form, "Award a badge", "receives this", **values)
        shown = await self.slash(who, "badge show", "Yours since", badge=other)
        await self.press(who, shown, "Share it here", "share", "has the badge")
        await self.slash(who, "badge list", "You have")
        await self.slash(who, "badge earned", "Calm Waters")
        await self.slash(sage, "badge earned", "Calm Waters", "of somebody", member=who)
        await self.slash(who, "leaderboard", "points", "asking Discord who is here", period="all")
        await self.slash(who, "leaderboard", "points", period="all")

    async def _account(self, who: MemberActor) -> None:
        """Linked to the website, with a first request refused, and parted again."""
        sage, address = self.town.sage, f"{who.name.lower()}@example.org"
        add = "INSERT INTO userdata (firstname, lastname, email) VALUES ('W', 'E', $1)"
        await self.town.value(add, address)
        await self.slash(who, "account link", "One more step", email=address)
        shown = await self.slash(sage, "account requests", "1 open request")
        await self.press(sage, shown, "Refuse", "link_refuse", "is refused")
        await self.slash(who, "account link", "One more step", email=address)
        shown = await self.slash(sage, "account requests", "1 open request")
        shown = await self.press(sage, shown, "Confirm…", "link_look", "would move there")
        await self.press(sage, shown, "Yes, link them", "link_confirm", "is linked")
        await self.slash(who, "account status", "You are linked")
        shown = await self.slash(who, "account unlink", "be parted")
        await self.press(who, shown, "Part them", "unlink", "are two again")

    async def _daily(self) -> None:
        """A server's daily posts."""
        sage = self.town.sage
        where: dict[str, Any] = {
            "channel": self.town.room,
            "time": "9:00",
            "timezone": "America/Toronto",
        }
        await self.slash(sage, "daily setup", "are set up", **where)
        await self.slash(sage, "daily status", "Daily posts")
        await self.slash(sage, "daily preview", "Today's kind act")
        await self.slash(sage, "daily skip", "is skipped")
        await self.slash(sage, "daily pause", "are paused")
        await self.slash(sage, "daily pause", "paused already", "twice")
        await self.slash(sage, "daily resume", "go on")
        await self.slash(sage, "daily post-now", "on its way")
        await self.slash(sage, "daily skip", "is skipped", "one on its way")

    async def _items(self, name: str) -> None:
        """The catalogue's challenges and quests, whose names have `name` in them."""
        sage = self.town.sage
        for kind in ("challenge", "quest"):
            add, edit, retire = (f"catalog {kind}-{verb}" for verb in ("add", "edit", "retire"))
            values: dict[str, Any] = {"name": f"{kind} of {name}", "description": "Be kind."}
            if kind == "quest":
                values["difficulty"] = ["Hard"]
            form = await self.slash(sage, add, f"A new {kind}")
            shown = await self.send(sage, form, add, "in the catalogue", **values)
            await self.press(sage, shown, "Look", "view", "points a day")
            item: dict[str, Any] = {kind: await self.town.item_id(kind, f"{kind} of {name}")}
            form = await self.slash(sage, edit, f"Change the {kind}", **item)
            await self.send(sage, form, edit, "is changed", total_days="9")
            await self.slash(sage, retire, "is closed", **item)

    async def _days_and_badges(self, name: str) -> None:
        sage, command = self.town.sage, "catalog challenge-day"
        challenge = await self.town.item_id("challenge", f"challenge of {name}")
        form = await self.slash(sage, command, "Day 2", challenge=challenge, day=2)
        await self.send(sage, form, command, "is written", title="A second day")
        form = await self.slash(sage, "catalog badge-add", "A new badge")
        values = {"name": f"Badge of {name}", "icon": "🌻", "description": "Yes."}
        await self.send(sage, form, "catalog badge-add", "is there", **values)
        badge = await self.town.item_id("badge", f"Badge of {name}")
        form = await self.slash(sage, "catalog badge-edit", "Change the badge", badge=badge)
        await self.send(sage, form, "catalog badge-edit", "is changed", icon="🌷")


def _as_opened(modal: dict[str, Any]) -> dict[str, Any]:
    """What a form's fields hold when it opens."""
    fields = [label["component"] for label in modal["components"]]
    texts = {f["custom_id"]: f["value"] for f in fields if f.get("value")}
    chosen = {
        f["custom_id"]: [o["value"] for o in f["options"] if o.get("default")]
        for f in fields
        if "options" in f
    }
    return texts | {key: values for key, values in chosen.items() if values}
