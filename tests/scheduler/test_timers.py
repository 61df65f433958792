from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from scheduler.engine import next_due
from scheduler.timers import call_at, cancel
from storage import timers
from storage.timers import Timer

HOUR = timedelta(hours=1)


async def arm(world: Any, kind: str, subject: str, due: datetime, **more: Any) -> None:
    async with world.database.write(world.community) as db:
        await call_at(db, kind, subject, due, **more)


async def test_a_timer_runs_once_under_three_engines(world: Any) -> None:
    for index in range(30):
        await arm(world, "remind", f"s{index}", world.clock.now() + HOUR)
    engines = [world.engine() for _ in range(3)]
    for each in engines:
        await each.start()
    assert all([await each.settle(timeout=50) for each in engines])
    assert world.timers == []
    world.clock.advance(HOUR)
    assert all([await each.settle(timeout=50) for each in engines])
    for each in engines:
        await each.stop()
    assert sorted(subject for _, subject, _ in world.timers) == sorted(f"s{index}" for index in range(30))


async def test_a_failing_timer_is_tried_again_and_holds_up_no_other(world: Any) -> None:
    await arm(world, "failing", "a", world.clock.now() - HOUR)
    await arm(world, "remind", "b", world.clock.now())
    await arm(world, "nonsense", "c", world.clock.now())
    async with world.running() as engine:
        assert await engine.settle()
    assert [subject for _, subject, _ in world.timers] == ["b"]
    rows = {each.subject: (each.state, each.attempts) for each in await world.rows(Timer)}
    assert rows == {"a": ("failed", 5), "b": ("done", 0), "c": ("failed", 0)}


async def test_a_timer_past_its_limit_is_dropped(world: Any) -> None:
    await arm(world, "remind", "a", world.clock.now(), not_after=world.clock.now() + HOUR)
    world.clock.advance(2 * HOUR)
    async with world.running() as engine:
        assert await engine.settle()
    assert world.timers == []
    assert [each.state for each in await world.rows(Timer)] == ["dropped"]


async def test_a_waiting_timer_is_moved_and_a_done_one_armed_again_for_another_moment(world: Any) -> None:
    due = world.clock.now() + HOUR
    await arm(world, "remind", "a", due)
    await arm(world, "remind", "a", due + HOUR)
    async with world.running() as engine:
        world.clock.set(due)
        assert await engine.settle()
        assert world.timers == []
        world.clock.set(due + HOUR)
        assert await engine.settle()
        assert len(world.timers) == 1
        await arm(world, "remind", "a", due + HOUR)
        assert await engine.settle()
        assert len(world.timers) == 1
        await arm(world, "remind", "a", due + HOUR / 2)
        assert await engine.settle()
        assert len(world.timers) == 2


async def test_called_off_work_is_not_done(world: Any) -> None:
    for slot in ("7d", "1d"):
        await arm(world, "remind", "a", world.clock.now(), slot=slot)
    await arm(world, "remind", "b", world.clock.now())
    async with world.database.write(world.community) as db:
        assert await cancel(db, "remind", "a", "7d") == 1
        assert await cancel(db, "remind", "b") == 1
    async with world.running() as engine:
        assert await engine.settle()
    assert [subject for _, subject, _ in world.timers] == ["a"]


async def test_a_timer_may_arm_itself_anew(world: Any) -> None:
    class Again:
        runs = 0

        async def __call__(self, db: Any, timer: Any, now: datetime) -> None:
            self.runs += 1
            if self.runs < 3:
                await call_at(db, timer.kind, timer.subject, now + HOUR)

    again = Again()
    engine = world.engine()
    engine._run_timer = {"again": again}
    await arm(world, "again", "a", world.clock.now())
    await engine.start()
    for _ in range(5):
        assert await engine.settle()
        world.clock.advance(HOUR)
    await engine.stop()
    assert again.runs == 3


async def test_work_of_a_worker_that_died_is_done_by_another(world: Any) -> None:
    await arm(world, "remind", "a", world.clock.now())
    async with world.database.write() as db:
        assert len(await timers.claim(db, world.clock.now(), "dead", timedelta(seconds=60))) == 1
        row = (await db.scalars(select(Timer))).one()
        row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
    async with world.running() as engine:
        assert await engine.settle()
    assert len(world.timers) == 1


async def test_the_next_moment_is_that_of_timers_and_deliveries(world: Any) -> None:
    now = world.clock.now()
    async with world.database.read() as db:
        assert await next_due(db) is None
    await arm(world, "remind", "a", now + 3 * HOUR)
    await world.send(await world.people(telegram=1), after=2 * HOUR)
    async with world.database.read() as db:
        assert await next_due(db) == now + 2 * HOUR


async def test_a_move_of_the_clock_wakes_the_engine(world: Any) -> None:
    await arm(world, "remind", "a", world.clock.now() + HOUR)
    async with world.running(sweep=60.0):
        await asyncio.sleep(0.05)
        world.clock.advance(HOUR)
        async with asyncio.timeout(2):
            while not world.timers:
                await asyncio.sleep(0.005)
