"""Killed without a warning at random moments of a send (F01-F03), and right after a request was taken (F04)."""

from __future__ import annotations

import asyncio
from collections import Counter

from storage.deliveries import Delivery
from tests.faults.register import row
from tests.faults.stage import Stage
from tests.faults.verdict import Verdict

LANES = 8
IN_HAND = 48
"""Rows a bot may hold at once: in flight, and drawn ahead of them. After a kill each of them goes alone, slowly."""
SLOW = 0.1
"""Seconds every answer takes, so that at any moment some requests have been taken and not been answered."""


async def kill_at_random(stage: Stage, kills: int, n: int) -> tuple[int, int]:
    """Start and kill the bot until so many kills hit a send on its way; one bot is left running.

    Give how many kills did, and the most rows that were in hand at one.
    """
    in_hand = 0
    for done in range(kills):
        bot = await stage.bot()
        before, goal = len(stage.box.posts()), stage.chance.randint(1, max(2, n // (kills + 1)))
        states = await stage.states()
        if states["queued"] + states["sending"] <= goal:
            return done, in_hand
        await stage.box.reach(before + goal)
        await asyncio.sleep(stage.chance.random() * SLOW)
        await bot.kill()
        claimed = await stage.deliveries(Delivery.state == "sending", Delivery.worker != "")
        in_hand = max(in_hand, *Counter(each.worker for each in claimed).values(), 0)
    await stage.bot()
    return kills, in_hand


async def _killed(stage: Stage, n: int, kind: str, copies: int, unknown: int) -> Verdict:
    """Send to all with kills; `copies` and `unknown` are what one kill may cause."""
    await stage.box.slow(SLOW)
    await stage.plan(kind)
    wanted = stage.chance.randint(20, 40) if n >= 1000 else 3
    kills, in_hand = await kill_at_random(stage, wanted, n)
    await stage.box.heal()
    await stage.rest(40 + n / 10)
    found = await stage.judge(duplicated=copies * kills, unknown=unknown * kills)
    found.notes |= {"kills": kills, "most in hand": in_hand}
    found.demand(in_hand <= IN_HAND, f"{in_hand} rows were in hand at a kill: all but one wait for a turn alone")
    found.demand(kills >= min(2, wanted), f"only {kills} kills hit the send")
    return found


@row(
    "F01", "kill -9 at random moments of a Slack send", n=64, platforms=("slack",), expected="lost 0, dup 0, unknown 0"
)
async def f01(stage: Stage, seed: int, n: int) -> Verdict:
    return await _killed(stage, n, "invitation", copies=0, unknown=0)


@row("F02", "kill -9 at random moments of a Telegram send that is held when in doubt", n=64, platforms=("telegram",),
     expected="lost 0, dup 0, unknown at most 8 a kill, each listed")  # fmt: skip
async def f02(stage: Stage, seed: int, n: int) -> Verdict:
    found = await _killed(stage, n, "invitation", copies=0, unknown=LANES)
    code, out, _ = await stage.convenor("deliveries", "--json")
    listed = f'"unknown": {found.unknown}' in out or not found.unknown
    found.demand(code == 0 and listed, "unknown ones are not listed")
    return found


@row("F03", "kill -9 at random moments of a Telegram send that is repeated once when in doubt",
     n=64, platforms=("telegram",), expected="lost 0, copies at most 8 a kill and 2 a person")  # fmt: skip
async def f03(stage: Stage, seed: int, n: int) -> Verdict:
    found = await _killed(stage, n, "reminder_1h", copies=LANES, unknown=LANES)
    found.demand(found.duplicated > 0, "nothing was repeated: the row did not hit what it is about")
    return found


@row("F04", "killed right after the platform took request N of a start, N = 1..50", n=64, full=1700, seeds=1,
     expected="lost 0, dup 0, unknown 0 on Slack and at most 8 a kill on Telegram")  # fmt: skip
async def f04(stage: Stage, seed: int, n: int) -> Verdict:
    numbers = range(1, 51) if n >= 1000 else (1, 3, 9)
    kills = 0
    for platform, method in (("telegram", "sendMessage"), ("slack", "chat.postMessage")):
        await stage.plan("invitation", stage.on(platform))
        for number in numbers:
            kills += await _kill_after(stage, platform, method, number)
    await stage.bot()
    await stage.rest(60 + n / 10)
    found = await stage.judge(unknown=LANES * kills)
    found.notes["kills"] = kills
    found.demand(kills == 2 * len(numbers), f"only {kills} kills hit the send")
    found.demand((await stage.states(platform="slack"))["unknown"] == 0, "a Slack message is unknown")
    return found


async def _kill_after(stage: Stage, platform: str, method: str, number: int) -> bool:
    """Start a bot that dies when its request of that number was taken; false if it had not so many to make."""
    bot = await stage.bot(ready=False)
    await stage.box.fault("kill", platform, method, skip=number - 1, count=1, pid=bot.pid)
    await stage.box.slow(SLOW / 2)

    async def over() -> bool:
        return not bot.alive or await stage.rest(0)

    await stage.until(over, 90, 0.02)
    killed = not bot.alive
    await bot.kill()
    await stage.box.heal()
    return killed
