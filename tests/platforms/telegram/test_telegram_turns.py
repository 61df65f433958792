"""Who polls: one process at a time, fewer requests while somebody else polls too, and a line that fell silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

CONFLICT = (409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")


class Right:
    """Be the right to poll that several processes share; `broken` means that the database is away."""

    def __init__(self, given: bool = True) -> None:
        self.given, self.broken, self.asked, self.slow = given, False, 0, False

    async def __call__(self) -> bool:
        self.asked += 1
        if self.broken:
            raise OSError("the database is away")
        if self.slow:
            await asyncio.sleep(60)
        return self.given


async def test_without_the_right_nothing_is_asked_for_until_it_comes(api, make, listener, payload, wait_until):
    right = Right(given=False)
    api.updates = [payload("command_in_dm")]
    platform = make(may_read=right, read_every=0.05)
    await platform.start(listener)
    await wait_until(lambda: right.asked >= 3)
    assert not api.of("getUpdates")
    assert not platform.reading
    right.given = True
    await wait_until(lambda: listener.handled)
    assert platform.reading


@pytest.mark.parametrize("how", ["given", "broken", "slow"])
async def test_who_loses_the_right_stops_at_once_and_comes_back_later(
    api, make, listener, offsets, payload, wait_until, how
):
    right = Right()
    platform = make(may_read=right, read_every=0.05, poll_wait=20)
    await platform.start(listener)
    await wait_until(lambda: api.of("getUpdates"))
    setattr(right, how, how != "given")
    await wait_until(lambda: not platform.reading, seconds=1)
    asked = len(api.of("getUpdates"))
    await asyncio.sleep(0.2)
    assert len(api.of("getUpdates")) == asked
    offsets.kept["123456"] = 4711  # the other process went on meanwhile
    setattr(right, how, how == "given")
    await wait_until(lambda: len(api.of("getUpdates")) > asked)
    assert int(api.of("getUpdates")[-1]["offset"]) == 4711


async def test_the_right_is_renewed_while_a_poll_waits_and_not_asked_for_at_every_update(
    api, make, listener, payload, wait_until
):
    right = Right()
    await make(may_read=right, read_every=0.05, poll_wait=20).start(listener)
    await wait_until(lambda: right.asked >= 4)
    assert len(api.of("getUpdates")) == 1
    api.updates = [payload("command_in_dm") | {"update_id": number} for number in range(1)]
    await wait_until(lambda: listener.handled)


async def test_two_processes_take_turns_without_a_lost_or_doubled_update(
    api, make, listener, offsets, payload, wait_until
):
    holder = ["a"]

    def turn(name):
        async def may_read():
            return holder[0] == name

        return may_read

    for name in ("a", "b"):
        await make(may_read=turn(name), read_every=0.02, poll_wait=20).start(listener)
    for number in range(20):
        api.updates = [*api.updates, payload("command_in_dm") | {"update_id": number}]
        holder[0] = "ab"[number % 2]
        await asyncio.sleep(0.03)
    await wait_until(lambda: len(listener.handled) == 20)
    assert [each.key for each in listener.accepted] == [f"u:{number}" for number in range(20)]


@pytest.fixture
def troubles():
    """Note what the operator would be told of."""
    told: list[tuple[str, str]] = []

    async def on_trouble(kind, reason):
        told.append((kind, reason))
        raise RuntimeError("a listener that fails")

    on_trouble.told = told
    return on_trouble


async def test_beside_another_poller_it_asks_seldom_tells_once_and_goes_on_when_alone(
    api, make, listener, payload, wait_until, troubles
):
    api.will("getUpdates", *([CONFLICT] * 4))
    back_off = 0.005  # 0.06 s instead of twelve, growing
    await make(back_off=back_off, on_trouble=troubles).start(listener)
    began = time.monotonic()
    await wait_until(lambda: len(api.of("getUpdates")) >= 4)
    assert time.monotonic() - began >= 3 * 10 * back_off  # less than one request in ten seconds
    api.updates = [payload("command_in_dm")]
    await wait_until(lambda: listener.handled)
    assert [kind for kind, _ in troubles.told] == ["conflict"]
    api.updates = [payload("command_in_dm") | {"update_id": 990_000_000}]
    await wait_until(lambda: len(troubles.told) == 2, seconds=10)  # calm for a while
    assert troubles.told[1][0] == "alive"


async def test_conflicts_with_good_polls_between_them_are_one_trouble(api, make, listener, wait_until, troubles):
    well = b'{"ok": true, "result": []}'
    api.will("getUpdates", CONFLICT, well, CONFLICT, well, CONFLICT)
    await make(back_off=0.01, on_trouble=troubles).start(listener)
    await wait_until(lambda: not api.scripted["getUpdates"])
    assert [kind for kind, _ in troubles.told] == ["conflict"]


async def test_a_refused_token_is_told_once_and_so_is_its_return(api, make, listener, payload, wait_until, troubles):
    api.will("getUpdates", (401, "Unauthorized"), (401, "Unauthorized"))
    api.updates = [payload("command_in_dm")]
    await make(on_trouble=troubles).start(listener)
    await wait_until(lambda: listener.handled)
    assert troubles.told == [("dead", "token refused"), ("alive", "")]


@asynccontextmanager
async def stalling(target: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Stand in between; after `event` all bytes of the connections open then are swallowed, as in a black hole."""
    host, port = target.removeprefix("http://").split(":")
    hole, tasks = asyncio.Event(), set()

    async def pump(source, sink, dead):
        while data := await source.read(65_536):
            if dead.is_set():
                await asyncio.sleep(3600)
            sink.write(data)

    async def through(reader, writer):
        dead = asyncio.Event() if hole.is_set() else hole  # who comes later gets through
        there, back = await asyncio.open_connection(host, int(port))
        tasks.add(asyncio.current_task())
        ways = [asyncio.create_task(pump(reader, back, dead)), asyncio.create_task(pump(there, writer, dead))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ways:
                each.cancel()
            for each in (back, writer):
                each.close()

    server = await asyncio.start_server(through, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", hole
    finally:
        server.close()
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_line_that_fell_silent_is_given_up_and_what_came_meanwhile_arrives(
    api, make, listener, payload, wait_until
):
    async with stalling(api.url) as (url, hole):
        platform = make(api_url=url, poll_wait=20, stalled=0.5)
        await platform.start(listener)
        await wait_until(lambda: api.of("getUpdates"))
        hole.set()
        api.updates = [payload("command_in_dm")]
        await wait_until(lambda: listener.handled, seconds=3)
        assert platform.last_heard is not None
        await platform.stop()


async def test_by_default_a_silent_line_is_noticed_long_before_a_press_is_forgotten():
    from bot.platforms.telegram._polling import STALLED, WAIT

    assert WAIT + 10 < STALLED < 90


async def test_when_it_last_heard_is_known(api, make, listener, payload, wait_until):
    platform = make()
    assert platform.last_heard is None
    assert not platform.reading
    await platform.start(listener)
    began = time.monotonic()
    api.updates = [payload("command_in_dm")]
    await wait_until(lambda: listener.handled)
    assert platform.last_heard >= began
    await platform.stop()
    assert not platform.reading
