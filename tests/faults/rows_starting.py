"""Ends and starts around a send: before it, inside its planning, politely, all the time, by a poison row."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from storage.deliveries import Campaign, Delivery
from tests.faults import planning
from tests.faults.planning import COMMUNITY
from tests.faults.register import row
from tests.faults.rows_kills import LANES, SLOW
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict


@row("F05", "kill -9 between the confirmed send and its first message", expected="all sent once, no new confirmation")
async def f05(stage: Stage, seed: int, n: int) -> Verdict:
    bot = await stage.bot()
    await stage.plan(hold=timedelta(seconds=1.5))
    await asyncio.sleep(stage.chance.random() * 0.5)
    await bot.kill()
    await stage.box.read()
    early = len(stage.box.posts())
    await stage.bot()
    await stage.rest(30 + n / 20)
    found = await stage.judge()
    found.demand(early == 0, f"{early} left before the hold was over")
    found.demand(found.accepted == found.planned, "not everybody was written to")
    return found


@row("F06", "kill -9 inside the planning transaction, then confirmed again", full=500,
     expected="all rows or none; confirmed again: one campaign, each once")  # fmt: skip
async def f06(stage: Stage, seed: int, n: int) -> Verdict:
    now, audience, halves = datetime.now(UTC), len(stage.people), Verdict()
    async with stage.database.write(COMMUNITY) as db:
        meeting = await planning.meeting(db, 1, "Topic001", now + timedelta(days=28))
        await planning.invite(db, meeting, {each.id for each in stage.people}, now, yes=False)
    stage.note("invitation", meeting.key, "Topic001")
    seconds, kills = 0.0, 0
    for turn in range(31 if n >= 500 else 7):
        began = time.monotonic()
        log = stage.folder / f"planning-{turn}.log"
        made = await stage.tools.nursery.fork(
            "tests.faults.planning", stage.url, f"n{(turn + 1) // 2}", folder=stage.folder, log=log
        )
        await made.until(lambda made=made: "begun" in made.out.read_text() if made.out.exists() else False)
        if turn == 0:  # the first measures how long it takes
            await made.ended
            seconds = time.monotonic() - began
        elif turn % 2:
            await asyncio.sleep(stage.chance.random() * seconds)
            kills += made.alive
            seconds *= 1 if made.alive else 0.4  # it was over already: aim earlier next time
            await made.kill()
        else:
            await made.ended
        known = len(await stage.deliveries())
        halves.demand(known % audience == 0, f"{known} rows for audiences of {audience}")
    async with stage.database.write() as db:  # one of them is enough to be sent
        for each in await stage.rows(Campaign):
            row_ = await db.get_one(Campaign, each.id)
            row_.state = "sending" if each.occurrence == "n0" else "stopped"
    await stage.bot()
    first = [each for each in await stage.rows(Campaign) if each.occurrence == "n0"]
    await stage.until(lambda: stage.closed(first[0].id), 30 + n / 20)
    found = await stage.judge(finished=False)
    found.problems += halves.problems
    found.notes["kills"] = kills
    found.demand(kills > 0, "no kill hit the planning")
    found.demand(found.accepted == audience, f"{found.accepted} messages for {audience} people")
    return found


@row("F07", "SIGTERM in the middle of a send", n=64, expected="drained within 10 s, exit code 0, unknown 0, dup 0")
async def f07(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.box.slow(SLOW * 2)
    await stage.plan()
    codes, slowest = [], 0.0
    for _ in range(3 if n < 1000 else 10):
        bot = await stage.bot()
        await stage.box.reach(len(stage.box.posts()) + stage.chance.randint(3, max(4, n // 12)))
        began = time.monotonic()
        codes.append(await bot.terminate(30))
        slowest = max(slowest, time.monotonic() - began)
    left = (await stage.states())["queued"]
    await stage.bot()
    await stage.rest(30 + n / 10)
    found = await stage.judge()
    found.notes["slowest drain"] = round(slowest, 2)
    found.demand(left > 0, "the send was over before the last SIGTERM")
    found.demand(set(codes) == {0}, f"exit codes {codes}")
    found.demand(slowest <= 10, f"one stop took {slowest:.1f} s")
    return found


@row("F09", "started, and killed 300 ms after it is ready, a hundred times", n=50, full=400, seeds=1,
     expected="goes on by and by, all rows end; unknown at most 8 a kill on Telegram")  # fmt: skip
async def f09(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.box.slow(SLOW / 3)
    await stage.plan()
    kills = 8 if n < 400 else 100
    for _ in range(kills):
        bot = await stage.bot()
        await asyncio.sleep(0.3)
        await bot.kill()
    await stage.box.read()
    on_the_way = len(stage.box.posts())
    await stage.bot()
    await stage.rest(120)
    found = await stage.judge(unknown=LANES * kills)
    found.notes["sent between kills"] = on_the_way
    found.demand(on_the_way > 0, "nothing was sent between the kills")
    found.demand(found.states.get("dead", 0) == 0, f"{found.states.get('dead')} innocent rows are dead")
    return found


@row(
    "F27",
    "one row kills the process whenever it is drawn",
    n=20,
    full=300,
    expected="dead(poison) after 3 crashes, others delivered",
)
async def f27(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.plan()
    (stage.folder / "poison").write_text("t00007 s00007", encoding="utf-8")
    deaths = 0
    while deaths <= 12:
        bot = await stage.bot(ready=False, first="tests.faults.poison")
        if await stage.until(lambda bot=bot: _over(stage, bot), 60) == "dead":
            deaths += 1
            continue
        break
    found = await stage.judge()
    found.notes["deaths"] = deaths
    poisoned = await stage.deliveries(Delivery.reason == "poison")
    names = sorted(each.chat for each in poisoned)
    found.demand(len(poisoned) == 2, f"poisoned are {names}")
    found.demand(found.states == {"sent": 2 * n - 2, "dead": 2}, "others were not delivered")
    found.demand(deaths <= 6, f"{deaths} starts were lost to two poison rows")
    return found


async def _over(stage: Stage, bot: object) -> str:
    if not bot.alive:  # type: ignore[attr-defined]
        return "dead"
    return "done" if await stage.rest(0) else ""
