"""The life of an interaction: one callback in three seconds, then edits and follow-ups.

Sources: Discord's "Receiving and Responding to Interactions", and its error codes 10062
(unknown interaction), 40060 (already acknowledged), 10015 (unknown webhook).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from typing import cast

from tests.transport.messages import EPHEMERAL, LOADING, Messages, text_of
from tests.transport.people import Json, User
from tests.transport.wire import ApiError, Bell, Upload
from tests.transport.world import Channel

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9

_ALLOWED = {
    COMMAND: {MESSAGE, DEFERRED, MODAL},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}


class Exchange:
    """One interaction and all that the bot has answered to it.

    `callback` is the body of the one accepted callback, `message` the first answer as it
    looks now (for an update: the message with the pressed component), `followups` the
    further messages, `edits` the bodies that changed the first answer after the callback,
    `refusals` the callbacks that Discord turned away.
    """

    def __init__(self, payload: Json, user: User, channel: Channel, bell: Bell) -> None:
        self.payload = deepcopy(payload)
        self.id = int(payload["id"])
        self.token: str = payload["token"]
        self.kind: int = payload["type"]
        self.user = user
        self.channel = channel
        self.delivered_at: float | None = None
        self.callback: Json | None = None
        self.message: Json | None = None
        self.source: Json | None = None
        self.opened_by: Exchange | None = None
        self.followups: list[Json] = []
        self.edits: list[Json] = []
        self.refusals: list[ApiError] = []
        self._bell = bell

    @property
    def answer_type(self) -> int | None:
        """The accepted callback's type (4 message, 5 and 6 deferred, 7 update, 8, 9), or None."""
        return None if self.callback is None else self.callback["type"]

    @property
    def is_answered(self) -> bool:
        """Whether the person sees an outcome; a deferral alone is none."""
        if self.answer_type == DEFERRED:
            return self.message is None or not self.message["flags"] & LOADING
        if self.answer_type == DEFERRED_UPDATE:
            return bool(self.edits or self.followups) or self.message is None
        return self.callback is not None

    @property
    def is_ephemeral(self) -> bool:
        """Whether only its user sees the first answer."""
        return self.message is not None and bool(self.message["flags"] & EPHEMERAL)

    @property
    def modal(self) -> Json:
        """The form that was opened. Raises AssertionError when none was."""
        assert self.callback is not None, "no callback yet"
        assert self.answer_type == MODAL, f"callback {self.callback}"
        return self.callback["data"]

    @property
    def messages(self) -> list[Json]:
        """The first answer and the follow-ups, as they look now."""
        return [*([self.message] if self.message else []), *self.followups]

    @property
    def text(self) -> str:
        """All that the answers say now."""
        return "\n".join(text_of(message) for message in self.messages)

    def metadata(self) -> Json:
        """What a message says about the interaction that it answers."""
        data: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.payload["authorizing_integration_owners"],
        }
        if self.kind == COMPONENT and self.source is not None:
            data["interacted_message_id"] = self.source["id"]
        if self.opened_by is not None:
            data["triggering_interaction_metadata"] = self.opened_by.metadata()
        return data

    async def acknowledged(self, within: float = 3.0) -> Exchange:
        """Wait for any accepted callback. Raises TimeoutError after `within` seconds."""
        what = f"callback for {self}"
        await self._bell.until(lambda: self.callback is not None, within, what)
        return self

    async def answered(self, within: float = 3.0) -> Exchange:
        """Wait for the outcome, past a deferral. Raises TimeoutError after `within` seconds."""
        await self._bell.until(lambda: self.is_answered, within, f"answer to {self}")
        return self

    async def refused(self, times: int = 1, within: float = 3.0) -> ApiError:
        """Wait until so many callbacks were refused; gives the last refusal."""
        what = f"refused callback for {self}"
        await self._bell.until(lambda: len(self.refusals) >= times, within, what)
        return self.refusals[-1]

    def __repr__(self) -> str:
        data = self.payload["data"]
        name = data.get("name") or data.get("custom_id")
        return f"<Exchange {name!r} by {self.user.name}, answer {self.answer_type}>"


class Interactions:
    """All exchanges, and the rules of answering them."""

    def __init__(self, messages: Messages, bell: Bell, application_id: int, patience: float):
        self._messages = messages
        self._bell = bell
        self._application_id = application_id
        self._patience = patience
        self._by_token: dict[str, Exchange] = {}

    def add(self, exchange: Exchange) -> None:
        """Make the exchange answerable."""
        self._by_token[exchange.token] = exchange

    def callback(self, interaction_id: int, token: str, body: Json, files: Sequence[Upload]):
        """Take the first answer. Returns the exchange; raises ApiError 10062, 40060 or 50035."""
        exchange = self._by_token.get(token)
        if exchange is None or exchange.id != interaction_id or exchange.delivered_at is None:
            raise ApiError(404, 10062, "Unknown interaction")
        try:
            self._accept(exchange, body, files)
        except ApiError as refusal:
            exchange.refusals.append(refusal)
            raise
        finally:
            self._bell.ring()
        return exchange

    def _accept(self, exchange: Exchange, body: Json, files: Sequence[Upload]) -> None:
        if exchange.callback is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        assert exchange.delivered_at is not None
        waited = asyncio.get_running_loop().time() - exchange.delivered_at
        if waited > self._patience:
            raise ApiError(404, 10062, "Unknown interaction")
        kind, data = body["type"], cast("Json", body.get("data") or {})
        updates = kind in (DEFERRED_UPDATE, UPDATE)
        if kind not in _ALLOWED[exchange.kind] or (updates and exchange.source is None):
            why = f"callback type {kind} for interaction type {exchange.kind}"
            raise ApiError(400, 50035, f"Invalid Form Body: {why}")
        if kind == MESSAGE:
            extra = self._origin(exchange)
            exchange.message = self._messages.post(exchange.channel, data, files, extra)
        elif kind == DEFERRED:
            exchange.message = self._messages.blank(exchange.channel, data.get("flags") or 0)
            exchange.message |= self._origin(exchange)
            exchange.message["flags"] |= LOADING
            self._messages.keep(exchange.message)
        elif updates:
            assert exchange.source is not None
            exchange.message = exchange.source
            if kind == UPDATE:
                self._messages.edit(exchange.source, data, files)
        exchange.callback = deepcopy(body)

    def followup(self, token: str, body: Json, files: Sequence[Upload]) -> Json:
        """A further message; the first one after a deferral takes the deferred one's place."""
        exchange = self._open(token)
        first = exchange.message
        try:
            if first is not None and first["flags"] & LOADING:
                message = self._messages.edit(first, body, files)
                exchange.edits.append(body)
            else:
                extra = self._origin(exchange)
                message = self._messages.post(exchange.channel, body, files, extra)
                exchange.followups.append(message)
        finally:
            self._bell.ring()
        return message

    def message(self, token: str, which: str) -> Json:
        """The answer `which`: `@original` or a message's id. Raises ApiError 10008 or 10015."""
        exchange = self._open(token)
        own = {message["id"]: message for message in exchange.messages}
        if which == "@original" and exchange.message is not None:
            return exchange.message
        if which in own:
            return own[which]
        raise ApiError(404, 10008, "Unknown Message")

    def edit(self, token: str, which: str, body: Json, files: Sequence[Upload]) -> Json:
        """Change an answer."""
        message = self.message(token, which)
        exchange = self._open(token)
        try:
            self._messages.edit(message, body, files)
            if message is exchange.message:
                exchange.edits.append(body)
        finally:
            self._bell.ring()
        return message

    def delete(self, token: str, which: str) -> None:
        """Take an answer away."""
        message = self.message(token, which)
        exchange = self._open(token)
        self._messages.remove(message)
        if message is exchange.message:
            exchange.message = None
        else:
            exchange.followups.remove(message)
        self._bell.ring()

    def resource(self, exchange: Exchange) -> Json:
        """The body that `with_response` asks for."""
        interaction: Json = {"id": str(exchange.id), "type": exchange.kind}
        message = exchange.message
        if message is None:
            return {"interaction": interaction}
        interaction["response_message_id"] = message["id"]
        interaction["response_message_loading"] = bool(message["flags"] & LOADING)
        interaction["response_message_ephemeral"] = exchange.is_ephemeral
        if exchange.answer_type not in (MESSAGE, UPDATE):
            return {"interaction": interaction}
        resource = {"type": exchange.answer_type, "message": message}
        return {"interaction": interaction, "resource": resource}

    def _open(self, token: str) -> Exchange:
        exchange = self._by_token.get(token)
        if exchange is None or exchange.callback is None:
            raise ApiError(404, 10015, "Unknown Webhook")
        return exchange

    def _origin(self, exchange: Exchange) -> Json:
        return {
            "type": 20 if exchange.kind == COMMAND else 0,
            "application_id": str(self._application_id),
            "webhook_id": str(self._application_id),
            "interaction_metadata": exchange.metadata(),
        }
