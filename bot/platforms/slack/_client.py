"""The Web API client: one shared session, no tries of its own, quiet loggers."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
"""Seconds for one call; below the lease of a delivery, so that a lost answer is known before the lease ends."""
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=5)
_SECRET = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=ticket=)[^&\s'\"]+|(?<=/commands/)\S+|(?<=/actions/)\S+")


class _Quiet(logging.Filter):
    """Take tokens, tickets and tracebacks out of what the libraries log; a traceback could show a body."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SECRET.sub("[secret]", record.getMessage()), ()
        record.exc_info = record.exc_text = None
        return True


def library_logger() -> logging.Logger:
    """Give the logger for slack-bolt and slack-sdk: errors only, no bodies, no secrets (reliability L7)."""
    logger = logging.getLogger("convenor.slack")
    logger.setLevel(logging.ERROR)
    if not any(isinstance(each, _Quiet) for each in logger.filters):
        logger.addFilter(_Quiet())
    for name in ("slack_bolt", "slack_sdk"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.CRITICAL)
    return logger


def open_session() -> aiohttp.ClientSession:
    """Open the session all calls share; without it the library opens one a call (tech §1.5). Close it at the end."""
    return aiohttp.ClientSession(timeout=TIMEOUT)


def web_client(token: str | None, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make a client that never sends anything twice by itself: a lost answer is ours to judge (reliability L1)."""
    client = AsyncWebClient(
        token=token, base_url=api_url, session=session, timeout=20, logger=library_logger(), retry_handlers=[]
    )
    direct(client, api_url)
    return client


def direct(client: AsyncWebClient | SocketModeClient, api_url: str) -> None:
    """Ignore a proxy of the environment for a Slack on this machine (the sandbox)."""
    if urlsplit(api_url).hostname in ("127.0.0.1", "localhost", "::1"):
        client.proxy = None
