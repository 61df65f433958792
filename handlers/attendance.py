"""Attendance as moderators and organisers keep it: ticks, code of the day, its end the day after (domain 3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.errors import UserError
from chat.message import Message, Press, button
from chat.outbound import Answer, Card, Edit, Reply, Toast
from chat.text import When, say
from handlers import _attending, _moderating
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import about
from handlers._moderating import led
from scheduler.contract import Drawing, Skip
from storage import attendance, audit
from storage.database import Session
from storage.meetings import HELD, INVITED, Meeting, by_key
from storage.members import by_key as member_by_key
from storage.members import roles_of
from storage.timers import Timer

feature = Feature("attendance")

NEAR, SOON = timedelta(days=2), timedelta(hours=3)
"""A meeting that ended so lately or begins so soon is meant when none is named."""
TODO = timedelta(days=7)
"""How long after a meeting its attendance stands on the desk."""


@feature.command(
    "meeting attendance", "meeting present", "attendance", "présences", "katılım", "الحضور", "asistencia",
    who="moderator",
)  # fmt: skip
async def open_list(ctx: Context, rest: str) -> Answers:
    """Show who is there, in private: names, code of the day, import; of the meeting of these days, if there is one."""
    near = [] if rest.strip() else await attendance.around(ctx.db, ctx.now - NEAR, ctx.now + SOON)
    return await _list(ctx, near[0]) if len(near) == 1 else await _named(ctx, rest)


@about("meeting attendance", (*INVITED, "held"), _moderating.among)
async def _named(ctx: Context, meeting: Meeting) -> Answers:
    return await _list(ctx, meeting)


async def _list(ctx: Context, meeting: Meeting) -> Answers:
    await _moderating.require(ctx, meeting)
    return [Reply(await _screen(ctx, meeting), private=True, card=Card("attendance", meeting.key))]


@feature.click("attend")
async def opened(ctx: Context, press: Press) -> Answers:
    """Show who is there, from a button; from a channel it comes in private."""
    meeting = await led(ctx, press.key)
    return [_shown(ctx, meeting, await _screen(ctx, meeting))]


@feature.click("attpage")
async def turned(ctx: Context, press: Press) -> Answers:
    """Turn a page, or show it as it is now."""
    meeting = await led(ctx, press.key)
    return [_shown(ctx, meeting, await _screen(ctx, meeting, _page(press.rev)))]


@feature.click("tick")
async def ticked(ctx: Context, press: Press) -> Answers:
    """Move one record on to the next state; one that has changed meanwhile is only shown."""
    meeting = await led(ctx, press.key)
    member = await member_by_key(ctx.db, press.arg)
    page, seen = _page(press.rev[:-1]), _attending.LETTERS.get(press.rev[-1:])
    if member is None or seen is None or not await _belongs(ctx, meeting, member.id):
        raise UserError(say("e_gone"))
    if ctx.now < attendance.opens(meeting):
        raise UserError(say("att_too_early", when=When(attendance.opens(meeting), meeting.zone)))
    done = await attendance.tick(ctx.db, meeting, member, seen, ctx.now)
    if done:
        await _attending.follow(ctx.db, meeting, [member.id], ctx.now)
    shown = _shown(ctx, meeting, await _screen(ctx, meeting, page))
    return [shown] if done else [shown, Toast(say("t_stale"))]


@feature.click("attnew")
async def new_code(ctx: Context, press: Press) -> Answers:
    """Replace the code of the day."""
    meeting = await led(ctx, press.key)
    if ctx.now < meeting.ends_at:
        await attendance.code_of(ctx.db, meeting, new=True)
        audit.note(ctx.db, ctx.now, ctx.me.id, "attendance.code", meeting.key)
    return [_shown(ctx, meeting, await _screen(ctx, meeting, _page(press.rev)))]


@feature.click("attdone")
async def done(ctx: Context, press: Press) -> Answers:
    """Finish the attendance: who was expected and has no record is absent."""
    meeting = await led(ctx, press.key)
    if ctx.now < meeting.ends_at:
        raise UserError(say("att_not_over"))
    if not await attendance.recorded(ctx.db, meeting):  # or everybody would be called absent by one tap
        raise UserError(say("att_not_yet"))
    number = await _attending.close(ctx.db, meeting, ctx.now)
    audit.note(ctx.db, ctx.now, ctx.me.id, "attendance.done", meeting.key)
    return [_shown(ctx, meeting, await _screen(ctx, meeting)), Toast(say("att_closed_n", n=number))]


@feature.timer("attclose")
async def close(db: Session, timer: Timer, now: datetime) -> None:
    """Finish the attendance by itself the day after, if anybody recorded it at all."""
    meeting = await by_key(db, timer.subject)
    if meeting is None or meeting.state not in (*INVITED, *HELD) or now < meeting.ends_at:
        return
    if await attendance.recorded(db, meeting):
        await _attending.close(db, meeting, now)


@feature.card("attendance")
async def redraw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the first page again, for who may still see it."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    if not await roles_of(db, member, drawing.now, meeting.id) & _moderating.LEAD:
        return Skip("not_entitled")
    return await _attending.screen(db, meeting, drawing.now, member.zone)


@feature.todo
async def to_reconcile(db: Session, now: datetime) -> list[Waiting]:
    """Name the meetings of the last days with people who were expected and have no record."""
    return [
        Waiting(
            say("att_todo", code=meeting.code, n=number),
            button("attendance", "attend", meeting.key),
            by=_attending.reconciled_by(meeting),
        )
        for meeting, number in await attendance.unreconciled(db, now - TODO, now)
    ]


async def _screen(ctx: Context, meeting: Meeting, page: int = 0) -> Message:
    if ctx.now < meeting.ends_at:
        await attendance.code_of(ctx.db, meeting)
    return await _attending.screen(ctx.db, meeting, ctx.now, ctx.me.zone, page)


def _shown(ctx: Context, meeting: Meeting, message: Message) -> Answer:
    card = Card("attendance", meeting.key)
    return Edit(message, card) if ctx.inbound.where.kind == "dm" else Reply(message, private=True, card=card)


async def _belongs(ctx: Context, meeting: Meeting, member: int) -> bool:
    """Tell whether somebody stands on the list: expected, or recorded."""
    found = (*await attendance.roll(ctx.db, meeting), *await attendance.walk_ins(ctx.db, meeting))
    return any(each.id == member for each, _ in found)


def _page(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 4 else 0
