"""The approval of a publication by somebody else than who wrote it, and what its author is told."""

from __future__ import annotations

from datetime import timedelta

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Reply, Toast
from chat.text import Bold, say
from handlers import _publication_views as views
from handlers._feature import Answers, Context
from handlers._publication_cards import APPROVAL, NEWS
from handlers._publication_sends import WHY
from scheduler import delivery, quiet
from storage import audit, publications
from storage.documents import Document
from storage.members import Member
from storage.publications import Refused
from storage.vault import Broken

ASK_VALID = timedelta(days=14)
"""How long a request to approve, or what became of it, may still be delivered."""


async def submit(ctx: Context, press: Press) -> Answers:
    """Hand it to its approver."""
    await views.managed(ctx, press.key)
    document = await views.taken(publications.submit(ctx.db, press.key))
    await request(ctx, document)
    audit.note(ctx.db, ctx.now, ctx.me.id, "submit_publication", document.key)
    return await views.status(ctx, document)


async def request(ctx: Context, document: Document) -> None:
    """Send the request to whoever is to approve it."""
    await _tell(ctx, document, APPROVAL, document.approver_id)


async def _tell(ctx: Context, document: Document, kind: str, who: int | None) -> None:
    member = await ctx.db.get(Member, who) if who else None
    if member is None or member.id == ctx.me.id:
        return
    to = delivery.To(member=member, due=quiet.next_allowed(member, ctx.now), expires=ctx.now + ASK_VALID)
    await delivery.plan(
        ctx.db, kind=kind, subject=document.key, occurrence=f"r{document.revision}", to=[to], now=ctx.now, by=ctx.me
    )


async def see(ctx: Context, press: Press) -> Answers:
    """Show the request to approve to who may decide."""
    return await views.approval(ctx, await _asked(ctx, press.key))


async def approve(ctx: Context, press: Press) -> Answers:
    """Approve it, if it still is what was looked at and somebody else wrote it."""
    return await _decide(ctx, press.key, press.rev, "", approve=True)


async def send_back(ctx: Context, press: Press) -> Answers:
    """Ask why it goes back."""
    document = await _asked(ctx, press.key)
    if document.state != "in_approval" or press.rev != str(document.revision):
        return await _decide(ctx, press.key, press.rev, "", approve=False)
    return [Ask("publication_return", f"{document.key}.{document.revision}")]


async def return_form(ctx: Context, subject: str) -> Form:
    """Build the question why."""
    await _asked(ctx, subject.partition(".")[0])
    field = TextField(id="reason", label=say("pu_q_return"), min=3, max=600, long=True)
    return Form("publication_return", say("b_return"), ((field,),), submit=say("b_return"), review=False)


async def returned(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Return it to its author, who is told and reads the reason in private."""
    key, _, revision = subject.partition(".")
    return await _decide(ctx, key, revision, ctx.safe.seal(values["reason"]), approve=False)


async def _decide(ctx: Context, key: str, given: str, note: str, *, approve: bool) -> Answers:
    await _asked(ctx, key)
    revision = int(given) if given.isdecimal() and len(given) <= 6 else -1
    if not approve and not note:
        revision = -1
    try:
        document = await publications.decide(
            ctx.db, key, ctx.me, ctx.roles, revision, ctx.now, approve=approve, note=note
        )
    except Refused as refused:
        document = await _asked(ctx, key)
        if refused.why != "changed":
            raise UserError(say(WHY[refused.why])) from None
        return [*await views.approval(ctx, document), Toast(say("pu_changed"))]
    audit.note(ctx.db, ctx.now, ctx.me.id, "approve_publication" if approve else "return_publication", key)
    await views.follow(ctx.db, document)
    await _tell(ctx, document, NEWS, document.author_id)
    return await views.approval(ctx, document)


async def _asked(ctx: Context, key: str) -> Document:
    """Find a publication for somebody with the right to approve it. Raise `UserError` with one answer for others."""
    document = await views.found(ctx.db, key)
    if document is None or not (publications.may_decide(document, ctx.me, ctx.roles) or ctx.organiser):
        raise UserError(say("e_gone"))
    return document


async def why(ctx: Context, press: Press) -> Answers:
    """Show its author and organisers in private why it was returned."""
    document = await views.managed(ctx, press.key)
    decision = await publications.last_decision(ctx.db, document)
    if decision is None or not decision.note:
        raise UserError(say("e_gone"))
    try:
        note = ctx.safe.unseal(decision.note)
    except (Broken, LookupError):
        raise UserError(say("e_gone")) from None
    shown = Message((Bold(document.title), note), rows(row(button("back", "pub", document.key))), silent=True)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]
