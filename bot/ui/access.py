"""Who may do what: one table, from which Discord's default permissions come, checked again here."""

import discord

from bot.errors import NotAllowed

ACCESS = {
    "moderate": discord.Permissions(moderate_members=True),
    "catalog": discord.Permissions(manage_guild=True),
}
"""Command group -> what a member needs in the home server. Whatever is not here is everybody's."""

NAMES = {"moderate": "the permission Moderate Members", "catalog": "the permission Manage Server"}


def require(interaction: discord.Interaction, group: str, home_guild_ids: frozenset[int]) -> None:
    """Raise NotAllowed unless the member may use this group of commands, here.

    Checked at call time because a server may override Discord's own setting, and because buttons
    and forms outlive a change of permissions.
    """
    if interaction.guild_id not in home_guild_ids:
        raise NotAllowed("the Get Kinder home server")
    if not interaction.permissions.is_superset(ACCESS[group]):
        raise NotAllowed(NAMES[group])
