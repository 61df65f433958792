"""What the organisers' channel gets about a meeting by itself: counts, names by button in private (conversation §8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from chat.message import Button, Message, button, row, rows
from chat.text import Bold, LanguageName, Text, When, say
from handlers import _balance, _schedule_drafts
from handlers._card_lines import can
from handlers._cards import when
from handlers._feature import Feature, Waiting
from handlers._reminding import occurrence
from handlers._schedule import Calendar, Row, topic_poll
from handlers._welcome import go
from scheduler import delivery
from scheduler.contract import Drawing, Skip
from storage import attendance, audience, feedback, invitations, needs, questions
from storage.communities import Channel, own_community
from storage.database import Session
from storage.meetings import COMING, INVITED, Invitation, Meeting, by_key
from storage.members import RoleGrant, holders
from storage.series import NOT_ANNOUNCED

feature = Feature("reports")

SOON = timedelta(days=10)
"""A gap in the preparations stands on the desk so long before the start."""
GIVEN_UP = ("cancelled", "draft", "scheduled")


async def plan(db: Session, meeting: Meeting, dates: Calendar, found: Row, now: datetime) -> None:
    """Plan one report for the organisers' channels; without one each organiser gets it in private.

    A moment that had passed before the meeting was announced is not made up for, except where the row says so.
    """
    at = dates.nominal(found)
    valid = found.rule.valid or timedelta(days=1)
    if at + valid <= now and not found.rule.late:
        return
    due = max(at, now)
    until = due + valid if found.rule.after else min(due + valid, meeting.starts_at)
    query = select(Channel).where(Channel.purpose == "organisers", Channel.reachable.is_(True)).order_by(Channel.id)
    to = [delivery.To(channel=each, due=due, expires=until) for each in await db.scalars(query)]
    if not to:
        to = [delivery.To(member=each, due=due, expires=until) for each in await holders(db, "organiser", now)]
    if to and due < until:
        name = occurrence(meeting, found)
        await delivery.plan(db, kind=found.kind, subject=meeting.key, occurrence=name, to=to, now=now)


@feature.card("report_poll")
async def draw_poll(db: Session, drawing: Drawing) -> Message | Skip:
    """Say that it is time to open the topic poll from which a theme comes (T-60, in person T-100)."""
    meeting = await _planned(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    if drawing.first and (await _schedule_drafts.topic_poll(db, meeting, drawing.now)).reason:
        return Skip("decided")
    remind, close = topic_poll((await own_community(db)).settings)
    lines: list[Text] = [say("sc_poll_why"), say("sc_poll_closes", n=close.days)]
    if remind is not None:
        lines.append(say("sc_poll_reminds", n=remind.days))
    return _report(meeting, "sc_poll", lines, go("poll_topic", "poll_topic"), can("edit", "medit", meeting.key))


@feature.card("report_checklist")
async def draw_checklist(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what is settled and what is missing before people are invited (T-45, in person T-85)."""
    meeting = await _planned(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    lines = await checklist(db, meeting, drawing.now)
    return _report(meeting, "sc_checklist", lines, can("edit", "medit", meeting.key))


async def checklist(db: Session, meeting: Meeting, now: datetime) -> list[Text]:
    """Name the eight things of domain 3.1, T-45, what is missing in bold; nobody is named, a channel reads it.

    A room has a number of seats; online any number is an answer. Where the meeting names no approver it is whoever has
    that role; where it names no languages they are the community's own and its members'.
    """
    community = await own_community(db)
    given = [each.strip() for each in str(meeting.details.get("languages") or "").split(",") if each.strip()]
    others = [each for each in await audience.values(db, "languages") if each != community.language]
    spoken: list[Text] = []
    for each in given or (community.language, *others):
        spoken += [", ", LanguageName(each)]
    seats: Text | None = str(meeting.seats) if meeting.seats is not None else None
    if meeting.format == "hybrid" and meeting.seats is not None:
        online = say("sc_any_number") if meeting.seats_online is None else str(meeting.seats_online)
        seats = (say("sc_mode_room"), f" {meeting.seats}, ", say("sc_mode_online"), " ", online)
    elif meeting.format == "online" and meeting.seats is None:
        seats = say("sc_any_number")
    found: dict[str, Text | None] = {
        "theme": meeting.theme.strip() or None,
        "region": meeting.region.strip() or None,
        "format": say(f"b_{meeting.format}"),
        "rule": say("c_rule_yes" if meeting.chatham_house else "c_rule_no"),
        "seats": seats,
        "moderator": say("sc_named") if await _moderated(db, meeting) else None,
        "approver": say("sc_named") if meeting.details.get("approver") or await holders(db, "approver", now) else None,
        "languages": tuple(spoken[1:]),
    }
    missing = [name for name, value in found.items() if value is None]
    lines: list[Text] = [Bold(say("sc_gaps", n=len(missing)) if missing else say("sc_ready"))]
    lines += [("– ", Bold(say(f"sc_has_{name}", value=say("sc_missing")))) for name in missing]
    lines += [say(f"sc_has_{name}", value=value) for name, value in found.items() if value is not None]
    return lines


async def _moderated(db: Session, meeting: Meeting) -> bool:
    leads = select(RoleGrant.id).where(RoleGrant.role == "moderator", RoleGrant.meeting_id == meeting.id)
    return await db.scalar(leads.limit(1)) is not None


@feature.card("report_balance")
async def draw_balance(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the balance by category with advice (T-28, in person T-45)."""
    meeting = await _alive(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    lines = await _balance.lines(db, meeting, drawing.now)
    return _report(meeting, "sc_balance", lines, can("balance", "bal", meeting.key))


@feature.card("report_deadline")
async def draw_deadline(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the summary at the reply deadline."""
    meeting = await _alive(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    counts = await invitations.counts(db, meeting)
    lines: list[Text] = [_counts(counts)]
    waits = {each: counts.get(each, 0) for each in ("waitlisted", "asked")}
    lines += [say(f"sc_n_{each}", n=number) for each, number in waits.items() if number]
    return _report(
        meeting, "sc_deadline", lines, button("names", "roster", meeting.key, 0), can("balance", "bal", meeting.key)
    )


@feature.card("report_visa")
async def draw_visa(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw how many asked for a visa support letter, which have to go out now (T-55)."""
    meeting = await _alive(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    number = (await needs.letters(db, [meeting.id])).get(meeting.id, 0)
    lines: list[Text] = [say("sc_visa_n", n=number), say("sc_visa_do")]
    return _report(meeting, "sc_visa", lines, can("sc_needs", "needlist", meeting.key))


@feature.card("report_headcount")
async def draw_headcount(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the final number of people, and of diets without names (T-10 in person)."""
    meeting = await _alive(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    found = (
        await db.execute(
            select(Invitation.mode, Invitation.guests).where(
                Invitation.meeting_id == meeting.id, Invitation.withdrawn.is_(False), Invitation.reply.in_(COMING),
                Invitation.represents.is_(None),
            )
        )
    ).all()  # fmt: skip
    room = [guests for mode, guests in found if mode != "online"]
    lines: list[Text] = [say("sc_heads", n=len(room) + sum(room))]
    if sum(room):
        lines.append(say("sc_heads_guests", n=sum(room)))
    if len(room) < len(found):
        lines.append(say("sc_heads_online", n=len(found) - len(room)))
    diets = {name: number for name, number in (await needs.totals(db, meeting)).items() if name != "none"}
    if diets:
        parts: list[Text] = []
        for name, number in diets.items():
            parts += [say(f"sc_diet_{name}"), f" {number}", ", "]
        lines.append(say("sc_diets", diets=tuple(parts[:-1])))
    return _report(
        meeting,
        "sc_headcount",
        lines,
        can("sc_needs", "needlist", meeting.key),
        button("names", "roster", meeting.key, 0),
    )


@feature.card("report_readiness")
async def draw_readiness(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what is ready and what is missing, three days before."""
    meeting = await _alive(db, drawing)
    if isinstance(meeting, Skip):
        return meeting
    missing = await gaps(db, meeting)
    counts = await invitations.counts(db, meeting)
    lines: list[Text] = [Bold(say("sc_ready")) if not missing else Bold(say("sc_gaps", n=len(missing)))]
    lines += [("– ", each) for each in missing]
    lines.append(_counts(counts))
    asked = await questions.number(db, meeting)
    lines.append(say("sc_questions", n=asked))
    listed = can("sc_questions", "aqlist", meeting.key) if asked else None
    return _report(
        meeting, "sc_readiness", lines, can("edit", "medit", meeting.key) if missing else None, listed,
    )  # fmt: skip


@feature.card("report_attendance")
async def draw_attendance(db: Session, drawing: Drawing) -> Message | Skip:
    """Ask, the day after, who was there: those who checked in are known (T+1)."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or meeting.state in GIVEN_UP:
        return Skip("gone")
    counts = await attendance.counts(db, meeting)
    lines: list[Text] = [
        say("sc_attended", there=counts["attended"] + counts["partial"], coming=counts["coming"]),
        say("sc_unknown", n=counts["unknown"]) if counts["unknown"] else say("sc_all_known"),
    ]
    return _report(meeting, "sc_attendance", lines, can("attendance", "attend", meeting.key))


@feature.card("report_feedback")
async def draw_feedback(db: Session, drawing: Drawing) -> Message | Skip:
    """Say, when the questions are closed, how many answered (T+7)."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or meeting.state in GIVEN_UP:
        return Skip("gone")
    asked = await feedback.asked(db, meeting)
    if not asked:
        return Skip("nobody")
    line = say("sc_answered", answered=await feedback.answered(db, meeting), asked=asked)
    return _report(meeting, "sc_feedback", [line], can("feedback", "fbsum", meeting.key))


@feature.card("moderate")
async def draw_start(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell who moderates that it begins: how many come, the code for the room, the list to tick; in private only."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or meeting.state in (*GIVEN_UP, "held") or drawing.member is None:
        return Skip("meeting_not_open")
    counts = await invitations.counts(db, meeting)
    lines: list[Text] = [_counts(counts)]
    if meeting.format != "online":
        lines.append(Bold(say("att_code", code=meeting.checkin_code or "–")))
    tick = can("attendance", "attend", meeting.key)
    start = When(meeting.starts_at, meeting.zone, part="time")
    head = Bold(say("sc_moderate", code=meeting.code, time=start, title=meeting.title))
    fine = (say("rule_note"),) if meeting.chatham_house else ()
    return Message((head, *lines), rows(row(tick, button("status", "status", meeting.key))), fine)


async def gaps(db: Session, meeting: Meeting) -> list[Text]:
    """Name what is missing for a meeting to take place: the link, the place, practical information, a moderator."""
    found: list[Text] = []
    if meeting.format != "in_person" and not meeting.join_link:
        found.append(say("sc_no_link"))
    if meeting.format != "online":
        if not meeting.place:
            found.append(say("sc_no_place"))
        if not any((meeting.details or {}).get(each) for each in ("pack_link", "map_link", "phone")):
            found.append(say("sc_no_pack"))
    if not await _moderated(db, meeting):
        found.append(say("sc_no_moderator"))
    return found


@feature.todo
async def todo(db: Session, now: datetime) -> Sequence[Waiting]:
    """Name the announced meetings of the next days that cannot take place as they are: no link, no place."""
    coming = select(Meeting).where(Meeting.state.in_(INVITED), Meeting.starts_at > now, Meeting.starts_at <= now + SOON)
    found: list[Waiting] = []
    for meeting in await db.scalars(coming.order_by(Meeting.starts_at)):
        first = _without(meeting)
        if first is not None:
            edit = button("edit", "medit", meeting.key)
            found.append(Waiting((meeting.code, " · ", first), edit, by=meeting.starts_at))
    return found


def _without(meeting: Meeting) -> Text | None:
    if meeting.format != "in_person" and not meeting.join_link:
        return say("sc_no_link")
    if meeting.format != "online" and not meeting.place:
        return say("sc_no_place")
    return None


async def _alive(db: Session, drawing: Drawing) -> Meeting | Skip:
    """Find the meeting of a report that comes before it; a report that is late says nothing about what is over."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None:
        return Skip("gone")
    if meeting.state not in INVITED or (drawing.first and drawing.now >= meeting.starts_at):
        return Skip("meeting_not_open")
    return meeting


async def _planned(db: Session, drawing: Drawing) -> Meeting | Skip:
    """Find the meeting of a report that comes before people are invited; what was posted stays as it was."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None:
        return Skip("gone")
    return Skip("announced") if drawing.first and meeting.state not in NOT_ANNOUNCED else meeting


def _counts(counts: dict[str, int]) -> Text:
    yes = counts["yes"] + counts.get("delegated", 0)
    return say("m_counts_all", yes=yes, maybe=counts["maybe"], no=counts["no"], none=counts["none"])


def _report(meeting: Meeting, key: str, lines: Sequence[Text], *buttons: Button | None) -> Message:
    head: list[Text] = [Bold(say(key, code=meeting.code, title=meeting.title)), when(meeting)]
    return Message((*head, *lines), rows(row(*buttons, button("status", "status", meeting.key))), silent=True)
