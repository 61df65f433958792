"""The one write connection of SQLite: short statements run where they are asked, without a thread.

aiosqlite hands every call to a thread of its own, which costs more than most statements. Here a statement that is known
to be short runs at once; what may wait (the commit with its disk, a lock of another process) or take long, and what is
asked for the first time, goes to the thread as before. The event loop gets its turn every few milliseconds.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from time import perf_counter
from typing import Any

from aiosqlite import Connection

BEGIN = "BEGIN IMMEDIATE"
LOCK_WAIT = 10_000
"""Milliseconds a lock of another process is waited for, in the thread."""
SHORT = 0.002
"""Seconds a statement may take to be run at once; judged by the slowest of its last runs."""
TURN = 0.005
"""Seconds after which the event loop gets its turn."""
KNOWN_MAX = 2000
_AT_ONCE = ("cursor", "close")


class InlineConnection(Connection):
    """Be aiosqlite's connection; everything it does passes through `_execute`."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._took: dict[str, float] = {}
        """Seconds each statement took, per row of its values; a slow run is forgotten little by little."""
        self._statement = ""
        self._rows = 1
        self._sent = 0
        self._ended = 0  # counted by the thread alone: equal to what was sent, the thread is idle
        self._turn = 0.0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        what = fn.__name__
        if what in ("execute", "executemany"):
            self._statement = str(args[0])
            self._rows = max(len(args[1]), 1) if what == "executemany" else 1
        if self._sent != self._ended:  # a cancelled call still runs: nothing may overtake it
            return await self._in_thread(fn, *args, **kwargs)
        if what == "execute" and self._statement == BEGIN:
            return await self._begin(fn)
        if what in _AT_ONCE and fn != self._connection.close:
            return fn(*args, **kwargs)
        if what not in ("execute", "executemany", "fetchall"):
            return await self._in_thread(fn, *args, **kwargs)
        known = self._took.get(self._statement)
        if known is None or known * self._rows > SHORT:
            return await self._in_thread(self._timed, fn, *args)
        now = perf_counter()
        if now - self._turn > TURN:
            await asyncio.sleep(0)
            self._turn = perf_counter()
        return self._timed(fn, *args)

    async def _begin(self, fn: Callable[..., Any]) -> Any:
        """Take the write lock at once if it is free, which it is unless another process writes; else wait for it."""
        assert self._connection is not None
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            return fn(BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={LOCK_WAIT}")
        return await self._in_thread(fn, BEGIN)

    def _timed(self, fn: Callable[..., Any], *args: Any) -> Any:
        statement, began = self._statement, perf_counter()
        try:
            return fn(*args)
        finally:
            took = (perf_counter() - began) / self._rows
            if len(self._took) > KNOWN_MAX:
                self._took.clear()
            self._took[statement] = max(took, self._took.get(statement, 0.0) * 0.9)

    async def _in_thread(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        def run() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                self._ended += 1

        future = asyncio.get_running_loop().create_future()
        self._sent += 1
        self._tx.put_nowait((future, run))
        try:
            return await future
        finally:
            self._turn = perf_counter()


def connect(database: Any, **more: Any) -> InlineConnection:
    """Open the connection as aiosqlite's `connect` does; it is given to SQLAlchemy as `async_creator_fn`."""
    more["check_same_thread"] = False

    def connector() -> sqlite3.Connection:
        opened: sqlite3.Connection = sqlite3.connect(str(database), **more)
        return opened

    return InlineConnection(connector)
