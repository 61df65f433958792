"""Publications: commentary, policy brief, report; reviewed, checked, approved by somebody else, released on time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from chat.errors import UserError
from chat.form import Form
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Ask, Edit, Invalid, Reply
from chat.text import Bold, Text, say
from handlers import _broadcast, _files, _publication_sends
from handlers import _memo_checks as checks
from handlers import _publication_approval as approval
from handlers import _publication_cards as drawn
from handlers import _publication_forms as forms
from handlers import _publication_out as going_out
from handlers import _publication_views as views
from handlers._audience import FINDERS, Holder
from handlers._cards import short
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._memo_views import APPROVAL
from handlers._publication_cards import CHANNEL_KIND, KIND, LETTER, NEWS, STATUS
from handlers._welcome import go
from storage import audit, documents, publications, search
from storage.audience import AGREED
from storage.database import Session
from storage.documents import PUBLICATIONS, Document
from storage.members import Member, Organisation, roles_of
from storage.publications import READY, Refused
from storage.search import SearchEntry
from storage.timers import Timer

feature = Feature("publications")

LISTED = 8
"""Publications of one page of the list."""
_publication_sends.register_sends()


@feature.command(
    "publication", "publications", "commentary", "brief", "yayın", "yayınlar", "منشور", "المنشورات", "publicación",
    "publicaciones", who="staff",
)  # fmt: skip
async def listed(ctx: Context, _rest: str) -> Answers:
    """List publications with their states, the latest first."""
    return [Reply(await _list(ctx, 0), private=True)]


@feature.click("publist", who="staff")
async def page(ctx: Context, press: Press) -> Answers:
    """Turn the pages of the list."""
    return [Edit(await _list(ctx, int(press.rev) if press.rev.isdecimal() and len(press.rev) < 5 else 0))]


async def _list(ctx: Context, number: int) -> Message:
    views.may_write(ctx)
    every = [each for each in await publications.every(ctx.db) if ctx.organiser or each.author_id == ctx.me.id]
    number = min(number, max(len(every) - 1, 0) // LISTED)
    shown = every[number * LISTED : (number + 1) * LISTED]
    lines: list[Text] = [Bold(say("b_pu_all"))]
    opens: list[Button] = []
    for at, each in enumerate(shown, number * LISTED + 1):
        lines.append((f"{at}. ", drawn.kind_name(each), ": ", each.title, " · ", say(f"pu_state_{each.state}")))
        opens.append(Button((f"{at} · ", say("b_open")), Press("pub", each.key)))
    if not shown:
        lines.append(say("pu_none"))
    pairs = [row(*opens[at : at + 4]) for at in range(0, len(opens), 4)]
    turn = row(
        button("back", "publist", "", number - 1) if number else None,
        button("next", "publist", "", number + 1) if len(every) > (number + 1) * LISTED else None,
    )
    end = row(button("pu_new", "pubedit", "new"), go("desk", "desk") if ctx.organiser else None)
    return Message(tuple(lines), rows(*pairs, turn, end), silent=True)


@feature.click("pub", who="staff")
async def opened(ctx: Context, press: Press) -> Answers:
    """Show how a publication stands, to organisers and its author."""
    return await views.status(ctx, await views.managed(ctx, press.key))


@feature.click("pubedit", who="staff")
async def edit(ctx: Context, press: Press) -> Answers:
    """Open the form, empty or filled in."""
    if press.key == "new":
        views.may_write(ctx)
        return [Ask("publication", "", {"to": "both", "channels": "all"})]
    document = await views.managed(ctx, press.key)
    if publications.planned(document):
        raise UserError(say("pu_undo_first"))
    approver = await ctx.db.get(Member, document.approver_id) if document.approver_id else None
    return [Ask("publication", document.key, forms.filled(document) | {"approver": approver.key if approver else ""})]


@feature.form("publication", who="staff")
async def form(ctx: Context, subject: str) -> Form:
    """Build the form."""
    views.may_write(ctx)
    return await forms.publication_form(ctx, await views.managed(ctx, subject) if subject else None)


@feature.submission("publication")
async def saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Write a new publication or change one; what was approved is checked again when it is another text."""
    views.may_write(ctx)
    known = await views.managed(ctx, subject) if subject else None
    given = await forms.values_of(ctx, values)
    if known is None:
        state = "draft" if given.get("link") else "idea"
        document = Document(
            **given, state=state, author_id=ctx.me.id, created_at=ctx.now, audience={}, details={}, version=1
        )
        if given["approver_id"] == ctx.me.id:
            return [Invalid({"approver": say("f_same_person")})]
        ctx.db.add(document)
        await ctx.db.flush()
    else:
        asked = known.approver_id
        try:
            document = await publications.change(ctx.db, subject, given, ctx.me, ctx.now)
        except Refused as refused:
            field = "approver" if refused.why == "same" else ""
            return [Invalid({field: say(_publication_sends.WHY[refused.why])})]
        if document.state == "in_approval" and document.approver_id != asked:
            await approval.request(ctx, document)
    await _index(ctx.db, document, {})
    audit.note(ctx.db, ctx.now, ctx.me.id, "save_publication", document.key)
    return await views.status(ctx, document)


@feature.click("pubfile", who="staff")
async def ask_file(ctx: Context, press: Press) -> Answers:
    """Ask for its file."""
    document = await views.managed(ctx, press.key)
    if publications.planned(document):
        raise UserError(say("pu_undo_first"))
    return [Ask("publication_file", document.key, {"language": ctx.community.language})]


@feature.form("publication_file", who="staff")
async def file_form(ctx: Context, subject: str) -> Form:
    """Build the question for the file."""
    await views.managed(ctx, subject)
    return forms.file_form()


@feature.submission("publication_file")
async def file_saved(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Keep the file; its whole text can be searched once it is out, and members' names in it are counted."""
    taken = await _files.take(ctx, values["file"])
    document, language = await views.managed(ctx, subject), values["language"]
    stored = await _files.keep(ctx.db, taken, ctx.me, ctx.now)
    document = await views.taken(publications.put_file(ctx.db, subject, stored, language, ctx.me, ctx.now))
    people = await _watched(ctx.db, document)
    found = await asyncio.to_thread(checks.look, taken.text, taken.pages, people)
    named = {**(document.details.get("named") or {}), language: found.counts["marks"]}
    document.details = {**document.details, "named": named}
    await _index(ctx.db, document, {language: "\n".join(taken.text)})
    audit.note(ctx.db, ctx.now, ctx.me.id, "file_publication", document.key)
    return await views.status(ctx, document)


async def _watched(db: Session, document: Document) -> list[checks.Person]:
    """Give whom a publication must not name: the members and their organisations, its author apart."""
    asked = (
        select(Member.name, Organisation.name)
        .outerjoin(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.state.in_(AGREED), Member.id != document.author_id, Member.staff.is_(False))
        .order_by(Member.id)
    )
    return [checks.Person(name, body or "") for name, body in await db.execute(asked)]


@feature.click("pubst", who="staff")
async def step(ctx: Context, press: Press) -> Answers:
    """Take a step of the work, forwards or backwards; `a` puts it into the archive."""
    await views.managed(ctx, press.key)
    if press.arg == "a":
        document = await views.taken(publications.archive(ctx.db, press.key))
    else:
        wanted = next((state for state, number in drawn.STEPS.items() if number == press.arg), "")
        document = await views.taken(publications.step(ctx.db, press.key, wanted))
    audit.note(ctx.db, ctx.now, ctx.me.id, "step_publication", document.key)
    return await views.status(ctx, document)


@feature.click("pubvis", who="staff")
async def tick(ctx: Context, press: Press) -> Answers:
    """Tick a point of the visibility check, or take the tick away."""
    await views.managed(ctx, press.key)
    check = next((name for name, letter in drawn.LETTERS.items() if letter == press.arg[:1]), "")
    return await views.status(
        ctx, await views.taken(publications.tick(ctx.db, press.key, check, on=press.arg[1:] == "1"))
    )


feature.click("pubask", who="staff")(approval.submit)
feature.click("pubsee", who="staff")(approval.see)
feature.click("pubok", who="staff")(approval.approve)
feature.click("pubno", who="staff")(approval.send_back)
feature.click("pubwhy", who="staff")(approval.why)
feature.form("publication_return", who="staff")(approval.return_form)
feature.submission("publication_return")(approval.returned)
feature.click("pubrel", who="organiser")(going_out.quietly)
feature.click("pubback", who="organiser")(going_out.ask_withdraw)
feature.form("publication_withdraw", who="organiser")(going_out.withdraw_form)
feature.submission("publication_withdraw")(going_out.withdrawn)
feature.click("pubget", who="anyone")(going_out.get_file)
feature.card(KIND, CHANNEL_KIND)(going_out.draw_out)
feature.card(STATUS, NEWS)(views.draw_status)
feature.card(drawn.APPROVAL)(views.draw_approval)


@feature.timer(_publication_sends.RELEASE)
async def release(db: Session, timer: Timer, now: datetime) -> None:
    """Publish what was confirmed, at its moment and never before its embargo is over."""
    await _publication_sends.release(db, timer, now)


@feature.waiting
async def to_approve(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Name what waits for an approver: what names them, and for those with the role the rest."""
    if not member.staff:
        return []
    asked = select(Document).where(Document.kind.in_(PUBLICATIONS), Document.state == "in_approval")
    found = list(await db.scalars(asked.order_by(Document.id)))
    roles = await roles_of(db, member, now) if found else frozenset()
    return [
        Waiting(say("pu_waits", title=each.title), button("open", "pubsee", each.key), None, APPROVAL)
        for each in found
        if publications.may_decide(each, member, roles) and member.id not in publications.writers(each)
    ]


@feature.todo
async def to_release(db: Session, _now: datetime) -> Sequence[Waiting]:
    """Name what is approved and not released, and what waits for approval."""
    asked = select(Document).where(Document.kind.in_(PUBLICATIONS), Document.state.in_((*READY, "in_approval")))
    found: list[Waiting] = []
    for each in await db.scalars(asked.order_by(Document.id)):
        if not publications.planned(each):
            key = "pu_todo_approval" if each.state == "in_approval" else "pu_todo_release"
            found.append(Waiting(say(key, title=each.title), button("open", "pub", each.key), each.embargo_until))
    return found


async def held(ctx: Context, key: str, locked: bool) -> Holder | None:
    """Find a publication for the cards of its audience."""
    document = await (documents.lock if locked else documents.by_key)(ctx.db, key)
    if document is None or document.kind not in PUBLICATIONS or not ctx.organiser:
        return None

    async def save(spec: dict[str, object]) -> None:
        document.audience, document.revision = spec, document.revision + 1

    return Holder(
        key=key, heading=say("an_audience_of", text=short(document.title, 60)), spec=document.audience or {}, save=save,
        onward=_broadcast.preview_button("preview", LETTER, key), back=button("back", "pub", key),
        fixed=say("pu_undo_first") if document.details.get("release") else None,
    )  # fmt: skip


FINDERS.append(held)


async def _index(db: Session, document: Document, texts: dict[str, str]) -> None:
    """Keep the index in step; what stands in it is found once the publication is out."""
    asked = select(SearchEntry.language, SearchEntry.text).where(SearchEntry.document_id == document.id)
    known = {language: text for language, text in await db.execute(asked) if text}
    await search.index(db, document, known | texts)


__all__ = ["feature"]
