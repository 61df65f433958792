"""Who may send on a connection, and what of its state outlives the process: its pause and a refused token."""

from __future__ import annotations

import time
from datetime import timedelta

from chat.platform import Platform
from scheduler.health import Health
from scheduler.pacing import Pace
from scheduler.shop import Shop
from storage import deliveries, sharing
from storage.database import Session


class Holding:
    """Hold one connection for this process, as one process at a time does (design §8)."""

    def __init__(self, shop: Shop, platform: Platform, pace: Pace, health: Health) -> None:
        self._shop, self._platform, self._pace, self._health = shop, platform, pace, health
        self.held = False
        self._until, self._seize = 0.0, True
        self._pause: float | None = None
        self._dead_noted = ""

    @property
    def pausing(self) -> bool:
        """Tell whether a pause is not on disk yet."""
        return self._pause is not None

    @property
    def to_note(self) -> bool:
        """Tell whether the connection's row does not say how it is."""
        return self._pause is not None or self._health.dead != self._dead_noted

    def pause(self, seconds: float) -> None:
        """Start nothing on this connection for so long, also after a restart."""
        self._pace.pause(seconds)
        self._pause = max(self._pause or 0.0, seconds)

    async def keep(self, db: Session) -> None:
        """Take or renew the right to send; at the first time take over the pause, the circuit and the last minute."""
        now, seconds = time.monotonic(), self._shop.settings.hold
        if self.held and now < self._until:
            return
        name = (self._platform.name, self._platform.workspace)
        seize = self._seize and self._shop.database.sqlite
        row = await sharing.hold(db, *name, self._shop.worker, timedelta(seconds=seconds), seize=seize)
        self._seize = False
        if row is not None and not self.held:
            real = await sharing.real_now(db)
            if row.paused_until is not None and row.paused_until > real:
                self._pace.pause((row.paused_until - real).total_seconds())
            self._health.dead = self._dead_noted = row.dead_reason
            for at, chat, group in await deliveries.started_since(db, *name, real - timedelta(minutes=1)):
                self._pace.remember((real - at).total_seconds(), chat, group=group)
        self.held, self._until = row is not None, now + seconds / 3

    async def note(self, db: Session) -> tuple[float | None, str]:
        """Keep a pause and a refused token where they survive a restart; give what was noted, for `noted`."""
        pause, dead = self._pause, self._health.dead
        if self.to_note:
            row = await sharing.connection(db, self._platform.name, self._platform.workspace)
            row.dead_reason = dead[:200]
            if pause is not None:
                row.paused_until = await sharing.real_now(db) + timedelta(seconds=pause)
        return pause, dead

    def noted(self, what: tuple[float | None, str]) -> None:
        """Forget what is on disk now."""
        pause, self._dead_noted = what
        if self._pause == pause:
            self._pause = None

    async def let_go(self) -> None:
        """Give the connection back, so that another process need not wait."""
        if self.held:
            self.held = False
            async with self._shop.database.write() as db:
                await sharing.let_go(db, self._platform.name, self._platform.workspace, self._shop.worker)
