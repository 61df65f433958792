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
REPLIES = ("none", "yes", "no", "maybe", "waitlisted", "delegated")


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
    """`{"categories": [...]}`; empty means all active members."""
    announce: Mapped[bool] = mapped_column(default=True)
    """Whether a card with counts goes to the members' channels."""
    state: Mapped[str] = mapped_column(String(20), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    """Counts changes; the calendar file's SEQUENCE and the `rev` of card buttons."""
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
