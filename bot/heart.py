"""The installation's beat, with a copy outside the database: a database behind its copy is a restored backup.

An old backup does not know what was sent after it was made. So nothing but alerts leaves until somebody confirms
(reliability §2.3 point 12, F50). A missing or unreadable copy proves nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from scheduler.clock import Clock
from storage import installation
from storage.database import Database

log = structlog.get_logger(__name__)
FILE = "beat.json"
MARGIN = 1.25
"""A beat covers so many intervals: what was sent after the last beat before a kill must be in doubt, too."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Be the copy outside the database: the number, of which database, and up to when something may have been sent."""

    number: int
    database: str
    until: datetime


class Heart:
    """Beat about every `seconds`; `on_restored` is told up to when messages may have been sent before a restore."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        folder: Path,
        seconds: float,
        on_restored: Callable[[datetime], Awaitable[None]],
    ) -> None:
        self._database, self._clock, self._file = database, clock, folder / FILE
        self._seconds, self._on_restored = seconds, on_restored
        self._last: Beat | None = None
        self._next, self._warned, self._started = 0.0, False, False

    async def start(self) -> None:
        """Compare with the copy, before anything is sent, and beat."""
        self._last, self._started = await asyncio.to_thread(read, self._file), True
        await self.beat()

    async def chore(self) -> None:
        """Beat if it is time, or if the clock was moved beyond what the last beat covers."""
        if time.monotonic() >= self._next or self._last is None or self._clock.now() >= self._last.until:
            await self.beat()

    async def beat(self, *, last: bool = False) -> None:
        """Beat once, and pause if the database is behind; `last` says that nothing is sent any more."""
        if not self._started:  # without the comparison a beat would wipe out what it shows
            return
        known, now = self._last, self._clock.now()
        restored: datetime | None = None
        async with self._database.write() as db:
            identity = await installation.identity(db)
            same = known is not None and (not identity or not known.database or identity == known.database)
            before, number = await installation.beat(db, known.number if known and same else 0)
            if known is not None and same and before < known.number:
                restored = min(known.until, now)
                await installation.pause(db, restored)
        ahead = timedelta(0) if last else timedelta(seconds=self._seconds * MARGIN)
        self._last, self._next = Beat(number, identity, now + ahead), time.monotonic() + self._seconds
        await self._write(self._last)
        if restored is not None:
            log.error("backup_restored", until=restored.isoformat(), hint="only alerts go out; `convenor resume`")
            await self._on_restored(restored)

    async def _write(self, beat: Beat) -> None:
        try:
            await asyncio.to_thread(write, self._file, beat)
        except OSError as error:
            if not self._warned:
                log.warning("beat_not_copied", file=str(self._file), error=error.strerror)
            self._warned = True


def read(file: Path) -> Beat | None:
    """Read the copy; `None` when there is none or it cannot be understood."""
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        until = datetime.fromisoformat(said["until"])
        if until.tzinfo is None:
            raise ValueError("naive")
        return Beat(int(said["beat"]), str(said["database"]), until)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("beat_copy_not_read", file=str(file), error=type(error).__name__)
        return None


def write(file: Path, beat: Beat) -> None:
    """Write the copy so that a reader finds the old one or the new one, whole. Raise `OSError`."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as stream:
            said = {"beat": beat.number, "database": beat.database, "until": beat.until.isoformat()}
            json.dump(said, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
