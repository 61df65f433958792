"""What a change of a meeting does to replies and to messages that wait, also when people act at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from scheduler import delivery
from storage import Database, changes, invitations
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting, lock
from storage.members import Account, Member
from tests.handlers.conftest import build_town

NOW = datetime(2026, 4, 22, 7, tzinfo=UTC)
START = NOW + timedelta(days=28)


@pytest.fixture
async def place(database: Database, clock: Any) -> Any:
    """Give a town with an announced meeting of ten members, all of whom said yes."""
    town = await build_town(database, clock)
    async with town.write() as db:
        meeting = Meeting(
            code="M1", title="A", starts_at=START, ends_at=START + timedelta(hours=1), zone="UTC", state="inviting",
            rsvp_deadline=NOW + timedelta(days=7),
        )  # fmt: skip
        members = [Member(code=f"x{n}", name=f"X {n}", zone="UTC") for n in range(10)]
        for n, each in enumerate(members):
            each.accounts = [Account(platform="slack", workspace="T1", user=f"X{n}", chat=f"DX{n}")]
        db.add_all([meeting, *members])
        await db.flush()
        for each in members:
            db.add(Invitation(meeting_id=meeting.id, member_id=each.id, reply="yes", replied_at=NOW))
    return town, meeting, members


async def test_presses_during_a_move_count_once_and_an_older_one_does_not_confirm(place: Any) -> None:
    town, meeting, members = place
    moved_at = NOW + timedelta(minutes=5)

    async def move() -> int:
        async with town.write() as db:
            held = await lock(db, meeting.key)
            assert held is not None
            return await changes.ask_again(db, held, moved_at)

    async def press(member: Member, choice: str, at: datetime) -> None:
        async with town.write() as db:
            held = await lock(db, meeting.key)
            assert held is not None
            await invitations.reply(db, held, await db.get_one(Member, member.id), choice, at)

    early = [press(each, "yes", NOW + timedelta(minutes=1)) for each in members[:4]]
    late = [press(each, "no", moved_at + timedelta(minutes=1)) for each in members[4:6]]
    await asyncio.gather(move(), *early, *late)

    async with town.read() as db:
        counts = await invitations.counts(db, meeting)
    assert (counts["no"], counts["yes"], counts["reconfirm"]) == (2, 0, 8)


async def test_what_waits_is_called_off_but_for_what_still_holds(place: Any) -> None:
    town, meeting, members = place
    async with town.write() as db:
        for kind, who in (("reminder_7d", members[:3]), ("invitation", members[3:5])):
            to = [delivery.To(member=each, due=NOW + timedelta(days=1)) for each in who]
            await delivery.plan(db, kind=kind, subject=meeting.key, occurrence="1", to=to, now=NOW)
        mine = select(Delivery.id).where(Delivery.member_id == members[0].id)
        await db.execute(update(Delivery).where(Delivery.id.in_(mine)).values(state="sent"))
        mine = select(Delivery.id).where(Delivery.member_id == members[1].id)
        await db.execute(update(Delivery).where(Delivery.id.in_(mine)).values(copied=True))

        touched = await changes.call_off(db, meeting.key, "moved", ("invitation",))

        assert len(touched) == 1
        query = select(Campaign.kind, Delivery.state, func.count()).join(Campaign, Campaign.id == Delivery.campaign_id)
        found = {(kind, state): n for kind, state, n in await db.execute(query.group_by(Campaign.kind, Delivery.state))}
        assert found == {
            ("reminder_7d", "sent"): 1, ("reminder_7d", "unknown"): 1, ("reminder_7d", "cancelled"): 1,
            ("invitation", "queued"): 2,
        }  # fmt: skip
        told = {member.code for member, _ in await changes.invited(db, meeting)}
        assert told == {each.code for each in members} - {"x3", "x4"}


async def test_beginning_anew_forgets_everybody_but_those_taken_off_the_list(place: Any) -> None:
    town, meeting, members = place
    async with town.write() as db:
        await db.execute(update(Invitation).where(Invitation.member_id == members[0].id).values(withdrawn=True))
        assert await changes.begin_anew(db, meeting) == 9
        assert list(await db.scalars(select(Invitation.member_id))) == [members[0].id]
        assert members[0].id not in {each.id for each in await invitations.audience(db, meeting)}
