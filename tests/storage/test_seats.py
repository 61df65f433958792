"""Seats: never more people than seats, never an idle seat while somebody waits whom it fits, in any order of events."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import Database, invitations, seats, waiting_list
from storage.communities import Community
from storage.meetings import COMING, Invitation, Meeting
from storage.members import Member, Organisation
from tests.kinds import on_one

NOW = datetime(2026, 4, 22, 7, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)
CATEGORIES = ("expert", "researcher", "eu_agency")
_numbers = itertools.count()


class Hall:
    """A meeting with people of several organisations and categories, and one way to play every event."""

    def __init__(self, database: Database, meeting: Meeting, members: list[Member]) -> None:
        self.database, self.meeting, self.members, self.now = database, meeting, members, NOW

    @classmethod
    async def build(cls, database: Database, people: int, organisations: int = 0, **columns: Any) -> Hall:
        async with database.write() as db:
            community = Community(key=f"c{next(_numbers)}", name="COPRR", zone="Europe/Brussels")
            db.add(community)
            await db.flush()
            db.scope(community.id)
            bodies = [Organisation(name=f"Body {n}") for n in range(organisations)]
            db.add_all(bodies)
            await db.flush()
            members = [
                Member(
                    code=f"m{n:02}", name=f"Member {n}", category=CATEGORIES[n % 3], zone="Europe/Brussels",
                    organisation_id=bodies[n % organisations].id if organisations else None,
                )
                for n in range(people)
            ]  # fmt: skip
            start = NOW + timedelta(days=28)
            shape = {"starts_at": start, "ends_at": start + timedelta(hours=2), "rsvp_deadline": start, "title": "Jobs"}
            meeting = Meeting(code="M6", zone="Europe/Brussels", state="inviting", **(shape | columns))
            db.add_all([*members, meeting])
            await db.flush()
            await invitations.invite(db, meeting, [(each, NOW) for each in members])
        return cls(database, meeting, members)

    async def reply(self, who: int, choice: str, **wish: Any) -> invitations.Result:
        async with self.database.write(self.meeting.community_id) as db:
            meeting = await db.get_one(Meeting, self.meeting.id)
            at = wish.pop("at", self.now)
            done = await invitations.reply(db, meeting, self.members[who], choice, at, now=self.now, **wish)
            if done.moves:
                await seats.settle(db, meeting, self.now)
            return done

    async def act(self, do: Any, who: int, *more: Any) -> Any:
        async with self.database.write(self.meeting.community_id) as db:
            meeting = await db.get_one(Meeting, self.meeting.id)
            done = await do(db, meeting, self.members[who], *more)
            await seats.settle(db, meeting, self.now)
            return done

    async def settle(self, **changes: Any) -> list[str]:
        async with self.database.write(self.meeting.community_id) as db:
            meeting = await db.get_one(Meeting, self.meeting.id)
            for name, value in changes.items():
                setattr(meeting, name, value)
            await db.flush()
            return [member.code for _, member in await seats.settle(db, meeting, self.now)]

    async def rows(self) -> list[tuple[Invitation, Member]]:
        async with self.database.read(self.meeting.community_id) as db:
            found = await db.execute(
                select(Invitation, Member)
                .join(Member, Member.id == Invitation.member_id)
                .where(Invitation.meeting_id == self.meeting.id, Invitation.withdrawn.is_(False))
                .order_by(Invitation.id)
            )
            return [(invitation, member) for invitation, member in found]

    async def replies(self) -> str:
        """Give a letter for everybody: y, n, m, w(aiting), o(ffered), a(sked), - for none."""
        return "".join(
            "o" if seats.offered(each, self.now) else "-" if each.reply == "none" else each.reply[0]
            for each, _ in await self.rows()
        )

    async def places(self) -> dict[int, int]:
        async with self.database.read(self.meeting.community_id) as db:
            return await seats.places(db, await db.get_one(Meeting, self.meeting.id), self.now)

    async def check(self) -> None:
        """Hold all that must always hold."""
        async with self.database.read(self.meeting.community_id) as db:
            meeting = await db.get_one(Meeting, self.meeting.id)
        used: Counter[str] = Counter()
        bodies: Counter[int | None] = Counter()
        waiting = []
        for row, member in await self.rows():
            mode = seats.mode_of(meeting, row.mode)
            if row.reply in COMING or seats.offered(row, self.now):
                used[mode] += 1 + row.guests
                bodies[member.organisation_id] += 1 + row.guests
            elif row.reply == "waitlisted":
                waiting.append((row, member, mode))
        limit = meeting.per_organisation
        for mode in used:
            capacity = seats.capacity(meeting, mode)
            assert capacity is None or used[mode] <= capacity, "more people than seats"
        assert limit is None or all(number <= limit for body, number in bodies.items() if body is not None)
        for row, member, mode in waiting:
            capacity, people = seats.capacity(meeting, mode), 1 + row.guests
            fits = capacity is None or used[mode] + people <= capacity
            own = limit is None or member.organisation_id is None or bodies[member.organisation_id] + people <= limit
            assert not (fits and own and member.state == "active"), "a seat is idle while somebody waits"
        places = await self.places()
        by_mode: dict[str, list[int]] = {}
        for _, member, mode in waiting:
            by_mode.setdefault(mode, []).append(places[member.id])
        assert all(sorted(each) == list(range(1, len(each) + 1)) for each in by_mode.values())


event_of = st.tuples(
    st.sampled_from(
        ("yes", "yes", "yes", "room", "online", "no", "maybe", "guests", "take", "pass", "lapse", "lapse", "seats",
         "withdraw", "stop", "refuse", "stale", "hand"),
    ),
    st.integers(0, 7),
    st.integers(0, 4),
)  # fmt: skip


async def play(hall: Hall, what: str, who: int, number: int) -> None:
    hall.now += STEP
    match what:
        case "yes" | "take":
            await hall.reply(who, "yes")
        case "stale":
            await hall.reply(who, "no" if number % 2 else "yes", at=hall.now - timedelta(hours=number))
        case "no" | "maybe":
            await hall.reply(who, what)
        case "room" | "online":
            await hall.reply(who, "yes", mode=what)
        case "guests":
            await hall.reply(who, "yes", guests=number)
        case "hand":
            async with hall.database.write(hall.meeting.community_id) as db:
                row = (await db.scalars(select(Invitation).where(Invitation.member_id == hall.members[who].id))).one()
                row.reply = "delegated" if row.reply == "yes" else row.reply
        case "pass":
            await hall.act(waiting_list.pass_on, who, hall.now, hall.now)
        case "lapse":
            hall.now += (timedelta(hours=5), timedelta(hours=13), timedelta(days=2), timedelta(days=3), STEP)[number]
            await hall.settle()
        case "seats":
            async with hall.database.read(hall.meeting.community_id) as db:
                meeting = await db.get_one(Meeting, hall.meeting.id)
                taken = await seats.taken(db, meeting, "room", hall.now)
            await hall.settle(seats=None if number == 4 and who == 7 else max(number, taken))
        case "withdraw":
            await hall.act(waiting_list.withdraw, who)
        case "stop":
            async with hall.database.write(hall.meeting.community_id) as db:
                member = await db.get_one(Member, hall.members[who].id)
                member.state = "stopped" if member.state == "active" else "active"
            await hall.settle()
        case "refuse":
            async with hall.database.write(hall.meeting.community_id) as db:
                row = (await db.scalars(select(Invitation).where(Invitation.member_id == hall.members[who].id))).one()
                asked = row.reply == "none"
                if asked:
                    row.reply, row.queued_at, row.replied_at = "asked", hall.now, hall.now
            if asked:
                by = hall.members[0]
                await hall.act(waiting_list.refuse, who, by, "full", hall.now)
                hall.now += STEP
                await hall.act(waiting_list.join, who, hall.now)


@settings(  # shrinking would play hundreds of examples against a real database
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    events=st.lists(event_of, min_size=8, max_size=30),
    hybrid=st.booleans(),
    room=st.integers(1, 3),
    own=st.sampled_from((None, None, 1, 2)),
)
async def test_no_order_of_events_overbooks_or_leaves_a_seat_idle(
    database: Database, events: list[tuple[str, int, int]], hybrid: bool, room: int, own: int | None
) -> None:
    shape = {"format": "hybrid", "seats_online": 2} if hybrid else {"format": "in_person"}
    hall = await Hall.build(database, 8, 3, seats=room, per_organisation=own, guests=2, **shape)
    for what, who, number in events:
        await play(hall, what, who, number)
        await hall.check()


async def test_thirty_people_press_yes_at_once_for_ten_seats(database: Database) -> None:
    hall = await Hall.build(database, 30, seats=10)

    results = await asyncio.gather(*(hall.reply(n, "yes") for n in range(30)))

    assert Counter(each.reply for each in results) == {"yes": 10, "waitlisted": 20}
    await hall.check()
    assert sorted((await hall.places()).values()) == list(range(1, 21))


async def test_presses_of_all_kinds_at_once_keep_the_counts(database: Database) -> None:
    hall = await Hall.build(database, 24, 6, seats=8, per_organisation=2)
    await asyncio.gather(*(hall.reply(n, "yes") for n in range(24)))
    await hall.check()

    later = NOW + STEP
    hall.now = later
    await asyncio.gather(
        *(hall.reply(n, "no" if n % 3 else "maybe") for n in range(0, 24, 2)),
        *(hall.act(waiting_list.pass_on, n, later, later) for n in range(1, 24, 4)),
        *(hall.settle() for _ in range(3)),
        hall.settle(seats=9),
    )

    await hall.check()


async def test_an_older_press_never_takes_a_seat_back(database: Database) -> None:
    hall = await Hall.build(database, 2, seats=1)
    await hall.reply(0, "yes")
    await hall.reply(1, "yes")
    hall.now += timedelta(hours=1)
    await hall.reply(0, "no")
    assert await hall.replies() == "no"
    await hall.reply(1, "yes")

    assert (await hall.reply(0, "yes", at=NOW + STEP)).older
    hall.now += STEP
    assert not await hall.act(waiting_list.pass_on, 1, NOW, hall.now)
    assert await hall.replies() == "ny"


@on_one
async def test_an_offer_lasts_shorter_the_nearer_the_start(database: Database) -> None:
    hall = await Hall.build(database, 1)
    start = hall.meeting.starts_at
    hours = {20: 48, 7: 24, 3: 24, 2: 6, 1: 6}
    for days, expected in hours.items():
        at = start - timedelta(days=days)
        assert seats.offer_end(hall.meeting, at) - at == timedelta(hours=expected)
    assert seats.offer_end(hall.meeting, start - timedelta(hours=2)) == start


@on_one
async def test_an_under_filled_category_comes_before_an_earlier_place(database: Database) -> None:
    hall = await Hall.build(database, 6, seats=2)  # 0 and 3 are experts, 1 and 4 researchers, 2 and 5 of agencies
    for who in (0, 3, 1, 2, 4):
        await hall.reply(who, "yes")
        hall.now += STEP
    assert await hall.replies() == "ywwyw-"
    await hall.reply(0, "no")  # one of two experts comes, no researcher and nobody of an agency: by time
    assert await hall.replies() == "nowyw-"
    await hall.reply(1, "yes")
    await hall.reply(3, "no")  # now agencies are the only ones below, though both researchers count one half
    assert await hall.replies() == "nyonw-"


@on_one
async def test_a_lapsed_offer_goes_round_and_stays_open_when_nobody_else_waits(database: Database) -> None:
    hall = await Hall.build(database, 3, seats=1)
    for who in range(3):
        await hall.reply(who, "yes")
        hall.now += STEP
    await hall.reply(0, "no")
    assert await hall.replies() == "now"
    hall.now += timedelta(hours=49)
    assert await hall.settle() == ["m02"]
    assert await hall.replies() == "nwo"
    assert await hall.places() == {hall.members[1].id: 1}
    await hall.reply(1, "no")

    for _ in range(3):
        hall.now += timedelta(hours=49)
        assert await hall.settle() == []  # nobody is offered it anew, and it is still open
        assert await hall.replies() == "nno"

    await hall.reply(0, "yes")
    assert await hall.replies() == "wno"
    hall.now += timedelta(hours=49)
    assert await hall.settle() == ["m00"]
    assert await hall.replies() == "onw"


@on_one
async def test_a_seat_taken_late_is_taken_while_it_is_free(database: Database) -> None:
    hall = await Hall.build(database, 3, seats=1)
    for who in range(3):
        await hall.reply(who, "yes")
        hall.now += STEP
    await hall.reply(0, "no")
    hall.now += timedelta(hours=49)
    late = await hall.reply(1, "yes")  # the timer has not run yet
    assert (late.reply, late.previous) == ("yes", "waitlisted")
    await hall.check()


@on_one
async def test_who_does_not_fit_is_passed_over_and_keeps_the_place(database: Database) -> None:
    hall = await Hall.build(database, 4, seats=3, guests=2)
    await hall.reply(0, "yes")
    await hall.reply(1, "yes", guests=1)
    await hall.reply(2, "yes", guests=2)
    hall.now += STEP
    await hall.reply(3, "yes")
    await hall.reply(0, "no")
    assert await hall.replies() == "nywo"  # three do not fit, one does
    assert await hall.places() == {hall.members[2].id: 1}
    assert (await hall.reply(1, "yes", guests=2)).refused == "full"
    await hall.reply(1, "no")
    assert await hall.replies() == "nnwo"
    await hall.reply(3, "no")
    assert await hall.replies() == "nnon"


@on_one
async def test_a_mode_is_changed_at_once_or_not_at_all(database: Database) -> None:
    hall = await Hall.build(database, 3, format="hybrid", seats=1, seats_online=1)
    await hall.reply(0, "yes", mode="room")
    assert (await hall.reply(1, "yes", mode="room")).reply == "waitlisted"
    assert (await hall.reply(1, "yes", mode="online")).reply == "yes"
    await hall.reply(2, "yes", mode="room")
    refused = await hall.reply(0, "yes", mode="online")
    assert (refused.refused, refused.reply, refused.mode) == ("full", "yes", "room")
    await hall.reply(1, "no")
    await hall.reply(0, "yes", mode="online")  # frees the room for the one who waits
    assert await hall.replies() == "yno"


@on_one
async def test_a_yes_after_the_deadline_asks_and_a_no_is_always_free(database: Database) -> None:
    hall = await Hall.build(database, 3, rsvp_deadline=NOW + timedelta(days=1))
    await hall.reply(0, "yes")
    hall.now += timedelta(days=2)
    assert (await hall.reply(0, "no")).reply == "no"
    asked = await hall.reply(0, "yes")
    assert (asked.reply, asked.why) == ("asked", "late")
    assert (await hall.reply(1, "maybe")).reply == "maybe"
    assert (await hall.reply(2, "yes", at=NOW)).reply == "yes"  # pressed in time, arrived late


@on_one
async def test_each_mode_of_a_hybrid_meeting_has_its_own_deadline(database: Database) -> None:
    hall = await Hall.build(
        database, 2, format="hybrid", rsvp_deadline=NOW + timedelta(days=1), online_deadline=NOW + timedelta(days=9)
    )
    await hall.reply(1, "yes", mode="online")
    hall.now += timedelta(days=2)
    assert (await hall.reply(0, "yes", mode="room")).reply == "asked"
    assert (await hall.reply(0, "yes", mode="online")).reply == "yes"
    assert (await hall.reply(1, "yes", mode="room")).refused == "late"


@on_one
async def test_organisers_give_a_seat_only_while_there_is_one(database: Database) -> None:
    hall = await Hall.build(database, 3, 1, seats=2, per_organisation=1)
    olivia = hall.members[0]
    await hall.reply(0, "yes")
    assert (await hall.reply(1, "yes")).why == "organisation"
    assert await hall.act(waiting_list.give, 1, olivia, hall.now) == ""  # also beyond the organisation's own limit
    await hall.reply(2, "yes")
    assert await hall.act(waiting_list.give, 2, olivia, hall.now) == "full"
    assert await hall.act(waiting_list.give, 0, olivia, hall.now) == "decided"


async def test_a_press_without_limits_asks_the_database_twice(database: Database, asked: list[str]) -> None:
    hall = await Hall.build(database, 1)
    async with database.write(hall.meeting.community_id) as db:
        meeting = await db.get_one(Meeting, hall.meeting.id)
        asked.clear()
        await invitations.reply(db, meeting, hall.members[0], "yes", NOW, now=NOW)
    assert [each.split()[0] for each in asked] == ["SELECT", "UPDATE"]
