"""The bot as whoever runs it meets it: a process with settings, what it prints, and its end."""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final, Protocol

from tests.process.forking import PROJECT, Forked

FORKS: ForkServerContext | None = None
"""What processes are forked from, if there is something; otherwise each is an interpreter anew."""
START_SECONDS: Final = 40.0
STOP_SECONDS: Final = 10.0
"""The bot has to be gone so soon after a signal."""

PYTHON: Final = (sys.executable,)
AT_START: Final = {"COLUMNS", "PYTHONIOENCODING"}
"""What an interpreter reads when it starts: where one of these is set, none is forked."""
WRONG_SETTINGS: Final = 2

_BESIDE: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR")
_LOG_LINE: Final = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\] |\{")
TROUBLE: Final = (
    "Traceback",
    "Unclosed",
    "unclosed",
    "never awaited",
    "never retrieved",
    "Warning",
)


class Process(Protocol):
    """A process, as asyncio has them."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that runs as a process of its own, its output kept in `folder`."""

    process: Process
    folder: Path

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its log so far, and what it said to whoever runs it."""
        return (self.folder / "err").read_text(encoding="utf-8")

    @property
    def remarks(self) -> list[str]:
        """The lines of `err` that are none of the log's."""
        return [line for line in self.err.splitlines() if not _LOG_LINE.match(line)]

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None

    async def says(self, text: str) -> None:
        """Wait until it has printed or logged the text."""
        deadline = time.monotonic() + START_SECONDS
        while text not in self.out and text not in self.err:
            assert self.is_running, f"it ended before {text!r}:\n{self.err}"
            assert time.monotonic() < deadline, f"no {text!r} in time:\n{self.err}"
            await asyncio.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; a SIGINT comes as from a terminal, to all processes in front there."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    async def ends(self, within: float = START_SECONDS) -> int:
        """Wait for its end: the exit code. Nothing may have gone wrong in passing."""
        try:
            code = await asyncio.wait_for(self.process.wait(), within)
        except TimeoutError as error:
            raise AssertionError(f"not ended after {within:.0f} s:\n{self.err[-3000:]}") from error
        for trouble in TROUBLE:
            assert trouble not in self.err, self.err
        return code

    async def stops(self, *signals: signal.Signals) -> float:
        """Send the signals, a moment apart: it must end with 0, in time. Gives the seconds."""
        began = time.monotonic()
        for number in signals:
            if self.is_running:
                self.send(number)
                await asyncio.sleep(0.1)
        code = await self.ends(within=STOP_SECONDS - (time.monotonic() - began))
        assert (code, self.remarks) == (0, []), self.err
        return time.monotonic() - began


@asynccontextmanager
async def running(
    folder: Path,
    *arguments: str,
    python: Sequence[str] | None = None,
    dotenv: str = "",
    **settings: str,
) -> AsyncGenerator[Bot]:
    """Start `python -m bot` in the (new) folder, with these settings and no others.

    A bot that still runs at the end of the block is stopped. `dotenv` is the text of its `.env`.
    With a `python` it is an interpreter of its own, even where there is something to fork from;
    `PYTHONPATH` may name what that is to find besides the project.
    """
    _prepare(folder, dotenv)
    path = os.pathsep.join(filter(None, [str(PROJECT), settings.pop("PYTHONPATH", "")]))
    kept = {name: os.environ[name] for name in _BESIDE if name in os.environ}
    environment = {**kept, "PYTHONPATH": path, "HOME": str(folder), **settings}
    process: Process
    if FORKS is not None and python is None and not AT_START & settings.keys():
        process = Forked(FORKS, folder, arguments, environment)
    else:
        process = await _interpreter(python or PYTHON, folder, arguments, environment)
    bot = Bot(process, folder)
    try:
        yield bot
    finally:
        if bot.is_running:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _interpreter(
    python: Sequence[str], folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        return await asyncio.create_subprocess_exec(
            *python,
            "-m",
            "bot",
            *arguments,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )


def _prepare(folder: Path, dotenv: str) -> None:
    folder.mkdir(parents=True)
    (folder / ".env").write_text(dotenv, encoding="utf-8")


async def run(folder: Path, *arguments: str, **settings: str) -> Bot:
    """Run a command that must succeed to its end."""
    async with running(folder, *arguments, **settings) as bot:
        assert (await bot.ends(), bot.remarks) == (0, []), bot.err
    return bot


async def refusal(
    folder: Path,
    *arguments: str,
    python: Sequence[str] | None = None,
    dotenv: str = "",
    **settings: str,
) -> str:
    """Start a bot that must refuse, with one sentence besides its log: that sentence.

    It logs all that it can.
    """
    settings = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", **settings}
    async with running(folder, *arguments, python=python, dotenv=dotenv, **settings) as bot:
        code = await bot.ends()
    assert (code, bot.out, len(bot.remarks)) == (WRONG_SETTINGS, "", 1), bot.err
    (sentence,) = bot.remarks
    assert bot.err.endswith(f"{sentence}\n")
    assert re.fullmatch(r"[A-Z.].*\.", sentence)
    return sentence


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
