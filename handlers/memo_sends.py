"""Memos from approved to archived: sent, confirmed, reminded of, corrected, withdrawn, closed (A8, domain 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from chat.errors import UserError
from chat.form import Form, NumberField, TextField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply
from chat.text import Bold, Text, say
from handlers import _broadcast
from handlers import _memo_card as cards_of
from handlers import _memo_fixing as fixing
from handlers import _memo_reader as reader
from handlers import _memo_report as reports
from handlers import _memo_sending as sending
from handlers import _memo_times as times
from handlers import _memo_when as when
from handlers._broadcast import preview_button
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._personal import looks_personal
from handlers._welcome import go
from scheduler import cards
from storage import audit, memo_corrections, memo_figures, memo_reading, page_links, search
from storage.database import Session
from storage.documents import MEMO, READABLE, Document
from storage.meetings import Meeting
from storage.meetings import lock as lock_meeting
from storage.members import Member
from storage.memos import Refused
from storage.states import turn
from storage.timers import Timer

feature = Feature("memo_sends")

REASON = 600

feature.card(*cards_of.PRIVATE)(cards_of.draw_private)
feature.card(*cards_of.IN_CHANNELS)(cards_of.draw_channel)
feature.card(cards_of.REPORT)(reports.draw)
feature.card(reader.SUGGESTED)(reader.draw_suggested)
feature.card(fixing.ASKED)(fixing.draw_question)
feature.card(fixing.NEWS)(fixing.draw_news)

# Strangers reach these too: who has left is told the same as for something that never was.
feature.click("mread", who="anyone")(reader.read)
feature.click("mget", who="anyone")(reader.send_file)
feature.click("mopen", who="anyone")(reader.open_page)
feature.click("mcorr", who="anyone")(reader.suggest)
feature.click("mcard", who="anyone")(reader.show)
feature.form("memo_correct")(reader.suggest_form)
feature.submission("memo_correct")(reader.suggested)

feature.click("mwhen", who="organiser")(when.choose)
feature.form("memo_date", who="organiser")(when.date_form)
feature.submission("memo_date")(when.dated)
feature.form("memo_until", who="organiser")(when.until_form)
feature.submission("memo_until")(when.limited)

feature.click("mfix", who="staff")(fixing.begin)
feature.form("memo_fix", who="staff")(fixing.form)
feature.submission("memo_fix")(fixing.proposed)
feature.click("mfixl", who="staff")(fixing.add_language)
feature.form("memo_fixl", who="staff")(fixing.language_form)
feature.submission("memo_fixl")(fixing.translated)
feature.click("mfixsee", who="staff")(fixing.open_it)
feature.click("mfixasks", who="staff")(fixing.ask)
feature.click("mfixok", who="staff")(fixing.approve)
feature.click("mfixno", who="staff")(fixing.give_back)
feature.form("memo_fix_no", who="staff")(fixing.return_form)
feature.submission("memo_fix_no")(fixing.returned)
feature.click("mfixend", who="staff")(fixing.drop)


@feature.command(
    "memos", "documents", "notes internes", "bilgi notları", "المذكرات", "memorandos", who="member", where="dm",
    menu=True,
)  # fmt: skip
async def my_memos(ctx: Context, _rest: str) -> Answers:
    """List the memos somebody may read, unread first."""
    return [Reply(await reader.my_list(ctx, 0), private=True)]


@feature.click("mlist")
async def turn_page(ctx: Context, press: Press) -> Answers:
    """Turn a page of the list."""
    shown = await reader.my_list(ctx, int(press.rev) if press.rev.isdecimal() and len(press.rev) < 5 else 0)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.waiting
async def unread(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Say which notes wait to be read; without a title, since digests are pushed."""
    return [
        Waiting(say("md_wait", date=day), button("open", "mcard", document.key), document.ack_by, cards_of.CARD)
        for document, day in await reader.waiting_of(db, member, now)
    ]


@feature.waiting
async def to_approve(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Say which corrections wait for the approval of somebody."""
    mine = Document.details[memo_corrections.PENDING]["approver"].as_integer() == member.id
    return [
        Waiting(say("md_wait_fix", code=await cards_of.code_of(db, document)), button("open", "mfixasks", document.key))
        for document in await _corrected(db, "in_approval", mine)
    ]


@feature.todo
async def to_send(db: Session, now: datetime) -> Sequence[Waiting]:
    """Say which corrections wait for an organiser: approved and not sent."""
    return [
        Waiting(say("md_todo_fix", code=await cards_of.code_of(db, document)), button("open", "mreport", document.key))
        for document in await _corrected(db, "approved")
    ]


async def _corrected(db: Session, state: str, *more: ColumnElement[bool]) -> list[Document]:
    """Give the memos whose proposed correction is in a state."""
    there = Document.details[memo_corrections.PENDING]["state"].as_string() == state
    asked = select(Document).where(Document.kind == MEMO, Document.state.in_(READABLE), there, *more)
    return list(await db.scalars(asked.order_by(Document.id)))


async def _out(ctx: Context, key: str) -> Document:
    document = await sending.document_of(ctx.db, key)
    if document.state not in reports.OUT:
        raise UserError(say("e_gone"))
    return document


@feature.click("mreport", who="organiser")
async def report(ctx: Context, press: Press) -> Answers:
    """Show how far a memo is."""
    document = await _out(ctx, press.key)
    shown, card = await reports.report(ctx.db, document, ctx.now), Card(cards_of.REPORT, document.key)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


@feature.click("mnames", who="organiser")
async def names(ctx: Context, press: Press) -> Answers:
    """Show who has confirmed and who has not; in private only."""
    page = int(press.rev) if press.rev.isdecimal() and len(press.rev) < 5 else 0
    shown = await reports.names(ctx.db, await _out(ctx, press.key), page)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("mnudge", who="organiser")
async def nudge(ctx: Context, press: Press) -> Answers:
    """Show the preview of a reminder to the silent."""
    document = await _out(ctx, press.key)
    subject = memo_reading.copy_name(document, document.version)
    return [Reply(await _broadcast.preview(ctx, sending.NUDGE, subject), private=True)]


@feature.click("mwith", who="organiser")
async def withdrawing(ctx: Context, press: Press) -> Answers:
    """Say what a withdrawal does, who sees it, and ask for the reason; nothing happens yet."""
    document = await _still_out(ctx, press.key)
    if press.arg == "yes":
        return [Ask("memo_withdraw", document.key)]
    number = await memo_reading.list_size(ctx.db, document)
    lines: list[Text] = [
        Bold(say("md_withdraw_ask", code=await cards_of.code_of(ctx.db, document))), say("md_withdraw_what", n=number),
    ]  # fmt: skip
    yes = button("md_withdraw_now", "mwith", document.key, "", "yes", "danger")
    shown = Message(tuple(lines), rows(row(yes, button("md_keep", "mreport", document.key))), protect=True)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


async def _still_out(ctx: Context, key: str) -> Document:
    document = await _out(ctx, key)
    if document.state == "withdrawn":
        raise UserError(say("md_withdrawn_already"))
    return document


@feature.form("memo_withdraw", who="organiser")
async def withdraw_form(ctx: Context, subject: str) -> Form:
    """Ask for the reason and the number of people on the list."""
    await _still_out(ctx, subject)
    reason = TextField(id="reason", label=say("md_q_withdraw"), hint=say("md_q_withdraw_hint"), min=3, max=REASON)
    count = NumberField(id="count", label=say("md_q_count"), min=0)
    fields = ((reason, count),)
    return Form("memo_withdraw", say("md_withdraw_title"), fields, submit=say("b_md_withdraw_now"), review=False)


@feature.submission("memo_withdraw")
async def withdrawn(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Withdraw a memo: every copy says so, links end, nobody finds it any more."""
    document = await _still_out(ctx, subject)
    if looks_personal(values["reason"]):
        return [Invalid({"reason": say("pii_warning")})]
    number = await memo_reading.list_size(ctx.db, document)
    if int(values["count"]) != number:
        return [Invalid({"count": say("md_count_wrong", typed=values["count"], n=str(number))})]
    try:
        document = await memo_reading.withdraw(ctx.db, subject, values["reason"], ctx.now)
    except Refused:
        raise UserError(say("md_withdrawn_already")) from None
    await times.disarm(ctx.db, document)
    await search.forget(ctx.db, document)
    audit.note(ctx.db, ctx.now, ctx.me.id, "memo.withdraw", document.key)
    await cards_of.follow(ctx.db, document)
    cards.touch_at_end(ctx.db, (sending.STATUS,), document.key)
    told = len(await memo_figures.reached(ctx.db, document))
    tell = preview_button("md_tell", sending.NOTICE, document.key) if told else None
    done = Message(
        (Bold(say("md_withdraw_done", code=await cards_of.code_of(ctx.db, document))), say("md_withdraw_tell", n=told)),
        rows(row(tell, button("mm_report", "mreport", document.key)), row(go("desk", "desk"))),
        protect=True,
    )
    answers: list[Answer] = [Reply(done, private=True)]
    return answers


@feature.timer(times.ISSUED)
async def issued(db: Session, timer: Timer, now: datetime) -> None:
    """Let the meeting follow when the memo has gone out: its memo is issued."""
    document = await cards_of.found(db, timer.subject)
    if document is None or not memo_reading.issued(document, now) or document.meeting_id is None:
        return
    meeting: Meeting | None = await cards_of.meeting_of(db, document)
    held = await lock_meeting(db, meeting.key) if meeting else None
    if held is not None and held.state == "held":
        await turn(db, held, "memo_issued")
        cards.touch_at_end(db, ("status",), held.key)


@feature.timer(times.REMIND)
async def remind(db: Session, timer: Timer, now: datetime) -> None:
    """Remind those who have not confirmed; who has had two reminders, or enough messages that week, is left alone."""
    document = await cards_of.found(db, timer.subject)
    version = timer.slot.removeprefix("v").partition("-")[0]
    if document is None or document.state != "distributed" or version != str(document.version):
        return
    if not memo_reading.issued(document, now) or memo_reading.expired(document, now):
        return
    broadcast = await sending.reminder(db, document, now, timer.slot)
    if broadcast.people:
        await _broadcast.plan(db, broadcast, now)
    await _recount(db, document)


@feature.timer(times.CLOSE)
async def close(db: Session, timer: Timer, now: datetime) -> None:
    """End the asking for confirmations, and a day later put the memo into the archive."""
    archive = timer.slot.startswith("archive")
    closed = memo_reading.archive(db, timer.subject) if archive else memo_reading.close(db, timer.subject, now)
    document = await closed
    if document is not None:
        await _recount(db, document)
        cards.touch_at_end(db, (cards_of.REPORT, sending.STATUS), document.key)


async def _recount(db: Session, document: Document) -> None:
    """Bring the number of deliveries up to date, which the acknowledgment rate divides by."""
    await memo_figures.delivered(db, document, cards_of.CARD, document.key)
    cards.touch_at_end(db, (cards_of.REPORT,), document.key)


@feature.timer(times.EXPIRE)
async def expire(db: Session, timer: Timer, now: datetime) -> None:
    """Let the cards say that the memo cannot be opened any more, and end its pages."""
    document = await cards_of.found(db, timer.subject)
    if document is None or document.state not in READABLE or not memo_reading.expired(document, now):
        return
    await page_links.end(db, document)
    await cards_of.follow(db, document)


__all__ = ["feature"]
