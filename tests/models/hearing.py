"""The client libraries' own view of an answer, the same for both protocols and both ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import anthropic
import openai

from tests.models.asked import Json

MODEL = "stub-model"
ASK: Json = {"role": "user", "content": "What can I do today?"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


@dataclass
class Heard:
    """An answer: `pieces` of text, calls as name, raw arguments and id, tokens asked and given."""

    pieces: list[str] = field(default_factory=list[str])
    calls: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    refusal: str = ""
    stop: str | None = None
    tokens: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(self.pieces)


class Client(Protocol):
    """Asks the stub through a client library."""

    async def ask(self, **more: Any) -> Heard:
        """One answer to ASK, or to `messages`. Raises the library's own errors."""
        ...

    async def stream(self, heard: Heard, **more: Any) -> None:
        """The same, filled in as it comes, so that what came before an error can be seen."""
        ...

    def tools(self, *names: str) -> Json:
        """The request's part that offers tools with SCHEMA for their arguments."""
        ...

    def schema(self) -> Json:
        """The request's part that asks for JSON after SCHEMA."""
        ...

    def results(self, *answered: tuple[str, str]) -> Json:
        """The request's part in which tools were called by id, and gave these texts."""
        ...


@dataclass
class OpenAIClient:
    """OpenAI's own library."""

    client: openai.AsyncOpenAI

    async def ask(self, **more: Any) -> Heard:
        """See `Client`."""
        asked: Json = {"model": MODEL, "messages": [ASK], **more}
        answer = await self.client.chat.completions.create(stream=False, **asked)
        (choice,) = answer.choices
        heard = Heard([choice.message.content] if choice.message.content else [])
        for call in choice.message.tool_calls or ():
            assert call.type == "function"
            heard.calls.append((call.function.name, call.function.arguments, call.id))
        heard.refusal = choice.message.refusal or ""
        heard.stop = choice.finish_reason
        assert answer.usage is not None
        heard.tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
        return heard

    async def stream(self, heard: Heard, **more: Any) -> None:
        """See `Client`."""
        asked: Json = {"model": MODEL, "messages": [ASK], **more}
        usage: Any = {"include_usage": True}
        async with await self.client.chat.completions.create(
            stream=True, stream_options=usage, **asked
        ) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    heard.tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
                for choice in chunk.choices:
                    heard.refusal += choice.delta.refusal or ""
                    heard.stop = choice.finish_reason or heard.stop
                    if choice.delta.content:
                        heard.pieces.append(choice.delta.content)
                    for call in choice.delta.tool_calls or ():
                        assert call.function is not None
                        if call.id is not None:
                            assert call.index == len(heard.calls)
                            assert call.function.name is not None
                            heard.calls.append((call.function.name, "", call.id))
                        name, arguments, call_id = heard.calls[call.index]
                        arguments += call.function.arguments or ""
                        heard.calls[call.index] = name, arguments, call_id

    def tools(self, *names: str) -> Json:
        """See `Client`."""
        functions = [
            {"name": name, "description": "A tool.", "parameters": SCHEMA} for name in names
        ]
        return {"tools": [{"type": "function", "function": function} for function in functions]}

    def schema(self) -> Json:
        """See `Client`."""
        form = {"name": "task", "schema": SCHEMA, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def results(self, *answered: tuple[str, str]) -> Json:
        """See `Client`."""
        function = {"name": "look", "arguments": "{}"}
        calls = [{"id": key, "type": "function", "function": function} for key, _ in answered]
        said = [{"role": "tool", "tool_call_id": key, "content": text} for key, text in answered]
        return {"messages": [ASK, {"role": "assistant", "tool_calls": calls}, *said]}


@dataclass
class AnthropicClient:
    """Anthropic's own library."""

    client: anthropic.AsyncAnthropic

    async def ask(self, **more: Any) -> Heard:
        """See `Client`."""
        asked: Json = {"model": MODEL, "messages": [ASK], "max_tokens": 500, **more}
        answer = await self.client.messages.create(stream=False, **asked)
        heard = Heard(stop=answer.stop_reason)
        for block in answer.content:
            if block.type == "text":
                heard.pieces.append(block.text)
            elif block.type == "tool_use":
                heard.calls.append((block.name, _raw(block.input), block.id))
        if answer.stop_details is not None:
            heard.refusal = answer.stop_details.explanation or ""
        heard.tokens = answer.usage.input_tokens, answer.usage.output_tokens
        return heard

    async def stream(self, heard: Heard, **more: Any) -> None:
        """See `Client`."""
        asked: Json = {"model": MODEL, "messages": [ASK], "max_tokens": 500, **more}
        tokens_asked = 0
        open_block: int | None = None
        async with await self.client.messages.create(stream=True, **asked) as events:
            async for event in events:
                if event.type == "message_start":
                    tokens_asked = event.message.usage.input_tokens
                elif event.type == "content_block_start":
                    assert open_block is None
                    open_block = event.index
                    if event.content_block.type == "tool_use":
                        heard.calls.append((event.content_block.name, "", event.content_block.id))
                elif event.type == "content_block_delta":
                    assert event.index == open_block
                    if event.delta.type == "text_delta":
                        heard.pieces.append(event.delta.text)
                    elif event.delta.type == "input_json_delta":
                        name, arguments, call_id = heard.calls[-1]
                        heard.calls[-1] = name, arguments + event.delta.partial_json, call_id
                elif event.type == "content_block_stop":
                    assert event.index == open_block
                    open_block = None
                elif event.type == "message_delta":
                    heard.stop = event.delta.stop_reason
                    heard.tokens = tokens_asked, event.usage.output_tokens
                    if event.delta.stop_details is not None:
                        heard.refusal = event.delta.stop_details.explanation or ""

    def tools(self, *names: str) -> Json:
        """See `Client`."""
        return {
            "tools": [
                {"name": name, "description": "A tool.", "input_schema": SCHEMA} for name in names
            ]
        }

    def schema(self) -> Json:
        """See `Client`."""
        return {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}

    def results(self, *answered: tuple[str, str]) -> Json:
        """See `Client`."""
        calls: list[Json] = [
            {"type": "tool_use", "id": key, "name": "look", "input": {}} for key, _ in answered
        ]
        said = [
            {"type": "tool_result", "tool_use_id": key, "content": [{"type": "text", "text": text}]}
            for key, text in answered
        ]
        return {
            "messages": [
                ASK,
                {"role": "assistant", "content": calls},
                {"role": "user", "content": said},
            ]
        }


def _raw(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
