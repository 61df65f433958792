"""Delegates: a colleague of the same organisation who comes instead, after their own consent (domain 2, 3.2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, new_key

STATES = ("invited", "agreed", "refused", "lapsed", "taken_back")


class Delegation(OfCommunity, Base):
    """One seat handed to a colleague: by whom, to whom, until when it can be taken."""

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Whose seat it is."""
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(12), default="invited")
    until: Mapped[datetime]
    created_at: Mapped[datetime]
    before: Mapped[str] = mapped_column(String(12), default="none")
    """The member's reply before; it comes back if the delegate does not come."""
