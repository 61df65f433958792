"""The life of a meeting: rows of its schedule, deadline, begin, end; reminders to those who come."""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.message import Message, button, row, rows
from chat.text import Bold, Link, Text, When, say
from handlers import _memo_dates, _recipients, _reminding, _schedule_drafts, _waiting, reports
from handlers._cards import (
    BEGUN,
    PUBLIC,
    days,
    details_row,
    join_button,
    join_info,
    place_for,
    when,
)
from handlers._feature import Feature
from handlers._invited import theirs
from handlers._schedule import Row, replies_close
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import one_tap
from storage.attendance import code_of
from storage.communities import Community, own_community
from storage.database import Session
from storage.meetings import HELD, INVITED, Invitation, Meeting, by_key, lock
from storage.members import Member
from storage.states import turn
from storage.timers import Timer

feature = Feature("reminders")

ABOUT_AN_HOUR = (timedelta(minutes=50), timedelta(minutes=70))
"""Only this long before the start a reminder says "in one hour"; after an outage it names the time instead."""
COMING = "yes"
ROOM = "room"
ASKING = ("silent", "maybe", "yes_maybe")
MISSED = timedelta(days=2)
"""A question to members that is this late, after an outage or in a meeting brought in from a file, is left out."""
ASKED = {"absent": "absent", "followup": "used"}
"""Rows that ask a question of one tap: everybody it is for is noted together, so that no order tells who answered."""


@feature.timer("reminder")
async def plan(db: Session, timer: Timer, now: datetime) -> None:
    """Write the messages of one row of the schedule for all it is for now; who comes later is added when they reply."""
    meeting = await by_key(db, timer.subject)
    if meeting is None:
        return
    dates = await _reminding.calendar(db, meeting)
    found = dates.row(timer.slot)
    if found is None or found.off:
        return
    if found.rule.draft:
        if await _schedule_drafts.due(db, timer, dates, found, now):
            await reports.plan(db, meeting, dates, found, now)
        return
    if not _running(meeting, found, now):
        return
    if found.rule.to in ASKING and now > dates.nominal(found) + MISSED:
        return
    if found.rule.to == "organisers":
        await reports.plan(db, meeting, dates, found, now)
    elif _reminding.drawn(found.kind):
        people = await _recipients.people(db, meeting, dates, found)
        if found.rule.to == "moderators":
            await code_of(db, meeting)
        if found.rule.key in ASKED:
            await one_tap.ask(db, meeting, ASKED[found.rule.key], [member for member, _ in people])
        await _reminding.plan(db, meeting, dates, found, people, now)


def _running(meeting: Meeting, found: Row, now: datetime) -> bool:
    """Tell whether a meeting has come to what a row is about, and is not beyond it."""
    if found.rule.after:
        return meeting.state in (*INVITED, *HELD) and now >= meeting.ends_at
    if found.rule.to == "silent":
        return meeting.state == "inviting" and now < replies_close(meeting)
    over = meeting.ends_at if found.rule.live else meeting.starts_at
    return meeting.state in INVITED and now < over


@feature.timer("deadline")
async def close_replies(db: Session, timer: Timer, now: datetime) -> None:
    """Close the replies: seats that are left go to the waiting list, organisers get the summary.

    A deadline that was moved meanwhile is waited for again.
    """
    meeting = await lock(db, timer.subject)
    if meeting is None or meeting.state not in ("inviting", "closed") or now >= meeting.starts_at:
        return
    if now < replies_close(meeting):
        await _reminding.arm(db, meeting)
        return
    await turn(db, meeting, "closed")
    await cards.touch(db, PUBLIC, meeting.key)  # private cards follow at the press: no mass edit (conversation §4.1)
    await _waiting.settle(db, meeting, now)
    dates = await _reminding.calendar(db, meeting)
    found = dates.row("deadline")
    if found is not None and not found.off:
        await reports.plan(db, meeting, dates, found, now)


@feature.timer("begin")
async def begin(db: Session, timer: Timer, _now: datetime) -> None:
    """Let a meeting be live; from now on no reply is taken."""
    await _turn(db, timer.subject, "live")


@feature.timer("end")
async def end(db: Session, timer: Timer, _now: datetime) -> None:
    """Let a meeting be held."""
    await _turn(db, timer.subject, "held")


async def _turn(db: Session, key: str, state: str) -> None:
    meeting = await lock(db, key)
    if meeting is not None and await turn(db, meeting, state):
        await cards.touch(db, PUBLIC, key)
        if state == "held":
            await _memo_dates.arm(db, meeting)


@feature.card("practical_pack")
async def draw_pack(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what people need to get there; nothing is sent while nothing is known beyond the place."""
    found = await _theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    community = await own_community(db)
    if invitation.reply != COMING or meeting.state in ("cancelled", *BEGUN):
        return await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=True)
    if drawing.first and not pack_known(meeting):
        return Skip("nothing_known")
    return pack(meeting, community)


def pack_known(meeting: Meeting) -> bool:
    """Tell whether organisers have given anything for the practical pack."""
    given = meeting.details or {}
    return any(given.get(each) for each in ("pack_link", "map_link", "phone"))


def pack(meeting: Meeting, community: Community) -> Message:
    """Write the practical pack of a meeting in person."""
    given = meeting.details or {}
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "when_local": When(meeting.starts_at, meeting.zone, meeting.ends_at, "inside"),
        "place": meeting.place or say("m_place_follows"),
        "organiser_contact": community.organiser_contact or community.name,
    }
    link = str(given.get("pack_link") or "")
    lines: list[Text] = [
        say("practical_pack", **texts, info_link=Link(link, link)) if link else say("sc_pack_plain", **texts)
    ]
    address = str(given.get("map_link") or "")
    if address:
        lines.append(say("sc_pack_map", link=Link(address, address)))
    if given.get("phone"):
        lines.append(say("sc_pack_phone", phone=str(given["phone"])))
    lines.append(say("sc_pack_checkin"))
    return Message(tuple(lines), rows(details_row(meeting, change=True)))


@feature.card("reminder_7d", "reminder_1d", "reminder_1h", "reminder_day")
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a reminder; who does not come any more gets none, and an older one turns into their reply card."""
    found = await _theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    community = await own_community(db)
    if invitation.reply != COMING or meeting.state in ("cancelled", *BEGUN):
        return await _waiting.card(db, meeting, invitation, member, community, drawing.now, older=True)
    return compose(meeting, drawing.kind, member, community, drawing.now, invitation.mode)


async def _theirs(db: Session, drawing: Drawing) -> tuple[Meeting, Invitation, Member] | Skip:
    """Find what a message to somebody who comes is about; sent for the first time only while they do."""
    found = await theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    if drawing.first:
        if meeting.state not in INVITED:
            return Skip("meeting_not_open")
        if invitation.reply != COMING:
            return Skip("not_coming")
        if drawing.now >= meeting.starts_at:
            return Skip("started")
    return meeting, invitation, member


def compose(
    meeting: Meeting, kind: str, member: Member, community: Community, now: datetime, mode: str = ""
) -> Message:  # fmt: skip
    """Write a reminder; "today", "tomorrow" and "one hour" are true for the member at this moment.

    Of a hybrid meeting it says the way in of their own mode.
    """
    cannot = button("cant_come", "cantcome", meeting.key, meeting.revision)
    join = join_button(meeting) if mode != ROOM else None
    ahead = days(meeting, member.zone, now)
    if kind == "reminder_7d":
        return Message((_week(meeting, ahead, mode),), rows(details_row(meeting, change=True)))
    if kind == "reminder_1h":
        return Message((_hour(meeting, member, now),), rows(row(join, cannot)))
    return Message((_day(meeting, member, community, ahead, mode),), rows(row(join, cannot)))


def _way_in(meeting: Meeting, mode: str) -> Text:
    if meeting.format != "in_person" and mode != ROOM:
        return join_info(meeting)
    where = str(meeting.details.get("map_link") or "")
    code = say("m_room_access")
    return (Link(where, where), " · ", code) if where else code


def _week(meeting: Meeting, ahead: int, mode: str) -> Text:
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "when_local": when(meeting),
        "place": place_for(meeting, mode),
    }
    if ahead != 7:
        return say("m_reminder_soon", **texts)
    if not meeting.agenda_link:
        return say("m_reminder_7d_plain", **texts)
    return say("reminder_7d", **texts, agenda_link=Link(meeting.agenda_link, meeting.agenda_link))


def _day(meeting: Meeting, member: Member, community: Community, ahead: int, mode: str) -> Text:
    texts: dict[str, Text] = {
        "meeting_title": Bold(meeting.title),
        "when_local": when(meeting),
        "place": place_for(meeting, mode),
        "organiser_contact": community.organiser_contact or community.name,
    }
    room = meeting.format == "in_person" or mode == ROOM
    if room and meeting.details.get("phone"):
        texts["organiser_contact"] = str(meeting.details["phone"])
    if ahead == 0 and room:
        return say("reminder_day", **texts, first_name=member.first_name)
    key = {0: "m_reminder_today", 1: "reminder_1d"}.get(ahead, "m_reminder_coming")
    return say(key, **texts, join_info=_way_in(meeting, mode))


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
