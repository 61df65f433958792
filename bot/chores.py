"""What is done again and again beside the engine: tidying, the beat, taking over, looking for what hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from storage.database import away

log = structlog.get_logger(__name__)
PATIENCE = 2.0
"""Seconds a chore in hand may take at the end."""


class Chores:
    """Run pieces of work at intervals, each in a task of its own; a failure is logged and ends nothing."""

    def __init__(self) -> None:
        self._wanted: list[tuple[str, float, Callable[[], Awaitable[None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()

    def add(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Have work done at once at the start and then every so many seconds of real time."""
        self._wanted.append((name, seconds, work))

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._repeat(*each), name=each[0]) for each in self._wanted]

    async def stop(self) -> None:
        """Begin nothing more; what is cut off after a moment is done at the next start."""
        self._ending.set()
        if self._tasks:  # cut off in the middle, a transaction would leave a trace in the log
            await asyncio.wait(self._tasks, timeout=PATIENCE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _repeat(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        failing = False
        while not self._ending.is_set():
            try:
                await work()
                failing = False
            except Exception as error:
                if not failing:  # once per trouble: a database that is away fails every chore
                    self._complain(name, error)
                failing = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), seconds)

    def _complain(self, name: str, error: Exception) -> None:
        """Log it; a database that is away, locked or full is no mistake of ours and needs no trace."""
        if away(error):
            log.error("chore_waits_for_database", chore=name, error=type(error).__name__)
        else:
            log.exception("chore_failed", chore=name, error=type(error).__name__)


async def within(end: float, what: str, *work: Awaitable[None]) -> None:
    """Do pieces of work at once, until a monotonic moment at most; none stops the others."""
    tasks = [asyncio.ensure_future(each) for each in work]
    if not tasks:
        return
    done, late = await asyncio.wait(tasks, timeout=max(0.1, end - time.monotonic()))
    for task in late:
        task.cancel()
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("not_stopped_cleanly", what=what, error=type(error).__name__)
    if late:
        log.warning("stop_cut_short", what=what)
        await asyncio.wait(late, timeout=0.2)
