"""Edits of one message in order, the newest winning, at the pace a group bears (conversation §4.1)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.people import MessageRef

_KEPT = 1000


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    users: int = 0


class Freshest:
    """Let one edit of a message run at a time; those that wait are dropped when a newer one comes.

    So forty presses on a card in a group cost a few edits and end on the last state, never on an older one that
    was overtaken on the way. `per_minute` bounds the paced edits of one chat; 0 = no bound.
    """

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._queues: dict[MessageRef, _Queue] = {}
        self._next: dict[str, float] = {}

    async def edit(self, ref: MessageRef, do: Callable[[], Awaitable[None]], *, paced: bool) -> None:
        """Run `do` in turn; a return without it means that a newer edit carries the message on."""
        queue = self._queues.setdefault(ref, _Queue())
        queue.newest += 1
        queue.users += 1
        mine = queue.newest
        try:
            async with queue.lock:
                if paced and mine == queue.newest:
                    await self._wait(ref.chat)
                if mine != queue.newest:  # overtaken while waiting: the turn goes to the newer edit at once
                    return
                if paced:
                    self._next[ref.chat] = time.monotonic() + self._interval
                await do()
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[ref]

    async def _wait(self, chat: str) -> None:
        while (due := self._next.get(chat, 0.0)) > (now := time.monotonic()):
            await asyncio.sleep(due - now)
        if len(self._next) > _KEPT:
            self._next = {each: due for each, due in self._next.items() if due > now}
