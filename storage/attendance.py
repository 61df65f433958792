"""Who took part: check-in by button or code, the moderator's ticks, an imported list; one person counts once.

One row for a member and a meeting, whatever the sources: what one may change of the other stands in `_insert`'s
callers, in one statement each, so that presses, ticks and imports at once leave one true state.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import Base, OfCommunity, Session
from storage.meetings import HELD, INVITED, Attendance, Invitation, Meeting
from storage.members import Member
from storage.sharing import add_once

STATES = ("attended", "partial", "absent", "excused")
PRESENT = ("attended", "partial")
CONFIRMED = ("yes",)
"""Replies of people who are expected: who sent a delegate is not, nor who has not confirmed a new time."""
CYCLE = ("", "attended", "partial", "excused", "absent")
"""The order in which a moderator's tap changes a state; "" is no record."""
EARLY = timedelta(minutes=15)
"""How long before the start one may check in (domain 3.1)."""
TRIES = 5
LOCKED = timedelta(hours=1)
"""Wrong codes somebody may type for a meeting, and how long no code is taken from them then (conversation §7)."""
CHUNK = 500


class CodeTry(OfCommunity, Base):
    """Wrong codes of the day somebody has typed for a meeting, so that codes cannot be guessed."""

    __tablename__ = "code_try"
    __table_args__ = (UniqueConstraint("meeting_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    wrong: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Tried:
    """Be what became of a typed code: right, or how many tries are left, or until when none is taken."""

    right: bool = False
    left: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """Say what an import did: rows written, rows that said the same before, rows a person had decided about."""

    written: tuple[int, ...] = ()
    """Ids of the members whose record is new or other than before."""
    same: int = 0
    kept: int = 0


def opens(meeting: Meeting) -> datetime:
    """Give the moment from which one may check in."""
    return meeting.starts_at - EARLY


def open_now(meeting: Meeting, at: datetime) -> bool:
    """Tell whether one may check in: from 15 minutes before the start to the end of an announced meeting."""
    return meeting.state in (*INVITED, *HELD) and opens(meeting) <= at < meeting.ends_at


async def running(db: Session, at: datetime) -> list[Meeting]:
    """Give the meetings one may check in to now, the first to begin first."""
    return await around(db, at, at + EARLY)


async def around(db: Session, since: datetime, until: datetime) -> list[Meeting]:
    """Give the announced meetings that end after `since` and begin before `until`, the first to begin first."""
    found = await db.scalars(
        select(Meeting)
        .where(Meeting.state.in_((*INVITED, *HELD)), Meeting.starts_at <= until, Meeting.ends_at > since)
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return list(found)


async def find(db: Session, meeting: Meeting, member: Member) -> Attendance | None:
    """Give the record of a member."""
    found = await db.scalars(
        select(Attendance)
        .where(Attendance.meeting_id == meeting.id, Attendance.member_id == member.id)
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def check_in(db: Session, meeting: Meeting, member: Member, mode: str, at: datetime) -> bool:
    """Record that somebody says they are here; false if they were recorded as present before.

    Who was marked as absent or excused and is here after all is present; "for a part", which a moderator saw, stays.
    """
    values = _values(meeting, member, "attended", "self", at, mode)
    return bool(await _insert(db, [values], Attendance.state.in_(("absent", "excused"))))


async def try_code(db: Session, meetings: Sequence[Meeting], member: Member, code: str, now: datetime) -> Tried:
    """Compare a typed code with those of the running meetings; a wrong one counts for each of them.

    The row of the member's tries is held while it is changed: any number of guesses at once count one after the other,
    and after `TRIES` wrong ones even the right code is refused for an hour.
    """
    right = next((each for each in meetings if each.checkin_code and _same(each.checkin_code, code)), None)
    result = Tried()
    for meeting in [right] if right is not None else sorted(meetings, key=lambda each: each.id):
        result = await _count(db, meeting, member, now, right=right is not None)
    return result


async def _count(db: Session, meeting: Meeting, member: Member, now: datetime, *, right: bool) -> Tried:
    names = {"community_id": db.community_id, "meeting_id": meeting.id, "member_id": member.id}
    await add_once(db, CodeTry, names | {"wrong": 0})
    query = select(CodeTry).where(CodeTry.meeting_id == meeting.id, CodeTry.member_id == member.id)
    row = (await db.scalars(query.with_for_update().execution_options(populate_existing=True))).one()
    if row.locked_until is not None and row.locked_until > now:
        return Tried(locked_until=row.locked_until)
    if row.locked_until is not None:
        row.wrong, row.locked_until = 0, None
    if right:
        row.wrong = 0
        return Tried(right=True)
    row.wrong += 1
    if row.wrong >= TRIES:
        row.locked_until = now + LOCKED
    await db.flush()
    return Tried(left=TRIES - row.wrong, locked_until=row.locked_until)


def _same(code: str, typed: str) -> bool:
    return hmac.compare_digest(code.encode(), typed.encode())


async def code_of(db: Session, meeting: Meeting, *, new: bool = False) -> str:
    """Give the code of the day, made when it is first asked for; `new` replaces it."""
    fresh = f"{secrets.randbelow(10_000):04d}"
    while new and fresh == meeting.checkin_code:
        fresh = f"{secrets.randbelow(10_000):04d}"
    change = update(Meeting).where(Meeting.id == meeting.id)
    if not new:
        change = change.where(Meeting.checkin_code == "")
    if new or not meeting.checkin_code:
        await db.execute(change.values(checkin_code=fresh).execution_options(synchronize_session=False))
        await db.refresh(meeting, ["checkin_code"])
    return meeting.checkin_code


async def tick(db: Session, meeting: Meeting, member: Member, seen: str, at: datetime) -> bool:
    """Move a record on from the state a moderator saw to the next of `CYCLE`; false if it has changed meanwhile."""
    state = CYCLE[(CYCLE.index(seen) + 1) % len(CYCLE)]
    mine = and_(Attendance.meeting_id == meeting.id, Attendance.member_id == member.id)
    if not seen:
        values = _values(meeting, member, state, "moderator", at, "")
        return bool(await _insert(db, [values], Attendance.state == ""))
    change = (
        update(Attendance).where(mine, Attendance.state == seen).values(state=state, source="moderator", at=at)
        if state
        else delete(Attendance).where(mine, Attendance.state == seen)
    )
    done = await db.scalars(change.returning(Attendance.id).execution_options(synchronize_session=False))
    return done.first() is not None


async def take_over(db: Session, meeting: Meeting, states: Mapping[int, str], people: Iterable[Member]) -> Saved:
    """Record what an imported list says, by member id; the same list again changes nothing.

    A moderator's tick stays, and so does a check-in in the room: the platform's list knows nothing of the room. Who
    was only found absent when the record was closed is no tick of anybody (`at` is empty).
    """
    known = {each.id: each for each in people if each.id in states}
    mode = "online" if meeting.format == "hybrid" else ""
    rows = [_values(meeting, known[one], state, "import", None, mode) for one, state in states.items() if one in known]
    decided = or_(
        and_(Attendance.source == "moderator", Attendance.at.is_not(None)),
        and_(Attendance.source == "self", Attendance.mode == "room"),
    )
    before = {
        each.member_id: each
        for each in await db.scalars(select(Attendance).where(Attendance.meeting_id == meeting.id))
        if each.member_id in known
    }
    same = sum(1 for one, row in before.items() if one is not None and row.state == states[one])
    written = await _insert(db, rows, not_(decided), keep_at=True)
    return Saved(tuple(written), same, len(rows) - same - len(written))


async def close(db: Session, meeting: Meeting) -> int:
    """Record everybody who said they would come and is not recorded as absent; give how many.

    `at` stays empty: nobody has ticked them, so an import may still correct it.
    """
    gone = [member for member, row in await roll(db, meeting) if row is None]
    rows = [_values(meeting, member, "absent", "moderator", None, "") for member in gone]
    return len(await _insert(db, rows, Attendance.state == ""))


async def recorded(db: Session, meeting: Meeting) -> bool:
    """Tell whether anybody is recorded for a meeting."""
    return (await db.scalar(select(Attendance.id).where(Attendance.meeting_id == meeting.id).limit(1))) is not None


async def roll(db: Session, meeting: Meeting) -> list[tuple[Member, Attendance | None]]:
    """Give those who come, delegates included, by name, with their records."""
    found = await db.execute(
        select(Member, Attendance)
        .join(Invitation, Invitation.member_id == Member.id)
        .outerjoin(Attendance, and_(Attendance.member_id == Member.id, Attendance.meeting_id == meeting.id))
        .where(_comes(meeting))
        .order_by(Member.name, Member.id)
        .execution_options(populate_existing=True)
    )
    return [(member, row) for member, row in found]


async def walk_ins(db: Session, meeting: Meeting) -> list[tuple[Member, Attendance]]:
    """Give those who are recorded although they had not said that they would come, by name."""
    found = await db.execute(
        select(Member, Attendance)
        .join(Attendance, Attendance.member_id == Member.id)
        .where(Attendance.meeting_id == meeting.id, not_(_came_as_said(meeting)))
        .order_by(Member.name, Member.id)
        .execution_options(populate_existing=True)
    )
    return [(member, row) for member, row in found]


async def invited(db: Session, meeting: Meeting) -> list[Member]:
    """Give everybody who was invited, whatever they replied: an imported list is compared with them."""
    query = select(Member).join(Invitation, Invitation.member_id == Member.id)
    mine = Invitation.meeting_id == meeting.id
    return list(await db.scalars(query.where(mine, Invitation.withdrawn.is_(False)).order_by(Member.name, Member.id)))


async def attended(db: Session, meeting: Meeting) -> list[Member]:
    """Give those who took part, also for a part; while nobody has recorded attendance, those who said yes (design §9).

    Delegates said yes themselves; who sent one did not take part.
    """
    query = select(Member)
    if await recorded(db, meeting):
        query = query.join(Attendance, Attendance.member_id == Member.id).where(
            Attendance.meeting_id == meeting.id, Attendance.state.in_(PRESENT)
        )
    else:
        query = query.join(Invitation, Invitation.member_id == Member.id).where(
            Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Invitation.reply == "yes"
        )
    return list(await db.scalars(query.order_by(Member.name, Member.id)))


async def missing(db: Session, meeting: Meeting) -> list[Member]:
    """Give those who said they would come and were absent without notice (no-shows)."""
    return [member for member, row in await roll(db, meeting) if row is not None and row.state == "absent"]


async def counts(db: Session, meeting: Meeting) -> dict[str, int]:
    """Count records by state; `coming` are expected, `unknown` of them have no record, `walk_in` others."""
    said = Invitation.id.is_not(None)
    found = await db.execute(
        select(Attendance.state, said, func.count())
        .outerjoin(Invitation, and_(_comes(meeting), Invitation.member_id == Attendance.member_id))
        .where(Attendance.meeting_id == meeting.id, Attendance.member_id.is_not(None))
        .group_by(Attendance.state, said)
    )
    counted = dict.fromkeys((*STATES, "walk_in"), 0)
    known = 0
    for state, expected, number in found:
        counted[state] += number
        known += number if expected else 0
        counted["walk_in"] += 0 if expected else number
    coming = await db.scalar(select(func.count()).select_from(Invitation).where(_comes(meeting)))
    return counted | {"coming": coming or 0, "unknown": (coming or 0) - known}


async def unreconciled(db: Session, since: datetime, now: datetime) -> list[tuple[Meeting, int]]:
    """Give the meetings that ended in a period and have people without a record, with their number."""
    known = exists().where(
        Attendance.meeting_id == Meeting.id, Attendance.member_id == Invitation.member_id
    )  # fmt: skip
    found = await db.execute(
        select(Meeting, func.count(Invitation.id))
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Meeting.state.in_((*INVITED, *HELD)), Meeting.ends_at <= now, Meeting.ends_at > since,
            Invitation.withdrawn.is_(False), Invitation.reply.in_(CONFIRMED), not_(known),
        )
        .group_by(Meeting.id)
        .order_by(Meeting.ends_at)
    )  # fmt: skip
    return [(meeting, number) for meeting, number in found]


def _comes(meeting: Meeting) -> ColumnElement[bool]:
    return and_(
        Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Invitation.reply.in_(CONFIRMED)
    )  # fmt: skip


def _came_as_said(meeting: Meeting) -> ColumnElement[bool]:
    return exists().where(_comes(meeting), Invitation.member_id == Attendance.member_id)


def _values(
    meeting: Meeting, member: Member, state: str, source: str, at: datetime | None, mode: str
) -> dict[str, Any]:  # fmt: skip
    return {
        "community_id": meeting.community_id, "meeting_id": meeting.id, "member_id": member.id, "state": state,
        "source": source, "at": at, "mode": mode, "category": member.category, "country": member.country,
    }  # fmt: skip


async def _insert(
    db: Session, rows: Sequence[dict[str, Any]], may_change: ColumnElement[bool], *, keep_at: bool = False
) -> list[int]:
    """Write records; one that is there gives way only under a condition. Give the members whose record changed."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    written: list[int] = []
    for start in range(0, len(rows), CHUNK):
        statement = insert(Attendance).values(list(rows[start : start + CHUNK]))
        new = statement.excluded
        changed = {"state": new.state, "source": new.source}
        statement = statement.on_conflict_do_update(
            index_elements=[Attendance.meeting_id, Attendance.member_id],
            set_=changed if keep_at else changed | {"at": new.at, "mode": new.mode},
            where=and_(may_change, Attendance.state != new.state),
        )
        done = statement.returning(Attendance.member_id).execution_options(synchronize_session=False)
        written += [each for each in await db.scalars(done) if each is not None]
    return written
