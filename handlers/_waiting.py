"""The waiting list of a meeting, followed to its consequences: offers, their ends, and cards that show places."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from chat.message import Message
from handlers import _reminding
from handlers._cards import NOTHING, PRIVATE, PUBLIC, Beside, member_card
from scheduler import cards, delivery, quiet, timers
from storage import delegations, seats, waiting_list
from storage.communities import Community
from storage.database import Session
from storage.deliveries import Campaign, CardCopy, Delivery
from storage.meetings import Invitation, Meeting
from storage.members import Member

OFFER, OFFER_BEFORE = "waitlist_offer", "offer_before"
"""Kinds of cards: the newest offer of a seat to somebody, and those that were written before it."""
BEFORE_START = timedelta(hours=2)
"""An offer that quiet hours would hold longer than until this long before the start is sent at once."""
SILENT_FOR = timedelta(days=7)
"""Somebody who let a seat pass is not written to again within this time; the card offers the seat silently."""


async def settle(db: Session, meeting: Meeting, now: datetime) -> None:
    """Let the waiting list move: call it at the end of every change that frees a seat or changes capacity or time.

    Offers go out as `waitlist_offer` outside quiet hours, and the time to take them counts from then (conversation §8).
    """
    done = await seats.run_round(db, meeting, now)
    if not done.waiting:
        return
    no_send = await _reminding.no_send_dates(db) if done.offered else frozenset()
    to = []
    for invitation, member in done.offered:
        latest = meeting.starts_at - BEFORE_START
        due = quiet.fit_before(member, now, latest, no_send=no_send, now=now)
        invitation.offer_until = seats.offer_end(meeting, due)
        if not _silent(invitation, now):
            to.append(delivery.To(member=member, due=due, expires=invitation.offer_until))
    await db.flush()
    if to:
        for each in to:
            db.at_end(_set_aside, (meeting.key, each.member.id if each.member else 0))
        minute = f"{now:%Y%m%d%H%M}"
        await delivery.plan(db, kind=OFFER, subject=meeting.key, occurrence=minute, to=to, now=now)
    await set_timer(db, meeting, seats.next_end(done.waiting, now))
    for _, member in sorted(done.waiting, key=lambda each: each[1].id):  # in one order, so that nobody waits in a ring
        cards.touch_at_end(db, PRIVATE, meeting.key, member=member)
    cards.touch_at_end(db, PUBLIC, meeting.key)


async def vacate(db: Session, member: Member, now: datetime) -> None:
    """Withdraw what somebody who leaves is invited to, and let the next ones have the seats."""
    found = await db.scalars(
        select(Meeting)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == member.id,
            Invitation.withdrawn.is_(False),
            Meeting.state.in_(seats.OPEN_STATES),
            Meeting.starts_at > now,
        )
        .order_by(Meeting.id)
    )
    for meeting in found.all():
        await waiting_list.withdraw(db, meeting, member)
        cards.touch_at_end(db, PUBLIC, meeting.key)
        await settle(db, meeting, now)


async def set_timer(db: Session, meeting: Meeting, end: datetime | None) -> None:
    """Have the list looked at again when the next offer ends; each moment is a timer of its own."""
    if end is not None and end < meeting.starts_at:
        await timers.call_at(db, "offer", meeting.key, end, slot=f"{end:%Y%m%d%H%M%S}", not_after=meeting.starts_at)


async def _set_aside(db: Session, offered: list[tuple[str, int]]) -> None:
    """Turn the offers written before into older messages, so that the one to come asks alone."""
    for subject, member_id in offered:
        mine = (CardCopy.kind == OFFER, CardCopy.subject == subject, CardCopy.member_id == member_id)
        change = update(CardCopy).where(*mine).values(kind=OFFER_BEFORE)
        await db.execute(change.execution_options(synchronize_session=False))


def _silent(invitation: Invitation, now: datetime) -> bool:
    queued = invitation.queued_at
    return seats.had_turn(invitation) and queued is not None and now - queued < SILENT_FOR


async def card(
    db: Session,
    meeting: Meeting,
    invitation: Invitation,
    member: Member,
    community: Community,
    now: datetime,
    *,
    nudge: bool = False,
    older: bool = False,
) -> Message:
    """Draw a member's card with what stands beside it; a reply in a meeting without limits asks nothing more.

    An `older` message only points to the newest one while that offers a seat, so that the question stands once.
    """
    found = await beside(db, meeting, invitation, member, now)
    if older and not invitation.withdrawn and seats.offered(invitation, now) and now < meeting.starts_at:
        found = replace(found, elsewhere=await _offer_written(db, meeting, member, now))
    return member_card(meeting, invitation, member, community, now, nudge=nudge, beside=found)


async def _offer_written(db: Session, meeting: Meeting, member: Member, now: datetime) -> bool:
    """Tell whether a message of its own offers the seat; who let one pass lately gets none."""
    found = await db.scalar(
        select(Delivery.id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Campaign.kind == OFFER,
            Campaign.subject == meeting.key,
            Delivery.member_id == member.id,
            Delivery.state.in_(("queued", "sending", "sent", "unknown")),
            Delivery.expires_at > now,
        )
        .limit(1)
    )
    return found is not None


async def beside(db: Session, meeting: Meeting, invitation: Invitation, member: Member, now: datetime) -> Beside:
    """Ask for the place on the list, the free seats of a hybrid meeting or the colleague, as the reply needs them."""
    if invitation.withdrawn or now >= meeting.starts_at:
        return NOTHING
    match invitation.reply:
        case "none":
            return Beside(free=await free_by_mode(db, meeting, now))
        case "waitlisted" if not seats.offered(invitation, now):
            place = (await seats.places(db, meeting, now)).get(member.id)
            return Beside(place=place, organisation_full=await _organisation_full(db, meeting, invitation, member, now))
        case "delegated":
            named = await delegations.of_holder(db, meeting, member)
            if named is None:
                return NOTHING
            agreed = named.state == "agreed"
            return Beside(delegate=named.name, delegation=named.key, agreed=agreed, until=named.until)
        case _:
            return NOTHING


async def free_by_mode(db: Session, meeting: Meeting, now: datetime) -> dict[str, int | None] | None:
    """Give the free seats of a hybrid meeting with limits by mode, asked once for many drawings; none for others."""
    if meeting.format != "hybrid" or (meeting.seats is None and meeting.seats_online is None):
        return None

    async def ask() -> dict[str, int | None]:
        return {mode: await seats.free(db, meeting, mode, now) for mode in (seats.ROOM, seats.ONLINE)}

    return await (db.batch.once(("free", meeting.id), ask) if db.batch is not None else ask())


async def _organisation_full(
    db: Session, meeting: Meeting, invitation: Invitation, member: Member, now: datetime
) -> bool:
    if meeting.per_organisation is None or member.organisation_id is None:
        return False
    room = await seats.room_for(db, meeting, member, invitation.mode, now)
    return room.organisation is not None and room.organisation < 1 + invitation.guests
