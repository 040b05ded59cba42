"""Stories of accounts: a member and their account on the website become one, and two again."""

import re

from simcord import InteractionResult, MemberActor

from tests.behaviour import town as towns
from tests.behaviour.town import Town, buttons_of, first_id, is_private, last_of

ADDRESS = "ann.p@example.org"
AUDIT = "SELECT actor_id, action, subject_id, reason, details FROM discord.audit_log ORDER BY id"
REQUESTS = "SELECT status, email FROM discord.link_requests ORDER BY id"


def text_of(shown: InteractionResult) -> str:
    """All that an answer says, as Discord shows it."""
    return towns.text_of(shown).replace("\\", "")


async def first(town: Town, label: str) -> InteractionResult:
    """The moderator presses the first button of this label under the open requests."""
    shown = await town.slash(town.sage, "account requests")
    return await town.sage.click(last_of(shown).message, custom_id=first_id(shown, label))


async def person(town: Town, address: str = ADDRESS) -> int:
    """Somebody signs up on the website; gives their user id."""
    sql = "INSERT INTO userdata (firstname, lastname, email) VALUES ('Ann', 'P', $1) RETURNING id"
    return int(await town.value(sql, address))


async def ask(town: Town, who: MemberActor, address: str = ADDRESS) -> str:
    """Ask to be linked; gives the code."""
    shown = await town.slash(who, "account link", email=address)
    assert is_private(shown)
    return text_of(shown).split("```\n")[1].split("\n")[0]


async def confirm(town: Town) -> InteractionResult:
    """The moderator confirms the oldest request."""
    return await town.press(town.sage, await first(town, "Confirm…"), "Yes, link them")


async def test_a_member_is_linked_and_parted_again(town: Town) -> None:
    """What was taken up on the website shows here; what was done here shows there."""
    web = await person(town)
    theirs = await town.item_id("challenge", "Kind to the Living World")
    await town.value(
        "INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date) "
        "VALUES ($1, $2, 'active', 2, '2026-01-01')",
        web,
        theirs,
    )
    quest = await town.start(town.ann, "Small Surprises")
    await town.slash(town.ann, "quest done", quest=quest, reflection="I left a note.")
    own = await town.user_id(town.ann)

    code = await ask(town, town.ann)
    assert code in text_of(await town.slash(town.ann, "account status"))
    shown = await town.slash(town.sage, "account requests")
    assert is_private(shown)
    assert all(part in text_of(shown) for part in (town.ann.mention, ADDRESS, code, "one account"))
    looked = await town.press(town.sage, shown, "Confirm…")
    assert "1 day, 1 badge and" in text_of(looked)
    linked = await town.press(town.sage, looked, "Yes, link them")
    assert is_private(linked)
    assert f"{town.ann.mention} is linked" in text_of(linked)

    assert "You are linked" in text_of(await town.slash(town.ann, "account status"))
    me = text_of(await town.slash(town.ann, "me"))
    assert "Kind to the Living World" in me
    assert "Small Surprises" in me
    assert "day 2" in text_of(await town.slash(town.ann, "challenge progress"))
    assert await town.user_id(town.ann) == web
    assert await town.value("SELECT reflection FROM quest_logs WHERE user_id = $1", web)

    asked = await town.slash(town.ann, "account unlink")
    assert "comes back to you" in text_of(asked)
    parted = await town.press(town.ann, asked, "Part them")
    assert "are two again" in text_of(parted)
    assert await town.user_id(town.ann) == own
    me = text_of(await town.slash(town.ann, "me"))
    assert "Small Surprises" in me
    assert "Kind to the Living World" not in me
    assert await town.rows(AUDIT) == [
        (town.sage.id, "account_link", town.ann.id, None, None),
        (town.ann.id, "account_unlink", town.ann.id, None, None),
    ]


async def test_nobody_learns_who_has_an_account(town: Town) -> None:
    """A known and an unknown address are answered alike, and so is what follows."""
    await person(town)
    said: list[list[str]] = []
    for who, address in ((town.ann, ADDRESS), (town.ben, "ann.q@example.org")):
        texts: list[str] = []
        for command, options in (("link", {"email": address}), ("status", {})):
            text = text_of(await town.slash(who, f"account {command}", **options))
            texts.append(re.sub(r"KIND-\S+|<t:\d+", "…", text).replace(address, "ADDRESS"))
        said.append(texts)
    assert said[0] == said[1]


async def test_a_new_request_replaces_the_old_one(town: Town) -> None:
    """Only one is open, and what a moderator was looking at is confirmed no more."""
    await person(town)
    await ask(town, town.ann, "typo@example.org")
    await town.value("UPDATE userdata SET email = 'typo@example.org' WHERE email = $1", ADDRESS)
    shown = await town.slash(town.sage, "account requests")
    looked = await town.press(town.sage, shown, "Confirm…")
    code = await ask(town, town.ann)
    assert await town.rows(REQUESTS) == [("open", ADDRESS)]
    assert "not open any more" in text_of(await town.press(town.sage, looked, "Yes, link them"))
    listed = text_of(await town.slash(town.sage, "account requests"))
    assert "1 open request" in listed
    assert code in listed


async def test_a_refused_request_forgets_its_address(town: Town) -> None:
    """The member reads that it was refused, and can ask again."""
    await ask(town, town.ann)
    shown = await town.slash(town.sage, "account requests")
    assert "no account of it" in text_of(shown)
    assert "no account" in text_of(await town.press(town.sage, shown, "Confirm…"))
    refused = await town.press(town.sage, await town.slash(town.sage, "account requests"), "Refuse")
    assert "is refused" in text_of(refused)
    assert await town.rows(REQUESTS) == [("refused", "")]
    assert await town.rows(AUDIT) == [
        (town.sage.id, "account_link_refuse", town.ann.id, None, None)
    ]
    assert "could not confirm" in text_of(await town.slash(town.ann, "account status"))
    await ask(town, town.ann)
    assert "waits for a moderator" in text_of(await town.slash(town.ann, "account status"))


async def test_who_may_decide(town: Town) -> None:
    """A moderator of the home server, there, and never on their own request."""
    await person(town)
    await ask(town, town.ann)
    guild, room = await town.second_guild()
    elsewhere = guild.add_member(town.sage.user)
    for answer in (
        await town.slash(town.ann, "account requests"),
        await town.sage.user.slash("account requests"),
        await elsewhere.slash(room, "account requests"),
    ):
        assert "This needs" in text_of(answer)
        assert is_private(answer)
        assert ADDRESS not in text_of(answer)

    looked = await town.press(
        town.sage, await town.slash(town.sage, "account requests"), "Confirm…"
    )
    pressed = await town.press(town.sage, looked, "Refuse")
    assert "is refused" in text_of(pressed)
    await ask(town, town.sage)
    shown = await town.slash(town.sage, "account requests")
    assert "your own request" in text_of(await town.press(town.sage, shown, "Confirm…"))
    shown = await town.slash(town.sage, "account requests")
    assert "your own" in text_of(await town.press(town.sage, shown, "Refuse"))
    assert await town.value("SELECT count(*) FROM discord.links") == 0


async def test_addresses_that_are_none(town: Town) -> None:
    """They come back with a sentence, and no request is made."""
    for wrong in ("ann", "a@", "@b", "a@b@c", "a b@c", "a" * 256 + "@b.ca", "a\u200b@b.ca"):
        refused = await town.slash(town.ann, "account link", email=wrong)
        assert "does not look like an e-mail address" in text_of(refused), wrong
    for reserved in ("kai@members.getkinder.invalid", "A@Friend.INVALID"):
        refused = await town.slash(town.ann, "account link", email=reserved)
        assert "reach nobody" in text_of(refused)
    assert await town.rows(REQUESTS) == []
    await ask(town, town.ann, "  Élodie@exämple.org ")
    assert await town.rows(REQUESTS) == [("open", "Élodie@exämple.org")]


async def test_the_spelling_of_an_address_does_not_matter(town: Town) -> None:
    """But two accounts that differ in nothing else are for the person who runs the bot."""
    web = await person(town, "Ann.P@Example.ORG")
    await ask(town, town.ann)
    other = await person(town, "ANN.P@example.org")
    shown = await town.slash(town.sage, "account requests")
    assert "several accounts" in text_of(shown)
    assert "several accounts" in text_of(await town.press(town.sage, shown, "Confirm…"))
    await town.value("DELETE FROM userdata WHERE id = $1", other)
    assert "is linked" in text_of(await confirm(town))
    assert await town.user_id(town.ann) == web


async def test_an_account_has_one_member(town: Town) -> None:
    """The second one who asks for it is told by nobody but the moderator."""
    await person(town)
    for who in (town.ann, town.ben):
        await ask(town, who)
    assert "is linked" in text_of(await confirm(town))
    shown = await town.slash(town.sage, "account requests")
    assert "linked to a Discord account already" in text_of(shown)
    refused = await town.press(town.sage, shown, "Confirm…")
    assert "linked to a Discord account already" in text_of(refused)
    again = await town.slash(town.ann, "account link", email=ADDRESS)
    assert "linked to the website already" in text_of(again)
    assert "waits for a moderator" in text_of(await town.slash(town.ben, "account status"))


async def test_a_suspension_is_not_got_round(town: Town) -> None:
    """Neither by linking a suspended member or account, nor by parting from one."""
    web = await person(town)
    await ask(town, town.ann)
    await town.suspend(town.ann)
    set_ = "UPDATE userdata SET is_suspended = $2 WHERE id = $1"
    shown = await town.slash(town.sage, "account requests")
    looked = await town.press(town.sage, shown, "Confirm…")
    refused = await town.press(town.sage, looked, "Yes, link them")
    assert "That member is suspended" in text_of(refused)
    assert "paused" in text_of(await town.slash(town.ann, "account link", email="b@c.ca"))

    await town.value(set_, await town.user_id(town.ann), False)
    await town.value(set_, web, True)
    shown = await town.slash(town.sage, "account requests")
    assert "is suspended" in text_of(await town.press(town.sage, shown, "Confirm…"))
    await town.value(set_, web, False)
    await confirm(town)
    await town.value(set_, web, True)
    assert "paused" in text_of(await town.slash(town.ann, "account unlink"))


async def test_after_thirty_days_everything_stays(town: Town) -> None:
    """Which is said before."""
    await person(town)
    await town.join(town.ann, "Kind to the Living World")
    await ask(town, town.ann)
    await confirm(town)
    await town.env.advance_time(30 * 24 * 3600)
    asked = await town.slash(town.ann, "account unlink")
    assert "everything stays with your account on the website" in text_of(asked)
    assert buttons_of(asked) == ["Part them"]
    parted = await town.press(town.ann, asked, "Part them")
    assert "you begin anew here" in text_of(parted)
    assert "Kind to the Living World" not in text_of(await town.slash(town.ann, "me"))


async def test_many_requests_are_shown_in_turn(town: Town) -> None:
    """The oldest first, as many as a card holds, and how many more there are."""
    for number in range(10):
        who = town.guild.add_member(town.env.create_user(f"Person {number}"))
        await ask(town, who, f"p{number}@example.org")
        await town.env.advance_time(60)
    shown = await town.slash(town.sage, "account requests")
    assert "10 open requests" in text_of(shown)
    assert "p0@example.org" in text_of(shown)
    assert "p8@example.org" not in text_of(shown)
    assert "2 more requests" in text_of(shown)
