"""The bot as a process: it says how it is, ends politely and in time, and outlives whoever reads its log."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo import Demo, running
from bot.demo_world import EXAMPLES

ORGANISERS = ("C0ORG", "-1001000000003", -1001000000003)
"""The organisers' channels of COPRR."""


@pytest.fixture(scope="module")
async def one_demo() -> AsyncIterator[Demo]:
    async with running(EXAMPLES / "coprr.yaml") as found:
        yield found


@pytest.fixture
async def demo(one_demo: Demo) -> AsyncIterator[Demo]:
    """Give a demo whose bot runs; making one takes seconds, so all tests share it."""
    if one_demo.bot_state() == "down":
        await one_demo.start_bot()
    yield one_demo
    async with one_demo.session.delete(f"{one_demo.sandbox}/control/faults"):
        pass


def start(demo: Demo, *, log: Any = None, **more: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **demo.environment, **more}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": log}
    return subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environment, **streams)


async def ready(demo: Demo) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            async with demo.session.get(f"{demo.bot}/readyz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)
    raise AssertionError("never ready")


async def ends(process: subprocess.Popen[bytes], seconds: float = 10.0) -> int:
    return await asyncio.wait_for(asyncio.to_thread(process.wait), seconds)


async def test_it_says_it_is_ready_and_ends_politely_however_often_it_is_asked(demo: Demo) -> None:
    await ready(demo)
    async with demo.session.get(f"{demo.bot}/metrics") as answer:
        page = await answer.text()
    assert 'convenor_lane_held{platform="slack",workspace="T0COPRR"}' in page
    assert demo.process is not None
    for each in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
        demo.process.send_signal(each)
        await asyncio.sleep(0.02)
    assert await ends(demo.process) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
async def test_a_full_log_disk_and_a_closed_log_stop_nothing(demo: Demo) -> None:
    await demo.stop_bot()
    with Path("/dev/full").open("wb") as full:
        process = start(demo, log=full, LOG_LEVEL="DEBUG")
    try:
        await ready(demo)
        await demo.control("say", person="o01", platform="slack", text="/cop meetings")
        shown = await demo.ask("screen", person="o01", platform="slack")
        assert shown
        process.send_signal(signal.SIGTERM)
        assert await ends(process) == 0
    finally:
        process.kill()
    reading, writing = os.pipe()
    process = start(demo, log=writing, LOG_LEVEL="DEBUG")
    os.close(writing)
    try:
        await ready(demo)
        os.close(reading)  # whoever read the log is gone
        await demo.control("say", person="o01", platform="slack", text="/cop meetings")
        await ready(demo)
        process.send_signal(signal.SIGTERM)
        assert await ends(process) == 0
    finally:
        process.kill()


async def test_a_platform_that_does_not_answer_at_the_start_does_not_hold_up_the_end(demo: Demo) -> None:
    await demo.stop_bot()
    await demo.control("faults", platform="telegram", method="", action="black_hole")
    process = start(demo)
    try:
        deadline = time.monotonic() + 40
        while not (await demo.ask("faults"))[-1]["hits"] and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert await ends(process) == 0
    finally:
        process.kill()


async def test_yesterdays_database_sends_nothing_until_somebody_confirms(demo: Demo) -> None:
    await demo.stop_bot()
    database = demo.folder / "convenor.sqlite3"
    before = database.read_bytes()
    await demo.start_bot()
    await demo.stop_bot()
    database.write_bytes(before)
    await demo.start_bot()
    async with demo.session.get(f"{demo.bot}/readyz") as answer:
        assert (await answer.json())["paused"] == "restored"
    told: set[str] = set()
    deadline = time.monotonic() + 20
    while len(told) < 2 and time.monotonic() < deadline:
        told = {row["platform"] for row in await demo.ask("ledger") if row["chat"] in ORGANISERS and row["message"]}
        await asyncio.sleep(0.1)
    assert told == {"slack", "telegram"}, "organisers were not asked"
    code, out = await _convenor(demo, "check")
    assert code == 1
    assert "restored: the database is a backup" in out
    code, out = await _convenor(demo, "resume")
    assert code == 0
    assert out.startswith("Messages go out again.")
    async with demo.session.get(f"{demo.bot}/readyz") as answer:
        assert (await answer.json())["paused"] is None


async def _convenor(demo: Demo, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, env={**os.environ, **demo.environment}, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()
