"""Structured logs on standard error that never contain a secret.

Every line of every library passes the same filter; libraries that log whole addresses or bodies are held at WARNING
(reliability L7, L8).
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog

_TOKENS = re.compile(
    r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}|xox[abeprs]-[A-Za-z0-9-]+|xapp-[A-Za-z0-9-]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_NOISY = (
    "httpx", "httpcore", "aiohttp.access", "slack_bolt", "slack_sdk", "telegram", "apscheduler", "asyncio", "aiosqlite",
    "alembic",
)  # fmt: skip


class Redact(logging.Filter):
    """Replace secrets in finished log lines by `[secret]`: those we know and anything that looks like a token."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted((each for each in secrets if len(each) >= 6), key=len, reverse=True)

    def learn(self, secrets: Iterable[str]) -> None:
        """Know more secrets from now on."""
        known = {*self._secrets, *(each for each in secrets if len(each) >= 6)}
        self._secrets = sorted(known, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Give the text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return _TOKENS.sub("[secret]", text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; nothing is dropped. Our own events are cleaned by `scrub` instead."""
        if isinstance(record.msg, dict):
            return True
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
        return True


def learn(secrets: Iterable[str]) -> None:
    """Keep more secrets out of the logs that `set_up` began."""
    known = list(secrets)
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, Redact):
                each.learn(known)


class _Nowhere(io.StringIO):
    """Be a stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Take everything."""
        return len(text)


class _Steadfast(logging.StreamHandler[TextIO]):
    """Write lines; a full disk or a closed stream loses lines, never the service (reliability F60)."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Swallow what went wrong: there is nowhere to tell it."""


def set_up(level: str = "INFO", form: str = "console", secrets: Iterable[str] = ()) -> None:
    """Send all logs to standard error, filtered, as lines for people or as JSON."""
    redact = Redact(secrets)
    stream = sys.stderr or _Nowhere()  # closed before we began: nobody listens
    handler = _Steadfast(stream)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )

    def scrub(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: redact.clean(value) if isinstance(value, str) else value for key, value in event.items()}

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                scrub,
                renderer,
            ],
        )
    )
    handler.addFilter(redact)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def close() -> None:
    """Write what is left; a stream that takes nothing any more is given up, so that it does not spoil the exit code."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        sys.stderr = _Nowhere()
