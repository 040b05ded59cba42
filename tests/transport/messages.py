"""The stand-in's messages: made and edited from the bot's bodies, checked as Discord would, and
those that people write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import cast

from tests.transport.mentions import Pings, all_allowed, pings
from tests.transport.people import Json, User, snowflake, timestamp
from tests.transport.wire import ApiError, Upload
from tests.transport.world import Channel, World

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
REPLY = 19
NONCE_CHARACTERS = 25
_SETTABLE = EPHEMERAL | COMPONENTS_V2 | 1 << 2 | 1 << 12  # and: no embeds, no notification


def walk(components: Sequence[Json]) -> Iterator[Json]:
    """Every component, depth first: rows, containers, sections, accessories, labelled inputs."""
    for component in components:
        yield component
        yield from walk(items_of(component, "components"))
        for key in ("accessory", "component"):
            if key in component:
                yield from walk([component[key]])


def items_of(body: Json, key: str) -> list[Json]:
    """The list under that key, which may be missing or null."""
    return cast("list[Json] | None", body.get(key)) or []


def number(components: Sequence[Json]) -> None:
    """Give every component that has none an id, as Discord does."""
    taken = {component.get("id") for component in walk(components)}
    free = (candidate for candidate in range(1, 1000) if candidate not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)


def text_of(message: Json) -> str:
    """Everything there is to read in a message, a line for each piece; labels excluded."""
    pieces = [message["content"]]
    for embed in message["embeds"]:
        pieces += [embed.get("title", ""), embed.get("description", "")]
        pieces += [f"{f['name']}: {f['value']}" for f in embed.get("fields", [])]
    pieces += [c["content"] for c in walk(message["components"]) if c["type"] == 10]
    return "\n".join(piece for piece in pieces if piece)


def check(message: Json) -> None:
    """Refuse what Discord refuses most often. Raises ApiError 50006 or 50035."""
    parts = list(walk(message["components"]))
    if message["flags"] & COMPONENTS_V2:
        if message["content"] or message["embeds"]:
            raise _invalid("a Components V2 message has neither content nor embeds")
        if not parts:
            raise ApiError(400, 50006, "Cannot send an empty message")
        if len(parts) > 40:
            raise _invalid(f"{len(parts)} components, at most 40")
        if sum(len(c["content"]) for c in parts if c["type"] == 10) > 4000:
            raise _invalid("over 4,000 characters of text")
    elif any(component["type"] != 1 for component in message["components"]):
        raise _invalid("V2 components need the flag 1 << 15")
    elif not any(message[key] for key in ("content", "embeds", "attachments", "components")):
        raise ApiError(400, 50006, "Cannot send an empty message")
    elif len(message["content"]) > 2000:
        raise _invalid("content is over 2,000 characters")
    custom_ids = [str(c["custom_id"]) for c in parts if c.get("custom_id")]
    if len(set(custom_ids)) < len(custom_ids):
        raise _invalid("a custom_id is used twice")
    if any(len(custom_id) > 100 for custom_id in custom_ids):
        raise _invalid("a custom_id is over 100 characters")


def _invalid(why: str) -> ApiError:
    return ApiError(400, 50035, f"Invalid Form Body: {why}")


def _reply(channel: Channel, answered: Json) -> Json:
    """What makes a message the answer to another one, which it shows as it is now."""
    reference = {"type": 0, "message_id": answered["id"], "channel_id": answered["channel_id"]}
    if channel.guild is not None:
        reference["guild_id"] = str(channel.guild.id)
    shown = {key: value for key, value in answered.items() if key != "referenced_message"}
    return {"type": REPLY, "message_reference": reference, "referenced_message": shown}


class Messages:
    """All messages by id. An edit changes the message in place, so whoever holds it sees it.

    Each has a key of ours, `pinged`: whom it really pinged when it was posted, by ids (as
    numbers) of people and roles, and "everyone". An edit pings nobody, nor does the end of a
    deferral, nor an ephemeral message. `tell` is told of every new or changed message. An
    enforced nonce is remembered for `nonce_seconds`.
    """

    def __init__(
        self, world: World, tell: Callable[[str, Json], None], nonce_seconds: float
    ) -> None:
        self._world = world
        self._tell = tell
        self._nonce_seconds = nonce_seconds
        self._by_id: dict[int, Json] = {}
        self._by_channel: dict[int, dict[int, Json]] = {}
        self._nonces: dict[tuple[int, str], tuple[float, Json]] = {}

    def blank(self, channel: Channel, flags: int = 0, author: User | None = None) -> Json:
        """An empty message, the bot's unless it has an author, not yet in the channel."""
        message: Json = {
            "id": str(snowflake()),
            "channel_id": str(channel.id),
            "type": 0,
            "author": (author or self._world.me).payload(),
            "content": "",
            "embeds": [],
            "components": [],
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinged": [],
            "pinned": False,
            "tts": False,
            "timestamp": timestamp(),
            "edited_timestamp": None,
            "flags": flags & _SETTABLE,
        }
        return message

    def post(
        self, channel: Channel, body: Json, files: Sequence[Upload] = (), extra: Json | None = None
    ) -> Json:
        """Put a message into the channel; an enforced nonce seen before gives the first one.

        Raises ApiError 10003 when there is no such channel any more, and 50035 when it answers a
        message that is not there, unless it may.
        """
        nonce = body.get("nonce")
        if len(str(nonce)) > NONCE_CHARACTERS:
            raise _invalid("nonce is over 25 characters")
        is_enforced = nonce is not None and body.get("enforce_nonce")
        key = (channel.id, str(nonce))
        if is_enforced and (first := self._remembered(key)) is not None:
            return first
        message = self.blank(channel, body.get("flags") or 0) | (extra or {})
        if body.get("message_reference"):
            message |= self._answering(channel, body["message_reference"])
        self._fill(message, body, files)
        check(message)
        found = self._name(message, body.get("allowed_mentions"))
        message["pinged"] = [] if message["flags"] & EPHEMERAL else found.listed()
        self.keep(message, {} if nonce is None else {"nonce": nonce})
        if is_enforced:
            self._nonces[key] = (time.monotonic() + self._nonce_seconds, message)
        return message

    def _remembered(self, key: tuple[int, str]) -> Json | None:
        """The message that had this nonce; those whose time is over, the oldest, are forgotten."""
        now = time.monotonic()
        while self._nonces:
            oldest = next(iter(self._nonces))
            if self._nonces[oldest][0] > now:
                break
            del self._nonces[oldest]
        return self._nonces[key][1] if key in self._nonces else None

    def write(
        self, author: User, channel: Channel, text: str, reply_to: Json | None, *, ping: bool
    ) -> Json:
        """Put a person's message into the channel; `ping` is for whom it replies to."""
        message = self.blank(channel, author=author) | {"content": text}
        if reply_to is not None:
            message |= _reply(channel, reply_to)
        message["pinged"] = self._name(message, all_allowed(replied_user=ping)).listed()
        self.keep(message)
        return message

    def keep(self, message: Json, said: Json | None = None) -> None:
        """Put a ready message where its id finds it; `said` is only in its MESSAGE_CREATE.

        Raises ApiError 10003 when its channel has gone.
        """
        channel, message_id = self._place(message), int(message["id"])
        if not message["flags"] & EPHEMERAL:
            channel.last_message_id = message_id
        self._by_id[message_id] = message
        self._by_channel.setdefault(channel.id, {})[message_id] = message
        self._tell("MESSAGE_CREATE", message | (said or {}))

    def edit(self, message: Json, body: Json, files: Sequence[Upload] = ()) -> Json:
        """Change what the body names; the first edit of a deferred answer is its arrival.

        Raises ApiError 10003 when its channel has gone.
        """
        self._place(message)
        changed = message.copy()
        flags = message["flags"] & ~LOADING | (body.get("flags") or 0) & _SETTABLE & ~EPHEMERAL
        changed["flags"] = flags
        if not message["flags"] & LOADING:
            changed["edited_timestamp"] = timestamp()
        self._fill(changed, body, files)
        check(changed)
        if "content" in body or "components" in body:
            self._name(changed, body.get("allowed_mentions"))
        message.update(changed)
        self._tell("MESSAGE_UPDATE", message)
        return message

    def find(self, message_id: int, channel_id: int, *, hidden_too: bool = False) -> Json:
        """The message there. Raises ApiError 10008 when there is none, or only a hidden one."""
        message = self._by_id.get(message_id)
        if message is None or message["channel_id"] != str(channel_id):
            raise ApiError(404, 10008, "Unknown Message")
        if message["flags"] & EPHEMERAL and not hidden_too:
            raise ApiError(404, 10008, "Unknown Message")
        return message

    def remove(self, message: Json) -> None:
        """Delete it. Raises ApiError 10008 when it has gone already."""
        if self._by_id.pop(int(message["id"]), None) is None:
            raise ApiError(404, 10008, "Unknown Message")
        del self._by_channel[int(message["channel_id"])][int(message["id"])]

    def remove_channel(self, channel: Channel) -> None:
        """Delete all that is in a channel."""
        for message_id in self._by_channel.pop(channel.id, {}):
            del self._by_id[message_id]

    def in_channel(self, channel: Channel) -> list[Json]:
        """What everybody there can read, oldest first."""
        here = self._by_channel.get(channel.id, {}).values()
        return [message for message in here if not message["flags"] & EPHEMERAL]

    def _place(self, message: Json) -> Channel:
        """Its channel. Raises ApiError 10003 when that has gone."""
        channel = self._world.channel(int(message["channel_id"]))
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        return channel

    def _answering(self, channel: Channel, reference: Json) -> Json:
        try:
            return _reply(channel, self.find(int(reference["message_id"]), channel.id))
        except ApiError:
            if reference.get("fail_if_not_exists") is False:
                return {}
            raise _invalid("message_reference: Unknown message") from None

    def _name(self, message: Json, allowed: Json | None) -> Pings:
        """Fill in the message's mentions, which are those that are allowed to ping."""
        pieces = [c["content"] for c in walk(message["components"]) if c["type"] == 10]
        answered = message.get("referenced_message")
        replied_to = None if answered is None else int(answered["author"]["id"])
        found = pings("\n".join([message["content"], *pieces]), allowed, replied_to)
        users = self._world.users
        message["mentions"] = [users[i].payload() for i in found.users if i in users]
        message["mention_roles"] = [str(role_id) for role_id in found.roles]
        message["mention_everyone"] = found.everyone
        return found

    def _fill(self, message: Json, body: Json, files: Sequence[Upload]) -> None:
        if "content" in body:
            message["content"] = body["content"] or ""
        for key in ("embeds", "components"):
            if key in body:
                message[key] = deepcopy(items_of(body, key))
        number(message["components"])
        self._attach(message, body, files)
        urls = {f"attachment://{a['filename']}": a["url"] for a in message["attachments"]}
        for component in walk(message["components"]):
            media = [component.get("media"), component.get("file")]
            media += [item["media"] for item in component.get("items", [])]
            for item in media:
                if item is not None:
                    item["url"] = urls.get(item["url"], item["url"])

    def _attach(self, message: Json, body: Json, files: Sequence[Upload]) -> None:
        if "attachments" in body:
            named = {str(a["id"]) for a in items_of(body, "attachments")}
            message["attachments"] = [a for a in message["attachments"] if a["id"] in named]
        for upload in files:
            attachment_id = snowflake()
            url = f"https://cdn.discordapp.com/attachments/{attachment_id}/{upload.name}"
            attachment = {"id": str(attachment_id), "filename": upload.name, "size": upload.size}
            message["attachments"] = [
                *message["attachments"],
                attachment | {"url": url, "proxy_url": url},
            ]
