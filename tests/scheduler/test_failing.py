"""A platform that fails, limits or talks nonsense: it is not flooded, and the operator hears of it once."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chat.errors import AccountDead, Ambiguous, NotSent, RateLimited
from chat.platform import Limits
from scheduler.health import Health
from scheduler.pacing import Pace
from storage.communities import Connection
from storage.deliveries import Delivery


async def test_after_three_failures_in_a_row_one_message_feels_the_way(world: Any) -> None:
    down = [True]
    flying = [0, 0]

    async def send(*args: Any) -> Any:
        flying[0] += 1
        flying[1] = max(flying[1], flying[0]) if tried else 0
        tried.append(time.monotonic())
        try:
            await asyncio.sleep(0.01)
            if down[0]:
                raise NotSent("refused")
            return await real(*args)
        finally:
            flying[0] -= 1

    tried: list[float] = []
    real, world.telegram.send = world.telegram.send, send
    campaign = await world.send(await world.people(telegram=30))
    async with world.running(retry=0.1) as engine:
        while len(tried) < 8:
            await asyncio.sleep(0.005)
        while flying[0]:  # those that left together
            await asyncio.sleep(0.005)
        first = len(tried)
        flying[1] = 0
        await asyncio.sleep(1.0)
        assert flying[1] <= 1
        assert len(tried) - first <= 5
        assert engine._lines[0].health.half_open
        down[0] = False
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=30)


async def test_lost_answers_in_a_row_do_not_burn_the_whole_audience(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("502") if world.telegram.asked <= 9 else None
    campaign = await world.send(await world.people(telegram=40))
    async with world.running(retry=0.05) as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=31, unknown=9)


@pytest.mark.parametrize("after", [0.0, -5.0, math.nan, 86_400.0, math.inf, 1e300])
async def test_whatever_a_limit_asks_for_the_pause_is_sane(world: Any, after: float) -> None:
    asked: list[float] = []

    def limit(_place: Any, _key: str) -> RateLimited | None:
        asked.append(time.monotonic())
        return RateLimited(after)

    world.telegram.fail, world.telegram.limits = limit, Limits(1000, chat_interval=0, lanes=1)
    await world.send(await world.people(telegram=3))
    async with world.running() as engine:
        while not engine.figures()[0].limited:
            await asyncio.sleep(0.001)
        paused = engine.figures()[0].paused
        await asyncio.sleep(0.3)
        kept = None
        while kept is None:  # it is written by the line's next round
            rows = await world.rows_of_all(Connection)
            kept = next(each for each in rows if each.platform == "telegram").paused_until
    longest = 3600 * 1.02 + 1
    assert 0.3 <= paused <= (longest if after > 1 else 1.1)
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(asked))
    assert kept <= datetime.now(UTC) + timedelta(seconds=longest)


def test_repeated_limits_that_name_no_time_are_not_answered_by_a_hot_loop() -> None:
    health = Health(None, None, Pace(Limits(30)))  # type: ignore[arg-type]
    pauses = [health.limited(0.001) for _ in range(14)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60.0


async def test_the_pause_of_one_chat_outlives_the_process(world: Any) -> None:
    times = Counter[str]()

    def limit(place: Any, _key: str) -> RateLimited | None:
        times[place.chat] += 1
        return RateLimited(1.5, place.chat) if place.chat == "1000" and times["1000"] == 1 else None

    world.telegram.fail = limit
    members = await world.people(telegram=3)
    for number in range(2):
        await world.send(members, occurrence=f"{number}")
    async with world.running():
        while len(world.telegram.ledger) < 4:
            await asyncio.sleep(0.005)
    limited = next(moment for moment, chat in world.telegram.at if chat == "1000")
    async with world.running() as engine:
        assert await engine.settle()
    mine = [moment - limited for moment, chat in world.telegram.at if chat == "1000"]
    assert len(mine) == 3
    assert mine[1] >= 1.4
    assert {row.attempts for row in await world.rows(Delivery)} == {1}


async def test_an_answer_nobody_knows_is_told_once(world: Any) -> None:
    codes = ["flabbergasted", "flabbergasted", "befuddled"]
    world.telegram.fail = lambda _place, _key: Ambiguous(codes.pop(), strange=True) if codes else None
    await world.send(await world.people(telegram=5))
    async with world.running() as engine:
        assert await engine.settle()
    assert sorted(world.alerts) == [("strange", "telegram", "befuddled"), ("strange", "telegram", "flabbergasted")]


async def test_a_refused_token_is_told_once_and_so_is_its_return(world: Any) -> None:
    dead = [True]
    world.telegram.fail = lambda _place, _key: AccountDead("invalid_auth") if dead[0] else None
    campaign = await world.send(await world.people(telegram=12))
    async with world.running(probe=0.05):
        async with asyncio.timeout(20):
            while world.telegram.asked < 8 + 3:  # probes, after the first ones in flight
                await asyncio.sleep(0.01)
        assert world.alerts == [("dead", "telegram", "invalid_auth")]
        dead[0] = False
        async with asyncio.timeout(20):
            while await world.states(campaign) != Counter(sent=12):
                await asyncio.sleep(0.02)
    assert world.alerts == [("dead", "telegram", "invalid_auth"), ("alive", "telegram", "")]
