"""Erasing a member for good."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.actions.linking import TRIES
from bot.errors import SomebodyWasFaster
from db import erasing, links
from db.erasing import User
from db.pool import Pool


@dataclass(frozen=True, slots=True)
class ToErase:
    """What is known of a member: rows of `userdata`, and files that may have turns of theirs."""

    users: tuple[User, ...]
    archived_files: int


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows went, by table, and what became of each row of `userdata` that was the bot's.

    That is "deleted", "blanked" (it stays without a name and an address), or "kept".
    """

    rows: Mapping[str, int]
    users: Mapping[int, str]


async def look(pool: Pool, discord_id: int) -> ToErase:
    """What there is of a member. Changes nothing."""
    users = await erasing.users_of(pool, discord_id)
    return ToErase(tuple(users), await erasing.archived_files(pool))


async def erase(pool: Pool, discord_id: int) -> Erased:
    """Erase a member in one piece; of an account of the website's only what is the bot's.

    Raises SomebodyWasFaster.
    """
    for _attempt in range(TRIES):
        try:
            async with links.together(pool) as connection:
                await erasing.lock_account(connection, discord_id)
                users = await erasing.users_of(connection, discord_id)
                ours = [user.id for user in users if user.is_ours]
                theirs = [user.id for user in users if not user.is_ours]
                rows = await erasing.erase(connection, discord_id, ours, theirs)
                left = {user_id: await erasing.erase_user(connection, user_id) for user_id in ours}
                return Erased(rows, left)
        except links.Clashed:
            continue
    raise SomebodyWasFaster
