from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.platform import Limits
from scheduler.pacing import Pace


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def most(starts: list[float], seconds: float) -> int:
    """Give the greatest number of starts in any window."""
    return max(sum(1 for each in starts if begin <= each < begin + seconds) for begin in starts)


def play(limits: Limits, chats: list[str], *, group: bool = False) -> list[tuple[float, str]]:
    """Send one after the other as early as the pace allows; give when each started."""
    ticks = Ticks()
    pace, starts = Pace(limits, ticks), []
    for chat in chats:
        while (wait := max(pace.bot_wait(), pace.chat_wait(chat, group=group))) > 0:
            ticks.now += wait
        pace.take(chat, group=group)
        starts.append((ticks.now, chat))
    return starts


def test_a_thousand_private_messages_keep_thirty_a_second_and_nearly_reach_it() -> None:
    starts = [at for at, _ in play(Limits(per_second=30), [str(index) for index in range(1000)])]
    assert most(starts, 1.0) <= 30
    assert starts[-1] <= 1000 / 30 / 0.95


@pytest.mark.parametrize("seed", range(3))
def test_late_wake_ups_and_slow_commits_make_no_burst_and_cost_little(seed: int) -> None:
    """The line asks before its transaction how many may leave, and once more when they leave."""
    chance, ticks = random.Random(seed), Ticks()
    pace, starts = Pace(Limits(per_second=30), ticks), list[float]()
    while len(starts) < 1000:
        ticks.now += pace.bot_wait() + chance.uniform(0.0, 0.004)
        going = min(pace.room(), 8)
        ticks.now += chance.choice([0.001, 0.003, 0.005, 0.02])
        for _ in range(going):
            if pace.room() >= 1:
                pace.take(str(len(starts)), group=False)
                starts.append(ticks.now)
    assert most(starts, 1.03) <= 30
    assert 990 / (starts[990] - starts[0]) >= 30 * 0.95


def test_what_another_process_sent_in_the_last_minute_counts() -> None:
    ticks = Ticks()
    pace = Pace(Limits(per_second=30, per_minute=20, group_per_minute=3), ticks)
    for ago in range(50, 31, -1):
        pace.remember(ago, "g" if ago < 35 else "a", group=ago < 35)
    assert pace.room() == 1
    assert pace.chat_wait("g", group=True) > 20
    assert pace.chat_wait("a", group=False) == 0


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_no_chat_gets_two_in_its_interval_and_no_group_more_than_its_minute(chats: list[str]) -> None:
    starts = play(Limits(per_second=30, chat_interval=1.0, group_per_minute=20), chats, group=True)
    for chat in set(chats):
        mine = [at for at, to in starts if to == chat]
        assert all(later - earlier >= 1.0 for earlier, later in pairwise(mine))
        assert most(mine, 60.0) <= 20


def test_a_workspace_keeps_its_minute() -> None:
    starts = [at for at, _ in play(Limits(per_second=20, per_minute=300), [str(index) for index in range(700)])]
    assert most(starts, 60.0) <= 300


def test_a_pause_is_never_shortened_and_stops_edits_too() -> None:
    ticks = Ticks()
    pace = Pace(Limits(per_second=30), ticks)
    pace.pause(30)
    pace.pause(1)
    assert pace.bot_wait() >= 30
    assert pace.edit_wait("a", group=False) >= 30
    pace.pause(5, "b")
    ticks.now = 31
    assert pace.bot_wait() == 0
    assert pace.chat_wait("b", group=False) == 0


def test_edits_are_counted_for_the_workspace_where_groups_have_no_minute() -> None:
    ticks = Ticks()
    pace = Pace(Limits(per_second=5, edits_per_minute=30), ticks)
    for index in range(30):
        assert pace.edit_wait(f"c{index}", group=True) == 0
        pace.take_edit(f"c{index}", group=True)
    assert pace.edit_wait("another", group=True) > 50


async def test_the_sender_keeps_the_limits(world: Any) -> None:
    limits = Limits(per_second=40, chat_interval=0.2, lanes=4)
    world.telegram.limits = limits
    members = await world.people(telegram=20)
    for number in range(2):
        await world.send(members, occurrence=f"{number}")
    async with world.running() as engine:
        assert await engine.settle()
    starts = [at for at, _ in world.telegram.at]
    assert Counter(world.telegram.copies.values()) == {1: 40}
    assert most(starts, 0.5) <= 20 + 3
    for chat in {chat for _, chat in world.telegram.at}:
        mine = sorted(at for at, to in world.telegram.at if to == chat)
        assert mine[1] - mine[0] >= 0.2


async def test_a_new_process_goes_on_where_the_killed_one_was(world: Any) -> None:
    world.telegram.limits = Limits(1000, per_minute=5, chat_interval=0, lanes=4)
    campaign = await world.send(await world.people(telegram=8))
    async with world.running():
        async with asyncio.timeout(10):
            while len(world.telegram.ledger) < 5:
                await asyncio.sleep(0.01)
    async with world.running() as engine:
        assert not await engine.settle(timeout=0.5)
    assert len(world.telegram.ledger) == 5
    assert await world.states(campaign) == Counter(sent=5, queued=3)
