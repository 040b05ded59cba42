"""The main story: join a challenge, do a day, reflect, take a quest, look at it all."""

from tests.behaviour.town import Town, buttons_of, text_of


async def test_a_member_goes_through_a_day(town: Town) -> None:
    """Every step shows what it should, and the rows hold it."""
    challenge = await town.item_id("challenge", "Discover the Power of Kindness")

    joined = await town.slash(town.ann, "challenge join", challenge=challenge)
    assert joined.ephemeral
    assert "You are in: Discover the Power of Kindness" in text_of(joined)
    assert "`/kai forget`" in text_of(joined), "the first use says what KAI keeps"

    today = await town.press(town.ann, joined, "Show me today")
    assert "Day 1 of 7" in text_of(today)
    assert "KAI says" in text_of(today)
    assert "`/kai forget`" not in text_of(today), "only the first use says it"

    done = await town.press(town.ann, today, "I did it")
    assert "Day 1 is done" in text_of(done)
    assert "**+10 points**" in text_of(done)
    assert "New badge" in text_of(done)

    form = await town.press(town.ann, done, "Add a reflection")
    assert form.modal is not None
    kept = await town.ann.submit_modal(form, {"reflection": "I called my grandmother."})
    assert "I called my grandmother." in text_of(kept)
    assert "KAI says" in text_of(kept)

    log = await town.row("SELECT * FROM challenge_logs")
    assert (log["day_number"], log["completed"]) == (1, True)
    assert log["reflection"] == "I called my grandmother."
    enrolment = await town.row("SELECT * FROM user_challenges")
    assert (enrolment["status"], enrolment["current_day"]) == ("active", 2)
    turns = await town.pool.fetch("SELECT * FROM kai_interactions ORDER BY id")
    assert [turn["context_type"] for turn in turns] == ["challenge_day", "reflection"]
    assert turns[1]["context_id"] == challenge
    assert turns[1]["message"] == "I called my grandmother."
    assert turns[1]["function_called"] == "save_reflection"

    again = await town.slash(town.ann, "challenge done")
    assert "already done" in text_of(again)


async def test_a_quest_gives_a_mystery_a_day(town: Town) -> None:
    """A quest's task comes on first sight, stays, and another comes tomorrow."""
    quest = await town.value("SELECT id FROM quests WHERE difficulty = 'Hard' ORDER BY id LIMIT 1")
    started = await town.slash(town.ann, "quest start", quest=quest)
    first = await town.press(town.ann, started, "Show me today")
    task = await town.value("SELECT task_generated FROM quest_logs")
    assert task
    assert "Today's mystery" in text_of(first)

    done = await town.slash(town.ann, "quest done", reflection="It felt good.")
    assert "**+20 points**" in text_of(done)
    assert "It felt good." in text_of(done)

    await town.tomorrow()
    await town.slash(town.ann, "quest today")
    tasks = await town.pool.fetch("SELECT task_generated FROM quest_logs ORDER BY day_number")
    assert tasks[0][0] == task
    assert len({row[0] for row in tasks}) == 2

    me = await town.slash(town.ann, "me")
    assert "Kindness level 1" in text_of(me)
    assert "Streak: 1 day" in text_of(me)
    assert "Today is still to come" in text_of(me)
    assert buttons_of(me) == []
