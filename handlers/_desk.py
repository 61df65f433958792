"""The organisers' desk: what to do, sends, meetings, the next thirty days, the programme (conversation §3)."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from chat.message import Button, Message, Press, rows
from chat.text import Bold, Text, When, say
from handlers import _asks, _schedule_screens, programme
from handlers._cards import state_label
from handlers._commands import exists, offer
from handlers._feature import Context
from handlers._screens import PLANNED, SECTION, WAITING
from handlers._send_screens import summary
from storage import invitations
from storage.meetings import INVITED, Meeting
from storage.members import active_members, reachable

AHEAD = timedelta(days=30)
NEXT = 6
"""Lines of the next thirty days on the desk; `todo` shows more."""
MANY = 15


async def desk_screen(ctx: Context) -> Message:
    """Draw the desk: what to do first, then what runs and what comes."""
    members = await active_members(ctx.db)
    reached = sum(reachable(each) for each in members)
    lines: list[Text] = [
        Bold(say("s_desk_of", community=ctx.community.name)),
        say("p_members_n", n=len(members), reached=reached),
    ]
    tasks, task_buttons = await _todo(ctx, WAITING)
    lines += tasks
    lines += [(Bold(say("b_sends")), " · ", await summary(ctx.db, ctx.now)), Bold(say("s_meetings"))]
    meetings = await _meetings(ctx)
    shown = meetings[:SECTION]
    counts = await invitations.counts_of(ctx.db, shown)
    for each in shown:
        lines.append((Bold(each.code), " · ", When(each.starts_at, each.zone), " · ", state_label(each)))
        if each.state in INVITED:
            given = counts[each.id]
            yes = given.get("yes", 0) + given.get("delegated", 0)
            rest = {name: given.get(name, 0) for name in ("maybe", "no", "none")}
            lines.append(say("s_counts", yes=yes, **rest))
    if not shown:
        lines.append(say("m_plan_first"))
    coming = await _coming(ctx, meetings, NEXT)
    if coming:
        lines += [Bold(say("s_next_30")), *coming]
    lines += [Bold(say("s_programme_head")), *await programme.totals(ctx.db, ctx.community)]
    status = [found for meeting in shown if (found := _status_button(meeting)) is not None]
    return Message(
        tuple(lines),
        rows(
            *_pairs(task_buttons),
            tuple(status),
            offer(("meeting_new", "meeting_new"), ("poll_new", "polls"), ("meetings", "meetings")),
            offer(("memo_new", "memo_new"), ("announce", "announce"), ("pu_all", "publication")),
            offer(("s_todo_all", "todo"), ("programme", "programme"), ("members", "members")),
            offer(("sends", "deliveries"), ("home", "home"), ("help", "help")),
        ),
        silent=True,
    )


async def todo_screen(ctx: Context) -> Message:
    """Draw what is to be done and what goes out in the next thirty days: the hand-over to a colleague."""
    tasks, task_buttons = await _todo(ctx, MANY)
    lines: list[Text] = [Bold(say("s_todo_of", community=ctx.community.name)), *(tasks or [say("s_nothing_to_do")])]
    coming = await _coming(ctx, await _meetings(ctx), MANY)
    lines += [Bold(say("s_next_30")), *(coming or [say("s_nothing_planned")])]
    return Message(
        tuple(lines), rows(*_pairs(task_buttons), offer(("desk", "desk"), ("sends", "deliveries"))), silent=True
    )


async def _todo(ctx: Context, most: int) -> tuple[list[Text], tuple[Button, ...]]:
    found = await _asks.todo(ctx.db, ctx.now)
    lines, buttons = _asks.numbered(found, most)
    if found:
        lines.insert(0, Bold(say("s_todo", n=len(found))))
    if len(found) > most:
        lines.append(say("s_more_wait", n=len(found) - most))
    return lines, tuple(each for each in buttons if isinstance(each, Button))


async def _meetings(ctx: Context) -> list[Meeting]:
    found = await ctx.db.scalars(
        select(Meeting).where(Meeting.state.in_(PLANNED), Meeting.ends_at > ctx.now).order_by(Meeting.starts_at)
    )
    return list(found)


async def _coming(ctx: Context, meetings: list[Meeting], most: int) -> list[Text]:
    """Say what goes out by itself in the next thirty days, the first first."""
    found = [
        (line.at, meeting, line)
        for meeting in meetings
        if meeting.state in INVITED
        for line in await _schedule_screens.lines(ctx.db, meeting, ctx.now)
        if not line.reason and ctx.now < line.at <= ctx.now + AHEAD
    ]
    found.sort(key=lambda each: each[0])
    return [
        (When(at, meeting.zone, part="date"), " · ", meeting.code, " · ", *_schedule_screens.words(line))
        for at, meeting, line in found[:most]
    ]


def _pairs(buttons: tuple[Button, ...]) -> list[tuple[Button, ...]]:
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]


def _status_button(meeting: Meeting) -> Button | None:
    if not exists("meeting status") or not re.fullmatch(r"[A-Za-z0-9]{1,12}", meeting.code):
        return None
    return Button((meeting.code, " · ", say("b_status")), Press("go", "", "", f"meeting_status_{meeting.code}"))
