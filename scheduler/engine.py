"""The engine: APScheduler ticks, the tables remember. Timers, deliveries, card edits and the recovery of crashed work.

The movable clock says what is due; leases, pacing and back-off use real time (design §9).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from chat.platform import Platform
from scheduler import cards, timers
from scheduler.clock import Clock
from scheduler.contract import Compose, EngineSettings, LineFigures, OnAlert, RunTimer, Sent
from scheduler.delivery import PROGRESS
from scheduler.editor import Editor
from scheduler.looking import Seeker
from scheduler.rounds import Rounds
from scheduler.sender import Line
from scheduler.shop import Shop, complain
from scheduler.withdrawing import Withdrawer
from storage import deliveries
from storage import timers as timer_rows
from storage.database import Database, Session
from storage.deliveries import Campaign

__all__ = ["Engine", "EngineSettings", "next_due"]

log = structlog.get_logger(__name__)


async def next_due(db: Session) -> datetime | None:
    """Give the earliest moment (UTC) at which a timer or a delivery is due, overdue ones included."""
    waiting = [await timer_rows.next_due(db), await deliveries.next_due(db)]
    return min((each for each in waiting if each is not None), default=None)


class Engine:
    """Run timers, send deliveries and redraw cards on the given platforms; any number may share one PostgreSQL.

    `compose` and `run_timer` map kinds to the features' functions; `sent` is told of each accepted message in the
    transaction that notes it; `on_alert` of connections that die and live again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Sequence[Platform],
        compose: Mapping[str, Compose],
        run_timer: Mapping[str, RunTimer],
        settings: EngineSettings | None = None,
        sent: Sent | None = None,
        on_alert: OnAlert | None = None,
    ) -> None:
        self._database, self._clock, self._run_timer = database, clock, run_timer
        self._settings = settings or EngineSettings()
        self.worker = secrets.token_hex(8)
        shop = Shop(database, clock, compose, self._settings, self.worker, sent, on_alert)
        self._lines = [Line(shop, each) for each in platforms]
        self._editors = [Editor(line) for line in self._lines]
        self._seekers = [Seeker(line) for line in self._lines]
        self._withdrawers = [Withdrawer(line) for line in self._lines]
        for line, seeker in zip(self._lines, self._seekers, strict=True):
            line.on_lost = seeker.poke
        self._woken, self._recovery_due = asyncio.Event(), False
        self._tasks: list[asyncio.Task[None]] = []
        self._ticker: AsyncIOScheduler | None = None
        self._stopping = False
        self.last_sweep = time.monotonic()
        """Monotonic moment at which due work was last looked for without an error."""

    @property
    def _workers(self) -> list[Line | Rounds]:
        return [*self._lines, *self._editors, *self._seekers, *self._withdrawers]

    def figures(self) -> list[LineFigures]:
        """Give the figures of every connection, for `/metrics` and `/readyz`."""
        return [each.figures() for each in self._lines]

    async def start(self) -> None:
        """Settle what a crash left, then begin. Platforms should have been started: their workspaces are known."""
        await self._recover()
        await self._redraw_latest()
        jobs = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._ticker = AsyncIOScheduler(job_defaults=jobs, timezone=UTC)
        self._ticker.add_job(self._tick, "interval", seconds=self._settings.sweep)
        self._ticker.add_job(self._tick_recovery, "interval", seconds=self._settings.recovery)
        self._ticker.start()
        self._tasks = [asyncio.create_task(each.run()) for each in self._workers]
        self._sweeper = asyncio.create_task(self._follow())
        self._watcher = asyncio.create_task(self._watch_clock())
        self.wake()

    async def stop(self) -> None:
        """Claim nothing more, give back what has not left, finish what is in flight within `drain` seconds."""
        ticker, self._ticker = self._ticker, None
        if ticker is None:
            return
        self._stopping = True
        ticker.pause()
        await asyncio.sleep(0)  # a tick that has begun ends by itself; cut off, it would leave a trace in the log
        ticker.shutdown(wait=False)
        self.wake()
        self._watcher.cancel()
        seconds = self._settings.drain
        workers = [each.stop(task, seconds) for each, task in zip(self._workers, self._tasks, strict=True)]
        await asyncio.gather(self._sweeper, *workers)
        await asyncio.gather(self._watcher, *self._tasks, return_exceptions=True)
        for line in self._lines:
            await line.let_go()

    def wake(self) -> None:
        """Look for due work at once; cheap, may be called after every commit."""
        self._woken.set()

    async def next_due(self, db: Session) -> datetime | None:
        """Give the earliest moment at which anything is due."""
        return await next_due(db)

    async def settle(self, timeout: float = 20.0, *, with_cards: bool = True) -> bool:
        """Wait until nothing is due, nothing in flight and no card waits; false if that took longer, in real seconds.

        Without `with_cards` edits may still wait for their pace. What waits for a platform that is off or refuses our
        token does not count.
        """
        end, pause = time.monotonic() + timeout, 0.005
        self.wake()
        while time.monotonic() < end:
            await asyncio.sleep(pause)
            pause = min(0.1, pause * 1.5)
            if await self._quiet(with_cards=with_cards):
                return True
            self.wake()
        return False

    async def _quiet(self, *, with_cards: bool) -> bool:
        if not all(each.idle for each in self._lines):
            return False
        if with_cards and any(each.busy for each in self._editors):
            return False
        now = self._clock.now()
        async with self._database.read() as db:
            if await timer_rows.retrying(db, now) or await deliveries.stale(db, now):
                return False
            for line in self._lines:
                if line.dead or not line.platform.workspace:
                    continue
                if await deliveries.at_work(db, *line.name, now):
                    return False
                if await deliveries.to_take_back(db, *line.name):
                    return False
                if with_cards and await deliveries.card_waits(db, *line.name):
                    return False
        return True

    async def _tick(self) -> None:
        self.wake()

    async def _tick_recovery(self) -> None:
        self._recovery_due = True
        self.wake()

    async def _watch_clock(self) -> None:
        while True:
            await self._clock.moved.wait()
            self._clock.moved.clear()
            self.wake()

    async def _follow(self) -> None:
        """Sweep when woken; many wakings close together make one sweep."""
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            if self._recovery_due:
                self._recovery_due = False
                await self._recover()
            await self._sweep()
            await asyncio.sleep(self._settings.gap)

    async def _sweep(self) -> None:
        """Do everything that is due: timers, campaigns that go, rows too late to send; then poke lines and editors."""
        try:
            settings = self._settings
            while not self._stopping and await timers.run_due(
                self._database, self._clock.now(), self._run_timer, self.worker,
                lease=settings.lease, retry=settings.timer_retry,
            ):  # fmt: skip
                pass
            now = self._clock.now()
            async with self._database.read() as db:
                stale = await deliveries.stale(db, now)
            if stale:
                async with self._database.write() as db:
                    await self._show_progress(db, await deliveries.turn(db, now))
            async with self._database.read() as db:
                for line, editor, withdrawer in zip(self._lines, self._editors, self._withdrawers, strict=True):
                    if await deliveries.due(db, *line.name, now):
                        line.poke()
                    if await deliveries.card_waits(db, *line.name):
                        editor.poke()
                    if await deliveries.to_take_back(db, *line.name):
                        withdrawer.poke()
            self.last_sweep = time.monotonic()
        except Exception as error:
            complain("sweep", "", error)

    async def _recover(self) -> None:
        """Settle work whose worker died: timers run again, deliveries are never sent twice."""
        try:
            async with self._database.write() as db:
                found = await timer_rows.recover(db)
                keep = set[int]().union(*(line.in_hand for line in self._lines))
                rows = await deliveries.recover(db, timedelta(seconds=self._settings.settle), keep)
                campaigns = [await db.get_one(Campaign, each) for each in sorted({row.campaign_id for row in rows})]
                await self._show_progress(db, campaigns)
        except Exception as error:
            complain("recovery", "", error)
            return
        if found or rows:
            log.warning("recovered", timers=found, deliveries=len(rows))
            self.wake()
        for seeker in self._seekers:  # also for what another process found
            seeker.poke()

    async def _redraw_latest(self) -> None:
        """Bring up to date what people pressed just before a crash."""
        try:
            async with self._database.write() as db:
                found = await cards.redraw_latest(db)
        except Exception as error:
            complain("redrawing", "", error)
            return
        if found:
            log.info("cards_redrawn_at_start", cards=found)

    async def _show_progress(self, db: Session, campaigns: Sequence[Campaign]) -> None:
        for each in campaigns:
            db.scope(each.community_id)
            await cards.touch(db, [PROGRESS], each.key)
