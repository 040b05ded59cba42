"""Stories of badges: earned by points, given by moderators, and who may give them."""

import pytest
from simcord import InteractionResult

from tests.behaviour.town import HOME_ID, Town, buttons_of, is_private, text_of

GIVEN = "Good Listener"
EARNED = "First Step"
AUDIT = """
SELECT guild_id, actor_id, action, subject_id, item_id, reason
  FROM discord.audit_log ORDER BY id"""


async def test_a_badge_is_earned_and_shared(town: Town) -> None:
    """The day that reaches its points gives it, once; its owner may show it to the channel."""
    badge = await town.item_id("badge", EARNED)
    before = await town.slash(town.ann, "badge show", badge=badge)
    assert "Earned with 10 points." in text_of(before)
    assert buttons_of(before) == []
    await town.join(town.ann, "Discover the Power of Kindness")
    done = await town.slash(town.ann, "challenge done")
    assert f"New badge: {EARNED}" in text_of(done)
    assert await town.rows("SELECT badge_id, earned_at FROM user_badges") == [
        (badge, town.env.now().replace(tzinfo=None))
    ]

    shared = await town.press(town.ann, done, f"Share {EARNED}")
    assert not shared.ephemeral
    assert f"{town.ann.mention} has the badge" in text_of(shared)
    shown = await town.slash(town.ann, "badge show", badge=badge)
    assert "✅ Yours since" in text_of(shown)
    assert "1 person has it" in text_of(shown)
    listed = await town.slash(town.ann, "badge list")
    assert "You have 1 of" in text_of(listed)
    assert "Seedling · 50 points · 40 to go" in text_of(listed)
    assert EARNED in text_of(await town.slash(town.ben, "badge earned", member=town.ann))
    assert "None yet" in text_of(await town.slash(town.ben, "badge earned"))

    await town.tomorrow()
    assert "New badge" not in text_of(await town.slash(town.ann, "challenge done"))
    assert "-# You have 1 of" not in text_of(await town.slash(town.ann, "badge list"))


async def test_badges_that_make_no_sense_are_not_offered(town: Town) -> None:
    """Zero and negative points are neither offered nor earned, and give nothing to look at."""
    odd = [await town.add("badge", f"Odd {n}", points_required=n) for n in (0, -5)]
    assert await town.offered(town.ann, "badge show", "badge", "odd") == []
    assert await town.offered(town.sage, "moderate award", "badge", "odd") == []
    assert "Odd" not in text_of(await town.slash(town.ann, "badge list"))
    await town.join(town.ann, "Discover the Power of Kindness")
    await town.slash(town.ann, "challenge done")
    assert await town.value("SELECT count(*) FROM user_badges WHERE badge_id = ANY ($1)", odd) == 0
    for typed in (*odd, -1, 424242, 2**53 - 1):
        shown = await town.slash(town.ann, "badge show", badge=typed)
        assert "There is no such badge" in text_of(shown), typed
        for command in ("moderate award", "moderate revoke"):
            refused = await town.slash(town.sage, command, member=town.ben, badge=typed)
            assert is_private(refused)
            assert "went wrong" not in text_of(refused)
    assert await town.rows(AUDIT) == []


async def test_a_moderator_gives_a_badge_and_takes_it_back(town: Town) -> None:
    """Everybody sees the gift; each deed has its audit row; nobody gets one twice."""
    badge = await town.item_id("badge", GIVEN)
    gift = {"member": town.ben, "badge": badge}
    assert await town.offered(town.sage, "moderate award", "badge", "good li") == [GIVEN]
    assert await town.offered(town.sage, "moderate award", "badge", EARNED) == []

    given = await town.slash(
        town.sage, "moderate award", **gift, reason="Heard **everyone** out, @everyone"
    )
    message = given.response
    assert message is not None
    assert not message.ephemeral
    assert f"{town.ben.mention} receives this badge from {town.sage.mention}" in text_of(given)
    assert r"Heard \*\*everyone\*\* out, \@everyone" in text_of(given)
    ben = await town.user_id(town.ben)
    assert await town.rows("SELECT user_id, badge_id FROM user_badges") == [(ben, badge)]
    award = (HOME_ID, town.sage.id, "badge_award", town.ben.id, badge)
    assert await town.rows(AUDIT) == [(*award, "Heard **everyone** out, @everyone")]

    twice = await town.slash(town.sage, "moderate award", **gift)
    assert is_private(twice)
    assert f"They have **{GIVEN}** already" in text_of(twice)
    assert len(await town.rows(AUDIT)) == 1

    taken = await town.slash(town.sage, "moderate revoke", **gift, reason="A mistake")
    assert is_private(taken)
    assert await town.rows("SELECT * FROM user_badges") == []
    revoke = (HOME_ID, town.sage.id, "badge_revoke", town.ben.id, badge, "A mistake")
    assert (await town.rows(AUDIT))[1:] == [revoke]
    nothing = await town.slash(town.sage, "moderate revoke", **gift)
    assert f"They do not have **{GIVEN}**" in text_of(nothing)
    assert len(await town.rows(AUDIT)) == 2
    assert await town.value("SELECT count(*) FROM kai_interactions") == 0, "an award is no turn"


async def test_what_even_a_moderator_may_not(town: Town) -> None:
    """Not to oneself, not to a bot, and an earned badge neither given nor taken."""
    given, earned = await town.item_id("badge", GIVEN), await town.item_id("badge", EARNED)
    await town.join(town.ann, "Discover the Power of Kindness")
    await town.slash(town.ann, "challenge done")
    robot = town.guild.add_member(town.env.create_user("Robot", bot=True))

    async def tell(command: str, **options: object) -> str:
        shown = await town.slash(town.sage, command, **options)
        assert is_private(shown)
        return text_of(shown)

    assert "nobody gives one to themselves" in await tell(
        "moderate award", member=town.sage, badge=given
    )
    assert "this is a bot" in await tell("moderate award", member=robot, badge=given)
    assert "earned by points" in await tell("moderate award", member=town.ben, badge=earned)
    assert "never taken back" in await tell("moderate revoke", member=town.ann, badge=earned)
    assert await town.rows("SELECT badge_id FROM user_badges") == [(earned,)]
    assert await town.rows(AUDIT) == []


async def test_the_context_menu(town: Town) -> None:
    """It opens a form with the badges to give; it is checked again when the form is sent."""
    badge = await town.item_id("badge", GIVEN)
    opened = await town.menu(town.sage, "Award a badge", town.ben)
    assert opened.modal is not None, text_of(opened)
    assert opened.modal["title"] == "A badge for Ben"
    again = await town.menu(town.sage, "Award a badge", town.ben)
    late = await town.menu(town.sage, "Award a badge", town.ann)
    given = await town.sage.submit_modal(opened, {"badge": [str(badge)], "reason": "Thank you."})
    assert not given.ephemeral
    assert f"{town.ben.mention} receives this badge" in text_of(given)
    twice = await town.sage.submit_modal(again, {"badge": [str(badge)], "reason": "Once more."})
    assert is_private(twice)
    assert f"They have **{GIVEN}** already" in text_of(twice)
    assert "Once more." in text_of(twice), "what was typed is handed back"
    robot = town.guild.add_member(town.env.create_user("Robot", bot=True))
    refused = await town.menu(town.sage, "Award a badge", robot)
    assert refused.modal is None
    assert "this is a bot" in text_of(refused)

    town.env.backend.remove_member_role(HOME_ID, town.sage.id, town.moderators.id)
    dismissed = await town.sage.submit_modal(late, {"badge": [str(badge)], "reason": "Me too."})
    assert is_private(dismissed)
    assert "the permission Moderate Members" in text_of(dismissed)
    assert await town.value("SELECT count(*) FROM user_badges") == 1
    assert await town.value("SELECT count(*) FROM discord.audit_log") == 1


@pytest.mark.parametrize("command", ["moderate award", "moderate revoke"])
async def test_a_plain_member_may_not_moderate(town: Town, command: str) -> None:
    """Neither where the server shows them the command all the same, nor from another server."""
    badge = await town.item_id("badge", GIVEN)
    root = town.env.backend.find_command("moderate", HOME_ID, type=1)
    assert root is not None
    town.guild.set_command_permissions(int(root["id"]), {town.ben: True})
    shown = await town.slash(town.ben, command, member=town.ann, badge=badge)
    _refused(shown, "the permission Moderate Members")

    elsewhere, lobby = await town.second_guild()
    boss = elsewhere.create_role("Bosses", permissions=town.sage_permissions)
    sage = elsewhere.add_member(town.sage.user, roles=[boss])
    ann = elsewhere.add_member(town.ann.user)
    assert "moderate award" not in sage.available_commands(lobby)
    shown = await town.forged(sage, lobby, command, member=ann, badge=badge)
    _refused(shown, "the Get Kinder home server")
    assert await town.rows(AUDIT) == []
    assert await town.rows("SELECT * FROM user_badges") == []


def _refused(shown: InteractionResult, needed: str) -> None:
    assert is_private(shown)
    assert f"This needs {needed}" in text_of(shown)


async def test_badges_with_long_descriptions_still_fit(town: Town) -> None:
    """A day that brings many new badges at once shows them, and nothing breaks."""
    for number in range(40):
        await town.add(
            "badge", f"Badge_{number}", points_required=5, description="So *very* kind. " * 250
        )
    await town.join(town.ann, "Discover the Power of Kindness")
    done = await town.slash(town.ann, "challenge done", reflection="word_ " * 600)
    assert "Day 1 is done" in text_of(done), text_of(done)
    assert "New badge" in text_of(done)
    assert "Share Badge_0" in buttons_of(done)
    assert await town.value("SELECT count(*) FROM user_badges") == 41
    for command in ("me", "badge earned", "badge list"):
        assert "went wrong" not in text_of(await town.slash(town.ann, command)), command
    more = await town.press(town.ann, await town.slash(town.ann, "badge list"), "More")
    assert "page 2 of" in text_of(more)
