"""Locks on files between processes. The kernel lets go of them at any death of their holder."""

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path


class SharedLock:
    """A share in a lock file, held from the making of this object until `release`."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Whether nobody else has a share. Ask it under another, exclusive lock."""
        if self._descriptor is None:
            return False
        try:
            return _take(self._descriptor)
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the share back; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextlib.contextmanager
def exclusive(path: Path, *, seconds: float) -> Generator[None]:
    """Hold the lock file for oneself. Raises TimeoutError when others hold it for `seconds`."""
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + seconds
        while not _take(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process has held {path} for {seconds:.0f} seconds")
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
