"""Sending on one connection: claim, draw, start, send once, write down; each line is a bulkhead of its own.

One short write transaction a round notes results, starts what the pace allows and claims more; no transaction is open
during a network call (reliability §2.3). A row is `started` before its request leaves, so that after a crash only
those that may have arrived are looked into.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from chat.platform import Platform
from scheduler import cards
from scheduler.attempt import attempt
from scheduler.contract import LineFigures
from scheduler.delivery import PROGRESS
from scheduler.health import Health
from scheduler.pacing import Pace
from scheduler.prepare import Job, Result, prepare
from scheduler.results import record
from scheduler.shop import Shop, Shown, complain
from storage import deliveries, sharing
from storage.database import Session, unusable
from storage.deliveries import Delivery

log = structlog.get_logger(__name__)
PATIENCE = 2.0
"""Seconds a drawn message may wait for its turn; after that it goes back to the queue to be drawn afresh."""
AHEAD = 4
"""Times as many messages are drawn in advance as there are lanes, where the pace lets them leave soon."""
IDLE = 3600.0
GATHER = 0.005
"""Seconds in which results gather for one transaction: a transaction costs more than the wait."""
TELL = 0.3
"""Seconds between two redrawings of one progress card while messages are in hand."""


class Line:
    """Send on one connection, with its own lanes, pace, pause and circuit."""

    def __init__(self, shop: Shop, platform: Platform) -> None:
        self.shop, self.platform = shop, platform
        self.pace, self.shown = Pace(platform.limits), Shown()
        self.health = Health(shop, platform, self.pace)
        self.tally: Counter[str] = Counter()
        """How many attempts ended in which way since the start."""
        self.held = False
        """Whether this process may send on the connection."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when a lost answer waits to be looked into."""
        self._poked, self._stopping, self._hungry = asyncio.Event(), False, False
        self._ready: list[Job] = []
        self._done: list[Result] = []
        self._drawing: list[Delivery] = []
        self._pen: asyncio.Task[None] | None = None
        self._flying: dict[asyncio.Task[None], Job] = {}
        self._hold_until = self._again = self._told_at = 0.0
        self._pause: float | None = None
        self._dead_noted = ""
        self._seize = True
        self._to_tell: set[tuple[int, str]] = set()
        """Campaigns, with their community, whose progress cards are out of date."""

    @property
    def name(self) -> tuple[str, str]:
        """Give platform and workspace."""
        return self.platform.name, self.platform.workspace

    @property
    def dead(self) -> str:
        """Give why the platform refuses our token; "" while it does not."""
        return self.health.dead

    @property
    def idle(self) -> bool:
        """Tell whether nothing is in hand."""
        return not (self._in_hand or self._to_tell or (self._hungry and not self.dead))

    @property
    def sending(self) -> bool:
        """Tell whether messages wait for the pace now, so that edits should give way."""
        return bool(self._ready) or (self._hungry and not self.dead and not self.pace.paused)

    @property
    def in_hand(self) -> set[int]:
        """Give the ids of the deliveries this process works on: no recovery may touch them."""
        found = {job.delivery.id for job in (*self._ready, *self._flying.values())}
        return found | {each.delivery.id for each in self._done} | {row.id for row in self._drawing}

    @property
    def _in_hand(self) -> bool:
        return bool(self._ready or self._done or self._flying or self._drawing)

    def figures(self) -> LineFigures:
        """Give what `/metrics` and `/readyz` want to know."""
        count = self.tally
        return LineFigures(
            *self.name, sent=count["sent"], retried=count["retry"], released=count["release"], lost=count["lost"],
            unknown=count["unknown"], dead=count["dead"] + count["unreachable"], limited=count["limited"],
            settling=count["settling"], flying=len(self._flying), ready=len(self._ready), dead_reason=self.dead,
            held=self.held, paused=self.pace.paused,
        )  # fmt: skip

    def poke(self) -> None:
        """Say that there may be something to send."""
        self._hungry = True
        self._poked.set()

    async def run(self) -> None:
        """Work until `stop`."""
        while True:
            self._poked.clear()
            try:
                wait = await self._round()
            except Exception as error:  # nothing leaves until a round succeeds
                complain("line", self.platform.name, error)
                wait = 1.0
            if self._stopping and not self._in_hand:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            await self._gather()

    async def _gather(self) -> None:
        """Let results come together for one transaction, for a moment, while most lanes are busy."""
        end = time.monotonic() + GATHER
        while len(self._flying) > self.health.lanes // 4 and not self._stopping and time.monotonic() < end:
            await asyncio.sleep(0.001)

    async def stop(self, task: asyncio.Task[None], seconds: float) -> None:
        """Claim nothing more, give back what has not left, wait for what is in flight and write it down."""
        self._stopping = True
        self._poked.set()
        await asyncio.wait({task}, timeout=seconds)
        for flying, job in list(self._flying.items()):
            flying.cancel()
            self._done.append(Result(job.delivery, "lost", "stopped"))
        self._flying.clear()
        self._poked.set()
        await asyncio.wait({task}, timeout=5)
        if not task.done():
            task.cancel()

    async def let_go(self) -> None:
        """Give the connection back, so that another process need not wait."""
        if self.held:
            self.held = False
            async with self.shop.database.write() as db:
                await sharing.let_go(db, *self.name, self.shop.worker)

    async def circuit(self, reason: str) -> None:
        """Open the circuit of a refused token with a reason, close it with none."""
        if await self.health.circuit(reason):
            self._hungry = True

    def pause(self, seconds: float) -> None:
        """Start nothing on this connection for so long, also after a restart."""
        self.pace.pause(seconds)
        self._pause = max(self._pause or 0.0, seconds)

    async def _round(self) -> float:
        """Do one transaction's worth; give the seconds until the next is useful."""
        if not self.platform.workspace:
            return 1.0
        self._give_back()
        starting = [] if self._stopping else self._startable()
        want, pause, dead = self._want(len(starting)), self._pause, self.dead
        if not (self._done or starting or want or pause is not None or dead != self._dead_noted or self._telling()):
            return min(self._next_start(), self._next_claim(), self._next_tell())
        done, busy = list(self._done), self._busy()
        claimed: list[Delivery] = []
        going: set[int] = set()
        async with self.shop.database.write() as db:
            await self.keep_hold(db)
            if pause is not None or dead != self._dead_noted:
                await self._note_connection(db, pause, dead)
            if starting and self.held:
                ids = [job.delivery.id for job in starting]
                going = await deliveries.start(db, ids, self.shop.worker, self._lease)
            if want and self.held and not self.pace.paused:
                claimed = await self._claim(db, want, busy, alone=not (self._ready or self._flying))
            unknown = await self._write(db, done)
            told = await self._tell(db, last=not (self._ready or self._flying or claimed))
        self._drawing = claimed
        self._written(done, unknown, dead, pause)
        self._to_tell -= told
        if claimed and claimed[0].crashes:
            self.shop.suspect = claimed[0].id
        for job in starting:
            if job.delivery.id not in going or self.pace.paused or (self.dead and not self.health.probing):
                self._ready.remove(job)
                self._done.append(Result(job.delivery, "release"))
            elif self._may_leave(job):  # the pace counts what leaves now, not what was to leave before the commit
                self._ready.remove(job)
                self._launch(job)
        if want:
            self._after_claim(len(claimed), want, busy)
        if claimed:  # drawn while others are sent
            self._pen = asyncio.create_task(self._prepare(claimed, probing=bool(dead)))
        return 0.0 if self._done or self._want(0) else min(self._next_start(), self._next_claim(), self._next_tell())

    async def _claim(self, db: Session, want: int, busy: dict[str, float], *, alone: bool) -> list[Delivery]:
        """Take rows; if there are none but those that were in hand in a crash, and nothing else is in hand, one."""
        shop, now = self.shop, self.shop.clock.now()
        rows = await deliveries.claim(db, *self.name, now, shop.worker, self._lease, want, busy)
        if rows or not alone or shop.suspect:
            return rows
        return await deliveries.claim(db, *self.name, now, shop.worker, self._lease, 1, busy, suspects=True)

    async def _write(self, db: Session, done: list[Result]) -> int:
        """Write results down; give how many messages became `unknown`."""
        unknown = 0
        for community in sorted({each.delivery.community_id for each in done}):
            mine = [each for each in done if each.delivery.community_id == community]
            db.scope(community)
            changed, more = await record(db, mine, self.shop, finds=self.platform.finds)
            self._to_tell |= {(community, key) for key in changed}
            unknown += more
        return unknown

    async def _tell(self, db: Session, *, last: bool) -> set[tuple[int, str]]:
        """Have progress cards redrawn, not for each message of a burst but surely for the last; give which."""
        now, told = time.monotonic(), set(self._to_tell)
        if not told or (now < self._told_at + TELL and not last):
            return set()
        for community in {community for community, _ in told}:
            db.scope(community)
            for campaign in (key for its, key in told if its == community):
                await cards.touch(db, [PROGRESS], campaign)
        self._told_at = now
        return told

    def _written(self, done: list[Result], unknown: int, dead: str, pause: float | None) -> None:
        """Forget what is on disk now."""
        del self._done[: len(done)]
        self._dead_noted = dead
        if self._pause == pause:
            self._pause = None
        self.tally.update(each.end for each in done)
        self.tally["unknown"] += unknown
        if any(each.end == "lost" for each in done):
            self.on_lost()
        if any(each.delivery.id == self.shop.suspect for each in done):
            self.shop.suspect, self._hungry = 0, True  # there may be another

    async def _prepare(self, claimed: list[Delivery], *, probing: bool) -> None:
        """Draw what was claimed; what cannot be drawn now goes back to the queue."""
        shop, unique = self.shop, list[Delivery]()
        taken = set(self._busy())
        for row in claimed:  # one message to a chat at a time; its next waits for the chat's interval
            if row.chat in taken:
                self._done.append(Result(row, "release"))
            else:
                taken.add(row.chat)
                unique.append(row)
        jobs, results = list[Job](), [Result(row, "release") for row in unique]
        try:
            jobs, results = await prepare(shop.database, shop.compose, self.platform, shop.clock.now(), unique)
        except Exception as error:
            if not unusable(error):
                log.exception("preparing_failed", platform=self.platform.name)
        finally:
            self._drawing = []
            self._ready += jobs
            self._done += results
            if probing:
                self.health.probing = bool(jobs)
                self.health.probe_at = time.monotonic() + (shop.settings.probe if jobs else 0.0)
            self._poked.set()

    def _startable(self) -> list[Job]:
        """Choose what may leave now."""
        room = min(self.pace.room(), self.health.lanes - len(self._flying))
        now, found = self.shop.clock.now(), list[Job]()
        for job in self._ready:
            if len(found) >= room:
                break
            expires = job.delivery.expires_at
            if expires is not None and expires <= now:
                continue
            if self.pace.chat_wait(job.place.chat, group=job.group) <= 0:
                found.append(job)
        return found

    def _may_leave(self, job: Job) -> bool:
        """Count a start if the pace still allows it."""
        if self.pace.room() < 1 or self.pace.chat_wait(job.place.chat, group=job.group) > 0:
            return False
        self.pace.take(job.place.chat, group=job.group)
        return True

    def _give_back(self) -> None:
        """Put drawn messages whose turn is too far away back into the queue."""
        now = self.shop.clock.now()
        for job in list(self._ready):
            wait = max(self.pace.chat_wait(job.place.chat, group=job.group), self.pace.paused)
            expires = job.delivery.expires_at
            late = expires is not None and expires <= now
            if late or self._stopping or wait > PATIENCE or (self.dead and not self.health.probing):
                self._ready.remove(job)
                self._done.append(Result(job.delivery, "expired" if late else "release"))

    def _want(self, starting: int) -> int:
        """Give how many rows to claim: so many that the lanes stay busy, none while paused or stopping."""
        now = time.monotonic()
        if self._again and now >= self._again:
            self._hungry, self._again = True, 0.0
        if self._stopping or not self._hungry or self.pace.paused or self._pause is not None or self._alone:
            return 0
        if self.dead:
            return 0 if now < self.health.probe_at or self._flying or self._ready else 1
        ahead, lanes = len(self._ready) - starting, self.health.lanes
        # Drawing many at once costs much less than one by one; what does not leave within half the patience is stale.
        most = max(1, min(lanes * AHEAD, int(self.platform.limits.per_second * PATIENCE / 2)))
        return most - ahead if ahead <= most // 2 else 0

    @property
    def _alone(self) -> bool:
        """Tell whether what is in hand was in hand in a crash: nothing else is taken then."""
        return any(job.delivery.crashes for job in (*self._ready, *self._flying.values()))

    def _next_start(self) -> float:
        if not self._ready or len(self._flying) >= self.health.lanes:
            return IDLE
        chat = min(self.pace.chat_wait(job.place.chat, group=job.group) for job in self._ready)
        return max(self.pace.bot_wait(), chat)

    def _next_claim(self) -> float:
        now, wait = time.monotonic(), IDLE
        if self._again:
            wait = max(0.0, self._again - now)
        if self._hungry and self.pace.paused:
            wait = min(wait, self.pace.paused)
        if self._hungry and self.dead:
            wait = min(wait, max(0.0, self.health.probe_at - now))
        return wait

    def _next_tell(self) -> float:
        return max(0.0, self._told_at + TELL - time.monotonic()) if self._to_tell else IDLE

    def _telling(self) -> bool:
        return bool(self._to_tell) and (self._next_tell() <= 0 or not self._in_hand)

    def _busy(self) -> dict[str, float]:
        chats = self.pace.busy()
        for job in (*self._ready, *self._flying.values()):
            chats[job.delivery.chat] = max(chats.get(job.delivery.chat, 0.0), self.platform.limits.chat_interval)
        return chats

    def _after_claim(self, got: int, want: int, busy: dict[str, float]) -> None:
        self._hungry = bool(self.held and got == want)
        if not self._hungry and busy:  # rows to these chats were left out: look again when the first is free
            self._again = time.monotonic() + max(0.02, min(busy.values()))

    def _launch(self, job: Job) -> None:
        task = asyncio.create_task(self._send(job))
        self._flying[task] = job
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.pop(task, None)
        self._poked.set()

    async def _send(self, job: Job) -> None:
        self._done.append(await attempt(self, job))

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.shop.settings.lease)

    async def keep_hold(self, db: Session) -> None:
        """Hold the connection for this process; at the first time take over its pause and its circuit."""
        now, seconds = time.monotonic(), self.shop.settings.hold
        if self.held and now < self._hold_until:
            return
        seize = self._seize and self.shop.database.sqlite
        row = await sharing.hold(db, *self.name, self.shop.worker, timedelta(seconds=seconds), seize=seize)
        self._seize = False
        if row is not None and not self.held:
            real = await sharing.real_now(db)
            if row.paused_until is not None and row.paused_until > real:
                self.pace.pause((row.paused_until - real).total_seconds())
            self.health.dead = self._dead_noted = row.dead_reason
        self.held, self._hold_until = row is not None, now + seconds / 3

    async def _note_connection(self, db: Session, pause: float | None, dead: str) -> None:
        """Keep a pause and a dead token where they survive a restart."""
        row = await sharing.connection(db, *self.name)
        row.dead_reason = dead[:200]
        if pause is not None:
            row.paused_until = await sharing.real_now(db) + timedelta(seconds=pause)
