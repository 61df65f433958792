from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from storage import Database
from storage.communities import Community
from storage.joining import find_link, issue_link, use_link
from storage.members import Member

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def member_of(database: Database) -> tuple[int, Member]:
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="UTC")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        member = Member(code="m01", name="Elin Exempel", zone="UTC", state="invited", accounts=[])
        db.add(member)
        return community.id, member


async def test_a_code_can_be_typed_and_ride_in_a_deep_link(database: Database) -> None:
    community, member = await member_of(database)
    async with database.write(community) as db:
        codes = {await issue_link(db, member, NOW) for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{21,63}", each) for each in codes)


async def test_a_link_is_found_until_it_is_used_or_72_hours_have_passed(database: Database) -> None:
    community, member = await member_of(database)
    async with database.write(community) as db:
        code = await issue_link(db, member, NOW)
    late = NOW + timedelta(hours=72)
    async with database.write() as db:
        assert await find_link(db, code, late) is None
        link = await find_link(db, code, late - timedelta(seconds=1))
        assert link is not None
        assert link.member_id == member.id
        await use_link(db, link, "slack:T1:U1", NOW)
    async with database.read() as db:
        assert await find_link(db, code, NOW) is None
        assert await find_link(db, "x" * 22, NOW) is None
        assert await find_link(db, "'; DROP TABLE join_link; --", NOW) is None


async def test_using_one_link_ends_the_others_of_the_same_member(database: Database) -> None:
    community, member = await member_of(database)
    async with database.write(community) as db:
        first, second = await issue_link(db, member, NOW), await issue_link(db, member, NOW)
    async with database.write() as db:
        link = await find_link(db, first, NOW)
        assert link is not None
        await use_link(db, link, "slack:T1:U1", NOW)
    async with database.read() as db:
        assert await find_link(db, second, NOW) is None
