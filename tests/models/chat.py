"""OpenAI's chat completions: how the stub reads them, answers them and fails them."""

from __future__ import annotations

import re
import time
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
from tests.models.asked import Api, Json, ModelRequest
from tests.models.script import Call

ROLES = {"system", "developer", "user", "assistant", "tool"}
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KINDS = {401: "authentication_error", 429: "rate_limit_error"}
CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}


class ChatCompletions:
    """The `Dialect` of `POST /v1/chat/completions`."""

    api: Api = "openai"

    def is_let_in(self, headers: Mapping[str, str], key: str) -> bool:
        """Whether the bearer token is the key."""
        return headers.get("Authorization") == f"Bearer {key}"

    def check(self, request: ModelRequest) -> None:
        """Raises BadRequest for a missing model or messages, a tool's impossible name, and
        tool calls that the next messages do not answer one by one."""
        if not isinstance(request.body.get("model"), str):
            raise BadRequest("you must provide a model parameter")
        if not request.messages:
            raise BadRequest("[] is too short - 'messages'")
        for name in request.tools:
            if not TOOL_NAME.fullmatch(name):
                raise BadRequest(f"Invalid 'tools[].function.name': {name!r}")
        unanswered: set[str] = set()
        for message in request.messages:
            role = message["role"]
            if role not in ROLES:
                raise BadRequest(f"Invalid value: {role!r}")
            if role == "tool":
                if message.get("tool_call_id") not in unanswered:
                    raise BadRequest("a 'tool' message must follow the call that it answers")
                unanswered.remove(message["tool_call_id"])
                continue
            if unanswered:
                break
            unanswered = {call["id"] for call in message.get("tool_calls") or ()}
        if unanswered:
            raise BadRequest(f"these tool_call_ids have no tool message: {sorted(unanswered)}")

    def error(self, status: int, message: str) -> Json:
        """OpenAI's error object."""
        kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        details = {"message": message, "type": kind, "param": None, "code": CODES.get(status)}
        return {"error": details}

    def whole(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Json:
        """A `chat.completion`."""
        message: Json = {
            "role": "assistant",
            "content": None if answer.is_refusal else answer.text or None,
            "refusal": answer.text if answer.is_refusal else None,
        }
        if answer.calls:
            message["tool_calls"] = [
                _call(request, number, call, raw_arguments(call))
                for number, call in enumerate(answer.calls)
            ]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish_reason(answer),
        }
        head = _head(request, "chat.completion")
        return {**head, "choices": [choice], "usage": _usage(tokens)}

    def stream(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Stream:
        """`chat.completion.chunk`s, with the usage in one of its own if it was asked for."""
        head = _head(request, "chat.completion.chunk")
        wants_usage = request.part("stream_options").get("include_usage") is True
        if wants_usage:
            head["usage"] = None

        def chunk(delta: Json, finish_reason: str | None = None) -> bytes:
            choice = {
                "index": 0,
                "delta": delta,
                "logprobs": None,
                "finish_reason": finish_reason,
            }
            return _event({**head, "choices": [choice]})

        opening = chunk({"role": "assistant", "content": "", "refusal": None})
        name = "refusal" if answer.is_refusal else "content"
        pieces = [chunk({name: piece}) for piece in answer.text_pieces()]
        for number, call in enumerate(answer.calls):
            begun = {"index": number, **_call(request, number, call, "")}
            pieces.append(chunk({"tool_calls": [begun]}))
            for fragment in split(raw_arguments(call), FRAGMENTS):
                more = {"index": number, "function": {"arguments": fragment}}
                pieces.append(chunk({"tool_calls": [more]}))
        closing = chunk({}, _finish_reason(answer))
        if wants_usage:
            closing += _event({**head, "choices": [], "usage": _usage(tokens)})
        return Stream(opening, pieces, closing + b"data: [DONE]\n\n")


def _event(data: Json) -> bytes:
    return b"data: " + encode(data) + b"\n\n"


def _head(request: ModelRequest, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{request.number}",
        "object": kind,
        "created": int(time.time()),
        "model": request.body["model"],
    }


def _call(request: ModelRequest, number: int, call: Call, arguments: str) -> Json:
    return {
        "id": call.id or f"call_{request.number}_{number}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _finish_reason(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


def _usage(tokens: Tokens) -> Json:
    return {
        "prompt_tokens": tokens.asked,
        "completion_tokens": tokens.answered,
        "total_tokens": sum(tokens),
    }
