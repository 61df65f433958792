"""Take in one meeting, with its past where the file carries one; what came in live is never overwritten."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import changes
from storage.community_file._merge import Merge
from storage.community_file._shape import MeetingEntry, MemoEntry
from storage.database import Session
from storage.documents import Acknowledgment, Document, MemoReader
from storage.feedback import FeedbackAnswer, FeedbackFlag
from storage.meetings import HELD, INVITED, Attendance, Invitation, Meeting
from storage.members import Member

_AT_RISK = ("starts_at", "ends_at", "zone", "rsvp_deadline", "online_deadline", "format")
"""Fields that people have been told; once they are invited, the chat's own command changes them and tells everybody."""
_ONCE_THERE = ("place", "join_link")
"""Fields that may still be filled in; once there is something, people have been told it, too."""
_BETWEEN = timedelta(hours=17)
"""Between two replies of a file, which knows who answered but not when."""


async def take_in_meeting(
    db: Session, merge: Merge, entry: MeetingEntry, members: Mapping[str, Member], file: str = "meeting"
) -> Meeting:
    """Add a meeting or change what changed in the file; `members` by code, `file` tells history from community file."""
    values: dict[str, Any] = {
        "kind": entry.kind,
        "title": entry.title,
        "theme": entry.theme,
        "region": entry.region,
        "format": entry.format,
        "starts_at": entry.starts_at,
        "ends_at": entry.ends_at,
        "zone": entry.zone,
        "place": entry.place,
        "join_link": entry.link,
        "passcode": entry.passcode,
        "agenda_link": entry.agenda_link,
        "rsvp_deadline": entry.deadline,
        "chatham_house": entry.chatham_house,
        "audience": {"categories": list(entry.categories)} if entry.categories else {},
        "announce": entry.announce,
        **entry.more,
    }
    kept = {**values, **entry.details}
    if entry.moderator is not None:
        kept["moderator"] = entry.moderator
    row = await db.scalar(select(Meeting).where(Meeting.code == entry.id))
    added, changed = row is None, list[str]()
    if row is None:
        row = Meeting(code=entry.id, state=entry.state, details=dict(entry.details), **values)
        db.add(row)
        await db.flush()
        await _moderator(db, merge, row, entry, members)
    else:
        news = merge.news(file, entry.id, kept)
        details = {name: news.pop(name) for name in entry.details if name in news}
        named = news.pop("moderator", None) is not None
        if row.state not in ("draft", "scheduled"):
            fixed = (*_AT_RISK, *(name for name in _ONCE_THERE if getattr(row, name)))
            told = [name for name in fixed if name in news and getattr(row, name) != news.pop(name)]
            if told:
                merge.report.notes.append(
                    f"{entry.id} has been sent: {', '.join(told)} stay; change the meeting in chat, so that people know"
                )
        changed = merge.assign(row, news)
        row.revision += bool(changed)
        new = {name: each for name, each in details.items() if row.details.get(name, "") != each}
        if new:
            row.details = {**row.details, **new}
            changed += sorted(new)
        if named:
            changed += await _moderator(db, merge, row, entry, members)
    changed += await _past(db, row, entry, members)
    merge.done(file, entry.id, kept, added=added, changed=changed)
    return row


async def _moderator(
    db: Session, merge: Merge, row: Meeting, entry: MeetingEntry, members: Mapping[str, Member]
) -> list[str]:
    if entry.moderator is None:
        return []
    person = members.get(entry.moderator)
    if person is None:
        merge.report.notes.append(f'{entry.id}: there is no "{entry.moderator}" to moderate it')
        return []
    await changes.name_moderator(db, row, person)
    return [f"moderator: {entry.moderator}"]


async def _past(db: Session, row: Meeting, entry: MeetingEntry, members: Mapping[str, Member]) -> list[str]:
    if entry.state not in (*INVITED, *HELD):
        return []
    invited_at = entry.invited_at or entry.starts_at - timedelta(days=75 if entry.format == "in_person" else 42)
    who = entry.invited if entry.invited is not None else [code for code, each in members.items() if not each.staff]
    changed = await take_in_replies(db, row, who, entry.replies, members, invited_at)
    changed += await _attendance(db, row, entry.attendance, members)
    changed += await _feedback(db, row, entry, members)
    if entry.memo:
        changed += await _memo(db, row, entry.memo, members)
    await db.flush()
    return changed


async def take_in_replies(
    db: Session,
    row: Meeting,
    who: Iterable[str],
    replies: Mapping[str, str],
    members: Mapping[str, Member],
    invited_at: datetime,
) -> list[str]:
    """Invite people and note their replies; an invitation that has a reply keeps it."""
    known = {
        each.member_id: each for each in await db.scalars(select(Invitation).where(Invitation.meeting_id == row.id))
    }
    invited = replied = 0
    order = {code: number for number, code in enumerate(replies, 1)}
    for code in dict.fromkeys([*who, *replies]):
        member = members[code]
        invitation = known.get(member.id)
        if invitation is None:
            invitation = Invitation(
                meeting_id=row.id, member_id=member.id, invited_at=invited_at, delivered=True, reply="none"
            )
            db.add(invitation)
            invited += 1
        if code in replies and invitation.reply == "none" and invitation.replied_at is None:
            invitation.reply = replies[code]
            invitation.replied_at = min(invited_at + order[code] * _BETWEEN, row.starts_at)
            invitation.replied_by = member.id
            replied += 1
    return [f"{number} {what}" for number, what in ((invited, "invitations"), (replied, "replies")) if number]


async def _attendance(db: Session, row: Meeting, states: Mapping[str, str], members: Mapping[str, Member]) -> list[str]:
    known = set(await db.scalars(select(Attendance.member_id).where(Attendance.meeting_id == row.id)))
    new = {code: state for code, state in states.items() if members[code].id not in known}
    for code, state in new.items():
        member = members[code]
        db.add(
            Attendance(
                meeting_id=row.id,
                member_id=member.id,
                state=state,
                source="import",
                category=member.category,
                country=member.country,
            )
        )
    return [f"{len(new)} attendance entries"] if new else []


async def _feedback(db: Session, row: Meeting, entry: MeetingEntry, members: Mapping[str, Member]) -> list[str]:
    """Add answers without names in random order, and flags without answers; only where there are none yet."""
    if not entry.ratings or await db.scalar(select(FeedbackFlag.id).where(FeedbackFlag.meeting_id == row.id).limit(1)):
        return []
    came = [code for code, state in entry.attendance.items() if state in ("attended", "partial")]
    for code in came:
        state = "sent" if code in entry.answered else "declined"  # its time is over: nobody is asked again
        db.add(FeedbackFlag(meeting_id=row.id, member_id=members[code].id, state=state))
    for answers in random.SystemRandom().sample(entry.ratings, len(entry.ratings)):
        db.add(FeedbackAnswer(meeting_id=row.id, answers=dict(answers)))
    return [f"{len(entry.ratings)} feedback answers"]


async def _memo(db: Session, row: Meeting, entry: MemoEntry, members: Mapping[str, Member]) -> list[str]:
    known = await db.scalar(select(Document.id).where(Document.meeting_id == row.id, Document.kind == "memo"))
    if known is not None:
        return []
    asked = select(Invitation.member_id).where(Invitation.meeting_id == row.id, Invitation.delivered.is_(True))
    readers = list(await db.scalars(asked))
    memo = Document(
        kind="memo",
        meeting_id=row.id,
        title=entry.title,
        state="acknowledged_closed",
        distributed_at=entry.distributed,
        recipients=len(readers),
    )
    db.add(memo)
    await db.flush()
    db.add_all(MemoReader(document_id=memo.id, member_id=each, added_at=entry.distributed) for each in readers)
    for code, days in entry.acknowledged.items():
        at = entry.distributed + timedelta(days=days)
        db.add(Acknowledgment(document_id=memo.id, member_id=members[code].id, at=at))
    return ["memo"]
