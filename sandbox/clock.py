"""The virtual clock: what people see and when things are due. Limits, presses and time-outs use real time instead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LONG_POLL_MAX = 25.0
"""Seconds a long poll of the control interface is held at most."""
RATE_MAX = 100_000.0


class VirtualClock:
    """Be a clock that is set from outside; between settings it stands still (rate 0) or runs at `rate` (1 = real time).

    `version` rises with every setting, so a waiter can ask for what came after the version it knows.
    """

    def __init__(
        self, at: datetime | None = None, rate: float = 0.0, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._changed = changed
        self._at = (at or datetime.now(UTC)).astimezone(UTC)
        self._since = time.monotonic()
        self.rate = rate
        self.version = 1
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Give the present virtual instant, aware UTC."""
        if not self.rate:
            return self._at
        return self._at + timedelta(seconds=(time.monotonic() - self._since) * self.rate)

    def stamp(self) -> int:
        """Give the present virtual instant in whole Unix seconds, as payloads carry it."""
        return int(self.now().timestamp())

    def set(self, at: datetime | None = None, rate: float | None = None) -> None:
        """Move to an aware instant, change the rate, or both, and wake everybody who waits."""
        self._at, self._since = (at or self.now()).astimezone(UTC), time.monotonic()
        self.rate = self.rate if rate is None else rate
        self.version += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._changed()

    def advance(self, seconds: float) -> None:
        """Move by so many virtual seconds; a negative number moves back."""
        self.set(self.now() + timedelta(seconds=seconds))

    async def wait(self, after: int, seconds: float) -> None:
        """Return as soon as `version` is greater than `after`, or after so many real seconds (at most 25)."""
        if self.version > after:
            return
        try:
            async with asyncio.timeout(min(seconds, LONG_POLL_MAX)):
                await self._moved.wait()
        except TimeoutError:
            return

    def view(self) -> dict[str, object]:
        """Give what `/control/clock` answers."""
        return {"now": self.now().isoformat(), "rate": self.rate, "version": self.version}
