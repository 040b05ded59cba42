"""The stub model and the client libraries that talk to it, made so that they never retry."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anthropic
import openai
import pytest

from tests.models.hearing import AnthropicClient, Client, OpenAIClient
from tests.models.stub import ModelStub


@pytest.fixture
async def stub() -> AsyncGenerator[ModelStub]:
    """A model that says a small kind thing until told otherwise."""
    async with ModelStub() as stub:
        yield stub


@pytest.fixture(params=["openai", "anthropic"])
async def client(request: pytest.FixtureRequest, stub: ModelStub) -> AsyncGenerator[Client]:
    """Each of the two libraries, given two seconds an answer."""
    if request.param == "openai":
        async with openai.AsyncOpenAI(
            base_url=stub.openai_url, api_key=stub.key, max_retries=0, timeout=2
        ) as library:
            yield OpenAIClient(library)
    else:
        async with anthropic.AsyncAnthropic(
            base_url=stub.anthropic_url, api_key=stub.key, max_retries=0, timeout=2
        ) as library:
            yield AnthropicClient(library)
