"""The Web API client: one shared session, no tries of its own, quiet loggers."""

from __future__ import annotations

import json
import logging
import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from chat.errors import Ambiguous

REQUEST_SECONDS = 20.0
"""Longest time one call may take; below the settle time, so that nothing is looked up while it may still arrive."""
CONNECT_SECONDS = 5.0
BODY_MAX = 16_000_000
"""Bytes of an answer; a page of history has some hundred thousand."""
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=600, sock_connect=5, sock_read=60)
"""A file of 20 MB on a slow line; nothing is lost by waiting, for nobody sees an upload."""
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


def open_session(seconds: float = REQUEST_SECONDS) -> aiohttp.ClientSession:
    """Open the session all calls share; without it the library opens one a call (tech §1.5). Close it at the end.

    `seconds` bounds each call as a whole, from waiting for a free connection to the last byte of the answer.
    """
    connect = min(CONNECT_SECONDS, seconds / 4)  # waiting for a free place may take as long again
    limits = aiohttp.ClientTimeout(total=seconds, connect=2 * connect, sock_connect=connect)
    return aiohttp.ClientSession(timeout=limits)


class OnceClient(AsyncWebClient):
    """Send each request once (a mere reading twice, if the line is cut) and read what comes back with distrust.

    The library's own way follows redirects, which posts a message a second time, and fails in ways of its own on
    answers that are no JSON object, have a strange character set or no end.
    """

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        assert self.session is not None
        async with self.session.request(http_verb, api_url, allow_redirects=False, **req_args) as answer:
            body = json_object(await read(answer))
            if body.get("ok") is not True:  # the library would take any truth for a success
                body["ok"] = False
            return {"data": body, "headers": answer.headers, "status_code": answer.status}


async def read(answer: aiohttp.ClientResponse) -> bytes:
    """Read an answer to its end. Raise `Ambiguous` when there is none within 16 MB."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > BODY_MAX:
            raise Ambiguous("endless")
    return bytes(body)


def json_object(payload: bytes) -> dict[str, Any]:
    """Give the JSON object in these bytes, an empty one if there is none."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def web_client(token: str | None, api_url: str, session: aiohttp.ClientSession) -> OnceClient:
    """Make a client that never sends anything twice by itself: a lost answer is ours to judge (reliability L1)."""
    client = OnceClient(
        token=token, base_url=api_url, session=session, timeout=20, logger=library_logger(), retry_handlers=[]
    )
    direct(client, api_url)
    return client


def direct(client: AsyncWebClient | SocketModeClient, api_url: str) -> None:
    """Ignore a proxy of the environment for a Slack on this machine (the sandbox)."""
    if urlsplit(api_url).hostname in ("127.0.0.1", "localhost", "::1"):
        client.proxy = None
