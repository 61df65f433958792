"""Planning a send to ten thousand members: from the confirming press to the commit, and what it takes of memory."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select

from bench import town
from bench.report import Broken, Row, Say, middle
from bench.stall import Stall
from handlers import _planning
from scheduler.clock import SystemClock
from storage import invitations
from storage.communities import Community
from storage.database import Database
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, by_key
from storage.members import Member

NAME, UNIT, BUDGET = "planning_10k", "s", "<= 2 s, memory flat"
SECONDS_MOST, GROWTH_MOST = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class Size:
    """Say for how many members a send is planned, and how often; the first time warms up and does not count."""

    members: int = 10_000
    runs: int = 4


async def measure(quick: bool, say: Say, size: Size | None = None) -> list[Row]:
    """Take the time and the growth of memory; the baseline writes the same number of bare rows with `sqlite3`."""
    if not sys.platform.startswith("linux"):
        raise Broken("memory is read from /proc, which is there on Linux only")
    size = size or (Size(1000, 2) if quick else Size())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite:///{folder}/convenor.sqlite3"
        half = size.members // 2
        say(f"{NAME}: writing {size.members} members")
        people = [*town.crowd("telegram", size.members - half), *town.crowd("slack", half)]
        await town.fill(url, people, invited=False)
        database = Database(url)
        ours, bare, stalls, resident = list[float](), list[float](), list[float](), list[float]()
        try:
            for turn in range(size.runs + 1):
                say(f"{NAME}: {turn + 1} of {size.runs + 1}")
                before = time.perf_counter()
                async with Stall() as stall:
                    await _plan(database, size.members)
                    took = time.perf_counter() - before
                await _forget(database)
                gc.collect()
                if turn:
                    ours.append(took)
                    stalls.append(stall.longest)
                    bare.append(await asyncio.to_thread(_bare, Path(folder) / f"bare-{turn}.sqlite3", size.members))
                resident.append(_resident())
        finally:
            await database.close()
    seconds, growth = middle(ours), resident[-1] - resident[0]
    note = f"the loop stalls {max(stalls) * 1000:.0f} ms at most meanwhile"
    ratio = round(seconds / middle(bare), 3)
    met = seconds <= SECONDS_MOST
    return [
        Row(f"{NAME}.time", round(seconds, 3), UNIT, round(middle(bare), 3), ratio, "<= 2 s", met, note),
        Row(
            f"{NAME}.memory", round(growth, 3), "MB", None, None, f"growth over {size.runs} <= 10 MB",
            growth <= GROWTH_MOST, f"{resident[-1]:.0f} MB resident",
        ),
    ]  # fmt: skip


async def _plan(database: Database, members: int) -> None:
    """Do what the confirming press does: look at everybody, write campaign, deliveries and invitations, commit."""
    now = SystemClock().now()
    async with database.write() as db:
        db.scope((await db.scalars(select(Community.id))).one())
        by = (await db.scalars(select(Member).limit(1))).one()
        meeting = await by_key(db, town.KEY)
        assert meeting is not None
        plan = await _planning.build(db, meeting, "invitation", now)
        campaign = await _planning.carry_out(db, plan, plan.digest(0), by, now)
        await invitations.invite(db, meeting, [(each.member, each.due) for each in plan.reached])
    async with database.read() as db:
        counted = [await db.scalar(select(func.count()).select_from(each)) for each in (Delivery, Invitation)]
    # The members' channels get a card, which is a row as well.
    if (len(plan.reached), campaign.audience, counted[1]) != (members,) * 3 or (counted[0] or 0) < members:
        raise Broken(f"{members} were to be planned, {campaign.audience} were; rows: {counted}")


async def _forget(database: Database) -> None:
    """Take the send back, so that the next one finds the same."""
    async with database.write() as db:
        for each in (Delivery, Campaign, Invitation):
            await db.execute(delete(each))


def _bare(path: Path, number: int) -> float:
    """Give the seconds in which bare `sqlite3` writes as many deliveries and invitations, with one commit."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        delivery = "id INTEGER PRIMARY KEY, key TEXT UNIQUE, campaign INT, member INT, chat TEXT, due TEXT, state TEXT"
        connection.execute(f"CREATE TABLE delivery ({delivery})")
        connection.execute("CREATE TABLE invitation (id INTEGER PRIMARY KEY, meeting INT, member INT, at TEXT)")
        before, now = time.perf_counter(), SystemClock().now().isoformat()
        connection.execute("BEGIN IMMEDIATE")
        keys = (str(uuid.uuid5(uuid.NAMESPACE_OID, str(each))) for each in range(number))
        rows = [(key, 1, each, str(each), now, "queued") for each, key in enumerate(keys)]
        ask = "INSERT INTO delivery (key, campaign, member, chat, due, state) VALUES (?, ?, ?, ?, ?, ?)"
        connection.executemany(ask, rows)
        invited = [(1, each, now) for each in range(number)]
        connection.executemany("INSERT INTO invitation (meeting, member, at) VALUES (?, ?, ?)", invited)
        connection.execute("COMMIT")
        return time.perf_counter() - before
    finally:
        connection.close()


def _resident() -> float:
    """Give what is resident now, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
