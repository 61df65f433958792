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
from scheduler.attempt import attempt
from scheduler.contract import LineFigures
from scheduler.hand import Hand
from scheduler.health import Health
from scheduler.holding import Holding
from scheduler.pacing import Pace
from scheduler.prepare import Job, Result, prepare
from scheduler.results import record
from scheduler.shop import Shop, Shown, complain
from scheduler.telling import Progress
from storage import deliveries
from storage.database import Session, unusable
from storage.deliveries import Delivery

log = structlog.get_logger(__name__)
PATIENCE = 2.0
"""Seconds a drawn message may wait for its turn; after that it goes back to the queue to be drawn afresh."""
AHEAD = 3
"""Times as many messages are in hand as there are lanes, so that some are drawn while others are sent."""
BATCH = 40
"""Drawn messages at most, where they leave at once: many are claimed and drawn for little more than few, but those in
hand in a crash wait for a turn alone."""
IDLE = 3600.0
GATHER = 0.02
"""Seconds in which results gather for one transaction: a transaction costs more than the wait."""


class Line:
    """Send on one connection, with its own lanes, pace, pause and circuit."""

    def __init__(self, shop: Shop, platform: Platform) -> None:
        self.shop, self.platform = shop, platform
        self.pace, self.shown = Pace(platform.limits), Shown()
        self.health = Health(shop, platform, self.pace)
        self.tally: Counter[str] = Counter()
        """How many attempts ended in which way since the start."""
        self._holding, self._progress, self._hand = Holding(shop, platform, self.pace, self.health), Progress(), Hand()
        self.on_lost: Callable[[], None] = lambda: None
        """Called when a lost answer waits to be looked into."""
        self._poked, self._stopping, self._hungry = asyncio.Event(), False, False
        self._grounded = asyncio.Event()
        self._pen: asyncio.Task[None] | None = None
        self._again = 0.0

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
        return not (self._hand or self._progress or (self._hungry and not self.dead))

    @property
    def sending(self) -> bool:
        """Tell whether messages wait for the pace now, so that edits should give way."""
        return bool(self._hand.ready) or (self._hungry and not self.dead and not self.pace.paused)

    @property
    def held(self) -> bool:
        """Tell whether this process may send on the connection."""
        return self._holding.held

    @property
    def in_hand(self) -> set[int]:
        """Give the ids of the deliveries this process works on: no recovery may touch them."""
        return self._hand.ids

    def figures(self) -> LineFigures:
        """Give what `/metrics` and `/readyz` want to know."""
        count, hand = self.tally, self._hand
        return LineFigures(
            *self.name, sent=count["sent"], retried=count["retry"], released=count["release"], lost=count["lost"],
            unknown=count["unknown"], dead=count["dead"] + count["unreachable"], limited=count["limited"],
            settling=count["settling"], flying=len(hand.flying), ready=len(hand.ready), dead_reason=self.dead,
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
            if self._stopping and not self._hand:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            await self._gather()

    async def _gather(self) -> None:
        """Let results come together for one transaction, for a moment, until all that left has landed."""
        if self._hand.flying and not self._stopping:
            self._grounded.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER):
                    await self._grounded.wait()

    async def stop(self, task: asyncio.Task[None], seconds: float) -> None:
        """Claim nothing more, give back what has not left, wait for what is in flight and write it down."""
        self._stopping = True
        self._poked.set()
        await asyncio.wait({task}, timeout=seconds)
        for flying, job in list(self._hand.flying.items()):
            flying.cancel()
            self._hand.done.append(Result(job.delivery, "lost", "stopped"))
        self._hand.flying.clear()
        self._poked.set()
        await asyncio.wait({task}, timeout=5)
        if not task.done():
            task.cancel()

    async def let_go(self) -> None:
        """Give the connection back, so that another process need not wait."""
        await self._holding.let_go()

    async def keep_hold(self, db: Session) -> None:
        """Hold the connection for this process, if no other does."""
        await self._holding.keep(db)

    async def circuit(self, reason: str) -> None:
        """Open the circuit of a refused token with a reason, close it with none."""
        if await self.health.circuit(reason):
            self._hungry = True

    def pause(self, seconds: float) -> None:
        """Start nothing on this connection for so long, also after a restart."""
        self._holding.pause(seconds)

    async def _round(self) -> float:
        """Do one transaction's worth; give the seconds until the next is useful."""
        if not self.platform.workspace:
            return 1.0
        self._give_back()
        hand, holding = self._hand, self._holding
        starting = [] if self._stopping else self._startable()
        want, dead = self._want(len(starting)), self.dead
        telling = self._progress and (self._progress.wait <= 0 or not hand)
        if not (hand.done or starting or want or holding.to_note or telling):
            return self._wait()
        done, busy = list(hand.done), self._busy()
        claimed: list[Delivery] = []
        going: set[int] = set()
        async with self.shop.database.write() as db:
            await holding.keep(db)
            noted = await holding.note(db)
            if starting and self.held:
                ids = [job.delivery.id for job in starting]
                going = await deliveries.start(db, ids, self.shop.worker, self._lease)
            if want and self.held and not self.pace.paused:
                claimed = await self._claim(db, want, busy, alone=not (hand.ready or hand.flying))
            unknown = await self._write(db, done)
            told = await self._progress.tell(db, last=not (hand.ready or hand.flying or claimed))
        if claimed:
            hand.drawing = claimed
        holding.noted(noted)
        self._progress.told(told)
        self._written(done, unknown)
        if claimed and claimed[0].crashes:
            self.shop.suspect = claimed[0].id
        for job in starting:
            if job.delivery.id not in going or self.pace.paused or (self.dead and not self.health.probing):
                hand.ready.remove(job)
                hand.done.append(Result(job.delivery, "release"))
            elif self._may_leave(job):  # the pace counts what leaves now, not what was to leave before the commit
                hand.ready.remove(job)
                self._launch(job)
        if want:
            self._after_claim(len(claimed), want, busy)
        if claimed:  # drawn while others are sent
            self._pen = asyncio.create_task(self._prepare(claimed, probing=bool(dead)))
        return 0.0 if hand.done or self._want(0) else self._wait()

    def _wait(self) -> float:
        telling = self._progress.wait if self._progress else IDLE
        return min(self._next_start(), self._next_claim(), telling)

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
            self._progress.add(community, changed)
            unknown += more
        return unknown

    def _written(self, done: list[Result], unknown: int) -> None:
        """Forget results that are on disk now."""
        del self._hand.done[: len(done)]
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
                self._hand.done.append(Result(row, "release"))
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
            self._hand.drawing = []
            self._hand.ready += jobs
            self._hand.done += results
            if probing:
                self.health.probing = bool(jobs)
                self.health.probe_at = time.monotonic() + (shop.settings.probe if jobs else 0.0)
            self._poked.set()

    def _startable(self) -> list[Job]:
        """Choose what may leave now."""
        room = min(self.pace.room(), self.health.lanes - len(self._hand.flying))
        now, found = self.shop.clock.now(), list[Job]()
        for job in self._hand.ready:
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
        now, paused = self.shop.clock.now(), self.pace.paused
        every = self._stopping or paused > PATIENCE or bool(self.dead and not self.health.probing)
        for job in list(self._hand.ready):
            expires = job.delivery.expires_at
            late = expires is not None and expires <= now
            if late or every or self.pace.chat_wait(job.place.chat, group=job.group) > PATIENCE:
                self._hand.ready.remove(job)
                self._hand.done.append(Result(job.delivery, "expired" if late else "release"))

    def _want(self, starting: int) -> int:
        """Give how many rows to claim: so many that the lanes stay busy, none while paused or stopping."""
        now = time.monotonic()
        if self._again and now >= self._again:
            self._hungry, self._again = True, 0.0
        if self._stopping or not self._hungry or self.pace.paused or self._holding.pausing:
            return 0
        if self._hand.drawing or self._hand.alone:
            return 0
        if self.dead:
            return 0 if now < self.health.probe_at or self._hand.flying or self._hand.ready else 1
        ahead, lanes, rate = len(self._hand.ready) - starting, self.health.lanes, self.platform.limits.per_second
        # What leaves within the patience, enough to draw some while others are sent; one where one feels the way.
        enough = max(AHEAD * lanes, min(BATCH, int(rate / 2))) if lanes > 1 else 1
        most = max(1, min(enough, int(rate * PATIENCE)))
        return most - ahead if ahead <= min(2 * lanes, most * 2 // 3) else 0

    def _next_start(self) -> float:
        if not self._hand.ready or len(self._hand.flying) >= self.health.lanes:
            return IDLE
        chat = min(self.pace.chat_wait(job.place.chat, group=job.group) for job in self._hand.ready)
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

    def _busy(self) -> dict[str, float]:
        chats = self.pace.busy()
        for job in self._hand.jobs:
            chats[job.delivery.chat] = max(chats.get(job.delivery.chat, 0.0), self.platform.limits.chat_interval)
        return chats

    def _after_claim(self, got: int, want: int, busy: dict[str, float]) -> None:
        self._hungry = bool(self.held and got == want)
        if not self._hungry and busy:  # rows to these chats were left out: look again when the first is free
            self._again = time.monotonic() + max(0.02, min(busy.values()))

    def _launch(self, job: Job) -> None:
        task = asyncio.create_task(self._send(job))
        self._hand.flying[task] = job
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._hand.flying.pop(task, None)
        self._poked.set()
        if not self._hand.flying:
            self._grounded.set()

    async def _send(self, job: Job) -> None:
        self._hand.done.append(await attempt(self, job))

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.shop.settings.lease)
