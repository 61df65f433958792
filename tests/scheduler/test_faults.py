from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chat.errors import AccountDead, Ambiguous, ChatMoved, NotSent, RateLimited, Rejected, Unreachable
from chat.platform import Limits
from scheduler.delivery import To, plan
from storage import deliveries
from storage.communities import Channel, Connection
from storage.deliveries import Campaign, Delivery

LEASE = timedelta(seconds=60)


async def test_four_workers_never_claim_the_same_row(world: Any) -> None:
    await world.send(await world.people(telegram=200))
    found: list[int] = []

    async def work(name: str) -> None:
        while True:
            async with world.database.write() as db:
                rows = await deliveries.claim(db, "telegram", "1", world.clock.now(), name, LEASE, 7)
            if not rows:
                return
            found.extend(row.id for row in rows)

    await asyncio.gather(*(work(f"w{index}") for index in range(4)))
    assert len(found) == len(set(found)) == 200


async def test_what_had_not_left_at_a_crash_is_sent_after_it(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3))
    await world.crash(started=False)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=3)


async def test_a_limited_chat_waits_and_others_go_on(world: Any) -> None:
    members = await world.people(telegram=5)
    times = Counter[str]()

    def limit(place: Any, _key: str) -> RateLimited | None:
        times[place.chat] += 1
        return RateLimited(1.0, place.chat) if place.chat == "1000" and times["1000"] == 1 else None

    world.telegram.fail = limit
    campaign = await world.send(members)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=5)
    began = world.telegram.at[0][0]
    at = {chat: moment - began for moment, chat in world.telegram.at}
    assert at.pop("1000") >= 1.0
    assert max(at.values()) < 1.0
    assert {row.attempts for row in await world.rows(Delivery)} == {1}


async def test_a_limited_bot_is_silent_until_the_end_of_the_pause_also_after_a_restart(world: Any) -> None:
    limited = [0.0]

    def limit(_place: Any, _key: str) -> RateLimited | None:
        if len(world.telegram.ledger) >= 3 and not limited[0]:
            limited[0] = time.monotonic()
            return RateLimited(0.8)
        return None

    world.telegram.fail, world.telegram.limits = limit, Limits(1000, chat_interval=0, lanes=1)
    campaign = await world.send(await world.people(telegram=8, slack=3))
    async with world.running():
        while not limited[0]:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.2)
    assert len(world.slack.ledger) == 3
    async with world.running() as engine:
        assert await engine.settle()
    after = [moment for moment, _ in world.telegram.at if moment > limited[0]]
    assert min(after) >= limited[0] + 0.7
    assert await world.states(campaign) == Counter(sent=11)
    assert {row.attempts for row in await world.rows(Delivery)} == {1}


async def test_what_was_surely_not_sent_is_tried_until_it_arrives(world: Any) -> None:
    world.telegram.fail = lambda _place, _key: NotSent("refused") if world.telegram.asked < 6 else None
    campaign = await world.send(await world.people(telegram=3))
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=3)
    assert set(world.telegram.copies.values()) == {1}


async def test_a_refused_token_stops_the_connection_and_kills_no_message(world: Any) -> None:
    dead = [True]
    world.telegram.fail = lambda _place, _key: AccountDead("invalid_auth") if dead[0] else None
    campaign = await world.send(await world.people(telegram=20, slack=2))
    async with world.running(probe=0.5) as engine:
        assert await engine.settle()
        assert await world.totals(campaign) == {"telegram": {"queued": 20}, "slack": {"sent": 2}}
        assert world.telegram.asked <= 8 + 3
        rows = {each.platform: each.dead_reason for each in await world.rows_of_all(Connection)}
        assert rows == {"telegram": "invalid_auth", "slack": ""}
        dead[0] = False
        async with asyncio.timeout(5):
            while await world.states(campaign) != Counter(sent=22):
                await asyncio.sleep(0.02)
    assert {each.dead_reason for each in await world.rows_of_all(Connection)} == {""}


async def test_refused_content_is_dead_at_once(world: Any) -> None:
    world.telegram.fail = lambda place, _key: Rejected("can't parse entities") if place.chat == "1000" else None
    campaign = await world.send(await world.people(telegram=2))
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=1, dead=1)
    assert world.telegram.asked == 2


async def test_a_moved_group_is_followed(world: Any) -> None:
    channel = await world.channel(chat="-100")
    world.telegram.fail = lambda place, _key: ChatMoved("-200") if place.chat == "-100" else None
    async with world.database.write(world.community) as db:
        to = [To(channel=channel, due=world.clock.now())]
        await plan(db, kind="meeting_card", subject="m", occurrence="", to=to, now=world.clock.now())
    async with world.running() as engine:
        assert await engine.settle()
    assert [chat for _, chat, _ in world.telegram.ledger] == ["-200"]
    assert [each.chat for each in await world.rows(Channel)] == ["-200"]


@pytest.mark.parametrize("seed", range(3))
async def test_counts_add_up_and_nothing_is_doubled_whatever_goes_wrong(world: Any, seed: int) -> None:
    chance = random.Random(seed)
    errors = [NotSent("refused"), RateLimited(0.02), RateLimited(0.02, "chat"), Rejected("bad"), Unreachable("blocked")]

    def before(_place: Any, _key: str) -> Any:
        return chance.choice([*errors, ZeroDivisionError()]) if chance.random() < 0.3 else None

    for platform in (world.telegram, world.slack):
        platform.fail, platform.limits = before, Limits(2000, chat_interval=0.001, lanes=4)
        platform.lose = lambda _place, _key: Ambiguous("cut") if chance.random() < 0.2 else None
    members = await world.people(telegram=8, slack=8, both=8, none=2)
    first = await world.send(members)
    for _ in range(3):  # restarts in the middle
        async with world.running(drain=0.05):
            await asyncio.sleep(0.03)
    second = await world.send(members, occurrence="nudge-1", expires=world.clock.now() + timedelta(hours=1))
    async with world.running() as engine:
        assert await engine.settle()
    for campaign in (first, second):
        states = await world.states(campaign)
        assert sum(states.values()) == 26
        assert not states.keys() & {"queued", "sending"}
    copies = world.telegram.copies + world.slack.copies
    assert set(copies.values()) == {1}
    sent = {row.key for row in await world.rows(Delivery) if row.state == "sent"}
    assert sent <= set(copies)
    assert {row.state for row in await world.rows(Delivery) if row.key in copies} <= {"sent", "unknown"}
    assert {each.state for each in await world.rows(Campaign)} == {"done"}


async def test_a_stop_finishes_what_is_in_flight_and_gives_the_rest_back(world: Any) -> None:
    world.telegram.seconds = 0.1
    campaign = await world.send(await world.people(telegram=40))
    async with world.running():
        while world.telegram.asked < 4:
            await asyncio.sleep(0.005)
    states = await world.states(campaign)
    assert set(states) == {"sent", "queued"}
    assert states["sent"] == len(world.telegram.ledger)
    assert {row.attempts for row in await world.rows(Delivery) if row.state == "queued"} == {0}
