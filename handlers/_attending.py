"""What the moderator's screen and the import of lists share: how the list is drawn, what follows a change."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Text, When, say
from handlers import _quota, _reminding
from handlers._cards import short, when
from scheduler import cards, delivery, quiet, timers
from storage import attendance, feedback, one_tap
from storage.database import Session
from storage.meetings import HELD, INVITED, Attendance, Meeting
from storage.members import Member

PAGE = 10
NAMES = 200
"""Names that are listed in a chat at most (conversation §4.1)."""
LETTERS = {"n": "", "a": "attended", "p": "partial", "e": "excused", "x": "absent"}
"""Letters of states in button data."""
_LETTER = {state: letter for letter, state in LETTERS.items()}
WORKING = range(5)


async def screen(db: Session, meeting: Meeting, now: datetime, zone: str, page: int = 0) -> Message:
    """Draw a page of the list: who comes with their records, then who came without a yes; counts and the code.

    The times of check-ins are those of the reader's `zone` alone: two in each line could not be read.
    """
    coming = await attendance.roll(db, meeting)
    others: list[tuple[Member, Attendance | None]] = [*await attendance.walk_ins(db, meeting)]
    everybody = [*coming, *others]
    listed = everybody[:NAMES]
    page = min(max(page, 0), max(len(listed) - 1, 0) // PAGE)
    first = page * PAGE
    counts = await attendance.counts(db, meeting)
    lines: list[Text] = [Bold(say("att_title", code=meeting.code, title=meeting.title)), when(meeting)]
    names = ("attended", "partial", "excused", "absent", "unknown")
    lines.append(say("att_counts", **{each: counts[each] for each in names}))
    if counts["walk_in"]:
        lines.append(say("att_walk_ins", n=counts["walk_in"]))
    if now < meeting.ends_at:
        lines.append(Bold(say("att_code", code=meeting.checkin_code or "–")))
    lines += [_line(number, *each, zone, walk_in=number > len(coming))
              for number, each in enumerate(listed[first : first + PAGE], first + 1)]  # fmt: skip
    lines.append(say("att_tap") if everybody else say("att_nobody"))
    if len(everybody) > NAMES:
        lines.append(say("att_more", n=NAMES))
    ticks = [_tick(number, *each, meeting, page) for number, each in enumerate(listed[first : first + PAGE], first + 1)]
    paired = tuple(tuple(ticks[start : start + 2]) for start in range(0, len(ticks), 2))
    return Message(tuple(lines), rows(*paired, *_navigation(meeting, counts, now, page, len(listed))), silent=True)


def _line(number: int, member: Member, record: Attendance | None, zone: str, *, walk_in: bool) -> Text:
    state = record.state if record is not None else "none"
    parts: list[Text] = [f"{number}. {member.name} · ", say(f"att_s_{state}")]
    if record is not None and record.source == "self" and record.at is not None:
        parts += [", ", When(record.at, zone, part="time")]
    if walk_in:
        parts += [" · ", say("att_walk_in")]
    return tuple(parts)


def _tick(number: int, member: Member, record: Attendance | None, meeting: Meeting, page: int) -> Button:
    seen = _LETTER[record.state if record is not None else ""]
    return Button(short(f"{number} · {member.name}", 20), Press("tick", meeting.key, f"{page}{seen}", member.key))


def _navigation(meeting: Meeting, counts: dict[str, int], now: datetime, page: int, listed: int) -> tuple[Row, ...]:
    over = now >= meeting.ends_at
    turn = (
        button("back", "attpage", meeting.key, page - 1) if page else None,
        button("next", "attpage", meeting.key, page + 1) if listed > (page + 1) * PAGE else None,
        Button(say("b_att_refresh"), Press("attpage", meeting.key, str(page), "r")),
    )
    act = (
        button("import", "import", meeting.key),
        Button(say("b_att_new"), Press("attnew", meeting.key, str(page))) if not over else None,
        Button(say("b_att_done"), Press("attdone", meeting.key)) if over and counts["unknown"] else None,
        button("status", "status", meeting.key),
    )
    return row(*turn), row(*act)


def reconciled_by(meeting: Meeting) -> datetime:
    """Give the end of the day after a meeting, in the host's zone, not on a weekend: whoever is unknown is absent."""
    there = ZoneInfo(meeting.zone)
    day = meeting.ends_at.astimezone(there).date() + timedelta(days=1)
    while day.weekday() not in WORKING:
        day += timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time(0), there).astimezone(UTC)


async def close(db: Session, meeting: Meeting, now: datetime) -> int:
    """Record as absent who said they would come and is not recorded, and ask them what got in the way."""
    number = await attendance.close(db, meeting)
    await ask_absent(db, meeting, now)
    return number


async def ask_absent(db: Session, meeting: Meeting, now: datetime) -> None:
    """Plan the question for those found absent after the row of the schedule was written; nobody gets it twice."""
    dates = await _reminding.calendar(db, meeting)
    found = dates.row("absent")
    if found is None or found.off or now < dates.written(found):
        return
    gone = await attendance.missing(db, meeting)
    await one_tap.ask(db, meeting, "absent", gone)
    await _reminding.plan(db, meeting, dates, found, [(each, None) for each in gone], now)


async def follow(db: Session, meeting: Meeting, members: Collection[int], now: datetime) -> None:
    """Let what depends on attendance follow a change: cards, and feedback for who is found present after the end."""
    for each in members:
        cards.touch_at_end(db, ("checkin",), meeting.key, member=await db.get_one(Member, each))
    await late_feedback(db, meeting, members, now)
    await arm(db, meeting, now)


async def arm(db: Session, meeting: Meeting, now: datetime) -> None:
    """Let the attendance be finished the day after; who records it later finishes it by hand."""
    due = reconciled_by(meeting)
    if due > now:
        await timers.call_at(db, "attclose", meeting.key, due)


async def late_feedback(db: Session, meeting: Meeting, members: Collection[int], now: datetime) -> None:
    """Ask those for feedback who took part and were not known when the others were asked (domain 3.1, T+1)."""
    end = _reminding.feedback_closes(meeting)
    if not members or meeting.state not in (*INVITED, *HELD):
        return
    if not meeting.ends_at + _reminding.ASK_AFTER <= now < end:
        return
    present = select(Member).join(Attendance, Attendance.member_id == Member.id).where(
        Attendance.meeting_id == meeting.id, Attendance.state.in_(attendance.PRESENT), Member.id.in_(list(members))
    )  # fmt: skip
    people = await feedback.ask(db, meeting, list(await db.scalars(present)))
    no_send = await _reminding.no_send_dates(db)
    to = []
    for each in people:
        due = quiet.next_allowed(each, now, no_send)
        if due < end:
            to.append(delivery.To(member=each, due=due, expires=end))
    to = await _quota.spread(db, "feedback_request", to, now)
    if to:
        await delivery.plan(db, kind="feedback_request", subject=meeting.key, occurrence="", to=to, now=now)
