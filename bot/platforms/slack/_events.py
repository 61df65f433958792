"""Signed HTTP: the signature is checked on the raw bytes before anything is parsed (reliability L7, S08-S10)."""

from __future__ import annotations

import hashlib
import hmac
import re
import time

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.requests import Request
from starlette.responses import Response

log = structlog.get_logger(__name__)

BODY_MAX = 1_000_000
AGE_MAX = 300
"""Seconds a request may be older or newer than our clock."""


async def receive(request: Request, app: AsyncApp, secret: str) -> Response:
    """Answer `POST /slack/events`: 413 too large, 401 not signed by Slack, 400 not Slack's form, else bolt's answer.

    Nothing of a refused request is parsed or logged but the reason.
    """
    body = await _read(request)
    if body is None:
        return _refuse(413, "too_large")
    headers = request.headers
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not signed(secret, timestamp, signature, body, time.time()):
        return _refuse(401, "signature")
    try:
        bolt_request = AsyncBoltRequest(body=body.decode(), headers=dict(headers))
        answer = await app.async_dispatch(bolt_request)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        return _refuse(400, type(error).__name__)
    return Response(content=answer.body, status_code=answer.status, headers=answer.first_headers_without_set_cookie())


def signed(secret: str, timestamp: str, signature: str, body: bytes, now: float) -> bool:
    """Tell whether Slack signed these bytes within the last five minutes; compared in constant time."""
    if not secret or not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > AGE_MAX:
        return False
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={expected}".encode(), signature.encode("utf-8", "surrogateescape"))


async def _read(request: Request) -> bytes | None:
    """Read at most the limit; None for more, without reading it to the end."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > BODY_MAX:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            return None
    return bytes(body)


def _refuse(status: int, reason: str) -> Response:
    log.warning("slack_request_refused", status=status, reason=reason)
    return Response(status_code=status)
