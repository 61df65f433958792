"""Corrections of memos that are out, from the file to the approval by somebody else; sent by `_memo_sending.py`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from chat.errors import UserError
from chat.form import ChoiceField, FileField, Form, Option, TextField, size_text
from chat.language import LANGUAGES
from chat.message import AnyButton, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import Bold, LanguageName, Text, say
from handlers import _files
from handlers import _memo_card as cards_of
from handlers import _memo_checks as checks
from handlers import _memo_forms as forms
from handlers import _memo_report as reports
from handlers import _memo_sending as sending
from handlers import _memo_views as views
from handlers._broadcast import preview_button
from handlers._feature import Answers, Context
from handlers._personal import looks_personal
from handlers._reminding import no_send_dates
from scheduler import cards, delivery, quiet
from scheduler.contract import Drawing, Skip
from storage import audit, memo_corrections, memo_reading, memos
from storage.database import Session
from storage.documents import READABLE, Document
from storage.members import Member, roles_of
from storage.memo_corrections import Correction
from storage.memos import Refused
from storage.vault import Broken

ASKED, NEWS = "memo_fix", "memo_fix_news"
"""Kinds: the question to the approver, and the answer to who made the correction. Subject: `<key>-<number>`."""
SHOWN = 12
TEXTS = {
    "state": "md_closed", "replaced": "md_fix_replaced", "changed": "md_fix_changed", "author": "md_fix_own",
    "right": "e_role", "decided": "md_fix_decided", "language": "mm_has_language", "approver": "f_same_person",
}  # fmt: skip


def number_of(text: str) -> int:
    """Read a version's number from a button; 0 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 5 else 0


async def managed(ctx: Context, key: str) -> Document:
    """Find a memo that is out for its author or an organiser. Raise `UserError` with one answer for all others."""
    document = await cards_of.found(ctx.db, key)
    if document is None or not (ctx.organiser or document.author_id == ctx.me.id):
        raise UserError(say("e_gone"))
    if document.state not in READABLE:
        raise UserError(say("md_closed"))
    return document


def explained(refused: Refused) -> UserError:
    """Say why a step was not taken."""
    return UserError(say(TEXTS.get(refused.why, "e_gone")))


async def begin(ctx: Context, press: Press) -> Answers:
    """Ask for the corrected file and the reason."""
    document = await managed(ctx, press.key)
    files = await memos.files_of(ctx.db, document)
    approver = (await views.people(ctx.db, [document.approver_id])).get(document.approver_id or 0)
    values = {"language": next(iter(files), ctx.community.language)}
    if approver is not None and approver.id != ctx.me.id:
        values["approver"] = approver.key
    return [Ask("memo_fix", document.key, values)]


async def form(ctx: Context, subject: str) -> Form:
    """Build the form of a correction; the reason is what every reader is told."""
    document = await managed(ctx, subject)
    offered = await forms.approvers(ctx.db, (ctx.me.id, document.author_id), ctx.now)
    if not offered:
        raise UserError(say("mm_no_approver"))
    reason = TextField(id="reason", label=say("md_q_reason"), hint=say("md_q_reason_hint"), long=True, min=3, max=600)
    approver = ChoiceField(
        id="approver", label=say("mm_q_approver"), options=tuple(Option(each.key, each.name) for each in offered)
    )
    return Form("memo_fix", say("md_fix_title"), ((_file(), _language(LANGUAGES), reason, approver),))


def _file() -> FileField:
    most = size_text(_files.FIELD_LIMIT)
    return FileField(id="file", label=say("md_q_file", max=most), endings=forms.ENDINGS, max=_files.FIELD_LIMIT)


def _language(offered: Collection[str]) -> ChoiceField:
    return ChoiceField(
        id="language", label=say("mm_q_language"), options=tuple(Option(each, LanguageName(each)) for each in offered)
    )


async def proposed(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep the corrected version and ask its approver; readers still have the version before."""
    document = await managed(ctx, subject)
    if looks_personal(values["reason"]):
        return [Invalid({"reason": say("pii_warning")})]
    offered = await forms.approvers(ctx.db, (ctx.me.id, document.author_id), ctx.now)
    approver = next((each for each in offered if each.key == values["approver"]), None)
    if approver is None:
        return [Invalid({"approver": say("f_same_person")})]
    taken = await _files.take(ctx, values["file"])
    language, found = values["language"], checks.look(taken.text, taken.pages, await _watched(ctx.db, document))
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now)
    try:
        document = await memo_corrections.propose(
            ctx.db, subject, ctx.me, approver, language, stored, values["reason"],
            ctx.safe.seal(checks.sealed({language: found})), found.counts, ctx.now,
        )  # fmt: skip
    except Refused as refused:
        raise explained(refused) from None
    return await _asked(ctx, document, "memo.correct")


async def _watched(db: Session, document: Document) -> list[checks.Person]:
    meeting = await cards_of.meeting_of(db, document)
    return await forms.watched(db, meeting) if meeting else []


async def _asked(ctx: Context, document: Document, act: str) -> Answers:
    """Ask the approver of what was handed in, and show who handed it in what the checks found."""
    correction = memo_corrections.pending(document)
    assert correction is not None
    asked = await views.people(ctx.db, [correction.approver])
    await _tell(ctx.db, ASKED, document, correction, asked.values(), ctx.now, ctx.me)
    audit.note(ctx.db, ctx.now, ctx.me.id, act, document.key)
    await _follow(ctx.db, document, correction)
    shown = await checked(ctx, document, correction)
    return [Reply(shown, private=True)]


async def _tell(
    db: Session, kind: str, document: Document, correction: Correction, to: Collection[Member], now: datetime,
    by: Member | None,
) -> None:  # fmt: skip
    no_send = await no_send_dates(db)
    planned = [delivery.To(member=each, due=quiet.next_allowed(each, now, no_send)) for each in to]
    subject = memo_reading.copy_name(document, correction.number)
    name = f"r{document.revision}"
    await delivery.plan(db, kind=kind, subject=subject, occurrence=name, to=planned, now=now, by=by)


async def _follow(db: Session, document: Document, correction: Correction) -> None:
    cards.touch_at_end(db, (ASKED, NEWS), memo_reading.copy_name(document, correction.number))
    cards.touch_at_end(db, (cards_of.REPORT,), document.key)


async def add_language(ctx: Context, press: Press) -> Answers:
    """Ask for the corrected text in another language."""
    document = await managed(ctx, press.key)
    return [Ask("memo_fixl", memo_reading.copy_name(document, number_of(press.arg)))]


async def language_form(ctx: Context, subject: str) -> Form:
    """Build the form of the corrected text in another language."""
    key, number = cards_of.split(subject)
    document = await managed(ctx, key)
    there = await memos.files_of(ctx.db, document, number or 0)
    left = [each for each in LANGUAGES if each not in there] or list(LANGUAGES)
    return Form("memo_fixl", say("mm_lang_title"), ((_file(), _language(left)),), review=False)


async def translated(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take the corrected text in another language; its approver looks again."""
    key, number = cards_of.split(subject)
    document = await managed(ctx, key)
    taken = await _files.take(ctx, values["file"])
    language, found = values["language"], checks.look(taken.text, taken.pages, await _watched(ctx.db, document))
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now)
    try:
        known = ctx.safe.unseal(await memo_corrections.findings(ctx.db, document, number or 0))
        sealed = ctx.safe.seal(checks.sealed({language: found}, known))
        document = await memo_corrections.add_language(
            ctx.db, key, ctx.me, number or 0, language, stored, sealed, found.counts
        )
    except Refused as refused:
        raise explained(refused) from None
    return await _asked(ctx, document, "memo.correct")


async def checked(ctx: Context, document: Document, correction: Correction) -> Message:
    """Show what the checks found in a correction; to who may see its text."""
    lines: list[Text] = [Bold(await sending.name_correction(ctx.db, _subject(document, correction)))]
    try:
        sealed = await memo_corrections.findings(ctx.db, document, correction.number)
        found = checks.unsealed(ctx.safe.unseal(sealed))
    except Broken:
        found = {}
    room = SHOWN
    for language, each in found.items():
        lines.append(say("mm_check_line", language=LanguageName(language), found=views.counted(each.counts)))
        lines += [("– ", say("mm_mark", page=page, text=text)) for page, text in each.marks[:room]]
        rest = len(each.marks[room:]) + each.more
        room -= len(each.marks[:room])
        if rest:
            lines.append(say("mm_marks_more", n=rest))
    lines.append(say(f"md_fix_{correction.state}", n=correction.number))
    return _private(lines, row(button("md_fix_open", "mfixsee", document.key, "", str(correction.number))))


def _private(lines: list[Text], *given: tuple[AnyButton, ...]) -> Message:
    return Message(tuple(lines), rows(*given), protect=True)


def _subject(document: Document, correction: Correction) -> str:
    return memo_reading.copy_name(document, correction.number)


async def _may_see(ctx: Context, key: str) -> tuple[Document, Correction]:
    """Find a correction for organisers, its maker, the author and approvers. Raise `UserError` for all others."""
    document = await cards_of.found(ctx.db, key)
    correction = memo_corrections.pending(document) if document else None
    if document is None:
        raise UserError(say("e_gone"))
    named = (document.author_id, correction.by if correction else None, correction.approver if correction else None)
    if not (ctx.organiser or memos.APPROVE in ctx.roles or ctx.me.id in named):
        raise UserError(say("e_gone"))
    if correction is None or document.state not in READABLE:
        raise UserError(say("md_fix_replaced"))
    return document, correction


async def open_it(ctx: Context, press: Press) -> Answers:
    """Hand out the file of a correction, or (`c`) show what its checks found; in private."""
    document, correction = await _may_see(ctx, press.key)
    if number_of(press.arg) != correction.number:
        raise UserError(say("md_fix_replaced"))
    if press.rev == "c":
        return [Reply(await checked(ctx, document, correction), private=True)]
    files = await memos.files_of(ctx.db, document, correction.number)
    code = await cards_of.code_of(ctx.db, document)
    return [
        Reply(
            Message(
                (Bold(say("md_name_fix", code=code, n=correction.number)), LanguageName(language), say("md_only")),
                silent=True, protect=True, file=cards_of.attachment(stored, code, correction.number),
            ),
            private=True,
        )
        for language, stored in files.items()
    ]  # fmt: skip


async def question(
    db: Session, document: Document, correction: Correction, member: Member, roles: frozenset[str]
) -> Message:  # fmt: skip
    """Draw the question to an approver, or what became of it."""
    number, key = correction.number, document.key
    version = await memos.version_of(db, document, number)
    known = await views.people(db, [correction.by])
    by = known[correction.by].name if correction.by in known else "–"
    lines: list[Text] = [say("md_fix_ask", name=by, n=number), say("md_only"), Bold(document.title)]
    if version is not None:
        lines.append(say("md_reason", reason=version.reason))
    lines += [
        say("mm_check_line", language=LanguageName(language), found=views.counted(found))
        for language, found in correction.checks.items()
    ]
    look = row(
        button("md_fix_open", "mfixsee", key, "", str(number)), button("mm_checks", "mfixsee", key, "c", str(number))
    )
    if not correction.open:
        return _private([Bold(say(f"md_fix_{correction.state}", n=number)), *lines], look)
    may = memo_corrections.may_decide(document, correction, member, roles)
    if not may or member.id in memo_corrections.wrote(document, correction):
        return _private([*lines, say("md_fix_own")], look)
    yes = button("approve", "mfixok", key, document.revision, str(number), "primary")
    return _private(lines, row(yes, button("return", "mfixno", key, document.revision, str(number))), look)


async def draw_question(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question to the approver."""
    key, number = cards_of.split(drawing.subject)
    document, member = await cards_of.found(db, key), drawing.member
    if document is None or member is None:
        return Skip("gone")
    correction = memo_corrections.pending(document)
    if correction is None or correction.number != number or document.state not in READABLE:
        done = document.version == number
        line = say("md_fix_sent" if done else "md_fix_replaced_card", n=number or 0)
        return Skip("replaced") if drawing.first else _private([line])
    roles = await roles_of(db, member, drawing.now)
    if not memo_corrections.may_decide(document, correction, member, roles):
        return Skip("not_entitled")
    if drawing.first and not correction.open:
        return Skip("replied")
    return await question(db, document, correction, member, roles)


async def draw_news(db: Session, drawing: Drawing) -> Message | Skip:
    """Tell who made a correction what became of it, with the next step."""
    key, number = cards_of.split(drawing.subject)
    document = await cards_of.found(db, key)
    correction = memo_corrections.pending(document) if document else None
    if document is None or drawing.member is None:
        return Skip("gone")
    if correction is None or correction.number != number or correction.open:
        return Skip("replaced")
    said = await memo_corrections.decided(db, document, correction.number)
    known = await views.people(db, [said.member_id] if said else [])
    name = known[said.member_id].name if said and said.member_id in known else "–"
    lines: list[Text] = [
        say(f"md_fix_news_{correction.state}", name=name, n=correction.number),
        await sending.title(db, document),
    ]
    manages = "organiser" in await roles_of(db, drawing.member, drawing.now)
    ready = correction.state == "approved" and manages
    preview = preview_button("preview", sending.CORRECTION, _subject(document, correction)) if ready else None
    notes = button("mm_notes", "mtext", key, "n") if said is not None and said.note else None
    again = button("md_correct", "mfix", key) if correction.state == "returned" else None
    return _private(lines, row(preview, notes, again))


async def ask(ctx: Context, press: Press) -> Answers:
    """Show the question about a correction to who may see it."""
    document, correction = await _may_see(ctx, press.key)
    shown = await question(ctx.db, document, correction, ctx.me, ctx.roles)
    return [Reply(shown, private=True, card=Card(ASKED, _subject(document, correction)))]


async def approve(ctx: Context, press: Press) -> Answers:
    """Approve a correction as the card showed it."""
    return await _decide(ctx, press.key, number_of(press.arg), press.rev, "", approve=True)


async def give_back(ctx: Context, press: Press) -> Answers:
    """Ask why a correction goes back."""
    await _may_see(ctx, press.key)
    return [Ask("memo_fix_no", f"{press.key}-{number_of(press.arg)}.{press.rev}")]


async def return_form(ctx: Context, subject: str) -> Form:
    """Build the form of a return; sensitive, since it may quote the text."""
    await _may_see(ctx, cards_of.split(subject.partition(".")[0])[0])
    field = TextField(id="text", label=say("mm_q_reason"), long=True, min=3, max=600)
    return Form("memo_fix_no", say("mm_return"), ((field,),), submit=say("b_send"), sensitive=True, review=False)


async def returned(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Send a correction back with the reason."""
    if looks_personal(values["text"]):
        return [Invalid({"text": say("pii_warning")})]
    name, _, revision = subject.partition(".")
    key, number = cards_of.split(name)
    return await _decide(ctx, key, number or 0, revision, ctx.safe.seal(values["text"]), approve=False)


async def _decide(ctx: Context, key: str, number: int, revision: str, note: str, *, approve: bool) -> Answers:
    document, correction = await _may_see(ctx, key)
    said: Text | None = None
    try:
        document = await memo_corrections.decide(
            ctx.db, key, ctx.me, ctx.roles, number, int(revision) if revision.isdecimal() else -1, note, ctx.now,
            approve=approve,
        )  # fmt: skip
    except Refused as refused:
        said = explained(refused).text
    else:
        maker = await views.people(ctx.db, [correction.by])
        fresh = memo_corrections.pending(document) or correction
        await _tell(ctx.db, NEWS, document, fresh, maker.values(), ctx.now, ctx.me)
        audit.note(ctx.db, ctx.now, ctx.me.id, "memo.approve" if approve else "memo.return", key)
        await _follow(ctx.db, document, fresh)
    shown = await question(ctx.db, document, memo_corrections.pending(document) or correction, ctx.me, ctx.roles)
    return _here(ctx, shown, Card(ASKED, f"{key}-{number}"), said)


async def drop(ctx: Context, press: Press) -> Answers:
    """Give a correction up before it is sent."""
    document = await managed(ctx, press.key)
    correction = memo_corrections.pending(document)
    try:
        document = await memo_corrections.drop(ctx.db, document.key, number_of(press.arg))
    except Refused as refused:
        raise explained(refused) from None
    assert correction is not None
    audit.note(ctx.db, ctx.now, ctx.me.id, "memo.correction_dropped", document.key)
    await _follow(ctx.db, document, correction)
    shown = await reports.report(ctx.db, document, ctx.now)
    return _here(ctx, shown, Card(cards_of.REPORT, document.key), say("md_fix_dropped"))


def _here(ctx: Context, shown: Message, card: Card, said: Text | None) -> Answers:
    pressed = ctx.inbound.kind == "click" and ctx.inbound.where.kind == "dm"
    answers: list[Answer] = [Edit(shown, card) if pressed else Reply(shown, private=True, card=card)]
    return [*answers, Toast(said, alert=True)] if said is not None else answers
