from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from scheduler.clock import SandboxClock

START = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


class Remote:
    """Be the sandbox's clock: `/control/clock` with a long poll."""

    def __init__(self) -> None:
        self.at, self.rate, self.version, self.moved = START, 0.0, 1, asyncio.Event()
        self.asked = 0
        self.broken = 0

    def set(self, at: datetime, rate: float = 0.0) -> None:
        self.at, self.rate, self.version = at, rate, self.version + 1
        self.moved.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.broken:
            self.broken -= 1
            return web.Response(status=502)
        if "after" in request.query and int(request.query["after"]) >= self.version:
            self.moved.clear()
            await self.moved.wait()
        return web.json_response({"now": self.at.isoformat(), "rate": self.rate, "version": self.version})


@pytest.fixture
async def remote() -> AsyncIterator[tuple[Remote, str]]:
    made, app = Remote(), web.Application()
    app.router.add_get("/control/clock", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_clock_follows_the_sandbox_and_tells_when_it_was_moved(remote: tuple[Remote, str]) -> None:
    there, url = remote
    clock = SandboxClock(url)
    await clock.start()
    assert clock.now() == START
    clock.moved.clear()
    there.set(START + timedelta(days=7))
    await asyncio.wait_for(clock.moved.wait(), 5)
    assert clock.now() == START + timedelta(days=7)
    await clock.stop()


async def test_a_running_clock_runs_here_too_without_asking(remote: tuple[Remote, str]) -> None:
    there, url = remote
    there.set(START, rate=3600.0)
    clock = SandboxClock(url)
    await clock.start()
    await until(lambda: clock.now() > START + timedelta(minutes=2))
    assert there.asked <= 2
    await clock.stop()


async def test_it_comes_back_after_the_sandbox_failed(remote: tuple[Remote, str]) -> None:
    there, url = remote
    clock = SandboxClock(url)
    await clock.start()
    there.broken = 2
    there.set(START + timedelta(hours=1))
    await until(lambda: clock.now() == START + timedelta(hours=1))
    there.set(START + timedelta(hours=2))
    await until(lambda: clock.now() == START + timedelta(hours=2))
    await clock.stop()


async def test_a_sandbox_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxClock, "PATIENCE", 0.2)
    with pytest.raises(ConnectionError, match="no clock at"):
        await SandboxClock("http://127.0.0.1:9").start()
