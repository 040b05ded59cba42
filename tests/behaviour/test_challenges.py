"""Stories of challenges: joining, switching, leaving, doing days in any zone, reflecting."""

import datetime as dt

from simcord import MemberActor

from bot.kai.safety import RESOURCES
from tests.behaviour.town import Town, buttons_of, is_private, text_of

LIVING = "Kind to the Living World"  # three days
POWER = "Discover the Power of Kindness"  # seven days
OWN_SIDE = "Be on Your Own Side"
ENROLMENT = "SELECT status, current_day FROM user_challenges WHERE challenge_id = $1"


async def finish(town: Town, who: MemberActor, days: int) -> None:
    """Do the days of the present challenge, one a day."""
    for day in range(days):
        if day:
            await town.tomorrow()
        done = await town.slash(who, "challenge done")
        assert "+10 points" in text_of(done), text_of(done)


async def test_switching_keeps_the_days_of_both(town: Town) -> None:
    """Another challenge asks to switch, and coming back goes on where it stopped."""
    power = await town.join(town.ann, POWER)
    await town.slash(town.ann, "challenge done")
    living = await town.item_id("challenge", LIVING)

    asked = await town.slash(town.ann, "challenge join", challenge=living)
    assert asked.ephemeral
    assert f"You are on **{POWER}** now" in text_of(asked)
    assert await town.rows(ENROLMENT, living) == [], "nothing happens before the answer"

    switched = await town.press(town.ann, asked, "Switch")
    assert f"You are in: {LIVING}" in text_of(switched)
    assert f"You left **{POWER}**; your days there are kept." in text_of(switched)
    assert await town.rows(ENROLMENT, power) == [("cancelled", 2)]
    assert await town.rows(ENROLMENT, living) == [("active", 1)]

    asked = await town.slash(town.ann, "challenge join", challenge=power)
    back = await town.press(town.ann, asked, "Switch")
    assert f"Welcome back: {POWER}" in text_of(back)
    assert "Day 2 of 7" in text_of(back)
    assert await town.rows(ENROLMENT, power) == [("active", 2)]
    assert await town.value("SELECT count(*) FROM challenge_logs WHERE completed") == 1


async def test_leaving_and_joining_again(town: Town) -> None:
    """Leaving keeps the days; joining again wins no second day on the same date."""
    power = await town.join(town.ann, POWER)
    await town.slash(town.ann, "challenge done")

    left = await town.slash(town.ann, "challenge leave")
    assert f"You left **{POWER}**. Your days are kept" in text_of(left)
    assert await town.rows(ENROLMENT, power) == [("cancelled", 2)]
    again = await town.slash(town.ann, "challenge leave")
    assert "You are not on a challenge" in text_of(again)
    lost = await town.slash(town.ann, "challenge done", reflection="I wrote a long letter.")
    assert "You are not on a challenge" in text_of(lost)
    assert "I wrote a long letter." in text_of(lost), "refused words are handed back"

    progress = await town.slash(town.ann, "challenge progress")
    assert "left after 1 day; you can come back" in text_of(progress)

    back = await town.press(town.ann, left, "Go on after all")
    assert f"Welcome back: {POWER}" in text_of(back)
    early = await town.slash(town.ann, "challenge done")
    assert "already done" in text_of(early)
    assert await town.rows(ENROLMENT, power) == [("active", 2)]

    joined = await town.slash(town.ann, "challenge join", challenge=power)
    assert f"You are already on **{POWER}**" in text_of(joined)


async def test_the_last_day_completes_it(town: Town) -> None:
    """The last day completes the challenge, which raises the level and cannot be taken again."""
    await town.until("09:00")
    living = await town.join(town.ann, LIVING)
    finished_before = await town.add("challenge", "Long Ago", total_days=8)
    await town.value(
        "INSERT INTO user_challenges (user_id, challenge_id, status, current_day)"
        " VALUES ($1, $2, 'completed', 8)",
        await town.user_id(town.ann),
        finished_before,
    )
    assert "Kindness level 1" in text_of(await town.slash(town.ann, "me"))
    await finish(town, town.ann, 2)
    await town.tomorrow()

    last = await town.slash(town.ann, "challenge done")
    assert "You finished it!" in text_of(last)
    assert "All 3 days of it" in text_of(last)
    enrolment = await town.row("SELECT * FROM user_challenges WHERE challenge_id = $1", living)
    assert (enrolment["status"], enrolment["current_day"]) == ("completed", 3)
    assert enrolment["completed_at"] == town.env.now().date()
    assert "Kindness level 2" in text_of(await town.slash(town.ann, "me")), "8 + 3 days"

    today = await town.slash(town.ann, "challenge today")
    assert "Done, and with it the whole challenge" in text_of(today)
    twice = await town.slash(town.ann, "challenge done")
    assert f"You finished **{LIVING}**" in text_of(twice), text_of(twice)

    again = await town.slash(town.ann, "challenge join", challenge=living)
    today = town.env.now()
    assert f"You finished **{LIVING}** on {today.day} {today:%B %Y}" in text_of(again)
    assert f"How about **{POWER}** next?" in text_of(again)
    assert LIVING not in await town.offered(town.ann, "challenge join", "challenge", "")

    shared = await town.press(town.ann, last, "Share that I finished")
    assert not shared.ephemeral
    assert f"{town.ann.mention} finished {LIVING}" in text_of(shared)


async def test_a_day_turns_at_midnight_in_the_members_zone(town: Town) -> None:
    """Done at 23:50 in Tokyo; ten minutes later there, it is tomorrow."""
    await town.slash(town.ann, "settings timezone", zone="Asia/Tokyo")
    power = await town.join(town.ann, POWER)
    await town.until("23:50", "Asia/Tokyo")
    await town.slash(town.ann, "challenge done")
    opens = int(town.env.now().timestamp()) + 600

    early = await town.slash(town.ann, "challenge done")
    assert f"opens <t:{opens}:R>" in text_of(early)
    assert f"opens <t:{opens}:R>" in text_of(await town.slash(town.ann, "challenge today"))
    await town.env.advance_time(599)
    assert "already done" in text_of(await town.slash(town.ann, "challenge done"))

    await town.env.advance_time(1)
    assert "Day 2 of 7" in text_of(await town.slash(town.ann, "challenge today"))
    assert "Day 2 is done" in text_of(await town.slash(town.ann, "challenge done"))
    assert await town.rows(ENROLMENT, power) == [("active", 3)]
    dates = await town.rows("SELECT local_date FROM discord.completions ORDER BY day_number")
    assert dates[1][0] - dates[0][0] == dt.timedelta(days=1)


async def test_a_traveller_wins_no_day(town: Town) -> None:
    """After a change of zone, twenty hours must have gone as well as midnight."""
    await town.slash(town.ann, "settings timezone", zone="America/Vancouver")
    power = await town.join(town.ann, POWER)
    await town.until("09:00", "America/Vancouver")
    await town.slash(town.ann, "challenge done", reflection="Before the flight.")
    done_at = town.env.now()

    moved = await town.slash(town.ann, "settings timezone", zone="pacific/kiritimati")
    assert "Pacific/Kiritimati" in text_of(moved)
    early = await town.slash(town.ann, "challenge done", reflection="After the flight.")
    opens = int(done_at.timestamp()) + 20 * 3600
    assert f"opens <t:{opens}:R>" in text_of(early), "it is tomorrow there, but not yet 20 hours"
    assert "After the flight." in text_of(early), "the words are handed back"
    await town.env.advance_time(20 * 3600 - 1)
    assert "already done" in text_of(await town.slash(town.ann, "challenge done"))
    await town.env.advance_time(1)
    assert "Day 2 is done" in text_of(await town.slash(town.ann, "challenge done"))

    await town.slash(town.ann, "settings timezone", zone="Pacific/Pago_Pago")
    await town.env.advance_time(20 * 3600)
    late = await town.slash(town.ann, "challenge done")
    assert "already done" in text_of(late), "20 hours are not enough: that date is not over there"
    assert await town.rows(ENROLMENT, power) == [("active", 3)]
    assert await town.value("SELECT reflection FROM challenge_logs WHERE day_number = 1") == (
        "Before the flight."
    )


async def test_a_reflection_on_a_day_done_already(town: Town) -> None:
    """`done` with a reflection adds it to today's day, and then replaces it."""
    power = await town.join(town.ann, POWER)
    await town.slash(town.ann, "challenge done", reflection="   ")
    assert await town.value("SELECT reflection FROM challenge_logs") is None
    assert await town.value("SELECT count(*) FROM kai_interactions") == 0, "a bare done is no turn"

    added = await town.slash(town.ann, "challenge done", reflection="First thought.")
    assert "Your reflection is kept" in text_of(added)
    replaced = await town.slash(town.ann, "challenge done", reflection="Second thought.")
    assert "Your reflection was changed" in text_of(replaced)

    assert await town.rows("SELECT day_number, reflection FROM challenge_logs") == [
        (1, "Second thought.")
    ]
    turns = "SELECT context_type, context_id, message, function_called FROM kai_interactions"
    assert await town.rows(turns + " ORDER BY id") == [
        ("reflection", power, "First thought.", "save_reflection"),
        ("reflection", power, "Second thought.", "save_reflection"),
    ]
    assert await town.rows(ENROLMENT, power) == [("active", 2)]
    assert await town.value("SELECT points FROM discord.accounts") == 10
    today = await town.slash(town.ann, "challenge today")
    assert "Second thought." in text_of(today)
    assert buttons_of(today) == ["Change my reflection"]


async def test_reflecting_by_the_button_until_midnight(town: Town) -> None:
    """A form opened before midnight and sent after it hands the words back."""
    await town.until("23:30")
    await town.join(town.ann, POWER)
    done = await town.slash(town.ann, "challenge done")
    empty = await town.fill(town.ann, done, "Add a reflection", reflection="  \n ")
    assert "A word or two is enough" in text_of(empty)

    kept = await town.fill(town.ann, done, "Add a reflection", reflection="In time.")
    assert "Your reflection is kept" in text_of(kept)
    form = await town.press(town.ann, kept, "Change my reflection")
    await town.env.advance_time(1799)
    changed = await town.ann.submit_modal(form, {"reflection": "Just in time."})
    assert "Your reflection was changed" in text_of(changed)

    form = await town.press(town.ann, changed, "Change my reflection")
    await town.env.advance_time(1)
    late = await town.ann.submit_modal(form, {"reflection": "A ```fence``` too late."})
    assert "that day of **Discover the Power of Kindness** has passed" in text_of(late)
    assert await town.returned(late) == "A ```fence``` too late."
    assert await town.value("SELECT reflection FROM challenge_logs") == "Just in time."


async def test_a_long_reflection_that_is_refused_comes_back_whole(town: Town) -> None:
    """All four thousand characters of it."""
    await town.until("23:59")
    await town.join(town.ann, POWER)
    done = await town.slash(town.ann, "challenge done")
    form = await town.press(town.ann, done, "Add a reflection")
    await town.env.advance_time(60)
    words = "Ünïcode * words. " * 235 + "end:)"
    assert len(words) == 4000
    late = await town.ann.submit_modal(form, {"reflection": words})
    assert "has passed" in text_of(late)
    assert await town.returned(late) == words


async def test_yesterdays_button(town: Town) -> None:
    """ "I did it" on a card of yesterday does not complete today in its place."""
    power = await town.join(town.ann, POWER)
    first = await town.slash(town.ann, "challenge today")
    second = await town.slash(town.ann, "challenge today")
    await town.press(town.ann, first, "I did it")
    twice = await town.press(town.ann, second, "I did it")
    assert "already done" in text_of(twice)

    await town.tomorrow()
    stale = await town.press(town.ann, second, "I did it")
    assert "That card is of another day" in text_of(stale)
    assert await town.rows(ENROLMENT, power) == [("active", 2)]

    fresh = await town.slash(town.ann, "challenge today")
    asked = await town.slash(
        town.ann, "challenge join", challenge=await town.item_id("challenge", LIVING)
    )
    await town.press(town.ann, asked, "Switch")
    other = await town.press(town.ann, fresh, "I did it")
    assert "That card is of another day" in text_of(other), "nor the day of another challenge"
    assert await town.value("SELECT count(*) FROM challenge_logs WHERE completed") == 1


async def test_rows_as_the_website_may_leave_them(town: Town) -> None:
    """NULL and 0 read as day 1, a NULL `is_active` as open, too high a day as the last."""
    odd = await town.add("challenge", "Odd One", total_days=3, is_active=None)
    assert "Odd One" in await town.offered(town.ann, "challenge join", "challenge", "odd")
    await town.slash(town.ann, "challenge join", challenge=odd)

    for raw in (None, 0):
        await town.value("UPDATE user_challenges SET current_day = $1", raw)
        assert "Day 1 of 3" in text_of(await town.slash(town.ann, "challenge today"))
        assert "day 1 of 3 is next" in text_of(await town.slash(town.ann, "challenge progress"))
        assert "day 1 of 3" in text_of(await town.slash(town.ann, "me"))
    assert "Day 1 is done" in text_of(await town.slash(town.ann, "challenge done"))
    assert await town.rows(ENROLMENT, odd) == [("active", 2)]

    await town.value("UPDATE user_challenges SET current_day = 9")
    await town.tomorrow()
    assert "day 3 of 3" in text_of(await town.slash(town.ann, "me"))
    assert "You finished it!" in text_of(await town.slash(town.ann, "challenge done"))
    assert await town.rows(ENROLMENT, odd) == [("completed", 3)]


async def test_several_active_challenges_from_the_website(town: Town) -> None:
    """The latest is today's; leaving leaves them all, and so does a switch."""
    await town.slash(town.ann, "me")
    user = await town.user_id(town.ann)
    today = town.env.now().date()
    for back, name in ((2, POWER), (1, OWN_SIDE)):
        await town.value(
            "INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date)"
            " VALUES ($1, $2, 'active', 1, $3)",
            user,
            await town.item_id("challenge", name),
            today - dt.timedelta(days=back),
        )
    assert OWN_SIDE in text_of(await town.slash(town.ann, "challenge today"))
    done = await town.slash(town.ann, "challenge done")
    assert f"**{OWN_SIDE}**" in text_of(done)

    living = await town.item_id("challenge", LIVING)
    asked = await town.slash(town.ann, "challenge join", challenge=living)
    await town.press(town.ann, asked, "Switch")
    active = "SELECT challenge_id FROM user_challenges WHERE status = 'active'"
    assert await town.rows(active) == [(living,)]

    await town.value("UPDATE user_challenges SET status = 'active'")
    await town.slash(town.ann, "challenge leave")
    assert await town.rows(active) == []


async def test_a_day_that_the_website_marked(town: Town) -> None:
    """It counts once: no second log, no points, and the next day opens tomorrow."""
    await town.until("12:00")
    power = await town.join(town.ann, POWER)
    now = town.env.now().replace(tzinfo=None)
    await town.value(
        "INSERT INTO challenge_logs (user_id, challenge_id, day_number, completed, completed_at)"
        " VALUES ($1, $2, 1, true, $3)",
        await town.user_id(town.ann),
        power,
        now,
    )
    today = await town.slash(town.ann, "challenge today")
    assert "✅ Done." in text_of(today)
    early = await town.slash(town.ann, "challenge done")
    assert "already done" in text_of(early), "the website has today's day"
    kept = await town.fill(town.ann, today, "Add a reflection", reflection="On the website.")
    assert "Your reflection is kept" in text_of(kept), text_of(kept)

    await town.tomorrow()
    caught_up = await town.slash(town.ann, "challenge done")
    assert "gives no points twice" in text_of(caught_up)
    assert await town.rows(ENROLMENT, power) == [("active", 2)]
    assert await town.value("SELECT points FROM discord.accounts") == 0
    assert await town.value("SELECT count(*) FROM discord.completions") == 0
    logs = await town.rows("SELECT completed, completed_at, reflection FROM challenge_logs")
    assert logs == [(True, now, "On the website.")]
    assert "+10 points" in text_of(await town.slash(town.ann, "challenge done")), "day 2 is today's"


async def test_a_retired_challenge(town: Town) -> None:
    """Those on it finish it; nobody joins it, not even by its id or from an old card."""
    living = await town.join(town.ann, LIVING)
    old_card = await town.slash(town.ben, "challenge view", challenge=living)
    await town.value("UPDATE challenges SET is_active = false WHERE id = $1", living)

    assert LIVING not in text_of(await town.slash(town.ben, "challenge list"))
    assert LIVING not in await town.offered(town.ben, "challenge join", "challenge", "")
    typed = await town.slash(town.ben, "challenge join", challenge=living)
    assert f"**{LIVING}** is no longer open to join" in text_of(typed)
    pressed = await town.press(town.ben, old_card, "Join")
    assert "no longer open to join" in text_of(pressed)
    view = await town.slash(town.ben, "challenge view", challenge=living)
    assert "No longer open to newcomers" in text_of(view)
    assert buttons_of(view) == []

    await finish(town, town.ann, 3)
    assert await town.rows(ENROLMENT, living) == [("completed", 3)]


async def test_ids_past_the_autocomplete(town: Town) -> None:
    """Unknown, negative and huge ids get a sentence, and so do rows that make no sense."""
    nothing = await town.add("challenge", "No Days", total_days=0)
    negative = await town.add("challenge", "Less Than None", total_days=-3)
    for typed in (nothing, negative, 0, -1, -(2**53) + 1, 424242, 2**31, 2**53 - 1):
        for command in ("challenge join", "challenge view"):
            shown = await town.slash(town.ann, command, challenge=typed)
            assert shown.ephemeral
            assert "There is no such challenge" in text_of(shown), (command, typed)
    listed = text_of(await town.slash(town.ann, "challenge list"))
    assert "No Days" not in listed
    assert await town.offered(town.ann, "challenge view", "challenge", "no days") == []
    assert await town.offered(town.ann, "challenge view", "challenge", "less than") == []

    await town.value(
        "INSERT INTO user_challenges (user_id, challenge_id, status) VALUES ($1, $2, 'active')",
        await town.user_id(town.ann),
        nothing,
    )
    for command in ("challenge today", "challenge done"):
        shown = await town.slash(town.ann, command)
        assert "went wrong" not in text_of(shown), "the website put somebody on such a row"
    for command in ("challenge progress", "me", "challenge leave"):
        shown = await town.slash(town.ann, command)
        assert "went wrong" not in text_of(shown), command


async def test_two_challenges_of_one_name(town: Town) -> None:
    """The choices show their ids, and a long name is cut."""
    twins = [await town.add("challenge", "Be Kind") for _ in range(2)]
    names = await town.offered(town.ann, "challenge join", "challenge", "be kind")
    assert names == [f"Be Kind (#{row_id})" for row_id in twins]

    await town.add("challenge", "Very Kind " * 15)
    (name,) = await town.offered(town.ann, "challenge join", "challenge", "VERY kind")
    assert len(name) == 100
    assert name.endswith("…")


async def test_a_crisis_in_a_reflection(town: Town) -> None:
    """The resources are shown to the member alone, and the day is kept all the same."""
    power = await town.join(town.ann, POWER)
    words = "I helped her, but tonight I want to end my life."
    done = await town.slash(town.ann, "challenge done", reflection=words)
    assert done.ephemeral
    assert RESOURCES in text_of(done)
    assert "KAI says" not in text_of(done)
    assert "Day 1 is done" in text_of(done)
    assert await town.rows(ENROLMENT, power) == [("active", 2)]
    assert await town.value("SELECT reflection FROM challenge_logs") == words
    (turn,) = await town.rows(
        "SELECT context_type, message, assistant_response, function_called FROM kai_interactions"
    )
    assert turn == ("reflection", words, RESOURCES, "complete_day,save_reflection")

    again = await town.fill(town.ann, done, "Change my reflection", reflection="I'd rather die.")
    assert is_private(again)
    assert RESOURCES in text_of(again)


async def test_a_reflection_of_many_short_lines_can_be_read_again(town: Town) -> None:
    """A long one is cut on the card, with all of it one button away."""
    await town.join(town.ann, POWER)
    for words in ("\n".join(["ah", "oh"] * 550), "A *star* and @everyone. " * 166):
        done = await town.slash(town.ann, "challenge done", reflection=words)
        assert "…" in text_of(done)
        read = await town.press(town.ann, done, "Read all I wrote")
        assert read.ephemeral
        assert "all that you wrote" in text_of(read), text_of(read)
        assert await town.value("SELECT reflection FROM challenge_logs") == words
