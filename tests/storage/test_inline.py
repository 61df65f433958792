"""The write connection of SQLite: short statements without a thread, and nothing lost or overtaken by that."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from pathlib import Path

from sqlalchemy import text

from storage import Database
from storage.communities import Community
from tests.kinds import on_one

pytestmark = on_one


async def names(database: Database) -> list[str]:
    async with database.read() as db:
        return list(await db.scalars(text("SELECT key FROM community ORDER BY key")))  # type: ignore[arg-type]


async def add(database: Database, key: str) -> None:
    async with database.write() as db:
        db.add(Community(key=key, name=key, zone="UTC"))
        await db.flush()
        await asyncio.sleep(0)


async def test_a_writer_cut_off_at_any_moment_leaves_all_or_nothing_and_the_next_one_writes(database: Database) -> None:
    for number in range(5):  # until its statements are known as short
        await add(database, f"warm{number}")
    begun = []
    for number in range(120):
        task = asyncio.create_task(add(database, f"cut{number:03}"))
        for _ in range(number % 40):
            await asyncio.sleep(0)
        if number % 3 == 0:
            await asyncio.sleep(0.0005)
        task.cancel()
        begun.append(task)
        await asyncio.gather(task, return_exceptions=True)
    await add(database, "last")

    found = await names(database)
    finished = {f"cut{n:03}" for n, task in enumerate(begun) if not task.cancelled()}
    assert "last" in found
    assert finished <= set(found)
    with sqlite3.connect(database.url.split("///")[1]) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_lock_of_another_program_is_waited_for_without_holding_up_the_loop(database: Database) -> None:
    await add(database, "first")
    other = sqlite3.connect(Path(database.url.split("///")[1]), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(add(database, "second"))
    await asyncio.sleep(0.05)  # the loop runs on
    assert not waiting.done()
    other.execute("COMMIT")
    await asyncio.wait_for(waiting, 5)
    assert await names(database) == ["first", "second"]
    other.close()


async def test_long_work_lets_the_loop_run_and_a_slow_statement_goes_to_the_thread(database: Database) -> None:
    slow = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT max(x) FROM n")
    turns = [time.thread_time()]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0)
            turns.append(time.thread_time())

    watching = asyncio.create_task(watch())
    async with database.write() as db:
        for _ in range(3000):
            await db.execute(text("SELECT key FROM community"))
        for _ in range(5):
            assert await db.scalar(slow) == 300_000
    watching.cancel()

    # Its own time, so that others on the machine do not count; without turns it would be a second.
    assert max(after - before for before, after in itertools.pairwise(turns)) < 0.05


async def test_reading_goes_on_while_somebody_writes(database: Database) -> None:
    await add(database, "seen")
    async with database.write() as db:
        db.add(Community(key="unseen", name="x", zone="UTC"))
        await db.flush()
        assert await names(database) == ["seen"]
    assert await names(database) == ["seen", "unseen"]
