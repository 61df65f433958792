"""Acts around a seat: leave it to the next, wait again, ask after the deadline; organisers give, refuse and withdraw.

Every act holds the meeting and the invitation first, and an older press never undoes a newer one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from storage import seats
from storage.database import Session
from storage.invitations import closed, held
from storage.meetings import Invitation, Meeting
from storage.members import Member, Organisation
from storage.sharing import add_once


def _older(invitation: Invitation, at: datetime) -> bool:
    replied = invitation.replied_at
    return replied is not None and at.replace(microsecond=0) < replied.replace(microsecond=0)


async def pass_on(db: Session, meeting: Meeting, member: Member, at: datetime, now: datetime) -> bool:
    """Leave an offered seat to the next person and go to the end of the list; false if there was no offer."""
    row = await held(db, meeting, member)
    if row is None or row.withdrawn or not seats.offered(row, now) or _older(row, at):
        return False
    row.offer_until, row.replied_at, row.replied_by = None, at, member.id
    row.queued_at = seats.after(row, now)
    await db.flush()
    return True


async def join(db: Session, meeting: Meeting, member: Member, at: datetime) -> bool:
    """Wait after the organisers could not give a seat, at the end of the list; false if that is not so any more."""
    row = await held(db, meeting, member)
    if row is None or row.withdrawn or row.reply != "refused" or closed(meeting, at) or _older(row, at):
        return False
    row.reply, row.queued_at, row.offer_until, row.note = "waitlisted", at, None, ""
    row.replied_at, row.replied_by = at, member.id
    await db.flush()
    return True


async def ask(db: Session, meeting: Meeting, member: Member, at: datetime) -> bool:
    """Ask for a seat without an invitation; false if there is an invitation or nothing can be asked any more."""
    await seats.lock(db, meeting)
    if closed(meeting, at) or meeting.state not in seats.OPEN_STATES:
        return False
    mode = seats.mode_of(meeting, "")
    if mode and seats.late(meeting, mode, at):
        mode = seats.ONLINE
    return await add_once(db, Invitation, {
        "community_id": db.community_id, "meeting_id": meeting.id, "member_id": member.id, "delivered": False,
        "reply": "asked", "replied_at": at, "replied_by": member.id, "withdrawn": False, "mode": mode, "guests": 0,
        "queued_at": at, "note": "",
    })  # fmt: skip


async def give(db: Session, meeting: Meeting, member: Member, by: Member, now: datetime) -> str:
    """Give a seat to somebody who asks or waits, also beyond the limit of their organisation.

    Give "" when it is done, else why not: `decided` (they neither ask nor wait any more), `full`, `started`.
    """
    row = await held(db, meeting, member)
    if row is None or row.withdrawn or row.reply not in ("asked", "waitlisted", "refused"):
        return "decided"
    if closed(meeting, now):
        return "started"
    room = await seats.room_for(db, meeting, member, row.mode, now)
    if not room.fits(1 + row.guests, organisation=False):
        return "full"
    row.reply, row.queued_at, row.offer_until, row.note = "yes", None, None, ""
    row.mode = seats.mode_of(meeting, row.mode)
    row.replied_at, row.replied_by, row.invited_at = now, by.id, row.invited_at or now
    await db.flush()
    return ""


async def refuse(db: Session, meeting: Meeting, member: Member, by: Member, reason: str, now: datetime) -> bool:
    """Refuse a seat to somebody who asks, with a reason of at most 200 characters that they read."""
    row = await held(db, meeting, member)
    if row is None or row.withdrawn or row.reply != "asked":
        return False
    row.reply, row.note, row.queued_at = "refused", reason[:200], None
    row.replied_at, row.replied_by = now, by.id
    await db.flush()
    return True


async def withdraw(db: Session, meeting: Meeting, member: Member) -> bool:
    """Take an invitation back; what was replied stays in the row but holds no seat. False if there is none."""
    row = await held(db, meeting, member)
    if row is None or row.withdrawn:
        return False
    row.withdrawn, row.offer_until = True, None
    await db.flush()
    return True


async def asking(db: Session, meeting: Meeting) -> list[tuple[Invitation, Member, str]]:
    """Give those who ask for a seat, the first one first, with the name of their organisation."""
    found = await db.execute(
        select(Invitation, Member, Organisation.name)
        .join(Member, Member.id == Invitation.member_id)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Invitation.reply == "asked")
        .order_by(Invitation.queued_at, Invitation.id)
    )
    return [(invitation, member, name or "") for invitation, member, name in found]
