"""Replies under load: exact counts on both databases, and the newest press wins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import Database, feedback, invitations
from storage.communities import Community
from storage.feedback import FeedbackAnswer, FeedbackFlag
from storage.meetings import Invitation, Meeting
from storage.members import Member

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)


async def a_meeting(database: Database, people: int) -> tuple[Meeting, list[Member]]:
    """Write a community with so many members, all invited to one meeting."""
    async with database.write() as db:
        community = Community(key="coprr", name="COPRR", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        members = [
            Member(code=f"m{n:02}", name=f"Member {n}", category="expert", zone="Europe/Brussels")
            for n in range(people)
        ]
        meeting = Meeting(
            code="M6", title="Jobs", starts_at=NOW + timedelta(days=28), ends_at=NOW + timedelta(days=28, hours=2),
            zone="Europe/Brussels", rsvp_deadline=NOW + timedelta(days=14), state="inviting",
        )  # fmt: skip
        db.add_all([*members, meeting])
        await db.flush()
        await invitations.invite(db, meeting, [(each, NOW) for each in members])
    return meeting, members


async def reply(database: Database, meeting: Meeting, member: Member, choice: str, at: datetime) -> invitations.Result:
    async with database.write(meeting.community_id) as db:
        return await invitations.reply(db, meeting, member, choice, at)


async def counts(database: Database, meeting: Meeting) -> dict[str, int]:
    async with database.read(meeting.community_id) as db:
        return await invitations.counts(db, meeting)


async def test_forty_parallel_presses_leave_exact_counts(database: Database) -> None:
    meeting, members = await a_meeting(database, 40)

    results = await asyncio.gather(*(reply(database, meeting, each, "yes", NOW) for each in members))

    assert all(each.changed and each.previous == "none" for each in results)
    assert await counts(database, meeting) == {"yes": 40, "maybe": 0, "no": 0, "none": 0}


async def test_parallel_presses_of_one_person_count_once(database: Database) -> None:
    meeting, (member,) = await a_meeting(database, 1)
    presses = [("yes" if n % 2 else "no", NOW + timedelta(seconds=n)) for n in range(12)]

    await asyncio.gather(*(reply(database, meeting, member, choice, at) for choice, at in presses))

    assert await counts(database, meeting) == {"yes": 1, "maybe": 0, "no": 0, "none": 0}


async def test_who_answers_by_themselves_has_got_the_invitation(database: Database) -> None:
    meeting, (answers, noted, silent) = await a_meeting(database, 3)
    await reply(database, meeting, answers, "no", NOW)
    async with database.write(meeting.community_id) as db:
        await invitations.reply(db, meeting, noted, "yes", NOW, by=answers)
    async with database.read(meeting.community_id) as db:
        got = {each.member_id: each.delivered for each in await db.scalars(select(Invitation))}
    assert got == {answers.id: True, noted.id: False, silent.id: False}


async def test_an_older_press_never_overwrites_a_newer_one(database: Database) -> None:
    meeting, (member,) = await a_meeting(database, 1)
    await reply(database, meeting, member, "no", NOW + timedelta(minutes=2))

    late = await reply(database, meeting, member, "yes", NOW + timedelta(minutes=1))

    assert (late.reply, late.changed, late.older) == ("no", False, True)


@pytest.mark.parametrize(("state", "after", "refused"), [("cancelled", 0, "cancelled"), ("inviting", 40, "started")])
async def test_no_reply_after_the_start_or_a_cancellation(
    database: Database, state: str, after: int, refused: str
) -> None:
    meeting, (member,) = await a_meeting(database, 1)
    meeting.state = state

    result = await reply(database, meeting, member, "yes", NOW + timedelta(days=after))

    assert result.refused == refused
    assert await counts(database, meeting) == {"yes": 0, "maybe": 0, "no": 0, "none": 1}


async def test_somebody_who_is_not_invited_is_refused(database: Database) -> None:
    meeting, _ = await a_meeting(database, 1)
    async with database.write(meeting.community_id) as db:
        other = Member(code="m99", name="Other", zone="UTC")
        db.add(other)
        await db.flush()
        assert (await invitations.reply(db, meeting, other, "yes", NOW)).refused == "not_invited"


async def test_inviting_twice_keeps_the_reply(database: Database) -> None:
    meeting, (member,) = await a_meeting(database, 1)
    await reply(database, meeting, member, "yes", NOW)
    async with database.write(meeting.community_id) as db:
        await invitations.invite(db, meeting, [(member, NOW)])
        found = await invitations.find(db, meeting, member)
    assert found is not None
    assert found.reply == "yes"


async def test_replies_of_another_community_stay_out_of_sight(database: Database) -> None:
    meeting, (member,) = await a_meeting(database, 1)
    async with database.write() as db:
        other = Community(key="empathy", name="EMPATHY", zone="Europe/Istanbul")
        db.add(other)
        await db.flush()
    async with database.write(other.id) as db:
        assert await invitations.find(db, meeting, member) is None
        assert (await invitations.reply(db, meeting, member, "yes", NOW)).refused == "not_invited"


async def test_feedback_counts_once_and_carries_no_trace_of_the_person(database: Database) -> None:
    meeting, members = await a_meeting(database, 6)
    async with database.write(meeting.community_id) as db:
        await feedback.ask(db, meeting, members)

    async def send(member: Member, rating: str) -> bool:
        async with database.write(meeting.community_id) as db:
            return await feedback.send(db, meeting, member, {"F1": rating, "F8": "CANARY-123"})

    taken = await asyncio.gather(*(send(each, str(n % 6 % 5 + 1)) for n, each in enumerate([*members, members[0]])))

    assert sum(taken) == 6
    async with database.read(meeting.community_id) as db:
        totals = await feedback.totals(db, meeting)
    assert totals["F1"] == {"1": 2, "2": 1, "3": 1, "4": 1, "5": 1}
    columns = {each.name for each in FeedbackAnswer.__table__.columns}
    assert columns == {"id", "meeting_id", "answers", "community_id"}
    assert "at" not in {each.name for each in FeedbackFlag.__table__.columns}


async def test_transaction_marks_do_not_tell_who_answered_when(database: Database) -> None:
    if database.sqlite:
        pytest.skip("SQLite keeps no transaction marks; its answers have no row numbers")
    from sqlalchemy import text

    meeting, members = await a_meeting(database, 6)
    async with database.write(meeting.community_id) as db:
        await feedback.ask(db, meeting, members)
    for each in members:
        async with database.write(meeting.community_id) as db:
            await feedback.send(db, meeting, each, {"F1": "4"})
    async with database.read() as db:
        answers = set(await db.scalars(text("SELECT xmin::text FROM feedback_answer")))
        flags = set(await db.scalars(text("SELECT xmin::text FROM feedback_flag")))
    assert len(answers) == 1
    assert answers == flags


async def test_four_answers_show_nothing(database: Database) -> None:
    meeting, members = await a_meeting(database, 4)
    async with database.write(meeting.community_id) as db:
        await feedback.ask(db, meeting, members)
        for each in members:
            await feedback.send(db, meeting, each, {"F1": "5"})
        assert await feedback.totals(db, meeting) == {}


async def test_invitations_are_counted_in_one_row_per_member(database: Database) -> None:
    meeting, _ = await a_meeting(database, 3)
    async with database.read(meeting.community_id) as db:
        assert await invitations.counts(db, meeting) == {"yes": 0, "maybe": 0, "no": 0, "none": 3}
        assert await db.get(Invitation, 1) is not None
