"""What people need for a meeting in person: visa letter, diet, access. Organisers only, with a consent of its own.

Answers can reveal health or belief: they are deleted 14 days after the meeting (domain 3.3, 3.7) and reach no log.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity

DIETS = ("none", "vegetarian", "vegan", "halal", "kosher")


class Need(OfCommunity, Base):
    """What one person needs for one meeting; consent is what the row rests on."""

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
