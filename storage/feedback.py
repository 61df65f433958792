"""Feedback without names: answers with random ids only, comments apart, and a flag that says "answered".

Answers carry no time, order, platform or language, so that nothing links them to the flag (reliability §5.2).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.attendance import attended
from storage.database import Base, OfCommunity, Session
from storage.meetings import Meeting
from storage.members import Member


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


RATINGS = ("F1", "F2", "F3", "F4", "F5", "F6", "F7")
SHOWN_FROM = 5
"""Totals of fewer answers could point at people; they are not shown (domain 5.1, reliability §5.5)."""


async def ask(db: Session, meeting: Meeting, members: Iterable[Member]) -> list[Member]:
    """Note who may answer and give those who were not asked before; the others keep their flag."""
    known = set(await db.scalars(select(FeedbackFlag.member_id).where(FeedbackFlag.meeting_id == meeting.id)))
    fresh = [each for each in members if each.id not in known]
    db.add_all([FeedbackFlag(meeting_id=meeting.id, member_id=each.id, state="asked") for each in fresh])
    await db.flush()
    return fresh


async def flag(db: Session, meeting: Meeting, member: Member) -> FeedbackFlag | None:
    """Give the flag of a member: may they answer, have they?"""
    found = await db.scalars(
        select(FeedbackFlag)
        .where(FeedbackFlag.meeting_id == meeting.id, FeedbackFlag.member_id == member.id)
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def silent(db: Session, meeting: Meeting) -> list[Member]:
    """Give those who were asked, took part as far as is known, and have neither answered nor declined."""
    flags = select(FeedbackFlag.member_id).where(
        FeedbackFlag.meeting_id == meeting.id, FeedbackFlag.state.in_(("asked", "later"))
    )
    waiting = set(await db.scalars(flags))
    return [each for each in await attended(db, meeting) if each.id in waiting]


async def open_for(db: Session, member: Member) -> list[Meeting]:
    """Give the meetings a member was asked about and has neither answered nor declined, oldest first."""
    return list(
        await db.scalars(
            select(Meeting)
            .join(FeedbackFlag, FeedbackFlag.meeting_id == Meeting.id)
            .where(FeedbackFlag.member_id == member.id, FeedbackFlag.state.in_(("asked", "later")))
            .order_by(Meeting.ends_at)
        )
    )


async def send(db: Session, meeting: Meeting, member: Member, answers: dict[str, str], comment: str = "") -> bool:
    """Store one set of answers; false if the member may not answer, or has answered before.

    Nothing links answers to the flag: all answers of the meeting are written anew in random order, and all its flags
    in one statement, so that neither row order nor transaction marks tell who wrote what (reliability §5.2, §5.6d).
    """
    if not await _flip(db, meeting, member, "sent"):
        return False
    table = await db.scalars(select(FeedbackAnswer.answers).where(FeedbackAnswer.meeting_id == meeting.id))
    everybody = [*table, {key: answers[key] for key in RATINGS if answers.get(key)}]
    await db.execute(delete(FeedbackAnswer).where(FeedbackAnswer.meeting_id == meeting.id))
    await db.execute(
        insert(FeedbackAnswer),
        [
            {"community_id": db.community_id, "meeting_id": meeting.id, "id": identity, "answers": given}
            for identity, given in zip(sorted(random_id() for _ in everybody), _shuffled(everybody), strict=True)
        ],
    )
    if comment:
        await add_comment(db, meeting, member, comment)
    return True


async def decline(db: Session, meeting: Meeting, member: Member, state: str) -> bool:
    """Note `declined` or `later`; false if the member was not asked or has answered already."""
    return await _flip(db, meeting, member, state)


async def add_comment(db: Session, meeting: Meeting, member: Member, body: str) -> bool:
    """Store a comment apart from the ratings; once, and only after the answers were sent."""
    await db.execute(select(Meeting.id).where(Meeting.id == meeting.id).with_for_update())
    mine = await flag(db, meeting, member)
    if mine is None or mine.state != "sent" or mine.commented:
        return False
    await db.execute(
        update(FeedbackFlag)
        .where(FeedbackFlag.meeting_id == meeting.id)
        .values(commented=case((FeedbackFlag.member_id == member.id, True), else_=FeedbackFlag.commented))
        .execution_options(synchronize_session=False)
    )
    bodies = [*await db.scalars(select(FeedbackComment.body).where(FeedbackComment.meeting_id == meeting.id)), body]
    await db.execute(delete(FeedbackComment).where(FeedbackComment.meeting_id == meeting.id))
    await db.execute(
        insert(FeedbackComment),
        [
            {"community_id": db.community_id, "meeting_id": meeting.id, "id": identity, "body": each}
            for identity, each in zip(sorted(random_id() for _ in bodies), _shuffled(bodies), strict=True)
        ],
    )
    return True


async def asked(db: Session, meeting: Meeting) -> int:
    """Count those who may answer."""
    found = await db.scalar(select(func.count()).select_from(FeedbackFlag).where(FeedbackFlag.meeting_id == meeting.id))
    return found or 0


async def answered(db: Session, meeting: Meeting) -> int:
    """Count the answers of a meeting."""
    found = await db.scalar(
        select(func.count()).select_from(FeedbackAnswer).where(FeedbackAnswer.meeting_id == meeting.id)
    )
    return found or 0


async def totals(db: Session, meeting: Meeting) -> dict[str, Counter[str]]:
    """Count how often each value was given to each question; empty below five answers."""
    rows = list(await db.scalars(select(FeedbackAnswer.answers).where(FeedbackAnswer.meeting_id == meeting.id)))
    if len(rows) < SHOWN_FROM:
        return {}
    return {key: Counter(str(each[key]) for each in rows if each.get(key)) for key in RATINGS}


async def comments(db: Session, meeting: Meeting) -> list[str]:
    """Give the comments in an order that means nothing."""
    return list(
        await db.scalars(
            select(FeedbackComment.body).where(FeedbackComment.meeting_id == meeting.id).order_by(FeedbackComment.id)
        )
    )


async def _flip(db: Session, meeting: Meeting, member: Member, state: str) -> bool:
    await db.execute(select(Meeting.id).where(Meeting.id == meeting.id).with_for_update())
    row = await db.execute(
        select(FeedbackFlag.state).where(FeedbackFlag.meeting_id == meeting.id, FeedbackFlag.member_id == member.id)
    )
    now = row.scalar_one_or_none()
    if now is None or now == "sent":
        return False
    await db.execute(
        update(FeedbackFlag)
        .where(FeedbackFlag.meeting_id == meeting.id)
        .values(state=case((FeedbackFlag.member_id == member.id, state), else_=FeedbackFlag.state))
        .execution_options(synchronize_session=False)
    )
    return True


def _shuffled(values: list[Any]) -> list[Any]:
    mixed = list(values)
    secrets.SystemRandom().shuffle(mixed)
    return mixed
