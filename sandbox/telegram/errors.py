"""Refusals of the Bot API, in its own words."""

from __future__ import annotations

from typing import Any

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
HOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


class Refused(Exception):
    """Be an answer with `ok: false`; `parameters` carries `retry_after` or `migrate_to_chat_id`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str, **parameters: Any) -> Refused:
    """Make a 400."""
    return Refused(400, f"Bad Request: {description}", **parameters)


def forbidden(description: str) -> Refused:
    """Make a 403."""
    return Refused(403, f"Forbidden: {description}")


def too_many(seconds: int) -> Refused:
    """Make a 429 with the whole seconds to wait."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def spoilt(status: int, words: str, retry_after: object) -> Refused:
    """Make what a fault answers: its own words, or those that go with the status; 429 carries any `retry_after`."""
    if status == 429:
        wait = {} if retry_after is None else {"retry_after": retry_after}
        return Refused(429, words or f"Too Many Requests: retry after {retry_after}", **wait)
    usual = {0: "no answer", 401: "Unauthorized"}
    return Refused(status, words or usual.get(status, "Bad Gateway"))
