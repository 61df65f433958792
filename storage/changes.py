"""Changing an announced meeting: who has heard of it, whose yes is asked again, what is not sent any more.

All of it is for the holder of the meeting's row (`storage.meetings.lock`): changes come one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from storage.communities import Channel
from storage.database import Session
from storage.delegations import Delegation
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member, RoleGrant

KINDS = ("reschedule", "place_change", "cancellation")
"""Campaigns that are changes: while one is held the meeting is as before (docs/decisions/0013)."""
MODERATOR = "moderator"


async def pending(db: Session, subject: str, now: datetime) -> Campaign | None:
    """Give the confirmed change of a meeting that can still be undone."""
    found = select(Campaign).where(
        Campaign.kind.in_(KINDS), Campaign.subject == subject, Campaign.state == "held", Campaign.held_until > now
    )
    return (await db.scalars(found.order_by(Campaign.id.desc()).limit(1))).one_or_none()


async def invited(db: Session, meeting: Meeting) -> list[tuple[Member, Invitation]]:
    """Give everybody who has been invited, with the reply; not those whose invitation still waits and says it all."""
    waits = (
        select(Delivery.member_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.kind == "invitation",
            Campaign.subject == meeting.key,
            Campaign.state.in_(("held", "sending", "stopped")),
            Delivery.state == "queued",
            Delivery.member_id.is_not(None),
        )
    )
    found = await db.execute(
        select(Member, Invitation)
        .join(Invitation, Invitation.member_id == Member.id)
        .where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Member.id.not_in(waits))
        .order_by(Member.code)
    )
    return [(member, invitation) for member, invitation in found]


async def ask_again(db: Session, meeting: Meeting, now: datetime) -> int:
    """Turn every yes, delegates' too, into `reconfirm`; give how many. The seats stay theirs.

    A press made before this moment that reaches us later is older than it and does not count as an answer.
    """
    change = (
        update(Invitation)
        .where(Invitation.meeting_id == meeting.id, Invitation.reply == "yes", Invitation.withdrawn.is_(False))
        .values(reply="reconfirm", replied_at=now)
        .returning(Invitation.id)
        .execution_options(synchronize_session="fetch")
    )
    return len((await db.execute(change)).all())


async def begin_anew(db: Session, meeting: Meeting) -> int:
    """Forget who was invited to a reopened meeting and what they replied; give how many had replied.

    So everybody can be invited again like the first time; who was taken off the list stays off. Delegations end.
    """
    gone = delete(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False))
    answered = select(Invitation.id).where(
        Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Invitation.reply != "none"
    )
    number = len((await db.scalars(answered)).all())
    await db.execute(gone.execution_options(synchronize_session="fetch"))
    await db.execute(
        update(Delegation)
        .where(Delegation.meeting_id == meeting.id, Delegation.state.in_(("invited", "agreed")))
        .values(state="taken_back")
        .execution_options(synchronize_session="fetch")
    )
    return number


async def call_off(db: Session, subject: str, reason: str, keep: Collection[str] = ()) -> list[str]:
    """Cancel what waits to be sent about a meeting, but for some kinds; give the keys of the sends it belonged to.

    A copy of what may have arrived already is off, too; that doubt stays (`unknown`).
    """
    mine = select(Campaign.id).where(Campaign.subject == subject, Campaign.kind.not_in(tuple(keep)))
    touched: set[int] = set()
    copied: ColumnElement[bool] = Delivery.copied.is_(True)
    for condition, state in ((~copied, "cancelled"), (copied, "unknown")):
        change = (
            update(Delivery)
            .where(Delivery.campaign_id.in_(mine), Delivery.state == "queued", condition)
            .values(state=state, reason=reason, lease_until=None)
            .returning(Delivery.campaign_id)
            .execution_options(synchronize_session="fetch")
        )
        touched |= set((await db.scalars(change)).all())
    return list(await db.scalars(select(Campaign.key).where(Campaign.id.in_(touched)))) if touched else []


async def extend(db: Session, subject: str, kinds: Collection[str], expires: datetime) -> None:
    """Let waiting messages of some kinds be worth sending until another moment."""
    mine = select(Campaign.id).where(Campaign.subject == subject, Campaign.kind.in_(tuple(kinds)))
    await db.execute(
        update(Delivery)
        .where(Delivery.campaign_id.in_(mine), Delivery.state == "queued")
        .values(expires_at=expires)
        .execution_options(synchronize_session="fetch")
    )


async def channels_with_card(db: Session, subject: str) -> list[Channel]:
    """Give the reachable channels in which the meeting's card stands."""
    standing = select(CardCopy.channel_id).where(
        CardCopy.kind == "meeting_card", CardCopy.subject == subject, CardCopy.channel_id.is_not(None),
        CardCopy.gone.is_(False),
    )  # fmt: skip
    found = await db.scalars(
        select(Channel).where(Channel.id.in_(standing), Channel.reachable.is_(True)).order_by(Channel.id)
    )
    return list(found)


async def moderator(db: Session, meeting: Meeting) -> Member | None:
    """Give who moderates a meeting; of several the first who was named."""
    found = await db.scalars(
        select(Member)
        .join(RoleGrant, RoleGrant.member_id == Member.id)
        .where(RoleGrant.meeting_id == meeting.id, RoleGrant.role == MODERATOR)
        .order_by(RoleGrant.id)
        .limit(1)
    )
    return found.one_or_none()


async def name_moderator(db: Session, meeting: Meeting, member: Member | None) -> None:
    """Let this person moderate the meeting instead of whoever did, nobody with None."""
    grants = await db.scalars(select(RoleGrant).where(RoleGrant.meeting_id == meeting.id, RoleGrant.role == MODERATOR))
    kept = False
    for each in list(grants):
        if member is not None and each.member_id == member.id:
            kept = True
        else:
            await db.delete(each)
    if member is not None and not kept:
        db.add(RoleGrant(member_id=member.id, role=MODERATOR, meeting_id=meeting.id))
    await db.flush()
