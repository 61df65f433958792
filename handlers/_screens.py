"""Home: what waits for me, what comes next, where things are (conversation §3)."""

from __future__ import annotations

from sqlalchemy import select

from chat.message import Message, button, row, rows
from chat.text import Bold, LanguageName, Text, When, say, zone_city
from handlers import _asks
from handlers._cards import state_label
from handlers._commands import offer
from handlers._feature import Context
from handlers._own_reply import own_line
from storage.meetings import Invitation, Meeting

SECTION = 3
"""Items of one section (conversation §3)."""
WAITING = 5
"""Things that wait, shown at once; the digest of a week holds as many."""
COMING = ("inviting", "closed", "live")
PLANNED = ("draft", "scheduled", *COMING)
FORMAT_KEYS = {"online": "b_online", "in_person": "b_in_person", "hybrid": "b_hybrid"}


async def coming(ctx: Context) -> list[tuple[Meeting, Invitation]]:
    """Give the meetings the member is invited to that are not over, the nearest first."""
    found = await ctx.db.execute(
        select(Meeting, Invitation)
        .join(Invitation, Invitation.meeting_id == Meeting.id)
        .where(
            Invitation.member_id == ctx.me.id,
            Invitation.invited_at.is_not(None),
            Invitation.withdrawn.is_(False),
            Meeting.state.in_(COMING),
            Meeting.ends_at > ctx.now,
        )
        .order_by(Meeting.starts_at)
    )
    return [(meeting, invitation) for meeting, invitation in found]


async def open_invitations(ctx: Context) -> list[Meeting]:
    """Give the meetings whose invitation the member has not answered, the nearest deadline first."""
    waiting = [
        meeting
        for meeting, invitation in await coming(ctx)
        if invitation.reply == "none" and meeting.state == "inviting" and meeting.starts_at > ctx.now
    ]
    return sorted(waiting, key=lambda each: each.rsvp_deadline)


async def home_sections(ctx: Context) -> tuple[Message, ...]:
    """Draw the home of the acting member as sections, for a home tab."""
    return (_head(ctx), await _waiting(ctx), await _next(ctx), _foot(ctx))


async def home_screen(ctx: Context) -> Message:
    """Draw the home as one message, for a chat."""
    sections = await home_sections(ctx)
    return Message(
        tuple(line for each in sections for line in each.lines),
        tuple(each for section in sections for each in section.rows),
        tuple(line for each in sections for line in each.fine),
        silent=True,
    )


def messages_line(ctx: Context) -> Text:
    """Say where messages come to and when they do not, as in `Messages: Slack · English · Warsaw · quiet 20-08`."""
    return say(
        "s_messages",
        chat=chats(ctx) or "–",
        language=LanguageName(ctx.me.language),
        zone=zone_city(ctx.me.zone, ctx.reader),
        start=f"{ctx.me.quiet_from:02}:00",
        end=f"{ctx.me.quiet_to:02}:00",
    )


def chats(ctx: Context) -> str:
    """Name the platforms the member can be written to on, the preferred one first."""
    reached = [each for each in ctx.me.accounts if each.reachable]
    ordered = sorted(reached, key=lambda each: each.platform != ctx.me.preferred)
    return ", ".join(dict.fromkeys(each.platform.capitalize() for each in ordered))


def _head(ctx: Context) -> Message:
    lines: list[Text] = [Bold(say("s_home_of", community=ctx.community.name))]
    member = ctx.me
    if member.state == "stopped":
        lines.append(say("p_is_off"))
    elif member.state == "paused" and member.paused_until:
        lines.append(say("p_paused", date=When(member.paused_until, member.zone, part="date")))
    asleep = member.state in ("stopped", "paused")
    return Message(tuple(lines), rows(row(button("resume", "resume", style="primary") if asleep else None)))


async def _waiting(ctx: Context) -> Message:
    found = await _asks.waiting(ctx.db, ctx.me, ctx.now)
    lines, buttons = _asks.numbered(found, WAITING)
    if not found:
        lines = [say("s_nothing_waits")]
    if len(found) > WAITING:
        lines.append(say("s_more_wait", n=len(found) - WAITING))
    pairs = [row(*buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return Message((Bold(say("s_waiting")), *lines), rows(*pairs))


async def _next(ctx: Context) -> Message:
    lines: list[Text] = [Bold(say("s_next"))]
    for meeting, invitation in (await coming(ctx))[:SECTION]:
        lines.append(
            (
                When(meeting.starts_at, meeting.zone, meeting.ends_at),
                " · ",
                say(FORMAT_KEYS.get(meeting.format, "b_online")),
            )
        )
        lines.append((meeting.title, " · ", await own_line(ctx.db, meeting, invitation, ctx.me, ctx.now)))
    if len(lines) == 1 and ctx.roles:
        lines += await _next_of_staff(ctx)
    if len(lines) == 1:
        lines.append(say("m_plan_first") if ctx.organiser else say("m_none_yet"))
    return Message(tuple(lines))


async def _next_of_staff(ctx: Context) -> list[Text]:
    """Say what comes to staff, who are not invited themselves; what is only planned is the organisers' business."""
    found = await ctx.db.scalars(
        select(Meeting)
        .where(Meeting.state.in_(PLANNED if ctx.organiser else COMING), Meeting.ends_at > ctx.now)
        .order_by(Meeting.starts_at)
        .limit(SECTION)
    )
    lines: list[Text] = []
    for meeting in found:
        kind = say(FORMAT_KEYS.get(meeting.format, "b_online"))
        lines.append((When(meeting.starts_at, meeting.zone, meeting.ends_at), " · ", kind))
        lines.append((meeting.title, " · ", state_label(meeting)))
    return lines


def _foot(ctx: Context) -> Message:
    waiting_uses = offer(("meetings", "meetings"), ("my", "my"), ("polls", "polls"))
    shelves = offer(("memos", "memos"), ("library", "library"), ("webinars", "webinar"))
    own = offer(("feedback", "feedback"), ("feed", "calendar")), offer(("settings", "settings"), ("privacy", "privacy"))
    last = offer(("help", "help"), *((("desk", "desk"),) if ctx.organiser else ()))
    return Message((messages_line(ctx),), rows(waiting_uses, shelves, *own, last))
