"""The stand-in's REST side: the routes that the bot uses, all recorded, faults served first.

Answers carry `Content-Type: application/json` exactly, without which discord.py fails to log in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from aiohttp import BodyPartReader, web

from tests.transport.commands import Commands
from tests.transport.feed import Feed
from tests.transport.gateway import Gateway
from tests.transport.interactions import Interactions
from tests.transport.messages import Messages
from tests.transport.wire import HANGS_UP, Answer, ApiError, Fault, Request, Upload
from tests.transport.world import MANAGE_MESSAGES, SEND_MESSAGES, Channel, Guild, Json, World

BASE = "/api/v10"
Handler = Callable[[Request, re.Match[str]], Answer]


@dataclass
class Rest:
    """Answers every request from the shared state."""

    world: World
    commands: Commands
    messages: Messages
    interactions: Interactions
    gateway: Gateway
    feed: Feed
    token: str
    shards: int

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        me, on = self.world.me.id, rf"/webhooks/{self.world.me.id}/([^/]+)"
        webhook_message = rf"{on}/messages/(@original|\d+)"
        message = r"/channels/(\d+)/messages/(\d+)"
        routes: list[tuple[str, str, Handler]] = [
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
            ("GET", message, self._read),
            ("PATCH", message, lambda r, m: Answer(self._edited(r, m))),
            ("DELETE", message, self._delete),
            ("POST", r"/interactions/(\d+)/([^/]+)/callback", self._callback),
            ("POST", on, self._followup),
            ("GET", webhook_message, lambda r, m: Answer(self.interactions.message(*m.groups()))),
            ("PATCH", webhook_message, self._edit_answer),
            ("DELETE", webhook_message, self._delete_answer),
        ]
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    async def serve(self, incoming: web.Request) -> web.Response:
        """Record the request, answer it, and record the answer's status.

        What the bot hears of it by the gateway goes out first, as it mostly does at Discord.
        """
        request = await _read(incoming)
        self.requests.append(request)
        fault = next((fault for fault in self.faults if fault.meets(request)), None)
        if fault is None:
            answer = self._answer(request)
        else:
            fault.hits += 1
            if fault.done_first:
                self._answer(request)
            if fault.status == HANGS_UP and incoming.transport is not None:
                incoming.transport.abort()
            answer = fault.answer()
        await self.gateway.flush()
        request.status = 204 if answer.body is None else answer.status
        if answer.body is None:
            return web.Response(status=204, headers=answer.headers)
        headers = answer.headers | {"Content-Type": "application/json"}
        body = json.dumps(answer.body).encode()
        return web.Response(status=answer.status, body=body, headers=headers)

    def _answer(self, request: Request) -> Answer:
        by_token = request.path.startswith(("/interactions/", "/webhooks/"))
        if not by_token and request.headers.get("Authorization") != f"Bot {self.token}":
            return _refused(ApiError(401, 0, "401: Unauthorized"))
        for method, path, handler in self._routes:
            match = path.fullmatch(request.path)
            if method != request.method or match is None:
                continue
            try:
                answer = handler(request, match)
            except ApiError as refusal:
                return _refused(refusal)
            if not by_token:
                answer.headers |= _bucket(method, path.pattern)
            return answer
        request.is_known = False
        return _refused(ApiError(404, 0, "404: Not Found"))

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
        return Answer(self.messages.post(channel, request.body, request.files))

    def _type(self, request: Request, match: re.Match[str]) -> Answer:
        channel = self._channel(match)
        if channel.guild is not None:
            self._require(channel, SEND_MESSAGES)
        return Answer()

    def _read(self, request: Request, match: re.Match[str]) -> Answer:
        return Answer(self.feed.readable(self._found(match), self.gateway.allowed))

    def _found(self, match: re.Match[str]) -> Json:
        return self.messages.find(int(match[2]), int(match[1]))

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

    def _require(self, channel: Channel, permission: int) -> None:
        if not self.world.bot_permissions(channel) & permission:
            raise ApiError(403, 50013, "Missing Permissions")

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
        return channel

    def _scope(self, match: re.Match[str]) -> int | None:
        return None if match[1] is None else self._guild_of(match).id


def _refused(refusal: ApiError) -> Answer:
    return Answer({"message": refusal.message, "code": refusal.code}, refusal.status)


def _bucket(method: str, path: str) -> dict[str, str]:
    """The rate-limit headers of a bucket that is never exhausted."""
    return {
        "X-RateLimit-Bucket": sha256(f"{method} {path}".encode()).hexdigest()[:32],
        "X-RateLimit-Limit": "50",
        "X-RateLimit-Remaining": "49",
        "X-RateLimit-Reset-After": "1.000",
    }


async def _read(incoming: web.Request) -> Request:
    body, files = None, list[Upload]()
    if incoming.content_type.startswith("multipart/"):
        async for part in await incoming.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                files.append(Upload(part.filename or "", len(await part.read())))
    elif incoming.can_read_body:
        body = json.loads(await incoming.read())
    return Request(
        incoming.method,
        incoming.path.removeprefix(BASE),
        dict(incoming.query),
        body,
        files,
        incoming.headers,
        datetime.now(UTC),
    )
