"""Who is handled next: one person's acts in order, and what waits for the database together in one transaction.

A transaction costs more than the act it is for (commit, disk, round trips), so presses that wait are done in one. On
SQLite there is one write connection and one lane; on PostgreSQL a lane more opens while those at work take long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chat.errors import FileWanted
from chat.inbound import AnyInbound, Click
from chat.platform import Outcome

TOGETHER = 16
"""Presses in one transaction at most; the first one's answer waits for the last one."""
LANES_MAX = 8
"""Transactions at once on PostgreSQL, below the size of its pool: what is to be stored must find a connection."""
SLOW = 0.2
"""Seconds after which a lane at work is called slow."""


@dataclass(slots=True, eq=False)
class Act:
    """Be one thing to handle; `outcome` is set once it is worked out, and told (`done`) once it is committed."""

    inbound: AnyInbound
    row: int | None
    done: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    outcome: Outcome | None = None
    files: dict[str, object] = field(default_factory=dict)
    """What was read from the files it is about, see `handlers._feature.Context.files`."""
    wants: FileWanted | None = None
    """The file whose content is missing: nothing was done, and the act is to be done again with it."""

    @property
    def plain(self) -> bool:
        """Tell whether it may share a transaction: a press whose inbox row is known, and no answer of feedback.

        Feedback is written alone: nothing may show who was answering at the same time.
        """
        return self.row is not None and isinstance(self.inbound, Click) and not self.inbound.data.startswith("qs:")


class Turns:
    """Let acts wait and be done, by `work`, which settles every act it is given and raises nothing."""

    def __init__(self, work: Callable[[Sequence[Act]], Awaitable[None]], lanes: int) -> None:
        self._work, self._lanes = work, lanes
        self._waiting: deque[Act] = deque()
        self._busy: dict[asyncio.Task[Any], float] = {}
        self._people: dict[str, tuple[asyncio.Lock, int]] = {}
        self._looking: asyncio.TimerHandle | None = None

    async def take(self, act: Act) -> Outcome:
        """Wait for the person's earlier acts and for a turn; give the outcome once it is committed."""
        async with self._alone(act.inbound.by.id):
            self._waiting.append(act)
            self._open()
            return await act.done

    def _open(self) -> None:
        """Open a lane, if something waits and all at work are slow; look again when they may have become so."""
        if not self._waiting or len(self._busy) >= self._lanes:
            return
        loop = asyncio.get_running_loop()
        if any(loop.time() - began < SLOW for began in self._busy.values()):
            if self._looking is None:
                self._looking = loop.call_later(SLOW, self._look_again)
            return
        task = asyncio.create_task(self._lane(), name="acts")
        self._busy[task] = loop.time()
        task.add_done_callback(self._closed)

    def _look_again(self) -> None:
        self._looking = None
        self._open()

    def _closed(self, task: asyncio.Task[Any]) -> None:
        self._busy.pop(task, None)
        self._open()

    async def _lane(self) -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me is not None
        while self._waiting:
            self._busy[me] = loop.time()
            group = [each for each in self._next() if not each.done.done()]  # nobody waits for it: we are stopping
            if group:
                await self._work(group)

    def _next(self) -> list[Act]:
        """Take the first that waits and, if it is a plain press, the plain presses behind it."""
        group = [self._waiting.popleft()]
        while group[0].plain and self._waiting and self._waiting[0].plain and len(group) < TOGETHER:
            group.append(self._waiting.popleft())
        return group

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        lock, users = self._people.get(key, (asyncio.Lock(), 0))
        self._people[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._people[key]
            if users == 1:
                del self._people[key]
            else:
                self._people[key] = (lock, users - 1)
