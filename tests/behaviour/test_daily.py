"""Stories of a server's daily posts, as those who manage it set them up and change them."""

import datetime as dt
from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.posting.office import Office
from tests.behaviour.town import Town, buttons_of, is_private, last_of, text_of

GUILD = """
SELECT post_channel_id, post_time, zone, post_quest_id, post_day, next_post_on, next_post_at,
       paused_at, pause_reason, to_tell FROM discord.guilds WHERE guild_id = $1"""
LEDGER = "SELECT local_date, status, day_number FROM discord.daily_posts ORDER BY local_date"
AUDIT = "SELECT action FROM discord.audit_log WHERE action LIKE 'daily%' ORDER BY id"
POST = """
INSERT INTO discord.daily_posts
       (guild_id, local_date, channel_id, quest_id, day_number, status, due_at, expires_at, send_at,
        sent_at, trouble)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7::timestamptz + interval '3 hours', $7, $7, $8)"""
NINE: dict[str, Any] = {"time": "9:00", "timezone": "America/Toronto"}
STANDING = "Daily Spark"


async def set_up(town: Town, **options: Any) -> InteractionResult:
    """Set daily posts up in the room, at nine in Toronto unless something else is said."""
    wanted = {"channel": town.room, **NINE, **options}
    return await town.slash(town.sage, "daily setup", **wanted)


async def do(town: Town, command: str) -> str:
    """What a command of the group says to the moderator."""
    shown = await town.slash(town.sage, f"daily {command}")
    assert is_private(shown)
    return text_of(shown)


async def guild(town: Town) -> dict[str, Any]:
    """The server's row."""
    return await town.row(GUILD, town.guild.id)


async def post(
    town: Town, date: dt.date, status: str, *, day: int = 1, trouble: str | None = None
) -> None:
    """A row of the ledger, due now."""
    quest = await town.item_id("quest", STANDING)
    now = town.env.now()
    args = (town.guild.id, date, town.room.id, quest, day, status, now, trouble)
    await town.pool.execute(POST, *args)


def today(town: Town, zone_hours: int = -5) -> dt.date:
    """The date in Toronto, in winter unless another offset is given."""
    return (town.env.now() + dt.timedelta(hours=zone_hours)).date()


@pytest.fixture
async def winter(town: Town) -> Town:
    """A town at noon of a winter's day in Toronto, where the offset is five hours."""
    now = town.env.now()
    january = dt.datetime(now.year + 1, 1, 12, 17, tzinfo=dt.UTC)
    await town.env.advance_time((january - now).total_seconds())
    return town


async def test_setting_it_up(winter: Town) -> None:
    """One command: it says what comes when and shows how it will look, to the moderator alone."""
    town = winter
    shown = await set_up(town)
    assert is_private(shown)
    said = text_of(shown)
    first = dt.datetime(2027, 1, 13, 14, tzinfo=dt.UTC).replace(year=town.env.now().year)
    assert f"<t:{int(first.timestamp())}:F>" in said
    assert f"<#{town.room.id}>" in said
    assert "**09:00** (America/Toronto)" in said
    assert "🌱 Daily Spark" in said
    assert "Day 1 · Wednesday 13 January" in said
    assert "of 36" not in said
    assert buttons_of(shown) == ["I did it", "Reflect", "My day"]
    row = last_of(shown).components[0]["components"][-1]["components"]
    assert all(button["disabled"] for button in row)
    assert not town.room.history(), "nothing is posted yet"

    found = await guild(town)
    assert found["post_channel_id"] == town.room.id
    assert found["post_time"] == dt.time(9)
    assert found["zone"] == "America/Toronto"
    assert (found["post_quest_id"], found["post_day"]) == (None, 1)
    assert (found["next_post_on"], found["next_post_at"]) == (first.date(), first)
    assert await town.rows(AUDIT) == [("daily_setup",)]
    assert await town.rows(LEDGER) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "9"}, "9 is not a time that I can read"),
        ({"time": "25:00"}, ":00 is not a time that I can read"),
        ({"timezone": "Atlantis"}, "I do not know the time zone Atlantis"),
        ({"quest": 999_999}, "There is no such quest"),
    ],
)
async def test_what_cannot_be_set_up(town: Town, options: dict[str, Any], said: str) -> None:
    """A sentence says what is wrong, and nothing is kept."""
    assert said in text_of(await set_up(town, **options))
    assert await town.rows(AUDIT) == []
    assert await town.rows("SELECT 1 FROM discord.guilds WHERE post_channel_id IS NOT NULL") == []


@pytest.mark.parametrize("time", ["9am", "09:00", "9.00"])
async def test_times_as_people_write_them(town: Town, time: str) -> None:
    """All of these are nine in the morning."""
    await set_up(town, time=time)
    assert (await guild(town))["post_time"] == dt.time(9)


async def test_a_missing_permission_is_named(town: Town) -> None:
    """What the bot lacks in the channel is said at set-up, in the status, and before posting."""
    assert town.bot.user is not None
    no = discord.PermissionOverwrite(send_messages=False, read_message_history=False)
    quiet = town.guild.create_text_channel("quiet", overwrites={town.bot.user: no})
    blind = discord.PermissionOverwrite(view_channel=False)
    hidden = town.guild.create_text_channel("hidden", overwrites={town.bot.user: blind})
    await town.env.settle()

    said = text_of(await set_up(town, channel=quiet))
    assert f"In <#{quiet.id}> I lack Send Messages and Read Message History." in said
    assert "View Channel" in text_of(await set_up(town, channel=hidden))
    assert await town.rows(AUDIT) == []

    await set_up(town)
    await town.value("UPDATE discord.guilds SET post_channel_id = $1", quiet.id)
    lack = "I lack Send Messages and Read Message History"
    assert lack in await do(town, "status")
    assert lack in await do(town, "post-now")
    await do(town, "pause")
    assert lack in await do(town, "resume")
    assert (await guild(town))["pause_reason"] == "asked"
    await town.value("UPDATE discord.guilds SET post_channel_id = 5")
    assert "I lack View Channel, Send Messages and Read Message History" in await do(town, "status")


async def test_setting_it_up_again(winter: Town) -> None:
    """It changes what it was, starts it again, and counts on while the quest stays."""
    town = winter
    await set_up(town)
    await town.value(
        """UPDATE discord.guilds SET post_day = 8, paused_at = now(), pause_reason = 'channel_gone',
           next_post_on = NULL, next_post_at = NULL, to_tell = '{"what": "channel_gone"}'"""
    )
    other = town.guild.create_text_channel("other")
    await town.env.settle()
    said = text_of(await set_up(town, channel=other, time="21:30"))
    assert "Day 8 · Tuesday 12 January" in said
    found = await guild(town)
    assert (found["post_channel_id"], found["post_time"]) == (other.id, dt.time(21, 30))
    assert found["post_day"] == 8
    assert (found["paused_at"], found["pause_reason"], found["to_tell"]) == (None, None, None)
    assert found["next_post_on"] == today(town)


async def test_another_quest_and_back(winter: Town) -> None:
    """Another quest begins with its own day; naming none keeps it; the old one goes on later."""
    town = winter
    await set_up(town)
    for back, status in ((5, "sent"), (4, "sent"), (3, "failed"), (2, "sent")):
        await post(town, today(town) - dt.timedelta(days=back), status)
    await town.value("UPDATE discord.guilds SET post_day = 4")
    offered = await town.offered(town.sage, "daily setup", "quest", "")
    assert STANDING in offered
    assert "Small Surprises" in offered
    week = await town.item_id("quest", "Small Surprises")
    said = text_of(await set_up(town, quest=week))
    assert "**Small Surprises**, day 1 of 7" in said
    assert "Day 1 of 7 · Wednesday 13 January" in said
    assert (await guild(town))["post_quest_id"] == week

    await set_up(town, time="10:00")
    assert (await guild(town))["post_quest_id"] == week
    await set_up(town, quest=await town.item_id("quest", STANDING))
    found = await guild(town)
    assert (found["post_quest_id"], found["post_day"]) == (None, 4)


async def test_a_quest_that_the_server_has_had(town: Town) -> None:
    """All its days were posted here: it is not begun again. A retired one is not begun at all."""
    await set_up(town)
    week = await town.item_id("quest", "Small Surprises")
    for back in range(1, 8):
        await post(town, today(town) - dt.timedelta(days=back), "sent", day=back)
    await town.value("UPDATE discord.daily_posts SET quest_id = $1", week)
    assert "every day of **Small Surprises** already" in text_of(await set_up(town, quest=week))
    await town.value("UPDATE quests SET is_active = false WHERE id = $1", week)
    assert "no longer open" in text_of(await set_up(town, quest=week))
    assert (await guild(town))["post_quest_id"] is None


async def test_a_planned_post_follows_the_change(winter: Town) -> None:
    """A row that nobody has begun to send is taken back, and its date has its new time."""
    town = winter
    await set_up(town, time="12:01")
    await post(town, today(town), "planned")
    await town.value(
        "UPDATE discord.guilds SET next_post_on = next_post_on + 1,"
        " next_post_at = next_post_at + interval '1 day'"
    )
    await set_up(town, time="18:00")
    assert await town.rows(LEDGER) == []
    assert (await guild(town))["next_post_on"] == today(town)


async def test_a_date_has_one_post(winter: Town) -> None:
    """Whoever sets a later time after today's was sent has the next one tomorrow."""
    town = winter
    await set_up(town)
    await post(town, today(town), "sent")
    await set_up(town, time="18:00")
    assert (await guild(town))["next_post_on"] == today(town) + dt.timedelta(days=1)
    assert await town.rows(LEDGER) == [(today(town), "sent", 1)]


async def test_pausing_and_resuming(winter: Town) -> None:
    """Nothing comes until it is resumed, then the next time that comes; each says what it did."""
    town = winter
    await set_up(town)
    await post(town, today(town), "planned")
    assert "are paused" in await do(town, "pause")
    found = await guild(town)
    assert (found["next_post_on"], found["next_post_at"]) == (None, None)
    assert found["pause_reason"] == "asked"
    assert await town.rows(LEDGER) == []
    assert "paused already" in await do(town, "pause")
    status = await do(town, "status")
    assert "⏸️ **Paused**" in status
    assert "⚠️" not in status, "nothing is wrong"
    assert "paused here" in await do(town, "skip")
    assert "paused here" in await do(town, "post-now")

    await town.tomorrow()
    assert "Daily posts go on" in await do(town, "resume")
    found = await guild(town)
    assert found["next_post_on"] == today(town) + dt.timedelta(days=1)
    assert (found["paused_at"], found["pause_reason"]) == (None, None)
    assert "not paused" in await do(town, "resume")
    assert await town.rows(AUDIT) == [("daily_setup",), ("daily_pause",), ("daily_resume",)]


async def test_skipping(winter: Town) -> None:
    """The next one is left out, then the one after; a planned one first; and two weeks at most."""
    town = winter
    await set_up(town)
    tomorrow = today(town) + dt.timedelta(days=1)
    said = await do(town, "skip")
    assert "The post of **Wednesday 13 January** is skipped" in said
    assert await town.rows(LEDGER) == [(tomorrow, "skipped", 1)]
    found = await guild(town)
    assert found["next_post_on"] == tomorrow + dt.timedelta(days=1)
    assert found["post_day"] == 1, "a day that was not posted is not counted"
    assert "Skipped: Wednesday 13 January" in await do(town, "status")

    await post(town, today(town), "planned")
    assert "Tuesday 12 January" in await do(town, "skip")
    assert await town.rows(LEDGER) == [(today(town), "skipped", 1), (tomorrow, "skipped", 1)]
    assert (await guild(town))["next_post_on"] == found["next_post_on"]

    for _day in range(13):
        await do(town, "skip")
    before = await guild(town)
    assert "Two weeks of posts are skipped already" in await do(town, "skip")
    assert await guild(town) == before


@pytest.mark.parametrize("status", ["planned", "missed", "failed", "skipped"])
async def test_posting_now_what_was_not_sent(winter: Town, status: str) -> None:
    """Today's row is due now, whatever had become of it; the schedule stays where it was."""
    town = winter
    await set_up(town)
    await post(town, today(town), status, trouble="channel_gone")
    await town.env.advance_time(3600)
    before = await guild(town)
    assert "Today's post is on its way" in await do(town, "post-now")
    row = await town.row("SELECT * FROM discord.daily_posts")
    now = town.env.now()
    assert (row["status"], row["trouble"], row["day_number"]) == ("planned", None, 1)
    assert abs(row["send_at"] - now) < dt.timedelta(seconds=10)
    assert row["due_at"] == row["send_at"]
    assert row["expires_at"] - row["due_at"] == dt.timedelta(hours=3)
    assert await guild(town) == before
    assert "The post of Tuesday 12 January is on its way" in await do(town, "status")


async def test_posting_now_before_its_time(winter: Town) -> None:
    """It is today's post that comes early, so the next one is tomorrow's."""
    town = winter
    await set_up(town, time="20:00")
    assert (await guild(town))["next_post_on"] == today(town)
    await do(town, "post-now")
    assert await town.rows(LEDGER) == [(today(town), "planned", 1)]
    assert (await guild(town))["next_post_on"] == today(town) + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("sent", "has been sent already"),
        ("sending", "is being sent at this moment"),
        ("unknown", "Nobody can say whether today's post arrived"),
    ],
)
async def test_posting_twice_is_refused(winter: Town, status: str, said: str) -> None:
    """One a day: what was sent, or may have been, is not sent again."""
    await set_up(winter)
    await post(winter, today(winter), status)
    assert said in await do(winter, "post-now")
    assert await winter.rows(LEDGER) == [(today(winter), status, 1)]


@pytest.mark.parametrize(
    ("status", "trouble", "said"),
    [
        ("sent", None, "✅ Tuesday 12 January, sent"),
        ("sending", "HTTP 503", "⏳ Tuesday 12 January, being sent (so far: HTTP 503)"),
        ("skipped", None, "⏭️ Tuesday 12 January, skipped"),
        ("missed", None, "⚠️ Tuesday 12 January, missed. It could not be sent within three hours"),
        ("unknown", None, "❓ Tuesday 12 January, not known"),
        ("failed", "no_permission", "failed: I was not allowed to post there"),
        ("failed", "quest_gone", "failed: its quest had been deleted"),
    ],
)
async def test_the_last_result_is_said(
    winter: Town, status: str, trouble: str | None, said: str
) -> None:
    """What became of the last post, with its trouble in words."""
    await set_up(winter)
    assert "No post has been due yet" in await do(winter, "status")
    await post(winter, today(winter) - dt.timedelta(days=9), "sent")
    await post(winter, today(winter), status, trouble=trouble)
    shown = await do(winter, "status")
    assert said in shown
    assert f"**{STANDING}**, day 1" in shown


async def test_a_post_that_nobody_sends(winter: Town) -> None:
    """Planned, and then no worker runs any more: the status says so, and not for a few minutes."""
    await set_up(winter)
    await do(winter, "post-now")
    await winter.env.advance_time(240)
    assert "It is late" not in await do(winter, "status")
    await winter.env.advance_time(120)
    assert "It is late: nothing of mine" in await do(winter, "status")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("channel_gone", "Their channel is gone"),
        ("no_permission", "I was not allowed to post in <#"),
        ("left", "I had been taken out of this server"),
    ],
)
async def test_the_status_says_why_it_is_paused(town: Town, reason: str, said: str) -> None:
    """And what to do about it."""
    await set_up(town)
    await town.value(
        "UPDATE discord.guilds SET paused_at = $1, pause_reason = $2, next_post_on = NULL,"
        " next_post_at = NULL",
        town.env.now(),
        reason,
    )
    assert said in await do(town, "status")
    assert "Daily posts go on" in await do(town, "resume")


async def test_the_preview_is_the_post(town: Town) -> None:
    """It shows the act that will be posted, and shows it again."""
    await set_up(town)
    act = await town.value("SELECT act FROM discord.daily_acts")
    assert act in (await do(town, "preview")).replace("\\", "").replace("> ", "")
    assert await town.rows("SELECT count(*) FROM discord.daily_acts") == [(1,)]


@pytest.mark.parametrize("command", ["status", "preview", "skip", "pause", "resume", "post-now"])
async def test_nothing_is_set_up_yet(town: Town, command: str) -> None:
    """Every command says how to begin."""
    assert "not set up here yet" in await do(town, command)
    assert await town.rows(AUDIT) == []


async def test_no_quest_at_all(town: Town) -> None:
    """An empty catalogue has nothing to post from, and says so."""
    await set_up(town)
    await town.value("DELETE FROM quests")
    assert "no quest to post from" in text_of(await set_up(town))
    assert "no quest to post from" in await do(town, "post-now")
    assert "no quest to post from" in await do(town, "preview")
    assert "Its quest is gone" in await do(town, "status")


async def test_who_may_not(town: Town) -> None:
    """Only those with Manage Server, also where a server lets others see the commands."""
    assert not [c for c in town.ann.available_commands(town.room) if c.startswith("daily")]
    command = town.env.backend.find_command("daily", None, type=1)
    assert command is not None
    town.guild.set_command_permissions(int(command["id"]), {town.ann: True})
    refused = await town.slash(town.ann, "daily setup", channel=town.room, **NINE)
    assert "This needs the permission Manage Server" in text_of(refused)
    for name in ("status", "preview", "skip", "pause", "resume", "post-now"):
        assert "Manage Server" in text_of(await town.slash(town.ann, f"daily {name}"))
    assert await town.rows(AUDIT) == []


async def test_any_server_has_its_own(town: Town) -> None:
    """It is not the home server's alone, and one server's posts are not another's."""
    elsewhere, lobby = await town.second_guild()
    managers = elsewhere.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    otto = elsewhere.add_member(town.env.create_user("Otto"), roles=[managers])
    await set_up(town)
    await otto.slash(lobby, "daily setup", channel=lobby, time="21:00", timezone="Asia/Kathmandu")
    rows = await town.rows(
        "SELECT guild_id, post_channel_id, zone FROM discord.guilds ORDER BY post_time"
    )
    assert rows == [
        (town.guild.id, town.room.id, "America/Toronto"),
        (elsewhere.id, lobby.id, "Asia/Kathmandu"),
    ]
    await otto.slash(lobby, "daily pause")
    assert (await guild(town))["paused_at"] is None


async def test_a_suspended_user(town: Town) -> None:
    """Nobody whose account is paused changes a server's posts."""
    await town.slash(town.sage, "me")
    await town.suspend(town.sage)
    assert "paused at the moment" in text_of(await set_up(town))
    assert await town.rows(AUDIT) == []


async def test_what_was_set_up_comes(winter: Town) -> None:
    """Posting now and the next morning: two posts, their days counted; a skipped day is not."""
    town = winter
    office = Office(town.bot.services, town.bot)
    await set_up(town)
    await do(town, "post-now")
    await office.round()
    await do(town, "skip")
    for _day in range(2):
        await town.until("14:00")
        await office.round()
    shown = [str(message.components) for message in town.room.history()]
    assert [("Day 1 ·" in text, "Day 2 ·" in text) for text in shown] == [
        (True, False),
        (False, True),
    ]
    statuses = [row[1:] for row in await town.rows(LEDGER)]
    assert statuses == [("sent", 1), ("skipped", 2), ("sent", 2)]
    said = await do(town, "status")
    assert "✅ Thursday 14 January, sent" in said
    assert f"**{STANDING}**, day 3" in said
    assert "has been sent already" in await do(town, "post-now")
