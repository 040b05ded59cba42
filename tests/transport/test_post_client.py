"""The worker's own client, and what is left of it when it is broken off."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import Any

import pytest
from discord.http import Route

from bot.posting.post_client import logged_in
from tests.process.bots import free_port

MOMENTS = 15
"""Turns of the loop; a login that is refused has failed and been tidied up well before."""


@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")
async def test_a_login_is_broken_off_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it stays open, not even when it was about to be closed anyway."""
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{free_port()}/api/v10")
    left_open: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: left_open.append(what))
    for moment in range(MOMENTS):
        await _break_off(moment)
    gc.collect()
    assert left_open == []


async def _break_off(moment: int) -> None:
    """Begin a login, and cancel it after so many turns of the loop."""
    async with AsyncExitStack() as stack:
        login = asyncio.create_task(stack.enter_async_context(logged_in("a token")))
        for _ in range(moment):
            await asyncio.sleep(0)
        assert login.cancel()
        await asyncio.wait({login})
        assert login.cancelled()
