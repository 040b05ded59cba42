"""KAI's budget: turns and tokens a day, calls at once, and a breaker for a model that fails.

It is counted in PostgreSQL, so that several processes share it.
"""

import asyncio
import datetime as dt
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from bot.actions.services import Clock
from db import kai_usage
from db.kai_usage import Limits, Pass, Refusal
from db.pool import TROUBLE, Pool

log = structlog.get_logger(__name__)

KEPT = dt.timedelta(days=30)
"""How long the counts of a day stay."""
DRAFTS_KEPT = dt.timedelta(days=2)
"""How long a reflection that KAI offered to save waits; by then its day has passed everywhere."""
MANY = 2**31 - 1
PAUSES = (0.3, 0.7, 1.0)
"""Seconds between two looks for a free slot."""


class OverBudgetError(Exception):
    """The model may not be called now. `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal: Refusal = refusal


@dataclass(slots=True)
class Call:
    """A model call under way; whoever makes it notes what it cost, and what came of it.

    `rest` are the seconds that the model asked to be left alone. Whoever waits for it gives up at
    `deadline`, an instant of the event loop's clock.
    """

    deadline: float = math.inf
    tokens: int = 0
    answered: bool = False
    failed: bool = False
    rest: float | None = None


class Budget:
    """What the model may use. A call that is not admitted counts nowhere."""

    def __init__(self, pool: Pool, model: str, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._own_limits = replace(
            limits, member_turns=MANY, guild_turns=MANY, member_at_once=limits.concurrent
        )
        self._pool = pool
        self._model = model
        self._clock = clock
        self._tidied_on: dt.date | None = None

    @asynccontextmanager
    async def call(
        self, user_id: int, guild_id: int | None, *, own: bool = False
    ) -> AsyncGenerator[Call]:
        """One call for a member, from its admission to its end. Raises OverBudgetError.

        KAI's `own` calls, for daily posts, have no member's limits; the day's tokens bound them.

        Trouble with the database never costs the member their answer: what cannot be counted is
        not admitted, and a call that cannot be settled leaves its slot to run out.
        """
        limits = self._own_limits if own else self._limits
        passed = await self._admitted(user_id, guild_id, limits)
        call = Call()
        try:
            yield call
        finally:
            try:
                await self._settle(passed, call)
            except TROUBLE as error:
                log.warning("a call of the model was not settled", error=repr(error))

    async def _admitted(self, user_id: int, guild_id: int | None, limits: Limits) -> Pass:
        for pause in (*PAUSES, None):
            try:
                passed = await kai_usage.admit(
                    self._pool, self._model, limits, user_id, guild_id, self._clock()
                )
            except TROUBLE as error:
                log.warning("a call of the model was not counted", error=repr(error))
                raise OverBudgetError("uncounted") from error
            if isinstance(passed, Pass):
                return passed
            if passed != "busy" or pause is None:
                raise OverBudgetError(passed)
            await asyncio.sleep(pause)
        raise AssertionError("the last look returns or raises")

    async def _settle(self, passed: Pass, call: Call) -> None:
        now = self._clock()
        await kai_usage.settle(
            self._pool,
            self._model,
            self._limits,
            passed,
            tokens=call.tokens,
            answered=call.answered,
            failed=call.failed,
            rest=call.rest,
            now=now,
        )
        if passed.day != self._tidied_on:
            self._tidied_on = passed.day
            await kai_usage.tidy(self._pool, (now - KEPT).date(), now - DRAFTS_KEPT)
