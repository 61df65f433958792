"""What does not last is deleted in time, of its own community only, and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from storage import Database, retention
from storage.audit import AuditEntry
from storage.communities import Community
from storage.delegations import Delegation
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.needs import Need
from storage.questions import AgendaQuestion

DAY = timedelta(days=1)


@pytest.fixture
async def places(database: Database, clock: Any) -> list[int]:
    """Give two communities, each with a meeting now, needs of who comes, a question and two delegations."""
    now = clock.now()
    found = []
    for key in ("one", "two"):
        async with database.write() as db:
            db.add(community := Community(key=key, name=key, zone="Europe/Brussels"))
            await db.flush()
        async with database.write(community.id) as db:
            meeting = Meeting(
                code="M1", title="Now", zone="Europe/Brussels", rsvp_deadline=now, starts_at=now - DAY, ends_at=now,
                format="in_person", state="held",
            )  # fmt: skip
            holder = Member(code="m1", name="Holder", zone="Europe/Paris")
            comes = Member(code="m2", name="Comes", zone="Europe/Paris")
            new = Member(code="d-abc", name="New", zone="Europe/Paris", state="pending_consent")
            db.add_all([meeting, holder, comes, new])
            await db.flush()
            db.add(Invitation(meeting_id=meeting.id, member_id=comes.id, reply="yes"))
            db.add(Need(meeting_id=meeting.id, member_id=comes.id, consented_at=now, delete_on=now + 14 * DAY))
            db.add(AgendaQuestion(meeting_id=meeting.id, body="Why?"))
            for state, delegate in (("agreed", comes), ("lapsed", new)):
                db.add(
                    Delegation(
                        meeting_id=meeting.id,
                        member_id=holder.id,
                        delegate_id=delegate.id,
                        name=delegate.name,
                        state=state,
                        until=now,
                        created_at=now,
                    )
                )
        found.append(community.id)
    return found


async def sweep(database: Database, community: int, now: Any) -> dict[str, int]:
    async with database.write(community) as db:
        return await retention.sweep(db, now)


async def test_needs_go_fourteen_days_after_the_meeting_and_not_earlier(
    database: Database, clock: Any, places: list[int]
) -> None:
    first, second = places
    assert await sweep(database, first, clock.now() + 14 * DAY - timedelta(seconds=1)) == {}
    assert await sweep(database, first, clock.now() + 14 * DAY) == {"needs": 1}
    assert await sweep(database, first, clock.now() + 14 * DAY) == {}
    async with database.read(second) as db:
        assert len((await db.scalars(select(Need))).all()) == 1, "the other community is swept in its own turn"
    assert await sweep(database, first, clock.now() + 30 * DAY) == {"newcomers": 1, "delegations": 1}
    assert await sweep(database, first, clock.now() + 90 * DAY) == {"agenda_questions": 1}
    async with database.read(first) as db:
        assert [each.code for each in await db.scalars(select(Member).order_by(Member.code))] == ["m1", "m2"]
        assert [each.state for each in await db.scalars(select(Delegation))] == ["agreed"]
        entries = [(each.act, each.member_id, each.subject) for each in await db.scalars(select(AuditEntry))]
    assert entries == [
        ("retention", None, "needs=1"),
        ("retention", None, "newcomers=1 delegations=1"),
        ("retention", None, "agenda_questions=1"),
    ]


async def test_needs_of_who_does_not_come_and_of_a_meeting_moved_earlier_go_at_once(
    database: Database, clock: Any, places: list[int]
) -> None:
    first, second = places
    async with database.write(first) as db:
        (await db.scalars(select(Invitation))).one().reply = "maybe"
    async with database.write(second) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        meeting.ends_at -= 14 * DAY
    assert (await sweep(database, first, clock.now()))["needs"] == 1
    assert (await sweep(database, second, clock.now()))["needs"] == 1


async def test_all_communities_are_swept_and_only_counts_are_logged(
    database: Database, clock: Any, places: list[int]
) -> None:
    with capture_logs() as logs:
        await retention.sweep_all(database, clock.now() + 14 * DAY)
    assert logs == [{"event": "retention_swept", "log_level": "info", "community": each, "needs": 1} for each in places]
