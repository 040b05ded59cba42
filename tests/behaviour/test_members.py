"""Stories of a member's own: the profile, the settings, direct messages, the leaderboard."""

import datetime as dt
from typing import Any

import pytest
from simcord import MemberActor

from bot.rules.days import local_date
from tests.behaviour.town import HOME_ID, Town, buttons_of, first_id, is_private, text_of

POWER = "Discover the Power of Kindness"


async def score(town: Town, who: MemberActor, points: int, days_ago: int = 0) -> None:
    """A completed day of a member who uses the bot here, worth some points."""
    await town.slash(who, "me")
    user, now = await town.user_id(who), town.env.now() - dt.timedelta(days=days_ago)
    number = await town.value("SELECT count(*) FROM discord.completions") + 1
    await town.value(
        "INSERT INTO discord.completions"
        " (user_id, kind, item_id, day_number, local_date, points, completed_at)"
        " VALUES ($1, 'quest', $2, 1, $3, $4, $5)",
        *(user, number, now.date(), points, now),
    )
    await town.value(
        "UPDATE discord.accounts SET points = points + $2 WHERE user_id = $1", user, points
    )


async def crowd(town: Town, size: int) -> list[MemberActor]:
    """More people in the town."""
    return [town.guild.add_member(town.env.create_user(f"Member {n}")) for n in range(size)]


def places(text: str) -> list[tuple[str, str]]:
    """The places on a leaderboard, with who has them."""
    lines = [line for line in text.splitlines() if "<@" in line]
    return [(line.split(" ")[0], line.split("<@")[1].split(">")[0]) for line in lines]


async def test_the_first_use_makes_both_rows(town: Town) -> None:
    """An undeliverable address, a short name, the server's zone: nothing of anybody else's."""
    await town.value(
        "INSERT INTO discord.guilds (guild_id, zone, joined_at) VALUES ($1, 'America/Toronto', $2)"
        " ON CONFLICT (guild_id) DO UPDATE SET zone = EXCLUDED.zone",
        HOME_ID,
        town.env.now(),
    )
    long_name = town.guild.add_member(town.env.create_user("Bartholomewandhisfriends"))
    await town.slash(long_name, "me")
    await town.slash(long_name, "me")
    user = await town.row("SELECT * FROM userdata")
    assert user["firstname"] == "Bartholomewandh", "more letters would look like spam"
    assert user["email"] == f"discord-{long_name.id}@members.getkinder.invalid"
    assert user["password"] is None
    account = await town.row("SELECT * FROM discord.accounts")
    assert (account["user_id"], account["zone"]) == (user["id"], "America/Toronto")
    assert "midnight in America/Toronto" in text_of(await town.slash(long_name, "me"))


async def test_the_profile(town: Town) -> None:
    """Level, points, streak, what is under way, badges; a day missed rests, two begin anew."""
    empty = await town.slash(town.ann, "me")
    assert is_private(empty)
    assert "Kindness level 1** · 0 points" in text_of(empty)
    assert "Nothing under way" in text_of(empty)
    assert "No badges yet" in text_of(empty)

    await town.join(town.ann, POWER)
    await town.start(town.ann, "Small Surprises")
    await town.slash(town.ann, "challenge done")
    me = text_of(await town.slash(town.ann, "me"))
    assert "10 points" in me
    assert f"🧭 **{POWER}**" in me
    assert "🎁 **Small Surprises**" in me
    assert "day 2 of 7" in me
    assert "**1 badge**" in me
    assert "40 to the next badge" in me
    assert "Streak: 1 day" in me

    await town.tomorrow()
    await town.tomorrow()
    assert "Today is still to come" in text_of(await town.slash(town.ann, "me"))
    await town.slash(town.ann, "challenge done")
    rested = text_of(await town.slash(town.ann, "me"))
    assert "Streak: 2 days" in rested
    assert "🟦 is your rest day" in rested
    for _day in range(3):
        await town.tomorrow()
    await town.slash(town.ann, "challenge done")
    assert "Streak: 1 day" in text_of(await town.slash(town.ann, "me"))


async def test_a_time_zone_that_there_is_not(town: Town) -> None:
    """It is refused harmlessly; any case and spaces are taken."""
    for text in (
        "Atlantis",
        "EST",
        "<@&1> `x`",
        "../../etc/passwd",
        "Europe/London\x00",
        "x" * 6000,
    ):
        shown = await town.slash(town.ann, "settings timezone", zone=text)
        assert "There is no time zone" in text_of(shown), text[:40]
        assert "<@&1>" not in text_of(shown)
    await town.slash(town.ann, "settings timezone", zone=" america/new york ")
    assert await town.value("SELECT zone FROM discord.accounts") == "America/New_York"
    changed = await town.value("SELECT zone_changed_at FROM discord.accounts")
    await town.env.advance_time(60)
    await town.slash(town.ann, "settings timezone", zone="America/New_York")
    assert await town.value("SELECT zone_changed_at FROM discord.accounts") == changed
    offered = await town.offered(town.ann, "settings timezone", "zone", "new y")
    assert offered == ["America/New_York"]
    assert len(await town.offered(town.ann, "settings timezone", "zone", "")) == 25


async def test_everything_of_ones_own_works_in_direct_messages(town: Town) -> None:
    """Join, do, reflect, start, leave and ask, without a server; nothing is to be shared there."""
    ann = town.ann.user
    power = await town.item_id("challenge", POWER)
    quest = await town.item_id("quest", "Small Surprises")
    badge = await town.item_id("badge", "First Step")
    told: dict[str, tuple[dict[str, Any], str]] = {
        "challenge list": ({}, POWER),
        "challenge view": ({"challenge": power}, "7 days"),
        "challenge join": ({"challenge": power}, "You are in"),
        "challenge today": ({}, "Day 1 of 7"),
        "challenge progress": ({}, "day 1 of 7 is next"),
        "quest list": ({}, "Small Surprises"),
        "quest view": ({"quest": quest}, "Easy"),
        "quest start": ({"quest": quest}, "You are in"),
        "quest today": ({}, "Today's mystery"),
        "quest done": ({"reflection": "Good."}, "+10 points"),
        "quest progress": ({}, "day 2 of 7 is next"),
        "badge list": ({}, "You have 1 of"),
        "badge show": ({"badge": badge}, "Yours since"),
        "badge earned": ({}, "First Step"),
        "kai ask": ({"message": "Hello?"}, "KAI"),
        "kai forget": ({}, "KAI keeps"),
        "me": ({}, "Kindness level 1"),
        "settings timezone": ({"zone": "Europe/Paris"}, "Europe/Paris"),
        "settings leaderboard": ({"show": False}, "no leaderboard"),
        "settings reminder time": ({"at": "20:30"}, "remind you daily"),
        "settings reminder off": ({}, "not remind you any more"),
        "account link": ({"email": "ann@example.org"}, "Send this code"),
        "account status": ({}, "waits for a moderator"),
        "help": ({}, "Get Kinder"),
        "quest leave": ({"quest": quest}, "You left"),
    }
    for command, (options, expected) in told.items():
        shown = await ann.slash(command, **options)
        assert expected in text_of(shown), (command, text_of(shown))
        assert not any(label.startswith("Share") for label in buttons_of(shown))

    today = await ann.slash("challenge today")
    done = await town.press(ann, today, "I did it")
    assert "Day 1 is done" in text_of(done)
    kept = await town.fill(ann, done, "Add a reflection", reflection="From my sofa.")
    assert "From my sofa." in text_of(kept)
    assert "You left" in text_of(await ann.slash("challenge leave"))
    assert await town.value("SELECT count(*) FROM discord.guild_members") == 0
    everywhere = set(ann.available_commands())
    others = {"challenge done", "challenge leave", "account unlink", "account requests"}
    assert {*told, *others} == everywhere, "all but the leaderboard"


async def test_somebody_elses_card(town: Town) -> None:
    """A press on a card that all can see answers the one who pressed, privately."""
    await town.slash(town.ann, "me")
    listed = await town.slash(town.ann, "challenge list")
    card = listed.response
    assert card is not None
    before = text_of(listed)
    seen = await town.ben.click(card.message, custom_id=first_id(listed, "Look"))
    assert seen.ephemeral
    assert text_of(listed) == before
    await town.press(town.ben, seen, "Join")
    assert await town.value("SELECT user_id FROM user_challenges") == await town.user_id(town.ben)


async def test_the_leaderboard(town: Town) -> None:
    """Ties share a rank, the caller's own place is always there, and it pings nobody."""
    people = await crowd(town, 12)
    for number, person in enumerate(people):
        await score(town, person, 100 if number < 2 else 90 - number)
    await score(town, town.ann, 5)
    await town.slash(town.ben, "me")

    board = await town.slash(town.ann, "leaderboard")
    assert not board.ephemeral
    assert "Kindness this month" in text_of(board)
    shown = places(text_of(board))
    assert [place for place, _who in shown[:4]] == ["🥇", "🥇", "🥉", "**4.**"]
    assert shown[-1] == ("**13.**", str(town.ann.id))
    assert len(shown) == 11
    assert "5 points ← you" in text_of(board)
    sent = [r.json for r in town.env.http_requests if r.path.endswith("/callback")][-1]
    assert sent is not None
    assert sent["data"]["allowed_mentions"]["parse"] == []

    without = await town.slash(town.ben, "leaderboard")
    assert "You have no points in this time yet" in text_of(without)
    assert str(town.ben.id) not in text_of(without)


@pytest.mark.parametrize("time", ["12:00", "23:59"])
async def test_the_periods_of_the_leaderboard(town: Town, time: str) -> None:
    """Since Monday, since the first, or of all time."""
    await town.until(time)
    while town.env.now().weekday() != 2 or not 8 <= town.env.now().day <= 20:
        await town.tomorrow()
    await score(town, town.ann, 10, days_ago=2)  # Monday
    await score(town, town.ben, 20, days_ago=3)  # Sunday
    await score(town, town.sage, 40, days_ago=60)
    ann, ben, sage = (str(who.id) for who in (town.ann, town.ben, town.sage))
    for period, expected in (("week", [ann]), ("month", [ben, ann]), ("all", [sage, ben, ann])):
        board = await town.slash(town.ann, "leaderboard", period=period)
        assert [who for _place, who in places(text_of(board))] == expected, period


async def test_who_is_not_on_the_leaderboard(town: Town) -> None:
    """Neither those who opted out, nor the suspended, nor members of other servers alone."""
    for who, points in ((town.ann, 30), (town.ben, 20), (town.sage, 10)):
        await score(town, who, points)
    hidden = await town.slash(town.ann, "settings leaderboard", show=False)
    assert "no leaderboard any more" in text_of(hidden)
    elsewhere, lobby = await town.second_guild()
    stranger = elsewhere.add_member(town.env.create_user("Stranger"))
    await stranger.slash(lobby, "quest list")
    await town.value("UPDATE discord.accounts SET points = 500 WHERE discord_id = $1", stranger.id)
    await town.suspend(town.ben)

    board = await town.slash(town.sage, "leaderboard", period="all")
    assert places(text_of(board)) == [("🥇", str(town.sage.id))]
    mine = await town.slash(town.ann, "leaderboard")
    assert "You are not shown here" in text_of(mine)
    assert str(town.ann.id) not in text_of(mine)
    there = await stranger.slash(lobby, "leaderboard", period="all")
    assert [who for _place, who in places(text_of(there))] == [str(stranger.id)]

    await town.slash(town.ann, "settings leaderboard", show=True)
    back = await town.slash(town.ann, "leaderboard")
    assert places(text_of(back))[0] == ("🥇", str(town.ann.id))


async def test_who_left_the_server(town: Town) -> None:
    """They are dropped by a look at Discord, at most one a day; back when they use the bot here."""
    for who, points in ((town.ann, 30), (town.ben, 20)):
        await score(town, who, points)

    def looks() -> int:
        return sum(f"/members/{town.ann.id}" in r.path for r in town.env.http_requests)

    assert str(town.ann.id) in text_of(await town.slash(town.ben, "leaderboard"))
    assert looks() == 1
    town.guild.remove_member(town.ann)
    await town.env.settle()
    assert str(town.ann.id) in text_of(await town.slash(town.ben, "leaderboard"))
    assert looks() == 1, "once a day is enough"

    await town.env.advance_time(24 * 3600)
    board = await town.slash(town.ben, "leaderboard", period="all")
    assert looks() == 2
    assert places(text_of(board)) == [("🥇", str(town.ben.id))]
    assert places(text_of(await town.slash(town.ben, "leaderboard", period="all"))) == [
        ("🥇", str(town.ben.id))
    ]

    again = town.guild.add_member(town.ann.user)
    await town.slash(again, "me")
    board = await town.slash(town.ben, "leaderboard", period="all")
    assert places(text_of(board))[0] == ("🥇", str(town.ann.id))


async def test_discord_cannot_say_who_left(town: Town) -> None:
    """Then everybody stays on the board."""
    await score(town, town.ann, 30)
    town.env.inject_error("GET", f"/guilds/*/members/{town.ann.id}", status=403, code=50001)
    board = await town.slash(town.ben, "leaderboard", period="all")
    assert places(text_of(board)) == [("🥇", str(town.ann.id))]
    assert await town.value("SELECT bool_or(has_left) FROM discord.guild_members") is False


async def test_the_server_notes_who_uses_the_bot_once_a_day(town: Town) -> None:
    """By UTC dates, whatever the member's zone."""
    await town.slash(town.ann, "me")
    first = await town.rows("SELECT guild_id, last_used_on FROM discord.guild_members")
    assert first == [(HOME_ID, local_date(town.env.now(), "UTC"))]
    await town.tomorrow()
    await town.slash(town.ann, "badge list")
    assert await town.rows("SELECT guild_id, last_used_on FROM discord.guild_members") == [
        (HOME_ID, local_date(town.env.now(), "UTC"))
    ]
