"""Questions and examples for the agenda: asked three weeks before, passed on without a name (domain 3.1, T-21)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Invalid, Reply
from chat.text import Bold, Text, say
from handlers import _quota, _reminding
from handlers._cards import when
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import about, pressed
from handlers._personal import looks_personal
from handlers._recipients import REPLIES
from handlers._welcome import go, turn
from scheduler.contract import Drawing, Skip
from storage import audit, invitations, questions
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import HELD, INVITED, Invitation, Meeting, by_key
from storage.members import Member
from storage.questions import MOST
from storage.timers import Timer

feature = Feature("agenda")

KIND = "agenda_question"
IN_DIGEST = timedelta(days=10)
"""How long after its moment a question that was put off may come: a digest waits a week, and for no weekend."""
LEAST = 3
"""Characters of the shortest question."""
PAGE = 5
"""Questions of one page: with more, long ones would not fit into one message."""
ASKED = ("yes", "maybe", "delegated", "reconfirm")
"""Replies of people who may send a question: who comes, may come, or sends a colleague."""


def may_ask(meeting: Meeting, invitation: Invitation | None, now: datetime) -> bool:
    """Tell whether a question is taken: from who may come, of an announced meeting, until it starts."""
    return (
        invitation is not None
        and not invitation.withdrawn
        and invitation.reply in ASKED
        and meeting.state in INVITED
        and now < meeting.starts_at
    )


@feature.card(KIND)
async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question; it stays open, because nobody knows who has sent one."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    if may_ask(meeting, await invitations.find(db, meeting, member), drawing.now):
        return asking(meeting)
    if drawing.first:
        return Skip("started" if drawing.now >= meeting.starts_at else "not_coming")
    return closed(meeting)


def asking(meeting: Meeting) -> Message:
    """Ask for a question."""
    lines: tuple[Text, ...] = (Bold(meeting.title), when(meeting), say("aq_ask"))
    first = row(
        button("agenda_q", "agendaq", meeting.key, style="primary"), button("no_thanks", "noagenda", meeting.key)
    )
    return Message(lines, rows(first))


def closed(meeting: Meeting) -> Message:
    """Say that no questions are taken any more, or from this person."""
    why = say("m_cancelled" if meeting.state == "cancelled" else "aq_closed")
    return Message((Bold(meeting.title), why), rows(row(go("my", "my"), go("home", "home"))))


async def put_off(
    db: Session, member: Member, mine: Sequence[tuple[Meeting, Invitation]], now: datetime
) -> list[Waiting]:
    """Give the questions that were over somebody's weekly cap: one digest asks them instead, with a button each.

    Home does not show them: nobody knows who has sent a question, so there they would wait until the meeting.
    """
    asked: dict[tuple[str, str], tuple[Meeting, datetime]] = {}
    for meeting, invitation in mine:
        if not may_ask(meeting, invitation, now):
            continue
        dates = await _reminding.calendar(db, meeting)
        for each in dates.alive:
            if each.kind == KIND and each.takes(invitation.mode) and invitation.reply in REPLIES[each.rule.to]:
                due = dates.slot(each, member)
                meant = invitation.replied_at is None or invitation.replied_at <= due
                if meant and due <= now < due + IN_DIGEST:
                    asked[meeting.key, each.key] = (meeting, due)
    if not asked:
        return []
    written = select(Timer.subject, Timer.slot).where(
        Timer.kind == "reminder", Timer.state == "done", Timer.subject.in_({key for key, _ in asked})
    )
    done = {(key, slot) for key, slot in await db.execute(written)}
    got = await _got(db, member, now)
    return [
        Waiting(
            say("aq_waits", title=meeting.title), button("agenda_q", "agendaq", meeting.key), meeting.starts_at, KIND
        )
        for (key, slot), (meeting, due) in asked.items()
        if (key, slot) in done and not any(each == key or (not each and at >= due) for each, at in got)
    ]


async def _got(db: Session, member: Member, now: datetime) -> list[tuple[str, datetime]]:
    """Give the meetings whose question somebody gets or got, and as "" the digests they got, with the moment."""
    found = await db.execute(
        select(Campaign.kind, Campaign.subject, Delivery.due_at)
        .join(Delivery, Delivery.campaign_id == Campaign.id)
        .where(
            Delivery.member_id == member.id,
            Delivery.due_at > now - 2 * IN_DIGEST,
            or_(
                and_(Campaign.kind == KIND, Delivery.state.in_(_quota.PLANNED)),
                and_(Campaign.kind == _quota.DIGEST, Delivery.state == "sent"),
            ),
        )
    )
    return [(subject if kind == KIND else "", due) for kind, subject, due in found]


@feature.click("agendaq")
async def suggest(ctx: Context, press: Press) -> Answers:
    """Open the form."""
    meeting = await pressed(ctx, press.key)
    await _check(ctx, meeting)
    return [Ask("agendaq", meeting.key)]


@feature.click("noagenda")
async def no_question(ctx: Context, press: Press) -> Answers:
    """Thank somebody who has no question; nothing is kept."""
    meeting = await pressed(ctx, press.key)
    again = button("agenda_q", "agendaq", meeting.key)
    return [_answer(ctx, Message((Bold(meeting.title), say("aq_none")), rows(row(again, go("home", "home")))))]


@feature.form("agendaq")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form; it is sensitive, so that no draft keeps the text beside a name."""
    await pressed(ctx, subject)
    field = TextField(id="question", label=say("aq_question"), hint=say("aq_hint"), long=True, min=LEAST, max=MOST)
    return Form("agendaq", say("aq_title"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


@feature.submission("agendaq")
async def passed_on(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep the text without a name; what seems to name a person is refused and not kept."""
    meeting = await pressed(ctx, subject)
    await _check(ctx, meeting)
    text = values["question"]
    if looks_personal(text):
        return [Invalid({"question": say("pii_warning")})]
    if not await questions.add(ctx.db, meeting, text):
        return [Invalid({"question": say("aq_full")})]
    again = Button(say("b_aq_another"), Press("agendaq", meeting.key))
    shown = Message((Bold(meeting.title), say("aq_passed_on")), rows(row(again, go("home", "home"))))
    return [Reply(shown, private=True)]


@feature.command("meeting questions", who="organiser")
@about("meeting questions", INVITED)
async def listed(ctx: Context, meeting: Meeting) -> Answers:
    """Show the questions of a meeting in private."""
    return [Reply(await _page(ctx, meeting, 0))]


@feature.click("aqlist", who="organiser")
async def turned(ctx: Context, press: Press) -> Answers:
    """Turn the pages of the questions; from an organisers' channel they come in private."""
    shown = await _page(ctx, await pressed(ctx, press.key), int(press.rev) if press.rev.isdecimal() else 0)
    return [turn(ctx, shown) if ctx.inbound.where.kind == "dm" else Reply(shown, private=True)]


@feature.todo
async def todo(db: Session, now: datetime) -> Sequence[Waiting]:
    """Tell organisers of the coming meetings that have questions."""
    coming = select(Meeting).where(Meeting.state.in_(INVITED), Meeting.starts_at > now).order_by(Meeting.starts_at)
    found = {each.id: each for each in await db.scalars(coming)}
    counted = await questions.numbers(db, found) if found else {}
    return [
        Waiting(
            (meeting.code, " · ", say("aq_n", n=counted[meeting.id])),
            Button(say("b_aq_list"), Press("aqlist", meeting.key)),
            by=meeting.starts_at,
        )
        for meeting in found.values()
        if meeting.id in counted
    ]


async def _check(ctx: Context, meeting: Meeting) -> None:
    """Let only those on who may send a question. Raise `UserError`."""
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None or invitation.withdrawn:
        raise UserError(say("m_not_invited"))
    if meeting.state == "cancelled":
        raise UserError(say("m_cancelled"))
    if not may_ask(meeting, invitation, ctx.now):
        raise UserError(say("aq_closed" if ctx.now >= meeting.starts_at or meeting.state in HELD else "aq_reply_first"))


async def _page(ctx: Context, meeting: Meeting, page: int) -> Message:
    found = await questions.bodies(ctx.db, meeting)
    if page == 0:
        audit.note(ctx.db, ctx.now, ctx.me.id, "questions_viewed", meeting.key)
    page = min(page, max(len(found) - 1, 0) // PAGE)
    lines: list[Text] = [Bold(say("aq_of", code=meeting.code, title=meeting.title))]
    lines += [f"– {each}" for each in found[page * PAGE : (page + 1) * PAGE]] or [say("aq_no_questions")]
    if found:
        lines.append(say("aq_n", n=len(found)))
    back = button("back", "aqlist", meeting.key, page - 1) if page else None
    more = button("next", "aqlist", meeting.key, page + 1) if len(found) > (page + 1) * PAGE else None
    return Message(tuple(lines), rows(row(back, more), row(button("status", "status", meeting.key))), silent=True)


def _answer(ctx: Context, message: Message) -> Answer:
    """Turn the pressed card in private; from a group, which never shows it, answer in private."""
    if ctx.inbound.where.kind != "dm":
        return Reply(message, private=True)
    return turn(ctx, message)
