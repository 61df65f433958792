"""Seats of a meeting: how many there are, who holds one, and who of those who wait is offered the next (domain 3.2).

The queue: first in, first out among people whose category is under-filled (its share of people coming is below the
share of all), then among everybody. Whoever let an offer lapse or left it to the next comes after all who have not had
their turn. A person is passed over, and keeps the place, while no seat fits (mode, guests, seats of the organisation)
or no message can be sent to them. A lapsed offer that nobody else can take stays open for another window.

So there are never more people than seats, and no seat is idle while somebody waits whom it fits. All changes happen
while the meeting's row is held.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from storage.database import Session
from storage.meetings import COMING, Invitation, Meeting
from storage.members import Member

ONLINE = "online"
ROOM = "room"
OPEN_STATES = ("inviting", "closed")
"""States of a meeting in which seats are given."""
WINDOWS = ((timedelta(days=2), timedelta(hours=6)), (timedelta(days=7), timedelta(hours=24)))
"""How long an offer is open: inside the first span before the start, inside the second; else `WINDOW` (domain 3.2)."""
WINDOW = timedelta(hours=48)


def limited(meeting: Meeting) -> bool:
    """Tell whether the meeting has any limit; without one nobody ever waits and nothing is counted."""
    return meeting.seats is not None or meeting.seats_online is not None or meeting.per_organisation is not None


def mode_of(meeting: Meeting, mode: str) -> str:
    """Give the mode in which seats are counted: `room` or `online` in a hybrid meeting, "" in any other."""
    if meeting.format != "hybrid":
        return ""
    return ONLINE if mode == ONLINE else ROOM


def capacity(meeting: Meeting, mode: str = "") -> int | None:
    """Give how many people fit, in a hybrid meeting in that mode; none = any number."""
    return meeting.seats_online if mode_of(meeting, mode) == ONLINE else meeting.seats


def offer_end(meeting: Meeting, at: datetime) -> datetime:
    """Give until when an offer that begins at a moment is open: 48 h, 24 h inside T-7, 6 h inside T-2, to the start."""
    left = meeting.starts_at - at
    window = next((each for span, each in WINDOWS if left <= span), WINDOW)
    return min(at + window, meeting.starts_at)


def offered(invitation: Invitation, now: datetime) -> bool:
    """Tell whether a free seat is kept for somebody who waits."""
    return invitation.reply == "waitlisted" and invitation.offer_until is not None and invitation.offer_until > now


def had_turn(invitation: Invitation) -> bool:
    """Tell whether somebody who waits has let a seat pass since their last own answer."""
    queued, replied = invitation.queued_at, invitation.replied_at
    return queued is not None and replied is not None and queued > replied


async def lock(db: Session, meeting: Meeting) -> None:
    """Hold the meeting until the end of the transaction and read it afresh; take it before anything else is read."""
    await db.execute(
        select(Meeting).where(Meeting.id == meeting.id).with_for_update().execution_options(populate_existing=True)
    )


def holding(now: datetime) -> ColumnElement[bool]:
    """Narrow invitations to those that hold a seat: coming, handed over, to be confirmed, or an open offer."""
    open_offer = and_(Invitation.reply == "waitlisted", Invitation.offer_until > now)
    return and_(
        Invitation.withdrawn.is_(False),
        Invitation.represents.is_(None),
        or_(Invitation.reply.in_(COMING), open_offer),
    )


def _in_mode(meeting: Meeting, mode: str) -> ColumnElement[bool] | None:
    wanted = mode_of(meeting, mode)
    if not wanted:
        return None
    return Invitation.mode == ONLINE if wanted == ONLINE else Invitation.mode != ONLINE


async def taken(db: Session, meeting: Meeting, mode: str, now: datetime) -> int:
    """Count the seats that are taken, open offers and guests among them; in a hybrid meeting those of one mode."""
    query = select(func.coalesce(func.sum(1 + Invitation.guests), 0)).where(
        Invitation.meeting_id == meeting.id, holding(now)
    )
    narrow = _in_mode(meeting, mode)
    return int(await db.scalar(query if narrow is None else query.where(narrow)) or 0)


async def free(db: Session, meeting: Meeting, mode: str, now: datetime) -> int | None:
    """Give how many seats are free, never below 0; none = no limit."""
    limit = capacity(meeting, mode)
    return None if limit is None else max(limit - await taken(db, meeting, mode, now), 0)


@dataclass(frozen=True, slots=True)
class Room:
    """Be what is left for one person, not counting what they hold themselves; none = no limit."""

    seats: int | None
    organisation: int | None

    def fits(self, people: int, *, organisation: bool = True) -> bool:
        """Tell whether so many people fit; the organisation's own limit may be left out."""
        if self.seats is not None and self.seats < people:
            return False
        return not organisation or self.organisation is None or self.organisation >= people


async def room_for(db: Session, meeting: Meeting, member: Member, mode: str, now: datetime) -> Room:
    """Count in one question what is left for a member, in the mode they want."""
    size = 1 + Invitation.guests
    narrow = _in_mode(meeting, mode)
    in_mode = size if narrow is None else case((narrow, size), else_=0)
    theirs = case((Member.organisation_id == member.organisation_id, size), else_=0) if member.organisation_id else 0
    found = await db.execute(
        select(func.coalesce(func.sum(in_mode), 0), func.coalesce(func.sum(theirs), 0))
        .select_from(Invitation)
        .join(Member, Member.id == Invitation.member_id)
        .where(Invitation.meeting_id == meeting.id, holding(now), Invitation.member_id != member.id)
    )
    everybody, colleagues = found.one()
    limit, own = capacity(meeting, mode), meeting.per_organisation if member.organisation_id else None
    return Room(
        None if limit is None else limit - int(everybody),
        None if own is None else own - int(colleagues),
    )


async def waiting(db: Session, meeting: Meeting) -> list[tuple[Invitation, Member]]:
    """Give all who wait, those with an open offer too: first those who have not had their turn, then by time."""
    found = await db.execute(
        select(Invitation, Member)
        .join(Member, Member.id == Invitation.member_id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn.is_(False),
            Invitation.represents.is_(None),
            Invitation.reply == "waitlisted",
        )
        .execution_options(populate_existing=True)
    )
    return sorted(((each, member) for each, member in found), key=lambda pair: _order(pair[0]))


def _order(invitation: Invitation) -> tuple[bool, float, int]:
    queued = invitation.queued_at.timestamp() if invitation.queued_at else 0.0
    return had_turn(invitation), queued, invitation.id


async def places(db: Session, meeting: Meeting, now: datetime) -> dict[int, int]:
    """Give the place on the waiting list by member id, from 1, in a hybrid meeting for each mode on its own."""
    if db.batch is not None:
        return await db.batch.once(("places", meeting.id), lambda: _places(db, meeting, now))
    return await _places(db, meeting, now)


async def _places(db: Session, meeting: Meeting, now: datetime) -> dict[int, int]:
    counted: Counter[str] = Counter()
    found: dict[int, int] = {}
    for invitation, member in await waiting(db, meeting):
        if not offered(invitation, now):
            mode = mode_of(meeting, invitation.mode)
            counted[mode] += 1
            found[member.id] = counted[mode]
    return found


@dataclass(slots=True)
class Round:
    """Be what a look at the waiting list changed: new offers, offers that lapsed, and everybody who waits now."""

    offered: list[tuple[Invitation, Member]] = field(default_factory=list)
    lapsed: list[tuple[Invitation, Member]] = field(default_factory=list)
    waiting: list[tuple[Invitation, Member]] = field(default_factory=list)
    next_end: datetime | None = None
    """When the next open offer ends."""


async def settle(db: Session, meeting: Meeting, now: datetime) -> list[tuple[Invitation, Member]]:
    """Lapse old offers, offer free seats to the next ones and give those who were newly offered one."""
    return (await run_round(db, meeting, now)).offered


async def run_round(db: Session, meeting: Meeting, now: datetime) -> Round:
    """Do what `settle` does and tell all that changed; nothing happens once the meeting has started."""
    await lock(db, meeting)
    done = Round()
    if meeting.state not in OPEN_STATES or now >= meeting.starts_at:
        return done
    done.waiting = await waiting(db, meeting)
    if not done.waiting:
        return done
    for invitation, member in done.waiting:
        if invitation.offer_until is not None and invitation.offer_until <= now:
            done.lapsed.append((invitation, member))
            invitation.offer_until, invitation.queued_at = None, after(invitation, now)
        elif invitation.offer_until is not None:
            invitation.offer_until = min(invitation.offer_until, meeting.starts_at)
    await db.flush()
    seats = await _Count.of(db, meeting, now)
    just_lapsed = {each.id for each, _ in done.lapsed}
    queue = sorted(
        (pair for pair in done.waiting if pair[0].offer_until is None and _reached(pair[1], now)),
        key=lambda pair: _order(pair[0]),
    )
    while (chosen := seats.choose(queue)) is not None:
        invitation, member = chosen
        queue.remove(chosen)
        seats.add(invitation, member)
        invitation.offer_until = offer_end(meeting, now)
        if invitation.id not in just_lapsed:  # else nobody else could take it: it stays open, and nobody is written to
            done.offered.append(chosen)
    await db.flush()
    done.next_end = next_end(done.waiting, now)
    return done


def after(invitation: Invitation, now: datetime) -> datetime:
    """Give the time of the end of the list for somebody who has had their turn, surely after their own answer."""
    replied = invitation.replied_at
    return now if replied is None or replied < now else replied + timedelta(microseconds=1)


def next_end(waiting: list[tuple[Invitation, Member]], now: datetime) -> datetime | None:
    """Give when the next open offer ends."""
    return min((each.offer_until for each, _ in waiting if offered(each, now) and each.offer_until), default=None)


def _reached(member: Member, now: datetime) -> bool:
    """Tell whether a member may be written to, as far as they have not paused or stopped messages."""
    return member.state == "active" or (
        member.state == "paused" and member.paused_until is not None and member.paused_until <= now
    )


@dataclass(slots=True)
class _Count:
    """Be the seats and shares of a meeting while offers are given out."""

    meeting: Meeting
    left: dict[str, int | None]
    by_organisation: Counter[int]
    invited: Counter[str]
    coming: Counter[str]

    @classmethod
    async def of(cls, db: Session, meeting: Meeting, now: datetime) -> _Count:
        """Count in one question: who is invited and who holds a seat, by mode, organisation and category."""
        held = case((holding(now), 1), else_=0)
        columns = (Invitation.mode, Member.organisation_id, Member.category)
        found = await db.execute(
            select(*columns, func.count(), func.sum(held), func.sum(held * (1 + Invitation.guests)))
            .select_from(Invitation)
            .join(Member, Member.id == Invitation.member_id)
            .where(
                Invitation.meeting_id == meeting.id,
                Invitation.withdrawn.is_(False),
                Invitation.represents.is_(None),
            )
            .group_by(*columns)
        )
        modes = (ROOM, ONLINE) if meeting.format == "hybrid" else ("",)
        count = cls(meeting, {each: capacity(meeting, each) for each in modes}, Counter(), Counter(), Counter())
        for mode, organisation, category, people, coming, seats in found:
            count.invited[category] += people
            count.coming[category] += int(coming)
            count._take(mode_of(meeting, mode), organisation, int(seats))
        return count

    def add(self, invitation: Invitation, member: Member) -> None:
        """Count a person who is offered a seat."""
        self.coming[member.category] += 1
        self._take(mode_of(self.meeting, invitation.mode), member.organisation_id, 1 + invitation.guests)

    def choose(self, queue: list[tuple[Invitation, Member]]) -> tuple[Invitation, Member] | None:
        """Give the next one a seat fits: of those who have not had their turn, an under-filled category first."""
        fitting = [pair for pair in queue if self._fits(*pair)]
        all_share = Fraction(sum(self.coming.values()), max(sum(self.invited.values()), 1))
        return min(
            fitting,
            key=lambda pair: (had_turn(pair[0]), self._share(pair[1]) >= all_share, _order(pair[0])),
            default=None,
        )

    def _take(self, mode: str, organisation: int | None, seats: int) -> None:
        left = self.left[mode]
        if left is not None:
            self.left[mode] = left - seats
        if organisation is not None:
            self.by_organisation[organisation] += seats

    def _fits(self, invitation: Invitation, member: Member) -> bool:
        people, left = 1 + invitation.guests, self.left[mode_of(self.meeting, invitation.mode)]
        if left is not None and left < people:
            return False
        limit, own = self.meeting.per_organisation, member.organisation_id
        return limit is None or own is None or self.by_organisation[own] + people <= limit

    def _share(self, member: Member) -> Fraction:
        return Fraction(self.coming[member.category], max(self.invited[member.category], 1))


def late(meeting: Meeting, mode: str, at: datetime) -> bool:
    """Tell whether the deadline for this mode has passed: from then on a yes asks the organisers (domain 3.2)."""
    online = mode_of(meeting, mode) == ONLINE and meeting.online_deadline is not None
    deadline = meeting.online_deadline if online else meeting.rsvp_deadline
    return deadline is not None and at > deadline
