from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chat.errors import Ambiguous, NotSent, RateLimited, Rejected, Unreachable
from chat.platform import Limits
from storage import deliveries
from storage.deliveries import CardCopy, Delivery


@pytest.fixture
def slack(world: Any) -> Any:
    world.slack.finds = True
    return world.slack


async def test_slack_is_asked_and_what_arrived_is_sent_with_its_card(world: Any, slack: Any) -> None:
    slack.lose = lambda _place, _key: Ambiguous("timeout")
    campaign = await world.send(await world.people(slack=3))
    async with world.running() as engine:
        assert await engine.settle()
        assert [(each.sent, each.lost, each.unknown) for each in engine.figures() if each.platform == "slack"] == [
            (3, 3, 0)
        ]
    assert await world.states(campaign) == Counter(sent=3)
    assert set(slack.copies.values()) == {1}
    assert {(row.chat, row.message) for row in await world.rows(Delivery)} == {("U0", "1"), ("U1", "2"), ("U2", "3")}
    assert len(await world.rows(CardCopy)) == 3
    assert len(world.sent) == 3


async def test_what_did_not_arrive_on_slack_is_sent_again_and_only_then(world: Any, slack: Any) -> None:
    slack.fail = lambda _place, _key: Ambiguous("503") if slack.asked <= 3 else None
    campaign = await world.send(await world.people(slack=3))
    async with world.running(settle=0.3) as engine:
        began = time.monotonic()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=3)
    assert set(slack.copies.values()) == {1}
    assert len(slack.looked) == 3
    assert slack.at[3][0] - began >= 0.3


async def test_a_message_that_becomes_visible_late_is_not_copied(world: Any, slack: Any) -> None:
    """The request is still on its way when its answer is lost: only the settle time keeps us from a copy."""

    async def send(*args: Any) -> Any:
        asyncio.get_running_loop().call_later(0.2, lambda: hidden.append(args))
        raise Ambiguous("timeout")

    hidden: list[Any] = []
    real, slack.send = slack.send, send
    campaign = await world.send(await world.people(slack=1))
    async with world.running(settle=0.6) as engine:
        while not hidden:
            await asyncio.sleep(0.01)
        await real(*hidden[0])
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=1)
    assert set(slack.copies.values()) == {1}


async def test_where_we_may_not_look_it_is_unknown_and_never_goes_elsewhere(world: Any, slack: Any) -> None:
    slack.lose = lambda _place, _key: Ambiguous("timeout")
    slack.fail_find = lambda _place, _key: Rejected("missing_scope")
    members = await world.people(both=2)
    for each in members:
        each.preferred = "slack"
    campaign = await world.send(members)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=2)
    assert world.telegram.ledger == []
    assert {row.reason for row in await world.rows(Delivery)} == {"answer lost"}


async def test_a_look_up_without_an_answer_is_repeated_with_growing_pauses_and_ends(world: Any, slack: Any) -> None:
    slack.lose = lambda _place, _key: Ambiguous("timeout")
    slack.fail_find = lambda _place, _key: Ambiguous("500")
    campaign = await world.send(await world.people(slack=1))
    async with world.running(settle=0.02) as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=1)
    assert len(slack.looked) == 8


async def test_a_closed_way_or_a_pause_says_nothing_about_the_message(world: Any, slack: Any) -> None:
    troubles = [NotSent("refused")] * 10 + [RateLimited(0.02)] * 2
    slack.lose = lambda _place, _key: Ambiguous("timeout")
    slack.fail_find = lambda _place, _key: troubles.pop() if troubles else None
    campaign = await world.send(await world.people(slack=1))
    async with world.running(settle=0.02) as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=1)
    assert len(slack.looked) == 13


async def test_what_is_too_late_after_a_look_up_expires(world: Any, slack: Any) -> None:
    slack.fail = lambda _place, _key: Ambiguous("503")
    campaign = await world.send(
        await world.people(slack=1), "reminder_1h", expires=world.clock.now() + timedelta(hours=1)
    )
    async with world.running(settle=0.3) as engine:
        while not slack.asked:
            await asyncio.sleep(0.005)
        world.clock.advance(timedelta(hours=2))
        assert await engine.settle()
    assert await world.states(campaign) == Counter(expired=1)
    assert slack.asked == 1


async def test_look_ups_keep_below_the_limit_of_the_workspace(world: Any, slack: Any) -> None:
    slack.limits = Limits(1000, per_minute=5000, chat_interval=0, lanes=8)
    slack.lose = lambda _place, _key: Ambiguous("timeout") if len(slack.ledger) <= 2 else None
    campaign = await world.send(await world.people(slack=6))
    async with world.running(settle=0.02, look_ups_per_minute=1) as engine:
        async with asyncio.timeout(20):
            while await world.states(campaign) != Counter(sent=5, sending=1):
                await asyncio.sleep(0.02)
        assert not await engine.settle(timeout=0.5)
    assert len(slack.looked) == 1
    assert await world.states(campaign) == Counter(sent=5, sending=1)


@pytest.mark.parametrize("kind", ["invitation", "reminder_1h"])
async def test_telegram_cannot_be_asked_so_only_urgent_kinds_are_sent_once_more(world: Any, kind: str) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout")
    campaign = await world.send(await world.people(both=2), kind)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=2)
    assert set(world.telegram.copies.values()) == {2 if kind == "reminder_1h" else 1}
    assert world.slack.ledger == []


async def test_the_copy_of_an_urgent_message_never_goes_to_the_other_platform(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout")
    world.telegram.fail = lambda _place, _key: Unreachable("blocked") if world.telegram.ledger else None
    campaign = await world.send(await world.people(both=1), "reminder_1h")
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(dead=1)
    assert world.slack.ledger == []


async def test_what_was_in_flight_at_a_crash_is_unknown_on_telegram_and_not_sent_again(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3))
    await world.crash(started=True)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=3)
    assert world.telegram.ledger == []


async def test_what_was_in_flight_at_a_crash_is_looked_up_on_slack(world: Any, slack: Any) -> None:
    members = await world.people(slack=4)
    campaign = await world.send(members)
    await world.crash("slack", started=True)
    rows = await world.rows(Delivery)
    slack.ledger += [(row.key, row.chat, "arrived") for row in rows[:2]]
    async with world.running(settle=0.5) as engine:
        assert slack.looked == []
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=4)
    assert set(slack.copies.values()) == {1}
    waits = [(row.lost_at, datetime.now(UTC)) for row in await world.rows(Delivery)]
    assert all(lost is not None and now - lost >= timedelta(seconds=0.5) for lost, now in waits)


async def test_an_urgent_message_in_flight_at_a_crash_gets_one_copy_on_telegram(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=2), "reminder_1h")
    await world.crash(started=True)
    async with world.running() as engine:
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=2)
    assert {row.copied for row in await world.rows(Delivery)} == {True}


async def test_a_message_that_takes_longer_than_its_lease_is_not_taken_for_a_crash(world: Any) -> None:
    world.telegram.gate = asyncio.Event()
    campaign = await world.send(await world.people(telegram=2))
    async with world.running(recovery=0.05) as engine:
        while world.telegram.asked < 2:
            await asyncio.sleep(0.005)
        async with world.database.write() as db:
            for row in await db.scalars(select(Delivery)):
                row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
        await asyncio.sleep(0.3)
        assert await world.states(campaign) == Counter(sending=2)
        world.telegram.gate.set()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=2)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_late_result_counts_only_if_it_says_that_the_message_arrived(world: Any, arrives: bool) -> None:
    world.telegram.gate = asyncio.Event()
    world.telegram.fail = lambda _place, _key: None if arrives else Rejected("bad")
    campaign = await world.send(await world.people(telegram=1))
    async with world.running() as engine:
        while not world.telegram.asked:
            await asyncio.sleep(0.005)
        async with world.database.write() as db:  # another process took it for dead
            row = (await db.scalars(select(Delivery))).one()
            row.state, row.worker, row.lease_until = "unknown", "", None
        world.telegram.gate.set()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=1) if arrives else Counter(unknown=1)


async def test_a_result_after_the_row_went_to_another_worker_changes_nothing(world: Any) -> None:
    world.telegram.gate = asyncio.Event()
    campaign = await world.send(await world.people(telegram=1))
    async with world.running() as engine:
        while not world.telegram.asked:
            await asyncio.sleep(0.005)
        async with world.database.write() as db:
            row = (await db.scalars(select(Delivery))).one()
            row.worker, row.attempts = "other", row.attempts + 1
        world.telegram.gate.set()
        while not engine._lines[0].idle:
            await asyncio.sleep(0.005)
        assert await world.states(campaign) == Counter(sending=1)


async def test_a_row_in_hand_in_a_crash_is_tried_alone_and_the_third_crash_is_its_last(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=5))
    for _ in range(3):
        await world.crash(started=False, limit=5)
        async with world.database.write() as db:
            await deliveries.recover(db)
    rows = await world.rows(Delivery)
    assert sorted(row.crashes for row in rows) == [1, 1, 1, 2, 2]  # after the first, one at a time in turn
    assert await world.states(campaign) == Counter(queued=5)
    for _ in range(4 + 3):
        await world.crash(started=False)
        async with world.database.write() as db:
            await deliveries.recover(db)
    assert {row.reason for row in await world.rows(Delivery) if row.state == "dead"} == {"poison"}


async def test_rows_that_were_in_hand_in_a_crash_leave_one_at_a_time_after_the_others(world: Any) -> None:
    members = await world.people(telegram=9, slack=3)
    campaign = await world.send(members)
    await world.crash(started=False, limit=4)
    await world.crash("slack", started=False)
    async with world.running() as engine:
        flying: list[int] = []
        world.telegram.seconds = world.slack.seconds = 0.03

        def note(_place: Any, key: str) -> None:
            if key in suspects:
                flying.append(sum(line.figures().flying for line in engine._lines))

        suspects = {row.key for row in await world.rows(Delivery) if row.reason == "" and row.worker == "dead"}
        suspects |= {row.key for row in await world.rows(Delivery) if row.crashes}
        world.telegram.fail = world.slack.fail = note
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=12)
    order = [key for key, _, _ in world.telegram.ledger]
    assert not suspects & set(order[:5])
