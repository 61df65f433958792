"""What waits to be sent, for the playground's time line: queued rows, waiting timers, estimates.

Served on loopback by the demo's bot alone, never with a real clock; it names no person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from handlers import _recipients, _reminding
from scheduler.delivery import choose_account
from storage import attendance
from storage.communities import Channel, Community
from storage.database import Database, Session
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import HELD, INVITED, Meeting
from storage.members import Member
from storage.series import NOT_ANNOUNCED
from storage.timers import Timer

WORDS = {
    "invitation": "Invitation",
    "rsvp_nudge": "Reminder to reply",
    "maybe_nudge": "Maybe: please decide",
    "agenda_question": "Question for the agenda",
    "practical_pack": "Practical information",
    "visa_letter": "Visa letter comes",
    "checkin": "Check-in",
    "moderate": "Start, to the moderator",
    "feedback_totals": "Feedback in short, to the channels",
    "absent": "Question to those who were absent",
    "followup_90d": "Was it used?",
    "digest": "What waits, in one message",
    "deadline": "Replies close",
    "report_poll": "Time for a topic poll, to organisers",
    "report_checklist": "Checklist, to organisers",
    "report_balance": "Balance, to organisers",
    "report_deadline": "Replies closed, to organisers",
    "report_visa": "Visa letters, to organisers",
    "report_headcount": "Final number, to organisers",
    "report_readiness": "What is missing, to organisers",
    "report_attendance": "Who was there, to organisers",
    "report_feedback": "Feedback closed, to organisers",
    "reminder_7d": "One week to go",
    "reminder_1d": "One day to go",
    "reminder_1h": "One hour to go",
    "reminder_day": "The meeting is today",
    "feedback_request": "Questions after the meeting",
    "feedback_again": "Questions, once more",
    "feedback_reminder": "Questions, once more",
    "progress": "Progress of a send",
    "meeting_card": "Meeting card",
    "status": "Status of a meeting",
    "feedback_summary": "Feedback in numbers",
    "memo": "Memo",
    "memo_again": "Memo, once more",
    "memo_channel": "Memo, card in the channels",
    "memo_corrected": "Memo, corrected",
    "memo_withdrawn": "Memo, withdrawn",
    "memo_status": "Status of a memo",
    "memo_step": "A step of a memo, to its author",
    "memo_fix": "A correction to approve",
    "memo_fix_news": "A step of a correction",
    "memo_report": "Who has read a memo",
    "memo_suggestion": "A suggested correction",
    "memo.facts": "Facts of a memo: reminder, end",
    "memo.issued": "A memo has gone out",
    "memo.expire": "Access to a memo ends",
    "memo_due": "Memo is due, to its author",
    "facts_request": "Facts to check",
    "approval_request": "Approval is asked for",
    "webinar_channel": "Webinar, card in the channels",
    "webinar_open": "Webinar, to members",
    "webinar_registered": "Webinar: a registration",
    "webinar_status": "Status of a webinar",
    "webinar_moved": "Webinar: a new date",
    "webinar_cancelled": "Webinar: cancelled",
    "resource_ask": "A resource to approve",
    "resource_told": "What became of a resource",
    "webinar_week": "Webinar: one week to go",
    "webinar_link": "Webinar: the link",
    "webinar_hour": "Webinar: one hour to go",
    "webinar_feedback": "Webinar: questions afterwards",
    "webinar_recording": "Webinar: the recording",
    "webinar.week": "Webinar: one week to go",
    "webinar.link": "Webinar: the link",
    "webinar.hour": "Webinar: one hour to go",
    "webinar.start": "The webinar begins or ends",
    "webinar.feedback": "Webinar: questions afterwards",
    "webinar.recording": "Webinar: the recording",
    "webinar.erase": "Registrants are erased",
    "webinar.report": "Webinar: report, to organisers",
    "memo.due": "Steps of a memo are due",
    "memo.remind": "Memo: reminder to read",
    "memo.close": "Memo: confirmation closes",
    "publication_out": "Publication",
    "publication_public": "Publication, in the channels",
    "publication.release": "A publication is released",
    "announcement": "Announcement",
    "announcement_channel": "Announcement, in the channels",
    "begin": "The meeting begins",
    "end": "The meeting ends",
    "fbclose": "Feedback closes",
    "alert": "Alert",
    "send_ended": "A send went wrong",
    "send_stopped": "A send was stopped",
    "withdrawn_note": "Taken back",
    "sends": "List of sends",
    "send_names": "Names of a send",
    "take_back": "Question before taking back",
    "sendend": "Look whether a send got through",
}
"""Kinds in words; any other kind is shown as its name with spaces."""
SILENT = ("begin", "end", "fbclose", "sendend")
"""Timers that send nothing to anybody."""
ROWS_MAX = 200
SENT_MAX = 5000


def in_words(kind: str) -> str:
    """Give a kind of message in words."""
    return WORDS.get(kind, kind.replace("_", " ").capitalize())


@dataclass(slots=True)
class Row:
    """Be one stop of the time line: moment, kind and meeting; `source` is "queued", "held", "timer" or "estimate".

    `slack` and `telegram` count people; both stay 0 for what sends nothing or cannot be counted yet.
    """

    at: datetime
    kind: str
    meeting: str
    title: str
    source: str
    counts: Counter[str] = field(default_factory=Counter)

    def view(self) -> dict[str, Any]:
        """Give the row as JSON."""
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "words": in_words(self.kind),
            "meeting": self.meeting,
            "title": self.title,
            "source": self.source,
            "sends": self.kind not in SILENT,
            "slack": self.counts["slack"],
            "telegram": self.counts["telegram"],
        }


async def planned(database: Database, now: datetime) -> dict[str, Any]:
    """Give what waits, earliest first: `{"next": iso or None, "rows": [...], "totals": {...}, "kinds": [...]}`.

    `next` is the next moment at which somebody gets a message. `totals` counts deliveries by state, `kinds` the same
    by kind and platform.
    """
    rows: list[Row] = []
    totals: Counter[str] = Counter()
    kinds: dict[tuple[str, str], Counter[str]] = {}
    async with database.read() as db:
        communities = list(await db.scalars(select(Community.id)))
    for each in communities:
        async with database.read(each) as db:
            meetings = {meeting.key: meeting for meeting in await db.scalars(select(Meeting))}
            rows += await _queued(db, meetings)
            rows += await _timers(db, meetings, now)
            for kind, platform, state, number in await _counted(db):
                totals[state] += number
                kinds.setdefault((kind, platform), Counter())[state] += number
    rows.sort(key=lambda row: (row.at, row.kind, row.meeting))
    ahead = [
        row.at for row in rows if row.kind not in SILENT and row.at > now and (row.counts or row.source == "timer")
    ]
    return {
        "next": min(ahead).isoformat() if ahead else None,
        "rows": [row.view() for row in rows[:ROWS_MAX]],
        "totals": {**totals, "planned": totals.total() - totals["cancelled"]},
        "kinds": [
            {"words": in_words(kind), "platform": platform, "planned": each.total() - each["cancelled"], **each}
            for (kind, platform), each in kinds.items()
        ],
    }


async def sent(database: Database) -> dict[str, Any]:
    """Tell what kind each message is: campaign messages under `sent`, other cards that follow the truth under `cards`.

    Each is `[platform, chat, message, kind in words]`, the newest 5,000 of them.
    """
    async with database.read() as db:
        rows = await db.execute(
            select(Delivery.platform, Delivery.chat, Delivery.message, Campaign.kind)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .where(Delivery.message != "")
            .order_by(Delivery.id.desc())
            .limit(SENT_MAX)
        )
        sent_rows = [[*row[:3], in_words(row[3])] for row in rows]
        cards = await db.execute(
            select(CardCopy.platform, CardCopy.chat, CardCopy.message, CardCopy.kind)
            .order_by(CardCopy.id.desc())
            .limit(SENT_MAX)
        )
        return {"sent": sent_rows, "cards": [[*row[:3], in_words(row[3])] for row in cards]}


async def _counted(db: Session) -> list[tuple[str, str, str, int]]:
    found = await db.execute(
        select(Campaign.kind, Delivery.platform, Delivery.state, func.count())
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .group_by(Campaign.kind, Delivery.platform, Delivery.state)
    )
    return [(kind, platform, state, number) for kind, platform, state, number in found]


async def _queued(db: Session, meetings: dict[str, Meeting]) -> list[Row]:
    """Group the rows that wait in campaigns that go on, or are on hold for Undo."""
    found = await db.execute(
        select(Delivery.due_at, Campaign.kind, Campaign.subject, Campaign.state, Delivery.platform, Channel.platform)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(Channel, Channel.id == Delivery.channel_id)
        .where(Delivery.state == "queued", Campaign.state.in_(("sending", "held")))
    )
    rows: dict[tuple[datetime, str, str, str], Row] = {}
    for at, kind, subject, state, platform, of_channel in found:
        source = "held" if state == "held" else "queued"
        key = (at, kind, subject, source)
        row = rows.setdefault(key, _row(at, kind, meetings.get(subject), source))
        row.counts[platform or of_channel or ""] += 1
    return list(rows.values())


async def _timers(db: Session, meetings: dict[str, Meeting], now: datetime) -> list[Row]:
    """Give a row for each waiting timer; those that will write to people give the moments and numbers of today."""
    rows: list[Row] = []
    for timer in await db.scalars(select(Timer).where(Timer.state == "waiting")):
        meeting = meetings.get(timer.subject)
        if meeting is not None and timer.kind == "reminder":
            rows += await _reminders(db, meeting, timer.slot, now)
        elif meeting is not None and timer.kind == "fbask":
            rows += await _questions(db, meeting, now)
        else:
            rows.append(_row(timer.due_at, timer.kind, meeting, "timer"))
    return rows


async def _reminders(db: Session, meeting: Meeting, key: str, now: datetime) -> list[Row]:
    """Give what a row of the schedule would write; for organisers one row without a number."""
    dates = await _reminding.calendar(db, meeting)
    found = dates.row(key)
    drafted = found is not None and found.rule.draft and meeting.state in NOT_ANNOUNCED
    if found is None or found.off or not _reminding.drawn(found.kind):
        return []
    if not drafted and meeting.state not in (*INVITED, *HELD):
        return []
    nominal = dates.nominal(found)
    if found.rule.to == "organisers":
        return [_row(nominal, found.kind, meeting, "timer")] if nominal > now else []
    people = await _recipients.people(db, meeting, dates, found)
    moments = [
        (dates.slot(found, member), member)
        for member, since in people
        if since is None or found.rule.late or since <= dates.slot(found, member)
    ]
    return _estimated(meeting, found.kind, moments, nominal, now)


async def _questions(db: Session, meeting: Meeting, now: datetime) -> list[Row]:
    if meeting.state not in (*INVITED, *HELD):
        return []
    no_send = await _reminding.no_send_dates(db)
    people = await attendance.attended(db, meeting)
    moments = [(_reminding.feedback_slot(meeting, each, no_send), each) for each in people]
    return _estimated(meeting, "feedback_request", moments, meeting.ends_at + _reminding.ASK_AFTER, now)


def _estimated(
    meeting: Meeting, kind: str, moments: list[tuple[datetime, Member]], nominal: datetime, now: datetime
) -> list[Row]:
    """Group by moment what would be sent if nobody answered any more; without anybody, one empty row if it is ahead."""
    rows: dict[datetime, Row] = {}
    for at, member in moments:
        account = choose_account(member)
        if account is not None and at > now:
            rows.setdefault(at, _row(at, kind, meeting, "estimate")).counts[account.platform] += 1
    if not rows and nominal > now:
        return [_row(nominal, kind, meeting, "estimate")]
    return list(rows.values())


def _row(at: datetime, kind: str, meeting: Meeting | None, source: str) -> Row:
    return Row(at, kind, meeting.code if meeting else "", meeting.title if meeting else "", source)
