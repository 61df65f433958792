"""Memos from draft to approved: written down, checked, facts confirmed by speakers, approved by somebody else (A8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from chat.errors import UserError
from chat.message import Button, Message, Press, Row, button, row
from chat.outbound import Ask, Edit, Reply
from chat.text import Bold, Text, say
from handlers import _asks
from handlers import _memo_dates as dates
from handlers import _memo_forms as forms
from handlers import _memo_places as places
from handlers import _memo_steps as steps
from handlers import _memo_views as views
from handlers._audience import FINDERS, Holder
from handlers._cards import short
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import meant, nothing, pick_list, pressed
from handlers._welcome import go
from storage import documents, memos
from storage.database import Session
from storage.documents import MEMO, Document
from storage.meetings import HELD, Meeting
from storage.members import Member, roles_of

feature = Feature("memos")

LISTED = 10
"""Memos, or things to approve, listed at once."""
REPLACES = timedelta(days=60)
"""How long after a meeting its missing memo stands on the desk."""
HELD_OR_NOW = (*HELD, "live")


@feature.command(
    "memo new", "note nouvelle", "bilgi notu yeni", "مذكرة جديدة", "memorando nuevo", who="staff", menu=True
)
async def new(ctx: Context, rest: str) -> Answers:
    """Begin the memo of a meeting: the one that is named, else the latest without one."""
    forms.writes(ctx)
    found = await meant(ctx, rest, HELD_OR_NOW)
    if not rest.strip():
        found = [each for each in found if await forms.begun(ctx.db, each) is None] or found
    if len(found) == 1:
        return await _begin(ctx, found[0])
    if not found and rest.strip():
        found = await meant(ctx, "", HELD_OR_NOW)
        return [Reply(pick_list(ctx, found, "memo new", say("m_none_such")) if found else nothing(ctx), private=True)]
    return [Reply(pick_list(ctx, found, "memo new") if found else nothing(ctx), private=True)]


@feature.click("mnew", who="staff")
async def pressed_new(ctx: Context, press: Press) -> Answers:
    """Begin the memo of a meeting from its card."""
    forms.writes(ctx)
    return await _begin(ctx, await pressed(ctx, press.key))


async def _begin(ctx: Context, meeting: Meeting) -> Answers:
    """Open the form; a memo that is there already is shown instead."""
    if meeting.state not in forms.AFTER:
        raise UserError(say("mm_too_early", code=meeting.code))
    known = await forms.begun(ctx.db, meeting)
    if known is not None:
        return await _shown(ctx, known)
    if not await forms.approvers(ctx.db, (ctx.me.id,), ctx.now):
        raise UserError(say("mm_no_approver"))
    values = {
        "title": meeting.title, "language": ctx.community.language, "to": "invited",
        "dm": "link" if ctx.page_link("/m") else "card",
    }  # fmt: skip
    return [Ask("memo", meeting.key, values)]


feature.form("memo", who="staff")(forms.new_form)
feature.submission("memo")(forms.created)
feature.form("memo_version", who="staff")(forms.version_form)
feature.submission("memo_version")(forms.replaced)
feature.form("memo_lang", who="staff")(forms.language_form)
feature.submission("memo_lang")(forms.translated)
feature.form("memo_plan", who="staff")(forms.plan_form)
feature.submission("memo_plan")(forms.changed)
feature.form("memo_facts")(steps.correction_form)
feature.submission("memo_facts")(steps.corrected)
feature.form("memo_return", who="staff")(steps.return_form)
feature.submission("memo_return")(steps.returned)
feature.click("maskfc", who="staff")(steps.go_on)
feature.click("mapprove", who="staff")(steps.approve)
feature.click("mreturn", who="staff")(steps.give_back)
feature.click("mfacts")(steps.facts_right)
feature.click("mfactno")(steps.facts_wrong)
feature.click("mspeak", who="staff")(places.speakers)
feature.click("mchan", who="staff")(places.channels)
feature.timer(dates.TIMER)(dates.due)
feature.timer(dates.FACTS)(steps.check_due)
feature.card(views.STATUS, views.NEWS)(steps.draw_status)
feature.card(views.CHOOSING)(places.draw_choice)
feature.card(views.APPROVAL)(steps.draw_approval)
feature.card(views.FACTS)(steps.draw_facts)
feature.card(views.DUE)(dates.draw_due)


@feature.click("memo")
async def pressed_memo(ctx: Context, press: Press) -> Answers:
    """Show a memo as it concerns the presser: how it stands, the question to approve, or about the facts."""
    document = await views.found(ctx.db, press.key)
    if document is None:
        raise UserError(say("e_gone"))
    return await _shown(ctx, document)


async def _shown(ctx: Context, document: Document) -> Answers:
    manages = ctx.organiser or document.author_id == ctx.me.id
    if memos.may_decide(document, ctx.me, ctx.roles):
        mine = document.state == "in_approval" and ctx.me.id not in await memos.writers(ctx.db, document)
        if mine or not manages:
            shown = await views.approval(ctx.db, document, ctx.me, ctx.roles, ctx.now)
            return steps.here(ctx, shown, views.APPROVAL, document.key)
    if manages:
        return await steps.status(ctx, document)
    if ctx.me.id in memos.speakers_of(document) and document.state == "factual_check":
        shown = await views.facts(ctx.db, document, ctx.me, ctx.now)
        return steps.here(ctx, shown, views.FACTS, document.key)
    raise UserError(say("e_gone"))


@feature.click("mtext", who="staff")
async def look(ctx: Context, press: Press) -> Answers:
    """Show what the checks found, or (`n`) what people wrote; both quote the text."""
    document = await views.found(ctx.db, press.key)
    if document is None or not await memos.may_read(ctx.db, document, ctx.me, ctx.roles, ctx.now):
        raise UserError(say("e_gone"))
    decides = memos.may_decide(document, ctx.me, ctx.roles)
    if not (ctx.organiser or document.author_id == ctx.me.id or decides):
        raise UserError(say("e_gone"))
    shown = await (forms.notes_card if press.rev == "n" else forms.checks_card)(ctx, document)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("mdraft")
async def open_file(ctx: Context, press: Press) -> Answers:
    """Hand out the file to who may read it now: author, organisers, approver, and speakers during the check."""
    document = await views.found(ctx.db, press.key)
    if document is None or not await memos.may_read(ctx.db, document, ctx.me, ctx.roles, ctx.now):
        raise UserError(say("e_gone"))
    return await forms.open_file(ctx, document, press.arg)


@feature.click("mversion", who="staff")
async def new_file(ctx: Context, press: Press) -> Answers:
    """Ask for a new file in place of the text."""
    document = await steps.managed(ctx, press.key)
    if document.state not in memos.WRITING:
        return await steps.status(ctx, document, say("mm_is_approved"))
    files = await memos.files_of(ctx.db, document)
    return [Ask("memo_version", document.key, {"language": next(iter(files), ctx.community.language)})]


@feature.click("mlang", who="staff")
async def new_language(ctx: Context, press: Press) -> Answers:
    """Ask for the same text in another language."""
    document = await steps.managed(ctx, press.key)
    if document.state not in memos.WRITING:
        return await steps.status(ctx, document, say("mm_is_approved"))
    return [Ask("memo_lang", f"{document.key}.{document.version}")]


@feature.click("mplan", who="staff")
async def edit(ctx: Context, press: Press) -> Answers:
    """Open the form with what stands."""
    document = await steps.managed(ctx, press.key)
    if document.state not in views.OPEN:
        return await steps.status(ctx, document, say("mm_not_now"))
    approver = (await views.people(ctx.db, [document.approver_id])).get(document.approver_id or 0)
    return [Ask("memo_plan", document.key, forms.given(document, approver))]


async def held(ctx: Context, key: str, locked: bool) -> Holder | None:
    """Find a memo for the cards of its audience: any tap makes its list one of chosen people."""
    document = await (documents.lock if locked else documents.by_key)(ctx.db, key)
    if document is None or document.kind != MEMO or not ctx.organiser:
        return None
    chosen = str((document.audience or {}).get("to", "invited"))
    tapped, who = chosen == "spec", say(f"mm_to_{chosen}")

    async def save(spec: dict[str, object]) -> None:
        document.audience, document.revision = {"to": "spec", "spec": spec}, document.revision + 1

    return Holder(
        key=key, heading=say("mm_audience", title=document.title),
        spec=document.audience.get("spec") or {} if tapped else {}, save=save,
        onward=button("status", "memo", key), back=button("status", "memo", key),
        fixed=None if document.state in views.OPEN else say("mm_not_now"),
        notes=() if tapped else (say("mm_audience_not_yet", who=who),),
    )  # fmt: skip


FINDERS.append(held)


@feature.command(
    "memo status",
    "memo list",
    "état de la note",
    "bilgi notu durumu",
    "حالة المذكرة",
    "estado del memorando",
    who="staff",
)
async def status(ctx: Context, rest: str) -> Answers:
    """Show how the memos stand, the newest first; one that is named, or the only one, with its next step."""
    forms.writes(ctx)
    found = list(reversed(await memos.in_states(ctx.db, (*memos.WRITING, "approved", *views.SENT))))
    if not ctx.organiser:
        found = [each for each in found if ctx.me.id in (each.author_id, each.approver_id)]
    if rest.strip():
        wanted = {each.id for each in await meant(ctx, rest, ())}
        found = [each for each in found if each.meeting_id in wanted]
    if len(found) == 1:
        return await _shown(ctx, found[0])
    if not found:
        return [Reply(views.shown([say("mm_none")], row(go("memo_new", "memo_new"))), private=True)]
    lines: list[Text] = [Bold(say("mm_list"))]
    taps: list[Row] = []
    for number, each in enumerate(found[:LISTED], 1):
        name = await views.code(ctx.db, each)
        lines.append((f"{number}. ", say("mm_head", code=name, title=each.title), " · ", views.state(each)))
        taps.append(row(Button(short(f"{number} · {name} {each.title}"), Press("memo", each.key))))
    return [Reply(views.shown(lines, *taps), private=True)]


@feature.command("approve", "approvals", "approuver", "onayla", "الموافقات", "aprobar", who="staff")
async def approve(ctx: Context, _rest: str) -> Answers:
    """List what waits for the approval of the asker, in all features, memos oldest first."""
    found = [each for each in await _asks.waiting(ctx.db, ctx.me, ctx.now) if each.kind == views.APPROVAL]
    lines, taps = _asks.numbered(found, LISTED)
    if not found:
        return [Reply(Message((say("mm_none_to_approve"),), ((go("home", "home"),),), silent=True), private=True)]
    head = Bold(say("mm_to_approve", n=len(found)))
    pairs = [taps[at : at + 2] for at in range(0, len(taps), 2)]
    return [Reply(views.shown([head, *lines], *pairs), private=True)]


@feature.waiting
async def waits(db: Session, member: Member, now: datetime) -> Sequence[Waiting]:
    """Name the memos that wait for a member: to be approved, or for a word about the facts."""
    asked = await memos.in_states(db, ("in_approval", "factual_check"))
    if not asked:
        return []
    roles = await roles_of(db, member, now)
    found = []
    for document in asked:
        name = await views.code(db, document)
        open_card = button("open", "memo", document.key)
        if document.state == "in_approval":
            by = views.moment(document, "approve_by")
            if memos.may_decide(document, member, roles) and member.id not in await memos.writers(db, document):
                found.append(Waiting(say("mm_wait", code=name, n=document.version), open_card, by, views.APPROVAL))
        elif member.id in memos.speakers_of(document) and member.id not in await memos.answers(db, document):
            by = views.moment(document, "facts_until")
            found.append(Waiting(say("mm_facts_wait", code=name), open_card, by, views.FACTS))
    return found


@feature.todo
async def todo(db: Session, now: datetime) -> Sequence[Waiting]:
    """Name the memos that wait for organisers: not written, draft, returned, corrections, late, not sent."""
    found: list[Waiting] = []
    asked = await memos.in_states(db, (*memos.WRITING, "approved"))
    for document in asked:
        line = await _task(db, document, now)
        if line is not None:
            meeting = await views.meeting_of(db, document)
            by = dates.after(meeting, dates.SEND) if meeting else None
            found.append(Waiting(line, views.open_button(document), by))
    return [*found, *await _missing(db, now)]


async def _task(db: Session, document: Document, now: datetime) -> Text | None:
    state = document.state
    if state == "in_approval":
        by = views.moment(document, "approve_by")
        if by is None or by > now:
            return None
    elif state == "factual_check":
        said = (await memos.answers(db, document)).values()
        if all(each.kind == "facts_ok" for each in said):
            return None
        state = "facts"
    return say(f"mm_todo_{state}", code=await views.code(db, document))


async def _missing(db: Session, now: datetime) -> list[Waiting]:
    """Name the meetings held within sixty days that have no memo, from five days before it is due."""
    since = now - REPLACES
    asked = select(Meeting).where(Meeting.state.in_(HELD), Meeting.ends_at > since).order_by(Meeting.ends_at)
    found = []
    for meeting in await db.scalars(asked):
        by = dates.after(meeting, dates.DAYS["draft"])
        if now < by - timedelta(days=5) or any(
            each.state != "withdrawn" for each in await memos.of_meeting(db, meeting)
        ):
            continue
        line = say("mm_todo_write", code=meeting.code)
        found.append(Waiting(line, button("memo_new", "mnew", meeting.key), by))
    return found
