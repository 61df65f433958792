"""Looking for a post whose answer was lost, by the delivery id in its metadata (reliability §2.3 point 8)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._errors import neutral, word
from bot.platforms.slack._render import EVENT_TYPE
from chat.errors import Ambiguous, NotSent, RateLimited, Rejected, Unreachable
from chat.people import MessageRef

EARLIER = 60.0
"""Seconds before the attempt from which on is looked: our clock may be that much ahead of Slack's."""
ROUNDING = 5.0
"""Seconds by which what a `Date` header tells may be off."""
PAGE = 100
CUT = 15
"""Messages a page has for apps outside the Marketplace, which may ask once a minute only (platforms §3.1)."""
PAGES_MAX = 20


class Finder:
    """Look posts up in one workspace."""

    def __init__(self, web: AsyncWebClient, workspace: str) -> None:
        self._web, self._workspace = web, workspace
        self._cut = False
        """Whether Slack gave pages shorter than we asked for, as it does to apps it lets read little."""
        self._ahead = 0.0
        """Seconds our clock was ahead of Slack's at the last answer: too far, and a post there looks too old."""

    async def find(self, room: str, thread: str, delivery: str, since: datetime) -> MessageRef | None:
        """Give the post with a delivery id, not older than a real moment; `None` when it surely is not there.

        Raise `Rejected` where we may not look, the other errors of `chat.errors` to look again later.
        """
        cursor, oldest = "", f"{since.timestamp() - EARLIER:.6f}"
        for _ in range(PAGES_MAX):
            page = await self._page(room, thread, oldest, cursor)
            for each in page["messages"]:
                if _delivery(each) == delivery:
                    with neutral():
                        return MessageRef("slack", self._workspace, room, word(each.get("ts")))
            cursor = _next(page)
            if not cursor:
                if self._ahead > EARLIER - ROUNDING:
                    raise Rejected("our_clock_is_ahead")
                return None
            self._cut = self._cut or len(page["messages"]) <= CUT
        raise Rejected("history_too_long")

    async def _page(self, room: str, thread: str, oldest: str, cursor: str) -> Mapping[str, Any]:
        asked: dict[str, Any] = {"channel": room, "oldest": oldest, "include_all_metadata": True, "limit": PAGE}
        if cursor:
            asked["cursor"] = cursor
        try:
            with neutral():
                if thread:
                    answer = await self._web.conversations_replies(ts=thread, **asked)
                else:
                    answer = await self._web.conversations_history(**asked)
        except RateLimited:
            if self._cut:
                raise Rejected("history_limited") from None
            raise
        except Unreachable as error:  # not a member any more: nothing can be said about what is in there
            raise Rejected(error.reason) from None
        except Rejected as error:
            if error.reason == "invalid_cursor":
                raise NotSent(error.reason) from None
            raise
        self._ahead = _ahead(answer.headers)
        page = answer.data
        if not isinstance(page, dict) or not isinstance(page.get("messages"), list):
            raise Ambiguous("garbled")
        return page


def _ahead(headers: Mapping[str, str]) -> float:
    stated = headers.get("Date")
    try:
        return time.time() - parsedate_to_datetime(stated).timestamp() if stated else 0.0
    except ValueError:
        return 0.0


def _delivery(message: object) -> str:
    """Give the delivery id a message carries, "" for none."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return ""
    payload = metadata.get("event_payload")
    found = payload.get("id") if isinstance(payload, dict) else ""
    return found if isinstance(found, str) else ""


def _next(page: Mapping[str, Any]) -> str:
    """Give the cursor of the next page, "" at the end. Raise `Ambiguous` when there is more and no way to it."""
    more = page.get("response_metadata")
    cursor = more.get("next_cursor") if isinstance(more, dict) else ""
    if isinstance(cursor, str) and cursor:
        return cursor
    if page.get("has_more") is True:
        raise Ambiguous("garbled")
    return ""
