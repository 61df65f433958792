"""Timers of a meeting and the rows they write: who gets which message of the schedule, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from handlers import _quota
from handlers._schedule import (
    ASK_AFTER,
    BULK,
    LAST,
    RULES,
    Calendar,
    Row,
    feedback_closes,
    feedback_slot,
)
from scheduler import delivery, quiet, timers
from storage import invitations
from storage.communities import own_community
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member
from storage.series import NOT_ANNOUNCED
from storage.timers import Timer

TIMERS = ("reminder", "begin", "end", "fbask", "fbclose", "deadline")
NEAR = timedelta(days=17)
"""No usual row for those who come is written longer than this before the start."""
COMING = ("yes",)
"""Replies of those who get reminders and the way in; who has to confirm a new time first gets none."""

__all__ = [
    "ASK_AFTER", "BULK", "COMING", "TIMERS", "arm", "calendar", "catch_up", "disarm", "feedback_closes",
    "feedback_slot", "no_send_dates", "occurrence", "plan", "rewrite",
]  # fmt: skip


async def no_send_dates(db: Session) -> frozenset[date]:
    """Give the community's feasts and holidays, on which nothing is sent."""
    return _no_send((await own_community(db)).settings)


def _no_send(settings: Mapping[str, Any]) -> frozenset[date]:
    return frozenset(date.fromisoformat(str(each)) for each in settings.get("no_send") or ())


async def calendar(db: Session, meeting: Meeting) -> Calendar:
    """Give every moment of a meeting under the rules of its community."""
    settings = (await own_community(db)).settings
    return Calendar(meeting, settings, _no_send(settings))


def occurrence(meeting: Meeting, row: Row) -> str:
    """Name one row for one date of a meeting: written twice it is sent once, moved to another date it is sent anew."""
    return f"{row.key}-{meeting.starts_at:%Y%m%d%H%M}"


async def plan(
    db: Session, meeting: Meeting, dates: Calendar, row: Row, people: Iterable[tuple[Member, datetime | None]],
    now: datetime,
) -> None:  # fmt: skip
    """Write the messages of one row; each person comes with the moment since when they are meant, if there is one.

    A moment that had passed by then is not made up for, except where the row says so: who says yes within the last
    hour gets the way in at once. After an outage what is still worth it goes at the next allowed hour.
    """
    to = []
    for member, since in people:
        due, expires = dates.slot(row, member), dates.expiry(row, member)
        if due < now:
            if since is not None and since > due and not row.rule.late:
                continue
            override = row.key in LAST or row.rule.live
            due = now if override else quiet.next_allowed(member, now, no_send=dates.no_send)
        if due < expires:
            to.append(delivery.To(member=member, due=due, expires=expires))
    if to and row.rule.counted:
        to = await _quota.spread(db, row.kind, to, now)
    if to:
        name = occurrence(meeting, row)
        await delivery.plan(db, kind=row.kind, subject=meeting.key, occurrence=name, to=to, now=now)


async def catch_up(db: Session, meeting: Meeting, member: Member, now: datetime) -> None:
    """Add somebody who says yes late to the rows that are written already and still ahead of them.

    What has passed is not replayed; of a meeting that is far away this costs no question to the database.
    """
    settings = (await own_community(db)).settings
    if now < meeting.starts_at - NEAR and not meeting.schedule and not settings.get("schedule"):
        return
    dates = Calendar(meeting, settings, _no_send(settings))
    for row in dates.alive:
        if row.rule.to != "coming" or now < dates.written(row) or now >= dates.expiry(row, member):
            continue
        if dates.slot(row, member) < now and not row.rule.late:
            continue
        if row.mode:
            invitation = await invitations.find(db, meeting, member)
            if invitation is None or not row.takes(invitation.mode):
                continue
        if drawn(row.kind):
            await plan(db, meeting, dates, row, [(member, now)], now)


def drawn(kind: str) -> bool:
    """Tell whether some feature draws this kind of message: a row without one writes nothing."""
    from handlers import features

    return any(kind in each.cards for each in features())


async def arm(db: Session, meeting: Meeting) -> None:
    """Set the timers of a meeting as its schedule has them now.

    Of a draft those of the rows that come before the announcement; of an announced one the other rows, begin, end,
    deadline and questions. Safe to repeat: waiting timers move to their new moment, those of rows that are gone are
    called off. What has been written stays; after a change of an announced time call `disarm` before.
    """
    dates, key = await calendar(db, meeting), meeting.key
    draft = meeting.state in NOT_ANNOUNCED
    wanted = {each.key: each for each in dates.alive if each.rule.draft == draft and not dates.pointless(each)}
    waiting = select(Timer.kind, Timer.slot).where(Timer.subject == key, Timer.state == "waiting")
    for kind, name in (await db.execute(waiting)).all():
        if (kind == "reminder" and name not in wanted) or (kind == "fbask" and "feedback" not in wanted):
            await timers.cancel(db, kind, key, name)
    for name, row in wanted.items():
        if row.rule.timer == "reminder":
            await timers.call_at(
                db, "reminder", key, dates.written(row), slot=name, not_after=dates.pointless_after(row)
            )
    if draft:
        return
    await timers.call_at(db, "deadline", key, dates.closing, not_after=meeting.starts_at)
    await timers.call_at(db, "begin", key, meeting.starts_at)
    await timers.call_at(db, "end", key, meeting.ends_at)
    closes = feedback_closes(meeting)
    if "feedback" in wanted:
        await timers.call_at(db, "fbask", key, meeting.ends_at + ASK_AFTER, not_after=closes)
    await timers.call_at(db, "fbclose", key, closes)


async def disarm(db: Session, meeting: Meeting) -> None:
    """Take all timers of a meeting back, and what is written and has not left.

    One whose announcement was undone has again what comes before it.
    """
    for kind in TIMERS:
        await timers.cancel(db, kind, meeting.key)
    await _forget(db, meeting)
    await _unwrite(db, meeting, {name for each in RULES for name in (each.key, f"{each.key}@online")})
    if meeting.state in NOT_ANNOUNCED:
        await arm(db, meeting)


async def rewrite(db: Session, meeting: Meeting, key: str) -> None:
    """Bring one row in step with its changed days, hour or switch: what is written and has not left is written anew."""
    dates = await calendar(db, meeting)
    row = dates.row(key)
    if row is None:
        return
    await _unwrite(db, meeting, {key})
    await _forget(db, meeting, key)
    await arm(db, meeting)


async def _forget(db: Session, meeting: Meeting, key: str | None = None) -> None:
    """Forget the timers of rows, those that are done as well: what they wrote and has not left is written anew."""
    query = delete(Timer).where(Timer.kind == "reminder", Timer.subject == meeting.key)
    if key is not None:
        query = query.where(Timer.slot == key)
    await db.execute(query.execution_options(synchronize_session=False))


async def _unwrite(db: Session, meeting: Meeting, keys: set[str]) -> None:
    """Take back messages that wait, of these rows at whatever date; sent ones and those on their way stay."""
    kinds = {each.kind for each in RULES}
    found = await db.execute(
        select(Campaign.id, Campaign.occurrence).where(Campaign.subject == meeting.key, Campaign.kind.in_(kinds))
    )
    mine = [number for number, name in found if name.rpartition("-")[0] in keys]
    if mine:
        await db.execute(
            update(Delivery)
            .where(Delivery.campaign_id.in_(mine), Delivery.state == "queued")
            .values(state="cancelled", reason="moved")
            .execution_options(synchronize_session=False)
        )


def since(row: Row, invitation: Invitation) -> datetime | None:
    """Give the moment since when an invited person is meant by a row: their invitation, or their reply."""
    return invitation.invited_at if row.rule.to == "silent" else invitation.replied_at
