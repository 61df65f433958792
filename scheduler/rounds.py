"""What works beside a line on its connection: in rounds, woken when there may be something to do."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import ClassVar

from scheduler.sender import IDLE, Line
from scheduler.shop import complain

__all__ = ["IDLE", "Rounds"]


class Rounds(ABC):
    """Do one kind of work on one connection, only where its line may send."""

    who: ClassVar[str]
    """Begins the name of its log events."""

    def __init__(self, line: Line) -> None:
        self._line, self._shop = line, line.shop
        self._poked, self._stopping = asyncio.Event(), False

    def poke(self) -> None:
        """Say that there may be something to do."""
        self._poked.set()

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._poked.clear()
            try:
                wait = await self._round()
            except Exception as error:
                complain(self.who, self._line.platform.name, error)
                wait = 1.0
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._poked.wait()

    async def stop(self, task: asyncio.Task[None], seconds: float) -> None:
        """Finish what is in flight and begin nothing; what waits is done after the next start."""
        self._stopping = True
        self._poked.set()
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            task.cancel()

    @abstractmethod
    async def _round(self) -> float:
        """Do what there is to do; give the seconds until the next round is useful."""

    async def _may_send(self) -> bool:
        """Tell whether the connection belongs to this process, taking it if nobody has it."""
        if not self._line.held:
            async with self._shop.database.write() as db:
                await self._line.keep_hold(db)
        return self._line.held
