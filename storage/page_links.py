"""One-time links from chat to a page, the session that follows, and who opened what (reliability §5.8, S40)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


class PageLink(OfCommunity, Base):
    """A link to one document for one member; only the SHA-256 of its token is kept. It opens one session, by POST."""

    __tablename__ = "page_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PageSession(OfCommunity, Base):
    """One browser's right to one document until it has been idle or is over; the cookie's SHA-256 alone is kept."""

    __tablename__ = "page_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime]
    used_at: Mapped[datetime]


class AccessEntry(OfCommunity, Base):
    """Who opened which version of a memo, when and how: `opened`, `downloaded`, `sent` (in chat)."""

    __tablename__ = "access_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    version: Mapped[int]
    what: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
