"""Processes forked from one that has imported the bot already: none spends seconds on that."""

import asyncio
import gc
import multiprocessing
import os
import runpy
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any, Final

import pytest

PROJECT: Final = Path(__file__).parents[2]
IMPORTED: Final = (
    __name__,
    *("bot.__main__", "bot.app", "bot.kai.model", "migrations.runner", "tests.process.forked"),
)
"""What takes long to import, these processes' main modules among it."""
START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.01


@contextmanager
def fork_server() -> Generator[ForkServerContext]:
    """The process that all others are forked from, for as long as this lasts."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))  # it is not told this process's own
        first = context.Process(target=_nothing)
        first.start()
    try:
        first.join(START_SECONDS)
        assert first.exitcode == 0
        yield context
    finally:
        first.kill()
        # There is no public way to end it before this interpreter does.
        server: Any = vars(forkserver)["_forkserver"]
        server._stop()


def _nothing() -> None:
    """All that the first fork does."""


class Forked:
    """`python -m bot` in a folder, as asyncio's own processes are used.

    It has a session of its own, the environment that it is given and no other, and writes to the
    files `out` and `err` there.
    """

    def __init__(
        self,
        context: ForkServerContext,
        folder: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        told, tells = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_command, args=(folder, list(arguments), dict(environment), tells), daemon=True
        )
        self._process.start()
        tells.close()
        told.recv()
        told.close()

    @property
    def pid(self) -> int:
        """Its id, and its group's."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, or the signal that ended it, negative; None while it runs."""
        return self._process.exitcode

    async def wait(self) -> int:
        """Wait for its end: the exit code."""
        while (code := self.returncode) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        return code

    def send_signal(self, signal: int) -> None:
        """Send it a signal, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, signal)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(SIGKILL)


def _command(
    folder: Path, arguments: list[str], environment: dict[str, str], ready: Connection
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["bot", *arguments]
    gc.freeze()  # what was imported need not be looked through again
    ready.send(True)
    ready.close()
    sys.modules.pop("bot.__main__")  # it was imported, and is now to run
    try:
        runpy.run_module("bot", run_name="__main__", alter_sys=True)
    finally:
        gc.collect()  # what nobody closed complains, as at the end of an interpreter
