"""Told to slow down (F12-F14), two workspaces (F16), and inside all limits when nothing is wrong (F30)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.processes import Process
from tests.faults.register import row
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict

LANES = 8
METHOD = {"telegram": "sendMessage", "slack": "chat.postMessage"}
RACE = 0.3
"""Seconds in which requests that were leaving when a refusal came may still arrive, on a busy machine."""


def calls(stage: Stage, platform: str) -> list[dict[str, Any]]:
    """Give every request to post to a person, refused or not, oldest first."""
    rows = stage.box.rows
    return [each for each in rows if each["platform"] == platform and each["method"] == METHOD[platform]]


def refusals(stage: Stage, platform: str, status: int = 429) -> list[float]:
    """Give the real moments at which posts were refused (Slack's refusals stand as 400, but 429 as 429)."""
    return [each["real"] for each in calls(stage, platform) if each["status"] == status]


def between(times: Sequence[float], start: float, end: float) -> int:
    """Count the moments inside a stretch of time."""
    return sum(start < each < end for each in times)


@row("F12", "429 with retry_after 30 for 60 s in the middle of a send",
     expected="at most 8 requests in a pause, attempts unchanged, then all sent once")  # fmt: skip
async def f12(stage: Stage, seed: int, n: int) -> Verdict:
    after, long = (3, 5) if n < 1000 else (30, 60)
    for each in METHOD:
        await stage.box.fault("429", each, METHOD[each], skip=n * 3 // 10, seconds_long=long, retry_after=after)
    await stage.plan()
    await stage.bot()
    await stage.rest(60 + long)
    found = await stage.judge()
    for each in METHOD:
        refused, times = refusals(stage, each), [call["real"] for call in calls(stage, each)]
        found.demand(bool(refused), f"{each}: nothing was refused")
        first = min(refused, default=0.0)
        inside = between(times, first - 0.001, first + after - 0.05)
        found.notes[f"{each} requests in the first pause"] = inside
        found.demand(inside <= LANES, f"{each}: {inside} requests in the first pause")
        most = (long // after + 2) * LANES
        found.demand(len(refused) <= most, f"{each}: refused {len(refused)} times, at most {most} allowed")
    attempts = {each.attempts for each in await stage.deliveries()}
    found.demand(attempts == {1}, f"attempts are {attempts}")
    return found


@row("F13", "429 while other sends succeed", expected="no new request before retry_after is over")
async def f13(stage: Stage, seed: int, n: int) -> Verdict:
    after = 3
    for each in METHOD:
        await stage.box.fault("429", each, METHOD[each], skip=n // 5, count=1, retry_after=after)
    await stage.box.slow(0.4)  # others are in flight and succeed inside the pause
    await stage.plan()
    await stage.bot()
    await stage.rest(60 + n / 15)
    found = await stage.judge()
    for each in METHOD:
        refused, times = refusals(stage, each), [call["real"] for call in calls(stage, each)]
        found.demand(len(refused) == 1, f"{each}: refused {len(refused)} times")
        start = min(refused, default=0.0)
        inside = between(times, start + RACE, start + after - 0.05)
        found.demand(inside == 0 or each == "telegram", f"{each}: {inside} requests while the gate was shut")
        chat = next((call["chat"] for call in calls(stage, each) if call["status"] == 429), "")
        again = [call["real"] for call in calls(stage, each) if call["chat"] == chat and call["status"] == 200]
        early = min(again, default=0.0) - start
        found.demand(early >= after - 0.1, f"{each}: the limited chat was tried again after {early:.1f} s")
    return found


@row("F14", "kill -9 inside the pause after 429", expected="the pause survives: no request before its end")
async def f14(stage: Stage, seed: int, n: int) -> Verdict:
    after = 5
    for each in METHOD:
        await stage.box.fault("429", each, METHOD[each], skip=n // 3, count=4, retry_after=after)
    await stage.box.slow(0.1)
    await stage.plan()
    bot = await stage.bot()
    await stage.box.until(lambda: all(refusals(stage, each) for each in METHOD), 30)
    await asyncio.sleep(0.4 + stage.chance.random() * 0.4)  # the pause is on disk with the next round
    await bot.kill()
    killed = time.time()
    await stage.bot()
    await stage.rest(60 + n / 30)
    found = await stage.judge(unknown=LANES)
    found.demand((await stage.states(platform="slack"))["unknown"] == 0, "a Slack message is unknown")
    whole = refusals(stage, "slack")
    first = min((each["real"] for each in calls(stage, "slack") if each["real"] > killed), default=0.0)
    found.demand(first >= min(whole) + after - 0.1, f"Slack: asked again {first - min(whole):.1f} s after 429")
    for refused in [each for each in calls(stage, "telegram") if each["status"] == 429]:
        again = [each["real"] for each in calls(stage, "telegram")
                 if each["chat"] == refused["chat"] and each["real"] > refused["real"]]  # fmt: skip
        early = min(again, default=0.0) - refused["real"]
        found.demand(early >= after - 0.1, f"Telegram: the limited chat was tried again after {early:.1f} s")
    return found


@row("F30", "nothing is wrong: the platforms' own limits, 1,000 each, then 9,000 more on Telegram", n=45, seeds=1,
     settings={"TELEGRAM_PER_SECOND": "30", "SLACK_PER_MINUTE": "300"},
     alone=True, expected="0 breaches, 1,000 on Telegram in 60 s, memory grows by less than 20 %")  # fmt: skip
async def f30(stage: Stage, seed: int, n: int) -> Verdict:
    await stage.box.control("limits", enabled=True)
    await stage.plan()
    bot = await stage.bot()
    await stage.box.reach(n // 3, "telegram")
    before = memory(bot)
    await stage.box.reach(n, "telegram", n / 10 + 30)
    times = sorted(each["real"] for each in stage.box.posts("telegram"))
    took = times[-1] - times[0] if times else 0.0
    if n >= 1000:
        for _ in range(9):
            send = await stage.plan("invitation", stage.on("telegram"))
            await stage.rest(120, send)
    await stage.rest(30 + n / 4)
    found = await stage.judge()
    refused = await stage.box.refused()
    found.demand(not refused, f"limits were broken: {dict(refused)}")
    found.notes |= {"Telegram seconds": round(took, 1), "MB before": before, "MB after": memory(bot)}
    found.demand(took <= max(10.0, n * 0.06), f"{n} on Telegram took {took:.0f} s")
    if n >= 1000:
        found.demand(memory(bot) < before * 1.2, f"memory grew from {before} to {memory(bot)} MB")
    return found


def memory(bot: Process) -> float:
    """Give the resident memory of a process in MB."""
    lines = Path(f"/proc/{bot.pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(each for each in lines if each.startswith("VmRSS")).split()[1]) // 1024
