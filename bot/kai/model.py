"""KAI's model voice, on pydantic-ai. Imported only when a model is configured."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, Literal, TypeVar

import structlog
from pydantic import BaseModel, Field
from pydantic_ai import Agent, ModelRetry, NativeOutput, RunContext, ToolOutput
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelConnectionError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelUnavailableError,
    UsageLimitExceeded,
)
from pydantic_ai.messages import (
    AgentStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage, UsageLimits

from bot.actions.budget import Call
from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Hear,
    Question,
    ReflectionRequest,
    TaskRequest,
    Tools,
)
from bot.kai import checks, prompts
from bot.kai.model_tools import TOOLS
from bot.kai.safety import Concern, concern_of
from bot.kai.voice import MAX_ANSWER, Spoken, VoiceTroubleError
from bot.rules.points import Difficulty, difficulty_of

log = structlog.get_logger(__name__)

PAUSES = (0.3, 1.0)
"""Seconds before a failed call is made again, unless the model asks for others."""
LIMITS = UsageLimits(request_limit=5, tool_calls_limit=8)
SETTINGS = ModelSettings(
    max_tokens=3000,
    thinking=False,  # or as little as the model can: a member waits
    max_retries=0,  # they are made here, in the time that there is
    framing_announcement="never",  # the instructions say what is data
)
CAUSES: dict[type[ModelAPIError], str] = {
    ModelRateLimitError: "rate_limit",
    ModelQuotaExceededError: "quota",
    ModelUnavailableError: "unavailable",
    ModelServerError: "server",
    ModelConnectionError: "connection",
    ModelRequestRejectedError: "rejected",
}
"""The families of a model's errors, for the metrics; "api" for all others."""
CHARACTERS_PER_TOKEN = 3
"""How the tokens of a model that reports none are reckoned."""

T = TypeVar("T")
Output = TypeVar("Output", bound=BaseModel)


class Task(BaseModel):
    """A mystery act."""

    title: str = Field(description="3 to 60 characters")
    text: str = Field(description="20 to 240 characters, to the reader as you")
    minutes: int = Field(description="How many minutes it takes")
    difficulty: Difficulty


class Guidance(BaseModel):
    """Guidance for a challenge day."""

    text: str = Field(description="30 to 80 words of prose")


class Note(BaseModel):
    """A note on a reflection."""

    text: str = Field(description="20 to 60 words of prose")
    crisis: bool = Field(description="Whether the reflection speaks of self-harm, abuse or danger")


class Concerned(BaseModel):
    """What a message calls for instead of an answer."""

    concern: Literal["crisis", "medical", "legal"]


class _Enough(Exception):
    """The model has said as much as is listened to."""

    def __init__(self, text: str) -> None:
        self.text = text


class ModelVoice:
    """A model, asked for typed and checked texts, and for answers with tools."""

    def __init__(self, model: Model, close: Callable[[], Awaitable[None]]) -> None:
        self._model = model
        self._close = close
        self._talk: Agent[Any, str | Concerned] = Agent(
            model,
            output_type=[
                str,
                ToolOutput(
                    Concerned,
                    name="raise_concern",
                    description="Call this instead of answering a message that speaks of danger, "
                    "or asks for a diagnosis, or for medical or legal advice.",
                ),
            ],
            instructions=_instructions("conversation"),
            retries=1,
            model_settings=SETTINGS,
        )
        self._task = self._writer("task", Task)
        self._act = self._writer("act", Task)
        self._guidance = self._writer("guidance", Guidance)
        self._note = self._writer("note", Note)

    def _writer(self, what: str, output: type[Output]) -> "Agent[Any, Output]":
        """An agent whose output is checked by its dependency, and mended once."""
        native = self._model.profile.get("supports_json_schema_output", False)
        agent: Agent[Any, Output] = Agent(
            self._model,
            output_type=NativeOutput(output) if native else ToolOutput(output),
            instructions=_instructions(what),
            retries=1,
            model_settings=SETTINGS,
        )

        agent.output_validator(_mended)
        return agent

    async def write_task(self, request: TaskRequest, call: Call) -> str:
        """A checked task for a quest day."""
        check = _task_check(difficulty_of(request.difficulty), request.earlier)
        task = await self._run(self._task, prompts.task(request), call, check)
        return checks.task_text(task.title, task.text)

    async def write_act(self, request: ActRequest, call: Call) -> str:
        """A checked act for a daily post."""
        check = _task_check(difficulty_of(request.difficulty), request.earlier)
        act = await self._run(self._act, prompts.act(request), call, check)
        return checks.task_text(act.title, act.text)

    async def write_guidance(self, request: GuidanceRequest, call: Call) -> str:
        """Checked guidance for a challenge day."""

        def check(written: Guidance) -> str | None:
            return checks.problem_with_guidance(written.text)

        written = await self._run(self._guidance, prompts.guidance(request), call, check)
        return written.text.strip()

    async def note_on(self, request: ReflectionRequest, call: Call) -> Spoken:
        """A checked note on a reflection, or a concern."""

        def sees_danger(written: Note) -> bool:
            return written.crisis or concern_of(written.text) is Concern.CRISIS

        def check(written: Note) -> str | None:
            return None if sees_danger(written) else checks.problem_with_note(written.text)

        written = await self._run(self._note, prompts.note(request), call, check)
        return Spoken(written.text.strip(), Concern.CRISIS if sees_danger(written) else None)

    async def answer(
        self, question: Question, tools: Tools | None, hear: Hear | None, call: Call
    ) -> Spoken:
        """An answer to a member, or a concern; heard while it is streamed."""

        async def listen(
            _context: RunContext[Tools | None], events: AsyncIterable[AgentStreamEvent]
        ) -> None:
            text = ""
            async for event in events:
                more = _text_in(event)
                if not more:
                    continue
                text += more
                if len(text) > MAX_ANSWER:
                    raise _Enough(text)
                if hear is not None:
                    await hear(text)

        def begin() -> None:
            if tools is not None:
                tools.forget()

        try:
            said = await self._run(
                self._talk,
                prompts.conversation(question),
                call,
                tools,
                begin=begin,
                event_stream_handler=listen,
                toolsets=[] if tools is None else [TOOLS],
            )
        except _Enough as enough:
            call.tokens += len(enough.text) // CHARACTERS_PER_TOKEN
            return Spoken(enough.text)
        if isinstance(said, Concerned):
            return Spoken("", Concern(said.concern))
        return Spoken(said)

    async def _run(
        self,
        agent: "Agent[Any, T]",
        prompt: str,
        call: Call,
        deps: object,
        *,
        begin: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> T:
        """One run, made again when the model is in passing trouble and there is time for it."""
        for pause in (*PAUSES, None):
            begin()
            usage = RunUsage()
            try:
                result = await agent.run(
                    prompt, deps=deps, usage=usage, usage_limits=LIMITS, **options
                )
            except ModelAPIError as error:
                wait = _wait_before_another(error, pause, call.deadline)
                if wait is None:
                    log.warning("the model has failed", error=str(error)[:300])
                    raise VoiceTroubleError(_cause_of(error), rest=error.retry_after) from error
                log.info("asking the model again", cause=_cause_of(error), seconds=wait)
                await asyncio.sleep(wait)
            except UsageLimitExceeded as error:
                raise VoiceTroubleError("runaway", failed=False) from error
            except ContentFilterError as error:
                raise VoiceTroubleError("refusal", failed=False) from error
            except AgentRunError as error:
                log.info("the model's output is of no use", error=str(error)[:200])
                raise VoiceTroubleError("output", failed=False) from error
            else:
                if result.response.finish_reason == "content_filter":
                    raise VoiceTroubleError("refusal", failed=False)
                return result.output
            finally:
                call.tokens += usage.total_tokens or len(prompt) // CHARACTERS_PER_TOKEN
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections to the model."""
        await self._close()


async def _mended(context: RunContext[Any], written: Output) -> Output:
    """Send the model's text back, once, with what the check finds wrong with it."""
    problem: str | None = context.deps(written)
    if problem is not None:
        raise ModelRetry(problem)
    return written


def open_voice(model: str, *, base_url: str | None, api_key: str | None) -> ModelVoice:
    """The voice of `openai:NAME` or `anthropic:NAME`, at its own address or another.

    Another address for `openai` is any server that speaks its chat-completions protocol; such a
    server may need no key.
    """
    vendor, _, name = model.partition(":")
    if base_url is not None:
        api_key = api_key or "none"  # and never one of the environment's
    if vendor == "anthropic":
        claude = AnthropicModel(
            name, provider=AnthropicProvider(api_key=api_key, base_url=base_url)
        )
        return ModelVoice(claude, claude.client.close)
    provider: OpenAIProvider | OpenAICompatibleProvider
    if base_url is None:
        provider = OpenAIProvider(api_key=api_key)
    else:
        provider = OpenAICompatibleProvider("compatible", base_url=base_url, api_key=api_key)
    chat = OpenAIChatModel(name, provider=provider)
    return ModelVoice(chat, chat.client.close)


def _instructions(what: str) -> str:
    return f"{prompts.INSTRUCTIONS['manner']}\n{prompts.INSTRUCTIONS[what]}"


def _task_check(wanted: Difficulty, earlier: tuple[str, ...]) -> Callable[[Task], str | None]:
    def check(task: Task) -> str | None:
        return checks.problem_with_task(
            task.title, task.text, task.minutes, task.difficulty, wanted=wanted, earlier=earlier
        )

    return check


def _text_in(event: AgentStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=content)):
            return content
        case PartDeltaEvent(delta=TextPartDelta(content_delta=content)):
            return content
        case _:
            return ""


def _wait_before_another(
    error: ModelAPIError, pause: float | None, deadline: float
) -> float | None:
    """Seconds to wait before asking again; None when that is of no use, or there is no time."""
    hopeless = isinstance(error, (ModelRequestRejectedError, ModelQuotaExceededError))
    if pause is None or hopeless:
        return None
    wait = pause if error.retry_after is None else error.retry_after
    left = deadline - asyncio.get_running_loop().time()
    return wait if wait < left / 2 else None


def _cause_of(error: ModelAPIError) -> str:
    return next((cause for family, cause in CAUSES.items() if isinstance(error, family)), "api")
