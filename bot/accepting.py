"""Taking in: what arrives while a transaction commits is stored together by the next one (group commit)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

from chat.inbound import AnyInbound, Click, Dropped, Said, Submission, to_json
from scheduler.clock import Clock
from storage import drafts, inbox
from storage.database import Database, Session, unusable
from storage.inbox import Key

AT_ONCE = 200
"""Rows one transaction stores at most."""
_Waiting: TypeAlias = tuple[Sequence[AnyInbound], "asyncio.Future[list[bool]]"]


def key_of(inbound: AnyInbound) -> Key:
    """Give the key under which something is taken in only once."""
    return inbound.by.platform, inbound.where.workspace, inbound.key


class Accepting:
    """Store what comes in for one process, and know what it has in hand: stored or taken over, and not yet done."""

    def __init__(self, database: Database, clock: Clock, worker: str, lease: timedelta) -> None:
        self._database, self._clock, self._worker, self._lease = database, clock, worker, lease
        self._waiting: list[_Waiting] = []
        self._flushing: asyncio.Task[None] | None = None
        self._in_hand: dict[Key, tuple[int, float]] = {}
        self._begun: set[Key] = set()
        self.withheld: set[Key] = set()
        """Those in hand whose body was not stored."""

    async def accept(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        """Store and commit; false for what was seen before. Raise what the database raises: then none is stored."""
        if not inbounds:
            return []
        done: asyncio.Future[list[bool]] = asyncio.get_running_loop().create_future()
        self._waiting.append((inbounds, done))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush(), name="inbox")
        return await done

    def hold(self, key: Key, row: int) -> None:
        """Have a row in hand; if nobody begins with it within the lease, it counts as lost."""
        self._in_hand[key] = (row, asyncio.get_running_loop().time() + self._lease.total_seconds())

    def begin(self, key: Key) -> int | None:
        """Begin to handle a row in hand; give it, None for one that is not."""
        self._begun.add(key)
        return self._in_hand[key][0] if key in self._in_hand else None

    def let_go(self, key: Key) -> None:
        """Have a row in hand no more: it is done, or lost and to be taken over."""
        self._in_hand.pop(key, None)
        self._begun.discard(key)
        self.withheld.discard(key)

    def in_hand(self) -> list[int]:
        """Give the rows nobody else may take over."""
        now = asyncio.get_running_loop().time()
        return [row for key, (row, until) in self._in_hand.items() if key in self._begun or until > now]

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch: list[_Waiting] = []
                while self._waiting and (not batch or sum(len(each) for each, _ in batch) < AT_ONCE):
                    batch.append(self._waiting.pop(0))
                await self._store_or_tell(batch)
        finally:
            self._flushing = None

    async def _store_or_tell(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; if one of them cannot be stored at all, the others are stored without it."""
        try:
            taken = await self._store([each for inbounds, _ in batch for each in inbounds])
        except Exception as error:
            if len(batch) > 1 and not unusable(error):
                for each in batch:
                    await self._store_or_tell([each])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for inbounds, done in batch:
            mine, taken = taken[: len(inbounds)], taken[len(inbounds) :]
            if not done.done():
                done.set_result(mine)

    async def _store(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        new: dict[Key, int] = {}
        try:
            async with self._database.write() as db:
                rows = []
                for each in inbounds:
                    withheld = await sensitive(db, each)
                    body = None if withheld else to_json(each)
                    rows.append((key_of(each), "withheld" if withheld else "new", body))
                new = await inbox.take_in(db, rows, self._worker, self._clock.now(), self._lease)
                for key, row in new.items():
                    self.hold(key, row)  # before the commit: nobody may take them for lost in between
                self.withheld |= {key for key, state, _ in rows if state == "withheld" and key in new}
        except BaseException:
            for key in new:
                self.let_go(key)
            raise
        # The first of two with one key in this batch is the new one.
        return [new.pop(key_of(each), None) is not None for each in inbounds]


async def sensitive(db: Session, inbound: AnyInbound) -> bool:
    """Tell whether the body must never be stored: answers of feedback (design §9)."""
    match inbound:
        case Submission():
            return await drafts.sensitive(db, key=inbound.draft)
        case Click():
            return inbound.data.startswith("qs:")
        case Said() | Dropped():
            return await drafts.sensitive(db, account=inbound.by.id)
        case _:
            return False
