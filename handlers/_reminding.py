"""When a meeting's reminders are due, for whom, and the timers of its life (domain 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler import delivery, quiet, timers
from storage import invitations
from storage.communities import own_community
from storage.database import Session
from storage.meetings import Invitation, Meeting
from storage.members import Member

BULK = time(10)
"""The hour at which members get what is not urgent, in their own zone (domain 3.2)."""
DAY_CALL = time(8)
"""The hour of the last reminder before a meeting in person, in the host's zone: the member is there by then."""
BEFORE_START = timedelta(hours=2)
"""A reminder that quiet hours would push past this long before the start goes earlier instead (domain 3.2)."""
ASK_AFTER = timedelta(hours=1)
"""How long after the end people are asked for feedback."""
EVENING = 19
FEEDBACK_DAYS = 7
FEEDBACK_CLOSES = time(18)
LEAD = {
    "reminder_7d": timedelta(days=8),
    "reminder_1d": timedelta(days=5),
    "reminder_1h": timedelta(hours=6),
    "reminder_day": timedelta(days=1),
}
"""How long before the start the rows of a reminder are written: before the earliest moment any zone can need them.

One day before may fall into a weekend and move back several days.
"""
TIMERS = ("reminder", "begin", "end", "fbask", "fbclose")


def kinds(meeting: Meeting) -> tuple[str, ...]:
    """Give the reminders of a meeting in order: the last one is an hour before, in person at eight on the day."""
    return ("reminder_7d", "reminder_1d", "reminder_day" if meeting.format == "in_person" else "reminder_1h")


async def no_send_dates(db: Session) -> frozenset[date]:
    """Give the community's feasts and holidays, on which nothing is sent."""
    given = (await own_community(db)).settings.get("no_send") or ()
    return frozenset(date.fromisoformat(str(each)) for each in given)


def slot(meeting: Meeting, kind: str, member: Member, no_send: frozenset[date] = frozenset()) -> datetime:
    """Give the moment a reminder is due for a member, as a UTC instant.

    Seven days and one day before: at ten in the member's zone, moved out of quiet hours and weekend. The last one
    keeps its moment, also at night.
    """
    if kind == "reminder_1h":
        return meeting.starts_at - timedelta(hours=1)
    if kind == "reminder_day":
        there = ZoneInfo(meeting.zone)
        day = meeting.starts_at.astimezone(there).date()
        return min(datetime.combine(day, DAY_CALL, there).astimezone(UTC), meeting.starts_at - timedelta(minutes=30))
    own = ZoneInfo(member.zone)
    day = meeting.starts_at.astimezone(own).date() - timedelta(days=7 if kind == "reminder_7d" else 1)
    wanted = datetime.combine(day, BULK, own).astimezone(UTC)
    return quiet.fit_before(member, wanted, meeting.starts_at - BEFORE_START, no_send=no_send)


def expiry(meeting: Meeting, kind: str, member: Member, no_send: frozenset[date] = frozenset()) -> datetime:
    """Give the moment a reminder is pointless: when the next one is due, at the latest at the start.

    So after an outage at most one arrives, and none after the start (reliability P4).
    """
    order = kinds(meeting)
    after = order[order.index(kind) + 1 :]
    return min(slot(meeting, after[0], member, no_send), meeting.starts_at) if after else meeting.starts_at


async def plan(
    db: Session, meeting: Meeting, kind: str, people: Iterable[tuple[Member, Invitation]], now: datetime
) -> None:
    """Write the rows of one reminder; a moment that had passed before somebody said yes is not made up for.

    The last one is: who says yes within the last hour gets the way in at once.
    """
    no_send = await no_send_dates(db)
    last = kind == kinds(meeting)[-1]
    to = []
    for member, invitation in people:
        due, expires = slot(meeting, kind, member, no_send), expiry(meeting, kind, member, no_send)
        if due < now:
            missed = invitation.replied_at is not None and invitation.replied_at > due
            if missed and not last:
                continue
            due = now if last else quiet.next_allowed(member, now, no_send=no_send)
        if due < expires:
            to.append(delivery.To(member=member, due=due, expires=expires))
    if to:
        await delivery.plan(db, kind=kind, subject=meeting.key, occurrence=f"r{meeting.revision}", to=to, now=now)


async def catch_up(db: Session, meeting: Meeting, member: Member, now: datetime) -> None:
    """Add somebody who says yes late to the reminders whose rows are already written."""
    written = [kind for kind in kinds(meeting) if now >= meeting.starts_at - LEAD[kind]]
    invitation = await invitations.find(db, meeting, member) if written else None
    if invitation is not None:
        for kind in written:
            await plan(db, meeting, kind, [(member, invitation)], now)


async def arm(db: Session, meeting: Meeting) -> None:
    """Set the timers of an announced meeting: reminders, begin, end, questions and their close."""
    key, start, end = meeting.key, meeting.starts_at, meeting.ends_at
    for kind in kinds(meeting):
        await timers.call_at(db, "reminder", key, start - LEAD[kind], slot=kind, not_after=start)
    await timers.call_at(db, "begin", key, start)
    await timers.call_at(db, "end", key, end)
    closes = feedback_closes(meeting)
    await timers.call_at(db, "fbask", key, end + ASK_AFTER, not_after=closes)
    await timers.call_at(db, "fbclose", key, closes)


async def disarm(db: Session, meeting: Meeting) -> None:
    """Take all timers of a meeting back."""
    for kind in TIMERS:
        await timers.cancel(db, kind, meeting.key)


def feedback_closes(meeting: Meeting) -> datetime:
    """Give the end of the questions: seven days after the last day, at six in the evening of the host's zone."""
    there = ZoneInfo(meeting.zone)
    day = meeting.ends_at.astimezone(there).date() + timedelta(days=FEEDBACK_DAYS)
    return datetime.combine(day, FEEDBACK_CLOSES, there).astimezone(UTC)


def feedback_slot(meeting: Meeting, member: Member, no_send: frozenset[date] = frozenset()) -> datetime:
    """Give the moment a member is asked: an hour after the end, after seven in the evening the next working morning."""
    own = ZoneInfo(member.zone)
    wanted = meeting.ends_at + ASK_AFTER
    there = wanted.astimezone(own)
    if there.hour >= EVENING:
        wanted = datetime.combine(there.date() + timedelta(days=1), time(9), own).astimezone(UTC)
    return quiet.next_allowed(member, wanted, no_send=no_send)


def nominal(meeting: Meeting, kind: str) -> datetime:
    """Give the moment of a reminder in the host's zone, for organisers to read."""
    if kind in ("reminder_1h", "reminder_day"):
        there = ZoneInfo(meeting.zone)
        if kind == "reminder_1h":
            return meeting.starts_at - timedelta(hours=1)
        return datetime.combine(meeting.starts_at.astimezone(there).date(), DAY_CALL, there).astimezone(UTC)
    own = ZoneInfo(meeting.zone)
    day = meeting.starts_at.astimezone(own).date() - timedelta(days=7 if kind == "reminder_7d" else 1)
    return datetime.combine(day, BULK, own).astimezone(UTC)
