"""The embedded PostgreSQL: a real server out of a wheel, kept in one folder.

It downloads nothing and listens on a unix socket that only its own user (and root) can reach.
Several processes may share a folder: the first starts the server, the last one to stop stops it,
and what a killed process left behind is put right by the next start.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from bot.cluster import Cluster
    from bot.filelocks import SharedLock

log = logging.getLogger(__name__)

_WAIT_SECONDS = 120.0  # for another process that starts or stops the server


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message is a sentence for who runs the bot."""


class EmbeddedServer:
    """One PostgreSQL server under `folder`: `start` it, use its `url`, `stop` it.

    `settings` are server settings (names as in postgresql.conf) for a server that this start
    launches; one that is running already keeps its own. Both coroutines work in a thread and never
    hold up the event loop.
    """

    def __init__(
        self, folder: Path = Path(".data/postgres"), *, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder.expanduser().resolve()
        self._settings = dict(settings or {})
        self._share: SharedLock | None = None
        self._cluster: Cluster | None = None
        self.url = ""
        self.version = ""

    async def start(self) -> str:
        """Make the server run, initialising the folder at first, and return its postgresql:// URL.

        `version` is known afterwards. Raises EmbeddedError. If cancelled, it stops what it started.
        """
        starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(EmbeddedError):
                await starting
                await self.stop()
            raise

    async def stop(self) -> None:
        """Let go of the server and stop it if nobody else uses it. Stopping twice is fine.

        Raises EmbeddedError when the server does not stop.
        """
        await asyncio.to_thread(self._stop)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _start(self) -> str:
        if self._share is not None:
            return self.url
        try:
            self._start_or_join()
        except ImportError as error:
            raise EmbeddedError(
                "There is no embedded PostgreSQL here: install the embedded group "
                "(uv sync --group embedded) or set DATABASE_URL."
            ) from error
        except OSError as error:
            raise EmbeddedError(
                f"The embedded PostgreSQL cannot use the folder {self._folder}: {error}."
            ) from error
        log.info("embedded PostgreSQL %s runs in %s", self.version, self._folder)
        return self.url

    def _start_or_join(self) -> None:
        from bot import filelocks  # noqa: PLC0415  the embedded group may be left out,
        from bot.cluster import Cluster  # noqa: PLC0415  and Windows has neither

        self._folder.mkdir(parents=True, exist_ok=True)
        with filelocks.exclusive(self._folder / "start.lock", seconds=_WAIT_SECONDS):
            share = filelocks.SharedLock(self._folder / "users.lock")
            try:
                cluster = Cluster(self._folder, self._settings)
                self.url = cluster.start(alone=share.alone())
            except BaseException:
                share.release()
                raise
        self._share, self._cluster, self.version = share, cluster, cluster.version

    def _stop(self) -> None:
        share, cluster = self._share, self._cluster
        if share is None or cluster is None:
            return
        from bot import filelocks  # noqa: PLC0415  as above

        self._share = self._cluster = None
        try:
            with filelocks.exclusive(self._folder / "start.lock", seconds=_WAIT_SECONDS):
                if share.alone():
                    cluster.stop()
        except OSError as error:
            raise EmbeddedError(
                f"The embedded PostgreSQL in {self._folder} could not be stopped: {error}."
            ) from error
        finally:
            share.release()
