"""Feedback without names: answers with random ids only, comments apart, and a flag that says "answered".

Answers carry no time, order, platform or language, so that nothing links them to the flag (reliability §5.2).
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


def random_id() -> str:
    """Make a 128-bit id in hexadecimal; rows sorted by it have no order of arrival."""
    return secrets.token_hex(16)


class FeedbackAnswer(OfCommunity, Base):
    """One person's ratings of one meeting: field id to value."""

    __tablename__ = "feedback_answer"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class FeedbackComment(OfCommunity, Base):
    """A comment, kept apart from the ratings; organisers only."""

    __tablename__ = "feedback_comment"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(Text)


class FeedbackFlag(OfCommunity, Base):
    """Whether a member was asked and has `asked`, `later`, `declined` or `sent`, and `commented`; never what."""

    __tablename__ = "feedback_flag"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(12), default="asked")
    commented: Mapped[bool] = mapped_column(default=False)
