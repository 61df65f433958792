"""Personal calendar addresses: whoever has one sees that member's meetings, until it is revoked."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.audience import AGREED
from storage.database import Base, OfCommunity, Session
from storage.meetings import HELD, INVITED, Invitation, Meeting
from storage.members import Member

TOKEN_BYTES = 24
KEPT = timedelta(days=60)
"""How long after its end a meeting stays in a feed."""
ABSENT = ("no", "delegated", "refused")
"""Replies of people who do not come themselves: the meeting is not in their calendar."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


class FeedLink(OfCommunity, Base):
    """One address of a member; only the SHA-256 of its token is kept."""

    __tablename__ = "feed_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def fingerprint(token: str) -> str:
    """Give the SHA-256 under which a token is known, in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


async def current(db: Session, member: Member) -> FeedLink | None:
    """Give the link of a member that works now."""
    found = await db.scalars(
        select(FeedLink).where(FeedLink.member_id == member.id, FeedLink.revoked_at.is_(None)).limit(1)
    )
    return found.one_or_none()


async def issue(db: Session, member: Member, now: datetime) -> str:
    """Make a token of 192 bits for a member and give it; it is shown once and not kept. The older link ends.

    The member's row is held meanwhile, so that two presses at once leave one link that works.
    """
    await db.execute(select(Member.id).where(Member.id == member.id).with_for_update())
    await revoke(db, member, now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    db.add(FeedLink(member_id=member.id, token_hash=fingerprint(token), created_at=now))
    await db.flush()
    return token


async def revoke(db: Session, member: Member, now: datetime) -> bool:
    """End the link of a member; false when there was none."""
    ended = await db.execute(
        update(FeedLink)
        .where(FeedLink.member_id == member.id, FeedLink.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(FeedLink.id)
    )
    return bool(ended.all())


async def find(db: Session, token: str) -> tuple[int, int] | None:
    """Give community and member id of a token, in an unscoped session.

    None for what is revoked, made up, or of somebody who has left or was erased; all take one question.
    """
    known = fingerprint(token) if _TOKEN.fullmatch(token) else ""
    found = await db.execute(
        select(FeedLink.community_id, FeedLink.member_id)
        .join(Member, Member.id == FeedLink.member_id)
        .where(FeedLink.token_hash == known, FeedLink.revoked_at.is_(None), Member.state.in_(AGREED))
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def meetings(db: Session, member: Member, now: datetime) -> list[tuple[Meeting, Invitation]]:
    """Give what stands in a member's calendar: what they were asked to and did not refuse, up to 60 days back.

    An invitation that is not due yet stays out, unless the member has replied already from a channel.
    """
    found = await db.execute(
        select(Meeting, Invitation)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.withdrawn.is_(False),
            Invitation.reply.not_in(ABSENT),
            or_(Invitation.reply != "none", Invitation.invited_at <= now),
            Meeting.state.in_((*INVITED, *HELD, "cancelled")),
            Meeting.ends_at > now - KEPT,
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return [(meeting, invitation) for meeting, invitation in found]
