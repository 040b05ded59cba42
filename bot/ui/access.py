"""Who may do what: one table, from which Discord's default permissions come, checked again here."""

import discord

from bot.errors import NotAllowed

ACCESS = {
    "moderate": discord.Permissions(moderate_members=True),
    "catalog": discord.Permissions(manage_guild=True),
    "daily": discord.Permissions(manage_guild=True),
}
"""Command group -> what a member needs. Whatever is not here is everybody's."""

AT_HOME = frozenset({"moderate", "catalog"})
"""The groups that are the home servers' alone."""

NAMES = {
    "moderate": "the permission Moderate Members",
    "catalog": "the permission Manage Server",
    "daily": "the permission Manage Server",
}
POSTING = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
}
"""What the bot needs in a channel to post there, as Discord's settings call it."""


def require(interaction: discord.Interaction, group: str, home_guild_ids: frozenset[int]) -> None:
    """Raise NotAllowed unless the member may use this group of commands, here.

    Checked at call time because a server may override Discord's own setting, and because buttons
    and forms outlive a change of permissions.
    """
    if group in AT_HOME and interaction.guild_id not in home_guild_ids:
        raise NotAllowed("the Get Kinder home server")
    if not interaction.permissions.is_superset(ACCESS[group]):
        raise NotAllowed(NAMES[group])


def missing_in(channel: discord.abc.GuildChannel | None, bot: discord.Member) -> list[str]:
    """The permissions that the bot lacks to post in a channel; all, in one that it cannot see."""
    if channel is None:
        return list(POSTING.values())
    has = channel.permissions_for(bot)
    return [shown for name, shown in POSTING.items() if not getattr(has, name)]
