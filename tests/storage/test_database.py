from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from storage import Database
from storage.communities import Community
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
