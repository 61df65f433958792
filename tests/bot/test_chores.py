from __future__ import annotations

import asyncio
import time

from structlog.testing import capture_logs

from bot.chores import Chores, within
from storage.database import OutOfReach


async def test_a_chore_that_fails_goes_on_and_is_told_once_per_trouble() -> None:
    chores, done, errors = Chores(), asyncio.Event(), [OutOfReach(), OutOfReach(), None, KeyError(), None]

    async def work() -> None:
        if not errors:
            done.set()
        elif (error := errors.pop(0)) is not None:
            raise error

    chores.add("tidy", 0.001, work)
    with capture_logs() as logs:
        chores.start()
        await asyncio.wait_for(done.wait(), 10)
        await chores.stop()
    assert [each["event"] for each in logs] == ["chore_waits_for_database", "chore_failed"]
    assert "exc_info" not in logs[0]


async def test_pieces_of_a_stop_run_at_once_and_one_that_hangs_or_fails_holds_up_nothing() -> None:
    ended: list[str] = []

    async def well() -> None:
        await asyncio.sleep(0.01)
        ended.append("well")

    async def hangs() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cut")

    async def fails() -> None:
        raise RuntimeError("no")

    began = time.monotonic()
    with capture_logs() as logs:
        await within(began + 0.3, "stop", hangs(), fails(), well())
    assert time.monotonic() - began < 5
    assert ended == ["well", "cut"]
    assert [each["event"] for each in logs] == ["not_stopped_cleanly", "stop_cut_short"]
