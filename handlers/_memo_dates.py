"""When the steps of a memo are due: T+10 draft, T+15 factual check, T+24 approval, T+30 sending (domain 3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chat.message import Message, button, row
from chat.text import Bold, say
from handlers import _memo_views as views
from handlers._reminding import no_send_dates
from scheduler import delivery, quiet, timers
from scheduler.contract import Drawing, Skip
from storage import memos
from storage.database import Session
from storage.documents import Document
from storage.meetings import HELD, Meeting, by_key
from storage.members import Member, holders
from storage.timers import Timer

TIMER, FACTS = "memo.due", "memo.facts"
DAYS = {"draft": 10, "facts": 15, "approval": 24}
"""Days after the meeting on which a step is due; the slots of its timers."""
SEND = 30
CHECK = 5
"""Working days speakers have for the facts."""
REMIND = 3
"""Working days after which the silent ones are reminded, once."""
DECIDE = 3
"""Working days an approver has at least."""
MORNING, EVENING = time(9), time(18)
VALID = timedelta(days=7)
WORKING = range(5)


def after(meeting: Meeting, days: int, hour: time = MORNING) -> datetime:
    """Give the hour (the morning's, if none is named) so many days after a meeting, in its zone."""
    zone = ZoneInfo(meeting.zone)
    day = meeting.ends_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, hour, zone).astimezone(UTC)


def working(now: datetime, days: int, zone: str, no_send: frozenset[date]) -> datetime:
    """Give the evening of the n-th working day from now on, today not counted."""
    day, there = now.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() in WORKING and day not in no_send
    return datetime.combine(day, EVENING, there).astimezone(UTC)


async def approve_by(db: Session, document: Document, now: datetime) -> datetime:
    """Give until when a memo is to be approved: T+24, or three working days if that is later."""
    meeting = await views.meeting_of(db, document)
    soonest = working(now, DECIDE, await views.zone(db, document), await no_send_dates(db))
    return max(soonest, after(meeting, DAYS["approval"], EVENING)) if meeting else soonest


async def arm(db: Session, meeting: Meeting) -> None:
    """Set what is due for the memo of a meeting; call it when the meeting is held. Safe to repeat."""
    for slot, days in DAYS.items():
        at = after(meeting, days)
        await timers.call_at(db, TIMER, meeting.key, at, slot=slot, not_after=at + VALID)


async def due(db: Session, timer: Timer, now: datetime) -> None:
    """Remind whoever the next step of a memo waits for; nobody of a step that is done."""
    if timer.slot not in DAYS:
        await _approver(db, timer, now)
        return
    meeting = await by_key(db, timer.subject)
    if meeting is None or meeting.state not in HELD:
        return
    found = [each for each in await memos.of_meeting(db, meeting) if each.state != "withdrawn"]
    if timer.slot == "draft" and not found:
        await tell(db, views.DUE, meeting.key, "draft", await holders(db, "organiser", now), now, {"slot": "draft"})
    late = {"draft": (), "facts": views.OPEN, "approval": (*views.OPEN, "factual_check")}[timer.slot]
    waits = next((each for each in found if each.state in late), None)
    if waits is not None and (timer.slot != "facts" or memos.speakers_of(waits)):
        to = await author(db, waits, now)
        await tell(db, views.DUE, meeting.key, timer.slot, to, now, {"slot": timer.slot})


async def _approver(db: Session, timer: Timer, now: datetime) -> None:
    """Remind the approver on the last day; a decision or a change meanwhile makes it pointless."""
    document = await views.found(db, timer.subject)
    if document is None or document.state != "in_approval":
        return
    if timer.details.get("until") != document.details.get("approve_by"):  # of an earlier hand-over
        return
    asked = await views.people(db, [document.approver_id])
    name = f"v{document.version}.{document.revision}-again"
    await tell(db, views.APPROVAL, document.key, name, asked.values(), now, {"again": True})


async def author(db: Session, document: Document, now: datetime) -> list[Member]:
    """Give the author of a memo, or the organisers if they have left."""
    found = (await views.people(db, [document.author_id])).get(document.author_id or 0)
    return [found] if found is not None and found.state == "active" else list(await holders(db, "organiser", now))


async def tell(
    db: Session, kind: str, subject: str, occurrence: str, to: Iterable[Member], now: datetime,
    details: dict[str, Any] | None = None, *, by: Member | None = None, expires: datetime | None = None,
) -> None:  # fmt: skip
    """Plan a message about a memo, as soon as each person's hours allow; at most a week late."""
    no_send = await no_send_dates(db)
    planned = [
        delivery.To(member=each, due=quiet.next_allowed(each, now, no_send), expires=expires or now + 2 * VALID)
        for each in to
    ]
    if planned:
        await delivery.plan(
            db, kind=kind, subject=subject, occurrence=occurrence, to=planned, now=now, by=by, details=details
        )


async def draw_due(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw that a step is due, while it is."""
    meeting, slot = await by_key(db, drawing.subject), drawing.details.get("slot")
    if meeting is None or drawing.member is None or slot not in DAYS:
        return Skip("gone")
    found = [each for each in await memos.of_meeting(db, meeting) if each.state != "withdrawn"]
    if slot == "draft":
        if found:
            return Skip("done")
        new = button("memo_new", "mnew", meeting.key, style="primary")
        return views.shown([Bold(say("mm_due_draft", code=meeting.code)), meeting.title], row(new))
    waits = next((each for each in found if each.state in (*views.OPEN, "factual_check")), None)
    if waits is None or (slot == "facts" and waits.state not in views.OPEN):
        return Skip("done")
    head = say(f"mm_due_{slot}", code=meeting.code)
    return await views.status(db, waits, drawing.member, drawing.now, head)
