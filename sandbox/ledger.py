"""The append-only ledger of every call the bot made and every effect it had. Bodies are complete, tokens never."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import LONG_POLL_MAX, VirtualClock

SECRET = re.compile(r"token|secret|authorization", re.IGNORECASE)
PAGE = 10_000
"""Rows one answer of `/control/ledger` holds at most; ask on with `after`."""


@dataclass(frozen=True, slots=True)
class Row:
    """Be one call: `n` counts from 1, `at` is virtual time (ISO), `real` real time (Unix s), `status` the HTTP status.

    For Slack, whose refusals are HTTP 200, a refused call has its error code under `error` in the body and status 400.
    `chat` and `message` are the platform's ids as text, `person` is our id of the one person it reached, if one;
    `workspace` is the Slack team or the Telegram bot.
    """

    n: int
    at: str
    real: float
    platform: str
    method: str
    status: int
    chat: str = ""
    person: str = ""
    message: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    workspace: str = ""

    def view(self) -> dict[str, Any]:
        """Give the row as the control interface shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Ledger:
    """Keep the rows in the order of their numbers; nothing is ever removed or changed."""

    def __init__(self, clock: VirtualClock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock, self._changed = clock, changed
        self._rows: list[Row] = []
        self._grown = asyncio.Event()
        self._waiters = 0

    def add(
        self,
        platform: str,
        method: str,
        status: int,
        *,
        chat: str = "",
        person: str = "",
        message: str = "",
        body: Mapping[str, Any] | None = None,
        workspace: str = "",
    ) -> Row:
        """Write a row down and wake who waits; top-level keys of the body that name a token or secret are left out."""
        kept = {key: value for key, value in (body or {}).items() if not SECRET.search(key)}
        at = self._clock.now().isoformat()
        n, real = len(self._rows) + 1, time.time()
        row = Row(n, at, real, platform, method, status, chat, person, message, kept, workspace)
        self._rows.append(row)
        if self._waiters:
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()
        self._changed()
        return row

    def __len__(self) -> int:
        return len(self._rows)

    def after(self, n: int, limit: int = PAGE) -> list[Row]:
        """Give the rows with numbers greater than `n`, oldest first."""
        start = max(n, 0)
        return self._rows[start : start + limit]

    async def wait(self, n: int, seconds: float) -> list[Row]:
        """Give the rows after `n` as soon as there is one; an empty list after so many real seconds (at most 25)."""
        if len(self._rows) <= n:
            self._waiters += 1
            try:
                async with asyncio.timeout(min(seconds, LONG_POLL_MAX)):
                    while len(self._rows) <= n:
                        await self._grown.wait()
            except TimeoutError:
                return []
            finally:
                self._waiters -= 1
        return self.after(n)
