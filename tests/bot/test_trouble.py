"""The database locked, full, restarted: nothing is acknowledged that is not stored, and nothing stored is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from chat.inbound import Said
from chat.outbound import Reply
from scheduler.clock import MovableClock
from storage import Database, inline
from storage.drafts import FormDraft
from tests.bot.hall import Hall, feature, toasts

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def hall(database: Database, clock: MovableClock) -> Hall:
    return await Hall(database, clock).fill(20)


@pytest.fixture
def locks(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """Give another program's connection to the file; our patience is cut short."""
    monkeypatch.setattr(inline, "LOCK_WAIT", 100)
    return sqlite3.connect(hall.database.url.split("///")[1], isolation_level=None)


async def restart(database: Database) -> None:
    """Cut all other connections of a PostgreSQL server, as its restart does."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    async with database.write() as db:
        await db.execute(text(cut + "pg_backend_pid()"))
    await asyncio.sleep(0.05)


@on_sqlite
async def test_what_a_locked_database_cannot_store_is_not_acknowledged(hall: Hall, locks: sqlite3.Connection) -> None:
    process, presses = hall.process(), [hall.press(n) for n in (1, 2, 3)]
    locks.execute("BEGIN EXCLUSIVE")

    refused = await asyncio.gather(*(process.accept(each) for each in presses), return_exceptions=True)
    assert all(isinstance(each, Exception) for each in refused)
    locks.execute("ROLLBACK")

    assert await process.accept_all(presses) == [True, True, True]


@on_sqlite
async def test_presses_locked_out_while_they_are_handled_are_answered_once_later(
    hall: Hall, locks: sqlite3.Connection
) -> None:
    process, presses = hall.process(), [hall.press(n) for n in range(1, 11)]
    await process.accept_all(presses)
    locks.execute("BEGIN EXCLUSIVE")
    with capture_logs() as logs:
        outcomes = await asyncio.gather(*(process.handle(each) for each in presses))
    locks.execute("ROLLBACK")
    assert not any(each.answers for each in outcomes)
    assert not any("exc_info" in each for each in logs)
    assert await hall.rows() == {"new": 10}

    assert await process.take_over() == 10

    assert await hall.came() == {f"m{n:03}": 1 for n in range(1, 11)}
    assert [toasts(outcome) for _, outcome in hall.door.said] == [["t_saved"]] * 10
    assert await process.take_over() == 0


@on_sqlite
async def test_on_a_full_disk_nothing_is_acknowledged_and_nothing_stored_is_lost(hall: Hall) -> None:
    process, early = hall.process(), [hall.press(n) for n in range(1, 6)]
    await process.accept_all(early)

    async def pages(more: int) -> None:
        async with hall.database.engine.connect() as connection:
            now = (await connection.exec_driver_sql("PRAGMA page_count")).scalar() or 0
            await connection.exec_driver_sql(f"PRAGMA max_page_count={now + more}")

    await pages(0)
    stored = 0

    async def fill_up() -> None:
        nonlocal stored
        while stored < 500:
            stored += await process.accept(hall.press(1, handle={"long": "x" * 3000}))

    with pytest.raises(OperationalError, match="full"):
        await fill_up()
    outcomes = await asyncio.gather(*(process.handle(each) for each in early))
    told = sum(bool(each.answers) for each in outcomes)  # a change that needs no new page still goes through
    await pages(100_000)
    await process.take_over()
    while stored and await process.take_over():
        pass

    assert {user: number for user, number in (await hall.came()).items() if user != "m001"} == {
        f"m{n:03}": 1 for n in range(2, 6)
    }
    assert told + len([user for user, _ in hall.door.said if user != "1"]) >= 4
    assert (await hall.rows())["new"] == stored  # those are still in hand: nobody has handled them yet


@on_postgresql
async def test_a_restarted_server_costs_nobody_an_answer(hall: Hall) -> None:
    process = hall.process()
    for turn in range(5):
        presses = [hall.press(n) for n in range(1, 21)]
        await restart(hall.database)
        outcomes = await hall.do(process, presses)
        assert all(toasts(each) == ["t_saved"] for each in outcomes), turn
    assert set((await hall.came()).values()) == {5}


@on_postgresql
async def test_connections_cut_in_the_middle_of_handling_lose_and_double_nothing(hall: Hall) -> None:
    process, presses = hall.process(), [hall.press(n, "linger") for n in range(1, 21)]

    @feature.click("linger")
    async def linger(ctx: Any, press: Any) -> list[Any]:
        await ctx.db.execute(text("SELECT pg_sleep(0.01)"))
        return await feature.clicks["come"][1](ctx, press)  # type: ignore[return-value]

    process = hall.process()
    await process.accept_all(presses)
    handling = [asyncio.create_task(process.handle(each)) for each in presses]
    for _ in range(4):
        await asyncio.sleep(0.03)
        await restart(hall.database)
    outcomes = await asyncio.gather(*handling)
    await process.take_over()

    assert await hall.came() == {f"m{n:03}": 1 for n in range(1, 21)}
    told = [str(n) for n, outcome in enumerate(outcomes, 1) if outcome.answers]
    assert sorted(told + [user for user, _ in hall.door.said]) == sorted(str(n) for n in range(1, 21))
    assert await hall.rows() == {"done": 20}


@on_sqlite
async def test_an_answer_of_feedback_that_cannot_be_saved_is_said_to_be_lost(
    hall: Hall, locks: sqlite3.Connection
) -> None:
    process = hall.process()
    async with hall.database.write(1) as db:
        db.add(FormDraft(member_id=1, account="telegram:W:1", form="f", sensitive=True, touched_at=hall.clock.now()))
    press = hall.press(1)
    said = Said(key="s1", by=press.by, where=press.where, at=press.at, text="CANARY-789")
    assert await process.accept(said)
    locks.execute("BEGIN EXCLUSIVE")
    outcome = await process.handle(said)
    locks.execute("ROLLBACK")

    [answer] = outcome.answers
    assert isinstance(answer, Reply)
    assert "CANARY" not in str(answer)
    assert await process.take_over() == 0
