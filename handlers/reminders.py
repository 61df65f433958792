"""Reminders to those who said yes, with the way in for the last two; begin and end of a meeting (domain 3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.message import Message, button, row, rows
from chat.text import Bold, Link, Text, When, say
from handlers import _reminding
from handlers._cards import (
    BEGUN,
    PUBLIC,
    days,
    details_row,
    join_button,
    join_info,
    member_card,
    place,
    when,
)
from handlers._feature import Feature
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.communities import Community, own_community
from storage.database import Session
from storage.meetings import INVITED, Meeting, by_key
from storage.members import Member
from storage.timers import Timer

feature = Feature("reminders")

ABOUT_AN_HOUR = (timedelta(minutes=50), timedelta(minutes=70))
"""Only this long before the start a reminder says "in one hour"; after an outage it names the time instead."""
COMING = "yes"


@feature.timer("reminder")
async def plan(db: Session, timer: Timer, now: datetime) -> None:
    """Write the rows of one reminder for all who have said yes so far; later ones are added when they reply."""
    meeting = await by_key(db, timer.subject)
    if meeting is None or meeting.state not in INVITED or now >= meeting.starts_at:
        return
    people = await invitations.who_replied(db, meeting, COMING)
    await _reminding.plan(db, meeting, timer.slot, people, now)


@feature.timer("begin")
async def begin(db: Session, timer: Timer, _now: datetime) -> None:
    """Let a meeting be live; from now on no reply is taken."""
    await _turn(db, timer.subject, ("scheduled", "inviting", "closed"), "live")


@feature.timer("end")
async def end(db: Session, timer: Timer, _now: datetime) -> None:
    """Let a meeting be held."""
    await _turn(db, timer.subject, ("scheduled", *INVITED), "held")


async def _turn(db: Session, key: str, before: tuple[str, ...], state: str) -> None:
    meeting = await by_key(db, key)
    if meeting is None or meeting.state not in before:
        return
    meeting.state = state
    await db.flush()
    await cards.touch(db, PUBLIC, key)


@feature.card("reminder_7d", "reminder_1d", "reminder_1h", "reminder_day")
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a reminder; who does not come any more gets none, and an older one turns into their reply card."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    invitation = await invitations.find(db, meeting, member)
    if invitation is None or invitation.withdrawn:
        return Skip("not_invited")
    if drawing.first:
        if meeting.state not in INVITED:
            return Skip("meeting_not_open")
        if invitation.reply != COMING:
            return Skip("not_coming")
        if drawing.now >= meeting.starts_at:
            return Skip("started")
    community = await own_community(db)
    if invitation.reply != COMING or meeting.state in ("cancelled", *BEGUN):
        return member_card(meeting, invitation, member, community, drawing.now)
    return compose(meeting, drawing.kind, member, community, drawing.now)


def compose(meeting: Meeting, kind: str, member: Member, community: Community, now: datetime) -> Message:
    """Write a reminder; "today", "tomorrow" and "one hour" are true for the member at this moment."""
    cannot = button("cant_come", "cantcome", meeting.key, meeting.revision)
    join = join_button(meeting)
    ahead = days(meeting, member.zone, now)
    if kind == "reminder_7d":
        return Message((_week(meeting, ahead),), rows(details_row(meeting, change=True)))
    if kind == "reminder_1h":
        return Message((_hour(meeting, member, now),), rows(row(join, cannot)))
    return Message((_day(meeting, member, community, ahead),), rows(row(join, cannot)))


def _week(meeting: Meeting, ahead: int) -> Text:
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "when_local": when(meeting),
        "place": place(meeting),
    }
    if ahead != 7:
        return say("m_reminder_soon", **texts)
    if not meeting.agenda_link:
        return say("m_reminder_7d_plain", **texts)
    return say("reminder_7d", **texts, agenda_link=Link(meeting.agenda_link, meeting.agenda_link))


def _day(meeting: Meeting, member: Member, community: Community, ahead: int) -> Text:
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "when_local": when(meeting),
        "place": place(meeting),
        "organiser_contact": community.organiser_contact or community.name,
    }
    if ahead == 0 and meeting.format == "in_person":
        return say("reminder_day", **texts, first_name=member.first_name)
    key = {0: "m_reminder_today", 1: "reminder_1d"}.get(ahead, "m_reminder_coming")
    return say(key, **texts, join_info=join_info(meeting))


def _hour(meeting: Meeting, member: Member, now: datetime) -> Text:
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "join_info": join_info(meeting),
        "first_name": member.first_name,
    }
    left = meeting.starts_at - now
    if ABOUT_AN_HOUR[0] <= left <= ABOUT_AN_HOUR[1]:
        return say("reminder_1h", **texts)
    return say("m_reminder_starts_at", **texts, time=When(meeting.starts_at, meeting.zone, part="time"))
