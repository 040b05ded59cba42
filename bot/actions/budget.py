"""KAI's budget: turns and tokens a day, calls at once, and a breaker for a model that fails.

It is counted in PostgreSQL, so that several processes share it.
"""

import datetime as dt
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.actions.services import Clock
from db import kai_usage
from db.kai_usage import Limits, Refusal
from db.pool import Pool

KEPT_DAYS = 30


class OverBudgetError(Exception):
    """The model may not be called now. `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal: Refusal = refusal


@dataclass(slots=True)
class Call:
    """A model call under way; whoever makes it notes what it cost, and whether it failed.

    `rest` are the seconds that the model asked to be left alone. Whoever waits for it gives up at
    `deadline`, an instant of the event loop's clock.
    """

    deadline: float = math.inf
    tokens: int = 0
    failed: bool = False
    rest: float | None = None


class Budget:
    """What the model may use. A call that is not admitted counts nowhere."""

    def __init__(self, pool: Pool, model: str, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._pool = pool
        self._model = model
        self._clock = clock

    @asynccontextmanager
    async def call(self, user_id: int, guild_id: int | None) -> AsyncGenerator[Call]:
        """One call for a member, from its admission to its end. Raises OverBudgetError."""
        passed = await kai_usage.admit(
            self._pool, self._model, self.limits, user_id, guild_id, self._clock()
        )
        if not isinstance(passed, kai_usage.Pass):
            raise OverBudgetError(passed)
        call = Call()
        try:
            yield call
        finally:
            await kai_usage.settle(
                self._pool,
                self._model,
                self.limits,
                passed,
                tokens=call.tokens,
                failed=call.failed,
                rest=call.rest,
                now=self._clock(),
            )

    async def tidy(self) -> None:
        """Drop the counts of long ago."""
        await kai_usage.tidy(self._pool, self._clock().date() - dt.timedelta(days=KEPT_DAYS))
