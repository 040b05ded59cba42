"""`python -m bot account …`: linking members to the website, parting them, and erasing one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.table import Table

from bot.actions import erasing, link_requests, linking, unlinking
from bot.actions.erasing import Erased, ToErase
from bot.actions.linking import Deed
from bot.actions.services import utcnow
from bot.commands.common import FAULT, carry_out, end, err, out
from bot.errors import UserError
from bot.opening import open_database, require_migrated
from bot.rules.linking import UNDOABLE
from bot.settings import LARGEST_ID, Settings
from db.pool import Pool

SMALLEST_ID = 10**16
"""Discord has given no smaller id to anybody: it would be mistyped."""
LARGEST_USER = 2**31 - 1


def _checked(discord_id: int) -> int:
    """A typed id, where it can be one of Discord's; otherwise the command ends."""
    if not SMALLEST_ID <= discord_id <= LARGEST_ID:
        end(
            f"There is no Discord id {discord_id}: it has 17 to 19 digits, and with the Developer "
            "Mode of Discord's settings, “Copy User ID” in a member's menu gives it."
        )
    return discord_id


DiscordId = Annotated[int, typer.Argument(callback=_checked, help="The member's Discord id.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]

LEFT = {
    "deleted": "The row {} of userdata that the bot had made is deleted.",
    "blanked": "The row {} of userdata that the bot had made stays, without a name or an address: "
    "something refers to it, or this role may not delete it.",
    "kept": "The row {} of userdata that the bot had made stays as it is: this role may neither "
    "delete nor change it. It still has the member's first name and Discord id.",
}


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[Pool]:
    """A pool on the migrated database; what is refused ends the command with its sentence."""
    async with open_database(settings) as (_url, pool):
        await require_migrated(pool)
        try:
            yield pool
        except UserError as error:
            end(_at_the_terminal(error.render(str)))


def _at_the_terminal(sentence: str) -> str:
    """A sentence for members, with the commands that do the same here."""
    return sentence.replace("`/account ", "`python -m bot account ")


def _ask(question: str, *, yes: bool) -> None:
    """Ask the person at the terminal, unless they said --yes; a no ends the command."""
    try:
        agreed = yes or typer.confirm(question, err=True)
    except typer.Abort:  # there is nobody to answer, and the question's line is not ended
        agreed = False
        err.print()
    if not agreed:
        end("Nothing was changed.", FAULT)


def requests() -> None:
    """Show the requests of members to be linked to their account on the website."""

    async def work(settings: Settings) -> None:
        async with _opened(settings) as pool:
            found = await link_requests.all_requests(pool)
        if not found:
            out.print("No request is open.")
            return
        table = Table()
        for heading in ("Discord id", "address", "code", "since (UTC)", "on the website"):
            table.add_column(heading, overflow="fold")
        for request in found:
            verdict = linking.VERDICTS[linking.verdict_of(request.accounts)].partition(" ")[2]
            users = ", ".join(str(account.user_id) for account in request.accounts)
            table.add_row(
                str(request.member_id),
                request.email,
                request.code,
                f"{request.created_at:%Y-%m-%d %H:%M}",
                f"{verdict} ({users})" if users else verdict,
            )
        out.print(table, soft_wrap=False)

    carry_out(work)


def link(
    discord_id: DiscordId,
    email: Annotated[str, typer.Argument(help="The address of their account on the website.")],
    user: Annotated[
        int | None,
        typer.Option(
            min=1, max=LARGEST_USER, help="Which account (userdata.id), where several have it."
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Link a member to their account on the website, with all their days, badges and turns.

    Make sure first that the account is theirs. It can be taken back for 30 days.
    """
    deed = Deed(None, None, utcnow())

    async def work(settings: Settings) -> None:
        async with _opened(settings) as pool:
            offered = await linking.preview(pool, discord_id, email, user)
            out.print(
                f"{discord_id} would be linked to the website's account {offered.user_id} "
                f"({offered.address}).",
                markup=False,
            )
            out.print(
                f"What would move: {offered.moving.days} day(s), {offered.moving.badges} "
                f"badge(s), {offered.moving.turns} turn(s) with KAI."
            )
            _ask("Link them?", yes=yes)
            await linking.ensure_member(pool, discord_id, deed.now)
            linked = await linking.link(pool, discord_id, email, deed, user_id=offered.user_id)
        out.print(
            f"Done: {linked.moved.days} day(s), {linked.moved.badges} badge(s) and "
            f"{linked.moved.turns} turn(s) moved. For {UNDOABLE.days} days "
            f"`python -m bot account unlink {discord_id}` takes it back.",
            markup=False,
        )

    carry_out(work)


def unlink(discord_id: DiscordId, yes: Yes = False) -> None:
    """Part a member from their account on the website again.

    For 30 days what they had brought along goes back with them; later everything stays there.
    """
    deed = Deed(None, None, utcnow())

    async def work(settings: Settings) -> None:
        async with _opened(settings) as pool:
            parting = await unlinking.preview(pool, discord_id, deed.now)
            out.print(
                f"Linked since {parting.linked_at:%Y-%m-%d}. "
                + (
                    "What they had brought along goes back with them; what was made since stays "
                    "with the website's account."
                    if parting.goes_back
                    else f"That is over {UNDOABLE.days} days ago: everything stays with the "
                    "website's account, and they begin anew."
                )
            )
            _ask("Part them?", yes=yes)
            await unlinking.part(pool, discord_id, deed)
        out.print("Done.")

    carry_out(work)


def erase(discord_id: DiscordId, yes: Yes = False) -> None:
    """Erase a member for good.

    Of a member who is linked, their account on the website and its days stay: only what is the
    bot's goes, and the turns with KAI that the bot wrote.
    """

    async def work(settings: Settings) -> None:
        async with _opened(settings) as pool:
            _print_found(discord_id, await erasing.look(pool, discord_id))
            _ask("Erase them for good?", yes=yes)
            erased = await erasing.erase(pool, discord_id)
        _print_erased(erased)

    carry_out(work)


def _print_found(discord_id: int, found: ToErase) -> None:
    if not found.users:
        out.print(f"The bot has no account of {discord_id}; perhaps traces in other rows.")
    for user in found.users:
        what = (
            "all their rows go"
            if user.is_ours
            else "an account of the website's: it stays with its days and badges (which count here "
            "again if somebody links it), and what is the bot's goes"
        )
        out.print(f"User {user.id}: {what}.")
    if found.archived_files:
        out.print(
            f"{found.archived_files} archived file(s) may hold turns of theirs. Files are not "
            "changed by this; when one is brought back, turns of erased users are left out."
        )


def _print_erased(erased: Erased) -> None:
    for table, count in erased.rows.items():
        out.print(f"{count:>8}  {table}", markup=False)
    for user_id, became in erased.users.items():
        out.print(LEFT[became].format(user_id))
    out.print("Done: they are erased." if erased.rows or erased.users else "There was nothing.")
