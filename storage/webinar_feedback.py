"""Feedback on webinars: the same tables as for meetings, written by the same functions (`storage/feedback.py`)."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity


def random_id() -> str:
    """Make a 128-bit id in hexadecimal; rows sorted by it have no order of arrival."""
    return secrets.token_hex(16)


class WebinarAnswer(OfCommunity, Base):
    """One person's ratings of one webinar: field id to value."""

    __tablename__ = "webinar_answer"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class WebinarComment(OfCommunity, Base):
    """A comment, kept apart from the ratings; organisers only."""

    __tablename__ = "webinar_comment"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(Text)


class WebinarFlag(OfCommunity, Base):
    """Whether somebody was asked and has `asked`, `declined` or `sent`, and `commented`; never what."""

    __tablename__ = "webinar_flag"
    __table_args__ = (UniqueConstraint("webinar_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(12), default="asked")
    commented: Mapped[bool] = mapped_column(default=False)
