"""The library: shelves, search over what the asker may see, resources that members share (conversation §2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Card, Invalid, Reply
from chat.text import Bold, Text, say
from handlers import _files, _library_items, _library_sharing, _library_shelves
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._library_items import Origin
from handlers._library_sharing import ASK, TOLD, judges
from handlers._welcome import go, turn
from scheduler.contract import Drawing, Skip
from storage import memos, resources, search, shelves
from storage.database import Session
from storage.documents import MEMO, RESOURCE, Document, by_key
from storage.members import roles_of

feature = Feature("library")


@feature.command("library", "resources", "bibliothèque", "kitaplık", "kütüphane", "المكتبة", "biblioteca", menu=True)
async def library(ctx: Context, _rest: str) -> Answers:
    """Show the shelves."""
    return [Reply(await _library_shelves.first(ctx), private=True)]


@feature.click("lib")
async def opened(ctx: Context, _press: Press) -> Answers:
    """Show the shelves in place."""
    return [turn(ctx, await _library_shelves.first(ctx), private=True)]


@feature.click("libsh")
async def places(ctx: Context, press: Press) -> Answers:
    """Show the places of a shelf."""
    return [turn(ctx, await _library_shelves.places(ctx, press.key, _number(press.rev)), private=True)]


@feature.click("shelf")
async def standing(ctx: Context, press: Press) -> Answers:
    """Show what stands at a place."""
    shown = await _library_shelves.standing(ctx, press.key, press.arg, _number(press.rev))
    return [turn(ctx, shown, private=True)]


@feature.command("find", "search", "chercher", "rechercher", "ara", "bul", "ابحث", "بحث", "buscar")
async def find(ctx: Context, rest: str) -> Answers:
    """Search for words; without any, ask for them."""
    if not rest.strip():
        return [Ask("library_search")]
    return [Reply(await _library_shelves.searched(ctx, rest), private=True)]


@feature.click("find")
async def turned(ctx: Context, press: Press) -> Answers:
    """Turn the pages of a search, or ask for words."""
    if not press.key:
        return [Ask("library_search")]
    return [turn(ctx, await _library_shelves.again(ctx, press.key, _number(press.rev)), private=True)]


@feature.form("library_search")
async def search_form(_ctx: Context, _subject: str) -> Form:
    """Build the form that asks for words."""
    words = TextField(id="words", label=say("li_q_words"), hint=say("li_q_words_hint"), min=1, max=search.TYPED_MOST)
    return Form("library_search", say("li_search_title"), ((words,),), submit=say("b_search"), review=False)


@feature.submission("library_search")
async def asked(ctx: Context, _subject: str, values: dict[str, str]) -> Answers:
    """Search for what was typed."""
    refused = search.understand(values["words"]).refused
    if refused:
        return [
            Invalid({"words": say("li_no_words") if refused == "empty" else say("li_short", words=values["words"])})
        ]
    return [Reply(await _library_shelves.searched(ctx, values["words"]), private=True)]


@feature.click("ritem")
async def item(ctx: Context, press: Press) -> Answers:
    """Show one document: to who may see it, and a proposal to who decides about it or proposed it."""
    found = await shelves.one(ctx.db, ctx.me, ctx.roles, ctx.now, press.key)
    if found is not None:
        return [turn(ctx, await _library_items.card(ctx, found, Origin.of(press)), private=True)]
    document = await by_key(ctx.db, press.key)
    if document is None or document.kind != RESOURCE:
        raise UserError(say("e_gone"))
    if judges(ctx) and document.author_id != ctx.me.id:
        return [turn(ctx, await _library_sharing.ask_card(ctx.db, document), private=True)]
    if document.author_id == ctx.me.id:
        return [turn(ctx, _library_sharing.own_card(document), private=True)]
    raise UserError(say("e_gone"))


@feature.click("libget")
async def sent(ctx: Context, press: Press) -> Answers:
    """Send the file of a publication or resource in private, in the language that was pressed or the reader's."""
    document = await _readable(ctx, press.key)
    files = await memos.files_of(ctx.db, document)
    stored = files.get(press.arg) or await memos.file_for(ctx.db, document, ctx.me.language)
    if stored is None:
        raise UserError(say("li_no_file"))
    return [Reply(Message((Bold(document.title),), file=_files.attachment(stored)), private=True)]


async def _readable(ctx: Context, key: str) -> Document:
    """Find a document whose file the actor may have; a memo's goes by its own card alone. Raise `UserError`."""
    found = await shelves.one(ctx.db, ctx.me, ctx.roles, ctx.now, key)
    document = found.document if found is not None else await by_key(ctx.db, key)
    if document is None or document.kind == MEMO:
        raise UserError(say("e_gone"))
    if found is None and not (document.kind == RESOURCE and document.state == "proposed" and judges(ctx)):
        raise UserError(say("e_gone"))
    return document


@feature.click("rshare")
async def share(ctx: Context, press: Press) -> Answers:
    """Ask what is to be shared, then open its form; where no file can be kept, a link."""
    if press.arg in _library_sharing.WAYS:
        return [Ask("resource", press.arg)]
    if ctx.vault is None:
        return [Ask("resource", _library_sharing.LINK)]
    return [turn(ctx, _library_sharing.choice_card(), private=True)]


@feature.form("resource")
async def share_form(ctx: Context, subject: str) -> Form:
    """Build the form for a link or a file."""
    return await _library_sharing.share_form(ctx, subject)


@feature.submission("resource")
async def shared(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take a resource to be approved."""
    if subject not in _library_sharing.WAYS:
        raise UserError(say("e_gone"))
    waits = [each for each in await resources.waiting(ctx.db) if each.author_id == ctx.me.id]
    if len(waits) >= resources.WAITING_MOST:
        return [Invalid({"title": say("li_waits_enough", n=len(waits))})]
    document = await _library_sharing.propose(ctx, values)
    text = say("li_at_once" if document.state == "shared" else "li_sent", title=document.title)
    seen = Button(say("b_details"), Press("ritem", document.key))
    return [Reply(Message((text,), rows(row(seen, go("library", "library")))), private=True)]


@feature.click("rok")
async def approve(ctx: Context, press: Press) -> Answers:
    """Take a resource into the library."""
    await _library_sharing.held(ctx, press)
    try:
        document = await resources.share(ctx.db, press.key, ctx.me, ctx.now)
    except resources.Refused as refused:
        return await _stands(ctx, press, refused)
    await _library_sharing.decided(ctx, document, "resource_shared")
    return [turn(ctx, await _library_sharing.ask_card(ctx.db, document), private=True)]


@feature.click("rno")
async def refuse(ctx: Context, press: Press) -> Answers:
    """Ask why a resource is refused."""
    document = await _library_sharing.held(ctx, press)
    if document.author_id == ctx.me.id:
        raise UserError(say("li_own"))
    if document.state != "proposed":
        return await _stands(ctx, press, resources.Refused("decided", document))
    return [Ask("resource_no", document.key)]


@feature.form("resource_no")
async def refuse_form(ctx: Context, subject: str) -> Form:
    """Build the form that asks why."""
    await _library_sharing.held(ctx, Press("rno", subject))
    return _library_sharing.refuse_form()


@feature.submission("resource_no")
async def refused(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Refuse a resource; who shared it reads why."""
    press = Press("rno", subject)
    await _library_sharing.held(ctx, press)
    try:
        document = await resources.refuse(ctx.db, subject, ctx.me, values["reason"])
    except resources.Refused as refused:
        return await _stands(ctx, press, refused)
    await _library_sharing.decided(ctx, document, "resource_refused")
    return [Reply(await _library_sharing.ask_card(ctx.db, document), private=True, card=Card(ASK, document.key))]


async def _stands(ctx: Context, press: Press, refused: resources.Refused) -> Answers:
    """Show what somebody else has decided. Raise `UserError` for one's own and for what is gone."""
    if refused.why == "own" or refused.document is None:
        raise UserError(say("li_own" if refused.why == "own" else "e_gone"))
    return [turn(ctx, await _library_sharing.ask_card(ctx.db, refused.document), private=True)]


@feature.click("rgone")
async def withdraw(ctx: Context, press: Press) -> Answers:
    """Ask whether a resource is to be withdrawn; on the second press withdraw it, for its sharer or an organiser."""
    document = await by_key(ctx.db, press.key)
    if document is None or document.kind != RESOURCE or not (ctx.organiser or document.author_id == ctx.me.id):
        raise UserError(say("e_gone"))
    if press.arg != "sure":
        sure = button("li_withdraw", "rgone", document.key, document.revision, "sure", "danger")
        keep = button("li_keep", "ritem", document.key)
        return [turn(ctx, Message((say("li_sure", title=document.title),), rows(row(sure, keep))), private=True)]
    try:
        await resources.withdraw(ctx.db, document.key, ctx.now)
    except resources.Refused:
        raise UserError(say("e_gone")) from None
    await _library_sharing.decided(ctx, document, "resource_withdrawn")
    shown = Message((say("li_withdrawn", title=document.title),), rows(row(go("library", "library"))))
    return [turn(ctx, shown, private=True)]


@feature.card(ASK)
async def draw_ask(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what waits for approval, for somebody who may decide."""
    document, member = await by_key(db, drawing.subject), drawing.member
    if document is None or member is None:
        return Skip("gone")
    if not await roles_of(db, member, drawing.now) & set(resources.JUDGES):
        return Skip("no_right")
    if drawing.first and document.state != "proposed":
        return Skip("decided")
    return await _library_sharing.ask_card(db, document)


@feature.card(TOLD)
async def draw_told(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell who shared a resource what became of it."""
    document = await by_key(db, drawing.subject)
    if document is None or document.state not in ("shared", "refused", "withdrawn"):
        return Skip("gone")
    if document.state == "shared":
        text: Text = say("li_told_shared", title=document.title)
    elif document.state == "refused":
        text = say("li_told_refused", title=document.title, reason=document.reason)
    else:
        text = say("li_withdrawn", title=document.title)
    return Message((text,), rows(row(go("library", "library"))))


@feature.todo
async def todo(db: Session, _now: datetime) -> Sequence[Waiting]:
    """Say which resources wait for a decision."""
    return [
        Waiting(say("li_todo", title=each.title), button("open", "ritem", each.key))
        for each in await resources.waiting(db)
    ]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
