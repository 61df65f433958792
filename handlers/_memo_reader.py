"""What a reader does with a memo: list, open, confirm, have the file sent, suggest a correction.

Rights are judged by the account that acts, at every press: a forwarded card, somebody who has left, a memo that was
withdrawn and one that never was all get the same answer.
"""

from __future__ import annotations

from datetime import datetime

from chat.errors import UserError
from chat.form import Form, TextField
from chat.inbound import Click
from chat.message import Button, LinkButton, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Edit, Invalid, Reply, Toast
from chat.text import Bold, Text, When, say
from handlers import _memo_card as cards_of
from handlers import _memo_times as times
from handlers._card_lines import can
from handlers._feature import Answers, Context
from handlers._personal import looks_personal
from handlers._reminding import no_send_dates
from handlers._welcome import go
from scheduler import delivery, quiet
from scheduler.contract import Drawing, Skip
from storage import memo_reading, memos, page_links
from storage.audience import AGREED
from storage.communities import own_community
from storage.database import Session
from storage.documents import READABLE, Document, DocumentDecision
from storage.members import Member, holders, roles_of
from storage.memo_reading import Entry

SUGGESTED = "memo_suggestion"
"""Kind: somebody suggested a correction; to author and organisers, without the words."""
PAGE = 5
LINK_MINUTES = 15
"""How long a one-time link to the page is valid (design §9)."""


async def open_to(ctx: Context, key: str) -> Document:
    """Find a memo the actor may read now. Raise `UserError` with one answer for everything else."""
    document = await cards_of.found(ctx.db, key)
    if document is None or ctx.member is None or document.state not in READABLE:
        raise UserError(say("e_gone"))
    if not await memos.may_read(ctx.db, document, ctx.me, ctx.roles, ctx.now):
        raise UserError(say("e_gone"))
    if not memo_reading.issued(document, ctx.now) and not ctx.organiser:
        raise UserError(say("e_gone"))
    return document


def on_telegram(ctx: Context) -> bool:
    """Tell whether the actor is on Telegram, where a file and its card are one message."""
    return ctx.inbound.by.platform == "telegram"


async def my_card(ctx: Context, document: Document, version: int | None = None) -> Message:
    """Draw the actor's own card."""
    sight = await cards_of.see(ctx.db, document, ctx.me, ctx.now, version)
    code = await cards_of.code_of(ctx.db, document)
    return cards_of.private(sight, cards_of.CARD, code, telegram=on_telegram(ctx))


async def show(ctx: Context, press: Press) -> Answers:
    """Show the actor's card of a memo as a new message: only such a one is protected whatever was pressed."""
    document = await open_to(ctx, press.key)
    if not await memo_reading.listed(ctx.db, document, ctx.me):
        return await send_file(ctx, press)
    shown = await my_card(ctx, document)
    if shown.file is not None:
        await page_links.note(ctx.db, document, ctx.me, "sent", ctx.now)
    return [Reply(shown, private=True, card=cards_of.copy_of(document, document.version))]


async def read(ctx: Context, press: Press) -> Answers:
    """Take "I have read it" for the version the card showed."""
    document = await cards_of.found(ctx.db, press.key)
    if document is None or ctx.member is None or ctx.me.state not in AGREED:
        raise UserError(say("e_gone"))
    if not await memo_reading.listed(ctx.db, document, ctx.me) or document.state not in (*READABLE, "withdrawn"):
        raise UserError(say("e_gone"))
    number = int(press.arg) if press.arg.isdecimal() and len(press.arg) < 5 else document.version
    at = min(ctx.inbound.at, ctx.now)
    if document.distributed_at is not None and at < document.distributed_at <= ctx.now:
        at = document.distributed_at
    said = await memo_reading.acknowledge(ctx.db, document, ctx.me, at, number)
    if said is not None and said.new:
        ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
        await cards_of.follow(ctx.db, document, member=ctx.me, but=ref)
    current = said is not None and number == document.version
    toast = say("md_read_toast" if said and said.new else "t_saved") if current else say("t_stale")
    if ctx.inbound.where.kind != "dm":
        return [Toast(toast)]
    shown = await my_card(ctx, document, number)
    answers: list[Answer] = [Edit(shown, cards_of.copy_of(document, number)), Toast(toast)]
    return answers


async def send_file(ctx: Context, press: Press) -> Answers:
    """Send the file into the actor's private chat, in their language, protected; it stands in the access log."""
    document = await open_to(ctx, press.key)
    stored = await cards_of.file_for(ctx.db, document, ctx.me.language)
    if stored is None:
        raise UserError(say("md_no_file_now"))
    code = await cards_of.code_of(ctx.db, document)
    await page_links.note(ctx.db, document, ctx.me, "sent", ctx.now)
    file = cards_of.attachment(stored, code, document.version)
    shown = Message((say("md_file", code=code), say("md_only")), silent=True, protect=True, file=file)
    return [Reply(shown, private=True)]


async def open_page(ctx: Context, press: Press) -> Answers:
    """Give a one-time link to the page, in private; without pages the file comes instead."""
    document = await open_to(ctx, press.key)
    if not ctx.page_link("/m"):
        return await send_file(ctx, press)
    token = await page_links.issue(ctx.db, document, ctx.me, ctx.now)
    link = LinkButton(say("b_open"), ctx.page_link(f"/m/{token}"), "primary")
    shown = Message((say("md_link", n=LINK_MINUTES),), rows(row(link)), silent=True, protect=True)
    return [Reply(shown, private=True)]


async def suggest(ctx: Context, press: Press) -> Answers:
    """Ask what should be corrected."""
    document = await open_to(ctx, press.key)
    return [Ask("memo_correct", document.key)]


async def suggest_form(ctx: Context, subject: str) -> Form:
    """Build the form of a suggestion (f_correct); sensitive, since it may quote the memo."""
    await open_to(ctx, subject)
    field = TextField(id="text", label=say("md_q_correct"), hint=say("md_q_correct_hint"), long=True, min=3, max=600)
    title, pages = say("md_correct_title"), ((field,),)
    return Form("memo_correct", title, pages, submit=say("b_send"), sensitive=True, review=False)


async def suggested(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep a suggestion sealed and tell author and organisers that there is one."""
    document = await open_to(ctx, subject)
    if looks_personal(values["text"]):
        return [Invalid({"text": say("pii_warning")})]
    if ctx.vault is None:
        raise UserError(say("do_no_vault"))
    said = DocumentDecision(
        document_id=document.id, version=document.version, kind="suggestion", member_id=ctx.me.id, at=ctx.now,
        note=ctx.safe.seal(values["text"]),
    )  # fmt: skip
    ctx.db.add(said)
    await ctx.db.flush()
    told = {each.id: each for each in await holders(ctx.db, "organiser", ctx.now)}
    author = await ctx.db.get(Member, document.author_id) if document.author_id else None
    if author is not None and author.state == "active":
        told[author.id] = author
    no_send = await no_send_dates(ctx.db)
    to = [
        delivery.To(member=each, due=quiet.next_allowed(each, ctx.now, no_send))
        for each in told.values()
        if each.id != ctx.me.id
    ]
    await delivery.plan(
        ctx.db, kind=SUGGESTED, subject=document.key, occurrence=f"s{said.id}", to=to, now=ctx.now, by=None
    )
    thanks = Message((say("md_correct_thanks"),), rows(row(go("memos", "memos"), go("home", "home"))), protect=True)
    return [Reply(thanks, private=True)]


async def draw_suggested(db: Session, drawing: Drawing) -> Message | Skip:
    """Say that a correction was suggested; the words are opened with a button."""
    document, member = await cards_of.found(db, drawing.subject), drawing.member
    if document is None or member is None:
        return Skip("gone")
    roles = await roles_of(db, member, drawing.now)
    if not (memos.ORGANISE & roles or member.id == document.author_id):
        return Skip("not_entitled")
    line = say("md_suggested", code=await cards_of.code_of(db, document))
    correct = can("md_correct", "mfix", document.key) if document.state in READABLE else None
    return Message((line,), rows(row(button("mm_notes", "mtext", document.key, "n"), correct)), protect=True)


async def my_list(ctx: Context, page: int) -> Message:
    """Draw the memos the actor may read, unread first, five a page; titles stand in private only."""
    found = await memo_reading.of_member(ctx.db, ctx.me, ctx.roles, ctx.now)
    home = row(can("library", "lib", ""), go("home", "home"))
    if not found:
        return Message((Bold(say("b_memos")), say("md_none")), rows(home), protect=True)
    page = max(0, min(page, (len(found) - 1) // PAGE))
    lines: list[Text] = [Bold(say("b_memos")), say("md_only")]
    buttons: list[Button] = []
    for number, each in enumerate(found[page * PAGE : (page + 1) * PAGE], page * PAGE + 1):
        lines.append((f"{number}. ", *_line(each, ctx.community.zone)))
        label = (f"{number} · ", say("b_open"))
        press = Press("mcard", each.document.key)
        buttons.append(Button(label, press, "primary" if each.unread and not buttons else "default"))
    turn = row(
        button("back", "mlist", "", page - 1) if page else None,
        button("next", "mlist", "", page + 1) if len(found) > (page + 1) * PAGE else None,
    )
    return Message(tuple(lines), rows(tuple(buttons[:3]), tuple(buttons[3:]), turn, home), protect=True)


def _line(entry: Entry, home: str) -> list[Text]:
    document = entry.document
    zone = times.zone_of(entry.meeting, home)
    title: Text = Bold(document.title) if entry.unread else document.title
    parts: list[Text] = [title]
    if entry.meeting is not None:
        parts += [" · ", When(entry.meeting.starts_at, zone, part="date")]
    if entry.unread and document.ack_by is not None:
        parts += [" · ", say("md_l_by", date=When(document.ack_by, zone, part="date"))]
    elif entry.acknowledged is not None:
        parts += [" · ", say("md_l_read", date=When(entry.acknowledged.at, zone, part="date"))]
    return parts


async def waiting_of(db: Session, member: Member, now: datetime) -> list[tuple[Document, When]]:
    """Give the memos whose reading somebody is to confirm, with the date of the meeting."""
    home = (await own_community(db)).zone
    found = []
    for document, meeting in await memo_reading.unread(db, member, now):
        zone = times.zone_of(meeting, home)
        found.append((document, When(cards_of.day_of(document, meeting, zone), zone, part="date")))
    return found
