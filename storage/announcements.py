"""Announcements: free text of the organisers to an audience and to channels, with languages, schedule and report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session, new_key

STATES = ("draft", "planned", "sent", "retracted")


class Announcement(OfCommunity, Base):
    """One text in one or more languages; a reader gets theirs, else the community's."""

    __tablename__ = "announcement"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    texts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    links: Mapped[list[str]] = mapped_column(JSON, default=list)
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    private: Mapped[bool] = mapped_column(default=True)
    """Whether it goes to the members of the audience; channels alone otherwise."""
    channels: Mapped[list[int]] = mapped_column(JSON, default=list)
    confirm: Mapped[bool] = mapped_column(default=False)
    """Whether readers are asked for "I have read it"."""
    state: Mapped[str] = mapped_column(String(12), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    send_at: Mapped[datetime | None]
    """A moment; none = now, or by `rule`."""
    rule: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Relative to a meeting: `{"meeting": key, "days": -3}`; follows the meeting when it moves."""
    corrected_at: Mapped[datetime | None]
    retracted_at: Mapped[datetime | None]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]


class AnnouncementRead(OfCommunity, Base):
    """A member's "I have read it" of an announcement."""

    __tablename__ = "announcement_read"
    __table_args__ = (UniqueConstraint("announcement_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcement.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]


async def by_key(db: Session, key: str) -> Announcement | None:
    """Find an announcement of this community by the key its buttons carry."""
    return (await db.scalars(select(Announcement).where(Announcement.key == key))).one_or_none()


async def lock(db: Session, key: str) -> Announcement | None:
    """Find an announcement and hold its row until the end of the transaction."""
    asked = select(Announcement).where(Announcement.key == key).with_for_update()
    return (await db.scalars(asked.execution_options(populate_existing=True))).one_or_none()
