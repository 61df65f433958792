"""Three questions after a webinar (F1, F2, F8), asked once, answered without a name exactly like those of a meeting."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from chat.errors import UserError
from chat.form import ChoiceField, Form, TextField
from chat.message import Button, Message, Press, Row, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers._cards import short
from handlers._commands import offer
from handlers._feature import Answers, Context
from handlers._feedback import COMMENT_MAX, SCALE, satisfied
from handlers._personal import looks_personal
from handlers._schedule import feedback_slot
from handlers._webinar_day_timers import allowed, dates_of, stamp
from handlers._webinar_registering import owner, pressed
from scheduler import cards, delivery
from scheduler.contract import Drawing, Skip
from storage import feedback as stored
from storage import webinar_days, webinars
from storage.database import Session
from storage.members import GUEST, Member
from storage.webinar_feedback import WebinarFlag
from storage.webinars import Webinar

KIND = "webinar_feedback"
COMMENTS = 10
RATINGS = ("F1", "F2")
LABELS = {"F1": say("wd_F1"), "F2": say("fb_F2")}
COMMENT = TextField(id="F8", label=say("fb_F8"), long=True, required=False, max=COMMENT_MAX)


async def ask_all(db: Session, webinar: Webinar, now: datetime) -> None:
    """Ask those who were there and have a chat, each at a decent hour: in the evening the next working morning."""
    there = await webinars.people(db, await webinar_days.attended(db, webinar))
    await stored.ask(db, webinar, there)
    dates = await dates_of(db, webinar)
    end, to = dates.questions_close, []
    for each in there:
        due = max(feedback_slot(dates.calendar.meeting, each, dates.calendar.no_send), now)
        due = allowed(dates, each, due)
        if due < end:
            to.append(delivery.To(member=each, due=due, expires=end))
    if to:
        await delivery.plan(db, kind=KIND, subject=webinar.key, occurrence=stamp(webinar), to=to, now=now)


async def open_for(db: Session, member: Member) -> list[Webinar]:
    """Give the webinars somebody was asked about and has neither answered nor declined."""
    asked = select(Webinar).join(WebinarFlag, WebinarFlag.webinar_id == Webinar.id)
    asked = asked.where(WebinarFlag.member_id == member.id, WebinarFlag.state == "asked")
    return list(await db.scalars(asked.order_by(Webinar.ends_at)))


async def closes(db: Session, webinar: Webinar) -> datetime:
    """Give the end of the questions."""
    return (await dates_of(db, webinar)).questions_close


async def draw(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question, or what became of it."""
    webinar, member = await webinars.by_key(db, drawing.subject), drawing.member
    if webinar is None or member is None:
        return Skip("gone")
    mine = await stored.flag(db, webinar, member)
    if mine is None:
        return Skip("not_entitled")
    if drawing.first and mine.state in ("sent", "declined"):
        return Skip("answered")
    until = await closes(db, webinar)
    if mine.state == "sent":
        return _thanks(webinar, member, comment=not mine.commented and drawing.now < until)
    if mine.state == "declined":
        return _declined(webinar, member)
    if drawing.now >= until:
        return _closed(webinar, member, until)
    text = say("wd_feedback", webinar_title=Bold(webinar.title), feedback_close=When(until, webinar.zone))
    buttons = row(
        button("answer_now", "webfb", webinar.key, style="primary"), button("no_thanks", "webfbno", webinar.key)
    )
    return Message((text,), rows(buttons))


async def answer_now(ctx: Context, press: Press) -> Answers:
    """Open the questions."""
    webinar = await pressed(ctx, press.key)
    return await _shut(ctx, webinar) or [Ask("webfb", webinar.key)]


async def no_thanks(ctx: Context, press: Press) -> Answers:
    """Ask this person no more about this webinar."""
    webinar = await pressed(ctx, press.key)
    shut = await _shut(ctx, webinar)
    if shut:
        return shut
    person = _person(ctx)
    await stored.decline(ctx.db, webinar, person, "declined")
    return [_answer(ctx, webinar, _declined(webinar, person))]


async def form(ctx: Context, subject: str) -> Form:
    """Build the questions; no answer is kept before it is sent."""
    webinar = await pressed(ctx, subject)
    ratings = [ChoiceField(id=each, label=LABELS[each], options=SCALE, scale=True) for each in RATINGS]
    until = When(await closes(ctx.db, webinar), webinar.zone)
    intro = say("fb_intro", feedback_close=until)
    return Form("webfb", say("fb_title"), ((*ratings, COMMENT),), submit=say("b_send"), intro=intro, sensitive=True)


async def comment_form(ctx: Context, subject: str) -> Form:
    """Build the form of a comment alone; it is kept apart from the ratings."""
    await pressed(ctx, subject)
    field = TextField(id="F8", label=say("fb_F8"), hint=say("fb_erased"), long=True, max=COMMENT_MAX)
    return Form("webcomm", say("fb_title"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


async def sent(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Store the answers without a name; a comment with personal data is refused and nothing is stored."""
    webinar = await pressed(ctx, subject)
    written = values.get("F8", "")
    if written and looks_personal(written):
        return [Invalid({"F8": say("pii_warning")})]
    shut = await _shut(ctx, webinar)
    if shut:
        return shut
    person = _person(ctx)
    await stored.send(ctx.db, webinar, person, {each: values[each] for each in RATINGS if values.get(each)}, written)
    redrawn = await cards.touch(ctx.db, (KIND,), webinar.key, member=person)
    if redrawn and ctx.inbound.kind == "submission":  # the card that asked says thank you; nothing is said twice
        return []
    return [_answer(ctx, webinar, _thanks(webinar, person, comment=not written))]


async def comment(ctx: Context, press: Press) -> Answers:
    """Open the form of the comment."""
    webinar = await pressed(ctx, press.key)
    mine = await stored.flag(ctx.db, webinar, _person(ctx))
    if mine is None or mine.state != "sent":
        raise UserError(say("e_gone"))
    if mine.commented:
        return [Toast(say("fb_commented"))]
    until = await closes(ctx.db, webinar)
    if ctx.now >= until:
        return [_answer(ctx, webinar, _closed(webinar, _person(ctx), until))]
    return [Ask("webcomm", webinar.key)]


async def commented(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Store a comment apart from the answers."""
    webinar, person = await pressed(ctx, subject), _person(ctx)
    if looks_personal(values["F8"]):
        return [Invalid({"F8": say("pii_warning")})]
    until = await closes(ctx.db, webinar)
    if ctx.now >= until:
        return [_answer(ctx, webinar, _closed(webinar, person, until))]
    kept = await stored.add_comment(ctx.db, webinar, person, values["F8"])
    await cards.touch(ctx.db, (KIND,), webinar.key, member=person)
    return [Reply(Message((say("fb_kept_apart") if kept else say("fb_commented"),), _foot(person)), private=True)]


async def summary(db: Session, webinar: Webinar, now: datetime) -> Message:
    """Write the totals: after the close and from five answers on; before, only how many in steps of five."""
    lines: list[Text] = [Bold(say("wd_fb_of", title=webinar.title))]
    back = button("back", "webatt", webinar.key)
    until, number = await closes(db, webinar), await stored.answered(db, webinar)
    if now < until:
        steps = number - number % stored.SHOWN_FROM
        asked = await stored.asked(db, webinar)
        lines.append(say("fb_so_far", steps=steps, asked=asked) if steps else say("fb_few_so_far"))
        lines.append(say("fb_totals_after", when=When(until, webinar.zone)))
        return Message(tuple(lines), rows(row(back)))
    totals = await stored.totals(db, webinar)
    if not totals:
        return Message((*lines, say("fb_too_few")), rows(row(back)))
    lines += [say("fb_answers_n", n=number), *total_lines(totals)]
    texts = Button(say("fb_b_comments"), Press("webfbtx", webinar.key, "0"))
    return Message(tuple(lines), rows(row(texts, back)))


def total_lines(totals: dict[str, Counter[str]]) -> list[Text]:
    """Write how often each rating was given; empty below five answers, because then there are no totals."""
    if not totals:
        return []
    lines: list[Text] = [Bold(satisfied(totals))]
    for key in RATINGS:
        parts = [f"{value}: {totals[key][value]}" for value in "12345" if totals[key][value]]
        if parts:
            lines.append((LABELS[key], "\n", " · ".join(parts)))
    return lines


async def pressed_summary(ctx: Context, press: Press) -> Answers:
    """Show organisers the totals."""
    webinar = await pressed(ctx, press.key)
    return [Reply(await summary(ctx.db, webinar, ctx.now), private=True, card=Card("webinar_totals", webinar.key))]


async def draw_summary(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the totals again."""
    webinar = await webinars.by_key(db, drawing.subject)
    return await summary(db, webinar, drawing.now) if webinar else Skip("gone")


async def comments(ctx: Context, press: Press) -> Answers:
    """Show the comments in private, after the close, in an order that means nothing."""
    webinar = await pressed(ctx, press.key)
    until = await closes(ctx.db, webinar)
    if ctx.now < until:
        return [Toast(say("fb_totals_after", when=When(until, webinar.zone)))]
    page = int(press.rev) if press.rev.isdecimal() and len(press.rev) <= 4 else 0
    found = await stored.comments(ctx.db, webinar)
    shown = found[page * COMMENTS : (page + 1) * COMMENTS]
    lines: list[Text] = [Bold(say("wd_fb_comments", title=webinar.title, n=str(len(found))))]
    lines += [f"– {short(each, 300)}" for each in shown] or [say("fb_no_comments")]
    more = button("next", "webfbtx", webinar.key, page + 1) if len(found) > (page + 1) * COMMENTS else None
    return [Reply(Message(tuple(lines), rows(row(more, button("back", "webfbsum", webinar.key)))), private=True)]


def _person(ctx: Context) -> Member:
    """Give the acting member or guest. Raise `UserError` for somebody nobody knows."""
    person = owner(ctx)
    if person is None:
        raise UserError(say("e_gone"))
    return person


async def _shut(ctx: Context, webinar: Webinar) -> list[Answer]:
    """Give the answer for somebody who may not answer (any more); an empty list for who may."""
    person = _person(ctx)
    mine = await stored.flag(ctx.db, webinar, person)
    if mine is None:
        raise UserError(say("e_gone"))
    until = await closes(ctx.db, webinar)
    if mine.state == "sent":
        still = not mine.commented and ctx.now < until
        return [_answer(ctx, webinar, _thanks(webinar, person, comment=still, already=True))]
    return [_answer(ctx, webinar, _closed(webinar, person, until))] if ctx.now >= until else []


def _answer(ctx: Context, webinar: Webinar, message: Message) -> Answer:
    """Turn the pressed card into the message; after a modal or typed text there is none, so it is said anew."""
    card = Card(KIND, webinar.key)
    if ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)


def _foot(person: Member, *first: Button | None) -> tuple[Row, ...]:
    return rows(row(*first, *(() if person.state == GUEST else offer(("home", "home")))))


def _thanks(webinar: Webinar, person: Member, *, comment: bool, already: bool = False) -> Message:
    text = say("fb_already") if already else say("wd_fb_thanks")
    return Message((text,), _foot(person, button("comment", "webfbc", webinar.key) if comment else None))


def _declined(webinar: Webinar, person: Member) -> Message:
    return Message((Bold(webinar.title), say("wd_fb_declined")), _foot(person))


def _closed(webinar: Webinar, person: Member, until: datetime) -> Message:
    return Message((Bold(webinar.title), say("fb_closed", when=When(until, webinar.zone))), _foot(person))
