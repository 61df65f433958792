"""What comes before a meeting is announced: the call for a topic poll, the poll's days, the organisers' checklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from handlers._schedule import Calendar, Row
from scheduler import timers
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting
from storage.polls import Poll
from storage.series import NOT_ANNOUNCED
from storage.timers import Timer

SETTLE = timedelta(hours=1)
"""How long a row whose moment had passed when its draft was saved waits: who plans and announces at once needs none."""
PROMPT = timedelta(minutes=5)
"""A timer that runs at most so much after its moment was waiting for it."""
RECENT = timedelta(days=30)
"""How long after a topic poll closed no other one is called for."""
POLL = ("poll_open", "poll_remind", "poll_close")
LATE = "late"
"""Detail of a timer that was put off by `SETTLE`."""


@dataclass(frozen=True, slots=True)
class TopicPoll:
    """Be the topic poll of a meeting that is planned: `reason` is why none is called for, a key of the copy or ""."""

    reason: str = ""
    poll: Poll | None = None
    """The poll that is open."""
    remind_at: datetime | None = None
    """When the open poll reminds; None if it has, or does not."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Be one row as it stands: its moment, why it does nothing (a key of the copy), or under which condition."""

    row: Row
    at: datetime
    reason: str = ""
    note: str = ""


async def topic_poll(db: Session, meeting: Meeting, now: datetime) -> TopicPoll:
    """Tell whether a meeting needs a topic poll: its theme is open, and no poll is or was within thirty days."""
    if meeting.theme.strip():
        return TopicPoll("sc_why_theme")
    query = select(Poll).where(
        Poll.kind == "topic", Poll.state.in_(("open", "closed", "decided")), Poll.closes_at > now - RECENT
    )
    found = list(await db.scalars(query.order_by(Poll.closes_at.desc(), Poll.id.desc())))
    poll = next((each for each in found if each.state == "open"), None)
    if poll is None:
        return TopicPoll("sc_why_poll_recent" if found else "")
    waiting = select(Timer.due_at).where(
        Timer.kind == "poll_remind", Timer.subject == poll.key, Timer.state == "waiting"
    )
    return TopicPoll("sc_why_poll_open", poll, await db.scalar(waiting))


async def due(db: Session, timer: Timer, dates: Calendar, found: Row, now: datetime) -> bool:
    """Tell whether a row is to be planned now; one that comes too late is put off once, or left out.

    Of a meeting that is announced or cancelled nothing is. When the moment had passed as the draft was saved, or while
    we were away, the row waits an hour from then, and for working hours; saving the draft again begins the hour anew.
    Then it goes once: not if organisers had it already for an earlier date of the same meeting. A later date that is
    still ahead gets its own.
    """
    meeting = dates.meeting
    if meeting.state not in NOT_ANNOUNCED or now >= meeting.starts_at:
        return False
    if found.key in POLL and (await topic_poll(db, meeting, now)).reason:
        return False
    if now <= dates.nominal(found) + PROMPT:
        return True
    if await _told(db, meeting, found):
        return False
    if timer.details.get(LATE):
        return True
    await timers.call_at(
        db, timer.kind, meeting.key, dates.desk(now + SETTLE), slot=found.key,
        not_after=dates.pointless_after(found), details={LATE: True},
    )  # fmt: skip
    return False


async def _told(db: Session, meeting: Meeting, found: Row) -> bool:
    written = (
        select(Delivery.id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.kind == found.kind, Campaign.subject == meeting.key, Delivery.state != "cancelled")
    )
    return await db.scalar(written.limit(1)) is not None


async def stands(db: Session, dates: Calendar, now: datetime) -> list[Stand]:
    """Work out the rows from before the announcement; once it is made, those whose moment is past are left out."""
    meeting = dates.meeting
    announced = meeting.state not in NOT_ANNOUNCED
    rows = [each for each in dates.rows if each.rule.draft and not (announced and dates.nominal(each) <= now)]
    if announced or not rows:
        return [Stand(each, dates.nominal(each), "sc_why_off" if each.off else "sc_why_announced") for each in rows]
    topic = await topic_poll(db, meeting, now)
    asked = select(Timer.slot, Timer.due_at).where(
        Timer.kind == "reminder", Timer.subject == meeting.key, Timer.state == "waiting"
    )
    waiting = {slot: at for slot, at in await db.execute(asked)}  # noqa: C416
    return [_stand(dates, each, topic, waiting.get(each.key), now) for each in rows]


def _stand(dates: Calendar, found: Row, topic: TopicPoll, armed: datetime | None, now: datetime) -> Stand:
    at = dates.nominal(found)
    if found.off:
        return Stand(found, at, "sc_why_off")
    if found.rule.follows and topic.poll is not None:  # it has days of its own by now
        own = topic.poll.closes_at if found.key == "poll_close" else topic.remind_at
        return Stand(found, own or at, "" if own is not None and own > now else "sc_why_past")
    if found.key in POLL and topic.reason:
        return Stand(found, at, topic.reason)
    if at > now:
        return Stand(found, at, note="sc_if_opened" if found.rule.follows else "")
    if armed is None or dates.pointless_after(found) <= now:
        return Stand(found, at, "sc_why_past")
    return Stand(found, armed if armed > now else dates.desk(now + SETTLE))
