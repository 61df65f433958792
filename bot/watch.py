"""How the bot is, seen from inside: one look for `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from bot.platforms import Connected
from scheduler.clock import Clock
from scheduler.contract import LineFigures
from scheduler.engine import Engine
from storage import backlog, installation, schema
from storage.database import Database, Session
from storage.sharing import real_now

SILENCE = 150.0
"""Seconds without a good poll after which Telegram counts as not heard: a long poll, its watchdog and a back-off."""
PATIENCE = 5.0
"""Seconds the database may take to answer one look."""


@dataclass(frozen=True, slots=True)
class Ear:
    """Be how one connection takes things in."""

    platform: str
    workspace: str
    title: str
    hears: str
    sockets: int = 0
    heard_ago: float = 0.0
    """Seconds since the last good poll or webhook call, or since our start."""
    reading: bool = True
    """Telegram by polling: whether this process asks for updates."""
    read_elsewhere: bool = False
    """Whether another process of ours has the right to."""

    @property
    def trouble(self) -> str:
        """Tell what is wrong; "" if it takes in."""
        if not self.workspace:
            return f"{self.title}: not reached yet"
        if self.hears == "socket" and not self.sockets:
            return f"{self.title}: no connection to Slack"
        if self.hears != "polling" or (self.read_elsewhere and not self.reading):
            return ""
        if not self.reading:
            return f"{self.title}: nobody asks for updates"
        return f"{self.title}: no poll was answered for {self.heard_ago:.0f} s" if self.heard_ago > SILENCE else ""


@dataclass(slots=True)
class Snapshot:
    """Be one look at everything."""

    lines: Sequence[LineFigures] = ()
    ears: Sequence[Ear] = ()
    queues: list[tuple[tuple[str, str], int, float]] = field(default_factory=list)
    inbox: int = 0
    timers: int = 0
    timers_oldest: float = 0.0
    swept_ago: float = 0.0
    paused: str = ""
    schema: str = ""
    trouble: str = ""
    """Why the database gave no answer; then what comes from it is empty."""


class Watch:
    """Look at a running bot. `swept` is the longest time in seconds between two sweeps that is still well."""

    def __init__(
        self, database: Database, clock: Clock, engine: Engine, connections: Sequence[Connected], swept: float
    ) -> None:
        self._database, self._clock, self._engine, self._connections = database, clock, engine, connections
        self._swept, self._began = swept, time.monotonic()
        self._head = schema.head()
        self.stopping = False

    async def look(self) -> Snapshot:
        """Take a snapshot; a database that is away is part of it."""
        found = Snapshot(lines=self._engine.figures(), swept_ago=time.monotonic() - self._engine.last_sweep)
        readers: dict[tuple[str, str], bool] = {}
        try:
            async with asyncio.timeout(PATIENCE), self._database.read() as db:
                await self._ask(db, found)
                readers = await _readers(db)
        except Exception as error:
            found.trouble = "no answer" if isinstance(error, TimeoutError) else type(error).__name__
        found.ears = [await _listen(each, readers, self._began) for each in self._connections]
        return found

    async def _ask(self, db: Session, found: Snapshot) -> None:
        now = self._clock.now()
        found.schema = str(await db.scalar(text("SELECT version_num FROM alembic_version")))
        found.paused = await installation.paused(db)
        found.queues = [
            ((each.platform, each.workspace), each.number, max(0.0, (now - each.oldest).total_seconds()))
            for each in await backlog.due(db, now)
        ]
        found.inbox = await backlog.inbox_rows(db)
        found.timers, oldest = await backlog.late_timers(db, now)
        found.timers_oldest = (now - oldest).total_seconds() if oldest else 0.0

    async def ready(self) -> dict[str, Any]:
        """Tell whether everything works that should, and what does not; what merely waits is no trouble."""
        found = await self.look()
        troubles = ["stopping"] if self.stopping else []
        if found.trouble:
            troubles.append(f"database: {found.trouble}")
        elif found.schema != self._head:
            troubles.append(f"database: revision {found.schema}, this program needs {self._head}")
        if found.swept_ago > self._swept:
            troubles.append(f"engine: due work was last looked for {found.swept_ago:.0f} s ago")
        troubles += [each.trouble for each in found.ears if each.trouble]
        return {"ok": not troubles, "troubles": troubles, "paused": found.paused or None}


async def _readers(db: Session) -> dict[tuple[str, str], bool]:
    """Tell on which connections somebody has the right to ask for updates now."""
    real = await real_now(db)
    return {
        (each.platform, each.workspace): bool(each.reader and each.reader_until and each.reader_until > real)
        for each in await backlog.connections(db)
    }


async def _listen(connected: Connected, readers: dict[tuple[str, str], bool], began: float) -> Ear:
    platform = connected.platform
    heard: float | None = getattr(platform, "last_heard", None)  # only Telegram has times, only Slack has sockets
    sockets = getattr(platform, "connections", None)
    return Ear(
        platform=platform.name,
        workspace=platform.workspace,
        title=connected.title,
        hears=connected.tokens.hears,
        sockets=await sockets() if sockets is not None else 0,
        heard_ago=time.monotonic() - max(heard or began, began),
        reading=getattr(platform, "reading", True),
        read_elsewhere=readers.get((platform.name, platform.workspace), False),
    )
