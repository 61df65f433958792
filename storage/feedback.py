"""Feedback without names: answers with random ids only, comments apart, and a flag that says "answered".

What it is about is a meeting or a webinar, whose rows stand in tables of their own (`storage/webinar_feedback.py`).

Answers carry no time, order, platform or language, so that nothing links them to the flag (reliability §5.2).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    ColumnElement,
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
from storage.webinar_feedback import WebinarAnswer, WebinarComment, WebinarFlag
from storage.webinar_feedback import random_id as random_id
from storage.webinars import Webinar

Subject: TypeAlias = "Meeting | Webinar"


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


def _answers(about: Subject) -> Any:
    return WebinarAnswer if isinstance(about, Webinar) else FeedbackAnswer


def _comments(about: Subject) -> Any:
    return WebinarComment if isinstance(about, Webinar) else FeedbackComment


def _flags(about: Subject) -> Any:
    return WebinarFlag if isinstance(about, Webinar) else FeedbackFlag


def _of(table: Any, about: Subject) -> ColumnElement[bool]:
    """Narrow one of these tables to one meeting or webinar."""
    found: ColumnElement[bool] = getattr(table, _column(about)) == about.id
    return found


def _column(about: Subject) -> str:
    return "webinar_id" if isinstance(about, Webinar) else "meeting_id"


async def _hold(db: Session, about: Subject) -> None:
    """Let those who answer come one after the other until the end of the transaction."""
    table = type(about)
    await db.execute(select(table.id).where(table.id == about.id).with_for_update())


async def ask(db: Session, about: Subject, members: Iterable[Member]) -> list[Member]:
    """Note who may answer and give those who were not asked before; the others keep their flag."""
    flags = _flags(about)
    known = set(await db.scalars(select(flags.member_id).where(_of(flags, about))))
    fresh = [each for each in members if each.id not in known]
    db.add_all([flags(**{_column(about): about.id}, member_id=each.id, state="asked") for each in fresh])
    await db.flush()
    return fresh


async def flag(db: Session, about: Subject, member: Member) -> FeedbackFlag | WebinarFlag | None:
    """Give the flag of a member: may they answer, have they?"""
    flags = _flags(about)
    asked = select(flags).where(_of(flags, about), flags.member_id == member.id)
    found = await db.scalars(asked.execution_options(populate_existing=True))
    mine: FeedbackFlag | WebinarFlag | None = found.one_or_none()
    return mine


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


async def send(db: Session, about: Subject, member: Member, answers: dict[str, str], comment: str = "") -> bool:
    """Store one set of answers; false if the member may not answer, or has answered before.

    Nothing links answers to the flag: all answers of it are written anew in random order, and all its flags
    in one statement, so that neither row order nor transaction marks tell who wrote what (reliability §5.2, §5.6d).
    """
    if not await _flip(db, about, member, "sent"):
        return False
    kept = _answers(about)
    table = await db.scalars(select(kept.answers).where(_of(kept, about)))
    everybody = [*table, {key: answers[key] for key in RATINGS if answers.get(key)}]
    await db.execute(delete(kept).where(_of(kept, about)))
    await db.execute(
        insert(kept),
        [
            {"community_id": db.community_id, _column(about): about.id, "id": identity, "answers": given}
            for identity, given in zip(sorted(random_id() for _ in everybody), _shuffled(everybody), strict=True)
        ],
    )
    if comment:
        await add_comment(db, about, member, comment)
    return True


async def decline(db: Session, about: Subject, member: Member, state: str) -> bool:
    """Note `declined` or `later`; false if the member was not asked or has answered already."""
    return await _flip(db, about, member, state)


async def add_comment(db: Session, about: Subject, member: Member, body: str) -> bool:
    """Store a comment apart from the ratings; once, and only after the answers were sent."""
    await _hold(db, about)
    mine = await flag(db, about, member)
    if mine is None or mine.state != "sent" or mine.commented:
        return False
    flags, kept = _flags(about), _comments(about)
    await db.execute(
        update(flags)
        .where(_of(flags, about))
        .values(commented=case((flags.member_id == member.id, True), else_=flags.commented))
        .execution_options(synchronize_session=False)
    )
    bodies = [*await db.scalars(select(kept.body).where(_of(kept, about))), body]
    await db.execute(delete(kept).where(_of(kept, about)))
    await db.execute(
        insert(kept),
        [
            {"community_id": db.community_id, _column(about): about.id, "id": identity, "body": each}
            for identity, each in zip(sorted(random_id() for _ in bodies), _shuffled(bodies), strict=True)
        ],
    )
    return True


async def asked(db: Session, about: Subject) -> int:
    """Count those who may answer."""
    flags = _flags(about)
    found = await db.scalar(select(func.count()).select_from(flags).where(_of(flags, about)))
    return int(found or 0)


async def answered(db: Session, about: Subject) -> int:
    """Count the answers."""
    kept = _answers(about)
    found = await db.scalar(select(func.count()).select_from(kept).where(_of(kept, about)))
    return int(found or 0)


async def totals(db: Session, about: Subject) -> dict[str, Counter[str]]:
    """Count how often each value was given to each question; empty below five answers."""
    kept = _answers(about)
    rows = list(await db.scalars(select(kept.answers).where(_of(kept, about))))
    if len(rows) < SHOWN_FROM:
        return {}
    return {key: Counter(str(each[key]) for each in rows if each.get(key)) for key in RATINGS}


async def comments(db: Session, about: Subject) -> list[str]:
    """Give the comments in an order that means nothing."""
    kept = _comments(about)
    return list(await db.scalars(select(kept.body).where(_of(kept, about)).order_by(kept.id)))


async def _flip(db: Session, about: Subject, member: Member, state: str) -> bool:
    await _hold(db, about)
    flags = _flags(about)
    row = await db.execute(select(flags.state).where(_of(flags, about), flags.member_id == member.id))
    now = row.scalar_one_or_none()
    if now is None or now == "sent":
        return False
    await db.execute(
        update(flags)
        .where(_of(flags, about))
        .values(state=case((flags.member_id == member.id, state), else_=flags.state))
        .execution_options(synchronize_session=False)
    )
    return True


def _shuffled(values: list[Any]) -> list[Any]:
    mixed = list(values)
    secrets.SystemRandom().shuffle(mixed)
    return mixed
