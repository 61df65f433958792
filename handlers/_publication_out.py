"""What becomes of a publication once it is approved: out without messages, its file on tap, archived, withdrawn."""

from __future__ import annotations

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Reply
from chat.text import Bold, Text, When, say
from handlers import _files, _publication_sends
from handlers import _publication_cards as drawn
from handlers import _publication_views as views
from handlers._cards import short
from handlers._feature import Answers, Context
from scheduler.contract import Drawing, Skip
from storage import audit, memos, publications, search
from storage.communities import own_community
from storage.database import Session
from storage.publications import QUIETLY, READY


async def quietly(ctx: Context, press: Press) -> Answers:
    """Ask, then publish it in the library alone, when its embargo is over; `x` calls that off."""
    document = await views.managed(ctx, press.key)
    if press.arg == "x":
        if publications.planned(document) and document.details.get("release") == QUIETLY:
            document = await _publication_sends.call_off(ctx.db, document.key)
            audit.note(ctx.db, ctx.now, ctx.me.id, "call_off_publication", document.key)
        return await views.status(ctx, document)
    if document.state not in READY or publications.planned(document):
        raise UserError(say(_publication_sends.WHY["planned" if publications.planned(document) else "state"]))
    if press.arg != "yes" or press.rev != str(document.revision):
        lines: list[Text] = [Bold(document.title), say("pu_quiet_ask")]
        if document.embargo_until is not None and document.embargo_until > ctx.now:
            lines.append(say("pu_embargo", when=When(document.embargo_until, ctx.community.zone)))
        yes = button("pu_quiet_yes", "pubrel", document.key, document.revision, "yes", "primary")
        shown = Message(tuple(lines), rows(row(yes, button("back", "pub", document.key))), silent=True)
        return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]
    document = await _publication_sends.quietly(ctx, document)
    audit.note(ctx.db, ctx.now, ctx.me.id, "release_publication", document.key)
    return await views.status(ctx, document)


async def ask_withdraw(ctx: Context, press: Press) -> Answers:
    """Ask why it is withdrawn."""
    return [Ask("publication_withdraw", (await views.managed(ctx, press.key)).key)]


async def withdraw_form(ctx: Context, subject: str) -> Form:
    """Build the question why; the answer stands on the organisers' card alone."""
    document = await views.managed(ctx, subject)
    label = say("pu_q_withdraw", title=short(document.title, 60))
    field = TextField(id="reason", label=label, hint=say("pu_q_withdraw_hint"), min=3, max=300)
    return Form("publication_withdraw", say("b_pu_withdraw"), ((field,),), submit=say("b_pu_withdraw"), review=False)


async def withdrawn(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Withdraw it: cards say so, nobody finds it any more, what waits is not sent."""
    await views.managed(ctx, subject)
    document = await views.taken(publications.withdraw(ctx.db, subject, values["reason"], ctx.now))
    await _publication_sends.stop(ctx, document)
    await search.forget(ctx.db, document)
    audit.note(ctx.db, ctx.now, ctx.me.id, "withdraw_publication", document.key)
    return await views.status(ctx, document)


async def get_file(ctx: Context, press: Press) -> Answers:
    """Hand over the file of what is out, to anybody; before that to organisers, author and approvers alone."""
    document = await views.found(ctx.db, press.key)
    if document is None or document.state == "withdrawn":
        raise UserError(say("e_gone"))
    inside = ctx.member is not None and (
        ctx.organiser
        or ctx.member.id == document.author_id
        or (document.state == "in_approval" and publications.may_decide(document, ctx.member, ctx.roles))
    )
    if not inside and not await _publication_sends.is_out(ctx.db, document, ctx.now):
        raise UserError(say("e_gone"))
    files = await memos.files_of(ctx.db, document)
    stored = files.get(press.arg) or await memos.file_for(ctx.db, document, ctx.reader.language)
    if stored is None:
        raise UserError(say("e_gone"))
    return [Reply(Message((Bold(document.title),), file=_files.attachment(stored), silent=True), private=True)]


async def draw_out(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what is out; under embargo, returned or withdrawn there is nothing to send."""
    document = await views.found(db, drawing.subject)
    if document is None or (document.state == "withdrawn" and drawing.first):
        return Skip("gone")
    if document.state != "withdrawn" and not await _publication_sends.is_out(db, document, drawing.now):
        return Skip("embargo")
    files = await memos.files_of(db, document)
    return drawn.out_card(document, files, await own_community(db), private=drawing.member is not None)
