"""Beside the website: what it writes while the bot runs is respected, and loses nothing by it."""

import datetime as dt
import json
from typing import Any

import pytest
from asyncpg import UniqueViolationError

from tests.behaviour.town import Town, buttons_of, text_of
from tests.live.website import Website

SEVEN_DAYS, KIND_WORDS, NEIGHBOURS = 1, 2, 4
"""Challenges of the website's; the first has texts for its days 1 to 4."""

ENROLMENT = "SELECT status, current_day FROM user_challenges ORDER BY id"
LOGS = "SELECT day_number, completed, reflection FROM challenge_logs ORDER BY id"


@pytest.fixture
def granted_url(small_granted_url: str) -> str:
    """Few people are enough."""
    return small_granted_url


async def member(town: Town, website: Website, challenge: int = SEVEN_DAYS, day: int = 1) -> int:
    """Ann has used the bot, and is on a challenge that the website put her on: her user's id."""
    await town.slash(town.ann, "help")
    user = await town.user_id(town.ann)
    await website.enrols(user, challenge, town.env.now().date(), day)
    return user


async def test_an_enrolment_made_there_shows_here(town: Town, website: Website) -> None:
    await member(town, website)
    today = await town.slash(town.ann, "challenge today")
    assert "Seven Kind Days" in text_of(today)
    assert "Day 1 of 7" in text_of(today)
    assert "day 1 of 7" in text_of(await town.slash(town.ann, "me"))
    assert "Day 1 is done" in text_of(await town.press(town.ann, today, "I did it"))
    assert await town.rows(ENROLMENT) == [("active", 2)]
    refused = await town.slash(town.ann, "challenge join", challenge=KIND_WORDS)
    assert "**Seven Kind Days** now" in text_of(refused)


async def test_a_reflection_made_there_keeps_its_row(town: Town, website: Website) -> None:
    user = await member(town, website)
    await website.reflects(user, SEVEN_DAYS, 1, "I wrote this there.")
    done = await town.slash(town.ann, "challenge done")
    assert "Day 1 is done" in text_of(done)
    assert "**+10 points**" in text_of(done)
    assert await town.rows(LOGS) == [(1, True, "I wrote this there.")]
    await town.slash(town.ann, "challenge done", reflection="And this here.")
    assert await town.rows(LOGS) == [(1, True, "And this here.")]


async def test_what_was_done_here_shows_there(town: Town, website: Website) -> None:
    """As the website reads it: the day about to be done, and a turn of the shape that it wrote."""
    user = await member(town, website)
    await town.slash(town.ann, "challenge done", reflection="For the website, too.")
    shown = await website.shows(user)
    assert shown == (SEVEN_DAYS, 2, "active")
    turn = await town.row(
        "SELECT context_id, message FROM kai_interactions WHERE context_type = 'reflection'"
    )
    assert turn == {"context_id": SEVEN_DAYS, "message": "For the website, too."}


async def test_its_second_row_of_a_day_fails_loudly(town: Town, website: Website) -> None:
    """Its INSERTs without ON CONFLICT meet the constraint; nothing is lost, nor doubled."""
    user = await member(town, website)
    await town.slash(town.ann, "challenge done", reflection="Mine.")
    before = await town.rows(LOGS)
    for write in (
        website.marks(user, SEVEN_DAYS, 1, town.env.now()),
        website.reflects(user, SEVEN_DAYS, 1, "Another."),
        website.enrols(user, SEVEN_DAYS, town.env.now().date(), 1),
    ):
        with pytest.raises(UniqueViolationError):
            await write
    assert await town.rows(LOGS) == before
    assert await town.rows(ENROLMENT) == [("active", 2)]
    assert "already done" in text_of(await town.slash(town.ann, "challenge done"))


async def test_somebody_suspended_there_is_told_so(town: Town, website: Website) -> None:
    user = await member(town, website)
    await website.execute("UPDATE userdata SET is_suspended = true WHERE id = $1", user)
    for command in ("challenge today", "challenge done", "challenge leave", "me"):
        assert "account is paused" in text_of(await town.slash(town.ann, command)), command
    assert await town.rows(ENROLMENT) == [("active", 1)]
    await website.execute("UPDATE userdata SET is_suspended = false WHERE id = $1", user)
    assert "Day 1 is done" in text_of(await town.slash(town.ann, "challenge done"))


@pytest.mark.parametrize(
    ("day", "seen"),
    [
        (1, ["Begin with a smile", "*Small is enough.*", "Smile at three", "- Smile at a neighb"]),
        (2, ["### Listen", "Let somebody finish."]),
        (3, ["### A kind word", "*Words stay.*", "- Thank a colleague"]),
        (4, ["### Share", "Share what you have.", "- Share your lunch"]),
        (5, ["A week of small acts."]),  # it has none: the description
    ],
)
async def test_a_days_text_is_the_websites(
    town: Town, website: Website, day: int, seen: list[str]
) -> None:
    await member(town, website, day=day)
    shown = text_of(await town.slash(town.ann, "challenge today"))
    assert [text for text in seen if text not in shown] == []
    viewed = text_of(await town.slash(town.ann, "challenge view", challenge=SEVEN_DAYS))
    assert "1. Begin with a smile\n2. Listen\n3. A kind word\n4. Share" in viewed


@pytest.mark.parametrize(
    ("columns", "seen"),
    [
        ({"day_title": None}, "A week of small acts."),
        ({"day_title": "", "body": "Only a body."}, "Only a body."),
        ({"title": "Other columns", "body": "Hello."}, "Hello."),
        ({"day_title": "**Bold** @everyone"}, "### \\*\\*Bold\\*\\*"),
        ({"day_title": "T", "suggested_acts": {"acts": ["x"]}}, "### T"),
        ({"day_title": "T", "suggested_acts": [["Nested"], None, {"title": "Named"}]}, "- Nested"),
        ({"day_title": "T", "suggested_acts": 7, "body": "B", "principle": " "}, "### T\nB"),
        ({"day_title": "T" * 255, "body": "long " * 4000}, "TTT"),
    ],
)
async def test_templates_of_any_shape(
    town: Town, website: Website, columns: dict[str, Any], seen: str
) -> None:
    """The website changes its table while the bot runs: columns missing, NULL, of other kinds."""
    await member(town, website)
    assert "Begin with a smile" in text_of(await town.slash(town.ann, "challenge today"))
    await website.remakes_templates(SEVEN_DAYS, 1, columns)
    shown = text_of(await town.slash(town.ann, "challenge today"))
    assert seen in shown.replace("\n\n", "\n")
    assert "Something went wrong" not in shown
    await town.slash(town.ann, "challenge view", challenge=SEVEN_DAYS)


async def test_templates_that_come_and_go(town: Town, website: Website) -> None:
    """The bot's own text of a day shows while the website has none."""
    power = await town.join(town.ann, "Discover the Power of Kindness")
    own = await town.value(
        "SELECT day_title FROM discord.challenge_days WHERE challenge_id = $1 AND day_number = 1",
        power,
    )
    assert own in text_of(await town.slash(town.ann, "challenge today"))
    await website.execute(
        "INSERT INTO challenge_day_templates (challenge_id, day_number, day_title, suggested_acts)"
        " VALUES ($1, 1, 'From the website', $2)",
        power,
        json.dumps(["One thing"]),
    )
    assert "From the website" in text_of(await town.slash(town.ann, "challenge today"))
    await website.execute("DROP TABLE challenge_day_templates")
    assert own in text_of(await town.slash(town.ann, "challenge today"))
    await website.remakes_templates(power, 1, {"day_title": "Back again"})
    assert "Back again" in text_of(await town.slash(town.ann, "challenge today"))


async def test_a_text_of_the_websites_is_changed_there(town: Town, website: Website) -> None:
    """`/catalog challenge-day` says so, instead of writing what nobody would see."""
    del website
    where = {"challenge": SEVEN_DAYS, "day": 1}
    told = await town.slash(town.sage, "catalog challenge-day", **where)
    assert "Day 1 of **Seven Kind Days** has its text on the Get Kinder website" in text_of(told)
    where["day"] = 7
    form = await town.slash(town.sage, "catalog challenge-day", **where)
    assert form.modal is not None
    written = await town.sage.submit_modal(form, {"title": "The last one", "body": "Rest."})
    assert "is written" in text_of(written)
    viewed = text_of(await town.slash(town.ann, "challenge view", challenge=SEVEN_DAYS))
    assert "4. Share\n5. …\n6. …\n7. The last one" in viewed


async def test_a_challenge_of_the_websites_from_beginning_to_end(
    town: Town, website: Website
) -> None:
    """Done there and here in turn, it is finished once; the level is the website's."""
    user = await member(town, website, NEIGHBOURS)
    await town.until("12:00")
    for day in range(1, 11):
        if day % 3:
            shown = text_of(await town.slash(town.ann, "challenge done"))
            assert f"Day {day} is done" in shown or "You finished it!" in shown
        else:
            await website.marks(user, NEIGHBOURS, day, town.env.now())
            await website.moves(user, NEIGHBOURS, day + 1)
        await town.env.advance_time(dt.timedelta(days=1).total_seconds())
    assert await town.rows(ENROLMENT) == [("completed", 10)]
    logs = await town.rows(LOGS)
    assert [log[:2] for log in logs] == [(day, True) for day in range(1, 11)]
    me = await town.slash(town.ann, "me")
    assert "Kindness level 2" in text_of(me)
    assert buttons_of(me) == []
