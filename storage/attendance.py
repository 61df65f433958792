"""Who took part: check-in by button or code, the moderator's ticks, an imported list; one person counts once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity

STATES = ("attended", "partial", "absent", "excused")
SOURCES = ("self", "moderator", "import")


class CodeTry(OfCommunity, Base):
    """Wrong codes of the day somebody has typed for a meeting, so that codes cannot be guessed."""

    __tablename__ = "code_try"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    wrong: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
