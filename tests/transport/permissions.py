"""Permission bits, and how a channel's overwrites change what somebody may do there.

Source: "Permission Overwrites" and "Implicit Permissions" in Discord's permissions reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

EVERYONE = discord.Permissions(
    view_channel=True,
    send_messages=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    use_application_commands=True,
).value
ALL_PERMISSIONS = discord.Permissions.all().value
ADMINISTRATOR = discord.Permissions(administrator=True).value
VIEW_CHANNEL = discord.Permissions(view_channel=True).value
SEND_MESSAGES = discord.Permissions(send_messages=True).value
READ_MESSAGE_HISTORY = discord.Permissions(read_message_history=True).value
MANAGE_MESSAGES = discord.Permissions(manage_messages=True).value
ROLE, MEMBER = 0, 1


@dataclass(frozen=True)
class Overwrite:
    """What one role or member is allowed or denied in a channel; `kind` says which of the two."""

    kind: int
    allow: int = 0
    deny: int = 0

    def changed(self, bit: int, *, allowed: bool | None) -> Overwrite:
        """The same with one permission allowed, denied, or (None) left to the guild."""
        allow, deny = self.allow & ~bit, self.deny & ~bit
        if allowed is None:
            return Overwrite(self.kind, allow, deny)
        return Overwrite(self.kind, *((allow | bit, deny) if allowed else (allow, deny | bit)))


def overwritten(
    bits: int, overwrites: Mapping[int, Overwrite], everyone: int, roles: Sequence[int], member: int
) -> int:
    """The guild's permissions as a channel's overwrites leave them, all given by ids.

    @everyone's come first, then all roles' together, then the member's own. Administrators are
    above them, and who may not view a channel may nothing in it.
    """
    if bits & ADMINISTRATOR:
        return ALL_PERMISSIONS
    for targets in ([everyone], roles, [member]):
        found = [overwrites[target] for target in targets if target in overwrites]
        for overwrite in found:
            bits &= ~overwrite.deny
        for overwrite in found:
            bits |= overwrite.allow
    return bits if bits & VIEW_CHANNEL else 0
