"""Whose turn it is to poll: one process at a time, however many run on the same database (PostgreSQL)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

MayRead = Callable[[], Awaitable[bool]]
"""Takes or renews the right to poll; false while another process has it."""
EVERY = 5.0
"""Seconds between two renewals; a third of what the right lasts."""


class Turn:
    """Hold the right to poll; without `may_read` it is always ours.

    Who cannot ask, because the database is away, has not the right: what came in could not be stored anyway.
    """

    def __init__(self, may_read: MayRead | None, every: float = EVERY) -> None:
        self._may_read = may_read
        self.every = every
        self.ours = may_read is None
        self._asked = float("-inf")

    async def take(self) -> bool:
        """Ask for the right, but not again within a moment in which it cannot have ended."""
        if self._may_read is None:
            return True
        if self.ours and time.monotonic() - self._asked < self.every / 3:
            return True
        began = time.monotonic()  # the right counts from before the question
        try:
            async with asyncio.timeout(self.every):
                ours = await self._may_read()
        except Exception as error:
            ours = False
            if self.ours:
                log.warning("telegram_turn_unknown", error=type(error).__name__)
        if ours != self.ours:
            log.info("telegram_turn", ours=ours)
        self.ours, self._asked = ours, began
        return ours

    async def lost(self) -> None:
        """Return when the right is lost, renewing it meanwhile."""
        while True:
            await asyncio.sleep(self.every if self._may_read is not None else 3600)
            if not await self.take():
                return
