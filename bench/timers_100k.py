"""A hundred thousand waiting timers: what a sweep costs, whether the loop stalls, whether the start takes longer."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from bench import stage as stages
from bench import town
from bench.report import Broken, Row, Say, middle, percentile
from bench.stall import Stall
from scheduler.clock import MovableClock, SystemClock
from scheduler.engine import Engine, EngineSettings
from storage.communities import Community
from storage.database import Database
from storage.timers import Timer

NAME, UNIT, BUDGET = "timers_100k", "ms", "sweep <= 5 ms, stall <= 50 ms, start unaffected"
SWEEP_MOST, STALL_MOST, START_MOST = 5.0, 50.0, 1.1
KIND = "bench"
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """Say how many timers wait, how many sweeps are timed, how many timers come due at once, and how often we start."""

    timers: int = 100_000
    sweeps: int = 200
    due: int = 200
    starts: int = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """Be what one database showed, in milliseconds."""

    sweep: float
    slowest: float
    stall: float


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take the three figures; the baseline is the same with no timer waiting."""
    size = size or (Size(10_000, 50, 50, 1) if quick else Size())
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        people = [*town.crowd("telegram", 12), *town.crowd("slack", 12)]
        urls = {number: f"sqlite:///{folder}/{number}.sqlite3" for number in (0, size.timers)}
        for number, url in urls.items():
            say(f"{NAME}: writing {number} timers")
            await town.fill(url, people)
            await _arm(url, number)
        if size.starts:
            say(f"{NAME}: starting {2 * (size.starts + 1)} times")
        async with stages.sandbox(folder, people) as stage:
            await stage.control("limits", enabled=False)
            starts = await _start(folder, stage, urls, size.starts)
        say(f"{NAME}: sweeping")
        ours, bare = await _watch(urls[size.timers], size), await _watch(urls[0], size)
    note = f"{size.timers} waiting, p99 of {size.sweeps} sweeps {ours.slowest:.1f} ms, {size.due} due at once"
    rows = [
        _row("sweep", ours.sweep, bare.sweep, "median <= 5 ms", ours.sweep <= SWEEP_MOST, note),
        _row("stall", ours.stall, bare.stall, "longest <= 50 ms", ours.stall <= STALL_MOST),
    ]
    if size.starts:
        long, short = (middle(starts[number]) * 1000 for number in (size.timers, 0))
        rows.append(_row("start", long, short, "ratio <= 1.1", long / short <= START_MOST))
    return rows


def _row(name: str, figure: float, baseline: float, budget: str, met: bool, note: str = "") -> Row:
    ratio = round(figure / baseline, 3)
    return Row(f"{NAME}.{name}", round(figure, 3), UNIT, round(baseline, 3), ratio, budget, met, note)


async def _start(folder: Path, stage: stages.Stage, urls: dict[int, str], times: int) -> dict[int, list[float]]:
    """Give the seconds from the start of the process to ready, in turn on each database; the first does not count."""
    seconds: dict[int, list[float]] = {number: [] for number in urls}
    for turn in range(times + 1 if times else 0):
        for number, url in urls.items():
            before = time.monotonic()
            async with stages.convenor(folder, stage, url, ("telegram",)):
                took = time.monotonic() - before
            if turn:
                seconds[number].append(took)
    return seconds


async def _arm(url: str, number: int) -> None:
    """Write so many timers that are due within the next year, but not in the next hour."""
    database, now = Database(url), SystemClock().now()
    try:
        for first in range(0, number, CHUNK):
            async with database.write() as db:
                community = (await db.scalars(select(Community.id))).one()
                await db.execute(insert(Timer), list(_timers(community, now, first, min(first + CHUNK, number))))
    finally:
        await database.close()


def _timers(community: int, now: Any, first: int, last: int) -> Iterator[dict[str, Any]]:
    for each in range(first, last):
        due = now + timedelta(hours=1, seconds=(each * 7919) % 31_000_000)
        yield {"community_id": community, "kind": KIND, "subject": str(each), "due_at": due, "state": "waiting"}


@asynccontextmanager
async def _engine(url: str, clock: MovableClock, done: list[str]) -> Any:
    async def work(_db: Any, timer: Timer, _now: Any) -> None:
        done.append(timer.subject)

    database = Database(url)
    engine = Engine(database, clock, [], {}, {KIND: work}, EngineSettings(sweep=3600, recovery=3600, gap=0.001))
    try:
        await engine.start()
        yield database, engine
    finally:
        await engine.stop()
        await database.close()


async def _watch(url: str, size: Size) -> _Found:
    """Time sweeps that find nothing; then let some timers come due at once, and watch the loop all the time."""
    done: list[str] = []
    clock = MovableClock(SystemClock().now())
    async with Stall() as stall, _engine(url, clock, done) as (database, engine):
        times = [await _sweep(engine) for _ in range(size.sweeps)][1:]
        async with database.write() as db:
            community = (await db.scalars(select(Community.id))).one()
            soon = clock.now() + timedelta(minutes=1)
            row = {"community_id": community, "kind": KIND, "due_at": soon, "state": "waiting"}
            await db.execute(insert(Timer), [row | {"subject": f"due-{each}"} for each in range(size.due)])
        clock.advance(timedelta(minutes=2))
        if not await engine.settle(timeout=60):
            raise Broken("the timers that came due were not done within a minute")
        async with database.read() as db:
            closed = await db.scalar(select(func.count()).select_from(Timer).where(Timer.state == "done"))
    if sorted(done) != sorted(f"due-{each}" for each in range(size.due)) or closed != size.due:
        raise Broken(f"{size.due} timers came due, {len(done)} were done, {closed} are noted as done")
    return _Found(middle(times) * 1000, percentile(times, 0.99) * 1000, stall.longest * 1000)


async def _sweep(engine: Engine) -> float:
    """Give the seconds from a wake-up to the end of its sweep."""
    await asyncio.sleep(0.005)
    woken = time.monotonic()
    engine.wake()
    while engine.last_sweep <= woken:
        await asyncio.sleep(0.001)
    return engine.last_sweep - woken
