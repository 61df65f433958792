"""Answers that get lost or say nothing sensible: 503, late, cut, refused connections, unknown error codes (F17-F23)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from storage.deliveries import Campaign
from tests.faults.register import row
from tests.faults.rows_limits import LANES, METHOD, calls
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict
from tests.faults.wire import Wire


@row("F17", "503 for 60 s before the platform did anything",
     expected="one copy each on Slack; Telegram sent or unknown, not flooded")  # fmt: skip
async def f17(stage: Stage, seed: int, n: int) -> Verdict:
    long = 3 if n < 1000 else 60
    rules = [
        await stage.box.fault("5xx_before", each, METHOD[each], status=503, skip=n // 3, seconds_long=long)
        for each in METHOD
    ]
    await stage.plan()
    await stage.bot()
    await stage.rest(90 + long)
    most = LANES + 6 if n < 1000 else LANES + 16
    found = await stage.judge(unknown=most)
    hits = [await stage.box.hits(each) for each in rules]
    found.notes |= {"requests into the fault, Telegram": hits[0], "Slack": hits[1]}
    found.demand(min(hits) > 0, "the fault hit nothing")
    found.demand(max(hits) <= most, f"a failing platform got {hits} requests, at most {most} allowed")
    found.demand((await stage.states(platform="slack")) == {"sent": n}, "Slack has other states than sent")
    return found


async def _lost_answers(stage: Stage, action: str, times: int, **more: object) -> Verdict:
    """Lose the answers of so many requests on each platform, here and there, which were all taken."""
    scattered = {"share": 0.25, "seed": stage.chance.randint(1, 1000), "count": times}
    rules = [await stage.box.fault(action, each, METHOD[each], **scattered, **more) for each in METHOD]
    await stage.plan()
    await stage.bot()
    await stage.rest(60 + times * 3)
    found = await stage.judge(unknown=times)
    hits = [await stage.box.hits(each) for each in rules]
    found.demand(hits == [times, times], f"the fault hit {hits} times")
    found.demand((await stage.states(platform="slack"))["unknown"] == 0, "a Slack message is unknown")
    found.demand(found.recovered >= times, f"only {found.recovered} of {times} were found again on Slack")
    for each in METHOD:
        posts = len(calls(stage, each))
        found.demand(posts == len(stage.on(each)), f"{each}: {posts} posts for {len(stage.on(each))} messages")
    return found


@row("F18", "503 after the platform did it", expected="one post each; Slack found again, Telegram unknown")
async def f18(stage: Stage, seed: int, n: int) -> Verdict:
    return await _lost_answers(stage, "5xx_after", n // 10, status=503)


@row("F19", "the answer comes after the read time-out, the platform did it", full=500,
     expected="one post each; Slack found again, Telegram unknown")  # fmt: skip
async def f19(stage: Stage, seed: int, n: int) -> Verdict:
    return await _lost_answers(stage, "delay", 6, seconds=3.5)


@row("F20", "the connection is cut after the platform did it",
     expected="exactly one post per attempt; Slack found again, Telegram unknown")  # fmt: skip
async def f20(stage: Stage, seed: int, n: int) -> Verdict:
    return await _lost_answers(stage, "cut_after", n // 10)


@row(
    "F21",
    "connections refused, then names that do not resolve, together 5 min",
    seeds=1,
    expected="unknown 0, lost 0, dup 0",
)
async def f21(stage: Stage, seed: int, n: int) -> Verdict:
    long = 2.0 if n < 1000 else 150.0
    async with Wire(stage.box.url) as wire:
        names, settings = stage.folder / "no-names", {"TELEGRAM_API_URL": wire.url("localhost"),
                                                      "SLACK_API_URL": f"{wire.url('localhost')}/api/"}  # fmt: skip
        await stage.box.slow(0.05)
        await stage.plan()
        await stage.bot(settings, first="tests.faults.no_names")
        for _ in range(2):
            await stage.box.reach(len(stage.box.posts()) + n // 3)
            await stage.idle()  # what is in flight must not be cut: that would be another row
            await wire.down()
            await stage.box.heal()
            await asyncio.sleep(long)
            names.touch()
            await wire.up()
            await asyncio.sleep(long)
            names.unlink()
        await stage.rest(90 + n / 20)
        return await stage.judge(unknown=0)


@row("F23", "Slack answers fatal_error, internal_error or a code nobody knows, done or not", platforms=("slack",),
     expected="dup 0, unknown 0, the unknown code is told to organisers")  # fmt: skip
async def f23(stage: Stage, seed: int, n: int) -> Verdict:
    done, not_done = [], []
    for code in ("fatal_error", "internal_error", "zebra_on_fire"):
        done.append(await _error(stage, "error_after", code, n // 12))  # a rule waits for the one before it
        not_done.append(await _error(stage, "error_before", code, n // 12))
    await stage.plan()
    await stage.bot()
    await stage.rest(90)
    found = await stage.judge()
    hits = [await stage.box.hits(each) for each in (*done, *not_done)]
    found.demand(hits == [2] * 6, f"the faults hit {hits} times")
    found.demand(found.states == {"sent": n}, "not everybody was written to")
    alerts = await stage.rows(Campaign, Campaign.kind == "alert")
    strange = [each for each in alerts if each.subject == "strange" and "zebra" in str(each.details)]
    found.demand(len(strange) == 1, f"the unknown code was told {len(strange)} times; alerts: {_told(alerts)}")
    return found


async def _error(stage: Stage, action: str, code: str, skip: int) -> int:
    return await stage.box.fault(action, "slack", METHOD["slack"], error=code, skip=skip, count=2)


def _told(alerts: Sequence[Campaign]) -> list[tuple[str, str]]:
    return [(each.subject, str(each.details.get("reason", ""))) for each in alerts]
