"""Who would get what, on which platform and when: counted before anything is sent, and again when it is confirmed."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from handlers import _quota, _reminding, _send_notices
from handlers._cards import PUBLIC
from handlers._reminding import no_send_dates
from handlers._sends import LETTERS
from scheduler import cards, delivery, quiet
from storage import invitations
from storage.communities import Channel
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Invitation, Meeting, lock
from storage.members import Member
from storage.states import turn

HOLD = timedelta(minutes=2)
"""The shortest time in which a confirmed send can be undone (conversation, settled point a)."""
CONFIRM_WITHIN = timedelta(minutes=10)
KINDS = {letter: kind for kind, letter in LETTERS.items()}
GONE = ("cancelled", "taking_back", "taken_back")
"""States of sends that count as if they had never been."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Be one person who would get it: on which platform and when; `reason` says why not, "" if they would."""

    member: Member
    platform: str
    due: datetime
    reason: str = ""
    digest: bool = False
    """Whether the weekly cap turns it into a digest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Be the whole send as it would happen now."""

    kind: str
    meeting: Meeting
    everybody: tuple[Recipient, ...]
    channels: tuple[Channel, ...] = ()
    not_joined: int = 0
    expires: datetime | None = None
    reached: tuple[Recipient, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reached", tuple(each for each in self.everybody if not each.reason))

    @property
    def digested(self) -> tuple[Recipient, ...]:
        """Give those who get a digest instead, because of the weekly cap."""
        return tuple(each for each in self.reached if each.digest)

    @property
    def platforms(self) -> Counter[str]:
        """Count the people by platform."""
        return Counter(each.platform for each in self.reached)

    @property
    def languages(self) -> Counter[str]:
        """Count the people by language."""
        return Counter(each.member.language for each in self.reached)

    @property
    def reasons(self) -> Counter[str]:
        """Count those who would not get it, by reason."""
        return Counter(each.reason for each in self.everybody if each.reason)

    @property
    def first(self) -> datetime:
        """Give the moment of the first message."""
        return min(each.due for each in self.reached)

    @property
    def last(self) -> datetime:
        """Give the moment of the last message."""
        return max(each.due for each in self.reached)

    def digest(self, minute: int) -> str:
        """Give 16 hexadecimal characters that stand for everything the preview says, and for when it was made."""
        meeting = self.meeting
        parts: list[object] = [
            self.kind, minute, meeting.key, meeting.revision, meeting.title, meeting.starts_at, meeting.ends_at,
            meeting.place, meeting.rsvp_deadline, meeting.zone, meeting.format, meeting.chatham_house,
            *((each.id, each.chat) for each in self.channels),
            *((each.member.id, each.platform, each.reason, each.due.date(), each.digest) for each in self.everybody),
        ]  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def build(db: Session, meeting: Meeting, kind: str, now: datetime) -> Plan:
    """Work out an invitation to those not yet invited, or a nudge to those who have not replied."""
    no_send = await no_send_dates(db)
    if kind == "rsvp_nudge":
        silent = [member for member, _ in await invitations.who_replied(db, meeting, "none")]
        expires = meeting.rsvp_deadline if meeting.rsvp_deadline > now else meeting.starts_at - timedelta(hours=2)
        nudged = [_recipient(each, now, expires, no_send) for each in sorted(silent, key=lambda each: each.code)]
        return Plan(kind, meeting, await _capped(db, kind, nudged), expires=expires)
    invited = [_recipient(each, now, meeting.starts_at, no_send) for each in await invitations.audience(db, meeting)]
    people = await _capped(db, kind, invited)
    return Plan(
        kind,
        meeting,
        people,
        channels=await _channels(db, meeting),
        not_joined=await invitations.not_joined(db, meeting),
        expires=meeting.starts_at,
    )


async def _capped(db: Session, kind: str, people: list[Recipient]) -> tuple[Recipient, ...]:
    """Mark those who have had enough unsolicited messages that week."""
    dues = [(each.member, each.due) for each in people if not each.reason]
    over = await _quota.surplus(db, kind, dues)
    return (
        tuple(replace(each, digest=True) if each.member.id in over else each for each in people)
        if over
        else tuple(people)
    )


def _recipient(member: Member, now: datetime, expires: datetime, no_send: frozenset[date]) -> Recipient:
    soonest = now + HOLD
    due = max(quiet.bulk_slot(member, now, no_send), soonest)
    if due >= expires:
        due = quiet.next_allowed(member, soonest, no_send)
    platform, reason = delivery.way(member, due)
    return Recipient(member, platform, due, reason or ("too_late" if due >= expires else ""))


async def _channels(db: Session, meeting: Meeting) -> tuple[Channel, ...]:
    """Give the members' channels that get the card: only for meetings meant for all members, and only once."""
    if not meeting.announce or meeting.audience:
        return ()
    if await rounds(db, meeting, "meeting_card", alive=True):
        return ()
    found = await db.scalars(
        select(Channel).where(Channel.purpose == "members", Channel.reachable.is_(True)).order_by(Channel.id)
    )
    return tuple(found)


async def rounds(db: Session, meeting: Meeting, kind: str, *, alive: bool = False) -> list[Campaign]:
    """Give the sends of one kind about a meeting so far, oldest first; `alive` leaves out those taken back."""
    asked = select(Campaign).where(Campaign.kind == kind, Campaign.subject == meeting.key).order_by(Campaign.id)
    return list(await db.scalars(asked.where(Campaign.state.not_in(GONE)) if alive else asked))


async def uninvite(db: Session, campaign: Campaign) -> None:
    """Take back the invitations of a send that was undone or taken back; whoever has replied keeps theirs.

    When nobody is invited any more the meeting is planned as before, and its reminders are called off.
    """
    meeting = await lock(db, campaign.subject)
    if meeting is None:
        return
    asked = await db.scalars(select(Delivery.member_id).where(Delivery.campaign_id == campaign.id))
    digested = [int(each) for each in campaign.details.get("digest") or ()]
    await invitations.take_back(db, meeting, [*(each for each in asked if each is not None), *digested])
    left = await db.scalar(select(func.count()).where(Invitation.meeting_id == meeting.id))
    if not left and not await rounds(db, meeting, "invitation", alive=True) and meeting.state in ("inviting", "closed"):
        await turn(db, meeting, "scheduled")
        await _reminding.disarm(db, meeting)
    await db.flush()
    await cards.touch(db, PUBLIC, meeting.key)


async def carry_out(db: Session, plan: Plan, digest: str, by: Member, now: datetime) -> Campaign:
    """Write the send: rows for everybody, held until the first message is due so that it can be undone."""
    meeting = plan.meeting
    hold = max(plan.first - now, HOLD)
    number = len(await rounds(db, meeting, plan.kind)) + 1
    along: list[str] = []
    if plan.channels:
        along.append((await _announce(db, plan, by, now, hold)).key)
    instead = [delivery.To(member=each.member, due=each.due) for each in plan.digested]
    await _quota.put_off(db, plan.kind, instead, now)
    campaign = await delivery.plan(
        db,
        kind=plan.kind,
        subject=meeting.key,
        occurrence=f"r{meeting.revision}-{number}",
        to=[
            delivery.To(member=each.member, due=each.due, expires=plan.expires)
            for each in plan.everybody
            if not each.digest
        ],
        now=now,
        by=by,
        hold=hold,
        details={"with": along, "digest": [each.member.id for each in plan.digested]},
        content_hash=digest,
    )
    await _send_notices.watch(db, campaign, now)
    return campaign


async def _announce(db: Session, plan: Plan, by: Member, now: datetime, hold: timedelta) -> Campaign:
    number = len(await rounds(db, plan.meeting, "meeting_card")) + 1
    return await delivery.plan(
        db,
        kind="meeting_card",
        subject=plan.meeting.key,
        occurrence=f"r{plan.meeting.revision}-{number}",
        to=[delivery.To(channel=each, due=plan.first, expires=plan.expires) for each in plan.channels],
        now=now,
        by=by,
        hold=hold,
    )
