"""The one clock: what people see and when things are due. Leases, pacing and time-outs use real time instead."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time in aware UTC, and when it was moved."""

    moved: asyncio.Event
    """Set whenever the time jumps; waiters look at the time again."""

    def now(self) -> datetime:
        """Give the present instant."""


class SystemClock:
    """Be the machine's clock."""

    def __init__(self) -> None:
        self.moved = asyncio.Event()

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """Be a clock that is set from outside (demo, tests); between settings it stands still or runs at `rate`."""

    def __init__(self, at: datetime, rate: float = 0.0) -> None:
        self.moved = asyncio.Event()
        self._at = at.astimezone(UTC)
        self._rate = rate
        self._since = datetime.now(UTC)

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        return self._at + (datetime.now(UTC) - self._since) * self._rate

    def set(self, at: datetime, rate: float = 0.0) -> None:
        """Move to an instant and tell everybody who waits."""
        self._at, self._rate, self._since = at.astimezone(UTC), rate, datetime.now(UTC)
        self.moved.set()

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self.set(self.now() + by, self._rate)
