"""The stand-in's REST side: every request is recorded, let in, failed on purpose or carried out.

Answers carry `Content-Type: application/json` exactly, without which discord.py fails to log in.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from aiohttp import BodyPartReader, web

from tests.transport.faults import RandomFaults, Witness
from tests.transport.gateway import Gateway
from tests.transport.limits import Limits
from tests.transport.routes import Routes
from tests.transport.wire import HANGS_UP, Answer, ApiError, Fault, Request, Upload

BASE = "/api/v10"


@dataclass
class Rest:
    """Answers every request from the shared state, which the routes know."""

    routes: Routes
    gateway: Gateway
    limits: Limits
    token: str
    requests: list[Request] = field(default_factory=list[Request])
    faults: list[Fault | RandomFaults] = field(default_factory=list[Fault | RandomFaults])
    witnesses: list[Witness] = field(default_factory=list[Witness])

    async def serve(self, incoming: web.Request) -> web.Response:
        """Record the request, answer it, and record the answer's status.

        What the bot hears of it by the gateway goes out first, as it mostly does at Discord.
        """
        request = await _read(incoming)
        self.requests.append(request)
        answer = await self._answer(request)
        if answer.status == HANGS_UP and incoming.transport is not None:
            incoming.transport.abort()
        await self.gateway.flush()
        request.status = 204 if answer.body is None else answer.status
        if answer.body is None:
            return web.Response(status=204, headers=answer.headers)
        headers = answer.headers | {"Content-Type": "application/json"}
        return web.Response(status=answer.status, body=orjson.dumps(answer.body), headers=headers)

    async def _answer(self, request: Request) -> Answer:
        """Who is let in may fail, but has used up what the limits give."""
        if not request.is_by_token and request.headers.get("Authorization") != f"Bot {self.token}":
            return _refused(ApiError(401, 0, "401: Unauthorized"))
        if (refusal := self.limits.refusal(request)) is not None:
            return refusal
        strikes = (fault.strikes(request) for fault in self.faults)
        failure = next((failure for failure in strikes if failure is not None), None)
        if failure is not None and not failure.done_first:
            return failure.answer()
        answer = self._carry_out(request)
        if answer.status < 400 and await self._is_cut_off(request, answer):
            return Answer({}, HANGS_UP)
        return answer if failure is None else failure.answer()

    def _carry_out(self, request: Request) -> Answer:
        found = self.routes.find(request)
        if found is None:
            request.is_known = False
            return _refused(ApiError(404, 0, "404: Not Found"))
        route, match = found
        try:
            answer = route.carry_out(request, match)
        except ApiError as refusal:
            answer = _refused(refusal)
        if not request.is_by_token:
            answer.headers = route.headers | answer.headers | self.limits.headers(request)
        return answer

    async def _is_cut_off(self, request: Request, answer: Answer) -> bool:
        """Tell the witnesses, and whether one of them breaks the connection."""
        is_cut_off = False
        for witness in self.witnesses:
            if witness.cares_for(request):
                witness.seen += 1
                said = witness.heard(request, answer)
                is_cut_off |= (await said if inspect.isawaitable(said) else said) == HANGS_UP
        return is_cut_off


def _refused(refusal: ApiError) -> Answer:
    return Answer({"message": refusal.message, "code": refusal.code}, refusal.status)


async def _read(incoming: web.Request) -> Request:
    body, files = None, list[Upload]()
    if incoming.content_type.startswith("multipart/"):
        async for part in await incoming.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "payload_json":
                body = orjson.loads(await part.text())
            else:
                files.append(Upload(part.filename or "", len(await part.read())))
    elif incoming.can_read_body:
        body = orjson.loads(await incoming.read())
    return Request(
        incoming.method,
        incoming.path.removeprefix(BASE),
        dict(incoming.query),
        body,
        files,
        incoming.headers,
        datetime.now(UTC),
        _port(incoming),
    )


def _port(incoming: web.Request) -> int:
    peer = incoming.transport and incoming.transport.get_extra_info("peername")
    return peer[1] if peer else 0
