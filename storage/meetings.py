"""Meetings, invitations with their replies, and attendance. Invariants of replies live here, in one transaction."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.communities import Community
from storage.database import Base, OfCommunity, Session, new_key, own

MEETING_STATES = ("draft", "scheduled", "inviting", "closed", "live", "held", "memo_issued", "archived", "cancelled")
HELD = ("held", "memo_issued", "archived")
REPLIES = ("none", "yes", "no", "maybe", "waitlisted", "delegated", "asked", "reconfirm", "refused")
"""`delegated`: a colleague comes instead; `asked`: a yes after the deadline, which the organisers decide about;
`reconfirm`: a yes to a time that was changed since; `refused`: the organisers could not give a seat."""
COMING = ("yes", "delegated", "reconfirm")
"""Replies that hold a seat; so does an open offer (`waitlisted` with `offer_until` ahead)."""
MODES = ("room", "online")
"""How somebody takes part in a hybrid meeting; "" in any other."""


class Meeting(OfCommunity, Base):
    """A dated gathering with theme, region, format and rule."""

    __tablename__ = "meeting"
    __table_args__ = (UniqueConstraint("community_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    code: Mapped[str] = mapped_column(String(20))
    """Short name people use, for example `M6`."""
    kind: Mapped[str] = mapped_column(String(20), default="meeting")
    title: Mapped[str] = mapped_column(String(120))
    theme: Mapped[str] = mapped_column(String(120), default="")
    region: Mapped[str] = mapped_column(String(60), default="")
    format: Mapped[str] = mapped_column(String(20), default="online")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(String(64))
    """IANA zone of the host; the wall time in it is what was agreed."""
    place: Mapped[str] = mapped_column(String(200), default="")
    join_link: Mapped[str] = mapped_column(String(500), default="")
    passcode: Mapped[str] = mapped_column(String(40), default="")
    agenda_link: Mapped[str] = mapped_column(String(500), default="")
    rsvp_deadline: Mapped[datetime]
    chatham_house: Mapped[bool] = mapped_column(default=True)
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Who it is for, see `storage/audience.py`; empty means all active members."""
    announce: Mapped[bool] = mapped_column(default=True)
    """Whether a card with counts goes to the members' channels."""
    state: Mapped[str] = mapped_column(String(20), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    """Counts changes of time, place and state; the calendar file's SEQUENCE and the `rev` of card buttons."""
    seats: Mapped[int | None]
    """People who fit: in the room, or online; none = any number."""
    seats_online: Mapped[int | None]
    """Hybrid: people who fit online; none = any number."""
    per_organisation: Mapped[int | None]
    """Seats one organisation may take; none = any number."""
    guests: Mapped[int] = mapped_column(default=0)
    """Guests one person may bring; each takes a seat."""
    online_deadline: Mapped[datetime | None]
    """Hybrid: until when one may reply for online; `rsvp_deadline` is then the room's."""
    schedule: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Rows of the schedule that differ from the community's, see `handlers/_schedule.py`."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Texts nobody asks the database about: `map_link`, `phone`, `pack_link`, `profile` (who is sought), `moved_from`
    (the start before the last change, ISO 8601 UTC), `reason` (of the last move or the cancellation)."""
    checkin_code: Mapped[str] = mapped_column(String(8), default="")
    """Code of the day, shown in the room."""
    series_id: Mapped[int | None]
    """The series it belongs to; no foreign key, because SQLite cannot add one to a table."""
    occurrence: Mapped[datetime | None]
    """Its place in the series: the start the rule gives, also after this one meeting was moved."""
    changed_by: Mapped[int | None]
    """Id of the member who changed it last."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))


class Invitation(OfCommunity, Base):
    """One offer to one member and the member's reply, which is one per meeting across both platforms."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    invited_at: Mapped[datetime | None]
    delivered: Mapped[bool] = mapped_column(default=False)
    """Whether a platform accepted the invitation (indicators divide by this)."""
    reply: Mapped[str] = mapped_column(String(12), default="none")
    replied_at: Mapped[datetime | None]
    """The person's time of the press: an older press never overwrites a newer one (reliability §2.3 point 10)."""
    replied_by: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str] = mapped_column(String(8), default="")
    """Hybrid: `room` or `online`, with any reply that holds or asks for a seat."""
    guests: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime | None]
    """Since when somebody waits or asks; the order of the waiting list."""
    offer_until: Mapped[datetime | None]
    """Until when a free seat is kept for somebody who waits."""
    represents: Mapped[int | None]
    """Id of the member in whose place this delegate comes."""
    note: Mapped[str] = mapped_column(String(200), default="")
    """Why a seat was refused; the member reads it."""


class Attendance(OfCommunity, Base):
    """Whether an invited member took part: `attended`, `partial`, `absent`, `excused`; source tells how we know."""

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(12), default="import")
    category: Mapped[str] = mapped_column(String(40), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    at: Mapped[datetime | None]
    """When somebody checked in or was ticked."""
    mode: Mapped[str] = mapped_column(String(8), default="")


INVITED = ("inviting", "closed", "live")
"""States in which replies and reminders live."""


_BY_KEY = own(select(Meeting).where(Meeting.key == bindparam("key")), Meeting)  # asked for every press, so built once


async def by_key(db: Session, key: str) -> Meeting | None:
    """Find a meeting of this community by the key its buttons carry."""
    if db.batch is not None:
        return await db.batch.once(("meeting", key), lambda: _find(db, key))
    return await _find(db, key)


async def _find(db: Session, key: str) -> Meeting | None:
    """Ask once in a transaction, for all who press one card in it; what the session has read stays as it is anyway."""
    known: dict[tuple[int, str], Meeting] = db.sync_session.info.setdefault("meetings", {})
    found = known.get((db.community_id, key))
    if found is None or found not in db:
        found = (await db.scalars(_BY_KEY, {"key": key, "own": db.community_id})).one_or_none()
        if found is not None:
            known[db.community_id, key] = found
    return found


async def lock(db: Session, key: str) -> Meeting | None:
    """Find a meeting and hold it until the end of the transaction, so that two senders come one after the other."""
    found = await db.scalars(
        select(Meeting).where(Meeting.key == key).with_for_update().execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def all_meetings(db: Session) -> list[Meeting]:
    """Give every meeting, latest first."""
    return list(await db.scalars(select(Meeting).order_by(Meeting.starts_at.desc(), Meeting.id.desc())))


async def coming(db: Session, now: datetime) -> list[Meeting]:
    """Give the meetings that are announced and not over, next first."""
    return list(
        await db.scalars(
            select(Meeting)
            .where(Meeting.state.in_(INVITED), Meeting.ends_at > now)
            .order_by(Meeting.starts_at, Meeting.id)
        )
    )


async def next_code(db: Session) -> str:
    """Give the next free short name, `M7` after `M6`; organisers who save at once wait for each other."""
    await db.execute(select(Community.id).where(Community.id == db.community_id).with_for_update())
    codes = await db.scalars(select(Meeting.code))
    numbers = [int(each[1:]) for each in codes if re.fullmatch(r"M\d{1,9}", each)]
    return f"M{max(numbers, default=0) + 1}"


async def regions(db: Session) -> list[str]:
    """Give the regions used so far, in alphabetical order."""
    return sorted(each for each in await db.scalars(select(Meeting.region).distinct()) if each)


async def same_topic(db: Session, theme: str, region: str, but: str) -> Meeting | None:
    """Find another meeting with this theme and region: each should have a pair of its own (domain A10)."""
    found = await db.scalars(
        select(Meeting)
        .where(
            func.lower(Meeting.theme) == theme.lower(),
            func.lower(Meeting.region) == region.lower(),
            Meeting.key != but,
            Meeting.state != "cancelled",
        )
        .order_by(Meeting.starts_at)
        .limit(1)
    )
    return found.one_or_none()
