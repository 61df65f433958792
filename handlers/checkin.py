"""Check-in, from 15 minutes before the start to the end: one tap online, in the room the code (domain 3.1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from chat.errors import FieldError, UserError
from chat.form import Asking, Form, TextField
from chat.message import LinkButton, Message, Press, Row, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers._cards import can, fine_print, join_button, member_card, when
from handlers._commands import offer
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._invited import theirs
from handlers._meetings import pressed
from handlers._welcome import go
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import attendance, invitations
from storage.attendance import Tried
from storage.communities import own_community
from storage.database import Session
from storage.meetings import HELD, INVITED, Attendance, Invitation, Meeting
from storage.members import Member, RoleGrant
from storage.seats import ONLINE

feature = Feature("checkin")

CARD = "checkin"
DIGITS = 4
SHOWN = 3
"""Running meetings a command shows at once."""


class CodeField(TextField):
    """Take a code of the day; digits of any script count."""

    def read(self, text: str, asking: Asking) -> str:
        """Give four Latin digits."""
        digits = "".join(str(unicodedata.digit(each)) for each in text if unicodedata.digit(each, None) is not None)
        if len(digits) != DIGITS or any(each.isalpha() for each in text):
            raise FieldError(say("ci_digits"))
        return digits


CODE = CodeField(id="code", label=say("ci_question"), max=12)


@feature.card(CARD)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the check-in card of a member who comes, or that they are checked in."""
    found = await theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    meeting, invitation, member = found
    record = await attendance.find(db, meeting, member)
    if drawing.first:
        if meeting.state not in (*INVITED, *HELD):
            return Skip("meeting_not_open")
        if invitation.reply not in attendance.CONFIRMED:
            return Skip("not_coming")
        if drawing.now >= meeting.ends_at:
            return Skip("over")
        if record is not None and record.state in attendance.PRESENT:
            return Skip("checked_in")
    if meeting.state == "cancelled" or drawing.now < attendance.opens(meeting):
        return member_card(meeting, invitation, member, await own_community(db), drawing.now)
    return card(meeting, member, invitation, record, drawing.now)


def card(
    meeting: Meeting, member: Member, invitation: Invitation | None, record: Attendance | None, now: datetime
) -> Message:
    """Draw the card: how to check in, or since when somebody is; the way in stands below for who said yes."""
    coming = invitation is not None and invitation.reply in attendance.CONFIRMED and not invitation.withdrawn
    join = join_button(meeting) if coming and now < meeting.ends_at else None
    title = Bold(meeting.title)
    if record is not None and record.state in attendance.PRESENT:
        state: Text = say("ci_recorded")
        if record.source == "self" and record.at is not None:
            state = say("ci_done", time=When(record.at, member.zone, part="time"))
        walked_in: tuple[Text, ...] = () if coming else (say("ci_walk_in"),)
        ask = can("agenda_q", "agendaq", meeting.key) if coming and now < meeting.starts_at else None
        return Message(
            (Bold(state), (title, "\n", when(meeting)), *walked_in), rows(row(join, ask, go("home", "home")))
        )
    if now >= meeting.ends_at:
        return Message((title, when(meeting), say("ci_over")), rows(row(go("home", "home"))))
    begun = now >= meeting.starts_at
    time = When(meeting.starts_at, meeting.zone, part="time")
    first = say("ci_started", meeting_title=title) if begun else say("ci_soon", meeting_title=title, time=time)
    room = in_room(meeting, invitation)
    ask_line = say("ci_tap")
    if room:
        ask_line = say("ci_room_or_online") if meeting.format == "hybrid" else say("ci_room")
    return Message((first, ask_line), rows(_ways(meeting, join, room=room)), fine_print(meeting))


def _ways(meeting: Meeting, join: LinkButton | None, *, room: bool) -> Row:
    if room:
        online = button("ci_online", "here", meeting.key, meeting.revision, ONLINE)
        code = button("code", "code", meeting.key, meeting.revision, style="primary")
        return row(code, online if meeting.format == "hybrid" else None)
    way = LinkButton(join.label, join.url) if join is not None else None
    return row(button("here", "here", meeting.key, meeting.revision, style="primary"), way)


def in_room(meeting: Meeting, invitation: Invitation | None) -> bool:
    """Tell whether somebody checks in by the code in the room: in person, or as they chose in a hybrid meeting."""
    if meeting.format == "hybrid":
        return invitation is not None and invitation.mode == "room"
    return meeting.format == "in_person"


@feature.click("here")
async def here(ctx: Context, press: Press) -> Answers:
    """Record that somebody is there, online; who is to enter the code of the room is asked for it.

    Of a hybrid meeting they may say that they came online in the end: the way they came is recorded, their seat stays.
    """
    meeting = await pressed(ctx, press.key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None or invitation.withdrawn:
        raise UserError(say("m_not_invited"))
    at = _when_open(ctx, meeting)
    hybrid = meeting.format == "hybrid"
    if in_room(meeting, invitation) and not (hybrid and press.arg == ONLINE):
        return [Ask("checkin", meeting.key)]
    mode = ONLINE if hybrid else ""
    new = await attendance.check_in(ctx.db, meeting, ctx.me, mode, at)
    return await _checked_in(ctx, meeting, invitation, new=new)


@feature.click("code")
async def enter_code(ctx: Context, press: Press) -> Answers:
    """Ask for the code shown in the room."""
    meeting = await pressed(ctx, press.key)
    _when_open(ctx, meeting)
    return [Ask("checkin", meeting.key)]


@feature.form("checkin")
async def code_form(ctx: Context, subject: str) -> Form:
    """Build the form of the code."""
    meeting = await pressed(ctx, subject)
    return Form("checkin", say("ci_title"), ((CODE,),), submit=say("b_send"), intro=Bold(meeting.title), review=False)


@feature.submission("checkin")
async def code_sent(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Compare the code; a wrong one keeps the form open, too many close it."""
    meeting = await pressed(ctx, subject)
    at = _when_open(ctx, meeting)
    tried = await attendance.try_code(ctx.db, [meeting], ctx.me, values["code"], ctx.now)
    if tried.right:
        return await _by_code(ctx, meeting, at)
    return [_locked()] if tried.locked_until else [Invalid({"code": say("e_code", n=tried.left)})]


@feature.command(
    "checkin",
    "here",
    "check in",
    "je suis là",
    "buradayım",
    "أنا هنا",
    "estoy aquí",
    where="slack",
)
async def command(ctx: Context, rest: str) -> Answers:
    """Check in by the code typed behind the word; without one show the cards of the meetings running now."""
    running = await attendance.running(ctx.db, min(ctx.inbound.at, ctx.now))
    if not running:
        return [Reply(Message((say("ci_none"),), rows(offer(("my", "my"), ("home", "home")))))]
    if not rest.strip():
        return [await _own_card(ctx, each) for each in await _mine(ctx, running)]
    code = CODE.clean(rest, Asking(ctx.now, ctx.reader.zone, ctx.reader.language, {}))
    tried = await attendance.try_code(ctx.db, running, ctx.me, code, ctx.now)
    if not tried.right:
        return [_locked() if tried.locked_until else _wrong(tried, running)]
    meeting = next(each for each in running if each.checkin_code == code)
    return await _by_code(ctx, meeting, min(ctx.inbound.at, ctx.now))


async def _mine(ctx: Context, running: Sequence[Meeting]) -> list[Meeting]:
    """Give the running meetings somebody is invited to, or else all of them: the code lets anybody in."""
    found = [each for each in running if await invitations.find(ctx.db, each, ctx.me) is not None]
    return (found or list(running))[:SHOWN]


async def _own_card(ctx: Context, meeting: Meeting) -> Reply:
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    record = await attendance.find(ctx.db, meeting, ctx.me)
    if invitation is None and record is None:
        enter = button("code", "code", meeting.key, meeting.revision, style="primary")
        return Reply(Message((Bold(meeting.title), say("ci_room")), rows(row(enter))))
    return Reply(card(meeting, ctx.me, invitation, record, ctx.now), card=Card(CARD, meeting.key))


def _when_open(ctx: Context, meeting: Meeting) -> datetime:
    """Give the moment somebody acted, which counts although it reached us late; refuse one outside of the hours."""
    at = min(ctx.inbound.at, ctx.now)
    if meeting.state == "cancelled":
        raise UserError(say("m_cancelled"))
    if not attendance.open_now(meeting, at):
        if at >= meeting.ends_at:
            raise UserError(say("ci_closed", when=When(meeting.ends_at, meeting.zone)))
        raise UserError(say("ci_early", when=When(attendance.opens(meeting), meeting.zone)))
    return at


async def _by_code(ctx: Context, meeting: Meeting, at: datetime) -> Answers:
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if ctx.me.staff and (invitation is None or invitation.withdrawn):  # who runs the meeting is no participant
        raise UserError(say("m_not_invited"))
    mode = "room" if meeting.format == "hybrid" else ""
    new = await attendance.check_in(ctx.db, meeting, ctx.me, mode, at)
    return await _checked_in(ctx, meeting, invitation, new=new)


async def _checked_in(ctx: Context, meeting: Meeting, invitation: Invitation | None, *, new: bool) -> Answers:
    record = await attendance.find(ctx.db, meeting, ctx.me)
    shown, named = card(meeting, ctx.me, invitation, record, ctx.now), Card(CARD, meeting.key)
    cards.touch_at_end(ctx.db, (CARD,), meeting.key, member=ctx.me, but=getattr(ctx.inbound, "message", None))
    if ctx.inbound.kind != "click":
        return [Reply(shown, private=True, card=named)]
    toast = Toast(shown.lines[0]) if new else Toast(say("t_saved"))
    return [Edit(shown, named), toast] if ctx.inbound.where.kind == "dm" else [toast]


def _wrong(tried: Tried, running: Sequence[Meeting]) -> Answer:
    again = button("retry", "code", running[0].key, running[0].revision) if len(running) == 1 else None
    return Reply(Message((say("e_code", n=tried.left),), rows(row(again), offer(("ask", "ask"), ("home", "home")))))


def _locked() -> Answer:
    return Reply(Message((say("e_code_lock"),), rows(offer(("ask", "ask"), ("home", "home")))), private=True)


@feature.waiting
async def open_now(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Name the meetings somebody comes to and may check in to now, and those they moderate."""
    running = await attendance.running(db, now)
    if not running:
        return []
    ids = [each.id for each in running]
    mine = select(Invitation).where(Invitation.member_id == member.id, Invitation.meeting_id.in_(ids))
    coming = {each.meeting_id: each for each in await db.scalars(mine) if not each.withdrawn}
    records = select(Attendance.meeting_id).where(
        Attendance.member_id == member.id, Attendance.meeting_id.in_(ids), Attendance.state.in_(attendance.PRESENT)
    )
    there = set(await db.scalars(records))
    leads = select(RoleGrant.meeting_id).where(
        RoleGrant.member_id == member.id, RoleGrant.role == "moderator", RoleGrant.meeting_id.in_(ids)
    )
    led = set(await db.scalars(leads))
    found: list[Waiting] = []
    for each in running:
        invitation = coming.get(each.id)
        if invitation is not None and invitation.reply in attendance.CONFIRMED and each.id not in there:
            way = "code" if in_room(each, invitation) else "here"
            line = say("ci_waits", meeting_title=each.title)
            found.append(Waiting(line, button(way, way, each.key, each.revision), by=each.ends_at, kind=CARD))
        if each.id in led:
            press = button("attendance", "attend", each.key)
            found.append(Waiting(say("att_open", code=each.code), press, by=each.ends_at))
    return found
