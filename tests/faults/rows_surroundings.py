"""What is around the program goes wrong: the wall clock, an organiser who stops a send, logs without room (F51-F60)."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlalchemy import select

from bench.children import environment
from bot.demo_world import free_port
from scheduler import stopping
from storage.deliveries import Campaign, Delivery
from tests.faults import presses
from tests.faults.register import cannot, row
from tests.faults.stage import COMMUNITY, Send, Stage
from tests.faults.verdict import Verdict

LANES = 8
CLOCK_FILE = "wall-clock"


def fake_clock() -> Path | None:
    """Give the library that fakes the wall clock of a process and leaves its monotonic one alone; none if not built."""
    import libfaketime

    found = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    return found if found.exists() else None


def set_wall(stage: Stage, shift: str) -> None:
    """Move the wall clock of the process that follows the file, at once."""
    new = stage.folder / f"{CLOCK_FILE}.new"
    new.write_text(shift + "\n", encoding="ascii")
    new.replace(stage.folder / CLOCK_FILE)


@row("F51", "the wall clock jumps two hours ahead in the middle of a send", n=50, full=500, seconds=90,
     expected="what is due by then goes out once; nothing in flight is taken for dead; dup 0")  # fmt: skip
async def f51(stage: Stage, seed: int, n: int) -> Verdict:
    library = fake_clock()
    assert library is not None
    set_wall(stage, "+0")
    settings = {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(stage.folder / CLOCK_FILE),
        "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else each hand-over between threads costs a millisecond
        "CONVENOR_LEASE_SECONDS": "30",
    }  # fmt: skip
    bot = await stage.bot(settings, fresh=True)
    await stage.box.slow(0.6, count=len(stage.people) // 2)
    await stage.plan()
    later = await stage.plan("reminder_7d", due=datetime.now(UTC) + timedelta(hours=1))
    await stage.box.reach(len(stage.people) // 4)
    early = sum((await stage.states(later)).values()) - (await stage.states(later))["queued"]
    set_wall(stage, "+2h")
    await stage.rest(60)
    await presses.press_all(stage, stage.on("telegram")[:5], stage.sends[0], "yes")
    problems = await presses.all_said(stage, stage.sends[0], stage.on("telegram")[:5], "yes")
    found = await stage.judge()
    found.problems += problems
    found.demand(early == 0, f"{early} went out an hour early")
    found.demand(found.accepted == found.planned, "not everybody was written to")
    late = any(each["event"] in ("recovered", "inbox_taken_over") for each in bot.events())
    found.demand(not late, "work in hand was taken for that of a dead process")
    return found


if fake_clock() is None:
    cannot("F51", "the wall clock jumps two hours ahead in the middle of a send", expected="what is due goes out once",
           why="libfaketime was installed without its library, which needs a C compiler")  # fmt: skip


@row("F58", "Stop when 40 % are out, then take back; some messages cannot be deleted",
     expected="at most 8 more per connection and 2 s; deleted or said to be a mistake; gaps reported")  # fmt: skip
async def f58(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.bot()
    await stage.box.slow(0.1)
    send = await stage.plan()
    await stage.box.reach(len(stage.people) * 4 // 10)
    async with stage.database.write(COMMUNITY) as db:
        await stopping.stop(db, await db.get_one(Campaign, send.id), None, await stage.now())
    at = time.time()
    await asyncio.sleep(3)
    await stage.box.read()
    late = [post["real"] - at for post in stage.box.posts() if post["real"] > at]
    states = await stage.states(send)
    for platform, method, error in (
        ("telegram", "deleteMessage", "Bad Request: message can't be deleted"),
        ("slack", "chat.delete", "cant_delete_message"),
    ):
        await stage.box.fault("error_before", platform, method, share=0.2, seed=seed, error=error, status=400)
    async with stage.database.write(COMMUNITY) as db:
        tried = await stopping.take_back(db, await db.get_one(Campaign, send.id), None, await stage.now())
    await stage.rest(60 + n / 10)
    found = await stage.judge()
    found.demand(len(late) <= LANES * 2, f"{len(late)} messages after the stop")
    found.demand(max(late, default=0) <= 2, f"the last message came {max(late, default=0):.1f} s after the stop")
    found.demand(tried == states["sent"] > 0, f"{tried} of {states['sent']} messages were to be deleted")
    found.problems += await _taken_back(stage, send)
    found.notes["late"] = len(late)
    return found


def taken(stage: Stage, *methods: str, words: str = "") -> set[tuple[str, str, str]]:
    """Give the messages on which one of these methods was carried out, with these words in it."""
    return {
        (each["platform"], each["chat"], each["message"])
        for each in stage.box.rows
        if each["status"] == 200 and each["method"] in methods and words in str(each["body"])
    }


async def _taken_back(stage: Stage, send: Send) -> list[str]:
    """Compare what the rows say with what is still to be seen on people's screens."""
    rows = await stage.deliveries(Delivery.campaign_id == send.id)
    wrong = {(row.state, row.reason) for row in rows} - {("cancelled", "taken_back"), ("sent", "kept")}
    problems = [f"states after taking back: {sorted(wrong)}"] if wrong else []
    posted = {(post["platform"], post["chat"], post["message"]) for post in stage.box.posts()}
    standing = posted - taken(stage, "deleteMessage", "chat.delete")
    kept = {(row.platform, row.chat, row.message) for row in rows if row.state == "sent"}
    if standing != kept:
        problems.append(f"{len(standing)} messages still stand, the rows name {len(kept)}")

    def silent() -> set[tuple[str, str, str]]:
        return standing - taken(stage, "editMessageText", "chat.update", words="by mistake")

    if not await stage.box.until(lambda: not silent(), 15):
        problems.append(f"{len(silent())} of {len(standing)} that stand do not say that they were a mistake")
    async with stage.database.read() as db:
        state = await db.scalar(select(Campaign.state).where(Campaign.id == send.id))
    return problems + ([f"the campaign is {state}"] if state != "taken_back" else [])


@asynccontextmanager
async def unheard(stage: Stage, errors: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot with standard output closed and standard error to a descriptor; wait until it answers over HTTP."""
    port = free_port()
    env = environment(stage.environment({"HTTP_PORT": str(port), "LOG_LEVEL": "DEBUG"}))
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", 'exec "$0" -m bot run >&-', sys.executable, env=env, cwd=stage.folder, stderr=errors,
        stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    assert process.returncode is None, f"it ended at once, with {process.returncode}"
                await asyncio.sleep(0.1)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def deaf_reader() -> int:
    """Give the end of a pipe whose reader has gone, as after `convenor run 2>&1 | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@row("F60", "the disk of the log is full, or nobody reads it any more; standard output is closed", n=30, full=300,
     expected="the service lives, sends and takes presses", seeds=1)  # fmt: skip
async def f60(stage: Stage, seed: int, n: int) -> Verdict:
    problems: list[str] = []
    for made in (full_disk, deaf_reader):
        errors = made()
        try:
            async with unheard(stage, errors) as process:
                send = await presses.invited(stage)
                await presses.insist(stage, stage.people, send, "yes")
                problems += await presses.all_said(stage, send, stage.people, "yes")
                process.terminate()
                code = await asyncio.wait_for(process.wait(), 20)
                problems += [f"{made.__name__}: asked to stop it gave {code}"] if code else []
        finally:
            os.close(errors)
    found = await stage.judge()
    found.problems += problems
    return found
