"""Our own webhook route: secret first, then size, then JSON; stored before it is acknowledged (reliability L9, S11)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

log = structlog.get_logger(__name__)
PATH = "/telegram/webhook"
BODY_MAX = 1_000_000
"""Bytes of one update; Telegram's are a few thousand."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class _TooLarge(Exception):
    pass


class Webhook:
    """Take updates that Telegram brings.

    Answers: 403 without exactly one right secret or with another content type, 413 beyond 1 MB, 400 for what is no
    update, 503 when it could not be stored (Telegram brings it again), 200 when it is stored or not of our kind.
    """

    def __init__(self, secret: str, take: Callable[[Sequence[dict[str, Any]]], Awaitable[None]]) -> None:
        self._secret = secret.encode()
        self._take = take
        self._open = True

    def close(self) -> None:
        """Take nothing more; Telegram keeps what it has and brings it again."""
        self._open = False

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        given = request.headers.getlist(HEADER)
        known = hmac.compare_digest(given[0].encode() if given else b"", self._secret)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if len(given) != 1 or not known or kind != "application/json":
            log.warning("telegram_webhook_refused")
            return Response(status_code=403)
        if not self._open:
            return Response(status_code=503)
        try:
            body = json.loads(await _read(request))
        except _TooLarge:
            return Response(status_code=413)
        except ClientDisconnect:
            return Response(status_code=400)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or type(body.get("update_id")) is not int:
            return Response(status_code=400)
        try:
            await self._take([body])
        except Exception as error:
            log.error("telegram_intake_failed", update=body["update_id"], error=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > BODY_MAX:
        raise _TooLarge
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > BODY_MAX:
            raise _TooLarge
    return bytes(read)
