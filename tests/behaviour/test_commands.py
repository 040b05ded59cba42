"""The commands as Discord is told of them: their names and options are fixed, each in one scope."""

from typing import Any, cast

import discord

from bot.client import KindnessBot
from tests import discord_limits
from tests.behaviour.town import HOME_ID, Town

Json = dict[str, Any]

# Command -> its options: type, then whether it is required, offered by autocomplete, or bounded.
GLOBAL: dict[str, dict[str, str]] = {
    "challenge list": {},
    "challenge view": {"challenge": "integer required autocomplete"},
    "challenge join": {"challenge": "integer required autocomplete"},
    "challenge today": {},
    "challenge done": {"reflection": "string 1..4000"},
    "challenge progress": {},
    "challenge leave": {},
    "quest list": {},
    "quest view": {"quest": "integer required autocomplete"},
    "quest start": {"quest": "integer required autocomplete"},
    "quest today": {"quest": "integer autocomplete"},
    "quest done": {"quest": "integer autocomplete", "reflection": "string 1..4000"},
    "quest progress": {},
    "quest leave": {"quest": "integer required autocomplete"},
    "badge list": {},
    "badge show": {"badge": "integer required autocomplete"},
    "badge earned": {"member": "user"},
    "kai ask": {"message": "string required 1..2000"},
    "kai forget": {},
    "me": {},
    "leaderboard": {"period": "string week|month|all"},
    "settings timezone": {"zone": "string required autocomplete"},
    "settings leaderboard": {"show": "boolean required"},
    "settings reminder time": {"at": "string required 1..20"},
    "settings reminder off": {},
    "daily setup": {
        "channel": "channel required",
        "time": "string required 1..50",
        "timezone": "string required autocomplete",
        "quest": "integer autocomplete",
    },
    "daily status": {},
    "daily preview": {},
    "daily skip": {},
    "daily pause": {},
    "daily resume": {},
    "daily post-now": {},
    "account link": {"email": "string required 1..300"},
    "account status": {},
    "account unlink": {},
    "account requests": {},
    "help": {},
}
HOME: dict[str, dict[str, str]] = {
    "moderate award": {
        "member": "user required",
        "badge": "integer required autocomplete",
        "reason": "string 1..300",
    },
    "moderate revoke": {
        "member": "user required",
        "badge": "integer required autocomplete",
        "reason": "string 1..300",
    },
    "catalog challenge-add": {},
    "catalog challenge-edit": {"challenge": "integer required autocomplete"},
    "catalog challenge-day": {
        "challenge": "integer required autocomplete",
        "day": "integer required 1..36500",
    },
    "catalog challenge-retire": {"challenge": "integer required autocomplete"},
    "catalog quest-add": {},
    "catalog quest-edit": {"quest": "integer required autocomplete"},
    "catalog quest-retire": {"quest": "integer required autocomplete"},
    "catalog badge-add": {},
    "catalog badge-edit": {"badge": "integer required autocomplete"},
    "Award a badge": {},
}
NOBODY_BUT = {
    "daily": discord.Permissions(manage_guild=True).value,
    "moderate": discord.Permissions(moderate_members=True).value,
    "catalog": discord.Permissions(manage_guild=True).value,
    "Award a badge": discord.Permissions(moderate_members=True).value,
}
IN_SERVERS_ALONE = {"leaderboard", "daily"}
"""Global commands that make no sense in a direct message; everything else works there too."""

USER_MENU = 2


def puts(town: Town, since: int = 0) -> list[tuple[str, list[Json]]]:
    """The syncs among the requests from number `since` on: the path and the commands of each."""
    requests = town.env.http_requests[since:]
    return [(e.path, cast("list[Json]", e.json)) for e in requests if e.method == "PUT"]


def synced(town: Town) -> dict[str, list[Json]]:
    """The commands that Discord was told of at the start, by their scope."""
    (everywhere, at_home) = puts(town)
    application = f"/applications/{town.bot.application_id}"
    assert everywhere[0] == f"{application}/commands"
    assert at_home[0] == f"{application}/guilds/{HOME_ID}/commands"
    return {"global": everywhere[1], "home": at_home[1]}


def leaves(commands: list[Json]) -> dict[str, dict[str, str]]:
    """The commands that can be run, by full name, each with its options described."""
    found: dict[str, dict[str, str]] = {}

    def walk(node: Json, name: str) -> None:
        options: list[Json] = node.get("options", [])
        inner = [option for option in options if option["type"] in (1, 2)]
        for child in inner:
            walk(child, f"{name} {child['name']}")
        if not inner:
            found[name] = {option["name"]: described(option) for option in options}

    for command in commands:
        walk(command, command["name"])
    return found


def described(option: Json) -> str:
    """An option in a few words, as the tables above have them."""
    words = [discord.AppCommandOptionType(option["type"]).name]
    words += [word for word in ("required", "autocomplete") if option.get(word)]
    if "choices" in option:
        words.append("|".join(choice["value"] for choice in option["choices"]))
    for kind in ("length", "value"):
        low, high = option.get(f"min_{kind}"), option.get(f"max_{kind}")
        if (low, high) != (None, None):
            words.append(f"{low}..{high}")
    return " ".join(words)


async def test_the_names_and_options_are_fixed(town: Town) -> None:
    """Everybody's commands are global; awards and the catalogue are the home server's alone."""
    told = synced(town)
    assert leaves(told["global"]) == GLOBAL
    assert leaves(told["home"]) == HOME
    assert GLOBAL.keys().isdisjoint(HOME), "each command has one scope"


async def test_the_table_of_who_may_do_what_is_discords_too(town: Town) -> None:
    """Discord hides commands from all but those who may use them."""
    told = synced(town)
    everything = [*told["home"], *told["global"]]
    needed = {c["name"]: c["default_member_permissions"] for c in everything}
    assert {name: who for name, who in needed.items() if who is not None} == NOBODY_BUT
    kinds = {command["name"]: command["type"] for command in told["home"]}
    assert kinds == {"moderate": 1, "catalog": 1, "Award a badge": USER_MENU}


async def test_what_is_a_members_own_works_in_messages_to_the_bot(town: Town) -> None:
    """Only the leaderboard and a server's posts need a server around them."""
    for command in synced(town)["global"]:
        in_servers = command["name"] in IN_SERVERS_ALONE
        assert command["contexts"] == ([0] if in_servers else None), command["name"]
        assert not command["nsfw"], command["name"]


async def test_what_is_synced_is_what_discord_takes(town: Town) -> None:
    """Discord's own description and the limits beside it find nothing."""
    for path, commands in puts(town):
        assert discord_limits.check_commands(commands) == []
        assert discord_limits.check_request("PUT", path, commands) == []


async def test_commands_are_synced_only_when_they_changed(town: Town) -> None:
    """A second start tells Discord nothing; one with a new command tells that scope alone."""
    again = KindnessBot(town.bot.services, town.bot.settings, trust_stored_sync=True)
    seen = len(town.env.http_requests)
    await town.env.restart_bot(again)
    assert puts(town, seen) == []
    assert again.tree.get_commands(guild=discord.Object(HOME_ID))

    changed = KindnessBot(town.bot.services, town.bot.settings, trust_stored_sync=True)

    @changed.tree.command()
    async def wave(interaction: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        """Wave to everybody"""
        await interaction.response.send_message("👋")

    seen = len(town.env.http_requests)
    await town.env.restart_bot(changed)
    ((path, commands),) = puts(town, seen)
    assert path == f"/applications/{town.bot.application_id}/commands"
    assert leaves(commands) == GLOBAL | {"wave": {}}

    await again.close()
    await changed.close()
