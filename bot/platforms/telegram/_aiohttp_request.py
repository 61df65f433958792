"""The HTTP layer under python-telegram-bot: aiohttp, one shared session, and honest errors.

PTB's own layer is four times slower under load and writes the token to the log (tech §1.4, reliability L8). Here no
text of an aiohttp error leaves the module, because some of them contain the address and so the token.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bot.platforms.telegram._answers import AnswerLost, NotDelivered, examine, json_object
from bot.platforms.telegram._multipart import Multipart

UPLOAD_SECONDS = 600.0
"""Longest time one file may take; 50 MB on a slow line (platforms §2.5)."""
REQUEST_SECONDS = 20.0
"""Longest time any other call may take, from waiting for a free connection to the last byte of the answer."""
CONNECT_SECONDS = 5.0
BODY_MAX = 16_000_000
"""Bytes of an answer; a hundred updates are some hundred thousand."""

_NOT_DELIVERED = (
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


class AiohttpRequest(BaseRequest):
    """Carry the requests of one bot over one session; `seconds` bounds each request as a whole, files apart.

    `connections` bounds the sockets; getUpdates holds one of them.
    """

    def __init__(self, *, connections: int = 64, seconds: float = REQUEST_SECONDS, proxy: bool = False) -> None:
        self._connections = connections
        self._read = seconds
        self._connect = min(CONNECT_SECONDS, seconds / 4)
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
        return json_object(payload)

    async def call(self, url: str, fields: dict[str, Any], seconds: float | None = None) -> Any:
        """Send fields as JSON and give the result; raise as `do_request`. `seconds` bounds a long poll instead.

        The way of nearly every message, press and poll: PTB's own takes three times as much of the processor, for
        objects nobody looks at (decision 0011).
        """
        whole = max(seconds or 0.0, self._read)
        limits = self._limited(whole, whole, self._connect)
        body = json.dumps(fields).encode()
        status, payload = await self._exchange("POST", url, body, limits, {"Content-Type": "application/json"})
        return examine(status, payload)["result"]

    async def upload(self, url: str, body: Multipart) -> Any:
        """Send a form with a file as it comes from the shelf, and give the result; raise as `do_request`.

        Raise what the shelf raised when it had no more: a form without its end is not carried out.
        """
        await body.begin()
        limits = self._limited(UPLOAD_SECONDS, self._read, self._connect)
        try:
            status, payload = await self._exchange("POST", url, body.body(), limits, body.headers)
        except NetworkError:
            if body.broken is not None:
                raise body.broken from None
            raise
        return examine(status, payload)["result"]

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

        Raise `TimedOut` or `NetworkError` whose cause is `NotDelivered` or `AnswerLost`, or what Telegram's refusal
        means; only a success is left for PTB to read.
        """
        files = request_data is not None and request_data.contains_files
        read, connect = self._given(read_timeout, self._read), self._given(connect_timeout, self._connect)
        limits = self._limited(UPLOAD_SECONDS if files else max(read, self._read), read, connect)
        status, payload = await self._exchange(method, url, _form(request_data), limits)
        examine(status, payload)
        return status, payload

    async def download(self, url: str, limit: int, seconds: float) -> bytes | None:
        """Give the content at an address, none if it is larger than `limit` bytes; raise as `do_request`."""
        limits = self._limited(seconds, min(seconds, self._read), self._connect)
        status, payload = await self._exchange("GET", url, None, limits, limit=limit)
        if status != 200:
            examine(status if status >= 300 else 502, payload)
        return payload if len(payload) <= limit else None

    async def _exchange(
        self,
        method: str,
        url: str,
        data: Any,
        limits: aiohttp.ClientTimeout,
        headers: dict[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NetworkError("Closed") from NotDelivered("closed")
        try:
            async with self._session.request(
                method, URL(url, encoded=True), data=data, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                return response.status, await _read(response, limit)
        except _NOT_DELIVERED as error:
            kind = type(error).__name__
            failure = TimedOut if isinstance(error, aiohttp.ConnectionTimeoutError) else NetworkError
            raise failure(kind) from NotDelivered(kind)
        except TimeoutError:
            raise TimedOut("No answer in time") from AnswerLost("timeout")
        except AnswerLost as error:
            raise NetworkError("Unreadable answer") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            kind = type(error).__name__
            raise NetworkError(kind) from AnswerLost(kind)

    @staticmethod
    def _limited(whole: float, read: float, connect: float) -> aiohttp.ClientTimeout:
        # Waiting for a free place may take as long again as connecting.
        return aiohttp.ClientTimeout(total=whole, connect=2 * connect, sock_connect=connect, sock_read=read)

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


async def _read(response: aiohttp.ClientResponse, limit: int | None = None) -> bytes:
    """Read an answer to its end, or a little beyond `limit` bytes. Raise `AnswerLost` when it has 16 MB and no end."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if limit is not None and len(body) > limit:
            break
        if len(body) > BODY_MAX:
            raise AnswerLost("endless")
    return bytes(body)
