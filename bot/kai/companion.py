"""KAI as the actions know it: the safety check, then the model within its budget, and the offline
voice in every kind of trouble.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

import structlog

from bot.actions.budget import Budget, Call, OverBudgetError
from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Hear,
    Question,
    ReflectionRequest,
    TaskRequest,
    Tools,
    Words,
)
from bot.kai import metrics
from bot.kai.checks import problem_with_answer
from bot.kai.offline import OfflineVoice
from bot.kai.safety import RESOURCES, Concern, concern_of, read_phrases
from bot.kai.voice import MAX_ANSWER, Spoken, Voice, VoiceTroubleError
from bot.rules.texts import storable

log = structlog.get_logger(__name__)

ELLIPSIS = "…"
TOLD_EVERY = 1.0
"""Seconds between two times that an answer under way is checked and told; a shorter one is not."""


class _Request(Protocol):
    @property
    def user_id(self) -> int: ...
    @property
    def guild_id(self) -> int | None: ...


class Kai:
    """The companion. Without a voice of a model it speaks offline; without a budget, freely."""

    def __init__(
        self, voice: Voice | None = None, budget: Budget | None = None, *, seconds: float = 20
    ) -> None:
        read_phrases()  # before a member waits for it
        self._offline = OfflineVoice()
        self._voice = voice
        self._budget = budget
        self._seconds = seconds
        self._under_way: set[asyncio.Timeout] = set()
        self._stopping = False

    async def write_task(self, request: TaskRequest) -> str:
        """The task for a quest day, different from every earlier one."""
        if request.unread:
            return self._offline.write_task(request)
        return await self._words(
            "task",
            request,
            lambda voice, call: voice.write_task(request, call),
            lambda: self._offline.write_task(request),
        )

    async def write_act(self, request: ActRequest) -> str:
        """The act of a quest's daily post, different from every earlier one."""
        return await self._words(
            "act",
            request,
            lambda voice, call: voice.write_act(request, call),
            lambda: self._offline.write_act(request),
        )

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """Guidance for a challenge day."""
        return await self._words(
            "guidance",
            request,
            lambda voice, call: voice.write_guidance(request, call),
            lambda: self._offline.write_guidance(request),
        )

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A warm note on a reflection; resources when it speaks of danger."""
        if concern_of(request.text) is Concern.CRISIS:
            return _met_by_us("note", Words(RESOURCES, crisis=True))
        spoken = await self._ask("note", request, lambda voice, call: voice.note_on(request, call))
        if isinstance(spoken, str):
            return Words(self._offline.note_on(request), fell_back=spoken or None)
        if spoken.concern is Concern.CRISIS:
            return Words(RESOURCES, crisis=True)
        return Words(spoken.text)

    async def answer(
        self, question: Question, tools: Tools | None = None, hear: Hear | None = None
    ) -> Words:
        """An answer; resources or a refusal, before a model is asked, where they are called for."""
        concern = concern_of(question.text)
        if concern is not None:
            return _met_by_us("answer", self._met(concern, question))
        spoken = await self._ask(
            "answer",
            question,
            lambda voice, call: self._answer(voice, question, tools, hear, call),
        )
        called = tuple(tools.called) if tools else ()
        if isinstance(spoken, str):
            return Words(self._offline_answer(question, spoken), fell_back=spoken or None)
        if spoken.concern is not None:
            return self._met(spoken.concern, question)
        return Words(spoken.text, called=called, offers=tuple(tools.offers) if tools else ())

    async def _answer(
        self,
        voice: Voice,
        question: Question,
        tools: Tools | None,
        hear: Hear | None,
        call: Call,
    ) -> Spoken:
        """The model's answer, checked beside it: nothing that is not fit is heard or given."""
        hearing = None if hear is None else _Hearing(hear)
        spoken = await voice.answer(question, tools, hearing, call)
        if spoken.concern is not None:
            return spoken
        if concern_of(spoken.text) is Concern.CRISIS:  # it has understood what our check has not
            return Spoken("", Concern.CRISIS)
        if problem_with_answer(spoken.text) is not None:
            raise VoiceTroubleError("unfit", failed=False)
        return Spoken(_shown(spoken.text))

    def _met(self, concern: Concern, question: Question) -> Words:
        if concern is Concern.CRISIS:
            return Words(RESOURCES, crisis=True)
        return Words(self._offline.refuse(concern, question))

    def _offline_answer(self, question: Question, cause: str) -> str:
        words = self._offline.answer(question)
        if not cause:
            return words
        return f"{self._offline.away(question, cause)}\n\n{words}"

    async def _words(
        self,
        kind: str,
        request: _Request,
        ask: Callable[[Voice, Call], Awaitable[str]],
        offline: Callable[[], str],
    ) -> str:
        async def spoken(voice: Voice, call: Call) -> Spoken:
            return Spoken(await ask(voice, call))

        found = await self._ask(kind, request, spoken)
        return offline() if isinstance(found, str) else found.text

    async def _ask(
        self,
        kind: str,
        request: _Request,
        ask: Callable[[Voice, Call], Awaitable[Spoken]],
    ) -> Spoken | str:
        """What the model says, or why it says nothing: a cause, empty when there is no model."""
        started = time.perf_counter()
        cause = ""
        spoken: Spoken | None = None
        if self._voice is not None:
            try:
                spoken = await self._within_budget(kind, request, self._voice, ask)
            except OverBudgetError as error:
                cause = error.refusal
            except VoiceTroubleError as error:
                cause = error.cause
            if cause:
                metrics.FALLBACKS.labels(kind, cause).inc()
                log.info("kai speaks offline", kind=kind, cause=cause)
        whose = "offline" if spoken is None else "model"
        metrics.TURNS.labels(kind, whose).inc()
        metrics.SECONDS.labels(kind, whose).observe(time.perf_counter() - started)
        return cause if spoken is None else spoken

    async def _within_budget(
        self,
        kind: str,
        request: _Request,
        voice: Voice,
        ask: Callable[[Voice, Call], Awaitable[Spoken]],
    ) -> Spoken:
        async with self._call(request) as call:
            try:
                spoken = await self._in_time(voice, call, ask)
            except VoiceTroubleError as error:
                call.failed, call.rest = error.failed, error.rest
                raise
            else:
                call.answered = True
                return spoken
            finally:
                metrics.TOKENS.labels(kind).inc(call.tokens)

    def _call(self, request: _Request) -> AbstractAsyncContextManager[Call]:
        if self._budget is None:
            return nullcontext(Call())
        own = isinstance(request, ActRequest)
        return self._budget.call(request.user_id, request.guild_id, own=own)

    async def _in_time(
        self,
        voice: Voice,
        call: Call,
        ask: Callable[[Voice, Call], Awaitable[Spoken]],
    ) -> Spoken:
        seconds = 0 if self._stopping else self._seconds
        call.deadline = asyncio.get_running_loop().time() + seconds
        limit = asyncio.timeout_at(call.deadline)
        self._under_way.add(limit)
        try:
            async with limit:
                return await ask(voice, call)
        except TimeoutError as error:
            raise VoiceTroubleError("timeout", failed=not self._stopping) from error
        except VoiceTroubleError:
            raise
        except Exception as error:
            log.exception("the model's voice made a mistake")
            raise VoiceTroubleError("fault") from error
        finally:
            self._under_way.discard(limit)

    def hush(self) -> None:
        """The bot is stopping: whoever waits for a model is answered offline, at once."""
        self._stopping = True
        now = asyncio.get_running_loop().time()
        for limit in self._under_way:
            if not limit.expired():
                limit.reschedule(now)


class _Hearing:
    """Tells of an answer while it is being written: now and then, and of what is fit."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._told_at = time.monotonic()

    async def __call__(self, text: str) -> None:
        if time.monotonic() - self._told_at < TOLD_EVERY:
            return
        is_fit = problem_with_answer(text) is None and concern_of(text) is not Concern.CRISIS
        if is_fit:
            await self._hear(_shown(text))
        self._told_at = time.monotonic()


def _met_by_us(kind: str, words: Words) -> Words:
    """What our own check says, before a model is asked."""
    metrics.TURNS.labels(kind, "safety").inc()
    return words


# KAI gives no addresses and no telephone numbers of its own: an invented help line helps nobody.
_ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+|(?<!\d)\+?\d(?:[ ().-]{0,2}\d){8,14}(?!\d)")


def _shown(text: str) -> str:
    """An answer as it is shown and kept: storable, without addresses, at most `MAX_ANSWER` long.

    It ends after a sentence if one ends near there.
    """
    text = storable(_ADDRESS.sub(ELLIPSIS, text)).strip()
    if len(text) <= MAX_ANSWER:
        return text
    kept = text[: MAX_ANSWER - 1]
    end = max(kept.rfind(mark) for mark in (". ", "! ", "? ", "\n"))
    return kept[: end + 1].rstrip() if end > MAX_ANSWER // 2 else kept.rstrip() + ELLIPSIS
