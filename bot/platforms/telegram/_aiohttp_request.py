"""The HTTP layer under python-telegram-bot: aiohttp, one shared session, and honest errors.

PTB's own layer is four times slower under load and writes the token to the log (tech §1.4, reliability L8). Here no
text of an aiohttp error leaves the module, because some of them contain the address and so the token.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import aiohttp
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

UPLOAD_SECONDS = 600.0
"""Longest time one file may take; 50 MB on a slow line (platforms §2.5)."""

_NOT_DELIVERED = (
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


class NotDelivered(Exception):
    """Be the cause of an error before the first byte left: no connection, no name, no free place in the pool."""


class AnswerLost(Exception):
    """Be the cause of an error after the request left: time-out, cut line, an answer nobody can read."""


class Flooded(TelegramError):
    """Telegram answered 429: wait `after` seconds (PTB's own class warns at every look and forgets a wait of 0)."""

    def __init__(self, after: float) -> None:
        super().__init__("Flood control exceeded")
        self.after = after


class AiohttpRequest(BaseRequest):
    """Carry the requests of one bot over one session; times in seconds.

    `connections` bounds the sockets; getUpdates holds one of them.
    """

    def __init__(self, *, connections: int = 64, read: float = 15.0, connect: float = 5.0, proxy: bool = False) -> None:
        self._connections = connections
        self._read = read
        self._connect = connect
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Give the seconds an answer may take."""
        return self._read

    async def initialize(self) -> None:
        """Open the session; harmless when it is open."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, limit_per_host=0)
            self._session = aiohttp.ClientSession(
                connector=connector, trust_env=self._proxy, headers={"User-Agent": "convenor"}
            )

    async def shutdown(self) -> None:
        """Close the session; harmless when it is closed."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. Raise `NetworkError` caused by `AnswerLost`; PTB's own method would log what it got."""
        try:
            body = json.loads(payload)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise NetworkError("Garbled answer") from AnswerLost("garbled")
        return body

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send one request and read its answer.

        Raise `TimedOut` or `NetworkError` whose cause is `NotDelivered` or `AnswerLost`, `Flooded`, or `BadRequest`
        for refusals PTB would take for trouble of the network.
        """
        if self._session is None:
            raise NetworkError("Closed") from NotDelivered("closed")
        files = request_data is not None and request_data.contains_files
        connect = self._given(connect_timeout, self._connect)
        wait = connect + self._given(pool_timeout, self._connect)
        read = self._given(read_timeout, self._read)
        limits = aiohttp.ClientTimeout(
            total=UPLOAD_SECONDS if files else wait + self._given(write_timeout, self._read) + read,
            connect=wait,
            sock_connect=connect,
            sock_read=read,
        )
        try:
            async with self._session.request(
                method, URL(url, encoded=True), data=_form(request_data), timeout=limits, allow_redirects=False
            ) as response:
                status, payload = response.status, await response.read()
        except _NOT_DELIVERED as error:
            kind = type(error).__name__
            failure = TimedOut if isinstance(error, aiohttp.ConnectionTimeoutError) else NetworkError
            raise failure(kind) from NotDelivered(kind)
        except TimeoutError:
            raise TimedOut("No answer in time") from AnswerLost("timeout")
        except (aiohttp.ClientError, OSError) as error:
            kind = type(error).__name__
            raise NetworkError(kind) from AnswerLost(kind)
        _examine(status, payload)
        return status, payload

    @staticmethod
    def _given(value: Any, default: float) -> float:
        return default if value is BaseRequest.DEFAULT_NONE or value is None else float(value)


def _form(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    if data is None:
        return None
    if not data.contains_files:
        return data.json_parameters
    form = aiohttp.FormData(quote_fields=False)  # Telegram reads `filename="…"` in UTF-8, not RFC 5987
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


def _examine(status: int, payload: bytes) -> None:
    """Raise for answers that PTB would read wrongly."""
    if 200 <= status < 300:
        if b'"result"' not in payload:
            raise NetworkError("Garbled answer") from AnswerLost("garbled")
        return
    if status >= 500 or status < 400:
        raise NetworkError(f"HTTP {status}") from AnswerLost(str(status))
    # A 4xx that is not Telegram's JSON comes from something in between; a proxy's 404 is not a dead token.
    body = AiohttpRequest.parse_json_payload(payload)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        parameters = body.get("parameters")
        after = parameters.get("retry_after") if isinstance(parameters, dict) else None
        raise Flooded(max(float(after), 1.0) if isinstance(after, int | float) else 1.0)
    if status not in (400, 401, 403, 404, 409):  # 413 and the like: surely refused
        raise BadRequest(str(body.get("description") or f"HTTP {status}"))
