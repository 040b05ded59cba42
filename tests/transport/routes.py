"""The routes that the bot uses, each carried out on the shared state as Discord would.

Sources for what is refused: the permissions that Discord's reference names with each route, and
its JSON error codes. Of a guild that it is not in, the bot learns only that it has no access.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.transport.commands import Commands
from tests.transport.feed import Feed
from tests.transport.gateway import Gateway
from tests.transport.history import page
from tests.transport.interactions import Interactions
from tests.transport.limits import bucket
from tests.transport.messages import Messages
from tests.transport.people import Json
from tests.transport.permissions import MANAGE_MESSAGES, READ_MESSAGE_HISTORY, SEND_MESSAGES
from tests.transport.wire import Answer, ApiError, Request
from tests.transport.world import Channel, Guild, World

Handler = Callable[[Request, re.Match[str]], Answer]


@dataclass(frozen=True)
class Route:
    """One method and path, who carries it out, and the headers of its rate limit."""

    path: re.Pattern[str]
    carry_out: Handler
    headers: dict[str, str]


@dataclass
class Routes:
    """All routes, found by a request."""

    world: World
    commands: Commands
    messages: Messages
    interactions: Interactions
    gateway: Gateway
    feed: Feed
    shards: int

    def __post_init__(self) -> None:
        self._by_method: dict[str, list[Route]] = {}
        for method, path, handler in self._all():
            route = Route(re.compile(path), handler, bucket(method, path))
            self._by_method.setdefault(method, []).append(route)

    def find(self, request: Request) -> tuple[Route, re.Match[str]] | None:
        """The request's route, and what is in its path; None for one that is not here."""
        for route in self._by_method.get(request.method, []):
            if match := route.path.fullmatch(request.path):
                return route, match
        return None

    def _all(self) -> list[tuple[str, str, Handler]]:
        me, on = self.world.me.id, rf"/webhooks/{self.world.me.id}/([^/]+)"
        webhook_message = rf"{on}/messages/(@original|\d+)"
        message = r"/channels/(\d+)/messages/(\d+)"
        return [
            ("GET", "/users/@me", lambda r, m: Answer(self.world.account())),
            ("GET", "(/oauth2)?/applications/@me", lambda r, m: Answer(self.world.application())),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("GET", r"/users/(\d+)", self._user),
            ("POST", "/users/@me/channels", self._open_dm),
            ("GET", r"/guilds/(\d+)", self._guild),
            ("GET", r"/guilds/(\d+)/(channels|roles)", self._guild_parts),
            ("GET", r"/guilds/(\d+)/members/(\d+)", self._member),
            ("GET", rf"/applications/{me}(?:/guilds/(\d+))?/commands", self._list_commands),
            ("PUT", rf"/applications/{me}(?:/guilds/(\d+))?/commands", self._sync),
            ("GET", r"/channels/(\d+)", lambda r, m: Answer(self._channel(m).payload())),
            ("POST", r"/channels/(\d+)/typing", self._type),
            ("POST", r"/channels/(\d+)/messages", self._post),
            ("GET", r"/channels/(\d+)/messages", self._history),
            ("GET", message, self._read),
            ("PATCH", message, lambda r, m: Answer(self._edited(r, m))),
            ("DELETE", message, self._delete),
            ("POST", r"/interactions/(\d+)/([^/]+)/callback", self._callback),
            ("POST", on, self._followup),
            ("GET", webhook_message, lambda r, m: Answer(self.interactions.message(*m.groups()))),
            ("PATCH", webhook_message, self._edit_answer),
            ("DELETE", webhook_message, self._delete_answer),
        ]

    def _gateway_bot(self, request: Request, match: re.Match[str]) -> Answer:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        url = self.gateway.url
        return Answer({"url": url, "shards": self.shards, "session_start_limit": limit})

    def _user(self, request: Request, match: re.Match[str]) -> Answer:
        user = self.world.users.get(int(match[1]))
        if user is None:
            raise ApiError(404, 10013, "Unknown User")
        return Answer(user.payload())

    def _open_dm(self, request: Request, match: re.Match[str]) -> Answer:
        user = self.world.users.get(int(request.body["recipient_id"]))
        if user is None:
            raise ApiError(404, 10013, "Unknown User")
        return Answer(self.world.dm_with(user).payload())

    def _guild(self, request: Request, match: re.Match[str]) -> Answer:
        return Answer(self._guild_of(match).payload(self.world.me))

    def _guild_parts(self, request: Request, match: re.Match[str]) -> Answer:
        guild = self._guild_of(match)
        parts = guild.channels if match[2] == "channels" else guild.roles
        return Answer([part.payload() for part in parts])

    def _member(self, request: Request, match: re.Match[str]) -> Answer:
        member = self._guild_of(match).members.get(int(match[2]))
        if member is None:
            raise ApiError(404, 10007, "Unknown Member")
        return Answer(member.payload())

    def _list_commands(self, request: Request, match: re.Match[str]) -> Answer:
        return Answer(self.commands.by_scope.get(self._scope(match), []))

    def _sync(self, request: Request, match: re.Match[str]) -> Answer:
        return Answer(self.commands.overwrite(self._scope(match), request.body))

    def _post(self, request: Request, match: re.Match[str]) -> Answer:
        channel = self._channel(match)
        if channel.guild is None and channel.readonly:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        self._require(channel, SEND_MESSAGES)
        if request.body.get("message_reference"):
            self._require(channel, READ_MESSAGE_HISTORY, 160002)
        message = self.messages.post(channel, request.body, request.files)
        nonce = request.body.get("nonce")
        return Answer(message if nonce is None else message | {"nonce": nonce})

    def _history(self, request: Request, match: re.Match[str]) -> Answer:
        channel = self._channel(match)
        found = page(self.messages.in_channel(channel), request.query)
        if not self.world.bot_permissions(channel) & READ_MESSAGE_HISTORY:
            found = []  # not a refusal, says the reference
        return Answer([self.feed.readable(message, self.gateway.allowed) for message in found])

    def _type(self, request: Request, match: re.Match[str]) -> Answer:
        channel = self._channel(match)
        if channel.guild is not None:
            self._require(channel, SEND_MESSAGES)
        return Answer()

    def _read(self, request: Request, match: re.Match[str]) -> Answer:
        self._require(self._channel(match), READ_MESSAGE_HISTORY)
        return Answer(self.feed.readable(self._found(match), self.gateway.allowed))

    def _found(self, match: re.Match[str]) -> Json:
        return self.messages.find(int(match[2]), self._channel(match).id)

    def _edited(self, request: Request, match: re.Match[str]) -> Json:
        message = self._found(match)
        if not self._wrote(message):
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        return self.messages.edit(message, request.body, request.files)

    def _delete(self, request: Request, match: re.Match[str]) -> Answer:
        message, channel = self._found(match), self._channel(match)
        if not self._wrote(message):
            if channel.guild is None:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            self._require(channel, MANAGE_MESSAGES)
        self.messages.remove(message)
        return Answer()

    def _wrote(self, message: Json) -> bool:
        return message["author"]["id"] == str(self.world.me.id)

    def _require(self, channel: Channel, permission: int, code: int = 50013) -> None:
        if not self.world.bot_permissions(channel) & permission:
            raise ApiError(403, code, "Missing Permissions")

    def _callback(self, request: Request, match: re.Match[str]) -> Answer:
        interaction_id, token = int(match[1]), match[2]
        done = self.interactions.callback(interaction_id, token, request.body, request.files)
        asked = request.query.get("with_response") in ("1", "true")
        return Answer(self.interactions.resource(done) if asked else None)

    def _followup(self, request: Request, match: re.Match[str]) -> Answer:
        # An interaction's follow-up always answers with its message, whatever `wait` says.
        return Answer(self.interactions.followup(match[1], request.body, request.files))

    def _edit_answer(self, request: Request, match: re.Match[str]) -> Answer:
        token, which = match.groups()
        return Answer(self.interactions.edit(token, which, request.body, request.files))

    def _delete_answer(self, request: Request, match: re.Match[str]) -> Answer:
        self.interactions.delete(*match.groups())
        return Answer()

    def _guild_of(self, match: re.Match[str]) -> Guild:
        guild = self.world.guilds.get(int(match[1]))
        if guild is None:
            raise ApiError(404, 10004, "Unknown Guild")
        return guild

    def _channel(self, match: re.Match[str]) -> Channel:
        channel = self.world.channel(int(match[1]))
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        if not self.world.reaches(channel):
            raise ApiError(403, 50001, "Missing Access")
        return channel

    def _scope(self, match: re.Match[str]) -> int | None:
        return None if match[1] is None else self._guild_of(match).id
