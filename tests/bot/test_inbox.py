"""Presses by the hundred: stored together, handled together, and each one still for itself."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot.flood import Floods
from scheduler.clock import MovableClock
from storage import Database
from storage.communities import Community
from storage.inbox import InboxRow
from storage.members import Account, Member
from tests.bot.hall import Hall, feature, toasts


@pytest.fixture
async def hall(database: Database, clock: MovableClock) -> Hall:
    return await Hall(database, clock).fill(40)


class Commits:
    """Count the transactions of a database."""

    def __init__(self, database: Database) -> None:
        self.number = 0
        event.listen(database.engine.sync_engine, "commit", self._one)

    def _one(self, _connection: Any) -> None:
        self.number += 1


async def test_a_batch_is_stored_once_and_knows_what_was_seen_before(hall: Hall) -> None:
    process = hall.process()
    first, second, third = (hall.press(n) for n in (1, 2, 3))

    assert await process.accept_all([first, second, first]) == [True, True, False]
    assert await process.accept_all([second, third]) == [False, True]
    assert await process.accept_all([]) == []

    assert await hall.rows() == {"new": 3}


async def test_what_arrives_together_is_stored_and_done_in_few_transactions(hall: Hall) -> None:
    process, commits = hall.process(), Commits(hall.database)
    presses = [hall.press(n) for n in range(1, 41)]

    taken = await asyncio.gather(*(process.accept(each) for each in presses))
    assert all(taken)
    assert commits.number <= 2
    outcomes = await asyncio.gather(*(process.handle(each) for each in presses))

    assert commits.number <= 8
    assert {tuple(toasts(each)) for each in outcomes} == {("t_saved",)}
    assert await hall.came() == {f"m{n:03}": 1 for n in range(1, 41)}
    assert await hall.rows() == {"done": 40}


async def test_what_cannot_be_stored_holds_up_nobody_else(hall: Hall) -> None:
    process = hall.process()
    presses = [hall.press(1), hall.press(2, handle={"odd": object()}), hall.press(3)]

    taken = await asyncio.gather(*(process.accept(each) for each in presses), return_exceptions=True)

    assert taken[0] is True
    assert taken[2] is True
    assert isinstance(taken[1], Exception)
    assert [await process.accept(each) for each in (presses[0], presses[2])] == [False, False]


async def test_of_presses_done_together_only_the_refused_and_the_broken_one_are_undone(hall: Hall) -> None:
    process = hall.process()
    verbs = {4: "refuse", 9: "break", 11: "nosuch"}
    presses = [hall.press(n, verbs.get(n, "come")) for n in range(1, 16)] + [hall.press(999)]

    outcomes = await hall.do(process, presses)

    said = {each.by.user: toasts(outcome) for each, outcome in zip(presses, outcomes, strict=True)}
    assert (said["4"], said["9"], said["11"], said["999"]) == (["e_gone"], ["error"], ["e_gone"], ["e_stranger"])
    assert all(said[str(n)] == ["t_saved"] for n in range(1, 16) if n not in verbs)
    assert await hall.acts() == {"came": 12}
    assert await hall.rows() == {"done": 15, "failed": 1}


async def test_members_of_two_communities_who_press_at_once_stay_apart(database: Database, clock: MovableClock) -> None:
    hall = await Hall(database, clock).fill(20, communities=2)
    seen: set[tuple[int, str]] = set()

    @feature.click("look")
    async def look(ctx: Any, press: Any) -> list[Any]:
        for member in await ctx.db.scalars(select(Member)):
            seen.add((ctx.community.id, member.code))
        other = 2 if ctx.me.id != 2 else 1  # members 1 to 10 are of the first community
        mine = (ctx.community.id == 1) == (other <= 10)
        assert (await ctx.db.get(Member, other) is not None) == mine
        return []

    async with database.write(1) as db:  # the same number on another platform, once the same person, once another
        db.add(Account(member_id=1, platform="slack", workspace="W", user="1"))
        db.add(Account(member_id=2, platform="slack", workspace="W", user="2"))
    outcomes = await hall.do(hall.process(), [hall.press(n, "look") for n in range(1, 21)])

    assert not any(each.answers for each in outcomes)
    assert seen == {(1 if n % 2 else 2, f"m{n:03}") for n in range(1, 21)}
    assert await hall.rows() == {"done": 20}


async def test_rows_of_a_killed_process_are_done_once_by_another_and_the_people_are_told(hall: Hall) -> None:
    killed, survivor = hall.process("killed"), hall.process("survivor")
    await killed.accept_all([hall.press(n) for n in range(1, 31)])

    if not hall.database.sqlite:  # on SQLite one process holds the file, so the other one is surely gone
        assert await survivor.take_over() == 0
        await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert await survivor.take_over() == 30

    assert await hall.came() == {f"m{n:03}": 1 for n in range(1, 31)}
    assert sorted(int(user) for user, _ in hall.door.said) == list(range(1, 31))
    assert await survivor.take_over() == 0


async def test_one_person_s_presses_are_taken_over_in_their_order(hall: Hall) -> None:
    await hall.process("killed").accept_all([hall.press(1, verb) for verb in ("come", "refuse", "come", "break")])
    await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))

    await hall.process("survivor").take_over()

    assert [toasts(outcome) for _, outcome in hall.door.said] == [["t_saved"], ["e_gone"], ["t_saved"], ["error"]]


async def test_a_process_that_was_frozen_beyond_its_lease_does_nothing_twice(hall: Hall) -> None:
    frozen, other = hall.process("frozen"), hall.process("other")
    presses = [hall.press(n) for n in (1, 2, 3)]
    await frozen.accept_all(presses)
    await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert await other.take_over() == 3

    late = await asyncio.gather(*(frozen.handle(each) for each in presses))

    assert not any(each.answers for each in late)
    assert await hall.came() == {"m001": 1, "m002": 1, "m003": 1}


async def test_a_slow_process_keeps_what_it_handles_and_finds_what_nobody_began_with(hall: Hall) -> None:
    process, go, begun = hall.process(lease=0.0), asyncio.Event(), asyncio.Event()

    @feature.click("slow")
    async def slow(ctx: Any, press: Any) -> list[Any]:
        begun.set()
        await go.wait()
        return []

    process = hall.process(lease=0.0)
    await process.accept_all([press := hall.press(1, "slow"), hall.press(2)])
    handling = asyncio.create_task(process.handle(press))
    await begun.wait()
    taking = asyncio.create_task(process.take_over())
    await asyncio.sleep(0.05)
    go.set()

    assert await taking == 1
    assert (await handling).answers == ()
    assert [user for user, _ in hall.door.said] == ["2"]


async def test_several_processes_that_look_at_once_share_what_was_left(hall: Hall) -> None:
    await hall.process("killed").accept_all([hall.press(n) for n in range(1, 41)])
    await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    processes = [hall.process(f"p{n}") for n in range(1 if hall.database.sqlite else 4)]

    found = await asyncio.gather(*(each.take_over() for each in processes))

    assert sum(found) == 40
    assert set((await hall.came()).values()) == {1}
    assert len(hall.door.said) == 40


async def test_a_press_that_kills_three_processes_is_given_up_with_a_reference(hall: Hall) -> None:
    await hall.process("p0").accept(hall.press(1))
    for number in (1, 2):
        await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))
        assert len(await hall.process(f"p{number}").left_over()) == 1  # and is killed over it

    await hall.change_rows(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert await hall.process("p3").take_over() == 0

    async with hall.database.read() as db:
        row = (await db.scalars(select(InboxRow))).one()
    assert (row.state, row.body, bool(row.error_ref)) == ("failed", None, True)


async def test_fifty_who_read_and_then_write_at_once_never_meet_a_lock(hall: Hall) -> None:
    async def rename(number: int) -> None:
        async with hall.database.write() as db:
            row = (await db.scalars(select(Community).with_for_update())).one()
            row.organiser_contact = str(int(row.organiser_contact or 0) + 1)

    for _ in range(4):
        await asyncio.gather(*(rename(n) for n in range(50)))

    async with hall.database.read() as db:
        assert (await db.scalars(select(Community.organiser_contact))).one() == "200"


async def test_a_flooder_gets_one_answer_for_the_last_press_and_holds_up_nobody(hall: Hall) -> None:
    process = hall.process(floods=Floods(acts=20, window=0.6))
    flood = [hall.press(1) for _ in range(19)] + [hall.press(1, "refuse") for _ in range(180)] + [hall.press(1)]
    assert all(await process.accept_all(flood))
    flooding = [asyncio.create_task(process.handle(each)) for each in flood]
    others = [hall.press(n) for n in range(2, 41)]

    began = time.monotonic()
    outcomes = await hall.do(process, others)
    assert all(toasts(each) == ["t_saved"] for each in outcomes)
    assert time.monotonic() - began < 3

    answers = [toasts(each) for each in await asyncio.gather(*flooding)]
    assert answers == [["t_saved"]] * 19 + [["e_gone"]] + [[]] * 179 + [["t_saved"]]
    assert (await hall.came())["m001"] == 20
    assert await hall.rows() == {"done": 239}
    assert not any(await process.accept_all(flood))
