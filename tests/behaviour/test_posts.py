"""Stories of the daily post's buttons: doing its act, reflecting on it, and My day."""

import pytest
from structlog.testing import capture_logs

from bot.actions.companion import TaskRequest
from bot.kai.companion import Kai
from db.pool import Pool
from tests.behaviour.posted import SPARK, Posted, send_post
from tests.behaviour.town import Town, buttons_of, is_private, open_town, text_of
from tests.database.posted import ACT, doers

EASY, MEDIUM, HARD = "Small Surprises", "Within Walking Distance", "The Braver Kindness"
POWER = "Discover the Power of Kindness"
OVER = "That post has had its day"
ENROLMENT = "SELECT status, current_day FROM user_quests WHERE quest_id = $1"
TASKS = "SELECT day_number, task_generated FROM quest_logs WHERE quest_id = $1 ORDER BY day_number"
TURNS = "SELECT context_type, message, function_called FROM kai_interactions ORDER BY id"


async def spark(town: Town) -> int:
    """The id of the standing quest."""
    return await town.item_id("quest", SPARK)


async def test_a_newcomer_does_it(town: Town) -> None:
    """One press takes the quest up and does its day, privately; the post counts them."""
    post = await send_post(town)
    assert await post.count() == 0
    done = await post.press(town.ann, "I did it")
    assert is_private(done)
    assert "Day 1 is done" in text_of(done)
    assert "+10 points" in text_of(done)
    assert "`/kai forget`" in text_of(done), "it is their first use"
    assert "36,500" not in text_of(done)
    assert await town.rows(ENROLMENT, await spark(town)) == [("active", 2)]
    assert await town.rows(TASKS, await spark(town)) == [(1, ACT)]
    assert await town.rows(TURNS) == [], "the act was KAI's turn when it was posted"
    assert await doers(town.pool, post.id) == [town.ann.id]
    assert await post.count() == 1


async def test_pressing_again(town: Town) -> None:
    """It says when the next day opens, and gives the ways on."""
    post = await send_post(town)
    await post.press(town.ann, "I did it")
    again = await post.press(town.ann, "I did it")
    assert is_private(again)
    assert "already done for today" in text_of(again)
    assert "The next one opens <t:" in text_of(again)
    assert buttons_of(again) == ["Add a reflection", "My day"]
    kept = await town.fill(town.ann, again, "Add a reflection", reflection="It was good.")
    assert "Your reflection is kept" in text_of(kept)
    assert "Change my reflection" in buttons_of(await post.press(town.ann, "I did it"))
    assert await town.rows(ENROLMENT, await spark(town)) == [("active", 2)]


async def test_it_counts_outside_the_three(town: Town) -> None:
    """Three quests are no hindrance, and the daily one takes no place from them."""
    for name in (EASY, MEDIUM):
        await town.start(town.ann, name)
    post = await send_post(town)
    assert "Day 1 is done" in text_of(await post.press(town.ann, "I did it"))
    await town.start(town.ann, HARD)
    await town.slash(town.ann, "quest leave", quest=await spark(town))
    await town.tomorrow()
    assert "Day 2 is done" in text_of(await post.press(town.ann, "I did it"))
    assert await town.rows(ENROLMENT, await spark(town)) == [("active", 3)]


async def test_the_day_is_the_members_own(town: Town) -> None:
    """A post of one evening is done on two dates where the member's midnight lies between."""
    await town.until("23:30", "Asia/Kathmandu")
    await town.slash(town.ann, "settings timezone", zone="Asia/Kathmandu")
    await town.env.advance_time(1)
    post = await send_post(town)
    assert "Day 1 is done" in text_of(await post.press(town.ann, "I did it"))
    assert "already done" in text_of(await post.press(town.ann, "I did it"))
    await town.env.advance_time(3600)
    assert "Day 2 is done" in text_of(await post.press(town.ann, "I did it"))
    ((_, first), (_, second)) = await town.rows(TASKS, await spark(town))
    assert first == ACT
    assert second not in (None, ACT), "the act was had, so KAI wrote another"
    assert await town.rows(TURNS) == [("quest_task", None, "generate_mystery_quest")]
    assert await doers(town.pool, post.id) == [town.ann.id], "one person, however many days"


async def test_a_task_that_was_seen_stays(town: Town) -> None:
    """Who has today's task of the quest completes that one."""
    await town.start(town.ann, EASY)
    await town.slash(town.ann, "quest today")
    ((_, task),) = await town.rows(TASKS, await town.item_id("quest", EASY))
    post = await send_post(town, EASY)
    await post.press(town.ann, "I did it")
    assert await town.rows(TASKS, await town.item_id("quest", EASY)) == [(1, task)]
    assert await doers(town.pool, post.id) == [town.ann.id]


async def test_done_by_the_command(town: Town) -> None:
    """A press after it puts the member among the post's doers."""
    await town.start(town.ann, EASY)
    await town.slash(town.ann, "quest done")
    post = await send_post(town, EASY)
    assert "already done for today" in text_of(await post.press(town.ann, "I did it"))
    assert await doers(town.pool, post.id) == [town.ann.id]
    assert await post.count() == 1


async def test_an_older_post(town: Town) -> None:
    """It stays open until a newer one is sent, and for its date and twelve hours at least."""
    await town.until("18:00")
    old = await send_post(town)
    await town.tomorrow()
    new = await send_post(town)
    shown = await old.press(town.ann, "I did it")
    assert is_private(shown)
    assert OVER in text_of(shown)
    assert "My day" in text_of(shown)
    assert ACT in text_of(shown), "the newest post's act is there to be done"
    assert await town.rows(ENROLMENT, await spark(town)) == []
    assert await doers(town.pool, old.id) == []

    late = await old.reflect(town.ann, "My own words.")
    assert OVER in text_of(late)
    assert await town.returned(late) == "My own words."
    done = await town.press(town.ann, shown, "I did it")
    assert "Day 1 is done" in text_of(done)
    assert await doers(town.pool, new.id) == [town.ann.id]
    assert OVER in text_of(await old.press(town.ann, "I did it"))


async def test_a_post_has_its_date_to_itself(town: Town) -> None:
    """A newer one does not close it before its twelve hours are over."""
    await town.until("22:00")
    old = await send_post(town)
    await town.env.advance_time(3 * 3600)
    await send_post(town)
    assert "Day 1 is done" in text_of(await old.press(town.ann, "I did it"))
    await town.env.advance_time(8.9 * 3600)
    assert "Day 1 is done" in text_of(await old.press(town.ben, "I did it"))
    await town.env.advance_time(0.2 * 3600)
    assert OVER in text_of(await old.press(town.sage, "I did it"))


@pytest.mark.parametrize("gone", ["post", "quest", "failed"])
async def test_a_post_that_is_no_more(town: Town, gone: str) -> None:
    """Its message may be there: it is as an older one."""
    name = "Going Away"
    await town.add("quest", name)
    post = await send_post(town, name)
    match gone:
        case "post":
            await town.value("DELETE FROM discord.daily_posts")
        case "quest":
            await town.value("DELETE FROM quests WHERE name = $1", name)
        case _:
            await town.value("UPDATE discord.daily_posts SET status = 'failed'")
    assert OVER in text_of(await post.press(town.ann, "I did it"))
    assert OVER in text_of(await post.reflect(town.ann, "Words."))


async def test_a_message_that_is_not_written_down_yet(town: Town) -> None:
    """The ledger may lag behind the channel: the press counts, and is shown when that is over."""
    post = await send_post(town, status="sending", sent_at=None)
    assert "Day 1 is done" in text_of(await post.press(town.ann, "I did it"))
    await town.env.advance_time(4)
    assert post.edits() == 0
    await town.value(
        "UPDATE discord.daily_posts SET status = 'sent', message_id = $1, sent_at = $2",
        post.message.id,
        town.env.now(),
    )
    await town.env.advance_time(4)
    assert await post.count() == 1


async def test_a_quest_that_is_finished_or_retired(town: Town) -> None:
    """A kind sentence, My day, and nothing is changed."""
    name = "Only Once"
    quest = await town.add("quest", name, total_days=1)
    post = await send_post(town, name)
    assert "You finished it!" in text_of(await post.press(town.ann, "I did it"))
    again = await post.press(town.ann, "I did it")
    assert "with it the whole quest" in text_of(again)
    await town.tomorrow()
    late = await post.press(town.ann, "I did it")
    assert f"You finished **{name}**" in text_of(late)
    assert "My day" in text_of(late)
    assert await town.returned(await post.reflect(town.ann, "More.")) == "More."

    await town.value("UPDATE quests SET is_active = false WHERE id = $1", quest)
    closed = await post.press(town.ben, "I did it")
    assert f"**{name}** is no longer open to join" in text_of(closed)
    assert await town.value("SELECT count(*) FROM user_quests") == 1


async def test_reflecting_does_the_day(town: Town) -> None:
    """The form says so; later it replaces what was written."""
    post = await send_post(town)
    form = await post.press(town.ann, "Reflect")
    assert "marks today as done" in str(form.modal)
    done = await town.ann.submit_modal(form, {"reflection": "The door was heavy."})
    assert is_private(done)
    assert "Day 1 is done" in text_of(done)
    assert "The door was heavy." in text_of(done)
    changed = await post.reflect(town.ann, "It was very heavy.")
    assert "Your reflection was changed" in text_of(changed)
    assert await town.rows("SELECT reflection FROM quest_logs") == [("It was very heavy.",)]
    assert await town.rows(TURNS) == [
        ("quest_reflection", "The door was heavy.", "complete_day,save_reflection"),
        ("quest_reflection", "It was very heavy.", "save_reflection"),
    ]
    blank = await post.reflect(town.ben, "   ")
    assert "Day 1 is done" in text_of(blank), "it is a bare press"
    refused = await post.reflect(town.sage, "before\x00after")
    assert "cannot be stored" in text_of(refused)
    assert await town.value("SELECT count(*) FROM discord.post_doers") == 2


async def test_after_a_flight(town: Town) -> None:
    """The next day is open when the rest is over, as everywhere; the words come back."""
    await town.until("12:00")
    await send_post(town)
    await town.value("DELETE FROM discord.daily_posts")
    await town.start(town.ann, EASY)
    await town.slash(town.ann, "quest done")
    await town.slash(town.ann, "settings timezone", zone="Pacific/Kiritimati")
    await town.env.advance_time(3600)
    post = await send_post(town, EASY)
    early = await post.reflect(town.ann, "Again!")
    assert "is already done" in text_of(early)
    assert await town.returned(early) == "Again!"
    assert await doers(town.pool, post.id) == []


async def test_a_suspended_member(town: Town) -> None:
    """Nothing is done, and nothing is shown."""
    post = await send_post(town)
    await town.slash(town.ann, "me")
    await town.suspend(town.ann)
    for label in ("I did it", "My day"):
        assert "account is paused" in text_of(await post.press(town.ann, label))
    assert await town.returned(await post.reflect(town.ann, "Words.")) == "Words."
    assert await doers(town.pool, post.id) == []


async def test_my_day_of_a_newcomer(town: Town) -> None:
    """It says how to begin, and offers the post; without one, too."""
    post = await send_post(town)
    shown = await post.press(town.ann, "My day")
    assert is_private(shown)
    assert "You are not on a challenge or a quest" in text_of(shown)
    assert ACT in text_of(shown)
    assert buttons_of(shown) == ["I did it", "See the challenges", "See the quests"]
    done = await town.press(town.ann, shown, "I did it")
    assert "Day 1 is done" in text_of(done)

    await town.value("DELETE FROM discord.daily_posts")
    bare = await post.press(town.ben, "My day")
    assert buttons_of(bare) == ["See the challenges", "See the quests"]
    assert ACT not in text_of(bare)


async def test_my_day_has_all_of_it(town: Town) -> None:
    """The challenge, the quests, and the post that is not done yet; the post's act stays unseen."""
    await town.join(town.ann, POWER)
    await town.start(town.ann, EASY)
    post = await send_post(town)
    shown = await post.press(town.ann, "My day")
    for words in (POWER, EASY, "Today's mystery", SPARK, ACT):
        assert words in text_of(shown), words
    labels = [f"I did it: {name}" for name in (POWER, EASY, SPARK)]
    assert buttons_of(shown) == labels
    assert await town.rows(TASKS, await spark(town)) == []
    seen = await town.value("SELECT count(*) FROM kai_interactions")
    again = await post.press(town.ann, "My day")
    assert text_of(again) == text_of(shown)
    assert await town.value("SELECT count(*) FROM kai_interactions") == seen

    await town.press(town.ann, shown, labels[2])
    later = await post.press(town.ann, "My day")
    assert "The next day opens" in text_of(later)
    assert buttons_of(later)[:2] == labels[:2]
    assert buttons_of(later)[2] == f"Add a reflection: {SPARK}"
    assert await town.rows(TASKS, await spark(town)) == [(1, ACT)]


async def test_my_day_with_a_task_of_the_posts_quest(town: Town) -> None:
    """The member's own task stands there, and its button counts on the post."""
    await town.start(town.ann, EASY)
    today = await town.slash(town.ann, "quest today")
    ((_, task),) = await town.rows(TASKS, await town.item_id("quest", EASY))
    assert task in text_of(today)
    post = await send_post(town, EASY)
    shown = await post.press(town.ann, "My day")
    assert task in text_of(shown)
    assert ACT not in text_of(shown)
    assert buttons_of(shown) == ["I did it"]
    await town.press(town.ann, shown, "I did it")
    assert await doers(town.pool, post.id) == [town.ann.id]


async def test_my_day_tells_no_other_servers_post(town: Town) -> None:
    """Each server has its own; one that is done is not offered."""
    _guild, lobby = await town.second_guild()
    await send_post(town, guild_id=_guild.id, channel_id=lobby.id, act="Something from elsewhere.")
    post = await send_post(town)
    shown = text_of(await post.press(town.ann, "My day"))
    assert ACT in shown
    assert "elsewhere" not in shown


class Talkative(Kai):
    """A voice that writes far more than fits."""

    async def write_task(self, request: TaskRequest) -> str:
        """A long task with marks and lines in it."""
        return f"{request.quest} *day* {request.day}:\n" + "be kind_ to @everyone\n" * 150


async def test_a_full_day_fits_on_one_card(pool: Pool) -> None:
    """A challenge, five quests of long words and a long act, all done or all open."""
    async with open_town(pool, Talkative()) as town:
        await town.join(town.ann, POWER)
        for name in (EASY, MEDIUM, HARD):
            await town.start(town.ann, name)
        names = [await town.add("quest", f"Website {number}") for number in range(3)]
        user = await town.user_id(town.ann)
        for quest in names:
            await town.value(
                "INSERT INTO user_quests (user_id, quest_id, status) VALUES ($1, $2, 'active')",
                user,
                quest,
            )
        post = await send_post(town, act="Be *kind* to @everyone.\n" * 150)
        shown = await post.press(town.ann, "My day")
        assert "and 3 more: `/quest today`" in text_of(shown)
        words = "x\n" * 2000
        await town.slash(town.ann, "challenge done", reflection=words)
        for (quest,) in await town.rows("SELECT quest_id FROM user_quests"):
            await town.slash(town.ann, "quest done", quest=quest, reflection=words)
        assert POWER in text_of(await post.press(town.ann, "My day"))


async def test_the_counter_is_edited_seldom_and_is_right(town: Town) -> None:
    """Many press at once: the first is shown, then all the others together."""
    post = await send_post(town)
    people = [town.guild.add_member(town.env.create_user(f"P{n}")) for n in range(7)]
    for person in people:
        await post.press(person, "I did it")
    assert post.edits() == 1
    assert await post.count() == 1
    await town.env.advance_time(3.1)
    assert post.edits() == 2
    assert await post.count() == 7
    await town.env.advance_time(60)
    assert post.edits() == 2
    assert await town.value("SELECT shown_count FROM discord.daily_posts") == 7


async def counted_unseen(town: Town, post: Posted) -> None:
    """Ann's day is done, and the process that saw it died before it was shown."""
    await town.slash(town.ann, "me")
    await town.value(
        "INSERT INTO discord.post_doers (post_id, user_id, done_at) VALUES ($1, $2, $3)",
        post.id,
        await town.user_id(town.ann),
        town.env.now(),
    )


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (503, 3)])
async def test_a_counter_that_cannot_be_shown(town: Town, status: int, tries: int) -> None:
    """It is logged and left; what may pass is tried again first."""
    post = await send_post(town)
    await counted_unseen(town, post)
    path = f"/channels/{town.room.id}/messages/{post.message.id}"
    town.env.inject_error("PATCH", path, status=status, times=tries)
    with capture_logs() as log:
        await post.press(town.ben, "I did it")
        await town.env.advance_time(60)
    left = [line for line in log if line["event"] == "counter not shown"]
    assert len(left) == tries, log
    assert await post.count() == 0

    await post.press(town.sage, "I did it")
    assert await post.count() == 3


async def test_a_counter_that_was_left_behind(town: Town) -> None:
    """A restart puts it right, and the buttons are alive after it."""
    post = await send_post(town)
    await counted_unseen(town, post)
    await town.restart()
    await town.env.settle()
    assert await post.count() == 1
    assert "Day 1 is done" in text_of(await post.press(town.ben, "I did it"))
    await town.env.advance_time(4)
    assert await post.count() == 2
