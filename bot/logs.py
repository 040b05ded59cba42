"""Logging: structlog for us and for every library, with secrets taken out of each line."""

import json
import logging
from collections.abc import Iterable
from typing import TextIO
from urllib.parse import quote

import structlog
from structlog.typing import Processor

HIDDEN = "***"
MIN_SECRET = 6


class _Redact:
    """Replaces secrets anywhere in a rendered line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _spellings(secret)}
        self._secrets = sorted({f for f in forms if len(f) >= MIN_SECRET}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _spellings(secret: str) -> tuple[str, ...]:
    """The secret as it is, and as a URL, Python's `repr` and JSON write it."""
    return secret, quote(secret, safe=""), repr(secret)[1:-1], json.dumps(secret)[1:-1]


class _SafeFormatter(structlog.stdlib.ProcessorFormatter):
    """A formatter whose lines, tracebacks included, hold no secret."""

    def __init__(self, redact: _Redact, renderer: Processor, shared: list[Processor]) -> None:
        super().__init__(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """One line for a record."""
        return self._redact(super().format(record))


def configure(level: str, style: str, secrets: Iterable[str], stream: TextIO) -> None:
    """Send all logs to `stream` as readable lines or as JSON, never with one of the secrets."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Processor
    if style == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_SafeFormatter(_Redact(secrets), renderer, shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("discord", "alembic", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.DEBUG if level == "DEBUG" else logging.WARNING)
    for telling in ("openai", "anthropic", "httpx2", "httpcore2"):  # they log what members write
        logging.getLogger(telling).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
