"""Questions and examples for the agenda, kept without the name of who sent them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ForeignKey, String, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session
from storage.feedback import random_id
from storage.meetings import Meeting

MOST = 600
"""Characters of one question."""
OF_MEETING = 200
"""Questions one meeting takes. A limit for each person would have to remember who has asked."""


class AgendaQuestion(OfCommunity, Base):
    """One question; its random id tells nothing about when it came."""

    __tablename__ = "agenda_question"
    __table_args__ = {"sqlite_with_rowid": False}
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(String(MOST))


async def add(db: Session, meeting: Meeting, body: str) -> bool:
    """Keep a question of at most `MOST` characters without a name; false when the meeting has `OF_MEETING` already."""
    if await number(db, meeting) >= OF_MEETING:
        return False
    values = {"id": random_id(), "community_id": db.community_id, "meeting_id": meeting.id, "body": body}
    await db.execute(insert(AgendaQuestion).values(values))
    return True


async def bodies(db: Session, meeting: Meeting) -> list[str]:
    """Give the questions of a meeting in the order of their random ids, which is not the order they came in."""
    asked = select(AgendaQuestion.body).where(AgendaQuestion.meeting_id == meeting.id).order_by(AgendaQuestion.id)
    return list(await db.scalars(asked))


async def number(db: Session, meeting: Meeting) -> int:
    """Count the questions of a meeting."""
    return (await numbers(db, [meeting.id])).get(meeting.id, 0)


async def numbers(db: Session, meetings: Iterable[int]) -> dict[int, int]:
    """Count the questions of several meetings in one question, by meeting id; meetings without any are left out."""
    found = await db.execute(
        select(AgendaQuestion.meeting_id, func.count())
        .where(AgendaQuestion.meeting_id.in_(list(meetings)))
        .group_by(AgendaQuestion.meeting_id)
    )
    return dict(found.all())
