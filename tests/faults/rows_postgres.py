"""PostgreSQL goes away, cuts us off, or is shared by several of our processes (F45-F47)."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from storage.database import Database
from tests.faults import presses
from tests.faults.register import row
from tests.faults.server import Server, server
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict

LANES, LEASE = 8, 5.0
AWAY = {
    "line_failed", "editor_failed", "sweep_failed", "recovery_failed", "chore_failed", "handling_failed",
    "sent_hook_failed",
}  # fmt: skip
"""Events that may say with a traceback that the database does not answer."""
WATCH = (
    "CREATE TABLE seen (n bigserial PRIMARY KEY, id bigint, was text, now text, was_of text, now_of text)",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO seen (id, was, now, was_of, now_of) VALUES (OLD.id, OLD.state, NEW.state, OLD.worker, NEW.worker);
         RETURN NEW; END $$""",
    "CREATE TRIGGER note AFTER UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION note()",
)
"""Has the server itself write down who took a delivery from whom."""


@asynccontextmanager
async def own_server(stage: Stage) -> AsyncIterator[Server]:
    """Move the stage to a server of its own for the block, so that it can be ended."""
    before = stage.url, stage.database
    async with server() as made:
        stage.url = await stage.tools.prepared.postgresql(stage.people, made.folder)
        stage.database = Database(stage.url)
        try:
            yield made
        finally:
            for each in stage.bots:
                await each.kill()
            await stage.database.close()
            stage.url, stage.database = before


@row("F45", "PostgreSQL ends at once and comes back, every few seconds, during a send and presses", full=500,
     expected="completes; lost 0, dup 0", seeds=2, seconds=110)  # fmt: skip
async def f45(stage: Stage, seed: int, n: int) -> Verdict:
    end = time.monotonic() + (120 if n >= 500 else 8)
    async with own_server(stage) as postgres:
        bot = await stage.bot()
        send = await presses.invited(stage)
        await stage.box.slow(0.1 if n < 500 else 0.4)
        await stage.plan("reminder_7d")
        presser = asyncio.create_task(_insist(stage, send))
        ends = 0
        while time.monotonic() < end:
            await asyncio.sleep(1 + 2 * stage.chance.random() if n < 500 else 4 + 6 * stage.chance.random())
            await postgres.end(stage.chance.choice((signal.SIGQUIT, signal.SIGINT)))
            await asyncio.sleep(1.5 * stage.chance.random())
            await postgres.start()
            ends += 1
        await presser
        await stage.database.engine.dispose()
        problems = await presses.all_said(stage, send, stage.people, "yes", 40)
        await stage.rest(90)
        found = await stage.judge(traces=AWAY)
        found.problems += problems + await presses.inbox_done(stage, 20)
        found.notes["ends"] = ends
        found.demand(bot.alive, "the bot ended")
        found.demand(found.accepted == found.planned, "not everybody was written to")
    return found


async def _insist(stage: Stage, send: presses.Send) -> None:
    """Let everybody press, a few at a time; who sees an error presses again."""
    for start in range(0, len(stage.people), 10):
        refused = await presses.press_all(stage, stage.people[start : start + 10], send, "yes")
        await asyncio.sleep(0.3)
        while refused:
            refused = await presses.press_all(stage, refused, send, "yes")
            await asyncio.sleep(0.5)


@row("F46", "all our sessions in PostgreSQL are cut off in the middle of claims, again and again", postgres=True,
     expected="the pool recovers; nothing stuck, lost or sent twice")  # fmt: skip
async def f46(stage: Stage, seed: int, n: int) -> Verdict:
    bot = await stage.bot()
    await stage.box.slow(0.05)
    await stage.plan()
    cut = 0
    for _ in range(6):
        before = len(stage.box.posts())
        await stage.box.reach(before + max(1, len(stage.people) // 9), seconds=15)
        async with stage.database.write() as db:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            cut += len(list(await db.execute(text(query + "AND pid <> pg_backend_pid()"))))
    await stage.rest(60)
    found = await stage.judge(traces=AWAY)
    found.notes["cut"] = cut
    found.demand(bot.alive, "the bot ended")
    found.demand(cut >= 6, f"only {cut} sessions were cut off")
    found.demand(found.accepted == found.planned, "not everybody was written to")
    return found


@row("F47", "two processes on one PostgreSQL, one killed at random; then a rolling restart under presses",
     postgres=True, expected="each claimed once at a time; the rest within lease + 30 s; no press lost", full=500,
     seconds=110)  # fmt: skip
async def f47(stage: Stage, seed: int, n: int) -> Verdict:
    async with stage.database.write() as db:
        for each in WATCH:
            await db.execute(text(each))
    bots = [await stage.bot(), await stage.bot()]
    send = await presses.invited(stage)
    await stage.box.slow(0.1)
    await stage.plan("reminder_7d")
    await stage.box.reach(len(stage.people) + stage.chance.randint(5, len(stage.people) // 2))
    victim = bots.pop(stage.chance.randrange(2))
    await victim.kill()
    killed = time.monotonic()
    survived = await stage.rest(LEASE + 30 + n / 20)
    took = time.monotonic() - killed
    # Telegram's updates were perhaps fetched by the dead one: the survivor takes that over, too.
    await presses.press_all(stage, stage.on("telegram"), send, "yes")
    problems = await presses.all_said(stage, send, stage.on("telegram"), "yes", LEASE + 30)
    # A new process beside the old one, then the old one ends politely, while people press all the time.
    pressing = asyncio.create_task(_in_turn(stage, send, "no"))
    await asyncio.sleep(0.5)
    bots.append(await stage.bot())
    await asyncio.sleep(0.5)
    code = await bots.pop(0).terminate()
    lost = await pressing
    problems += await presses.all_said(stage, send, stage.on("telegram"), "no", LEASE + 30)
    problems += await presses.all_said(stage, send, stage.on("slack"), "yes", LEASE + 30)
    problems += await presses.inbox_done(stage, LEASE + 15)
    found = await stage.judge(unknown=LANES)
    found.problems += problems
    found.notes["took"] = round(took, 1)
    found.demand(survived, f"the survivor was not done after {took:.0f} s")
    found.demand(code == 0, f"the polite end gave {code}")
    found.demand(lost == 0, f"{lost} presses in Slack met an error during the rolling restart")
    async with stage.database.read() as db:
        both = await db.scalar(text(
            "SELECT count(*) FROM seen WHERE now = 'sending' AND was = 'sending' AND was_of <> now_of "
            "AND was_of <> '' AND now_of <> ''"
        ))  # fmt: skip
    found.demand(not both, f"{both} deliveries were taken from a process that still had them")
    return found


async def _in_turn(stage: Stage, send: presses.Send, choice: str) -> int:
    """Let one Telegram and one Slack member press every 30 ms; give how many presses met an error in Slack."""
    lost = 0
    for telegram, slack in zip(stage.on("telegram"), stage.on("slack"), strict=True):
        lost += len(await presses.press_all(stage, [telegram], send, choice))
        lost += len(await presses.press_all(stage, [slack], send, "yes"))
        await asyncio.sleep(0.03)
    return lost
