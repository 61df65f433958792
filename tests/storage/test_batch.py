"""Drawing for many in one transaction: what they share is asked once, and everybody still gets their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage import Database, invitations
from storage.communities import Community
from storage.meetings import Meeting, by_key
from storage.members import Member

NOW = datetime(2026, 4, 22, 7, tzinfo=UTC)


async def invited(database: Database) -> tuple[int, list[Member]]:
    """Make a meeting with three invited members and one who is not."""
    async with database.write() as db:
        community = Community(key="c", name="C", zone="Europe/Brussels")
        db.add(community)
        await db.flush()
        db.scope(community.id)
        members = [Member(code=f"m{each}", name=f"M {each}", zone="Europe/Brussels") for each in range(4)]
        meeting = Meeting(
            key="k1", code="M1", title="T", zone="Europe/Brussels", state="inviting", audience={},
            starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=9, hours=1),
            rsvp_deadline=NOW + timedelta(days=7),
        )  # fmt: skip
        db.add_all([*members, meeting])
        await db.flush()
        await invitations.invite(db, meeting, [(each, NOW) for each in members[:3]])
        return community.id, members


async def test_each_member_gets_their_own_invitation_from_one_question(database: Database, asked: list[str]) -> None:
    community, members = await invited(database)
    async with database.read(community) as db:
        asked.clear()
        db.draw_for([each.id for each in members])
        found = []
        for each in members:
            meeting = await by_key(db, "k1")
            assert meeting is not None
            found.append(await invitations.find(db, meeting, each))
    assert [each.member_id if each else None for each in found] == [*(each.id for each in members[:3]), None]
    assert len([each for each in asked if each.startswith("SELECT")]) == 2


async def test_somebody_who_is_not_in_the_batch_is_asked_for_alone(database: Database) -> None:
    community, members = await invited(database)
    async with database.read(community) as db:
        db.draw_for([members[0].id])
        meeting = await by_key(db, "k1")
        assert meeting is not None
        other = await invitations.find(db, meeting, members[1])
        assert other is not None
        assert other.member_id == members[1].id


async def test_messages_accepted_together_are_marked_together_and_only_theirs(database: Database) -> None:
    community, members = await invited(database)
    async with database.write(community) as db:
        for each in members[:2]:
            await invitations.accepted(db, "k1", each.id)
    async with database.read(community) as db:
        meeting = await by_key(db, "k1")
        assert meeting is not None
        found = [await invitations.find(db, meeting, each) for each in members[:3]]
    assert [each.delivered for each in found if each] == [True, True, False]
