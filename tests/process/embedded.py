"""The embedded server's process under a bot's data folder."""

import asyncio
import time
from pathlib import Path

import psutil


def postmaster(data: Path) -> psutil.Process:
    """The server of the bot whose DATA_DIR this is. It must be there."""
    lines = (data / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
    process = psutil.Process(int(lines[0]))
    assert process.name() == "postgres"
    return process


def lives(process: psutil.Process) -> bool:
    """Whether the process runs; one that ended and whom nobody has asked about does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def appears(path: Path, within: float = 30.0) -> None:
    """Wait for a file or folder."""
    deadline = time.monotonic() + within
    while not await asyncio.to_thread(path.exists):
        assert time.monotonic() < deadline, path
        await asyncio.sleep(0.005)


def is_stopped(data: Path) -> bool:
    """Whether no server runs for that DATA_DIR, by its own account and by what processes there are.

    True too when there never was one.
    """
    folder = str(data / "postgres" / "data")
    if (data / "postgres" / "data" / "postmaster.pid").exists():
        return False
    return not [
        p.pid for p in psutil.process_iter(["cmdline"]) if folder in (p.info["cmdline"] or ())
    ]
