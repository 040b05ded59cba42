"""People at their Discord clients: what a member can do, sent to the bot as real interactions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from tests.transport import commands
from tests.transport.commands import Commands
from tests.transport.forms import submitted
from tests.transport.gateway import Gateway
from tests.transport.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Exchange,
    Interactions,
)
from tests.transport.messages import EPHEMERAL, Messages, number, walk
from tests.transport.people import Json, Role, User, snowflake
from tests.transport.wire import Bell
from tests.transport.world import Channel, World

BUTTON, STRING_SELECT = 2, 3
LINK_STYLE = 5
MEMBERS_CHARACTERS = 2000


@dataclass(frozen=True)
class Stage:
    """What the actors act on."""

    world: World
    commands: Commands
    messages: Messages
    interactions: Interactions
    gateway: Gateway
    bell: Bell

    async def deliver(self, exchange: Exchange) -> None:
        """Dispatch the exchange's INTERACTION_CREATE; its three seconds run from the first time."""
        if exchange.delivered_at is None:
            exchange.delivered_at = asyncio.get_running_loop().time()
        guild = exchange.channel.guild
        guild_id = None if guild is None else guild.id
        await self.gateway.dispatch("INTERACTION_CREATE", exchange.payload, guild_id)


@dataclass(frozen=True)
class Actor:
    """A person with one place in view: a channel, or their DMs with the bot.

    Every deed returns its `Exchange` at once; the bot's answer is awaited on that. Only what they
    `say` returns the message.
    """

    user: User
    channel: Channel
    stage: Stage

    @property
    def id(self) -> int:
        """The Discord id."""
        return self.user.id

    def at(self, channel: Channel) -> Actor:
        """The same person in another channel."""
        return replace(self, channel=channel)

    def in_dms(self) -> Actor:
        """The same person in their DMs with the bot."""
        return self.at(self.stage.world.dm_with(self.user))

    async def say(
        self,
        text: str,
        *,
        mentions: Sequence[Actor | User] = (),
        reply_to: Json | None = None,
        ping: bool = True,
    ) -> Json:
        """Write a message, of which the bot hears as far as its intents go; gives the message.

        Those of `mentions` whom the text does not name are named before it (the bot is
        `world.me`). A reply pings whom it answers unless `ping` is off. Everybody may ping
        everyone here. Raises ValueError for what the client would not send.
        """
        people = [_plain(person) for person in mentions]
        names = [p.mention for p in people if isinstance(p, User) and p.mention not in text]
        content = " ".join([*names, text]).strip()
        if not 1 <= len(content) <= MEMBERS_CHARACTERS:
            raise ValueError(f"a message of {len(content)} characters")
        if self.channel.guild is not None and self.id not in self.channel.guild.members:
            raise ValueError(f"{self.user.name} is not in {self.channel.guild.name}")
        if reply_to is not None and not self._reads(reply_to):
            raise ValueError(f"{self.user.name} cannot reply to that message here")
        message = self.stage.messages.write(self.user, self.channel, content, reply_to, ping=ping)
        await self.stage.gateway.flush()
        self.stage.bell.ring()
        return message

    async def mention_bot(
        self, text: str, *, reply_to: Json | None = None, ping: bool = True
    ) -> Json:
        """Write a message to the bot, whom it names first, as `say` does."""
        me = self.stage.world.me
        return await self.say(text, mentions=[me], reply_to=reply_to, ping=ping)

    async def slash(self, path: str, /, **options: object) -> Exchange:
        """Use a slash command: `slash("challenge join", challenge=3)`.

        A user option takes an Actor, a channel option a Channel. Raises LookupError when the
        command is not registered here, ValueError for options that the client would refuse.
        """
        found = self.stage.commands.find(path, 1, self.channel)
        given = {name: _plain(value) for name, value in options.items()}
        data = found.data(commands.fill(found, given))
        return await self._interact(COMMAND, data | self._resolved(given))

    async def autocomplete(
        self, path: str, option: str, typed: str = "", /, within: float = 3.0, **others: object
    ) -> list[Json]:
        """Type into an option; gives the offered choices (`name`, `value`)."""
        found = self.stage.commands.find(path, 1, self.channel)
        given = {name: _plain(value) for name, value in others.items()}
        data = found.data(commands.typing(found, option, typed, given))
        exchange = await self._interact(AUTOCOMPLETE, data)
        await exchange.answered(within)
        assert exchange.callback is not None
        return exchange.callback["data"]["choices"]

    async def context_menu(self, name: str, target: Actor | Json) -> Exchange:
        """Use an Apps menu entry on a person, or on a message."""
        is_person = isinstance(target, Actor)
        found = self.stage.commands.find(name, 2 if is_person else 3, self.channel)
        data = {key: value for key, value in found.data([]).items() if key != "options"}
        if isinstance(target, Actor):
            data |= {"target_id": str(target.id)} | self._resolved({"target": target.user})
        else:
            messages = {target["id"]: target}
            data |= {"target_id": target["id"], "resolved": {"messages": messages}}
        return await self._interact(COMMAND, data)

    async def press(self, target: Exchange | Json, button: str) -> Exchange:
        """Press a button, found by custom_id or label in a message or an exchange's messages.

        Raises LookupError when there is no such button, ValueError when it cannot be pressed.
        """
        message, part = self._component(target, BUTTON, button, "label")
        if part["style"] == LINK_STYLE:
            raise ValueError(f"{button!r} is a link")
        data: Json = {"custom_id": part["custom_id"], "component_type": BUTTON, "id": part["id"]}
        return await self._interact(COMPONENT, data, message)

    async def choose(self, target: Exchange | Json, select: str, *values: str) -> Exchange:
        """Choose values in a string select, found by custom_id or placeholder."""
        message, part = self._component(target, STRING_SELECT, select, "placeholder")
        offered = {option["value"] for option in part["options"]}
        low, high = part.get("min_values", 1), part.get("max_values", 1)
        if not offered.issuperset(values) or not low <= len(values) <= high:
            raise ValueError(f"{values} of {sorted(offered)}, {low} to {high} of them")
        data: Json = {"custom_id": part["custom_id"], "component_type": STRING_SELECT}
        return await self._interact(
            COMPONENT, data | {"id": part["id"], "values": list(values)}, message
        )

    async def submit(self, opened: Exchange, fields: Mapping[str, str | list[str]]) -> Exchange:
        """Send the form that an exchange opened; fields go by custom_id or label.

        A field left out keeps its prefilled value. Raises LookupError for an unknown field,
        ValueError for a value that the client would not send.
        """
        modal = deepcopy(opened.modal)
        number(modal["components"])
        left = dict(fields)
        components = [submitted(component, left) for component in modal["components"]]
        if left:
            raise LookupError(f"{modal['title']!r} has no field {sorted(left)}")
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        return await self._interact(MODAL_SUBMIT, data, opened.source, opened)

    async def _interact(
        self,
        kind: int,
        data: Json,
        source: Json | None = None,
        opened_by: Exchange | None = None,
    ) -> Exchange:
        here = self if source is None else self._in_front_of(source)
        payload = here._payload(kind, data)
        if source is not None:
            payload["message"] = source
        exchange = Exchange(payload, self.user, here.channel, self.stage.bell)
        exchange.source, exchange.opened_by = source, opened_by
        self.stage.interactions.add(exchange)
        await self.stage.deliver(exchange)
        return exchange

    def _in_front_of(self, message: Json) -> Actor:
        channel = self.stage.world.channel(int(message["channel_id"]))
        assert channel is not None
        if channel.recipient not in (None, self.user):
            raise ValueError(f"{self.user.name} does not see that message")
        return self.at(channel)

    def _reads(self, message: Json) -> bool:
        """Whether the message is one that everybody reads in the channel in view."""
        here = self.stage.messages.in_channel(self.channel)
        return any(message["id"] == other["id"] for other in here)

    def _payload(self, kind: int, data: Json) -> Json:
        world, guild = self.stage.world, self.channel.guild
        common: Json = {
            "id": str(snowflake()),
            "application_id": str(world.me.id),
            "type": kind,
            "token": secrets.token_urlsafe(48),
            "version": 1,
            "data": data,
            "channel_id": str(self.channel.id),
            "locale": self.user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if guild is None:
            return common | {
                "user": self.user.payload(),
                "channel": self.channel.payload(),
                "context": 1,
                "authorizing_integration_owners": {"0": "0"},
                "app_permissions": str(world.bot_permissions(self.channel)),
            }
        permissions = str(self.channel.permissions_of(self.user))
        return common | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-GB", "features": []},
            "guild_locale": "en-GB",
            "channel": self.channel.payload() | {"permissions": permissions},
            "member": guild.members[self.user.id].payload() | {"permissions": permissions},
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
            "app_permissions": str(world.bot_permissions(self.channel)),
        }

    def _resolved(self, given: Mapping[str, object]) -> Json:
        guild = self.channel.guild
        resolved: dict[str, Json] = {}
        for value in given.values():
            if isinstance(value, User):
                resolved.setdefault("users", {})[str(value.id)] = value.payload()
                member = None if guild is None else guild.members.get(value.id)
                if guild is not None and member is not None:
                    part = member.payload() | {
                        "permissions": str(self.channel.permissions_of(value))
                    }
                    del part["user"], part["deaf"], part["mute"]
                    resolved.setdefault("members", {})[str(value.id)] = part
            elif isinstance(value, Channel):
                part = value.payload() | {"permissions": "0"}
                resolved.setdefault("channels", {})[str(value.id)] = part
            elif isinstance(value, Role):
                resolved.setdefault("roles", {})[str(value.id)] = value.payload()
        return {"resolved": resolved} if resolved else {}

    def _component(
        self, target: Exchange | Json, kind: int, key: str, caption: str
    ) -> tuple[Json, Json]:
        messages = target.messages if isinstance(target, Exchange) else [target]
        seen: list[str] = []
        for message in reversed(messages):
            owner = message.get("interaction_metadata", {}).get("user", {}).get("id")
            if message["flags"] & EPHEMERAL and owner != str(self.id):
                raise ValueError(f"{self.user.name} does not see that message")
            parts = [c for c in walk(message["components"]) if c["type"] == kind]
            for part in parts:
                if key in (part.get("custom_id"), part.get(caption)):
                    if part.get("disabled"):
                        raise ValueError(f"{key!r} is greyed out")
                    return message, part
            seen += [str(part.get(caption) or part.get("custom_id")) for part in parts]
        raise LookupError(f"no {key!r} among {seen}")


def _plain(value: object) -> object:
    return value.user if isinstance(value, Actor) else value
