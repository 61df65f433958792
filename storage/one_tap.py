"""Questions answered with one tap and kept without a name: why somebody was absent, whether something was used.

Only totals are kept, beside a mark that somebody has answered; nothing links the two (domain 5.1).
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity

QUESTIONS = {"absent": ("clash", "topic", "tech", "travel", "other"), "used": ("yes", "not_yet", "no")}


class OneTapTotal(OfCommunity, Base):
    """How often one answer was given to one question about a meeting."""

    __tablename__ = "one_tap_total"
    __table_args__ = (UniqueConstraint("meeting_id", "question", "answer"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(12))
    answer: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(default=0)


class OneTapAsk(OfCommunity, Base):
    """That a member was asked, and whether they have answered."""

    __tablename__ = "one_tap_ask"
    __table_args__ = (UniqueConstraint("meeting_id", "question", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(12))
    answered: Mapped[bool] = mapped_column(default=False)
