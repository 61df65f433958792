"""When a memo goes out, until when reading is to be confirmed, when the silent are reminded (domain 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from scheduler import timers
from storage.communities import own_community
from storage.database import Session
from storage.documents import Document
from storage.meetings import Meeting
from storage.timers import Timer

REMIND, CLOSE, EXPIRE, ISSUED = "memo.remind", "memo.close", "memo.expire", "memo.issued"
TIMERS = (REMIND, CLOSE, EXPIRE, ISSUED)
SEND_DAY = 30
"""Days after the meeting on which its memo goes out."""
CLOSE_DAY, AT_LEAST = 44, 14
"""Reading can be confirmed until this day after the meeting begins, or so many days after the sending."""
REMINDER_DAYS, REMIND_AFTER = (37, 42), (7, 12)
"""Days after the meeting of the two reminders; of a memo that went out late, days after its sending."""
MORNING, EVENING = time(9), time(18)
"""Hours of the host's zone: of a post in a channel; at which a deadline ends, the same date for nearly everybody."""
ARCHIVE = timedelta(days=1)


def first_day(meeting: Meeting | None, document: Document, zone: str) -> date:
    """Give the date of the meeting in its zone, from which days are counted; of the memo if that is gone."""
    at = meeting.ends_at if meeting else document.created_at or document.distributed_at
    assert at is not None
    return at.astimezone(ZoneInfo(zone)).date()


def moment(day: date, zone: str, at: time = time()) -> datetime:
    """Give an hour of a day in a zone as UTC; its beginning if no hour is named."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def zone_of(meeting: Meeting | None, home: str) -> str:
    """Give the zone in which a memo's days are counted: the meeting's, else the community's."""
    return meeting.zone if meeting else home


def wanted(document: Document, meeting: Meeting | None, zone: str) -> datetime | None:
    """Give the moment an organiser chose for the sending; none for "now".

    A day begins at midnight, so that everybody's morning is in it; with a card in a channel, which goes at that very
    moment, at nine in the host's zone.
    """
    chosen = (document.details or {}).get("schedule") or {}
    if chosen.get("at"):
        return datetime.fromisoformat(str(chosen["at"]))
    if chosen.get("days") is not None:
        hour = MORNING if (document.targets or {}).get("channels") else time()
        return moment(first_day(meeting, document, zone) + timedelta(days=int(chosen["days"])), zone, hour)
    return None


def until(document: Document) -> datetime | None:
    """Give the moment an organiser chose after which nobody opens the memo any more."""
    given = (document.details or {}).get("until")
    return datetime.fromisoformat(str(given)) if given else None


def confirm_by(meeting: Meeting | None, document: Document, zone: str, sent: datetime) -> datetime:
    """Give until when reading is to be confirmed: the evening before T+44, or 14 days after the sending if later."""
    planned = first_day(meeting, document, zone) + timedelta(days=CLOSE_DAY - 1)
    fair = sent.astimezone(ZoneInfo(zone)).date() + timedelta(days=AT_LEAST)
    return moment(max(planned, fair), zone, EVENING)


def reminders(document: Document, meeting: Meeting | None, zone: str, sent: datetime) -> Sequence[datetime]:
    """Give the beginnings of the days on which the silent are reminded; at most two, in order."""
    days = [int(each) for each in (document.details or {}).get("reminders", REMINDER_DAYS)][: len(REMIND_AFTER)]
    first, went = first_day(meeting, document, zone), sent.astimezone(ZoneInfo(zone)).date()
    found = [
        max(first + timedelta(days=day), went + timedelta(days=after))
        for day, after in zip(sorted(days), REMIND_AFTER, strict=False)
    ]
    return [moment(each, zone) for each in found]


async def arm(db: Session, document: Document, meeting: Meeting | None, sent: datetime) -> None:
    """Set everything that is due after a sending: reminders, the end of confirmations, the archive, the expiry."""
    await disarm(db, document)
    zone, key = zone_of(meeting, (await own_community(db)).zone), document.key
    assert document.ack_by is not None
    await timers.call_at(db, ISSUED, key, sent, slot=f"v{document.version}-{sent:%Y%m%d%H%M}")
    for number, at in enumerate(reminders(document, meeting, zone, sent), 1):
        if at < document.ack_by:
            slot = f"v{document.version}-{number}"
            await timers.call_at(db, REMIND, key, at, slot=slot, not_after=document.ack_by)
    ends = moment(document.ack_by.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), zone)
    await timers.call_at(db, CLOSE, key, ends, slot=f"close-v{document.version}")
    await timers.call_at(db, CLOSE, key, ends + ARCHIVE, slot=f"archive-v{document.version}")
    if document.expires_at is not None:
        await timers.call_at(db, EXPIRE, key, document.expires_at)


async def disarm(db: Session, document: Document) -> None:
    """Call off what is due after a sending."""
    for kind in TIMERS:
        await timers.cancel(db, kind, document.key)


async def next_reminder(db: Session, document: Document, now: datetime) -> datetime | None:
    """Give the beginning of the next day on which the silent are reminded, if one is planned."""
    found: datetime | None = await db.scalar(
        select(Timer.due_at)
        .where(Timer.kind == REMIND, Timer.subject == document.key, Timer.state == "waiting", Timer.due_at > now)
        .order_by(Timer.due_at)
        .limit(1)
    )
    return found
