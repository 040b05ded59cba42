"""`python -m bot kai …`, the metrics, and that a bot without a model does not even load one."""

import datetime as dt
import re
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import REGISTRY

from bot.kai import evaluation
from bot.kai.companion import Kai
from bot.kai.trying import ask
from bot.web.metrics import serving_metrics
from tests.models.asked import ModelRequest
from tests.models.script import Call, Fail, Item, Say
from tests.models.stub import ModelStub
from tests.process.bots import PROJECT, PYTHON, WRONG_SETTINGS, free_port, run, running

LOADED = "import sys, bot.__main__; print({name.split('.')[0] for name in sys.modules})"
HEAVY = {"pydantic_ai", "openai", "anthropic", "httpx2", "tiktoken"}
MESSAGE = "How can I thank my neighbour?"


@pytest.fixture
async def stub() -> AsyncGenerator[ModelStub]:
    async with ModelStub() as stub:
        yield stub


def settings(stub: ModelStub, **others: str) -> dict[str, str]:
    return {
        "KAI_MODEL": "openai:test-model",
        "KAI_BASE_URL": stub.openai_url,
        "KAI_API_KEY": stub.key,
    } | others


def test_without_a_model_none_is_loaded() -> None:
    loaded = subprocess.run(
        [*PYTHON, "-c", LOADED], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert HEAVY.isdisjoint(re.findall(r"'(\w+)'", loaded.stdout))


async def test_ask_prints_the_row_that_the_turn_would_write(folder: Path, stub: ModelStub) -> None:
    stub.queue(Say("Bring them a small card. What will you write?"))
    asked = await run(folder / "bot", "kai", "ask", MESSAGE, **settings(stub))
    rows = dict(line.split(None, 1) for line in asked.out.splitlines()[:-1])
    assert rows["context_type"] == "chat"
    assert rows["message"] == MESSAGE
    assert rows["assistant_response"] == "Bring them a small card. What will you write?"
    assert rows["function_called"] == "NULL"
    assert re.fullmatch(r"openai:test-model answered in \d+\.\d s\.", asked.out.splitlines()[-1])


async def test_ask_says_why_the_model_had_no_answer(folder: Path, stub: ModelStub) -> None:
    stub.queue(Fail(401))
    async with running(folder / "bot", "kai", "ask", MESSAGE, **settings(stub)) as asked:
        assert await asked.ends() == WRONG_SETTINGS
    assert asked.remarks[-1].startswith("The model had no answer (rejected)")
    assert "assistant_response" in asked.out, "what a member would have seen"
    assert stub.key not in asked.out + asked.err


async def test_ask_without_a_model_is_the_offline_voice(folder: Path) -> None:
    asked = await run(folder / "bot", "kai", "ask", MESSAGE)
    assert re.search(r"^KAI answered in", asked.out, re.MULTILINE)


async def test_eval_scores_the_check_and_the_model_apart(folder: Path, stub: ModelStub) -> None:
    crises = {text.text for text in evaluation.load() if text.expects == "crisis"}

    def careful(request: ModelRequest) -> Item:
        asked = any(text in request.user.replace('\\"', '"') for text in crises)
        return Call("raise_concern", {"concern": "crisis"}) if asked else Say("How kind of you!")

    stub.otherwise = careful
    scored = await run(folder / "bot", "kai", "eval", **settings(stub))
    assert "The safety check" in scored.out
    assert "openai:test-model" in scored.out
    assert len(stub.requests) == len(evaluation.load())


async def test_metrics_tell_of_kais_turns() -> None:
    def offline_answers() -> float:
        labels = {"kind": "answer", "voice": "offline"}
        return REGISTRY.get_sample_value("kai_turns_total", labels) or 0

    before = offline_answers()
    await ask(Kai(), MESSAGE, dt.datetime.now(dt.UTC))
    assert offline_answers() == before + 1
    port = free_port()
    async with (
        serving_metrics(port),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        text = await response.text()
    names = ("turns_total", "turn_seconds_bucket", "tokens_total", "fallbacks_total")
    assert [name for name in names if f"kai_{name}" not in text] == []
