"""pydantic-ai's agents against the stub: what KAI's voice will see of each item of a script."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput, UnexpectedModelBehavior
from pydantic_ai.exceptions import ContentFilterError, ModelAPIError, ModelHTTPError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.models.script import Call, Calls, Cut, Data, Empty, Fail, Hang, Refuse, Say
from tests.models.stub import ModelStub

pytestmark = pytest.mark.timeout(20)
both_ways = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])

NATIVE_MODEL = "claude-sonnet-4-6"  # by whose profile pydantic-ai sends a JSON schema


class Task(BaseModel):
    """A structured answer."""

    title: str
    minutes: int


TASK: dict[str, Any] = {"title": "Wave at the postman", "minutes": 5}


@pytest.fixture(params=["openai", "anthropic"])
async def model(request: pytest.FixtureRequest, stub: ModelStub) -> AsyncGenerator[Model]:
    """Each protocol's model, given two seconds an answer and never retrying."""
    if request.param == "openai":
        async with openai.AsyncOpenAI(
            base_url=stub.openai_url, api_key=stub.key, max_retries=0, timeout=2
        ) as chat:
            yield OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=chat))
    else:
        async with anthropic.AsyncAnthropic(
            base_url=stub.anthropic_url, api_key=stub.key, max_retries=0, timeout=2
        ) as messages:
            provider = AnthropicProvider(anthropic_client=messages)
            yield AnthropicModel(NATIVE_MODEL, provider=provider)


async def run(agent: Agent[None, Any], streaming: bool, question: str = "Hello?") -> Any:
    """The agent's output, either way."""
    if not streaming:
        return (await agent.run(question)).output
    async with agent.run_stream(question) as result:
        return await result.get_output()


@both_ways
async def test_an_agent_hears_text(stub: ModelStub, model: Model, streaming: bool) -> None:
    stub.queue(Say("Hold a door. 👋"))
    # Unless the answer's length is limited, Anthropic's is streamed whichever way it is asked for.
    agent = Agent(model, instructions="Be kind.", model_settings={"max_tokens": 500})
    assert await run(agent, streaming) == "Hold a door. 👋"
    (request,) = stub.requests
    assert request.streaming is streaming
    assert request.system.endswith("Be kind.")  # pydantic-ai may put words of its own before it
    assert request.user == "Hello?"
    assert stub.rejected == []


async def test_an_agent_hears_a_text_grow_and_what_it_cost(stub: ModelStub, model: Model) -> None:
    stub.queue(Say("Hold a door for somebody.", pieces=5, pause=0.02))
    stub.tokens = 1234, 56
    async with Agent(model).run_stream("Hello?") as result:
        grown = [text async for text in result.stream_text(debounce_by=None)]
    assert len(grown) >= 5
    assert grown[-1] == "Hold a door for somebody."
    assert (result.usage.input_tokens, result.usage.output_tokens) == (1234, 56)


@both_ways
async def test_an_agent_calls_tools_and_is_told_of_rubbish(
    stub: ModelStub, model: Model, streaming: bool
) -> None:
    done: list[str] = []
    agent = Agent(model, retries=1)

    @agent.tool_plain
    def look(day: int) -> str:  # pyright: ignore[reportUnusedFunction]
        """Look at a day."""
        done.append(f"look {day}")
        return f"day {day} is fine"

    stub.queue(
        Call("look", '{"day": rubbish'),
        Calls([Call("look", {"day": 3}), Call("look", {"day": 4})], text="One moment."),
        Say("Both days are fine."),
    )
    if streaming:  # the text before the calls would end a streamed run
        stub.script[1] = Calls([Call("look", {"day": 3}), Call("look", {"day": 4})])
    assert await run(agent, streaming) == "Both days are fine."
    assert sorted(done) == ["look 3", "look 4"]
    assert stub.requests[0].tools == ["look"]
    assert stub.requests[2].tool_results[-2:] == ["day 3 is fine", "day 4 is fine"]
    assert stub.rejected == []


@both_ways
@pytest.mark.parametrize("mode", [NativeOutput, ToolOutput])
async def test_an_agent_gets_data_and_asks_again_for_what_is_wrong(
    stub: ModelStub, model: Model, streaming: bool, mode: type[Any]
) -> None:
    agent: Agent[None, Any] = Agent(model, output_type=mode(Task), retries=2)
    stub.queue(Data('{"title": "Wa'), Data({"title": "Wave"}), Data(TASK))
    if streaming:  # a streamed output is not repaired
        del stub.script[0], stub.script[0]
    assert await run(agent, streaming) == Task(**TASK)
    assert not stub.script
    assert all(request.wants_json is (mode is NativeOutput) for request in stub.requests)
    assert (stub.requests[0].output_tool is not None) is (mode is ToolOutput)
    assert stub.rejected == []


@both_ways
async def test_an_agent_meets_failures(stub: ModelStub, model: Model, streaming: bool) -> None:
    agent = Agent(model)
    stub.queue(Fail(500), Fail(429, retry_after=2))
    for status in (500, 429):
        with pytest.raises(ModelHTTPError) as caught:
            await run(agent, streaming)
        assert caught.value.status_code == status


@both_ways
async def test_an_agent_meets_silence_and_a_broken_connection(
    stub: ModelStub, model: Model, streaming: bool
) -> None:
    agent = Agent(model, model_settings={"timeout": 0.2})
    stub.queue(Hang(60), Cut("Hold a door.", after=4))
    for _ in range(2):
        with pytest.raises((ModelAPIError, httpx2.HTTPError)):
            await run(agent, streaming)
    await stub.until(lambda: stub.abandoned == stub.requests[:1])


@both_ways
async def test_an_agent_meets_nothing_and_a_refusal(
    stub: ModelStub, model: Model, streaming: bool
) -> None:
    agent = Agent(model, retries=0)
    stub.queue(Empty(), Refuse(""), Refuse("No."))
    with pytest.raises(UnexpectedModelBehavior):
        await run(agent, streaming)
    if isinstance(model, OpenAIChatModel):
        stub.script.popleft()
        with pytest.raises(ContentFilterError):
            await run(agent, streaming)
    else:
        with pytest.raises(ContentFilterError):
            await run(agent, streaming)
        assert await run(agent, streaming) == "No."
