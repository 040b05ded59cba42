"""The chapters of the tour: every command, button, form and error, as people come to them."""

from typing import Any

import discord

from bot.actions.companion import ReflectionRequest, Words
from bot.kai.companion import Kai
from db.pool import Pool
from tests.behaviour.posted import send_post
from tests.behaviour.tour import Tour

LONG = "I carried the shopping of the lady next door up to the fourth floor. " * 20
CRISIS = "I do not want to live any more."
UNKNOWN = 999_999
DRAFT = """
INSERT INTO discord.reflection_drafts (user_id, kind, item_id, day_number, reflection, created_at)
VALUES ($1, 'quest', $2, 1, 'It made me smile.', now()) RETURNING id"""

SENT_REMINDER = """
INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at)
VALUES ($1, '2100-01-01', 'sent', $2, $2, $2) RETURNING id"""


LINK_REQUEST = """
INSERT INTO discord.link_requests (discord_id, email, code, created_at)
VALUES ($1, 'other@example.org', 'KIND-2222-3333', '2026-01-01') RETURNING id"""


class RestlessVoice(Kai):
    """KAI's offline voice, under which a member's other device moves the day while it writes."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool
        self.restless = False

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A note, written while somebody else is faster."""
        if self.restless:
            await self.pool.execute(
                "UPDATE user_challenges SET current_day = current_day + 1 WHERE user_id = $1",
                request.user_id,
            )
        return await super().note_on(request)


async def looking_around(tour: Tour) -> None:
    """A newcomer asks for help, and looks through what there is."""
    ann, ben = tour.town.ann, tour.town.ben
    help_ = await tour.slash(ann, "help")
    challenges = await tour.press(ann, help_, "list", "challenge")
    await tour.press(ann, challenges, "view", "challenge")
    quests = await tour.press(ben, await tour.slash(ben, "help"), "list", "quest")
    await tour.press(ben, quests, "page", "quest", 1)

    everybodys = await tour.slash(ben, "challenge list")
    await tour.press(ann, everybodys, "view")
    await tour.press(ann, await tour.slash(ben, "quest list"), "page", "quest", 1)
    await tour.slash(ann, "badge list")
    for kind in ("challenge", "quest"):
        (first, *_) = await tour.offers(ann, f"{kind} view", kind)
        await tour.slash(ann, f"{kind} view", **{kind: first})
        await tour.slash(ann, f"{kind} view", **{kind: UNKNOWN})
        await tour.slash(ann, f"{kind} progress")
        await tour.slash(ann, f"{kind} today")
        await tour.slash(ann, f"{kind} done", reflection="I would like to keep these words.")
    (badge, *_) = await tour.offers(ann, "badge show", "badge", "first")
    await tour.slash(ann, "badge show", badge=badge)
    await tour.slash(ann, "badge show", badge=UNKNOWN)
    await tour.slash(ann, "badge earned")
    await tour.slash(ann, "me")


async def a_challenge(tour: Tour) -> None:
    """From joining to the last day, with everything that can come between."""
    ann, town = tour.town.ann, tour.town
    (first, *_) = await tour.offers(ann, "challenge join", "challenge", "power")
    joined = await tour.slash(ann, "challenge join", challenge=first)
    today = await tour.press(ann, joined, "today", "challenge")
    done = await tour.press(ann, today, "done")
    await tour.press(ann, done, "share", "badge")
    kept = await tour.fill(ann, await tour.press(ann, done, "reflect"), reflection=LONG)
    await tour.press(ann, kept, "read")
    form = await tour.press(ann, kept, "reflect")
    await tour.fill(ann, form, reflection="  ")
    await tour.slash(ann, "challenge today")
    await tour.slash(ann, "challenge done")
    await tour.slash(ann, "challenge done", reflection="One more thing.")
    await tour.slash(ann, "challenge done", reflection=CRISIS)
    await tour.slash(ann, "challenge join", challenge=first)

    short = await town.item_id("challenge", "Kind to the Living World")
    asked = await tour.slash(ann, "challenge join", challenge=short)
    switched = await tour.press(ann, asked, "switch")
    first_day = await tour.press(ann, switched, "today")
    done = await tour.slash(ann, "challenge done", reflection="The hedge has birds in it.")
    await town.tomorrow()
    await tour.press(ann, first_day, "done")
    await tour.fill(ann, await tour.press(ann, done, "reflect"), reflection=LONG)
    await tour.slash(ann, "challenge done")
    left = await tour.slash(ann, "challenge leave")
    await tour.slash(ann, "challenge leave")
    await tour.press(ann, left, "join")
    await tour.slash(ann, "challenge progress")
    await town.tomorrow()
    finished = await tour.slash(ann, "challenge done")
    told = await tour.press(ann, finished, "share", "challenge")
    await tour.press(town.ben, told, "view")
    await tour.slash(ann, "challenge join", challenge=short)
    await tour.slash(ann, "challenge view", challenge=short)


async def three_quests(tour: Tour) -> None:
    """Three at once and no fourth; which one was done is asked."""
    ann, town = tour.town.ann, tour.town
    offered = await tour.offers(ann, "quest start", "quest")
    for quest in offered[:3]:
        await tour.slash(ann, "quest start", quest=quest)
    await tour.slash(ann, "quest start", quest=offered[3])
    await tour.slash(ann, "quest today")
    (mine, *_) = await tour.offers(ann, "quest today", "quest")
    await tour.slash(ann, "quest today", quest=mine)
    which = await tour.slash(ann, "quest done", reflection="Which one was it?")
    done = await tour.press(ann, which, "done", "quest")
    form = await tour.press(ann, done, "reflect", "quest")
    await tour.fill(ann, form, reflection=CRISIS)
    (mine, *_) = await tour.offers(ann, "quest done", "quest")
    await tour.slash(ann, "quest done", quest=offered[1], reflection=LONG)
    await tour.slash(ann, "quest today")
    (mine, *_) = await tour.offers(ann, "quest leave", "quest")
    left = await tour.slash(ann, "quest leave", quest=mine)
    await tour.slash(ann, "quest leave", quest=mine)
    await tour.slash(ann, "quest progress")
    back = await tour.press(ann, left, "join", "quest")
    await tour.press(ann, back, "today", "quest")
    await town.tomorrow()
    await tour.slash(ann, "quest today")


async def kai(tour: Tour) -> None:
    """Asking, a cry for help, what cannot be stored, and forgetting."""
    ann = tour.town.ann
    await tour.slash(ann, "kai ask", message="What could I do for a neighbour?")
    await tour.slash(ann, "kai ask", message=CRISIS)
    await tour.slash(ann, "kai ask", message="nothing\x00here")
    await tour.slash(ann, "kai ask", message="   ")
    await tour.press(ann, await tour.slash(ann, "kai forget"), "forget")
    await tour.slash(ann, "kai forget")
    await tour.press_posted(ann, "gk:1:care")
    await tour.press_posted(ann, "gk:1:keep:999")


async def an_offer(tour: Tour) -> None:
    """A reflection that KAI offered to keep, taken up once."""
    town = tour.town
    dora = town.guild.add_member(town.env.create_user("Dora"))
    (first, *_) = await tour.offers(dora, "quest start", "quest")
    await tour.slash(dora, "quest start", quest=first)
    await tour.slash(dora, "quest done", quest=first)
    draft = await town.value(DRAFT, await town.user_id(dora), first)
    for _press in range(2):
        await tour.press_posted(dora, f"gk:1:keep:{draft}")


async def settings(tour: Tour) -> None:
    """A zone, and appearing on leaderboards or on none; one who left the server is looked up."""
    ann, ben, town = tour.town.ann, tour.town.ben, tour.town
    (zone, *_) = await tour.offers(ann, "settings timezone", "zone", "toronto")
    await tour.slash(ann, "settings timezone", zone=zone)
    await tour.slash(ann, "settings timezone", zone="Atlantis")
    cleo = town.guild.add_member(town.env.create_user("Cleo"))
    for someone in (ben, cleo):
        (first, *_) = await tour.offers(someone, "challenge join", "challenge")
        await tour.slash(someone, "challenge join", challenge=first)
        await tour.slash(someone, "challenge done")
    town.guild.remove_member(cleo)
    for period in ("week", "month", "all"):
        await tour.slash(ann, "leaderboard", period=period)
    for show in (False, True):
        await tour.slash(ann, "settings leaderboard", show=show)
        await tour.slash(ann, "leaderboard")
    await tour.slash(ann, "me")


async def reminders(tour: Tour) -> None:
    """A reminder set, put off as long as that is possible, and stopped."""
    ann, town = tour.town.ann, tour.town
    for at in ("soon", "8 pm"):
        await tour.slash(ann, "settings reminder time", at=at)
    row = await town.value(SENT_REMINDER, await town.user_id(ann), town.env.now())
    for press in (f"{UNKNOWN}:0", f"{row}:3", f"{row}:0", f"{row}:0"):
        await tour.press_posted(ann, f"gk:1:snooze:{press}")
    for changed, press in (("snoozes = 5", 5), ("snoozes = 0, local_date = '2026-01-01'", 0)):
        await town.value(f"UPDATE discord.reminders SET status = 'sent', {changed}")
        await tour.press_posted(ann, f"gk:1:snooze:{row}:{press}")
    await tour.press_posted(ann, "gk:1:stop")
    await tour.press_posted(ann, f"gk:1:snooze:{row}:0")
    await tour.slash(ann, "settings reminder off")


async def accounts(tour: Tour) -> None:
    """Linked to the website with proof, and everything that keeps one from it."""
    ben, sage, town = tour.town.ben, tour.town.sage, tour.town
    for wrong in ("not an address", "discord-1@members.getkinder.invalid"):
        await tour.slash(ben, "account link", email=wrong)
    await tour.slash(ben, "account unlink")
    await tour.slash(ben, "account status")
    await tour.slash(ben, "account requests")
    await tour.slash(sage, "account requests")
    await tour.slash(ben, "account link", email="ben@example.org")
    shown = await tour.slash(sage, "account requests")
    await tour.press(sage, shown, "link_look")
    add = "INSERT INTO userdata (firstname, lastname, email) VALUES ('B', 'B', $1) RETURNING id"
    web = await town.value(add, "Ben@example.org")
    asked = await tour.press(sage, shown, "link_look")
    request = await town.value("SELECT max(id) FROM discord.link_requests")
    for old in (f"link_look:{UNKNOWN}", f"link_refuse:{UNKNOWN}", f"link_confirm:{request}:1"):
        await tour.press_posted(sage, f"gk:1:{old}")
    await town.suspend(ben)
    await tour.press_posted(sage, f"gk:1:link_confirm:{request}:{web}")
    await town.value("UPDATE userdata SET is_suspended = false")
    await tour.slash(sage, "account link", email="sage@example.org")
    own = await town.value("SELECT max(id) FROM discord.link_requests")
    await tour.press_posted(sage, f"gk:1:link_look:{own}")
    await town.value("DELETE FROM discord.link_requests WHERE id = $1", own)
    await tour.press(sage, asked, "link_confirm")
    again = await town.value(LINK_REQUEST, ben.id)  # made in another process just before
    other = await town.value(add, "other@example.org")
    await tour.press_posted(sage, f"gk:1:link_confirm:{again}:{other}")
    await town.value("DELETE FROM discord.link_requests WHERE id = $1", again)
    await tour.slash(ben, "account link", email="ben@example.org")
    await tour.slash(ben, "account status")
    await tour.press(ben, await tour.slash(ben, "account unlink"), "unlink")
    await tour.slash(ben, "account link", email="ben@example.org")
    await tour.press(sage, await tour.slash(sage, "account requests"), "link_refuse")
    await tour.slash(ben, "account status")
    await town.value("ALTER TABLE userdata DROP COLUMN is_suspended")


async def beside_the_website(tour: Tour) -> None:
    """An address that somebody registered there, and a day whose text is written there."""
    town = tour.town
    eve = town.guild.add_member(town.env.create_user("Eve"))
    taken = f"discord-{eve.id}@members.getkinder.invalid"
    await town.value(
        "INSERT INTO userdata (firstname, lastname, email, password) VALUES ('E', 'E', $1, 'x')",
        taken,
    )
    await tour.slash(eve, "me")
    challenge = await of_seven_days(tour)
    await town.value(
        "CREATE TABLE challenge_day_templates AS "
        "SELECT 1 AS id, $1::int AS challenge_id, 2 AS day_number, 'Listen' AS day_title, "
        "NULL::text AS principle, NULL::text AS body, NULL::jsonb AS suggested_acts",
        challenge,
    )
    await tour.slash(town.sage, "catalog challenge-day", challenge=challenge, day=2)
    await town.value("DROP TABLE challenge_day_templates")


async def moderation(tour: Tour) -> None:
    """Giving a badge once, by the command and by the menu, and taking it back."""
    ann, ben, sage, town = tour.town.ann, tour.town.ben, tour.town.sage, tour.town
    robot = town.guild.add_member(town.env.create_user("Robot", bot=True))
    (badge, other, *_) = await tour.offers(sage, "moderate award", "badge", member=ben)
    earned = await town.item_id("badge", "First Step")
    given: dict[str, Any] = {"member": ben, "badge": badge}
    await tour.slash(sage, "moderate award", **given, reason="For the *kettle*.")
    await tour.slash(sage, "moderate award", **given)
    for wrong in ({"member": sage}, {"member": robot}, {"badge": earned}, {"badge": UNKNOWN}):
        await tour.slash(sage, "moderate award", **{**given, **wrong})
    await tour.slash(ann, "badge earned", member=ben)
    await tour.press(ben, await tour.slash(ben, "badge show", badge=badge), "share", "badge")

    (badge, *_) = await tour.offers(sage, "moderate revoke", "badge", member=ben)
    await tour.slash(sage, "moderate revoke", **given, reason="By mistake.")
    await tour.slash(sage, "moderate revoke", **given)
    await tour.slash(sage, "moderate revoke", **{**given, "badge": earned})

    form = await tour.menu(sage, "Award a badge", ben)
    await tour.fill(sage, form, badge=[str(other)], reason="For everything.")
    await tour.menu(sage, "Award a badge", robot)


async def catalogue(tour: Tour) -> None:
    """Adding, changing and retiring, with the mistakes that forms send back."""
    ann, sage = tour.town.ann, tour.town.sage
    texts = {"description": "Words for a *path*.", "prompt": "{day} of {total_days}, {name}"}
    for kind in ("challenge", "quest"):
        add = f"catalog {kind}-add"
        await tour.fill(sage, await tour.slash(sage, add), name="A", total_days="many", **texts)
        form = await tour.slash(sage, add)
        added = await tour.fill(sage, form, name=f"A new {kind}", total_days="2", **texts)
        await tour.press(sage, added, "view", kind)
        (new, *_) = await tour.offers(sage, f"catalog {kind}-edit", kind, "a new")
        form = await tour.slash(sage, f"catalog {kind}-edit", **{kind: new})
        await tour.fill(sage, form, total_days="3")
        await tour.slash(sage, f"catalog {kind}-edit", **{kind: UNKNOWN})
    (new, *_) = await tour.offers(sage, "catalog challenge-day", "challenge", "a new")
    form = await tour.slash(sage, "catalog challenge-day", challenge=new, day=1)
    await tour.fill(sage, form, title="Begin", principle="Slowly.", body="Put the kettle on.")
    await tour.slash(sage, "catalog challenge-day", challenge=new, day=4)
    await tour.town.pool.execute("UPDATE discord.challenge_days SET principle = repeat('x', 300)")
    form = await tour.slash(sage, "catalog challenge-day", challenge=new, day=1)
    await tour.fill(sage, form)

    for kind, command in (("challenge", "join"), ("quest", "start")):
        (new, *_) = await tour.offers(sage, f"catalog {kind}-retire", kind, "a new")
        await tour.slash(sage, f"catalog {kind}-retire", **{kind: new})
        await tour.slash(sage, f"catalog {kind}-retire", **{kind: new})
        await tour.slash(ann, f"{kind} {command}", **{kind: new})

    form = await tour.slash(sage, "catalog challenge-edit", challenge=await of_seven_days(tour))
    await tour.fill(sage, form, total_days="1")

    badge = {"name": "Lantern", "description": "For lighting the way."}
    await tour.fill(sage, await tour.slash(sage, "catalog badge-add"), icon="lamp", **badge)
    await tour.fill(sage, await tour.slash(sage, "catalog badge-add"), icon="🏮", **badge)
    (new, *_) = await tour.offers(sage, "catalog badge-edit", "badge", "lantern")
    form = await tour.slash(sage, "catalog badge-edit", badge=new)
    await tour.fill(sage, form, points="10")
    form = await tour.slash(sage, "catalog badge-edit", badge=new)
    await tour.fill(sage, form, name="  ")


async def daily_posts(tour: Tour) -> None:
    """A server's daily posts: set up with every mistake there is, changed, and looked at."""
    sage, town = tour.town.sage, tour.town
    assert town.bot.user is not None
    silent = discord.PermissionOverwrite(send_messages=False)
    quiet = town.guild.create_text_channel("quiet", overwrites={town.bot.user: silent})
    await town.env.settle()
    await tour.slash(sage, "daily status")
    (zone, *_) = await tour.offers(sage, "daily setup", "timezone", "halifax")
    (quest, *_) = await tour.offers(sage, "daily setup", "quest", "spark")
    right: dict[str, Any] = {"channel": town.room, "time": "9am", "timezone": zone}
    for wrong in ({"channel": quiet}, {"time": "9"}, {"timezone": "Atlantis"}, {"quest": UNKNOWN}):
        await tour.slash(sage, "daily setup", **{**right, **wrong})
    await tour.slash(sage, "daily setup", **right, quest=quest)
    await tour.slash(sage, "daily preview")
    await tour.slash(sage, "daily resume")
    for command in ("pause", "pause", "skip", "status", "resume", "post-now", "skip", "post-now"):
        await tour.slash(sage, f"daily {command}")
    for status in ("sent", "sending", "unknown"):
        await town.pool.execute("UPDATE discord.daily_posts SET status = $1", status)
        await tour.slash(sage, "daily post-now")
        await tour.slash(sage, "daily status")
    for _post in range(16):
        await tour.slash(sage, "daily skip")

    one_day = await town.add("quest", "One Day", total_days=1)
    await town.pool.execute(
        "UPDATE discord.daily_posts SET status = 'sent', quest_id = $1", one_day
    )
    await tour.slash(sage, "daily setup", **right, quest=one_day)
    await town.pool.execute(
        "UPDATE discord.catalogue_slugs SET item_id = 0 WHERE item_id = $1", quest
    )
    await tour.slash(sage, "daily setup", **right)
    await tour.slash(sage, "daily status")
    await town.pool.execute(
        "UPDATE discord.catalogue_slugs SET item_id = $1 WHERE item_id = 0", quest
    )
    await tour.slash(sage, "daily pause")


async def post_buttons(tour: Tour) -> None:
    """A daily post's buttons, under today's and under one that has had its day."""
    town = tour.town
    fay = town.guild.add_member(town.env.create_user("Fay"))
    elsewhere: dict[str, Any] = {"guild_id": 4242}
    old = await send_post(town, **elsewhere)
    await town.env.advance_time(2 * 24 * 3600)
    new = await send_post(town, **elsewhere)
    await tour.press_posted(fay, f"gk:1:did:{old.id}")
    form = await tour.press_posted(fay, f"gk:1:think:{old.id}")
    await tour.fill(fay, form, reflection=LONG)
    await tour.press_posted(fay, f"gk:1:did:{new.id}")
    await tour.press_posted(fay, f"gk:1:did:{new.id}")
    form = await tour.press_posted(fay, f"gk:1:think:{new.id}")
    await tour.fill(fay, form, reflection=LONG)
    await tour.press_posted(fay, "gk:1:day")


async def outsiders(tour: Tour) -> None:
    """Those who may not: refused where Discord lets them through, offered nothing elsewhere."""
    ann, ben, town = tour.town.ann, tour.town.ben, tour.town
    for name, kind in (("moderate", 1), ("catalog", 1), ("Award a badge", 2)):
        command = town.env.backend.find_command(name, town.guild.id, type=kind)
        assert command is not None
        town.guild.set_command_permissions(int(command["id"]), {ann: True})
    badge = await town.item_id("badge", "Lantern")
    await tour.slash(ann, "moderate award", member=ben, badge=badge)
    await tour.slash(ann, "moderate revoke", member=ben, badge=badge)
    await tour.slash(ann, "catalog badge-add")
    await tour.menu(ann, "Award a badge", ben)

    homes, town.bot.home_guild_ids = town.bot.home_guild_ids, frozenset[int]()
    await tour.slash(town.sage, "moderate award", member=ben, badge=badge)
    town.bot.home_guild_ids = homes
    # Without its guild's id, a command is none that the bot knows.
    await town.sage.context_menu(town.room, "Award a badge", ben)

    elsewhere = town.env.create_guild("Elsewhere")
    tour.rooms[elsewhere.id] = elsewhere.create_text_channel("general")
    otto = elsewhere.add_member(town.env.create_user("Otto"))
    there = otto.available_commands(tour.rooms[elsewhere.id])
    assert not [name for name in there if name.startswith(("moderate", "catalog"))]
    await tour.slash(otto, "challenge list")
    await tour.slash(otto, "leaderboard")
    await tour.slash(otto.user, "help")
    await tour.slash(otto.user, "badge earned")


async def trouble(tour: Tour) -> None:
    """Somebody faster, a suspended user, buttons of other versions, and faults of our own."""
    ann, ben, town = tour.town.ann, tour.town.ben, tour.town
    voice = town.bot.services.companion
    assert isinstance(voice, RestlessVoice)
    await tour.slash(ben, "challenge leave")
    await tour.slash(ben, "challenge join", challenge=await longest(tour))
    voice.restless = True
    await tour.slash(ben, "challenge done", reflection=LONG)
    voice.restless = False

    mine = await town.item_id("badge", "First Step")
    never = await town.item_id("badge", "North Star")
    for old in ("gk:0:today:challenge", "gk:1:dance", "gk:1:view:challenge", "gk:1:list:cake"):
        await tour.press_posted(ann, old)
    for wrong in (f"share:badge:{never}", "view:quest:x", f"share:challenge:{await longest(tour)}"):
        await tour.press_posted(ann, f"gk:1:{wrong}")
    await tour.press_posted(ann, f"gk:1:read:challenge:{await longest(tour)}:1")

    form = await tour.press_posted(ann, f"gk:1:reflect:challenge:{await longest(tour)}:1")
    await town.tomorrow()  # nobody keeps a form open for so long but after a restart
    await ann.submit_modal(form, {"reflection": LONG})
    await town.env.advance_time(2)

    await town.pool.execute("ALTER TABLE userdata ADD COLUMN is_suspended BOOLEAN")
    await town.pool.execute("UPDATE userdata SET is_suspended = true WHERE firstname = 'Ben'")
    await tour.slash(ben, "me")

    form = await tour.slash(town.sage, "catalog badge-add")
    await town.pool.execute("UPDATE badges SET points_required = 5000 WHERE id > 1")
    await tour.menu(town.sage, "Award a badge", ben)
    await town.pool.execute("ALTER TABLE badges RENAME TO badges_away")
    await tour.slash(ann, "badge list")
    await tour.press_posted(ann, f"gk:1:share:badge:{mine}")
    await tour.fill(town.sage, form, name="Lost", icon="🕯️", description="Nowhere to go.")
    await town.pool.execute("ALTER TABLE badges_away RENAME TO badges")


async def of_seven_days(tour: Tour) -> int:
    """The challenge that Ann began with."""
    return await tour.town.item_id("challenge", "Discover the Power of Kindness")


async def longest(tour: Tour) -> int:
    """The challenge with the most days."""
    return int(await tour.town.value("SELECT id FROM challenges ORDER BY total_days DESC LIMIT 1"))


CHAPTERS = (
    looking_around,
    a_challenge,
    three_quests,
    kai,
    an_offer,
    settings,
    reminders,
    accounts,
    beside_the_website,
    moderation,
    catalogue,
    daily_posts,
    post_buttons,
    outsiders,
    trouble,
)
