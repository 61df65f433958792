from __future__ import annotations

import asyncio
import time
from typing import Any

from chat.errors import Ambiguous, MessageGone, RateLimited
from chat.people import MessageRef
from chat.platform import Limits
from scheduler import cards
from storage.deliveries import CardCopy


def ref(number: int, chat: str = "-100") -> MessageRef:
    return MessageRef("telegram", "1", chat, str(number))


async def noted(world: Any, number: int = 1) -> Any:
    channel = await world.channel()
    async with world.database.write(world.community) as db:
        await cards.note(db, "meeting_card", "m", ref(number), channel=channel)
    return channel


async def touch(world: Any, **more: Any) -> int:
    async with world.database.write(world.community) as db:
        return await cards.touch(db, ["meeting_card", "status"], "m", **more)


async def test_many_changes_make_few_edits_that_end_on_the_last_state(world: Any) -> None:
    world.telegram.limits = Limits(1000, chat_interval=0, edits_per_minute=600, edit_delay=0.1)
    await noted(world)
    async with world.running() as engine:
        began = time.monotonic()
        for index in range(40):
            world.text = f"count {index}"
            await touch(world)
            engine.wake()
            await asyncio.sleep(0.005)
        assert await engine.settle()
    assert world.telegram.edits[-1] == ("1", "count 39 channel")
    assert len(world.telegram.edits) <= (time.monotonic() - began) / 0.1 + 2


async def test_a_change_during_the_edit_is_shown_by_the_next(world: Any) -> None:
    world.telegram.gate = asyncio.Event()
    await noted(world)
    async with world.running() as engine:
        world.text = "one"
        await touch(world)
        engine.wake()
        while not world.telegram.edits:
            await asyncio.sleep(0.005)
        world.text = "two"
        await touch(world)
        world.telegram.gate.set()
        assert await engine.settle()
    assert [text for _, text in world.telegram.edits] == ["one channel", "two channel"]


async def test_edits_of_a_group_keep_its_minute(world: Any) -> None:
    world.telegram.limits = Limits(1000, chat_interval=0, group_per_minute=20, edits_per_minute=3, edit_delay=0.0)
    await noted(world)
    async with world.running() as engine:
        for index in range(10):
            world.text = f"{index}"
            await touch(world)
            engine.wake()
            await asyncio.sleep(0.03)
        assert not await engine.settle(timeout=1.0)
    assert len(world.telegram.edits) == 3


async def test_the_pressed_copy_is_left_out_and_members_have_their_own(world: Any) -> None:
    first, second = await world.people(telegram=2)
    async with world.database.write(world.community) as db:
        await cards.note(db, "status", "m", ref(1, "1000"), member=first)
        await cards.note(db, "status", "m", ref(2, "1001"), member=second)
        await cards.note(db, "status", "m", ref(3, "1001"), member=second)
    assert await touch(world, member=second, but=ref(3, "1001")) == 1
    assert {each.message for each in await world.rows(CardCopy) if each.wanted > each.shown} == {"2"}
    assert await touch(world) == 3


async def test_a_message_noted_again_shows_its_new_card_and_keeps_waiting_changes(world: Any) -> None:
    channel = await noted(world)
    await touch(world)
    async with world.database.write(world.community) as db:
        await cards.note(db, "invitation", "other", ref(1), channel=channel)
    (copy,) = await world.rows(CardCopy)
    assert (copy.kind, copy.subject, copy.wanted - copy.shown) == ("invitation", "other", 1)


async def test_a_deleted_message_is_left_alone(world: Any) -> None:
    world.telegram.fail_edit = lambda _ref: MessageGone("not found")
    await noted(world)
    await touch(world)
    async with world.running() as engine:
        assert await engine.settle()
        await touch(world)
        assert await engine.settle()
    assert len(world.telegram.edited_at) == 1
    assert [each.gone for each in await world.rows(CardCopy)] == [True]


async def test_a_limited_or_lost_edit_comes_again(world: Any) -> None:
    errors = [RateLimited(0.2), Ambiguous("cut")]
    world.telegram.fail_edit = lambda _ref: errors.pop(0) if errors else None
    await noted(world)
    began = time.monotonic()
    await touch(world)
    async with world.running() as engine:
        assert await engine.settle()
    assert len(world.telegram.edits) == 1
    assert world.telegram.edited_at[1] - began >= 0.2


async def test_a_card_the_feature_leaves_as_it_is_is_not_edited(world: Any) -> None:
    world.skip.add("channel")
    await noted(world)
    await touch(world)
    async with world.running() as engine:
        assert await engine.settle()
    assert world.telegram.edits == []


async def test_an_edit_that_changes_nothing_is_left_out(world: Any) -> None:
    members = await world.people(telegram=1)
    async with world.running() as engine:
        await world.send(members)
        assert await engine.settle()
        async with world.database.write(world.community) as db:
            await cards.touch(db, ["invitation"], "meet000001")
        assert await engine.settle()
        assert world.telegram.edits == []
        world.text = "second"
        async with world.database.write(world.community) as db:
            await cards.touch(db, ["invitation"], "meet000001")
        assert await engine.settle()
    assert [text for _, text in world.telegram.edits] == ["second m0"]


async def test_the_progress_card_follows_a_campaign(world: Any) -> None:
    members = await world.people(telegram=3)
    campaign = await world.send(members)
    async with world.database.write(world.community) as db:
        await cards.note(db, "progress", campaign.key, ref(9, "77"), member=members[0])
    async with world.running() as engine:
        assert await engine.settle()
    assert {message for message, _ in world.telegram.edits} == {"9"}
