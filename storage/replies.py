"""What becomes of an answer: yes, a place on the waiting list, a question to the organisers (conversation §4.3).

Decided while the invitation is held, and in a meeting with limits the meeting too, so that two presses never count the
same seat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from storage import seats
from storage.database import Session
from storage.meetings import Meeting
from storage.members import Member

SEATED = ("yes", "delegated", "reconfirm")
"""Replies that hold a seat; whoever had sent a delegate keeps it when they come themselves."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Be what an invitation says about its reply: the columns that change together."""

    reply: str = "none"
    mode: str = ""
    guests: int = 0
    queued_at: datetime | None = None
    offer_until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Be what somebody asks for; `guests` None keeps their number, `granted` means that organisers decided it."""

    choice: str
    at: datetime
    now: datetime
    mode: str = ""
    guests: int | None = None
    granted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Be what stands from now on; `why` tells what kept a yes from being one: `full`, `organisation`, `late`.

    `refused` tells why nothing changes: `late` (the other mode is closed), `full`, `refused` (the organisers said so).
    """

    standing: Standing
    why: str = ""
    refused: str = ""


def holds(standing: Standing, now: datetime) -> bool:
    """Tell whether a seat is kept for this reply."""
    if standing.reply == "waitlisted":
        return standing.offer_until is not None and standing.offer_until > now
    return standing.reply in SEATED


async def decide(
    db: Session, meeting: Meeting, member: Member, before: Standing, replied_at: datetime | None, wish: Wish
) -> Decision:
    """Decide about an answer of somebody who holds a seat of their own or none; a delegate's needs no decision."""
    if wish.choice != "yes":
        return Decision(Standing(wish.choice))
    seated, waits = before.reply in SEATED, before.reply == "waitlisted"
    mode = seats.mode_of(meeting, wish.mode or before.mode)
    same = mode == seats.mode_of(meeting, before.mode)
    guests = (before.guests if seated or waits else 0) if wish.guests is None else wish.guests
    guests = max(0, min(guests, meeting.guests))
    wanted = Standing("yes", mode, guests)
    if seated and same and guests <= before.guests:
        return Decision(wanted)
    asks = seats.late(meeting, mode, wish.at) and not wish.granted and not (waits and same)
    if asks and (seated or waits):
        return Decision(before, refused="late")
    if asks and before.reply == "refused":
        return Decision(before, refused="refused")
    if asks:
        since = before.queued_at if before.reply == "asked" and same else wish.at
        return Decision(replace(wanted, reply="asked", queued_at=since), why="late")
    if not seats.limited(meeting):
        return Decision(wanted)
    room = await seats.room_for(db, meeting, member, mode, wish.now)
    if room.fits(1 + guests):
        return Decision(wanted)
    if seated or (waits and not same) or holds(before, wish.now):
        return Decision(before, refused="full")
    why = "full" if not room.fits(1 + guests, organisation=False) else "organisation"
    if waits:
        turn = before.queued_at is not None and replied_at is not None and before.queued_at > replied_at
        return Decision(replace(before, guests=guests, queued_at=wish.at if turn else before.queued_at), why=why)
    return Decision(replace(wanted, reply="waitlisted", queued_at=wish.at), why=why)
