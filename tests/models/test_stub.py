"""The stub model is proved with the real client libraries before KAI's tests rely on it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.models.asked import ModelRequest
from tests.models.hearing import ASK, SCHEMA, AnthropicClient, Client, Heard, OpenAIClient
from tests.models.script import Call, Calls, Cut, Data, Empty, Fail, Hang, Item, Refuse, Say
from tests.models.stub import ModelStub

pytestmark = pytest.mark.timeout(10)
both_ways = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])

# Anthropic's library lets its HTTP client's own error through when a stream breaks.
UNREACHED = (openai.APIConnectionError, anthropic.APIConnectionError, httpx2.TransportError)
REFUSED = (openai.APIStatusError, anthropic.APIStatusError)


async def hear(client: Client, streaming: bool, **more: Any) -> Heard:
    """One answer, either way."""
    if not streaming:
        return await client.ask(**more)
    heard = Heard()
    await client.stream(heard, **more)
    return heard


@both_ways
async def test_says_what_it_is_told_in_order_and_then_otherwise(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    stub.queue(Say("Wave at the postman. 👋 ça va"), Say("Hold a door."))
    answers = [await hear(client, streaming) for _ in range(3)]
    assert [heard.text for heard in answers] == [
        "Wave at the postman. 👋 ça va",
        "Hold a door.",
        "A small kind thing.",
    ]
    assert {heard.stop for heard in answers} <= {"stop", "end_turn"}
    stub.otherwise = Say("Smile.")
    assert (await hear(client, streaming)).text == "Smile."
    assert len(stub.requests) == len(stub.served) == 4
    assert stub.rejected == []


async def test_streams_in_as_many_pieces_as_said_with_pauses(
    stub: ModelStub, client: Client
) -> None:
    stub.queue(Say("Hold a door for somebody.", pieces=5, pause=0.05))
    heard = Heard()
    began = time.monotonic()
    await client.stream(heard)
    assert time.monotonic() - began >= 4 * 0.05
    assert len(heard.pieces) == 5
    assert heard.text == "Hold a door for somebody."


@both_ways
async def test_carries_a_very_long_text_and_one_that_utf8_cannot(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    long = "Be kind. 🌱" * 10_000
    stub.queue(Say(long, pieces=500), Say("a\ud800b\0c", pieces=1))
    assert (await hear(client, streaming)).text == long
    assert (await hear(client, streaming)).text == "a\ud800b\0c"


@both_ways
async def test_calls_tools(stub: ModelStub, client: Client, streaming: bool) -> None:
    stub.queue(
        Call("look", {"title": "a longer argument, in fragments"}),
        Calls([Call("look", {"title": "one"}, id="first"), Call("act", {})], text="One moment."),
        Call("look", '{"title": rubbish'),
    )
    one, two, rubbish = [
        await hear(client, streaming, **client.tools("look", "act")) for _ in range(3)
    ]
    ((name, arguments, _),) = one.calls
    assert (name, json.loads(arguments)) == (
        "look",
        {"title": "a longer argument, in fragments"},
    )
    assert one.text == ""
    assert [call[:2] for call in two.calls] == [("look", '{"title": "one"}'), ("act", "{}")]
    assert two.calls[0][2] == "first"
    assert len({call[2] for call in one.calls + two.calls + rubbish.calls}) == 4
    assert two.text == "One moment."
    assert rubbish.calls[0][1] == '{"title": rubbish'
    assert {one.stop, two.stop, rubbish.stop} <= {"tool_calls", "tool_use"}


@both_ways
async def test_gives_data_the_way_it_is_asked_for(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    task = {"title": "Wave 👋"}
    stub.queue(Data(task), Data('{"title": "Wa'), Data(task), Data('{"title": "Wa'), Data(task))
    by_schema = [await hear(client, streaming, **client.schema()) for _ in range(2)]
    offered = client.tools("look", "final_result_Task")
    by_tool = [await hear(client, streaming, **offered) for _ in range(2)]
    plain = await hear(client, streaming)
    assert json.loads(by_schema[0].text) == json.loads(plain.text) == task
    assert by_schema[1].text == '{"title": "Wa'
    assert [heard.calls[0][0] for heard in by_tool] == ["final_result_Task"] * 2
    assert json.loads(by_tool[0].calls[0][1]) == task
    assert by_tool[1].calls[0][1] == '{"title": "Wa'


@both_ways
async def test_fails_as_often_as_said(stub: ModelStub, client: Client, streaming: bool) -> None:
    stub.queue(Fail(500, times=3), Fail(429, retry_after=1.5), Fail(529))
    failures: list[openai.APIStatusError | anthropic.APIStatusError] = []
    for _ in range(5):
        with pytest.raises(REFUSED) as caught:
            await hear(client, streaming)
        assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
        failures.append(caught.value)
    assert [failure.status_code for failure in failures] == [500, 500, 500, 429, 529]
    assert isinstance(failures[3], openai.RateLimitError | anthropic.RateLimitError)
    assert failures[3].response.headers["Retry-After"] == "1.5"
    assert "Retry-After" not in failures[4].response.headers
    assert "failed on purpose" in failures[0].message
    assert (await hear(client, streaming)).text == "A small kind thing."


@both_ways
async def test_hangs_until_the_client_goes_away(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    stub.queue(Hang(60))
    with pytest.raises((openai.APITimeoutError, anthropic.APITimeoutError)):
        await hear(client, streaming, timeout=0.1)
    await stub.until(lambda: stub.abandoned == stub.requests)
    assert stub.served == []


@both_ways
async def test_hangs_up_or_answers_after_hanging(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    stub.queue(Hang(0.05), Hang(0.05, then=Say("Late.")))
    with pytest.raises(UNREACHED):
        await hear(client, streaming)
    assert (await hear(client, streaming)).text == "Late."


@both_ways
async def test_breaks_the_connection(stub: ModelStub, client: Client, streaming: bool) -> None:
    text = "Hold a door for somebody. " * 4_000
    stub.queue(Cut("Hold a door.", after=6), Cut("Hold a door.", after=0), Cut(text, after=90_000))
    for expected in ("Hold a", "", text[:90_000]):
        heard = Heard()
        with pytest.raises(UNREACHED):
            await (client.stream(heard) if streaming else client.ask())
        if streaming:
            assert heard.text == expected
        assert heard.stop is None
    assert stub.served == []
    assert (await hear(client, streaming)).text == "A small kind thing."


@both_ways
async def test_answers_nothing_and_refuses(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    stub.queue(Empty(), Refuse("I would rather not."))
    empty = await hear(client, streaming)
    assert (empty.text, empty.calls, empty.refusal) == ("", [], "")
    refused = await hear(client, streaming)
    assert refused.refusal == "I would rather not."
    if isinstance(client, OpenAIClient):
        assert (refused.text, refused.stop) == ("", "stop")
    else:
        assert (refused.text, refused.stop) == ("I would rather not.", "refusal")


@both_ways
async def test_answers_what_a_function_makes_of_the_request(
    stub: ModelStub, client: Client, streaming: bool
) -> None:
    def echo(request: ModelRequest) -> Item:
        return Say(request.user.upper())

    stub.queue(echo, Say("Once."))
    stub.otherwise = lambda request: Say(f"{request.number}")
    answers = [(await hear(client, streaming)).text for _ in range(3)]
    assert answers == ["WHAT CAN I DO TODAY?", "Once.", "3"]


@both_ways
async def test_counts_tokens(stub: ModelStub, client: Client, streaming: bool) -> None:
    stub.queue(Say("x" * 40))
    estimated = (await hear(client, streaming)).tokens
    assert estimated is not None
    assert estimated[0] == stub.requests[0].size // 4 + 1
    assert estimated[1] == 11
    stub.tokens = 1234, 56
    assert (await hear(client, streaming)).tokens == (1234, 56)


@both_ways
async def test_knows_what_it_was_asked(stub: ModelStub, client: Client, streaming: bool) -> None:
    more = client.results(("one", "day 3"), ("two", "no task")) | client.tools("look", "act")
    if isinstance(client, OpenAIClient):
        ahead = {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]}
        more["messages"] = [ahead, *more["messages"]]
    else:
        more["system"] = [{"type": "text", "text": "Be kind."}]
    before = asyncio.get_running_loop().time()
    await hear(client, streaming, **more)
    (request,) = stub.requests
    assert request.system == "Be kind."
    assert request.user == ASK["content"]
    assert request.assistant == ""
    assert request.tools == ["look", "act"]
    assert request.parameters("act") == SCHEMA
    assert request.tool_results == ["day 3", "no task"]
    assert request.streaming is streaming
    assert not request.wants_json
    assert request.output_tool is None
    assert before <= request.arrived <= before + 2
    assert request.api == ("openai" if isinstance(client, OpenAIClient) else "anthropic")


async def test_tells_when_an_answer_is_written(stub: ModelStub, client: Client) -> None:
    told: list[ModelRequest] = []
    stub.finished.append(told.append)
    stub.queue(Say("One."), Cut("Two.", after=1), Fail(500))
    await client.ask()
    for _ in range(2):
        with pytest.raises((*UNREACHED, *REFUSED)):
            await client.ask()
    await stub.until(lambda: len(told) == 2)
    assert told == stub.served == [stub.requests[0], stub.requests[2]]


async def test_refuses_a_wrong_key_and_an_unknown_address(stub: ModelStub, client: Client) -> None:
    library: Any = client.client if isinstance(client, OpenAIClient | AnthropicClient) else None
    library.api_key = "another"
    with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)):
        await client.ask()
    with pytest.raises((openai.NotFoundError, anthropic.NotFoundError)):
        await library.models.list()
    assert [reason[:3] for reason in stub.rejected] == ["401", "404"]
    assert stub.requests == []


async def test_refuses_what_the_real_servers_refuse(stub: ModelStub, client: Client) -> None:
    answered = client.results(("one", "day 3"))["messages"]
    wrong = [[], answered[:2], [answered[0], answered[2]]]
    if isinstance(client, AnthropicClient):
        wrong += [[{"role": "user", "content": " "}], answered[1:]]
    for messages in wrong:
        with pytest.raises((openai.BadRequestError, anthropic.BadRequestError)):
            await client.ask(messages=messages)
    assert len(stub.rejected) == len(wrong)
    assert stub.requests == []


async def test_closes_promptly_with_answers_under_way(stub: ModelStub, client: Client) -> None:
    stub.queue(Hang(60), Say("Slowly.", pieces=2, pause=60))
    asking = [asyncio.create_task(client.stream(Heard())) for _ in range(2)]
    await stub.until(lambda: len(stub.requests) == 2)
    began = time.monotonic()
    await stub.close()
    assert time.monotonic() - began < 1
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(outcome, UNREACHED) for outcome in outcomes) == 1
    with pytest.raises(UNREACHED):
        await client.ask()


async def test_says_what_went_wrong_in_a_script() -> None:
    def broken(_: ModelRequest) -> Item:
        raise LookupError("the script has a mistake")

    async def use() -> None:
        async with (
            ModelStub(broken) as stub,
            openai.AsyncOpenAI(
                base_url=stub.openai_url, api_key=stub.key, max_retries=0
            ) as library,
        ):
            with pytest.raises(openai.InternalServerError):
                await OpenAIClient(library).ask()

    with pytest.raises(LookupError, match="the script has a mistake"):
        await use()


async def test_serves_many_at_once_in_the_order_of_arrival(stub: ModelStub, client: Client) -> None:
    stub.otherwise = lambda request: Say(str(request.number), pieces=1)
    answers = await asyncio.gather(*(client.ask() for _ in range(20)))
    assert sorted(int(heard.text) for heard in answers) == list(range(1, 21))
    assert [request.number for request in stub.requests] == list(range(1, 21))
