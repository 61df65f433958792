"""The database is locked, busy, full, missing or not ours: nothing is lost, nothing leaves unwritten (F40-F44, F50)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults import presses
from tests.faults.register import row
from tests.faults.stage import Stage
from tests.faults.town import Person
from tests.faults.verdict import Verdict

LANES = 8
NO_MORE = 256 * 1024
"""Size to which files may grow when the disk is full: below that of the write-ahead log, above that of our own log."""
FULL = {"chore_failed", "line_failed", "editor_failed", "sweep_failed", "recovery_failed", "handling_failed"}
"""Events that may say with a traceback that nothing can be written."""


@asynccontextmanager
async def locked(stage: Stage) -> AsyncIterator[None]:
    """Hold the only write lock of the SQLite file, as a careless backup program does."""
    connection = sqlite3.connect(stage.folder / "convenor.sqlite3", timeout=10, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@row("F40", "another program locks the SQLite file for 12 s (full: 20 s) while people press and a send runs", n=30,
     full=300, expected="0 replies lost, 0 tracebacks, all delivered")  # fmt: skip
async def f40(stage: Stage, seed: int, n: int) -> Verdict:
    bot = await stage.bot({"CONVENOR_LEASE_SECONDS": "30"})
    send = await presses.invited(stage)
    await stage.box.slow(0.2)
    await stage.plan("reminder_7d")
    await stage.box.reach(len(stage.people) + n // 2)
    async with locked(stage):
        pressing = asyncio.create_task(presses.press_all(stage, stage.people, send, "yes"))
        await asyncio.sleep(20 if n >= 300 else 12)
    refused = await pressing
    await stage.box.heal()
    await presses.insist(stage, refused, send, "yes")
    problems = await presses.all_said(stage, send, stage.people, "yes", 40)
    problems += await presses.inbox_done(stage, 30)
    await stage.rest(60)
    found = await stage.judge()
    found.problems += problems
    found.demand(bot.alive, "the bot ended")
    found.demand(found.accepted == found.planned, "not everybody was written to")
    found.notes["refused"] = len(refused)
    return found


@row("F41", "50 people (full: 100) change their reply over and over while another program writes, too",
     platforms=("telegram",), n=50, full=100, expected='no "locked" to anybody, the last press stands',
     seconds=100)  # fmt: skip
async def f41(stage: Stage, seed: int, n: int) -> Verdict:
    seconds, pause = (60, 1.0) if n > 50 else (4, 0.2)
    bot = await stage.bot()
    send = await presses.invited(stage)
    stop = asyncio.Event()

    def write() -> None:
        with sqlite3.connect(stage.folder / "convenor.sqlite3", timeout=10, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE community SET name = name")
            connection.execute("COMMIT")
        connection.close()

    async def disturb() -> int:
        times = 0
        while not stop.is_set():
            await asyncio.to_thread(write)
            times += 1
            await asyncio.sleep(0.01)
        return times

    async def person(each: Person) -> None:
        for choice in ("yes", "no", "maybe") * 1000:
            await presses.press(stage.box, each, send, choice)
            await asyncio.sleep(pause * (1 + 2 * stage.chance.random()))
            if stop.is_set():
                break
        await presses.press(stage.box, each, send, "yes")

    people = [asyncio.create_task(person(each)) for each in stage.people]
    disturbing = asyncio.create_task(disturb())
    await asyncio.sleep(seconds)
    stop.set()
    await asyncio.gather(*people)
    problems = await presses.all_said(stage, send, stage.people, "yes", 40) + await presses.inbox_done(stage, 20)
    found = await stage.judge(duplicated=0, most=1, finished=False)
    found.problems += problems
    found.notes |= {"presses": await presses.inbox_size(stage), "writes": await disturbing}
    found.demand("locked" not in bot.text(), "the log speaks of a locked database")
    return found


def allow(pid: int, size: int) -> None:
    """Let a process write files up to a size only: the nearest thing to a full disk that needs no rights."""
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@row("F42", "the disk is full in the middle of a send, and has room again later",
     expected="stops before it contacts a platform, resumes by itself")  # fmt: skip
async def f42(stage: Stage, seed: int, n: int) -> Verdict:
    bot = await stage.bot({"CONVENOR_LEASE_SECONDS": "30"})
    await stage.box.slow(0.1)
    await stage.plan()
    await stage.box.reach(len(stage.people) // 3)
    assert (stage.folder / "convenor.sqlite3-wal").stat().st_size > NO_MORE, "the next page would still find room"
    allow(bot.pid, NO_MORE)
    await asyncio.sleep(1.0)
    await stage.box.read()
    then = len(stage.box.posts())
    claimed = len(stage.people) - (await stage.states())["queued"]
    await asyncio.sleep(2.0)
    await stage.box.read()
    later = len(stage.box.posts())
    allow(bot.pid, resource.RLIM_INFINITY)
    await stage.rest(60 + n / 20)
    found = await stage.judge(traces=FULL)
    found.demand(bot.alive, "the bot ended")
    found.demand(later == then, f"{later - then} messages left while nothing could be written down")
    found.demand(then <= claimed, f"{then} messages left, only {claimed} were claimed on disk")
    found.demand(then < found.planned, "the disk was full too late to matter")
    found.demand(found.accepted == found.planned, "not everybody was written to")
    return found


def digest(folder: Path) -> dict[str, str]:
    """Give what stands in a folder, logs apart, and what SQLite puts beside a file that it only reads."""
    return {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.iterdir())
        if each.is_file() and not each.name.endswith(("-shm", "-wal"))
    }


def _execute(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(statement)
    connection.close()


WRONG = {
    "missing": "there is no database at",
    "empty": "there is no database at",
    "no database at all": "file is not a database",
    "header overwritten": "",
    "cut short": "",
    "of a newer program": "newer program",
    "of an older program": "convenor migrate",
    "read-only": "readonly database",
}


def spoil(file: Path, how: str) -> None:
    """Bring a good database file into one of the states of `WRONG`."""
    size = file.stat().st_size
    match how:
        case "missing":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "no database at all":
            file.write_bytes(b"these are the minutes of the last meeting\n" * 500)
        case "header overwritten":
            with file.open("r+b") as opened:
                opened.write(os.urandom(100))
        case "cut short":
            os.truncate(file, size // 2)
        case "of a newer program":
            _execute(file, "UPDATE alembic_version SET version_num = '9999'")
        case "of an older program":
            _execute(file, "UPDATE alembic_version SET version_num = '0003'")
        case "read-only":
            file.chmod(0o444)
            file.parent.chmod(0o555)


@row("F44", "the database is missing, empty, read-only, damaged, of a newer or an older program", n=2, full=2, seeds=1,
     expected="refuses to start with one line and exit code 2; nothing is changed, nothing new is made")  # fmt: skip
async def f44(stage: Stage, seed: int, n: int) -> Verdict:
    found = await stage.judge()
    good = stage.folder / "convenor.sqlite3"
    await stage.database.close()
    for number, (how, says) in enumerate(WRONG.items()):
        folder = stage.folder / f"wrong-{number}"
        folder.mkdir(mode=0o755)
        file = folder / "convenor.sqlite3"
        shutil.copyfile(good, file)
        spoil(file, how)
        before = digest(folder)
        env = stage.environment({"DATABASE_URL": f"sqlite:///{file}", "CONVENOR_DATA_DIR": str(folder)})
        log = stage.folder / f"wrong-{number}.log"
        first = "tests.faults.as_mortal" if how == "read-only" else ""
        made = await stage.tools.nursery.fork("bot", "run", folder=stage.folder, log=log, env=env, first=first)
        code = await asyncio.wait_for(asyncio.shield(made.ended), 30)
        said = made.text().strip()
        folder.chmod(0o755)
        found.demand(code == 2, f"{how}: exit code {code}")
        found.demand(said.startswith("convenor: ") and says in said and "\n" not in said, f"{how}: said {said[:300]!r}")
        found.demand(digest(folder) == before, f"{how}: {sorted(before)} became {sorted(digest(folder))}, or changed")
    return found


@row("F50", "yesterday's copy of the SQLite file is put back", n=20, full=200,
     expected="0 messages before an organiser resumes; what may have left is not sent again")  # fmt: skip
async def f50(stage: Stage, seed: int, n: int) -> Verdict:
    file, copy = stage.folder / "convenor.sqlite3", stage.folder / "copy.sqlite3"
    bot = await stage.bot()
    await stage.plan(people=stage.people[: n // 2])
    await stage.rest(30)
    await bot.terminate()
    await stage.plan()  # not gone out when the copy is made
    await stage.database.close()
    shutil.copyfile(file, copy)
    bot = await stage.bot()
    await stage.rest(30)
    await asyncio.sleep(1.5)  # the installation's heart beats on
    await bot.terminate()
    await stage.database.close()
    for each in stage.folder.glob("convenor.sqlite3-*"):
        each.unlink()
    shutil.copyfile(copy, file)
    await stage.box.read()
    before = len(stage.box.posts())
    bot = await stage.bot()
    third = await stage.plan("reminder_7d")
    await asyncio.sleep(3)
    await stage.box.read()
    early = len(stage.box.posts()) - before
    told = [post for post in stage.box.posts(people=False) if not post["person"]]
    check, words, _ = await stage.convenor("check")
    code, _, complaint = await stage.convenor("resume")
    await stage.rest(30)
    found = await stage.judge(unknown=len(stage.people))
    found.demand(early == 0, f"{early} messages left before anybody resumed")
    found.demand(bool(told), "no organiser was told")
    found.demand(check == 1 and "restored" in words.lower(), f"`convenor check` gave {check} and said {words!r}")
    found.demand(code == 0, f"`convenor resume` gave {code}: {complaint[:200]}")
    states = await stage.states(stage.sends[1])
    found.demand(states == {"unknown": len(stage.people)}, f"what may have left before is {dict(states)}")
    states = await stage.states(third)
    found.demand(states == {"sent": len(stage.people)}, f"what was planned after that is {dict(states)}")
    return found
