"""Stories of those who keep the catalogue: adding, changing, retiring, and typing it wrong."""

from typing import Any

import pytest

from tests.behaviour.town import HOME_ID, Town, buttons_of, is_private, text_of

POWER = "Discover the Power of Kindness"
CHALLENGE = {
    "name": "  A  Week of\nThanks ",
    "description": "Thank *somebody* new each day.",
    "total_days": "7",
    "prompt": "Day {day} of {total_days}",
}
QUEST = {
    "name": "Snow Days",
    "description": "Kindness in winter.",
    "total_days": "5",
    "prompt": "neighbours",
    "difficulty": ["Hard"],
}
BADGE = {"name": "Snowflake", "icon": "❄️", "description": "One of a kind.", "points": ""}
AUDIT = "SELECT guild_id, actor_id, action, item_id FROM discord.audit_log ORDER BY id"


async def send(town: Town, command: str, values: dict[str, Any], **options: Any) -> Any:
    """Open the form of a command as the moderator, and send it."""
    form = await town.slash(town.sage, f"catalog {command}", **options)
    assert form.modal is not None, text_of(form)
    return await town.sage.submit_modal(form, values)


async def test_a_new_challenge(town: Town) -> None:
    """It is open to join at once, with each day's text as it is written."""
    added = await send(town, "challenge-add", CHALLENGE)
    assert is_private(added)
    assert "**A Week of Thanks** is in the catalogue" in text_of(added)
    challenge = await town.item_id("challenge", "A Week of Thanks")
    row = await town.row("SELECT * FROM challenges WHERE id = $1", challenge)
    now = town.env.now().replace(tzinfo=None)
    assert (row["total_days"], row["is_active"], row["created_at"]) == (7, True, now)
    assert row["ai_prompt_template"] == "Day {day} of {total_days}"
    assert await town.rows(AUDIT) == [(HOME_ID, town.sage.id, "challenge_add", challenge)]

    no_day = await town.slash(town.sage, "catalog challenge-day", challenge=challenge, day=8)
    assert "has the days 1 to 7" in text_of(no_day)
    day = {"title": "Thank _you_", "principle": "Thanks grow.", "body": "Call @everyone. " * 250}
    written = await send(town, "challenge-day", day, challenge=challenge, day=1)
    assert "Day 1 of **A Week of Thanks** is written" in text_of(written)
    await town.join(town.ann, "A Week of Thanks")
    today = await town.slash(town.ann, "challenge today")
    assert r"Thank \_you\_" in text_of(today)
    assert r"Call \@everyone." in text_of(today)
    look = await town.press(town.sage, added, "Look")
    assert r"Thank \*somebody\* new each day." in text_of(look)


async def test_a_changed_challenge(town: Town) -> None:
    """Every edit sets `updated_at`; it is never made shorter than somebody has come."""
    power = await town.join(town.ann, POWER)
    await town.slash(town.ann, "challenge done")
    await town.tomorrow()
    await town.slash(town.ann, "challenge done")
    await town.slash(town.ann, "challenge leave")
    before = await town.row("SELECT * FROM challenges WHERE id = $1", power)

    shorter = {**CHALLENGE, "total_days": "2", "open": ["yes"]}
    refused = await send(town, "challenge-edit", shorter, challenge=power)
    assert "Somebody is further along than day 2 already" in text_of(refused)
    assert "Thank *somebody* new each day." in text_of(refused), "what was typed is handed back"
    assert await town.row("SELECT * FROM challenges WHERE id = $1", power) == before

    exact = {**shorter, "name": "The Power", "total_days": "3", "prompt": "", "open": ["no"]}
    changed = await send(town, "challenge-edit", exact, challenge=power)
    assert "**The Power** is changed" in text_of(changed)
    row = await town.row("SELECT * FROM challenges WHERE id = $1", power)
    assert (row["name"], row["total_days"], row["is_active"]) == ("The Power", 3, False)
    assert row["ai_prompt_template"] is None
    assert row["updated_at"] == town.env.now().replace(tzinfo=None)
    assert await town.rows(AUDIT) == [(HOME_ID, town.sage.id, "challenge_edit", power)]
    closed = await town.slash(town.ben, "challenge join", challenge=power)
    assert "no longer open" in text_of(closed)
    await send(town, "challenge-edit", {**exact, "open": ["yes"]}, challenge=power)
    assert "You are in" in text_of(await town.slash(town.ben, "challenge join", challenge=power))


async def test_quests_and_retiring(town: Town) -> None:
    """A quest is added, changed and retired; retiring twice is told."""
    await send(town, "quest-add", QUEST)
    quest = await town.start(town.ann, "Snow Days")
    assert "Hard" in text_of(await town.slash(town.ann, "quest view", quest=quest))
    changed = await send(
        town, "quest-edit", {**QUEST, "difficulty": ["Easy"], "total_days": "1"}, quest=quest
    )
    assert "is changed" in text_of(changed)
    retired = await town.slash(town.sage, "catalog quest-retire", quest=quest)
    assert "**Snow Days** is closed to newcomers" in text_of(retired)
    again = await town.slash(town.sage, "catalog quest-retire", quest=quest)
    assert "is retired already" in text_of(again)
    edited = await send(town, "quest-edit", {**QUEST, "name": "Ice Days"}, quest=quest)
    assert "is changed" in text_of(edited)
    row = await town.row("SELECT * FROM quests WHERE id = $1", quest)
    assert (row["name"], row["is_active"], row["difficulty"]) == ("Ice Days", False, "Hard")
    assert [action for _guild, _actor, action, _item in await town.rows(AUDIT)] == [
        "quest_add",
        "quest_edit",
        "quest_retire",
        "quest_edit",
    ]


@pytest.mark.parametrize(
    ("command", "good", "bad", "said"),
    [
        ("challenge-add", CHALLENGE, {"total_days": "0"}, "whole number from 1"),
        ("challenge-add", CHALLENGE, {"total_days": "seven"}, "whole number from 1"),
        ("quest-add", QUEST, {"total_days": "-3"}, "whole number from 1"),
        ("quest-add", QUEST, {"total_days": "99999"}, "whole number from 1"),
        ("quest-add", QUEST, {"name": "\u200b \n"}, "needs a name"),
        ("quest-add", QUEST, {"description": "a\x00b"}, "invisible character"),
        ("badge-add", BADGE, {"icon": "heart"}, "must be one emoji"),
        ("badge-add", BADGE, {"icon": "❄️❄️"}, "must be one emoji"),
        ("badge-add", BADGE, {"icon": "https://x.example/y.png"}, "must be one emoji"),
        ("badge-add", BADGE, {"points": "0"}, "whole number from 1"),
        ("badge-add", BADGE, {"points": "1e3"}, "whole number from 1"),
        ("badge-add", BADGE, {"points": "999999999"}, "whole number from 1"),
    ],
)
async def test_a_form_with_something_wrong(
    town: Town, command: str, good: dict[str, Any], bad: dict[str, Any], said: str
) -> None:
    """It says what, changes nothing, and hands the typed text back."""
    refused = await send(town, command, {**good, **bad})
    assert is_private(refused)
    assert said in text_of(refused), text_of(refused)
    kept = "A  Week of" if command == "challenge-add" else str(good["description"])
    if "description" in bad:
        kept = "Snow Days"
    assert kept in await town.returned(refused)
    assert await town.rows(AUDIT) == []


async def test_long_typed_text_comes_back_whole(town: Town) -> None:
    """Even four thousand characters of it, beside everything else."""
    long = "A kind word. " * 307
    refused = await send(
        town, "challenge-add", {**CHALLENGE, "description": long, "prompt": long, "total_days": "x"}
    )
    assert "whole number" in text_of(refused)
    assert (await town.returned(refused)).count(long.strip()) == 2


async def test_a_lowered_badge_is_given_at_once(town: Town) -> None:
    """To everybody past it, silently; raised again, nobody loses it."""
    await town.join(town.ann, POWER)
    await town.slash(town.ann, "challenge done")
    await town.slash(town.ben, "me")
    badge = await town.item_id("badge", "Seedling")
    holders = "SELECT user_id FROM user_badges WHERE badge_id = $1"
    messages = len(town.room.history())
    fields = {"name": "Seedling", "icon": "🌱", "description": "It grows.", "points": "10"}

    lowered = await send(town, "badge-edit", fields, badge=badge)
    assert "is changed" in text_of(lowered)
    ann = await town.user_id(town.ann)
    assert await town.rows(holders, badge) == [(ann,)]
    assert len(town.room.history()) == messages, "nobody is told"
    assert "Seedling" in text_of(await town.slash(town.ann, "badge earned"))
    await send(town, "badge-edit", {**fields, "points": "1,000"}, badge=badge)
    assert await town.rows(holders, badge) == [(ann,)]

    await send(town, "badge-add", {**BADGE, "points": "5"})
    assert await town.rows(holders, await town.item_id("badge", "Snowflake")) == [(ann,)]
    await send(town, "badge-add", {**BADGE, "name": "A gift"})
    gift = await town.row("SELECT * FROM badges WHERE name = 'A gift'")
    assert gift["points_required"] is None
    assert await town.rows(holders, gift["id"]) == []
    assert [row[2] for row in await town.rows(AUDIT)] == [
        "badge_edit",
        "badge_edit",
        "badge_add",
        "badge_add",
    ]


async def test_ids_that_are_not_there(town: Town) -> None:
    """A sentence each, and no form."""
    for command, kind in (
        ("challenge-edit", "challenge"),
        ("challenge-retire", "challenge"),
        ("quest-edit", "quest"),
        ("quest-retire", "quest"),
        ("badge-edit", "badge"),
    ):
        for typed in (-1, 424242, 2**53 - 1):
            shown = await town.slash(town.sage, f"catalog {command}", **{kind: typed})
            assert f"There is no such {kind}" in text_of(shown), (command, typed)
    shown = await town.slash(town.sage, "catalog challenge-day", challenge=424242, day=1)
    assert "There is no such challenge" in text_of(shown)


async def test_who_may_keep_the_catalogue(town: Town) -> None:
    """Nobody without Manage Server, and nobody from another server, whatever they are shown."""
    power = await town.item_id("challenge", POWER)
    root = town.env.backend.find_command("catalog", HOME_ID, type=1)
    assert root is not None
    town.guild.set_command_permissions(int(root["id"]), {town.ben: True})
    for command in ("challenge-add", "quest-add", "badge-add"):
        shown = await town.slash(town.ben, f"catalog {command}")
        assert shown.modal is None
        assert "This needs the permission Manage Server" in text_of(shown)
    shown = await town.slash(town.ben, "catalog challenge-retire", challenge=power)
    assert "This needs the permission Manage Server" in text_of(shown)

    elsewhere, lobby = await town.second_guild()
    boss = elsewhere.create_role("Bosses", permissions=town.sage_permissions)
    sage = elsewhere.add_member(town.sage.user, roles=[boss])
    shown = await town.forged(sage, lobby, "catalog challenge-retire", challenge=power)
    assert "This needs the Get Kinder home server" in text_of(shown)
    shown = await town.forged(sage, lobby, "catalog badge-add")
    assert shown.modal is None
    assert await town.value("SELECT is_active FROM challenges WHERE id = $1", power)

    form = await town.slash(town.sage, "catalog badge-add")
    town.env.backend.remove_member_role(HOME_ID, town.sage.id, town.moderators.id)
    late = await town.sage.submit_modal(form, BADGE)
    assert "This needs the permission Manage Server" in text_of(late), "no longer one of them"
    assert await town.rows(AUDIT) == []


async def test_the_lists_page_by_page(town: Town) -> None:
    """Whoever presses More sees the next page by themselves."""
    for number in range(8):
        await town.add("quest", f"Extra {number}", description="So kind. " * 400)
    await town.slash(town.ann, "me")
    listed = await town.slash(town.ann, "quest list")
    assert "page 1 of 3" in text_of(listed)
    second = await town.press(town.ben, listed, "More")
    assert second.ephemeral
    assert "page 2 of 3" in text_of(second)
    third = await town.press(town.ben, second, "More")
    assert "page 3 of 3" in text_of(third)
    assert "Extra 7" in text_of(third)
    assert buttons_of(third)[-2:] == ["Back", "More"]
    assert "page 1 of 3" in text_of(listed), "the card that all see stays"
