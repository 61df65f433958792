"""Who did what and when; never content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session


class AuditEntry(OfCommunity, Base):
    """One act of a person or of the system."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), index=True)
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60), default="")


def note(db: Session, at: datetime, member_id: int | None, act: str, subject: str = "") -> None:
    """Write an audit entry in the current transaction."""
    db.add(AuditEntry(at=at, member_id=member_id, act=act, subject=subject))
