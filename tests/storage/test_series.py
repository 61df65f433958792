"""Two organisers at one series: one after the other on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from storage import Database, meetings, series
from storage.communities import Community
from storage.meetings import Meeting
from storage.members import Member

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def a_meeting(database: Database) -> Meeting:
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        meeting = Meeting(
            code="M6", title="Jobs", starts_at=NOW + timedelta(days=28), ends_at=NOW + timedelta(days=28, hours=2),
            zone="Europe/Brussels", rsvp_deadline=NOW + timedelta(days=14), state="scheduled",
        )  # fmt: skip
        db.add_all([meeting, Member(code="o1", name="Olivia", staff=True, zone="UTC")])
    return meeting


async def repeat(database: Database, meeting: Meeting) -> bool:
    dates = [series.Dates(NOW + timedelta(days=days), NOW + timedelta(days=days - 14)) for days in (56, 84)]
    async with database.write(meeting.community_id) as db:
        first = await meetings.lock(db, meeting.key)
        assert first is not None
        try:
            await series.begin(db, first, "FREQ=WEEKLY;INTERVAL=4", dates, 1)
        except ValueError:
            return False
        return True


async def test_organisers_who_repeat_a_meeting_at_once_make_one_series(database: Database) -> None:
    meeting = await a_meeting(database)
    assert sorted(await asyncio.gather(*(repeat(database, meeting) for _ in range(4)))) == [False, False, False, True]
    async with database.read(meeting.community_id) as db:
        assert sorted(await db.scalars(select(Meeting.code))) == ["M6", "M7", "M8"]


async def test_a_series_that_ends_while_a_meeting_is_announced_keeps_it(database: Database) -> None:
    meeting = await a_meeting(database)
    await repeat(database, meeting)

    async def announce() -> None:
        async with database.write(meeting.community_id) as db:
            found = await meetings.lock(db, meeting.key)
            assert found is not None
            if found.state == "scheduled":
                found.state = "inviting"

    async def end() -> list[str]:
        async with database.write(meeting.community_id) as db:
            found = (await series.running(db))[0][0]
            held = await series.lock(db, found.key)
            assert held is not None
            return [each.code for each in await series.end(db, held, NOW, 1)]

    _, dropped = await asyncio.gather(announce(), end())
    async with database.read(meeting.community_id) as db:
        states = {each.code: each.state for each in await db.scalars(select(Meeting))}
    assert {code for code, state in states.items() if state == "cancelled"} == set(dropped) >= {"M7", "M8"}
    assert states["M6"] == ("cancelled" if "M6" in dropped else "inviting")
