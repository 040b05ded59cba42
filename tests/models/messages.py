"""Anthropic's messages: how the stub reads them, answers them and fails them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.models.answers import (
    FRAGMENTS,
    Answer,
    BadRequest,
    Stream,
    Tokens,
    encode,
    raw_arguments,
    split,
)
from tests.models.asked import Api, Json, ModelRequest, blocks, texts
from tests.models.script import Call

ROLES = {"system", "user", "assistant"}
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Messages:
    """The `Dialect` of `POST /v1/messages`."""

    api: Api = "anthropic"

    def is_let_in(self, headers: Mapping[str, str], key: str) -> bool:
        """Whether the key is the right one: clients send it in either header."""
        return key == headers.get("X-Api-Key") or headers.get("Authorization") == f"Bearer {key}"

    def check(self, request: ModelRequest) -> None:
        """Raises BadRequest for a missing version, model, limit or messages, texts with nothing
        in them, and tool calls whose results are not all in the next message."""
        body = request.body
        if "anthropic-version" not in request.headers:
            raise BadRequest("anthropic-version: header is required")
        if not isinstance(body.get("model"), str):
            raise BadRequest("model: Field required")
        if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
            raise BadRequest("max_tokens: must be a number of at least 1")
        if not request.messages or request.messages[0]["role"] != "user":
            raise BadRequest("messages: first message must use the user role")
        if not all(text.strip() for text in texts(body.get("system"))):
            raise BadRequest("system: text content blocks must contain non-whitespace text")
        called: set[str] = set()
        for number, message in enumerate(request.messages):
            if message["role"] not in ROLES:
                raise BadRequest(f"messages.{number}.role: {message['role']!r}")
            _check_texts(number, message)
            content = blocks(message.get("content"))
            answered = {part["tool_use_id"] for part in content if part["type"] == "tool_result"}
            if answered != called:
                raise BadRequest(f"messages.{number}: tool_use and tool_result blocks must match")
            called = {part["id"] for part in content if part["type"] == "tool_use"}
        if called:
            raise BadRequest("messages: tool_use without a tool_result after it")

    def error(self, status: int, message: str) -> Json:
        """Anthropic's error object."""
        return {
            "type": "error",
            "error": {"type": KINDS.get(status, "api_error"), "message": message},
        }

    def whole(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Json:
        """A `message`."""
        content: list[Json] = [{"type": "text", "text": answer.text}] if answer.text else []
        for number, call in enumerate(answer.calls):
            content.append(_tool_use(request, number, call, _parsed(raw_arguments(call))))
        return {
            **_message(request, tokens.asked, tokens.answered),
            **_ending(answer),
            "content": content,
        }

    def stream(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Stream:
        """Events from `message_start` to `message_stop`, with a `ping` as the real ones have."""
        opening = _event("message_start", message=_message(request, tokens.asked, 1))
        opening += _event("ping")
        pieces: list[bytes] = []
        before = b""  # the end of the block before, sent with what follows it
        index = 0

        def add(block: Json, kind: str, name: str, fragments: list[str]) -> None:
            nonlocal before, index
            before += _event("content_block_start", index=index, content_block=block)
            for fragment in fragments:
                delta = {"type": kind, name: fragment}
                pieces.append(before + _event("content_block_delta", index=index, delta=delta))
                before = b""
            before += _event("content_block_stop", index=index)
            index += 1

        if answer.text:
            add({"type": "text", "text": ""}, "text_delta", "text", answer.text_pieces())
        for number, call in enumerate(answer.calls):
            fragments = ["", *split(raw_arguments(call), FRAGMENTS)]
            block = _tool_use(request, number, call, {})
            add(block, "input_json_delta", "partial_json", fragments)
        usage = {"output_tokens": tokens.answered}
        closing = before + _event("message_delta", delta=_ending(answer), usage=usage)
        return Stream(opening, pieces, closing + _event("message_stop"))


def _check_texts(number: int, message: Json) -> None:
    content = message.get("content")
    if not content:
        raise BadRequest(f"messages.{number}: all messages must have non-empty content")
    if not all(text.strip() for text in texts(content)):
        raise BadRequest(f"messages.{number}: text content blocks must be non-empty")


def _event(kind: str, **data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode({"type": kind, **data}))


def _message(request: ModelRequest, asked: int, answered: int) -> Json:
    return {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": answered},
    }


def _tool_use(request: ModelRequest, number: int, call: Call, arguments: object) -> Json:
    identity = call.id or f"toolu_{request.number}_{number}"
    return {"type": "tool_use", "id": identity, "name": call.name, "input": arguments}


def _ending(answer: Answer) -> Json:
    if answer.is_refusal:
        details = {"type": "refusal", "category": None, "explanation": answer.text or None}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    return {"stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None}


def _parsed(arguments: str) -> object:
    """The value of raw arguments; rubbish stays the text that it is, for want of a better."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
