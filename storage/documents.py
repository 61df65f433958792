"""Documents and acknowledgments: for now what the history of memos needs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key


class Document(OfCommunity, Base):
    """A memo or publication; `state` as in the domain, `distributed_at` when it went to its list."""

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    kind: Mapped[str] = mapped_column(String(20))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(20))
    distributed_at: Mapped[datetime | None]
    recipients: Mapped[int] = mapped_column(default=0)


class Acknowledgment(OfCommunity, Base):
    """A member's "I have read it"; not agreement."""

    __tablename__ = "acknowledgment"
    __table_args__ = (UniqueConstraint("document_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
