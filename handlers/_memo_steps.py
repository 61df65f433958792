"""The steps of a memo: factual check by its speakers, approval by somebody else, back to its author."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chat.errors import UserError
from chat.form import Form, TextField
from chat.message import Message, Press
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Text, say
from handlers import _memo_dates as dates
from handlers import _memo_views as views
from handlers._feature import Answers, Context
from handlers._personal import looks_personal
from handlers._reminding import no_send_dates
from scheduler import cards, timers
from scheduler.contract import Drawing, Skip
from storage import audit, memos
from storage.database import Session
from storage.documents import Document
from storage.members import Member, roles_of
from storage.memos import Refused
from storage.timers import Timer

TEXT_MIN, TEXT_MAX = 3, 600
SOON = timedelta(hours=1)
"""A check that ends so soon is not reminded of."""
TEXTS = {
    "state": "mm_not_now", "changed": "mm_changed", "author": "mm_own", "right": "e_role", "speakers": "mm_no_speakers",
    "language": "mm_has_language", "approver": "f_same_person",
}  # fmt: skip


async def explain(db: Session, refused: Refused) -> Text:
    """Say why a step was not taken. Raise `UserError` where the memo itself is nothing for the actor."""
    if refused.why == "gone":
        raise UserError(say("e_gone"))
    if refused.why == "replaced":
        return say("mm_replaced", n=refused.version)
    if refused.why == "decided" and refused.by is not None:
        by = (await views.people(db, [refused.by.member_id])).get(refused.by.member_id)
        what = say("mm_was_approved" if refused.by.kind == "approved" else "mm_was_returned")
        return say("mm_decided", name=by.name if by else "–", what=what)
    if refused.why == "state" and refused.document is not None and refused.document.state not in memos.WRITING:
        return say("mm_is_approved")
    return say(TEXTS.get(refused.why, "mm_not_now"))


async def managed(ctx: Context, key: str) -> Document:
    """Find a memo for its author or an organiser. Raise `UserError` with one answer for all others."""
    document = await views.found(ctx.db, key)
    if document is None or not (ctx.organiser or document.author_id == ctx.me.id):
        raise UserError(say("e_gone"))
    return document


def here(ctx: Context, message: Message, kind: str, key: str, said: Text | None = None) -> Answers:
    """Answer with a card that follows the truth: in place in private, else in the private chat."""
    card = Card(kind, key)
    pressed = ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm"
    answers: list[Answer] = [Edit(message, card) if pressed else Reply(message, private=True, card=card)]
    return [*answers, Toast(said, alert=True)] if said is not None else answers


async def status(ctx: Context, document: Document, said: Text | None = None) -> Answers:
    """Answer with how a memo stands; on cards that do not toast what was refused stands on top."""
    return here(
        ctx, await views.status(ctx.db, document, ctx.me, ctx.now, said or ""), views.STATUS, document.key, said
    )


async def moved(ctx: Context, document: Document, act: str) -> None:
    """Note a step and let the cards follow."""
    audit.note(ctx.db, ctx.now, ctx.me.id, act, document.key)
    await cards.touch(ctx.db, views.FOLLOWING, document.key)


async def go_on(ctx: Context, press: Press) -> Answers:
    """Open the factual check (`f`), hand the memo to its approver (`a`), or take it back from them (`b`)."""
    document = await managed(ctx, press.key)
    version = int(press.rev) if press.rev.isdigit() else 0
    try:
        if press.arg == "b":
            return await take_back(ctx, document)
        if press.arg == "f":
            document = await open_check(ctx, document, version)
        else:
            until = await dates.approve_by(ctx.db, document, ctx.now)
            document = await memos.submit(ctx.db, press.key, version, until)
            await ask_approver(ctx.db, document, ctx.now, ctx.me)
    except Refused as refused:
        return await status(ctx, document, await explain(ctx.db, refused))
    await moved(ctx, document, "memo.facts" if press.arg == "f" else "memo.submit")
    return await status(ctx, document)


async def take_back(ctx: Context, document: Document) -> Answers:
    """Make a memo a draft again: its approver is away, or something has to change."""
    if document.state not in ("factual_check", "in_approval"):
        return await status(ctx, document, say("mm_not_now"))
    document = await memos.change(ctx.db, document.key, state="draft")
    await moved(ctx, document, "memo.taken_back")
    return await status(ctx, document)


async def open_check(ctx: Context, document: Document, version: int) -> Document:
    """Ask the speakers about the facts; five working days, one reminder to the silent. Raise `Refused`."""
    db, now = ctx.db, ctx.now
    zone, no_send = await views.zone(db, document), await no_send_dates(db)
    until = dates.working(now, dates.CHECK, zone, no_send)
    document = await memos.ask_facts(db, document.key, version, until)
    asked = await views.people(db, memos.speakers_of(document))
    name = f"v{document.version}.{document.revision}"
    to = [each for each in asked.values() if each.state in ("active", "paused")]
    await dates.tell(db, views.FACTS, document.key, name, to, now, by=ctx.me, expires=until)
    again = dates.working(now, dates.REMIND, zone, no_send).astimezone(UTC) - timedelta(hours=8)
    which = {"until": until.isoformat()}
    await timers.call_at(
        db, dates.FACTS, document.key, again, slot=f"again-{name}", not_after=until - SOON, details=which
    )
    await timers.call_at(db, dates.FACTS, document.key, until, slot=f"end-{name}", details=which)
    return document


async def ask_approver(db: Session, document: Document, now: datetime, by: Member | None = None) -> None:
    """Ask the named approver, and once more when the approval is due."""
    name = f"v{document.version}.{document.revision}"
    asked = await views.people(db, [document.approver_id])
    await dates.tell(db, views.APPROVAL, document.key, name, asked.values(), now, by=by)
    until = views.moment(document, "approve_by")
    if until is not None:
        last = until - timedelta(hours=9)
        which = {"until": until.isoformat()}
        await timers.call_at(db, dates.TIMER, document.key, last, slot=f"approve-{document.revision}", details=which)


async def news(db: Session, document: Document, what: str, now: datetime, by: Member | None = None) -> None:
    """Tell the author what somebody else did, or that a time is over."""
    to = [each for each in await dates.author(db, document, now) if by is None or each.id != by.id]
    details = {"what": what, "by": by.id if by else None}
    name = f"{what}-v{document.version}.{document.revision}" + (f"-{by.id}" if what == "wrong" and by else "")
    await dates.tell(db, views.NEWS, document.key, name, to, now, details)


async def check_due(db: Session, timer: Timer, now: datetime) -> None:
    """Remind the silent speakers, or end the check: without corrections the approver gets the memo."""
    document = await views.found(db, timer.subject)
    what, _, name = timer.slot.partition("-")
    if document is None or document.state != "factual_check":
        return
    if timer.details.get("until") != document.details.get("facts_until"):  # of a check that was opened earlier
        return
    said = await memos.answers(db, document)
    if what == "again":
        asked = await views.people(db, [each for each in memos.speakers_of(document) if each not in said])
        until = views.moment(document, "facts_until")
        to = [each for each in asked.values() if each.state in ("active", "paused")]
        await dates.tell(db, views.FACTS, document.key, f"{name}-again", to, now, {"again": True}, expires=until or now)
        return
    if any(each.kind == "facts_wrong" for each in said.values()):
        await news(db, document, "stuck", now)
        return
    await _checked(db, document, now, None)


async def _checked(db: Session, document: Document, now: datetime, by: Member | None) -> None:
    """Hand a memo whose facts are checked to its approver."""
    try:
        until = await dates.approve_by(db, document, now)
        document = await memos.submit(db, document.key, document.version, until)
        await ask_approver(db, document, now)
        await news(db, document, "checked", now, by)
    except Refused:
        await news(db, document, "stuck", now, by)
    await cards.touch(db, views.FOLLOWING, document.key)


async def facts_right(ctx: Context, press: Press) -> Answers:
    """Take that the facts are right; when all have said so the approver gets the memo."""
    return await _facts(ctx, press.key, press.arg, "", right=True)


async def facts_wrong(ctx: Context, press: Press) -> Answers:
    """Ask what is not right."""
    document = await _asked(ctx, press.key)
    if document.state != "factual_check" or press.arg != str(document.version):
        return await _facts(ctx, press.key, press.arg, "", right=False)  # which says why it is too late
    return [Ask("memo_facts", f"{press.key}.{press.arg}")]


async def correction_form(ctx: Context, subject: str) -> Form:
    """Build the form of a correction; sensitive: it may quote the memo, so no draft keeps it."""
    await _asked(ctx, subject.partition(".")[0])
    field = TextField(
        id="text", label=say("mm_q_wrong"), hint=say("mm_q_wrong_hint"), long=True, min=TEXT_MIN, max=TEXT_MAX
    )
    return Form("memo_facts", say("mm_correct"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


async def corrected(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep a correction sealed; what seems to name a migrant is refused and not kept."""
    if looks_personal(values["text"]):
        return [Invalid({"text": say("pii_warning")})]
    key, _, version = subject.partition(".")
    await _asked(ctx, key)
    return await _facts(ctx, key, version, ctx.safe.seal(values["text"]), right=False)


async def _facts(ctx: Context, key: str, version: str, note: str, *, right: bool) -> Answers:
    document = await _asked(ctx, key)
    said: Text | None = None
    number = int(version) if version.isdigit() else 0
    try:
        if not right and not note:
            raise Refused("replaced" if number != document.version else "state", document)
        document = await memos.say_facts(ctx.db, key, ctx.me, number, note, ctx.now, right=right)
    except Refused as refused:
        said = say("mm_facts_over") if refused.why == "state" else await explain(ctx.db, refused)
    else:
        audit.note(ctx.db, ctx.now, ctx.me.id, "memo.facts_ok" if right else "memo.facts_wrong", key)
        if not right:
            await news(ctx.db, document, "wrong", ctx.now, ctx.me)
        elif await memos.all_right(ctx.db, document):
            await _checked(ctx.db, document, ctx.now, ctx.me)
        await cards.touch(ctx.db, [views.STATUS, views.APPROVAL], key)
    shown = await views.facts(ctx.db, document, ctx.me, ctx.now)
    return here(ctx, views.topped(shown, said), views.FACTS, key, said)


async def _asked(ctx: Context, key: str) -> Document:
    """Find a memo for one of its speakers. Raise `UserError`."""
    document = await views.found(ctx.db, key)
    if document is None or ctx.me.id not in memos.speakers_of(document):
        raise UserError(say("e_gone"))
    if document.state in memos.WRITING or ctx.me.id in await memos.answers(ctx.db, document):
        return document
    raise UserError(say("e_gone"))


async def approve(ctx: Context, press: Press) -> Answers:
    """Approve what the card showed: that version, nothing newer."""
    return await _decide(ctx, press.key, press.arg, press.rev, "", approve=True)


async def give_back(ctx: Context, press: Press) -> Answers:
    """Ask why a memo goes back; at once refused where it would be refused afterwards."""
    document = await _to_decide(ctx, press.key)
    if document.state != "in_approval" or (press.arg, press.rev) != (str(document.version), str(document.revision)):
        return await _decide(ctx, press.key, press.arg, press.rev, "", approve=False)
    return [Ask("memo_return", f"{press.key}.{press.arg}.{press.rev}")]


async def return_form(ctx: Context, subject: str) -> Form:
    """Build the form of a return; sensitive: it may quote the memo, so no draft keeps it."""
    await _to_decide(ctx, subject.partition(".")[0])
    field = TextField(id="text", label=say("mm_q_reason"), long=True, min=TEXT_MIN, max=TEXT_MAX)
    return Form("memo_return", say("mm_return"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


async def returned(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Send a memo back with the reason."""
    if looks_personal(values["text"]):
        return [Invalid({"text": say("pii_warning")})]
    key, version, revision = (*subject.split("."), "", "")[:3]
    return await _decide(ctx, key, version, revision, ctx.safe.seal(values["text"]), approve=False)


async def _decide(ctx: Context, key: str, version: str, revision: str, note: str, *, approve: bool) -> Answers:
    document = await _to_decide(ctx, key)
    numbers = [int(each) if each.isdigit() else -1 for each in (version, revision)]
    said: Text | None = None
    try:
        if not approve and not note:
            if numbers[0] != document.version:
                raise Refused("replaced", document)
            by = await memos.decided(ctx.db, document)
            raise Refused("decided" if by and document.state != "in_approval" else "changed", document, by)
        document = await memos.decide(
            ctx.db, key, ctx.me, ctx.roles, numbers[0], numbers[1], ctx.now, approve=approve, note=note
        )
    except Refused as refused:
        said, document = await explain(ctx.db, refused), refused.document or document
    else:
        await moved(ctx, document, "memo.approve" if approve else "memo.return")
        await news(ctx.db, document, "approved" if approve else "returned", ctx.now, ctx.me)
    shown = await views.approval(ctx.db, document, ctx.me, ctx.roles, ctx.now)
    return here(ctx, views.topped(shown, said), views.APPROVAL, key, said)


async def _to_decide(ctx: Context, key: str) -> Document:
    """Find a memo for somebody with the right to approve. Raise `UserError` with one answer for all others."""
    document = await views.found(ctx.db, key)
    if document is None or not memos.may_decide(document, ctx.me, ctx.roles):
        raise UserError(say("e_gone"))
    return document


async def draw_status(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw how a memo stands, for its author and organisers."""
    found = await _theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    document, member, roles = found
    if not (roles & memos.ORGANISE or document.author_id == member.id):
        return Skip("not_entitled")
    what: str = drawing.details.get("what", "")
    head: Text = ""
    if what:
        by = (await views.people(db, [drawing.details.get("by")])).get(drawing.details.get("by") or 0)
        names = {"name": by.name if by else "–"} if what in ("approved", "returned", "wrong") else {}
        head = say(f"mm_news_{what}", **names)
    return await views.status(db, document, member, drawing.now, head)


async def draw_approval(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question to an approver; it is not asked when it is answered meanwhile."""
    found = await _theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    document, member, roles = found
    if not memos.may_decide(document, member, roles):
        return Skip("not_entitled")
    if drawing.first and document.state != "in_approval":
        return Skip("decided")
    return await views.approval(
        db, document, member, roles, drawing.now, again=bool(drawing.details.get("again"))
    )  # fmt: skip


async def draw_facts(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question to a speaker; who has answered is not asked again."""
    found = await _theirs(db, drawing)
    if isinstance(found, Skip):
        return found
    document, member, _ = found
    if member.id not in memos.speakers_of(document):
        return Skip("not_entitled")
    if drawing.first and (document.state != "factual_check" or member.id in await memos.answers(db, document)):
        return Skip("replied")
    return await views.facts(db, document, member, drawing.now, again=bool(drawing.details.get("again")))


async def _theirs(db: Session, drawing: Drawing) -> tuple[Document, Member, frozenset[str]] | Skip:
    document, member = await views.found(db, drawing.subject), drawing.member
    if document is None or member is None:
        return Skip("gone")
    return document, member, await roles_of(db, member, drawing.now)
