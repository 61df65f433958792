"""Delegates: a colleague of the same organisation who comes instead, after their own consent (domain 2, 3.2).

The holder's invitation is `delegated` from the moment a colleague is asked, so the seat is kept meanwhile. The delegate
gets an invitation of their own only by agreeing; it names whom they represent and holds no seat. If the delegate does
not come after all, the holder's reply is again what it was. All changes happen while the meeting's row is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from storage import needs, seats
from storage.database import Base, OfCommunity, Session, new_key
from storage.meetings import COMING, INVITED, Invitation, Meeting
from storage.members import GUEST, JoinLink, Member, reachable

STATES = ("invited", "agreed", "refused", "lapsed", "taken_back")
OPEN = ("invited", "agreed")
ENDED = ("refused", "lapsed", "taken_back")
HOURS = 72
"""How long a colleague may think about it, at most until the start (domain 3.2)."""
FROM = ("none", "yes", "no", "maybe", "waitlisted", "reconfirm")
"""Replies from which a delegate can be sent; who asked for a seat after the deadline waits for the organisers."""
PLACEHOLDER = "d-"
"""Begins the code of somebody a colleague named: a person who has not agreed to anything yet."""


class Delegation(OfCommunity, Base):
    """One seat handed to a colleague: by whom, to whom, until when it can be taken."""

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(12), unique=True, default=new_key)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    """Whose seat it is."""
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(12), default="invited")
    until: Mapped[datetime]
    created_at: Mapped[datetime]
    before: Mapped[str] = mapped_column(String(12), default="none")
    """The member's reply before; it comes back if the delegate does not come."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Be what became of naming a delegate.

    `refused` is "" or why nothing was opened: `gone`, `closed`, `no_delegate` (the holder is one), `open` (somebody
    is asked already), `no_organisation`, `self`, `not_yours`, `invited`, `asked`, `unreachable`, `late`, or
    `full`: then the holder waits for a seat.
    """

    delegation: Delegation | None = None
    delegate: Member | None = None
    refused: str = ""


async def by_key(db: Session, key: str) -> Delegation | None:
    """Find a delegation by the key of its cards and buttons."""
    return (await db.scalars(select(Delegation).where(Delegation.key == key))).one_or_none()


async def of_holder(db: Session, meeting: Meeting, member: Member) -> Delegation | None:
    """Give the open delegation of a member's seat."""
    return await _open(db, meeting, Delegation.member_id == member.id)


async def of_delegate(db: Session, meeting: Meeting, member: Member) -> Delegation | None:
    """Give the delegation by which a member comes in somebody's place, or is asked to."""
    return await _open(db, meeting, Delegation.delegate_id == member.id)


async def _open(db: Session, meeting: Meeting, whose: ColumnElement[bool]) -> Delegation | None:
    found = select(Delegation).where(Delegation.meeting_id == meeting.id, Delegation.state.in_(OPEN), whose)
    return (await db.scalars(found.order_by(Delegation.id.desc()).limit(1))).first()


async def keys_of(db: Session, meeting: Meeting) -> list[str]:
    """Give the keys of all delegations of a meeting, also of those that ended: their cards show it."""
    return list(await db.scalars(select(Delegation.key).where(Delegation.meeting_id == meeting.id)))


async def asked(db: Session, member: Member) -> list[tuple[Delegation, Meeting, Member]]:
    """Give the requests a member has not answered, with meeting and holder, the nearest end first."""
    found = await db.execute(
        select(Delegation, Meeting, Member)
        .join(Meeting, Meeting.id == Delegation.meeting_id)
        .join(Member, Member.id == Delegation.member_id)
        .where(Delegation.delegate_id == member.id, Delegation.state == "invited", Meeting.state.in_(INVITED))
        .order_by(Delegation.until, Delegation.id)
    )
    return [(each, meeting, holder) for each, meeting, holder in found]


async def last_asked(db: Session, member: Member) -> Delegation | None:
    """Give the newest request to a member, whatever became of it."""
    newest = select(Delegation).where(Delegation.delegate_id == member.id).order_by(Delegation.id.desc()).limit(1)
    return (await db.scalars(newest)).first()


async def colleagues(db: Session, meeting: Meeting, holder: Member) -> Sequence[Member]:
    """Give the active members of the holder's organisation who can be asked to come instead, by name."""
    if holder.organisation_id is None:
        return ()
    own = select(Invitation.member_id).where(Invitation.meeting_id == meeting.id, Invitation.represents.is_(None))
    busy = select(Delegation.delegate_id).where(
        Delegation.meeting_id == meeting.id, Delegation.state.in_(OPEN), Delegation.delegate_id.is_not(None)
    )
    found = await db.scalars(
        select(Member)
        .where(
            Member.organisation_id == holder.organisation_id,
            Member.id != holder.id,
            Member.staff.is_(False),
            Member.state == "active",
            Member.id.not_in(own),
            Member.id.not_in(busy),
        )
        .order_by(Member.name, Member.id)
    )
    return [each for each in found if reachable(each)]


async def named(db: Session, holder: Member, name: str) -> Member | None:
    """Give the colleague a typed name means, the holder included; a name nobody bears gives None."""
    same = Member.organisation_id == holder.organisation_id
    here = Member.state.not_in(("left", "erased", GUEST))
    found = await db.scalars(select(Member).where(same, here).order_by(Member.id))
    wanted = " ".join(name.split()).casefold()
    return next((each for each in found if " ".join(each.name.split()).casefold() == wanted), None)


async def invitation_of(db: Session, meeting: Meeting, member_id: int) -> Invitation | None:
    """Read a member's invitation afresh and hold it."""
    found = await db.scalars(
        select(Invitation)
        .where(Invitation.meeting_id == meeting.id, Invitation.member_id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


def holds(invitation: Invitation, now: datetime) -> bool:
    """Tell whether an invitation holds a seat: by its reply, or by an open offer."""
    return invitation.reply in COMING or seats.offered(invitation, now)


async def fits(db: Session, meeting: Meeting, holder: Member, invitation: Invitation, now: datetime) -> bool:
    """Tell whether a holder has a seat to hand over, or could take a free one."""
    if holds(invitation, now):
        return True
    room = await seats.room_for(db, meeting, holder, invitation.mode, now)
    return room.fits(1 + invitation.guests)


async def open_one(
    db: Session, meeting: Meeting, holder: Member, chosen: Member | None, name: str, mode: str, now: datetime
) -> Opened:
    """Hand the holder's seat to a colleague: a member, or somebody new by name, who gets a member row (`invited`).

    A holder without a seat takes a free one if the reply deadline allows it; if there is none, they wait in the queue
    and nobody is asked. `mode` counts in hybrid meetings for a holder who has none yet.
    """
    await seats.lock(db, meeting)
    invitation = await invitation_of(db, meeting, holder.id)
    refused = await _refused(db, meeting, holder, invitation, chosen, now)
    if refused or invitation is None:
        return Opened(refused=refused or "gone")
    if not holds(invitation, now):
        if meeting.format == "hybrid":
            invitation.mode = mode or invitation.mode or seats.ROOM
        if now > _deadline(meeting, invitation.mode):
            return Opened(refused="late")
        if not await fits(db, meeting, holder, invitation, now):
            if invitation.reply != "waitlisted":
                invitation.reply, invitation.queued_at, invitation.replied_at = "waitlisted", now, now
                invitation.offer_until, invitation.replied_by = None, holder.id
            await db.flush()
            return Opened(refused="full")
    delegate = chosen or await _newcomer(db, holder, name)
    row = Delegation(
        meeting_id=meeting.id,
        member_id=holder.id,
        delegate_id=delegate.id,
        name=delegate.name[:80],
        state="invited",
        until=min(now + timedelta(hours=HOURS), meeting.starts_at),
        created_at=now,
        before="yes" if seats.offered(invitation, now) else invitation.reply,
    )
    db.add(row)
    invitation.reply, invitation.replied_at, invitation.replied_by = "delegated", now, holder.id
    invitation.offer_until = None
    await needs.forget(db, meeting, holder)
    await db.flush()
    return Opened(row, delegate)


async def _refused(
    db: Session, meeting: Meeting, holder: Member, invitation: Invitation | None, chosen: Member | None, now: datetime
) -> str:
    if invitation is None or invitation.withdrawn:
        return "gone"
    if meeting.state not in seats.OPEN_STATES or now >= meeting.starts_at:
        return "closed"
    if invitation.represents is not None:
        return "no_delegate"
    if invitation.reply == "delegated" or await of_holder(db, meeting, holder) is not None:
        return "open"
    if invitation.reply not in FROM:
        return "late"
    if holder.organisation_id is None:
        return "no_organisation"
    return "" if chosen is None else await _unfit(db, meeting, holder, chosen)


async def _unfit(db: Session, meeting: Meeting, holder: Member, chosen: Member) -> str:
    """Tell why a member cannot come instead: they are somebody else's colleague, invited themselves, or asked."""
    if chosen.id == holder.id:
        return "self"
    if chosen.organisation_id != holder.organisation_id or chosen.staff or chosen.state in ("left", "erased"):
        return "not_yours"
    theirs = await invitation_of(db, meeting, chosen.id)
    if theirs is not None and (theirs.represents is None or not theirs.withdrawn):
        return "invited"
    if await of_delegate(db, meeting, chosen) is not None:
        return "asked"
    return "" if newcomer(chosen) or (chosen.state == "active" and reachable(chosen)) else "unreachable"


def newcomer(person: Member) -> bool:
    """Tell whether somebody is only known by a colleague's word, so that the colleague may hand them the way in.

    Nobody gets a link for anybody else: whoever opens it becomes that person here (reliability S18).
    """
    return person.code.startswith(PLACEHOLDER) and person.state == "invited" and not person.accounts


def _deadline(meeting: Meeting, mode: str) -> datetime:
    online = meeting.online_deadline if mode == seats.ONLINE else None
    return online or meeting.rsvp_deadline


async def _newcomer(db: Session, holder: Member, name: str) -> Member:
    """Write down somebody a colleague named; they get nothing before their own consent (domain 3.7)."""
    person = Member(
        code=f"{PLACEHOLDER}{new_key()}", name=name, staff=False, organisation_id=holder.organisation_id,
        category=holder.category, country=holder.country, zone=holder.zone, language=holder.language,
        weekend=holder.weekend, state="invited", accounts=[],
    )  # fmt: skip
    db.add(person)
    await db.flush()
    return person


async def agree(db: Session, delegation: Delegation, meeting: Meeting, delegate: Member, now: datetime) -> bool:
    """Give the delegate an invitation of their own, with a yes; false if the request is no longer open to them."""
    await seats.lock(db, meeting)
    await db.refresh(delegation, with_for_update=True)
    holders = await invitation_of(db, meeting, delegation.member_id)
    if delegation.state != "invited" or delegation.delegate_id != delegate.id or now >= delegation.until:
        return False
    if holders is None or holders.withdrawn or holders.reply != "delegated" or meeting.state not in seats.OPEN_STATES:
        return False
    holder = await db.get_one(Member, delegation.member_id)
    if holder.organisation_id != delegate.organisation_id:
        return False
    row = await invitation_of(db, meeting, delegate.id)
    if row is None:
        row = Invitation(meeting_id=meeting.id, member_id=delegate.id)
        db.add(row)
    elif row.represents is None:  # invited for themselves meanwhile
        return False
    row.withdrawn, row.reply, row.replied_at, row.replied_by = False, "yes", now, delegate.id
    row.invited_at, row.delivered, row.represents = now, True, delegation.member_id
    row.mode, row.guests, row.note = holders.mode, 0, ""
    delegation.state = "agreed"
    await db.flush()
    return True


async def end(
    db: Session, delegation: Delegation, meeting: Meeting, state: str, now: datetime, *, restore: bool = True
) -> str:
    """End an open delegation as `refused`, `lapsed` or `taken_back`; give its state before, "" if it was over already.

    With `restore` the holder's reply is again what it was; without it the holder has answered otherwise already. The
    delegate's own invitation is withdrawn; somebody new who never opened the link is forgotten.
    """
    if state not in ENDED:
        raise ValueError("no such end")
    await seats.lock(db, meeting)
    await db.refresh(delegation, with_for_update=True)
    before = delegation.state
    if before not in OPEN:
        return ""
    holders = await invitation_of(db, meeting, delegation.member_id)
    if restore and holders is not None and holders.reply == "delegated":
        holders.reply, holders.replied_at = delegation.before, now
    if delegation.delegate_id is not None:
        theirs = await invitation_of(db, meeting, delegation.delegate_id)
        if theirs is not None and theirs.represents == delegation.member_id:
            theirs.withdrawn = True
    delegation.state = state
    await db.flush()
    if delegation.delegate_id is not None:
        await _forget_newcomer(db, delegation.delegate_id)
        await db.refresh(delegation)
    return before


async def _forget_newcomer(db: Session, member_id: int) -> None:
    """Delete somebody new who has not opened the link, and the link; the name goes with the delegation (domain 3.7)."""
    person = await db.get(Member, member_id)
    if person is None or not newcomer(person) or await asked(db, person):
        return
    await db.execute(delete(JoinLink).where(JoinLink.member_id == person.id))
    await db.delete(person)
    await db.flush()


async def hand_on(db: Session, stranger: Member, person: Member, now: datetime) -> bool:
    """Let a member answer the requests to a newcomer whose link they opened: it was they who were meant.

    False if they are of another organisation, are invited themselves, or there is no such request.
    """
    if not newcomer(stranger):
        return False
    found = await asked(db, stranger)
    for row, meeting, holder in found:
        await seats.lock(db, meeting)
        if now >= row.until or await _unfit(db, meeting, holder, person):
            return False
    for row, _, _ in found:
        row.delegate_id, row.name = person.id, person.name[:80]
    await db.flush()
    if found:
        await _forget_newcomer(db, stranger.id)
    return bool(found)
