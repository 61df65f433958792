"""People who ask for a seat after the deadline: one card a day for the organisers, and news to the people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from chat.message import Button, Message, Press, Row, button, row, rows
from chat.text import Bold, Text, say
from handlers import _reminding
from handlers._cards import title_line
from scheduler import delivery, quiet
from storage import seats, waiting_list
from storage.communities import Channel
from storage.database import Session
from storage.meetings import Meeting
from storage.members import Member, holders

SHOWN = 5
"""People of one card; the next ones follow as soon as these are decided."""
NOTED, DECISION = "answered_for", "seat_decision"
"""Kinds of messages: the organisers noted a reply or took somebody off the list; they gave or refused a seat."""


async def tell(db: Session, meeting: Meeting, now: datetime) -> None:
    """Plan the card of seat requests: to the organisers' channels, where there are none to every organiser."""
    theirs = select(Channel).where(Channel.purpose == "organisers", Channel.reachable.is_(True)).order_by(Channel.id)
    channels = (await db.scalars(theirs)).all()
    to = [delivery.To(channel=each, due=now, expires=meeting.starts_at) for each in channels]
    if not to:
        to = [
            delivery.To(member=each, due=quiet.next_allowed(each, now), expires=meeting.starts_at)
            for each in await holders(db, "organiser", now)
        ]
    if to:
        today = f"{now:%Y%m%d}"
        await delivery.plan(db, kind="seat_requests", subject=meeting.key, occurrence=today, to=to, now=now)


async def notify(db: Session, meeting: Meeting, member: Member, kind: str, now: datetime) -> None:
    """Plan the news to one member, outside their quiet hours where the start leaves time for that."""
    no_send = await _reminding.no_send_dates(db)
    due = quiet.fit_before(member, now, meeting.starts_at, no_send, now=now)
    if due < meeting.starts_at:
        to = [delivery.To(member=member, due=due, expires=meeting.starts_at)]
        occurrence = f"{member.key}{now:%Y%m%d%H%M%S}"
        await delivery.plan(db, kind=kind, subject=meeting.key, occurrence=occurrence, to=to, now=now)


async def requests_card(db: Session, meeting: Meeting, now: datetime, *, names: bool) -> Message:
    """Draw who asks for a seat: `names` for organisers in private, else the number alone."""
    asking = await waiting_list.asking(db, meeting)
    open_now = now < meeting.starts_at and meeting.state in seats.OPEN_STATES
    lines: list[Text] = [(meeting.code, " · ", title_line(meeting))]
    lines.append(Bold(say("w_requests", n=len(asking)) if asking else say("w_requests_none")))
    modes = (seats.ROOM, seats.ONLINE) if meeting.format == "hybrid" else ("",)
    for mode in modes:
        left, limit = await seats.free(db, meeting, mode, now) if asking else None, seats.capacity(meeting, mode)
        if left is not None and limit is not None:
            lines.append(say(f"w_{mode}_free", n=left, m=limit) if mode else say("w_free_n", n=left))
    status = button("status", "status", meeting.key)
    if not asking or not open_now:
        return Message(tuple(lines), rows(row(status)), silent=True)
    if not names:
        return Message(tuple(lines), rows(row(button("decide", "giveseat", meeting.key), status)), silent=True)
    made: list[Row] = []
    for number, (invitation, member, body) in enumerate(asking[:SHOWN], 1):
        guests = f" +{invitation.guests}" if invitation.guests else ""
        lines.append((f"{number}. ", member.name, f", {body}" if body else "", guests))
        give = Button((f"{number} · ", say("b_give_seat")), Press("giveseat", meeting.key, "", member.key))
        refuse = Button((f"{number} · ", say("b_no_seat")), Press("noseat", meeting.key, "", member.key))
        made.append(row(give, refuse))
    return Message(tuple(lines), rows(*made, row(status)), silent=True)
