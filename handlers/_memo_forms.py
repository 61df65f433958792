"""The forms of a memo (conversation 5.2, f_memo), and what becomes of a file: read, checked, kept, shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from chat.errors import UserError
from chat.form import ChoiceField, FileField, Form, Option, TextField, size_text
from chat.language import LANGUAGES
from chat.message import Attachment, Message, button, row
from chat.outbound import Answer, Invalid, Reply
from chat.text import Bold, LanguageName, Text, When, say
from handlers import _files
from handlers import _memo_card as cards_of
from handlers import _memo_checks as checks
from handlers import _memo_steps as steps
from handlers import _memo_views as views
from handlers._feature import Answers, Context
from storage import attendance, documents, memos
from storage.audience import AGREED
from storage.database import Session
from storage.documents import FORMS, Document
from storage.files import StoredFile
from storage.meetings import HELD, Meeting, by_key, lock
from storage.members import Member, Organisation, holders
from storage.memos import APPROVE, ORGANISE, Plan, Refused
from storage.page_links import AccessEntry
from storage.vault import Broken, Vault

WRITES = frozenset({*ORGANISE, APPROVE})
"""Roles that may begin a memo (conversation §2: O P)."""
AFTER = (*HELD, "live")
ENDINGS = ("pdf", "docx", "md")
APPROVERS = 40
SHOWN = 25
"""Places shown at once; more would not be read on a phone."""


def writes(ctx: Context) -> None:
    """Refuse who may not begin a memo. Raise `UserError`."""
    if not ctx.roles & WRITES:
        raise UserError(say("e_role"))


async def begun(db: Session, meeting: Meeting) -> Document | None:
    """Give the memo a meeting has already; one that was withdrawn does not count."""
    return next((each for each in await memos.of_meeting(db, meeting) if each.state != "withdrawn"), None)


async def approvers(db: Session, but: Collection[int | None], now: datetime) -> list[Member]:
    """Give who may approve: those with that role, then organisers; none of `but`, which wrote it."""
    found: dict[int, Member] = {}
    for role in (APPROVE, "organiser", "admin"):
        for each in await holders(db, role, now):
            if each.id not in but and each.state in AGREED:
                found.setdefault(each.id, each)
    return list(found.values())[:APPROVERS]


def _file() -> FileField:
    most = size_text(_files.FIELD_LIMIT)
    return FileField(
        id="file", label=say("mm_q_file", max=most), hint=say("mm_q_file_hint"), endings=ENDINGS,
        max=_files.FIELD_LIMIT,
    )  # fmt: skip


def _language(offered: Collection[str] = LANGUAGES) -> ChoiceField:
    options = tuple(Option(each, LanguageName(each)) for each in LANGUAGES if each in offered)
    return ChoiceField(id="language", label=say("mm_q_language"), options=options)


READERS = ("invited", "attended", "spec")
"""Who may be meant: everybody invited, who took part, or people chosen by taps."""


async def _details(
    ctx: Context, but: Collection[int | None]
) -> tuple[TextField, ChoiceField, ChoiceField, ChoiceField, TextField]:
    found = await approvers(ctx.db, but, ctx.now)
    if not found:
        raise UserError(say("mm_no_approver"))
    forms = [each for each in FORMS if each != "link" or ctx.page_link("/m")]
    return (
        TextField(id="title", label=say("mm_q_title"), hint=say("mm_q_title_hint"), min=3, max=120),
        ChoiceField(
            id="approver", label=say("mm_q_approver"), hint=say("mm_q_approver_hint"),
            options=tuple(Option(each.key, each.name) for each in found),
        ),
        ChoiceField(
            id="to", label=say("mm_q_to"),
            options=tuple(Option(each, say(f"mm_to_{each}")) for each in READERS),
        ),
        ChoiceField(
            id="dm", label=say("mm_q_dm"), options=tuple(Option(each, say(f"mm_form_{each}")) for each in forms)
        ),
        TextField(
            id="keywords", label=say("mm_q_keywords"), hint=say("mm_q_keywords_hint"), required=False, max=300
        ),
    )  # fmt: skip


async def new_form(ctx: Context, subject: str) -> Form:
    """Build the form of a new memo; speakers and channels are tapped afterwards."""
    writes(ctx)
    if await by_key(ctx.db, subject) is None:
        raise UserError(say("e_gone"))
    title, approver, to, dm, keywords = await _details(ctx, (ctx.me.id,))
    return Form("memo", say("mm_new"), ((_file(), _language(), title, approver), (to, dm, keywords)))


async def plan_form(ctx: Context, subject: str) -> Form:
    """Build the form that changes title, approver, readers and the form in private chats."""
    document = await steps.managed(ctx, subject)
    return Form("memo_plan", say("mm_edit"), (await _details(ctx, await memos.writers(ctx.db, document)),))


async def version_form(ctx: Context, subject: str) -> Form:
    """Build the form of a new file in place of the text there is."""
    await steps.managed(ctx, subject)
    fields = (_file(), _language())
    return Form("memo_version", say("mm_version_title"), (fields,), intro=say("mm_version_intro"), review=False)


async def language_form(ctx: Context, subject: str) -> Form:
    """Build the form of the same text in another language."""
    document = await steps.managed(ctx, subject.partition(".")[0])
    left = [each for each in LANGUAGES if each not in await memos.files_of(ctx.db, document)]
    return Form("memo_lang", say("mm_lang_title"), ((_file(), _language(left or LANGUAGES)),), review=False)


async def created(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take a new memo in: read the file, check it, keep a draft; nobody is told yet."""
    writes(ctx)
    approver = await _approver(ctx, values["approver"], (ctx.me.id,))
    if approver is None:
        return [Invalid({"approver": say("f_same_person")})]
    taken = await _files.take(ctx, values["file"])
    meeting = await lock(ctx.db, subject)
    if meeting is None:
        raise UserError(say("e_gone"))
    if meeting.state not in AFTER:
        raise UserError(say("mm_too_early", code=meeting.code))
    known = await begun(ctx.db, meeting)
    if known is not None:  # somebody was quicker, or it was sent twice
        return await steps.status(ctx, await steps.managed(ctx, known.key))
    plan = {"title": values["title"], "to": values["to"], "dm": values["dm"], "keywords": values.get("keywords", "")}
    try:
        document, _ = await draft(ctx.db, ctx.safe, meeting, taken, values["language"], ctx.me, approver, plan, ctx.now)
    except Refused:
        return [Invalid({"approver": say("f_same_person")})]
    await steps.moved(ctx, document, "memo.create")
    return [Reply(await checks_card(ctx, document), private=True)]


async def draft(
    db: Session, vault: Vault, meeting: Meeting, taken: _files.Taken, language: str, author: Member, approver: Member,
    given: Mapping[str, str], now: datetime,
) -> tuple[Document, checks.Found]:  # fmt: skip
    """Check a file and keep a draft of it; `given` has `title`, `to`, `dm`, `keywords`. Raise `Refused`."""
    people = await watched(db, meeting)
    found = checks.look(taken.text, taken.pages, people).titled(checks.look([given["title"]], None, people))
    plan = Plan(
        meeting=meeting, title=given["title"], author=author, approver=approver, language=language,
        file=await _files.keep(db, taken, author, now), findings=vault.seal(checks.sealed({language: found})),
        counts=found.counts, to=meant_for(given["to"], {}), targets={"dm": given["dm"], "channels": {}},
        keywords=given["keywords"],
    )  # fmt: skip
    return await memos.create(db, plan, now), found


async def replaced(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take a new file in place of the text; answers to the older text no longer count."""
    document = await steps.managed(ctx, subject)
    taken = await _files.take(ctx, values["file"])
    found = checks.look(taken.text, taken.pages, await _watched(ctx.db, document))
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now)
    language, findings = values["language"], ctx.safe.seal(checks.sealed({values["language"]: found}))
    try:
        document = await memos.new_version(
            ctx.db, subject, ctx.me, language, stored, findings, ctx.now, counts=found.counts
        )
    except Refused as refused:
        raise UserError(await steps.explain(ctx.db, refused)) from None
    await steps.moved(ctx, document, "memo.version")
    return [Reply(await checks_card(ctx, document), private=True)]


async def translated(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take the same text in another language."""
    key, _, version = subject.partition(".")
    document = await steps.managed(ctx, key)
    language = values["language"]
    taken = await _files.take(ctx, values["file"])
    found = checks.look(taken.text, taken.pages, await _watched(ctx.db, document))
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now)
    try:
        await documents.lock(ctx.db, key)  # two languages at once are both noted among the findings
        findings = ctx.safe.seal(checks.sealed({language: found}, await _findings(ctx, document)))
        document = await memos.add_language(
            ctx.db, key, ctx.me, language, stored, findings, int(version) if version.isdigit() else 0, found.counts
        )
    except Refused as refused:
        raise UserError(await steps.explain(ctx.db, refused)) from None
    await steps.moved(ctx, document, "memo.language")
    return [Reply(await checks_card(ctx, document), private=True)]


async def changed(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Take another title, approver, readers or form."""
    document = await steps.managed(ctx, subject)
    approver = await _approver(ctx, values["approver"], await memos.writers(ctx.db, document))
    if approver is None:
        return [Invalid({"approver": say("f_same_person")})]
    if document.state not in views.OPEN:
        return await steps.status(ctx, document, say("mm_not_now"))
    wanted = (
        document.audience if values["to"] == document.audience.get("to") else meant_for(values["to"], document.audience)
    )
    try:
        document = await memos.change(
            ctx.db, subject, title=values["title"], approver_id=approver.id, audience=wanted,
            targets={**document.targets, "dm": values["dm"]}, keywords=values.get("keywords", ""),
        )  # fmt: skip
    except Refused as refused:
        return await steps.status(ctx, document, await steps.explain(ctx.db, refused))
    await steps.moved(ctx, document, "memo.change")
    marks = checks.look([document.title], None, await _watched(ctx.db, document)).marks
    return await steps.status(ctx, document, say("mm_mark_title", text=marks[0][1]) if marks else None)


def meant_for(choice: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Give who a memo is for, as `Document.audience`; a list by taps keeps what was tapped before."""
    return {"to": choice, "spec": before.get("spec") or {}} if choice == "spec" else {"to": choice}


def given(document: Document, approver: Member | None) -> dict[str, str]:
    """Give what stands, to fill the form in."""
    return {
        "title": document.title, "approver": approver.key if approver else "",
        "to": (document.audience or {}).get("to", "invited"), "dm": (document.targets or {}).get("dm", "card"),
        "keywords": document.keywords,
    }  # fmt: skip


async def _approver(ctx: Context, key: str, but: Collection[int | None]) -> Member | None:
    return next((each for each in await approvers(ctx.db, but, ctx.now) if each.key == key), None)


async def watched(db: Session, meeting: Meeting) -> list[checks.Person]:
    """Give whom a memo must not name: who was invited and who came, with their organisations."""
    met = {each.id: each for each in (*await attendance.invited(db, meeting), *await attendance.attended(db, meeting))}
    wanted = {each.organisation_id for each in met.values() if each.organisation_id}
    named = await db.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(wanted)))
    bodies = dict(named.all())
    return [checks.Person(each.name, bodies.get(each.organisation_id or 0, "")) for each in met.values()]


async def _watched(db: Session, document: Document) -> list[checks.Person]:
    meeting = await views.meeting_of(db, document)
    return await watched(db, meeting) if meeting else []


async def _findings(ctx: Context, document: Document) -> str:
    try:
        return ctx.safe.unseal((await memos.current(ctx.db, document)).findings)
    except (Broken, LookupError):
        return ""


async def checks_card(ctx: Context, document: Document) -> Message:
    """Show what the checks found, place by place; only to who may see the text."""
    lines: list[Text] = [Bold(say("mm_checks_title", title=document.title))]
    found = checks.unsealed(await _findings(ctx, document))
    if not found:
        lines.append(say("mm_checks_lost"))
    room = SHOWN
    for language, each in found.items():
        lines.append(say("mm_check_line", language=LanguageName(language), found=views.counted(each.counts)))
        told = each.marks[:room]
        room -= len(told)
        lines += [
            ("– ", say("mm_mark", page=page, text=text) if page else say("mm_mark_title", text=text))
            for page, text in told
        ]
        rest = len(each.marks) + each.more - len(told)
        if rest:
            lines.append(say("mm_marks_more", n=rest))
    mine = (ctx.organiser or document.author_id == ctx.me.id) and document.state in memos.WRITING
    marked = mine and any(each.marks for each in found.values())  # then another file is what comes first
    again = button("mm_version", "mversion", document.key, style="primary" if marked else "default")
    on = button("continue", "memo", document.key, style="default" if marked else "primary")
    buttons = row(again, on) if marked else row(on, again if mine else None)
    return views.shown(lines, buttons, fine=(say("mm_checks_note"),))


async def notes_card(ctx: Context, document: Document) -> Message:
    """Show what approver and speakers wrote, the latest first; organisers, author and approver read it."""
    written = [each for each in reversed(await memos.decisions(ctx.db, document)) if each.note]
    known = await views.people(ctx.db, (each.member_id for each in written))
    there = await views.zone(ctx.db, document)
    lines: list[Text] = [Bold(say("mm_notes_title", title=document.title))]
    for each in written[:6]:  # six of 600 characters fit in a message
        try:
            text = ctx.safe.unseal(each.note)
        except Broken:
            text = "–"
        by = known.get(each.member_id)
        day = When(each.at, there, part="date")
        lines.append(say("mm_note", name=by.name if by else "–", n=each.version, date=day, text=text))
    if not written:
        lines.append(say("mm_no_notes"))
    return views.shown(lines, row(views.open_button(document)))


async def open_file(ctx: Context, document: Document, language: str) -> list[Answer]:
    """Hand the file out in private, protected; the access is noted where its readers can be told of."""
    files = await memos.files_of(ctx.db, document)
    stored = files.get(language) or await memos.file_for(ctx.db, document, ctx.me.language)
    if stored is None:
        raise UserError(say("mm_no_file"))
    others = [button("open", "mdraft", document.key, "", each) for each, one in files.items() if one is not stored]
    named = [type(each)(LanguageName(each.press.arg), each.press) for each in others]
    lines: tuple[Text, ...] = (Bold(document.title), say("mm_restricted"))
    entry = AccessEntry(document_id=document.id, member_id=ctx.me.id, version=document.version, what="sent", at=ctx.now)
    ctx.db.add(entry)
    shown = Message(lines, (tuple(named),) if named else (), protect=True, file=await _nameless(ctx, document, stored))
    return [Reply(shown, private=True)]


async def _nameless(ctx: Context, document: Document, stored: StoredFile) -> Attachment:
    """Give a file under a name that tells nothing: notifications show it, and Telegram keeps it for later sends."""
    return cards_of.attachment(stored, await cards_of.code_of(ctx.db, document), document.version)
