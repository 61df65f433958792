"""Feedback after a meeting: asked once, answered without a name, totals for organisers (design §9, Feedback)."""

from __future__ import annotations

from datetime import datetime, timedelta

from chat.errors import UserError
from chat.form import Form
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers import _attending, _quota, _reminding
from handlers._cards import short
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._feedback import closes, comment_form, questions, satisfied, total_lines
from handlers._meetings import about, pressed
from handlers._personal import looks_personal
from handlers._welcome import go
from handlers.one_tap import tap_lines
from scheduler import cards, delivery, quiet
from scheduler.contract import Drawing, Skip
from storage import attendance
from storage import feedback as stored
from storage.changes import channels_with_card
from storage.database import Session
from storage.meetings import HELD, INVITED, Meeting, by_key
from storage.members import Member
from storage.timers import Timer

feature = Feature("feedback")

COMMENTS = 10
TOTALS_FOR = timedelta(days=2)
"""How long after the questions have closed their short totals may still be posted."""
AGAIN_KIND = "feedback_reminder"
QUESTIONS = ("feedback_request", AGAIN_KIND)
"""Kinds of cards that ask, and become the thanks together."""


@feature.timer("fbask")
async def ask(db: Session, timer: Timer, now: datetime) -> None:
    """Ask those who took part, each at a decent hour of their own."""
    meeting = await by_key(db, timer.subject)
    if meeting is None or meeting.state not in (*INVITED, *HELD) or now < meeting.ends_at:
        return
    await _attending.arm(db, meeting, now)
    people = await attendance.attended(db, meeting)
    await stored.ask(db, meeting, people)
    no_send = await _reminding.no_send_dates(db)
    end = _reminding.feedback_closes(meeting)
    to = []
    for each in people:
        due = max(_reminding.feedback_slot(meeting, each, no_send), now)
        due = quiet.next_allowed(each, due, no_send)
        if due < end:
            to.append(delivery.To(member=each, due=due, expires=end))
    to = await _quota.spread(db, "feedback_request", to, now)
    if to:
        await delivery.plan(db, kind="feedback_request", subject=meeting.key, occurrence="", to=to, now=now)


@feature.timer("fbclose")
async def close(db: Session, timer: Timer, now: datetime) -> None:
    """Close the questions: totals may be seen from now on, and where the meeting's card stands in short (T+7)."""
    await cards.touch(db, ("feedback_summary",), timer.subject)
    meeting = await by_key(db, timer.subject)
    if meeting is None or not await stored.totals(db, meeting):
        return
    end = now + TOTALS_FOR
    to = [delivery.To(channel=each, due=now, expires=end) for each in await channels_with_card(db, meeting.key)]
    if to:
        await delivery.plan(db, kind="feedback_totals", subject=meeting.key, occurrence="", to=to, now=now)


@feature.card("feedback_totals")
async def draw_totals(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the short totals for a channel: from five answers on, never a word that somebody wrote."""
    meeting = await by_key(db, drawing.subject)
    found = await stored.totals(db, meeting) if meeting is not None else {}
    if meeting is None or not found:
        return Skip("too_few")
    return Message((Bold(meeting.title), satisfied(found), say("fb_thanks_all")), silent=True)


@feature.card(*QUESTIONS)
async def draw_request(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question, or what became of it."""
    meeting, member = await by_key(db, drawing.subject), drawing.member
    if meeting is None or member is None:
        return Skip("gone")
    mine = await stored.flag(db, meeting, member)
    if mine is None:
        return Skip("not_entitled")
    if drawing.first and mine.state in ("sent", "declined"):
        return Skip("answered")
    if mine.state == "sent":
        return _thanks(meeting, comment=not mine.commented and drawing.now < _reminding.feedback_closes(meeting))
    if mine.state == "declined":
        return _declined(meeting)
    if drawing.now >= _reminding.feedback_closes(meeting):
        return _closed(meeting)
    return request(meeting, again=drawing.kind == AGAIN_KIND)


def request(meeting: Meeting, *, again: bool = False) -> Message:
    """Ask for feedback, or remind of it."""
    text = say("feedback_request", meeting_title=Bold(meeting.title), feedback_close=closes(meeting))
    return Message(
        (say("fbr_short"), text) if again else (text,),
        rows(
            row(
                button("answer_now", "fbnow", meeting.key, style="primary"),
                button("later", "fblater", meeting.key),
                button("no_thanks", "fbno", meeting.key),
            )
        ),
    )


@feature.click("fbnow")
async def answer_now(ctx: Context, press: Press) -> Answers:
    """Open the questions."""
    meeting = await pressed(ctx, press.key)
    return await _shut(ctx, meeting) or [Ask("feedback", meeting.key)]


@feature.click("fblater")
async def later(ctx: Context, press: Press) -> Answers:
    """Ask once more in a few days."""
    meeting = await pressed(ctx, press.key)
    shut = await _shut(ctx, meeting)
    if shut:
        return shut
    await stored.decline(ctx.db, meeting, ctx.me, "later")
    due, name = await _again(ctx, meeting)
    now_row = row(button("answer_now", "fbnow", meeting.key, style="primary"), button("no_thanks", "fbno", meeting.key))
    if due is None:
        return [Edit(Message((Bold(meeting.title), say("fb_open_until", when=closes(meeting))), rows(now_row)))]
    end = _reminding.feedback_closes(meeting)
    to = delivery.To(member=ctx.me, due=due, expires=end)
    await delivery.plan(ctx.db, kind=AGAIN_KIND, subject=meeting.key, occurrence=name, to=[to], now=ctx.now)
    text = say("fb_later", date=When(due, meeting.zone, part="date"))
    return [Edit(Message((Bold(meeting.title), text), rows(now_row)), Card("feedback_request", meeting.key))]


@feature.click("fbno")
async def no_thanks(ctx: Context, press: Press) -> Answers:
    """Ask this person no more about this meeting."""
    meeting = await pressed(ctx, press.key)
    shut = await _shut(ctx, meeting)
    if shut:
        return shut
    await stored.decline(ctx.db, meeting, ctx.me, "declined")
    return [Edit(_declined(meeting), Card("feedback_request", meeting.key))]


@feature.click("fbcomm")
async def comment(ctx: Context, press: Press) -> Answers:
    """Open the form of the comment."""
    meeting = await pressed(ctx, press.key)
    mine = await stored.flag(ctx.db, meeting, ctx.me)
    if mine is None or mine.state != "sent":
        raise UserError(say("e_gone"))
    if mine.commented:
        return [Toast(say("fb_commented"))]
    if ctx.now >= _reminding.feedback_closes(meeting):
        return [Edit(_closed(meeting))]
    return [Ask("comment", meeting.key)]


@feature.form("feedback")
async def feedback_form(ctx: Context, subject: str) -> Form:
    """Build the questions of a meeting."""
    return questions(await pressed(ctx, subject))


@feature.form("comment")
async def build_comment_form(ctx: Context, subject: str) -> Form:
    """Build the comment form of a meeting."""
    return comment_form(await pressed(ctx, subject))


@feature.submission("feedback")
async def sent(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Store the answers without a name; a comment with personal data is refused and nothing is stored."""
    meeting = await pressed(ctx, subject)
    written = values.get("F8", "")
    if written and looks_personal(written):
        return [Invalid({"F8": say("pii_warning")})]
    shut = await _shut(ctx, meeting)
    if shut:
        return shut
    await stored.send(ctx.db, meeting, ctx.me, values, written)
    redrawn = await cards.touch(ctx.db, QUESTIONS, meeting.key, member=ctx.me)
    if redrawn and ctx.inbound.kind == "submission":  # the card that asked says thank you; nothing is said twice
        return []
    return [_answer(ctx, _thanks(meeting, comment=not written), Card("feedback_request", meeting.key))]


@feature.submission("comment")
async def commented(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Store a comment apart from the answers."""
    meeting = await pressed(ctx, subject)
    if looks_personal(values["F8"]):
        return [Invalid({"F8": say("pii_warning")})]
    if ctx.now >= _reminding.feedback_closes(meeting):
        return [_answer(ctx, _closed(meeting), None)]
    if not await stored.add_comment(ctx.db, meeting, ctx.me, values["F8"]):
        return [_answer(ctx, Message((say("fb_commented"),), rows(row(go("home", "home")))), None)]
    await cards.touch(ctx.db, QUESTIONS, meeting.key, member=ctx.me)
    return [_answer(ctx, Message((say("fb_kept_apart"),), rows(row(go("home", "home")))), None)]


@feature.command("feedback", "survey", "évaluations", "geri bildirim", "الاستبيانات", "valoraciones", menu=True)
async def open_questions(ctx: Context, rest: str) -> Answers:
    """Show the own open questions; organisers name a meeting to see its totals."""
    waiting = [each for each in await stored.open_for(ctx.db, ctx.me) if ctx.now < _reminding.feedback_closes(each)]
    if ctx.organiser and (rest.strip() or not waiting):
        return await totals_of(ctx, rest)
    if not waiting:
        return [Reply(Message((say("fb_none_open"),), rows(row(go("home", "home")))))]
    if len(waiting) == 1:
        return [Reply(request(waiting[0]), card=Card("feedback_request", waiting[0].key))]
    lines: list[Text] = [Bold(say("fb_waiting"))]
    buttons = []
    for number, each in enumerate(waiting[:5], 1):
        lines.append((f"{number}. ", each.title, " · ", say("fb_open_until", when=closes(each))))
        label = (f"{number} · ", say("b_answer_now"))
        buttons.append(row(Button(label, Press("fbnow", each.key))))
    return [Reply(Message(tuple(lines), rows(*buttons)))]


@about("feedback", HELD)
async def totals_of(ctx: Context, meeting: Meeting) -> Answers:
    """Show organisers the totals of a meeting."""
    return [Reply(await summary(ctx.db, meeting, ctx.now), card=Card("feedback_summary", meeting.key))]


@feature.click("fbsum", who="organiser")
async def pressed_summary(ctx: Context, press: Press) -> Answers:
    """Show the totals from the status card."""
    meeting = await pressed(ctx, press.key)
    card = Card("feedback_summary", meeting.key)
    return [Reply(await summary(ctx.db, meeting, ctx.now), private=True, card=card)]


@feature.click("fbtexts", who="organiser")
async def comments(ctx: Context, press: Press) -> Answers:
    """Show the comments in private, after the close, in an order that means nothing."""
    meeting = await pressed(ctx, press.key)
    if ctx.now < _reminding.feedback_closes(meeting):
        return [Toast(say("fb_totals_after", when=closes(meeting)))]
    page = int(press.rev) if press.rev.isdigit() else 0
    found = await stored.comments(ctx.db, meeting)
    shown = found[page * COMMENTS : (page + 1) * COMMENTS]
    lines: list[Text] = [Bold(say("fb_comments_of", code=meeting.code, n=len(found)))]
    lines += [f"– {short(each, 300)}" for each in shown] or [say("fb_no_comments")]
    more = button("next", "fbtexts", meeting.key, page + 1) if len(found) > (page + 1) * COMMENTS else None
    back = button("back", "fbsum", meeting.key)
    return [Reply(Message(tuple(lines), rows(row(more, back))), private=True)]


@feature.waiting
async def open_now(db: Session, member: Member, now: datetime) -> list[Waiting]:
    """Name the meetings somebody was asked about and has not answered, while the questions are open."""
    found = [(each, _reminding.feedback_closes(each)) for each in await stored.open_for(db, member)]
    return [
        Waiting(
            say("s_questions_about", title=each.title),
            button("answer_now", "fbnow", each.key),
            by=until,
            kind="feedback_request",
        )
        for each, until in found
        if now < until
    ]


@feature.card("feedback_summary")
async def draw_summary(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the totals again."""
    meeting = await by_key(db, drawing.subject)
    return await summary(db, meeting, drawing.now) if meeting else Skip("gone")


async def summary(db: Session, meeting: Meeting, now: datetime) -> Message:
    """Write the totals: after the close and from five answers on; before, only how many in steps of five."""
    lines: list[Text] = [Bold(say("fb_summary_of", code=meeting.code, title=meeting.title))]
    taps = await tap_lines(db, meeting)
    taps = [say("fb_one_tap"), *taps] if taps else []  # answered by others, and more of them: each says what it counts
    status = button("status", "status", meeting.key)
    number = await stored.answered(db, meeting)
    if now < _reminding.feedback_closes(meeting):
        steps = number - number % stored.SHOWN_FROM
        asked = await stored.asked(db, meeting)
        lines.append(say("fb_so_far", steps=steps, asked=asked) if steps else say("fb_few_so_far"))
        lines.append(say("fb_totals_after", when=closes(meeting)))
        return Message((*lines, *taps), rows(row(status)))
    totals = await stored.totals(db, meeting)
    if not totals:
        lines.append(say("fb_too_few"))
        return Message((*lines, *taps), rows(row(status)))
    lines.append(say("fb_answers_n", n=number))
    lines += [*total_lines(meeting, totals), *taps]
    texts = Button(say("fb_b_comments"), Press("fbtexts", meeting.key, "0"))
    return Message(tuple(lines), rows(row(texts, status)))


async def _shut(ctx: Context, meeting: Meeting) -> list[Answer]:
    """Give the answer for somebody who may not answer (any more); an empty list for who may."""
    mine = await stored.flag(ctx.db, meeting, ctx.me)
    if mine is None:
        raise UserError(say("e_gone"))
    if mine.state == "sent":
        still = not mine.commented and ctx.now < _reminding.feedback_closes(meeting)
        return [_answer(ctx, _thanks(meeting, comment=still, already=True), Card("feedback_request", meeting.key))]
    if ctx.now >= _reminding.feedback_closes(meeting):
        return [_answer(ctx, _closed(meeting), None)]
    return []


def _answer(ctx: Context, message: Message, card: Card | None) -> Answer:
    """Turn the pressed card into the message; after a modal or typed text there is none, so it is said anew."""
    if ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm":
        return Edit(message, card)
    return Reply(message, private=True, card=card)


def _thanks(meeting: Meeting, *, comment: bool, already: bool = False) -> Message:
    text = say("fb_already") if already else say("feedback_thanks")
    add = button("comment", "fbcomm", meeting.key) if comment else None
    return Message((text,), rows(row(add, go("home", "home"))))


def _declined(meeting: Meeting) -> Message:
    return Message((Bold(meeting.title), say("fb_declined")), rows(row(go("home", "home"))))


def _closed(meeting: Meeting) -> Message:
    return Message((Bold(meeting.title), say("fb_closed", when=closes(meeting))), rows(row(go("home", "home"))))


async def _again(ctx: Context, meeting: Meeting) -> tuple[datetime | None, str]:
    """Give the moment of the next reminder for somebody who said "later", and its name; none is left near the end.

    It is a row of the schedule, written for this person now, so that it never comes twice.
    """
    dates = await _reminding.calendar(ctx.db, meeting)
    for each in dates.alive:
        if each.kind == AGAIN_KIND:
            due = dates.slot(each, ctx.me)
            if ctx.now + timedelta(hours=12) < due < _reminding.feedback_closes(meeting):
                return due, _reminding.occurrence(meeting, each)
    return None, ""
