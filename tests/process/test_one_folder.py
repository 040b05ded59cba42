"""Two bots on one data folder, and a folder whose bot was killed."""

from pathlib import Path
from signal import SIGKILL, SIGTERM

import aiohttp

from tests.process.bots import free_port, refusal, running
from tests.process.embedded import is_stopped, lives, postmaster


async def test_a_folder_outlives_its_bots(folder: Path) -> None:
    data, port = folder / "data", free_port()
    here = {"DATA_DIR": str(data), "PLAYGROUND_PORT": str(port)}
    address = f"http://127.0.0.1:{port}/"
    async with running(folder / "first", **here) as first:
        await first.says(address)
        server = postmaster(data)
        assert await refusal(folder / "second", **here) == (
            f"Port {port} is in use by another program: set PLAYGROUND_PORT to another one."
        )
        async with aiohttp.ClientSession() as browser, browser.get(address) as answer:
            assert answer.status == 200
        first.send(SIGKILL)
        assert await first.ends() == -SIGKILL
    assert lives(server)
    async with running(folder / "third", **here) as third:
        await third.says(address)
        assert postmaster(data) == server
        await third.stops(SIGTERM)
    assert is_stopped(data)
