from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from storage.communities import Connection
from storage.database import Database
from storage.deliveries import Campaign


async def test_three_engines_send_each_message_once(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=30, slack=30))
    engines = [world.engine() for _ in range(3)]
    for each in engines:
        await each.start()
    assert all([await each.settle(timeout=50) for each in engines])
    for each in engines:
        await each.stop()
    assert await world.states(campaign) == Counter(sent=60)
    assert set((world.telegram.copies + world.slack.copies).values()) == {1}


async def test_one_process_at_a_time_sends_on_a_connection_and_gives_it_back(world: Any) -> None:
    await world.send(await world.people(telegram=2))
    async with world.running() as engine:
        assert await engine.settle()
        held = {each.platform: each.worker for each in await world.rows_of_all(Connection)}
        assert held["telegram"] == engine.worker
    assert {each.worker for each in await world.rows_of_all(Connection)} == {""}


async def test_another_process_waits_for_the_lease_of_one_that_was_killed(world: Any, database: Database) -> None:
    if database.sqlite:
        return  # the only process on the file takes over at once
    await world.send(await world.people(telegram=2))
    dead = world.engine(hold=0.6)
    async with database.write() as db:
        for line in dead._lines:
            await line.keep_hold(db)
    async with world.running() as engine:
        assert not await engine.settle(timeout=0.2)
        assert world.telegram.ledger == []
        assert await engine.settle()
    assert len(world.telegram.ledger) == 2


async def test_what_is_due_later_is_sent_when_its_time_comes(world: Any) -> None:
    members = await world.people(telegram=2)
    await world.send(members, after=timedelta(hours=2))
    async with world.running() as engine:
        assert await engine.settle()
        assert world.telegram.ledger == []
        world.clock.advance(timedelta(hours=2))
        assert await engine.settle()
    assert len(world.telegram.ledger) == 2


async def test_messages_for_a_platform_that_is_off_wait_and_hold_up_nobody(world: Any) -> None:
    world.slack.workspace = ""
    campaign = await world.send(await world.people(telegram=2, slack=2))
    async with world.running() as engine:
        assert await engine.settle()
        assert await world.totals(campaign) == {"telegram": {"sent": 2}, "slack": {"queued": 2}}
        world.slack.workspace = "T1"
        async with asyncio.timeout(5):
            while await world.states(campaign) != Counter(sent=4):
                await asyncio.sleep(0.02)


async def test_a_campaign_to_nobody_is_done(world: Any) -> None:
    await world.send([])
    async with world.running() as engine:
        assert await engine.settle()
    assert [each.state for each in await world.rows(Campaign)] == ["done"]


async def test_an_engine_may_be_stopped_before_and_after_everything(world: Any) -> None:
    engine = world.engine()
    await engine.stop()
    await engine.start()
    await engine.stop()
    await engine.stop()
