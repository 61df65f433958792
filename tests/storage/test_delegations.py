"""A seat is handed to one colleague at a time, whatever is pressed at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from storage import Database, delegations, seats
from storage.communities import Community
from storage.delegations import Delegation, Opened
from storage.meetings import Invitation, Meeting
from storage.members import Account, Member, Organisation


@pytest.fixture
async def place(database: Database, clock: Any) -> dict[str, Any]:
    """Give a meeting with one seat, a holder without a reply, three colleagues and somebody else who is invited."""
    now = clock.now()
    async with database.write() as db:
        db.add(community := Community(key="one", name="One", zone="Europe/Brussels"))
        await db.flush()
    async with database.write(community.id) as db:
        db.add(office := Organisation(name="Office"))
        meeting = Meeting(
            code="M1", title="One seat", zone="Europe/Brussels", rsvp_deadline=now + timedelta(days=20), seats=1,
            starts_at=now + timedelta(days=30), ends_at=now + timedelta(days=30, hours=2), state="inviting",
        )  # fmt: skip
        db.add(meeting)
        await db.flush()
        people = [
            Member(
                code=f"m{each}", name=f"Person {each}", zone="Europe/Paris", organisation_id=office.id,
                accounts=[Account(platform="slack", workspace="T1", user=f"U{each}")],
            )
            for each in range(4)
        ]  # fmt: skip
        other = Member(code="m9", name="Other", zone="Europe/Paris")
        db.add_all([*people, other])
        await db.flush()
        db.add_all([Invitation(meeting_id=meeting.id, member_id=each.id) for each in (people[0], other)])
    return {
        "community": community.id,
        "meeting": meeting.key,
        "people": [each.id for each in people],
        "other": other.id,
    }


async def open_one(database: Database, place: dict[str, Any], delegate: int, now: Any) -> Opened:
    async with database.write(place["community"]) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        holder, chosen = await db.get(Member, place["people"][0]), await db.get(Member, delegate)
        return await delegations.open_one(db, meeting, holder, chosen, "", "", now)


async def test_presses_at_once_ask_one_colleague_and_take_one_seat(
    database: Database, clock: Any, place: dict[str, Any]
) -> None:
    now = clock.now()
    done = await asyncio.gather(*(open_one(database, place, each, now) for each in place["people"][1:]))
    assert sorted(each.refused for each in done) == ["", "open", "open"]
    async with database.read(place["community"]) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        assert await db.scalar(select(func.count()).select_from(Delegation)) == 1
        assert await seats.free(db, meeting, "", now) == 0


async def test_agreeing_and_taking_back_at_once_end_in_one_of_both(
    database: Database, clock: Any, place: dict[str, Any]
) -> None:
    now, second = clock.now(), place["people"][1]
    for _ in range(4):
        opened = await open_one(database, place, second, now)
        assert opened.delegation is not None
        key = opened.delegation.key

        async def agree(key: str = key) -> bool:
            async with database.write(place["community"]) as db:
                row, meeting = await delegations.by_key(db, key), (await db.scalars(select(Meeting))).one()
                assert row is not None
                return await delegations.agree(db, row, meeting, await db.get(Member, second), now)

        async def end(key: str = key) -> str:
            async with database.write(place["community"]) as db:
                row, meeting = await delegations.by_key(db, key), (await db.scalars(select(Meeting))).one()
                assert row is not None
                return await delegations.end(db, row, meeting, "taken_back", now)

        _, ended = await asyncio.gather(agree(), end())
        assert ended, "agreed or not, the holder may take the seat back"
        async with database.read(place["community"]) as db:
            rows = {each.member_id: each for each in await db.scalars(select(Invitation))}
            assert (await db.scalars(select(Delegation.state).where(Delegation.key == key))).one() == "taken_back"
        assert rows[place["people"][0]].reply == "none"
        assert second not in rows or rows[second].withdrawn


async def test_an_end_comes_once_and_a_seat_is_free_again(
    database: Database, clock: Any, place: dict[str, Any]
) -> None:
    now = clock.now()
    opened = await open_one(database, place, place["people"][1], now)
    assert opened.delegation is not None

    async def end(state: str) -> str:
        async with database.write(place["community"]) as db:
            row, meeting = (await db.scalars(select(Delegation))).one(), (await db.scalars(select(Meeting))).one()
            return await delegations.end(db, row, meeting, state, now)

    assert sorted(await asyncio.gather(end("refused"), end("lapsed"))) == ["", "invited"]
    async with database.read(place["community"]) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        assert await seats.free(db, meeting, "", now) == 1
    with pytest.raises(ValueError, match="no such end"):
        await end("agreed")


async def test_a_full_meeting_makes_the_holder_wait(database: Database, clock: Any, place: dict[str, Any]) -> None:
    now = clock.now()
    async with database.write(place["community"]) as db:
        theirs = select(Invitation).where(Invitation.member_id == place["other"])
        (await db.scalars(theirs)).one().reply = "yes"
    done = await open_one(database, place, place["people"][1], now)
    assert (done.refused, done.delegation) == ("full", None)
    async with database.read(place["community"]) as db:
        mine = (await db.scalars(select(Invitation).where(Invitation.member_id == place["people"][0]))).one()
        assert (mine.reply, mine.queued_at) == ("waitlisted", now)


async def test_an_open_offer_is_taken_by_sending_a_delegate(
    database: Database, clock: Any, place: dict[str, Any]
) -> None:
    now = clock.now()
    async with database.write(place["community"]) as db:
        mine = (await db.scalars(select(Invitation).where(Invitation.member_id == place["people"][0]))).one()
        mine.reply, mine.queued_at, mine.offer_until = "waitlisted", now, now + timedelta(hours=48)
    done = await open_one(database, place, place["people"][1], now)
    assert done.delegation is not None
    assert done.delegation.before == "yes"
    async with database.read(place["community"]) as db:
        meeting = (await db.scalars(select(Meeting))).one()
        assert await seats.free(db, meeting, "", now) == 0
