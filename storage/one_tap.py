"""Questions answered with one tap and kept without a name: why somebody was absent, whether something was used.

Only totals are kept, beside a mark that somebody has answered; nothing links the two (domain 5.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ForeignKey, String, UniqueConstraint, case, select, update
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session
from storage.meetings import Meeting
from storage.members import Member
from storage.sharing import add_all_once

QUESTIONS = {"absent": ("clash", "topic", "tech", "travel", "other"), "used": ("yes", "not_yet", "no")}
SHOWN_FROM = 5
"""Totals of fewer answers could point at people; they are not shown (domain 5.1)."""


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


async def ask(db: Session, meeting: Meeting, question: str, members: Iterable[Member]) -> None:
    """Note who may answer, all at once so that the rows have no order of their own; known ones stay as they are.

    Call it with everybody the question is for when it is planned.
    """
    shared = {"community_id": db.community_id, "meeting_id": meeting.id, "question": question}
    people = sorted({each.id for each in members})
    await add_all_once(db, OneTapAsk, [shared | {"member_id": each, "answered": False} for each in people])
    await add_all_once(db, OneTapTotal, [shared | {"answer": each, "number": 0} for each in QUESTIONS[question]])


async def asked(db: Session, meeting: Meeting, question: str, member: Member) -> bool | None:
    """Tell whether a member has answered; none if they were not asked."""
    found = await db.execute(
        select(OneTapAsk.answered).where(
            OneTapAsk.meeting_id == meeting.id, OneTapAsk.question == question, OneTapAsk.member_id == member.id
        )
    )
    return found.scalar_one_or_none()


async def answer(db: Session, meeting: Meeting, question: str, member: Member, choice: str) -> bool:
    """Count an answer; false if the member was not asked or has answered before. Raise `ValueError` for no such one.

    All marks and all totals of the question are written anew in one statement each, so that no row version tells
    whose mark and which total changed together (reliability §5.6d).
    """
    if choice not in QUESTIONS[question]:
        raise ValueError("no such answer")
    await db.execute(select(Meeting.id).where(Meeting.id == meeting.id).with_for_update())
    if await asked(db, meeting, question, member) is not False:
        return False
    marked = case((OneTapAsk.member_id == member.id, True), else_=OneTapAsk.answered)
    await db.execute(
        update(OneTapAsk)
        .where(OneTapAsk.meeting_id == meeting.id, OneTapAsk.question == question)
        .values(answered=marked)
        .execution_options(synchronize_session=False)
    )
    counted = case((OneTapTotal.answer == choice, OneTapTotal.number + 1), else_=OneTapTotal.number)
    await db.execute(
        update(OneTapTotal)
        .where(OneTapTotal.meeting_id == meeting.id, OneTapTotal.question == question)
        .values(number=counted)
        .execution_options(synchronize_session=False)
    )
    return True


async def totals(db: Session, meeting: Meeting, question: str) -> dict[str, int]:
    """Count the answers to a question, in its own order; empty below five."""
    found = await db.execute(
        select(OneTapTotal.answer, OneTapTotal.number).where(
            OneTapTotal.meeting_id == meeting.id, OneTapTotal.question == question
        )
    )
    counted: dict[str, int] = dict(found.all())
    if sum(counted.values()) < SHOWN_FROM:
        return {}
    return {each: counted.get(each, 0) for each in QUESTIONS[question]}


async def open_for(db: Session, member: Member) -> Sequence[tuple[Meeting, str]]:
    """Give the meetings and questions a member was asked and has not answered, oldest first."""
    found = await db.execute(
        select(Meeting, OneTapAsk.question)
        .join(OneTapAsk, OneTapAsk.meeting_id == Meeting.id)
        .where(OneTapAsk.member_id == member.id, OneTapAsk.answered.is_(False))
        .order_by(Meeting.ends_at, OneTapAsk.question)
    )
    return [(meeting, question) for meeting, question in found]
