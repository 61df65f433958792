"""Sending on one connection: claim, draw, start, send once, write down; each line is a bulkhead of its own.

One short write transaction a round notes results, starts what the pace allows and claims more; no transaction is open
during a network call (reliability §2.3). A row is `started` before its request leaves, so that after a crash only
those that may have arrived become `unknown`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from chat.errors import AccountDead, Ambiguous, ChatMoved, NotSent, PlatformError, RateLimited, Rejected, Unreachable
from chat.message import Message
from chat.people import MessageRef
from chat.platform import Platform
from scheduler.clock import Clock
from scheduler.contract import Alert, Compose, EngineSettings, OnAlert, Sent
from scheduler.pacing import Pace
from scheduler.prepare import Job, Result, prepare
from scheduler.results import record
from storage import deliveries, sharing
from storage.database import Database, Session
from storage.deliveries import Delivery

log = structlog.get_logger(__name__)
PATIENCE = 2.0
"""Seconds a drawn message may wait for its turn; after that it goes back to the queue to be drawn afresh."""
IDLE = 3600.0
SHOWN_KEPT = 2000


@dataclass(slots=True)
class Shop:
    """Be what every line works with."""

    database: Database
    clock: Clock
    compose: Mapping[str, Compose]
    settings: EngineSettings
    worker: str
    sent: Sent | None = None
    on_alert: OnAlert | None = None


class Shown:
    """Remember what our last drawings looked like, by message and revision, to leave out edits that change nothing."""

    def __init__(self) -> None:
        self._known: OrderedDict[MessageRef, tuple[int, Message]] = OrderedDict()

    def put(self, ref: MessageRef, revision: int, message: Message) -> None:
        """Remember a drawing; the oldest are forgotten."""
        self._known[ref] = (revision, message)
        self._known.move_to_end(ref)
        if len(self._known) > SHOWN_KEPT:
            self._known.popitem(last=False)

    def forget(self, ref: MessageRef) -> None:
        """Forget a drawing that may not be what is shown."""
        self._known.pop(ref, None)

    def same(self, ref: MessageRef, revision: int, message: Message) -> bool:
        """Tell whether exactly this is shown at that revision."""
        return self._known.get(ref) == (revision, message)


class Line:
    """Send on one connection, with its own lanes, pace, pause and circuit."""

    def __init__(self, shop: Shop, platform: Platform) -> None:
        self.shop, self.platform = shop, platform
        self.pace, self.shown = Pace(platform.limits), Shown()
        self.dead = ""
        """Why the platform refuses our token; while it is set, one message is tried every `probe` seconds."""
        self.held = False
        """Whether this process may send on the connection."""
        self._poked, self._stopping, self._hungry = asyncio.Event(), False, False
        self._ready: list[Job] = []
        self._done: list[Result] = []
        self._flying: dict[asyncio.Task[None], Job] = {}
        self._hold_until = self._probe_at = self._again = 0.0
        self._failures = 0
        self._pause: float | None = None
        self._dead_noted = ""
        self._seize, self._probing = True, False

    @property
    def name(self) -> tuple[str, str]:
        """Give platform and workspace."""
        return self.platform.name, self.platform.workspace

    @property
    def idle(self) -> bool:
        """Tell whether nothing is in hand."""
        return not (self._ready or self._done or self._flying or (self._hungry and not self.dead))

    @property
    def sending(self) -> bool:
        """Tell whether messages wait for the pace now, so that edits should give way."""
        return bool(self._ready) or (self._hungry and not self.dead and not self.pace.paused)

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
            except Exception as error:  # the database is away or full: nothing leaves until a round succeeds
                log.exception("line_failed", platform=self.platform.name, error=type(error).__name__)
                wait = 1.0
            if self._stopping and not (self._flying or self._done or self._ready):
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._poked.wait()

    async def stop(self, task: asyncio.Task[None], seconds: float) -> None:
        """Claim nothing more, give back what has not left, wait for what is in flight and write it down."""
        self._stopping = True
        self._poked.set()
        await asyncio.wait({task}, timeout=seconds)
        for flying, job in list(self._flying.items()):
            flying.cancel()
            self._done.append(Result(job.delivery, "unknown", "stopped"))
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

    async def _round(self) -> float:
        """Do one transaction's worth; give the seconds until the next is useful."""
        if not self.platform.workspace:
            return 1.0
        self._give_back()
        starting = [] if self._stopping else self._startable()
        want, pause, dead = self._want(len(starting)), self._pause, self.dead
        if not (self._done or starting or want or pause is not None or dead != self._dead_noted):
            return min(self._next_start(), self._next_claim())
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
                now = self.shop.clock.now()
                claimed = await deliveries.claim(db, *self.name, now, self.shop.worker, self._lease, want, busy)
            await self._write(db, done)
        self._dead_noted = dead
        if self._pause == pause:
            self._pause = None
        del self._done[: len(done)]
        for job in starting:
            self._ready.remove(job)
            if job.delivery.id in going and not self.pace.paused and (not self.dead or self._probing):
                self._launch(job)
            else:
                self._done.append(Result(job.delivery, "release"))
        if want:
            self._after_claim(len(claimed), want, busy)
        if claimed:
            await self._prepare(claimed, probing=bool(dead))
        return 0.0 if self._done or self._want(0) else min(self._next_start(), self._next_claim())

    async def _write(self, db: Session, done: list[Result]) -> None:
        for community in sorted({each.delivery.community_id for each in done}):
            mine = [each for each in done if each.delivery.community_id == community]
            db.scope(community)
            await record(db, mine, self.shop.worker, self.shop.clock.now(), self.shop.settings, self.shop.sent)

    async def _prepare(self, claimed: list[Delivery], *, probing: bool) -> None:
        shop, unique = self.shop, list[Delivery]()
        taken = set(self._busy())
        for row in claimed:  # one message to a chat at a time; its next waits for the chat's interval
            if row.chat in taken:
                self._done.append(Result(row, "release"))
            else:
                taken.add(row.chat)
                unique.append(row)
        jobs, results = await prepare(shop.database, shop.compose, self.platform, shop.clock.now(), unique)
        self._ready += jobs
        self._done += results
        if probing:
            self._probing = bool(jobs)
            self._probe_at = time.monotonic() + (shop.settings.probe if jobs else 0.0)

    def _startable(self) -> list[Job]:
        """Choose what may leave now, and count it."""
        found: list[Job] = []
        for job in self._ready:
            if len(self._flying) + len(found) >= self.platform.limits.lanes or self.pace.bot_wait() > 0:
                break
            expires = job.delivery.expires_at
            if expires is not None and expires <= self.shop.clock.now():
                continue
            if self.pace.chat_wait(job.place.chat, group=job.group) <= 0:
                self.pace.take(job.place.chat, group=job.group)
                found.append(job)
        return found

    def _give_back(self) -> None:
        """Put drawn messages whose turn is too far away back into the queue."""
        now = self.shop.clock.now()
        for job in list(self._ready):
            wait = max(self.pace.chat_wait(job.place.chat, group=job.group), self.pace.paused)
            expires = job.delivery.expires_at
            late = expires is not None and expires <= now
            if late or self._stopping or wait > PATIENCE or (self.dead and not self._probing):
                self._ready.remove(job)
                self._done.append(Result(job.delivery, "expired" if late else "release"))

    def _want(self, starting: int) -> int:
        """Give how many rows to claim: so many that the lanes stay busy, none while paused or stopping."""
        now = time.monotonic()
        if self._again and now >= self._again:
            self._hungry, self._again = True, 0.0
        if self._stopping or not self._hungry or self.pace.paused or self._pause is not None:
            return 0
        if self.dead:
            return 0 if now < self._probe_at or self._flying or self._ready else 1
        ahead, limits = len(self._ready) - starting, self.platform.limits
        most = max(1, min(limits.lanes, int(limits.per_second * PATIENCE)))  # what leaves within the patience
        return most - ahead if ahead <= most // 2 else 0

    def _next_start(self) -> float:
        if not self._ready or len(self._flying) >= self.platform.limits.lanes:
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
            wait = min(wait, max(0.0, self._probe_at - now))
        return wait

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
        try:
            self._done.append(await self._attempt(job))
        except Exception:  # a bug of ours or of the adapter: whether it arrived cannot be known
            log.exception("sending_failed", delivery=job.delivery.id)
            self._done.append(Result(job.delivery, "unknown", "error"))

    async def _attempt(self, job: Job, moved: str = "") -> Result:
        """Send once and say what became of it (platforms §6)."""
        row = job.delivery
        try:
            async with asyncio.timeout(self.shop.settings.lease * 2 / 3):
                ref = await self.platform.send(job.place, job.message, job.reader, row.key)
        except RateLimited as error:
            self._failures = 0
            self._slow_down(error, job)
            return Result(row, "release", moved=moved)
        except NotSent as error:
            self._failures += 0 if self.pace.paused else 1
            if self._failures >= 3:  # not this recipient: the way to the platform is closed
                self.pace.pause(min(15.0, self.shop.settings.retry * 2 ** (self._failures - 3)))
            log.info("not_sent", delivery=row.id, reason=error.reason)
            return Result(row, "retry", moved=moved)
        except (Ambiguous, TimeoutError) as error:
            log.warning("answer_lost", delivery=row.id, platform=self.platform.name, error=str(error))
            return Result(row, "unknown", "answer lost", moved=moved)
        except Unreachable as error:
            self._failures = 0
            return Result(row, "unreachable", error.reason, moved=moved)
        except ChatMoved as error:
            if moved:
                return Result(row, "dead", "moved twice", moved=moved)
            return await self._attempt(replace(job, place=replace(job.place, chat=error.chat)), error.chat)
        except AccountDead as error:
            await self.circuit(error.reason or "token refused")
            return Result(row, "release", moved=moved)
        except PlatformError as error:
            if not isinstance(error, Rejected):
                log.error("unexpected_error", delivery=row.id, error=type(error).__name__)
            log.error("rejected", delivery=row.id, platform=self.platform.name, reason=error.reason)
            return Result(row, "dead", error.reason or "rejected", moved=moved)
        self._failures = 0
        await self.circuit("")
        self.shown.put(ref, 0, job.message)
        return Result(row, "sent", ref=ref, job=job, moved=moved)

    def _slow_down(self, error: RateLimited, job: Job) -> None:
        if error.scope:
            self.pace.pause(error.after, job.place.chat)
        else:
            self.pace.pause(error.after)
            self._pause = max(self._pause or 0.0, error.after)
        log.info("rate_limited", platform=self.platform.name, after=error.after, chat=bool(error.scope))

    async def circuit(self, reason: str) -> None:
        """Open the circuit with a reason, close it with none; tell the operator when it changes."""
        self._probing = False
        if reason:
            self._probe_at = time.monotonic() + self.shop.settings.probe
        if bool(reason) == bool(self.dead):
            return
        self.dead, self._hungry = reason, True
        log.error("connection_dead" if reason else "connection_alive", platform=self.platform.name, reason=reason)
        if self.shop.on_alert is not None:
            await self.shop.on_alert(Alert("dead" if reason else "alive", *self.name, reason))

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
            self.dead = self._dead_noted = row.dead_reason
        self.held, self._hold_until = row is not None, now + seconds / 3

    async def _note_connection(self, db: Session, pause: float | None, dead: str) -> None:
        """Keep a pause and a dead token where they survive a restart."""
        row = await sharing.connection(db, *self.name)
        row.dead_reason = dead[:200]
        if pause is not None:
            row.paused_until = await sharing.real_now(db) + timedelta(seconds=pause)
