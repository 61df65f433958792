"""What is done again and again beside the engine: tidying, the beat, taking over, looking for what hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


class Chores:
    """Run pieces of work at intervals, each in a task of its own; a failure is logged and ends nothing."""

    def __init__(self) -> None:
        self._wanted: list[tuple[str, float, Callable[[], Awaitable[None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Have work done at once at the start and then every so many seconds of real time."""
        self._wanted.append((name, seconds, work))

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._repeat(*each), name=each[0]) for each in self._wanted]

    async def stop(self) -> None:
        """End at once; what is cut off is done at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _repeat(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        failing = False
        while True:
            try:
                await work()
                failing = False
            except Exception as error:
                if not failing:  # once per trouble, with its trace; a database that is away fails every chore
                    log.exception("chore_failed", chore=name, error=type(error).__name__)
                failing = True
            await asyncio.sleep(seconds)


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
