"""Questions and examples for the agenda, kept without the name of who sent them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity
from storage.feedback import random_id

MOST = 600
"""Characters of one question."""


class AgendaQuestion(OfCommunity, Base):
    """One question; its random id tells nothing about when it came."""

    __tablename__ = "agenda_question"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(String(MOST))
