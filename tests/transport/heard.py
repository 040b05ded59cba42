"""What the bot and its libraries logged while a test ran."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Log:
    """What the bot and its libraries logged."""

    lines: list[Any]
    library: pytest.LogCaptureFixture

    def count(self, event: str) -> int:
        """How many lines tell of that event."""
        return sum(line["event"] == event for line in self.lines)

    def assert_calm(self) -> None:
        """No fault of ours, and no traceback anywhere."""
        assert [line for line in self.lines if line["log_level"] == "error"] == []
        assert [line for line in self.lines if line.get("exc_info")] == []
        assert [record for record in self.library.records if record.exc_info] == []
        assert [r for r in self.library.records if r.levelno >= logging.ERROR] == []
