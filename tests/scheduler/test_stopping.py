from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chat.errors import Ambiguous, RateLimited
from chat.people import MessageRef
from chat.platform import Limits
from scheduler import cards
from scheduler.stopping import leave_unknown, resend_unknown, resume, stop, take_back
from storage import installation
from storage.deliveries import Campaign, CardCopy, Delivery

MINUTES = timedelta(minutes=2)


async def press(world: Any, what: Any, *args: Any) -> Any:
    async with world.database.write(world.community) as db:
        return await what(db, *args)


async def reached(world: Any, number: int) -> None:
    while len(world.telegram.ledger) < number:
        await asyncio.sleep(0.002)


async def test_stop_lets_at_most_the_lanes_arrive_and_resume_sends_the_rest(world: Any) -> None:
    world.telegram.seconds = 0.02
    members = await world.people(telegram=60)
    campaign = await world.send(members)
    async with world.running() as engine:
        await reached(world, 20)
        assert await press(world, stop, campaign, members[0], world.clock.now())
        at_commit, asked = len(world.telegram.ledger), world.telegram.asked
        assert await engine.settle()
        assert world.telegram.asked - at_commit <= 8 + (asked - at_commit)
        assert len(world.telegram.ledger) - at_commit <= 8
        states = await world.states(campaign)
        assert states == Counter(sent=len(world.telegram.ledger), queued=60 - len(world.telegram.ledger))
        (row,) = await world.rows(Campaign)
        assert (row.state, row.stopped_by) == ("stopped", members[0].id)
        assert not await press(world, stop, campaign, members[1], world.clock.now())
        assert await press(world, resume, campaign, world.clock.now())
        assert not await press(world, resume, campaign, world.clock.now())
        engine.wake()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=60)
    assert set(world.telegram.copies.values()) == {1}
    assert [each.state for each in await world.rows(Campaign)] == ["done"]


async def test_of_two_who_stop_at_once_one_did_it(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=3))
    done = await asyncio.gather(*(press(world, stop, campaign, None, world.clock.now()) for _ in range(4)))
    assert Counter(done) == {True: 1, False: 3}


async def test_a_held_send_can_be_stopped_and_is_held_again_when_it_goes_on(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=2), hold=MINUTES)
    async with world.running() as engine:
        assert await press(world, stop, campaign, None, world.clock.now())
        world.clock.advance(timedelta(minutes=1))
        assert await press(world, resume, campaign, world.clock.now())
        assert [each.state for each in await world.rows(Campaign)] == ["held"]
        assert await press(world, stop, campaign, None, world.clock.now())
        world.clock.advance(MINUTES)
        assert await engine.settle()
        assert world.telegram.ledger == []
        assert await press(world, resume, campaign, world.clock.now())
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=2)


async def test_what_was_sent_is_deleted_and_what_cannot_be_says_that_it_was_a_mistake(world: Any) -> None:
    world.telegram.can_delete = lambda ref: ref.message != "2"
    campaign = await world.send(await world.people(telegram=3, slack=2))
    async with world.running() as engine:
        assert await press(world, take_back, campaign, None, world.clock.now()) == 0
        assert await engine.settle()
        assert await press(world, take_back, campaign, None, world.clock.now()) == 5
        engine.wake()
        assert await engine.settle()
        assert await press(world, take_back, campaign, None, world.clock.now()) == 0
    assert Counter(world.telegram.deleted + world.slack.deleted) == {"1": 2, "2": 2, "3": 1}
    assert world.telegram.edits == [("2", "sent by mistake")]
    assert await world.states(campaign) == Counter(cancelled=4, sent=1)
    assert {(each.state, each.reason) for each in await world.rows(Delivery)} == {
        ("cancelled", "taken_back"), ("sent", "kept"),
    }  # fmt: skip
    assert [each.state for each in await world.rows(Campaign)] == ["taken_back"]
    assert Counter((each.kind, each.gone) for each in await world.rows(CardCopy)) == {
        ("withdrawn_note", True): 4, ("withdrawn_note", False): 1,
    }  # fmt: skip


async def test_a_send_stopped_in_the_middle_is_taken_back_whole(world: Any) -> None:
    world.telegram.seconds = 0.02
    campaign = await world.send(await world.people(telegram=40))
    async with world.running() as engine:
        await reached(world, 10)
        await press(world, stop, campaign, None, world.clock.now())
        await press(world, take_back, campaign, None, world.clock.now())  # while the last ones are in flight
        assert await engine.settle()
    assert await world.states(campaign) == Counter(cancelled=40)
    assert len(world.telegram.deleted) == len(world.telegram.ledger)


async def test_deleting_keeps_the_pace_and_a_deletion_without_an_answer_is_repeated(world: Any) -> None:
    campaign = await world.send(await world.people(telegram=8))
    troubles: list[Any] = [Ambiguous("cut"), RateLimited(0.2)]
    real, times = world.telegram.delete, list[float]()

    async def delete(ref: MessageRef) -> bool:
        times.append(time.monotonic())
        if troubles:
            raise troubles.pop()
        return await real(ref)

    world.telegram.delete = delete
    world.telegram.limits = Limits(20, chat_interval=0, group_per_minute=20)
    async with world.running() as engine:
        assert await engine.settle()
        await press(world, take_back, campaign, None, world.clock.now())
        engine.wake()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(cancelled=8)
    assert len(times) == 10
    assert max(sum(1 for each in times if begin <= each < begin + 0.5) for begin in times) <= 10 + 2


async def test_the_progress_card_follows_stop_and_take_back(world: Any) -> None:
    members = await world.people(telegram=2)
    campaign = await world.send(members)
    async with world.running() as engine:
        assert await engine.settle()
        async with world.database.write(world.community) as db:
            await cards.note(db, "progress", campaign.key, MessageRef("telegram", "1", "77", "9"), member=members[0])
        world.text = "taking back"
        await press(world, take_back, campaign, None, world.clock.now())
        assert await engine.settle()
        world.text = "taken back"
        await press(world, leave_unknown, campaign)
        assert await engine.settle()
    mine = [text for message, text in world.telegram.edits if message == "9"]
    assert mine[0].startswith("taking back")
    assert mine[-1].startswith("taken back")


async def test_unknown_messages_are_sent_again_when_an_organiser_says_so_and_only_once_each(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout") if len(world.telegram.ledger) <= 2 else None
    campaign = await world.send(await world.people(telegram=3))
    async with world.running() as engine:
        assert await engine.settle()
        assert await world.states(campaign) == Counter(unknown=2, sent=1)
        await press(world, leave_unknown, campaign)
        assert [each.unknown_left for each in await world.rows(Campaign)] == [True]
        done = await asyncio.gather(*(press(world, resend_unknown, campaign, world.clock.now()) for _ in range(3)))
        assert sorted(done) == [0, 0, 2]
        engine.wake()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=3)
    assert Counter(world.telegram.copies.values()) == {2: 2, 1: 1}
    assert [each.unknown_left for each in await world.rows(Campaign)] == [False]


async def test_unknown_messages_that_are_too_late_stay_unknown(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout")
    campaign = await world.send(await world.people(telegram=1), expires=world.clock.now() + timedelta(hours=1))
    async with world.running() as engine:
        assert await engine.settle()
        world.clock.advance(timedelta(hours=1))
        assert await press(world, resend_unknown, campaign, world.clock.now()) == 0
    assert await world.states(campaign) == Counter(unknown=1)


async def test_what_may_have_arrived_is_not_called_deleted_when_its_copy_is_taken_back(world: Any) -> None:
    world.telegram.lose = lambda _place, _key: Ambiguous("timeout")
    campaign = await world.send(await world.people(telegram=1))
    async with world.running() as engine:
        assert await engine.settle()
        world.telegram.lose = lambda _place, _key: None
        async with world.database.write(world.community) as db:
            assert await resend_unknown(db, campaign, world.clock.now()) == 1
            assert await stop(db, campaign, None, world.clock.now())
            await take_back(db, campaign, None, world.clock.now())
        engine.wake()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(unknown=1)
    assert [each.state for each in await world.rows(Campaign)] == ["taken_back"]


async def test_while_a_restored_backup_waits_for_a_word_only_alerts_go_out(world: Any) -> None:
    async with world.database.write() as db:
        (await installation.get(db)).paused = "restored"
    members = await world.people(telegram=2)
    campaign, alert = await world.send(members), await world.send(members, "alert", subject="restored")
    async with world.running() as engine:
        assert await engine.settle()
        assert await world.states(campaign) == Counter(queued=2)
        assert await world.states(alert) == Counter(sent=2)
        async with world.database.write() as db:
            (await installation.get(db)).paused = ""
        engine.wake()
        assert await engine.settle()
    assert await world.states(campaign) == Counter(sent=2)


@pytest.mark.parametrize("kind", ["invitation", "alert"])
async def test_what_may_have_been_sent_before_the_restore_is_unknown(world: Any, kind: str) -> None:
    async with world.database.write() as db:
        (await installation.get(db)).restored_until = world.clock.now()
    members = await world.people(telegram=2)
    before = await world.send(members[:1], kind)
    after = await world.send(members[1:], kind, subject="later", after=MINUTES)
    states = Counter((row.state, row.reason) for row in await world.rows(Delivery))
    expected = Counter({("queued", ""): 1, ("unknown", "restored"): 1})
    assert states == (expected if kind == "invitation" else Counter({("queued", ""): 2}))
    assert (before.audience, after.audience) == (1, 1)
