"""Invitations and replies: who is asked, one reply per meeting and member across both platforms, and exact counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Table, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from storage import seats
from storage.audience import AGREED, where
from storage.database import Session, own
from storage.meetings import REPLIES, Invitation, Meeting
from storage.members import Member
from storage.replies import Decision, Standing, Wish, decide, holds

CHOICES = ("yes", "no", "maybe")
NOT_JOINED = ("invited", "pending_consent")
CHUNK = 500
# Asked for every press, so built once.
_MINE = own(
    select(Invitation).where(
        Invitation.meeting_id == bindparam("meeting"), Invitation.member_id == bindparam("member")
    ),
    Invitation,
)
_THEIRS = own(
    select(Invitation).where(
        Invitation.meeting_id == bindparam("meeting"), Invitation.member_id.in_(bindparam("members", expanding=True))
    ),
    Invitation,
)
_ROW: Table = Invitation.__table__  # type: ignore[assignment]
_STANDING = ("reply", "mode", "guests", "queued_at", "offer_until", "note")
_HELD = (
    select(
        _ROW.c.id,
        _ROW.c.replied_at,
        _ROW.c.withdrawn,
        _ROW.c.represents,
        *(_ROW.c[name] for name in _STANDING),
    )
    .where(
        _ROW.c.meeting_id == bindparam("meeting"),
        _ROW.c.member_id == bindparam("member"),
        _ROW.c.community_id == bindparam("own"),
    )
    .with_for_update()
)
_REPLY = (
    update(_ROW)
    .where(_ROW.c.id == bindparam("invitation"))
    .values({_ROW.c[name]: bindparam(f"new_{name}") for name in (*_STANDING, "replied_at", "replied_by")})
    .values(
        {
            _ROW.c.delivered: or_(
                _ROW.c.delivered, and_(_ROW.c.invited_at.is_not(None), bindparam("by_self", type_=Boolean))
            )
        }
    )
)
"""Who answers an invitation has got it, if only by a card in a channel or on Home: rates never exceed the whole."""

_MEETING = Meeting.__table__.c
_OF_MEETING = select(_MEETING.id).where(_MEETING.key == bindparam("which"), _MEETING.community_id == bindparam("whose"))
_ACCEPT = (
    update(_ROW)
    .where(_ROW.c.meeting_id == _OF_MEETING.scalar_subquery(), _ROW.c.member_id == bindparam("who"))
    .values(delivered=True)
)
_COUNTED = and_(Invitation.withdrawn.is_(False), Invitation.represents.is_(None))
"""Invitations that are counted: a delegate's is not, the seat and the reply are those of the member."""


@dataclass(frozen=True, slots=True)
class Result:
    """Be what became of a press: the reply that stands now and the one before.

    `refused` is "" or why nothing changed: `cancelled`, `started`, `not_invited`, `withdrawn`, or one of
    `storage.replies.Decision`; `older` means that a newer press had been taken in already. `why` tells what kept a yes
    from being one, `moves` that a seat may have become free and the waiting list has to move; `delegate` that somebody
    comes in another's place.
    """

    reply: str = "none"
    previous: str = "none"
    changed: bool = False
    older: bool = False
    refused: str = ""
    mode: str = ""
    guests: int = 0
    why: str = ""
    moves: bool = False
    delegate: bool = False


async def audience(db: Session, meeting: Meeting) -> list[Member]:
    """Give those who are to be invited and are not yet, by code; paused and stopped members are among them."""
    invited = select(Invitation.member_id).where(Invitation.meeting_id == meeting.id)
    return list(
        await db.scalars(
            select(Member)
            .where(where(meeting.audience), Member.state.in_(AGREED), Member.id.not_in(invited))
            .order_by(Member.code)
        )
    )


async def not_joined(db: Session, meeting: Meeting) -> int:
    """Count those the meeting is for who have not agreed to anything yet: they get nothing (domain 3.7)."""
    found = await db.scalar(
        select(func.count()).select_from(Member).where(where(meeting.audience), Member.state.in_(NOT_JOINED))
    )
    return found or 0


async def invite(db: Session, meeting: Meeting, members: Iterable[tuple[Member, datetime]]) -> None:
    """Write one invitation each, with the moment it is due; those who have one keep it and its reply."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "community_id": db.community_id,
            "meeting_id": meeting.id,
            "member_id": member.id,
            "invited_at": due,
            "delivered": False,
            "reply": "none",
            "withdrawn": False,
        }
        for member, due in members
    ]
    if rows:
        await db.execute(insert(Invitation).on_conflict_do_nothing(), rows)


async def take_back(db: Session, meeting: Meeting, members: Sequence[int]) -> None:
    """Delete the invitations of an undone send; whoever has replied meanwhile keeps theirs."""
    for start in range(0, len(members), CHUNK):
        await db.execute(
            delete(Invitation).where(
                Invitation.meeting_id == meeting.id,
                Invitation.member_id.in_(members[start : start + CHUNK]),
                Invitation.reply == "none",
            )
        )


async def find(db: Session, meeting: Meeting, member: Member) -> Invitation | None:
    """Give a member's invitation to a meeting."""
    if db.batch is not None and member.id in db.batch.members:
        asked = {"meeting": meeting.id, "members": sorted(db.batch.members), "own": db.community_id}
        theirs = await db.batch.once(("invitations", meeting.id), lambda: _by_member(db, asked))
        return theirs.get(member.id)
    found = await db.scalars(_MINE, {"meeting": meeting.id, "member": member.id, "own": db.community_id})
    return found.one_or_none()


async def of_member(db: Session, member: Member, now: datetime) -> list[tuple[Meeting, Invitation]]:
    """Give the meetings a member is invited to that are not over, next first, with the reply."""
    found = await db.execute(
        select(Meeting, Invitation)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.withdrawn.is_(False),
            Meeting.state.in_(("inviting", "closed", "live", "cancelled")),
            Meeting.ends_at > now,
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return [(meeting, invitation) for meeting, invitation in found]


async def _by_member(db: Session, asked: dict[str, Any]) -> dict[int, Invitation]:
    return {each.member_id: each for each in await db.scalars(_THEIRS, asked)}


async def reply(
    db: Session,
    meeting: Meeting,
    member: Member,
    choice: str,
    at: datetime,
    by: Member | None = None,
    *,
    now: datetime | None = None,
    mode: str = "",
    guests: int | None = None,
    granted: bool = False,
) -> Result:
    """Take a reply; `at` is the person's time of the press and the newest press wins (reliability §2.3 point 10).

    The row is held while it is changed, so any number of presses at once leave exact counts on both databases; in a
    meeting with limits the meeting is held before it. `mode` is `room` or `online` of a hybrid meeting, `guests` None
    keeps their number, `granted` lets a yes stand after the deadline. Raise `ValueError` for a choice that is none.
    """
    if choice not in CHOICES:
        raise ValueError("no such reply")
    limited = seats.limited(meeting)
    if limited:
        await seats.lock(db, meeting)
    found = await db.execute(_HELD, {"meeting": meeting.id, "member": member.id, "own": db.community_id})
    row = found.one_or_none()
    if row is None:
        return Result(refused="not_invited")
    before = Standing(**{name: getattr(row, name) for name in _STANDING})
    stands = Result(
        before.reply, before.reply, mode=before.mode, guests=before.guests, delegate=row.represents is not None
    )
    refused = "withdrawn" if row.withdrawn else closed(meeting, at)
    if refused:
        return replace(stands, refused=refused)
    # Compared to the second: Telegram tells no more, and within one second the order of arrival is as good.
    if row.replied_at is not None and at.replace(microsecond=0) < row.replied_at.replace(microsecond=0):
        return replace(stands, older=True)
    if row.represents is not None:
        decision = Decision(replace(before, reply=choice))
    else:
        wish = Wish(choice, at, now or at, mode, guests, granted)
        decision = await decide(db, meeting, member, before, row.replied_at, wish)
    if decision.refused:
        return replace(stands, refused=decision.refused)
    after = decision.standing
    await _write(db, row.id, after, at, by or member, by_self=by is None or by.id == member.id)
    return Result(
        after.reply,
        before.reply,
        changed=after != before,
        mode=after.mode,
        guests=after.guests,
        why=decision.why,
        moves=limited and row.represents is None and _moves(before, after, now or at),
        delegate=row.represents is not None,
    )


def _moves(before: Standing, after: Standing, now: datetime) -> bool:
    """Tell whether a seat became free or somebody left the queue."""
    if before.reply == "waitlisted" and after.reply != "waitlisted":
        return True
    return holds(before, now) and not (
        holds(after, now) and after.mode == before.mode and after.guests >= before.guests
    )


async def _write(db: Session, invitation: int, standing: Standing, at: datetime, by: Member, *, by_self: bool) -> None:
    values = {name: getattr(standing, name) for name in _STANDING} | {"replied_at": at, "replied_by": by.id}
    given: dict[str, Any] = {f"new_{name}": value for name, value in values.items()}
    await db.execute(_REPLY, given | {"invitation": invitation, "by_self": by_self})
    seen = db.sync_session.identity_map.get(identity_key(Invitation, invitation))
    if seen is not None:  # what is in the session is what is in the database
        for name, value in values.items():
            set_committed_value(seen, name, value)


async def held(db: Session, meeting: Meeting, member: Member) -> Invitation | None:
    """Give a member's invitation, with the meeting and it held until the end of the transaction, read afresh."""
    await seats.lock(db, meeting)
    query = select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.member_id == member.id)
    found = await db.scalars(query.with_for_update().execution_options(populate_existing=True))
    return found.one_or_none()


def closed(meeting: Meeting, at: datetime) -> str:
    """Tell why no reply can be given at a moment: `cancelled`, `started` or "" if it can."""
    if meeting.state == "cancelled":
        return "cancelled"
    return "started" if at >= meeting.starts_at else ""


async def counts(db: Session, meeting: Meeting) -> dict[str, int]:
    """Count the replies of a meeting in one question; `none` are those who have not replied.

    A delegate stands for the member whose reply is `delegated` and is not counted again.
    """
    return (await counts_of(db, [meeting]))[meeting.id]


async def counts_of(db: Session, meetings: Iterable[Meeting]) -> dict[int, dict[str, int]]:
    """Count the replies of several meetings in one question, by meeting id."""
    wanted = {each.id: {"yes": 0, "maybe": 0, "no": 0, "none": 0} for each in meetings}
    found = await db.execute(
        select(Invitation.meeting_id, Invitation.reply, func.count())
        .where(Invitation.meeting_id.in_(list(wanted)), _COUNTED)
        .group_by(Invitation.meeting_id, Invitation.reply)
    )
    for meeting_id, choice, number in found:
        wanted[meeting_id][choice] = number
    return wanted


async def who_replied(
    db: Session, meeting: Meeting, *choices: str, after: int = 0, limit: int | None = None
) -> list[tuple[Member, Invitation]]:
    """Give members with one of these replies, by name; `after` skips so many, `limit` stops early."""
    found = await db.execute(
        select(Member, Invitation)
        .join(Invitation, Invitation.member_id == Member.id)
        .where(
            Invitation.meeting_id == meeting.id,
            Invitation.withdrawn.is_(False),
            Invitation.reply.in_(choices or REPLIES),
        )
        .order_by(Member.name, Member.id)
        .offset(after)
        .limit(limit)
    )
    return [(member, invitation) for member, invitation in found]


async def named(db: Session, meeting: Meeting, words: str) -> list[Member]:
    """Give those invited whom words mean: a key, a code, or a part of the name; at most five, by name."""
    wanted = words.strip()
    invited = (
        select(Member)
        .join(Invitation, Invitation.member_id == Member.id)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False))
        .order_by(Member.name, Member.id)
        .limit(5)
    )
    exact = or_(Member.key == wanted, func.lower(Member.code) == wanted.lower(), Member.name == wanted)
    found = list(await db.scalars(invited.where(exact)))
    part = func.lower(Member.name).contains(wanted.lower(), autoescape=True)
    return found or (list(await db.scalars(invited.where(part))) if len(wanted) > 1 else [])


async def accepted(db: Session, meeting_key: str, member_id: int) -> None:
    """Mark one invitation as accepted by a platform, at the end of the transaction with all others."""
    db.at_end(_accept_all, {"which": meeting_key, "who": member_id, "whose": db.community_id})


async def undelivered(db: Session, member_id: int, now: datetime) -> frozenset[str]:
    """Give the keys of the meetings somebody is invited to by now without having got the invitation yet."""
    found = await db.scalars(
        select(Meeting.key)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member_id,
            Invitation.delivered.is_(False),
            Invitation.withdrawn.is_(False),
            Invitation.invited_at <= now,
            Meeting.starts_at > now,
        )
    )
    return frozenset(found)


async def _accept_all(db: Session, accepted: list[dict[str, Any]]) -> None:
    await db.execute(_ACCEPT, accepted)
