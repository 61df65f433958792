"""How long the event loop was away: a task that wants to run every millisecond tells when it could not."""

from __future__ import annotations

import asyncio
import contextlib
import time
from types import TracebackType

TICK = 0.001


class Stall:
    """Watch the running loop for the block; `longest` is the longest time, in seconds, in which nothing else could run.

    What other processes take from us counts, too: compare with a block in which nothing was done.
    """

    def __init__(self) -> None:
        self.longest = self._before = 0.0
        self._task: asyncio.Task[None] | None = None

    async def _tick(self) -> None:
        while True:
            self._before = time.perf_counter()
            await asyncio.sleep(TICK)
            self._look()

    def _look(self) -> None:
        self.longest = max(self.longest, time.perf_counter() - self._before - TICK)

    async def __aenter__(self) -> Stall:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._look()  # what held the loop until now
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
