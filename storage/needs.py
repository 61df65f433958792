"""What people need for a meeting in person: visa letter, diet, access. Organisers only, with a consent of its own.

Answers can reveal health or belief: they are deleted 14 days after the meeting (domain 3.3, 3.7) and reach no log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, delete, exists, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session
from storage.meetings import Invitation, Meeting
from storage.members import Member

DIETS = ("none", "vegetarian", "vegan", "halal", "kosher")
OTHER = "other"
"""Key under which `totals` counts diets in the person's own words."""
DIET_MAX, ACCESS_MAX, EMERGENCY_MAX = 200, 300, 120
KEPT = timedelta(days=14)
"""How long after the end of a meeting needs are kept (domain 3.3)."""
THERE = ("yes", "reconfirm")
"""Replies of people who come themselves; somebody who sends a delegate needs nothing."""


class Need(OfCommunity, Base):
    """What one person needs for one meeting; consent is what the row rests on.

    An empty row says that somebody was asked and needs nothing.
    """

    __tablename__ = "need"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    visa_letter: Mapped[bool] = mapped_column(default=False)
    diet: Mapped[str] = mapped_column(String(200), default="")
    """One of `DIETS` or the person's own words."""
    access: Mapped[str] = mapped_column(String(300), default="")
    emergency: Mapped[str] = mapped_column(String(120), default="")
    consented_at: Mapped[datetime]
    delete_on: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Given:
    """Be what somebody told; None leaves what they told before as it is."""

    visa_letter: bool | None = None
    diet: str | None = None
    access: str | None = None
    emergency: str | None = None


def delete_on(meeting: Meeting) -> datetime:
    """Give the moment (UTC) from which the needs of a meeting are gone."""
    return meeting.ends_at + KEPT


def entitled(meeting: Meeting, invitation: Invitation | None) -> bool:
    """Tell whether somebody is asked for needs: they come to the room themselves and hold a seat."""
    return (
        invitation is not None
        and meeting.format != "online"
        and not invitation.withdrawn
        and invitation.mode != "online"
        and invitation.reply in THERE
    )


def _there() -> ColumnElement[bool]:
    """Narrow needs to people who still come to the room; whoever does not is never shown to anybody."""
    return exists().where(
        Invitation.meeting_id == Need.meeting_id,
        Invitation.member_id == Need.member_id,
        Invitation.withdrawn.is_(False),
        Invitation.mode != "online",
        Invitation.reply.in_(THERE),
    )


async def find(db: Session, meeting: Meeting, member: Member) -> Need | None:
    """Give what a member told about a meeting."""
    found = await db.scalars(select(Need).where(Need.meeting_id == meeting.id, Need.member_id == member.id))
    return found.one_or_none()


async def save(db: Session, meeting: Meeting, member: Member, given: Given, now: datetime) -> Need:
    """Keep what a member agreed to tell, until `delete_on`."""
    row = await find(db, meeting, member)
    if row is None:
        row = Need(meeting_id=meeting.id, member_id=member.id, visa_letter=False, diet="", access="", emergency="")
        db.add(row)
    for name in ("visa_letter", "diet", "access", "emergency"):
        if (value := getattr(given, name)) is not None:
            setattr(row, name, value)
    row.consented_at, row.delete_on = now, delete_on(meeting)
    await db.flush()
    return row


async def forget(db: Session, meeting: Meeting, member: Member) -> bool:
    """Delete what a member told about a meeting: at their wish, or because they do not come; tell if there was any."""
    gone = delete(Need).where(Need.meeting_id == meeting.id, Need.member_id == member.id).returning(Need.id)
    return (await db.scalars(gone.execution_options(synchronize_session="fetch"))).first() is not None


async def totals(db: Session, meeting: Meeting) -> dict[str, int]:
    """Count the diets of those who come, without names: keys of `DIETS` and `OTHER` for own words; "" is left out."""
    found = await db.execute(
        select(Need.diet, func.count())
        .where(Need.meeting_id == meeting.id, Need.diet != "", _there())
        .group_by(Need.diet)
    )
    counted: dict[str, int] = {}
    for diet, people in found:
        key = diet if diet in DIETS else OTHER
        counted[key] = counted.get(key, 0) + people
    return {key: counted[key] for key in (*DIETS, OTHER) if key in counted}


async def own_diets(db: Session, meeting: Meeting) -> list[str]:
    """Give the diets told in own words, in alphabetical order and without names."""
    asked = select(Need.diet).where(Need.meeting_id == meeting.id, Need.diet.not_in(("", *DIETS)), _there())
    return sorted(await db.scalars(asked))


async def visa(db: Session, meeting: Meeting) -> list[Member]:
    """Give those who come and asked for a visa support letter, by name."""
    asked = select(Member).join(Need, Need.member_id == Member.id)
    asked = asked.where(Need.meeting_id == meeting.id, Need.visa_letter.is_(True), _there())
    return list(await db.scalars(asked.order_by(Member.name, Member.id)))


async def texts(db: Session, meeting: Meeting) -> list[tuple[Member, Need]]:
    """Give those who come and told access needs or an emergency contact, by name, with what they told."""
    asked = select(Member, Need).join(Need, Need.member_id == Member.id)
    asked = asked.where(Need.meeting_id == meeting.id, or_(Need.access != "", Need.emergency != ""), _there())
    return [(member, need) for member, need in await db.execute(asked.order_by(Member.name, Member.id))]


async def told(db: Session, member: Member) -> set[int]:
    """Give the ids of the meetings a member has told their needs for, or that they need nothing."""
    return set(await db.scalars(select(Need.meeting_id).where(Need.member_id == member.id)))


async def letters(db: Session, meetings: Iterable[int]) -> dict[int, int]:
    """Count who asked for a visa letter, for several meetings in one question, by meeting id."""
    found = await db.execute(
        select(Need.meeting_id, func.count())
        .where(Need.meeting_id.in_(list(meetings)), Need.visa_letter.is_(True), _there())
        .group_by(Need.meeting_id)
    )
    return dict(found.all())


def outlived(now: datetime) -> ColumnElement[bool]:
    """Say which needs nobody may keep any more: past the date people agreed to, or of people who do not come.

    A meeting that was moved to an earlier day moves the date too; one moved to a later day does not.
    """
    over = select(Meeting.id).where(Meeting.ends_at <= now - KEPT)
    return or_(Need.delete_on <= now, Need.meeting_id.in_(over), ~_there())
