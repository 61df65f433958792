from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, StatementError

from storage import Database
from storage.communities import Community
from storage.database import Session, own, unusable
from storage.members import Member


async def two_communities(database: Database) -> tuple[int, int]:
    async with database.write() as db:
        first, second = (Community(key=key, name=key.upper(), zone="UTC") for key in ("coprr", "empathy"))
        db.add_all([first, second])
        await db.flush()
        return first.id, second.id


async def test_a_scoped_session_sees_only_its_own_community(database: Database) -> None:
    first, second = await two_communities(database)
    async with database.write(first) as db:
        db.add(Member(code="m1", name="A", zone="UTC"))
    async with database.read(second) as db:
        assert (await db.scalars(select(Member))).all() == []
    async with database.read(first) as db:
        assert [each.code for each in await db.scalars(select(Member))] == ["m1"]


async def test_a_row_of_another_community_is_refused(database: Database) -> None:
    first, second = await two_communities(database)
    with pytest.raises(PermissionError):
        async with database.write(first) as db:
            db.add(Member(code="m1", name="A", zone="UTC", community_id=second))


async def test_times_come_back_as_the_same_instant_in_utc(database: Database) -> None:
    first, _ = await two_communities(database)
    noon_in_istanbul = datetime(2026, 5, 20, 12, 0, tzinfo=timezone(timedelta(hours=3)))
    async with database.write(first) as db:
        db.add(Member(code="m1", name="A", zone="UTC", joined_at=noon_in_istanbul))
    async with database.read(first) as db:
        member = (await db.scalars(select(Member))).one()
        assert member.joined_at == datetime(2026, 5, 20, 9, 0, tzinfo=UTC)
        assert member.joined_at.tzinfo is UTC


async def test_what_is_left_for_the_end_is_done_once_with_all_items_before_the_commit(database: Database) -> None:
    first, _ = await two_communities(database)
    done: list[list[str]] = []

    async def join(db: Session, names: list[str]) -> None:
        done.append(names)
        db.add_all([Member(code=each, name=each, zone="UTC") for each in names])

    async with database.write(first) as db:
        db.at_end(join, "m1")
        db.at_end(join, "m2")
        assert done == []

    async def fail() -> None:
        async with database.write(first) as db:
            db.at_end(join, "m3")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert done == [["m1", "m2"]]
    async with database.read(first) as db:
        assert sorted(await db.scalars(select(Member.code))) == ["m1", "m2"]


async def test_a_question_built_once_sees_only_its_own_community_too(database: Database) -> None:
    first, second = await two_communities(database)
    everybody = own(select(Member), Member)
    async with database.write(first) as db:
        db.add(Member(code="m1", name="A", zone="UTC"))
    async with database.read(second) as db:
        assert (await db.scalars(everybody, {"own": db.community_id})).all() == []
    async with database.read(first) as db:
        assert [each.code for each in await db.scalars(everybody, {"own": db.community_id})] == ["m1"]
    async with database.read() as db:
        with pytest.raises(StatementError):  # an unscoped session has nothing to narrow it with
            await db.scalars(everybody)


async def test_a_wrong_statement_is_no_trouble_of_the_database(database: Database) -> None:
    wrong = ("SELECT nothing FROM nowhere", "SELECT (", "INSERT INTO community (key) VALUES ('x')")
    for statement in wrong:
        with pytest.raises(DBAPIError) as found:
            async with database.write() as db:
                await db.execute(text(statement))
        assert not unusable(found.value)
    assert not unusable(RuntimeError())


async def test_a_database_out_of_reach_is_known_as_such(tmp_path: Path) -> None:
    for url in (f"postgresql://nobody@/none?host={tmp_path}", f"sqlite:///{tmp_path}/missing/x.sqlite3"):
        database = Database(url)
        with pytest.raises(Exception) as found:  # noqa: PT011
            async with database.write():
                pass
        assert unusable(found.value)
        await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_the_server_has_closed_is_not_given_out(database: Database) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(two_statements(database))
    async with database.write() as db:
        await db.execute(text(f"{cut} AND pid <> pg_backend_pid()"))
    await asyncio.sleep(0.05)
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(two_statements(database))


async def two_statements(database: Database) -> None:
    async with database.write() as db:
        await db.execute(text("SELECT 1"))
        await asyncio.sleep(0.01)
        await db.execute(text("SELECT 2"))
