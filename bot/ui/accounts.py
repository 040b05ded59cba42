"""Cards of `/account`: asking to be linked to the website, deciding on it, and parting again."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from discord import ui

from bot.actions.link_requests import Offered, OwnRequest, Request
from bot.actions.linking import VERDICTS, Belongings, Linked, verdict_of
from bot.actions.unlinking import Parting
from bot.rules.linking import UNDOABLE
from bot.ui.buttons import Press
from bot.ui.card import Block, Card, Colour
from bot.ui.text import line, plural, rows

DAYS = UNDOABLE.days


def asked_card(address: str, code: str) -> Card:
    """What to do now; the same whether or not the website has that address."""
    return Card(
        Colour.KAI,
        rows(
            "## 🔗 One more step",
            f"Send this code to the Get Kinder team **from {line(address)}**, or put it in a "
            "message on the website while you are signed in there:",
        ),
        f"```\n{code}\n```",
        "That shows that the account is yours. A moderator of Get Kinder then links the two, and "
        "your days, badges and points come together. Nothing changes before that.",
        f"-# The code is good for {DAYS} days. `/account status` shows how it stands. Nobody needs "
        "your password for this.",
    )


def status_card(linked_at: dt.datetime | None, request: OwnRequest | None) -> Card:
    """Whether the member is linked, and what became of their request."""
    if linked_at is not None:
        return Card(
            Colour.KAI,
            f"🔗 You are linked to your account on the Get Kinder website since {_when(linked_at)}."
            " What you do here shows there, and the other way round.",
            "-# `/account unlink` parts the two again.",
        )
    if request is None or request.status == "confirmed":
        return Card(
            Colour.KAI,
            "You are not linked to an account on the Get Kinder website. If you have one, "
            "`/account link` brings the two together.",
        )
    if request.status == "refused":
        decided = request.decided_at or request.created_at
        return Card(
            Colour.KAI,
            f"A moderator could not confirm your request ({_when(decided)}), so nothing was "
            "linked. Perhaps the code came from another address: `/account link` asks again.",
        )
    return Card(
        Colour.KAI,
        f"⏳ Your request of {_when(request.created_at)} waits for a moderator. Have you sent this "
        f"code **from {line(request.email)}**, or in a message on the website?",
        f"```\n{request.code}\n```",
        "-# `/account link` asks again, with another address.",
    )


def requests_card(found: Sequence[Request], count: int) -> Card:
    """The open requests, each with its buttons."""
    if not found:
        return Card(Colour.KAI, "No request to be linked is open at the moment.")
    blocks: list[Block] = [f"## 🔗 {plural(count, 'open request')}"]
    for request in found:
        blocks += [
            rows(
                f"<@{request.member_id}> · {line(request.email, 255)} · `{request.code}` · "
                f"{_when(request.created_at)}",
                f"-# {VERDICTS[verdict_of(request.accounts)]}",
            ),
            _decide(request.id),
        ]
    more = count - len(found)
    blocks.append(
        "-# Confirm one only when its code has come from that address, or from that account."
        + (f" {plural(more, 'more request')} will show when these are decided." if more > 0 else "")
    )
    return Card(Colour.KAI, *blocks)


def offered_card(offered: Offered) -> Card:
    """Asks the moderator once more, with what would move."""
    request = offered.request
    return Card(
        Colour.KAI,
        f"Link <@{request.member_id}> to the website's account of **{line(request.email, 255)}**?",
        f"Has the code `{request.code}` come from that address, or from that account?",
        f"{_told(offered.moving)} would move there. Days that both have are merged, and no "
        f"reflection is lost. It can be taken back for {DAYS} days.",
        buttons=[
            Press(
                "Yes, link them",
                "link_confirm",
                request.id,
                offered.user_id,
                style="success",
            ),
            Press("Refuse", "link_refuse", request.id),
        ],
    )


def linked_card(linked: Linked) -> Card:
    """That it is done."""
    return Card(
        Colour.KAI,
        f"🔗 <@{linked.member_id}> is linked to their account on the website. "
        f"{_told(linked.moved)} came along.",
        "-# They see it in `/account status`.",
    )


def refused_card(member_id: int) -> Card:
    """That a request was refused."""
    return Card(
        Colour.KAI,
        f"The request of <@{member_id}> is refused, and the address is forgotten. "
        "They see it in `/account status`, and can ask again.",
    )


def unlink_card(parting: Parting) -> Card:
    """Asks before the two are parted, and says what will happen."""
    return Card(
        Colour.KAI,
        f"You are linked since {_when(parting.linked_at)}. Shall your Discord account and your "
        "account on the website be parted?",
        _what_happens(parting),
        buttons=[Press("Part them", "unlink", style="danger")],
    )


def _what_happens(parting: Parting) -> str:
    if parting.goes_back:
        return (
            "What you had brought along comes back to you, with what became of it since. What you "
            f"did since then stays on the website. (This goes until {_when(parting.until)}.)"
        )
    return (
        f"That was more than {DAYS} days ago, so **everything stays with your account on the "
        "website**, and you begin anew here. `/account link` can bring you back to it."
    )


def unlinked_card(parting: Parting) -> Card:
    """That the two are parted."""
    return Card(
        Colour.KAI,
        "Done: your Discord account and your account on the website are two again. "
        + (
            "What you had brought along is back here."
            if parting.goes_back
            else "Everything stayed with the website, and you begin anew here."
        ),
        "-# `/me` shows where you are now.",
    )


def _decide(request_id: int) -> ui.ActionRow[Card]:
    buttons: list[Any] = [
        Press("Confirm…", "link_look", request_id, style="primary"),
        Press("Refuse", "link_refuse", request_id),
    ]
    return ui.ActionRow["Card"](*buttons)


def _told(belongings: Belongings) -> str:
    parts = (
        plural(belongings.days, "day"),
        plural(belongings.badges, "badge"),
        plural(belongings.turns, "exchange") + " with KAI",
    )
    return f"{parts[0]}, {parts[1]} and {parts[2]}"


def _when(instant: dt.datetime) -> str:
    return f"<t:{int(instant.timestamp())}:D>"
