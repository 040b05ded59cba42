"""Stories of quests: a mystery a day, up to three at once, each by itself."""

from bot.actions.companion import TaskRequest
from bot.kai.companion import Kai
from bot.kai.safety import RESOURCES
from db.pool import Pool
from tests.behaviour.town import Town, buttons_of, open_town, text_of

EASY, MEDIUM, HARD = "Small Surprises", "Within Walking Distance", "The Braver Kindness"
ENROLMENT = "SELECT status, current_day FROM user_quests WHERE quest_id = $1"
TURNS = (
    "SELECT context_type, context_id, message, function_called FROM kai_interactions ORDER BY id"
)


async def test_three_quests_at_once_and_no_more(town: Town) -> None:
    """`today` shows them all, `done` asks which; a fourth must wait until one is left."""
    names = (EASY, MEDIUM, HARD)
    easy, medium, hard = [await town.start(town.ann, name) for name in names]
    fourth = await town.item_id("quest", "Mud on Your Boots")
    refused = await town.slash(town.ann, "quest start", quest=fourth)
    assert "You are on 3 quests already" in text_of(refused)
    assert await town.rows(ENROLMENT, fourth) == []

    today = await town.slash(town.ann, "quest today")
    assert text_of(today).count("Today's mystery") == 3
    assert buttons_of(today) == [f"I did it: {name}" for name in names]
    tasks = [row[0] for row in await town.rows("SELECT task_generated FROM quest_logs")]
    assert len(set(tasks)) == 3

    asked = await town.slash(town.ann, "quest done", reflection="Which was it?")
    assert "Which one did you do today?" in text_of(asked)
    assert "Which was it?" in text_of(asked), "the words are handed back"
    assert buttons_of(asked) == [f"I did {name}" for name in names]
    assert await town.value("SELECT count(*) FROM quest_logs WHERE completed") == 0
    done = await town.press(town.ann, asked, f"I did {MEDIUM}")
    assert "**+15 points**" in text_of(done)

    done = await town.slash(town.ann, "quest done", quest=hard)
    assert "**+20 points**, 35 in all." in text_of(done)
    done = await town.press(town.ann, today, f"I did it: {EASY}")
    assert "**+10 points**, 45 in all." in text_of(done)
    assert "already done" in text_of(await town.slash(town.ann, "quest done", quest=easy))

    left = await town.slash(town.ann, "quest leave", quest=medium)
    assert f"You left **{MEDIUM}**" in text_of(left)
    assert await town.rows(ENROLMENT, medium) == [("cancelled", 2)]
    started = await town.slash(town.ann, "quest start", quest=fourth)
    assert "You are in: Mud on Your Boots" in text_of(started)
    full = await town.press(town.ann, left, "Go on after all")
    assert "You are on 3 quests already" in text_of(full)


async def test_the_task_of_a_day_is_written_once(town: Town) -> None:
    """First sight writes it with its turn; looking again changes and costs nothing."""
    quest = await town.start(town.ann, EASY)
    assert await town.rows(TURNS) == []
    first = await town.slash(town.ann, "quest today")
    task = await town.value("SELECT task_generated FROM quest_logs")
    again = await town.slash(town.ann, "quest today", quest=quest)
    assert text_of(again) == text_of(first)
    assert await town.rows(TURNS) == [("quest_task", quest, None, "generate_mystery_quest")]
    assert await town.value("SELECT assistant_response FROM kai_interactions") == task

    await town.slash(town.ann, "quest done")
    assert len(await town.rows(TURNS)) == 1, "a bare done is no turn"
    await town.tomorrow()
    await town.slash(town.ann, "quest done", reflection="I had not even looked.")
    assert await town.rows(TURNS) == [
        ("quest_task", quest, None, "generate_mystery_quest"),
        ("quest_task", quest, None, "generate_mystery_quest"),
        ("quest_reflection", quest, "I had not even looked.", "complete_day,save_reflection"),
    ]
    assert await town.value("SELECT count(*) FROM quest_logs WHERE completed") == 2
    assert await town.value("SELECT task_generated FROM quest_logs WHERE day_number = 1") == task


async def test_difficulties_as_the_website_may_write_them(town: Town) -> None:
    """Any case counts; NULL and an unknown word read as Medium."""
    worth = {"easy": 10, "HARD": 20, None: 15, "Impossible": 15}
    for number, (difficulty, points) in enumerate(worth.items()):
        name = f"Quest {number}"
        quest = await town.add("quest", name, difficulty=difficulty, total_days=2)
        await town.start(town.ann, name)
        read = {10: "Easy", 15: "Medium", 20: "Hard"}[points]
        assert read in text_of(await town.slash(town.ann, "quest view", quest=quest))
        assert f"· {read}" in text_of(await town.slash(town.ann, "quest today", quest=quest))
        done = await town.slash(town.ann, "quest done", quest=quest)
        assert f"**+{points} points**" in text_of(done)
        await town.slash(town.ann, "quest leave", quest=quest)


async def test_the_last_day_of_a_quest(town: Town) -> None:
    """It completes the quest, which can be reflected on until midnight and not taken again."""
    await town.until("12:00")
    quest = await town.add("quest", "One Day Only", total_days=1, is_active=None)
    await town.start(town.ann, "One Day Only")
    before = await town.slash(town.ann, "quest today")
    done = await town.press(town.ann, before, "I did it")
    assert "You finished it!" in text_of(done)
    assert await town.rows(ENROLMENT, quest) == [("completed", 1)]

    today = await town.slash(town.ann, "quest today")
    assert "Done, and with it the whole quest" in text_of(today)
    kept = await town.slash(town.ann, "quest done", reflection="All of it!")
    assert "Your reflection is kept" in text_of(kept)

    await town.start(town.ann, EASY)
    twice = await town.slash(town.ann, "quest done", quest=quest)
    assert "You finished **One Day Only**" in text_of(twice), text_of(twice)
    again = await town.slash(town.ann, "quest start", quest=quest)
    day = town.env.now()
    assert f"You finished **One Day Only** on {day.day} {day:%B %Y}" in text_of(again)
    assert "How about" in text_of(again)

    await town.tomorrow()
    late = await town.slash(town.ann, "quest done", quest=quest, reflection="And one more thing.")
    assert "One Day Only" in text_of(late)
    assert "And one more thing." in text_of(late)
    assert await town.value("SELECT reflection FROM quest_logs WHERE completed") == "All of it!"


async def test_yesterdays_quest_buttons(town: Town) -> None:
    """A stale button changes nothing; one of a day not yet done still does that day."""
    quest = await town.start(town.ann, EASY)
    card = await town.slash(town.ann, "quest today")
    copy = await town.slash(town.ann, "quest today")
    await town.tomorrow()
    assert "Day 1 is done" in text_of(await town.press(town.ann, card, "I did it"))
    assert "already done" in text_of(await town.press(town.ann, copy, "I did it"))
    await town.tomorrow()
    stale = await town.press(town.ann, copy, "I did it")
    assert "That card is of another day" in text_of(stale)
    assert await town.rows(ENROLMENT, quest) == [("active", 2)]


async def test_a_quest_that_was_left(town: Town) -> None:
    """It is not shown as finished, and its task is still there for who comes back."""
    quest = await town.start(town.ann, EASY)
    await town.slash(town.ann, "quest today")
    await town.slash(town.ann, "quest done")
    task = await town.value("SELECT task_generated FROM quest_logs")
    await town.slash(town.ann, "quest leave", quest=quest)

    for command in ("quest today", "quest done", "quest leave"):
        shown = await town.slash(town.ann, command, quest=quest)
        assert f"You are not on **{EASY}**" in text_of(shown), (command, text_of(shown))
    back = await town.slash(town.ann, "quest start", quest=quest)
    assert f"Welcome back: {EASY}" in text_of(back)
    assert task in text_of(await town.slash(town.ann, "quest today"))
    assert "already done" in text_of(await town.slash(town.ann, "quest done"))
    await town.tomorrow()
    assert "Day 2 is done" in text_of(await town.slash(town.ann, "quest done"))


async def test_quest_ids_past_the_autocomplete(town: Town) -> None:
    """An id that is unknown or not joined gets a true sentence, also beside another quest."""
    await town.start(town.ann, EASY)
    other = await town.item_id("quest", MEDIUM)
    nothing = await town.add("quest", "No Days", total_days=0)
    for command in ("quest today", "quest done", "quest leave"):
        for typed in (other, nothing, -7, 0, 424242, 2**53 - 1):
            shown = await town.slash(town.ann, command, quest=typed)
            assert shown.ephemeral
            assert "You are not on a quest at the moment" not in text_of(shown), (command, typed)
            assert "went wrong" not in text_of(shown), (command, typed)
    for command in ("quest start", "quest view"):
        for typed in (nothing, -7, 424242, 2**53 - 1):
            shown = await town.slash(town.ann, command, quest=typed)
            assert "There is no such quest" in text_of(shown), (command, typed)
    assert await town.value("SELECT count(*) FROM quest_logs") == 0
    assert await town.offered(town.ann, "quest start", "quest", "no days") == []
    assert await town.offered(town.ann, "quest done", "quest", "") == [EASY]
    assert await town.offered(town.ben, "quest done", "quest", "") == []


async def test_a_retired_quest(town: Town) -> None:
    """Those on it finish it; nobody starts it."""
    quest = await town.add("quest", "Going Away", total_days=2)
    await town.start(town.ann, "Going Away")
    await town.value("UPDATE quests SET is_active = false WHERE id = $1", quest)
    typed = await town.slash(town.ben, "quest start", quest=quest)
    assert "**Going Away** is no longer open to join" in text_of(typed)
    for _day in range(2):
        assert "+15 points" in text_of(await town.slash(town.ann, "quest done"))
        await town.tomorrow()
    assert await town.rows(ENROLMENT, quest) == [("completed", 2)]


async def test_two_quests_of_one_name(town: Town) -> None:
    """Choices and buttons show which is which, and show punctuation as it is."""
    name = "Coffee: on *me* (again)"
    twins = [await town.add("quest", name) for _ in range(2)]
    assert await town.offered(town.ann, "quest start", "quest", "coffee") == [
        f"{name} (#{row_id})" for row_id in twins
    ]
    for row_id in twins:
        await town.slash(town.ann, "quest start", quest=row_id)
    assert await town.offered(town.ann, "quest leave", "quest", "") == [
        f"{name} (#{row_id})" for row_id in twins
    ]
    today = await town.slash(town.ann, "quest today")
    assert buttons_of(today) == [f"I did it: {name} (#{row_id})" for row_id in twins]
    asked = await town.slash(town.ann, "quest done")
    assert buttons_of(asked) == [f"I did {name} (#{row_id})" for row_id in twins]
    await town.press(town.ann, asked, f"I did {name} (#{twins[1]})")
    assert await town.rows("SELECT quest_id FROM quest_logs WHERE completed") == [(twins[1],)]


async def test_a_quest_day_that_the_website_marked(town: Town) -> None:
    """It gives no points, and the next day opens tomorrow."""
    await town.until("12:00")
    quest = await town.start(town.ann, EASY)
    user = await town.user_id(town.ann)
    now = town.env.now().replace(tzinfo=None)
    await town.value("UPDATE user_quests SET current_day = 2")
    await town.value(
        "INSERT INTO quest_logs (user_id, quest_id, day_number, completed, completed_at)"
        " VALUES ($1, $2, 1, true, $3)",
        user,
        quest,
        now,
    )
    assert "already done" in text_of(await town.slash(town.ann, "quest done"))
    added = await town.slash(town.ann, "quest done", reflection="Done over there.")
    assert "Your reflection is kept" in text_of(added)
    await town.tomorrow()
    assert "Day 2 is done" in text_of(await town.slash(town.ann, "quest done"))
    assert await town.value("SELECT points FROM discord.accounts") == 10


async def test_a_crisis_in_a_quest_reflection(town: Town) -> None:
    """The resources are shown privately, and the day counts."""
    await town.start(town.ann, EASY)
    done = await town.slash(town.ann, "quest done", reflection="I want to kill myself")
    assert done.ephemeral
    assert RESOURCES in text_of(done)
    assert "+10 points" in text_of(done)


class Talkative(Kai):
    """A voice that writes far more than fits."""

    async def write_task(self, request: TaskRequest) -> str:
        """A long task with marks and lines in it."""
        return f"{request.quest} *day* {request.day}:\n" + "be kind_ to @everyone\n" * 150


async def test_three_long_tasks_fit_on_one_card(pool: Pool) -> None:
    """`today` shows all three quests, however long KAI's words are."""
    async with open_town(pool, Talkative()) as town:
        for name in (EASY, MEDIUM, HARD):
            await town.start(town.ann, name)
        for _look in range(2):
            today = await town.slash(town.ann, "quest today")
            assert text_of(today).count("Today's mystery") == 3, text_of(today)
        await town.slash(
            town.ann, "quest done", quest=await town.item_id("quest", EASY), reflection="x\n" * 2000
        )
        assert text_of(await town.slash(town.ann, "quest today")).count("Today's mystery") == 3
