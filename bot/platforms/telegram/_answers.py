"""What an answer of the Bot API says, whatever shape it has (platforms §6, reliability L3).

The text of an error of the HTTP library is never kept: some contain the address and so the token.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

DESCRIPTION_MAX = 300
WAIT_MAX = 86_400.0
"""Longest wait after 429 that is believed, seconds."""
_REFUSED_BY_ANYBODY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
"""Whoever stands in between and says so has not passed the request on."""


class NotDelivered(Exception):
    """Be the cause of an error before the first byte left: no connection, no name, no free place in the pool."""


class AnswerLost(Exception):
    """Be the cause of an error after the request left: time-out, cut line, an answer nobody can read.

    `strange` marks an answer that nobody has told us about.
    """

    def __init__(self, reason: str, *, strange: bool = False) -> None:
        super().__init__(reason)
        self.strange = strange


class Flooded(TelegramError):
    """Telegram answered 429: wait `after` seconds (PTB's own class warns at every look and forgets a wait of 0)."""

    def __init__(self, after: float) -> None:
        super().__init__("Flood control exceeded")
        self.after = after


def json_object(payload: bytes) -> dict[str, Any]:
    """Read a JSON object. Raise `NetworkError` caused by `AnswerLost` for anything else."""
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise NetworkError("Garbled answer") from AnswerLost("garbled")
    return body


def examine(status: int, payload: bytes) -> dict[str, Any]:
    """Give a success, raise for everything else; PTB would take some refusals for trouble of the network.

    What is no JSON object comes from something in between: a proxy's 404 is not a dead token.
    """
    if status >= 500 or status < 200:
        raise NetworkError(f"HTTP {status}") from AnswerLost(f"http_{status}")
    try:
        body = json_object(payload)
    except NetworkError:
        if status < 300:
            raise
        body = {}
    if status < 300:
        if body.get("ok") is not True or "result" not in body:
            raise NetworkError("Garbled answer") from AnswerLost("garbled")
        return body
    if body.get("ok") is not False and status not in _REFUSED_BY_ANYBODY:
        raise NetworkError(f"HTTP {status}") from AnswerLost(f"http_{status}", strange=True)
    raise _refusal(status, body)


def _refusal(status: int, body: dict[str, Any]) -> TelegramError:
    """Read a refusal of Telegram's own; no member of it is trusted to be there or to have the right type."""
    said, parameters = body.get("description"), body.get("parameters")
    text = said[:DESCRIPTION_MAX] if isinstance(said, str) and said else f"HTTP {status}"
    more = parameters if isinstance(parameters, dict) else {}
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Flooded(wait_of(more.get("retry_after")))
        case HTTPStatus.BAD_REQUEST:
            moved = more.get("migrate_to_chat_id")
            return ChatMigrated(moved) if type(moved) is int and moved else BadRequest(text)
        case HTTPStatus.NOT_FOUND if "method not found" in text.lower():  # a server older than what we ask of it
            return BadRequest(text)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.NOT_FOUND:
            return InvalidToken(text)
        case HTTPStatus.FORBIDDEN:
            return Forbidden(text)
        case HTTPStatus.CONFLICT:
            return Conflict(text)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return BadRequest(text)
    strange = NetworkError(f"HTTP {status}")
    strange.__cause__ = AnswerLost(f"http_{status}", strange=True)
    return strange


def wait_of(after: Any) -> float:
    """Give the seconds of a `retry_after`: at least 1 and at most a day, 1 where there is no number."""
    try:
        seconds = float(after) if not isinstance(after, bool) else 1.0
    except (TypeError, ValueError, OverflowError):
        return 1.0
    return min(max(seconds, 1.0), WAIT_MAX) if math.isfinite(seconds) else 1.0
