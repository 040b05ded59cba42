"""A request as the stub model received it, with the parts that tests look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

Json: TypeAlias = dict[str, Any]
Api: TypeAlias = Literal["openai", "anthropic"]

OUTPUT_TOOL = "final_result"
"""How the names begin of the tools that pydantic-ai takes structured answers by."""


@dataclass(frozen=True)
class ModelRequest:
    """One call of the model: the `number`-th that the stub answered, counted from 1.

    `arrived` is the event loop's time in seconds; `size` is the body's, in bytes.
    """

    api: Api
    number: int
    body: Json
    headers: Mapping[str, str]
    arrived: float
    size: int

    @property
    def system(self) -> str:
        """All that the system and the developer say."""
        ahead = texts(self.body.get("system"))
        return "\n".join([*ahead, *self._said_by("system", "developer")])

    @property
    def user(self) -> str:
        """All that the user says, in all turns."""
        return "\n".join(self._said_by("user"))

    @property
    def assistant(self) -> str:
        """All that the request has the assistant say in earlier turns."""
        return "\n".join(self._said_by("assistant"))

    @property
    def streaming(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.body.get("stream") is True

    @property
    def tools(self) -> list[str]:
        """The names of the tools on offer."""
        return [tool["name"] for tool in self._tools()]

    def parameters(self, name: str) -> Json:
        """The JSON schema of a tool's arguments. Raises KeyError when it is not on offer."""
        for tool in self._tools():
            if tool["name"] == name:
                return tool["parameters" if self.api == "openai" else "input_schema"]
        raise KeyError(name)

    @property
    def output_tool(self) -> str | None:
        """The first tool on offer that takes a structured answer."""
        return next((name for name in self.tools if name.startswith(OUTPUT_TOOL)), None)

    @property
    def wants_json(self) -> bool:
        """Whether the text of the answer is to be JSON."""
        if self.api == "openai":
            form = self.part("response_format")
        else:
            form: Json = self.part("output_config").get("format") or {}
        return form.get("type") in {"json_schema", "json_object"}

    @property
    def tool_results(self) -> list[str]:
        """The texts of the tool results in it, oldest first."""
        found: list[str] = []
        for message in self.messages:
            if message["role"] == "tool":
                found.append("\n".join(texts(message.get("content"))))
            found.extend(
                "\n".join(texts(block.get("content")))
                for block in blocks(message.get("content"))
                if block.get("type") == "tool_result"
            )
        return found

    def part(self, name: str) -> Json:
        """An object of the body, empty when the request does not have it."""
        return self.body.get(name) or {}

    @property
    def messages(self) -> list[Json]:
        """The conversation so far."""
        return self.body["messages"]

    def _said_by(self, *roles: str) -> Iterable[str]:
        for message in self.messages:
            if message["role"] in roles:
                yield from texts(message.get("content"))

    def _tools(self) -> list[Json]:
        tools: list[Json] = self.body.get("tools") or []
        return [tool["function"] for tool in tools] if self.api == "openai" else tools


def texts(content: object) -> list[str]:
    """The texts of a message's content, whether it is a string or a list of parts."""
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in blocks(content) if part.get("type") == "text"]


def blocks(content: object) -> list[Json]:
    """The parts of a message's content, none when it is a string."""
    return cast("list[Json]", content) if isinstance(content, list) else []
