"""Questions of one tap, kept without a name: what got in the way, and three months later whether it was used."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select

from chat.errors import UserError
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Card, Edit, Reply, Toast
from chat.text import Bold, Text, say
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import pressed
from handlers._welcome import go
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import attendance, one_tap
from storage.database import Session
from storage.meetings import HELD, Attendance, Meeting, by_key
from storage.members import Member
from storage.one_tap import OneTapAsk

feature = Feature("one_tap")

KINDS = {"absent": "absent", "followup_90d": "used"}
"""Kinds of cards, and the question each asks; a question is also the verb of its buttons."""
_KIND = {question: kind for kind, question in KINDS.items()}
OPEN = {"absent": (timedelta(hours=20), timedelta(days=14)), "used": (timedelta(days=89), timedelta(days=120))}
"""How long after the end a question is open, from and to."""


@feature.card(*KINDS)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question for one it is for, or the thanks."""
    meeting, member, question = await by_key(db, drawing.subject), drawing.member, KINDS[drawing.kind]
    if meeting is None or member is None:
        return Skip("gone")
    if await one_tap.asked(db, meeting, question, member):
        return Skip("answered") if drawing.first else thanks(meeting)
    if not await _meant(db, meeting, question, member):
        return Skip("not_entitled")
    return asking(meeting, question)


def asking(meeting: Meeting, question: str) -> Message:
    """Ask one question."""
    title = Bold(meeting.title)
    if question == "absent":
        made = [_choice(meeting, question, each, say(f"b_abs_{each}")) for each in one_tap.QUESTIONS[question]]
        return Message((say("absent", meeting_title=title),), rows(row(*made[:2]), row(*made[2:4]), row(*made[4:])))
    answers = [
        button(each, question, meeting.key, meeting.revision, each, "primary" if each == "yes" else "default")
        for each in one_tap.QUESTIONS[question]
    ]
    return Message((say("followup_90d", event_title=title),), rows(row(*answers)))


def _choice(meeting: Meeting, question: str, answer: str, label: Text) -> Button:
    return Button(label, Press(question, meeting.key, str(meeting.revision), answer))


def thanks(meeting: Meeting, *, before: bool = False) -> Message:
    """Thank for an answer."""
    return Message(
        (Bold(meeting.title), say("tap_before") if before else say("tap_thanks")), rows(row(go("home", "home")))
    )


@feature.click("absent")
async def absent(ctx: Context, press: Press) -> Answers:
    """Take why somebody was not there."""
    return await _answered(ctx, press, "absent")


@feature.click("used")
async def used(ctx: Context, press: Press) -> Answers:
    """Take whether something was used."""
    return await _answered(ctx, press, "used")


async def _answered(ctx: Context, press: Press, question: str) -> Answers:
    meeting = await pressed(ctx, press.key)
    card = Card(_KIND[question], meeting.key)
    answered = await one_tap.asked(ctx.db, meeting, question, ctx.me)
    if answered:
        return [_shown(ctx, thanks(meeting, before=True), card)]
    if not await _meant(ctx.db, meeting, question, ctx.me):
        raise UserError(say("e_gone"))
    if not press.arg:
        return [_shown(ctx, asking(meeting, question), card)]
    if press.arg not in one_tap.QUESTIONS[question]:
        raise UserError(say("e_gone"))
    if answered is None:  # all whom it is for are noted at once: single rows would stand in the order of the answers
        await one_tap.ask(ctx.db, meeting, question, await _people(ctx.db, meeting, question))
    new = await one_tap.answer(ctx.db, meeting, question, ctx.me, press.arg)
    cards.touch_at_end(ctx.db, (card.kind,), meeting.key, member=ctx.me, but=getattr(ctx.inbound, "message", None))
    return [_shown(ctx, thanks(meeting, before=not new), card)]


def _shown(ctx: Context, message: Message, card: Card) -> Answer:
    if ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Toast(message.lines[-1]) if len(message.rows) == 1 else Reply(message, private=True, card=card)


async def _people(db: Session, meeting: Meeting, question: str) -> list[Member]:
    return await (attendance.missing if question == "absent" else attendance.attended)(db, meeting)


async def _meant(db: Session, meeting: Meeting, question: str, member: Member) -> bool:
    return any(each.id == member.id for each in await _people(db, meeting, question))


@feature.waiting
async def open_questions(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Name the questions somebody has not answered, while their time lasts."""
    states = {"absent": ("absent",), "used": attendance.PRESENT}
    found: list[Waiting] = []
    wanted = [
        and_(Meeting.ends_at <= now - OPEN[question][0], Meeting.ends_at > now - OPEN[question][1],
             Attendance.state.in_(of), not_(_done(question)))
        for question, of in states.items()
    ]  # fmt: skip
    query = (
        select(Meeting, Attendance.state)
        .join(Attendance, Attendance.meeting_id == Meeting.id)
        .where(Attendance.member_id == member.id, Meeting.state.in_(HELD), or_(*wanted))
        .order_by(Meeting.ends_at)
    )
    for meeting, state in await db.execute(query):
        question = "absent" if state == "absent" else "used"
        if question == "absent" and not await _meant(db, meeting, question, member):
            continue
        line = say(f"tap_{question}_waits", meeting_title=meeting.title)
        press = button("answer_now", question, meeting.key, meeting.revision)
        found.append(Waiting(line, press, by=meeting.ends_at + OPEN[question][1], kind=_KIND[question]))
    return found


def _done(question: str) -> ColumnElement[bool]:
    return exists().where(
        OneTapAsk.meeting_id == Meeting.id, OneTapAsk.member_id == Attendance.member_id,
        OneTapAsk.question == question, OneTapAsk.answered,
    )  # fmt: skip


async def tap_lines(db: Session, meeting: Meeting) -> list[Text]:
    """Write the totals of both questions for organisers; each only from five answers on."""
    lines: list[Text] = []
    for question in one_tap.QUESTIONS:
        counted = await one_tap.totals(db, meeting, question)
        if not counted:
            continue
        parts: list[Text] = []
        for answer, number in counted.items():
            if number:
                name = say(f"b_abs_{answer}") if question == "absent" else say(f"b_{answer}")
                parts += [name, f": {number}", " · "]
        lines.append((Bold(say(f"tap_{question}_totals", n=sum(counted.values()))), "\n", *parts[:-1]))
    return lines
