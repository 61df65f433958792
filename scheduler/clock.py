"""The one clock: what people see and when things are due. Leases, pacing and time-outs use real time instead."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp
import structlog

log = structlog.get_logger(__name__)


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


class SandboxClock(MovableClock):
    """Follow the sandbox's virtual clock at `{url}/control/clock` by long polls (design §9, Clock)."""

    PATIENCE = 10.0
    """Seconds `start` waits for the sandbox to answer."""
    HELD = 60.0
    """Seconds after which a long poll without an answer is begun anew; the sandbox answers within 25."""

    def __init__(self, url: str) -> None:
        super().__init__(datetime.now(UTC))
        self._url = url.rstrip("/") + "/control/clock"
        self._version = -1
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Learn the time and follow it from now on. Raise `ConnectionError` if the sandbox does not answer."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.HELD))
        try:
            async with asyncio.timeout(self.PATIENCE):
                while not await self._ask():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await self.stop()
            raise ConnectionError(f"no clock at {self._url}") from None
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following; the clock keeps running at its last rate."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _follow(self) -> None:
        failures = 0
        while True:
            failures = 0 if await self._ask() else failures + 1
            if failures:
                log.info("clock_away", failures=failures)
                await asyncio.sleep(min(5.0, 0.1 * 2**failures))

    async def _ask(self) -> bool:
        """Ask once, held by the sandbox until the clock is moved; false if it did not answer."""
        assert self._session is not None
        # The first question must be answered at once: without `after` the sandbox does not hold it.
        params = {} if self._version < 0 else {"after": str(self._version)}
        try:
            async with self._session.get(self._url, params=params) as response:
                response.raise_for_status()
                said: dict[str, Any] = await response.json()
            at, rate, version = datetime.fromisoformat(said["now"]), float(said["rate"]), int(said["version"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            self._version = -1  # a sandbox that was started anew counts from the beginning
            return False
        if version != self._version:
            self._version = version
            self.set(at, rate)
        return True
