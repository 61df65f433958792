"""Find the feature for what a person did, check that they may, and lead them through forms.

Forms become modals (`Open`) where the platform has them, else an interview. Both end in the same submission.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot import interview
from bot.routes import Routes
from chat.errors import UserError
from chat.form import Asking, Form, GivenFile
from chat.inbound import Click, Command, Dropped, Said, Submission
from chat.message import Button, Message, Press, button
from chat.outbound import Answer, Ask, Card, Edit, Erase, Invalid, Open, Reply, Toast
from chat.people import MessageRef
from chat.text import Bold, say
from handlers._commands import JOINED, Found, match, may_use, refuse, run
from handlers._feature import Context, Who
from storage import drafts
from storage.drafts import FormDraft

OPEN_QUESTION = timedelta(minutes=30)
"""Typed text goes to the open question only this long after it was asked (conversation §5)."""


async def answer(ctx: Context, routes: Routes, *, forms: bool) -> list[Answer]:
    """Answer an inbound object; `forms` says whether the platform has modals. Raise `UserError`."""
    try:
        return await _expand(ctx, routes, await _route(ctx, routes, forms=forms), forms=forms)
    except _NotAgreed as error:
        return list(await refuse(ctx, error.who))


class _NotAgreed(Exception):
    """Somebody invited who has not agreed yet did what is for members: they are asked for consent instead."""

    def __init__(self, who: Who) -> None:
        self.who = who


async def _route(ctx: Context, routes: Routes, *, forms: bool) -> Sequence[Answer]:
    inbound = ctx.inbound
    match inbound:
        case Command():
            return await command(ctx, routes, inbound.words)
        case Click():
            return await _click(ctx, routes, inbound, forms=forms)
        case Submission():
            return await _submitted(ctx, routes, inbound)
        case Said():
            return await _said(ctx, routes, inbound)
        case Dropped():
            return await _dropped(ctx, routes, inbound)
        case _:
            handler = routes.events.get(inbound.kind)
            return await handler(ctx, inbound) if handler else []


def allow(ctx: Context, who: Who) -> None:
    """Refuse what this person may not do. Raise `UserError` or `_NotAgreed`; judged by account, never by name."""
    if may_use(who, ctx):
        return
    if ctx.member is not None and ctx.member.state not in JOINED:
        raise _NotAgreed(who)
    raise UserError(say("e_stranger") if ctx.member is None else say("e_role"))


async def command(ctx: Context, routes: Routes, words: str) -> Sequence[Answer]:
    """Run a command in words; unknown words go to the `unknown` event with what was found instead."""
    found = match(words, routes.features, lambda who: may_use(who, ctx))
    if isinstance(found, Found):
        return await run(ctx, found.route, found.rest)
    return await routes.events["unknown"](ctx, found)


async def _said(ctx: Context, routes: Routes, inbound: Said) -> Sequence[Answer]:
    draft = await drafts.asking(ctx.db, inbound.by.id, ctx.now - OPEN_QUESTION) if ctx.account else None
    if draft is not None:
        form = await _form(ctx, routes, draft)
        left = _left(ctx, form, draft)
        step = interview.said(ctx, form, draft, inbound.text)
        answers = await _stepped(ctx, routes, form, draft, step, left)
        return [Erase(), *answers] if form.sensitive else answers
    return await routes.events["said"](ctx, inbound)


async def _dropped(ctx: Context, routes: Routes, inbound: Dropped) -> Sequence[Answer]:
    """Take a file as the answer to an open question for one; else what was written beside it counts."""
    since = ctx.now - OPEN_QUESTION
    for draft in await drafts.newest(ctx.db, inbound.by.id, since) if ctx.account else ():
        if draft.form not in routes.forms:
            continue
        form = await _form(ctx, routes, draft)
        if (wanted := interview.file_wanted(form, draft)) is not None:
            given = str(GivenFile(inbound.file, inbound.size, inbound.name))
            left = _left(ctx, form, draft)
            return await _stepped(ctx, routes, form, draft, interview.take(ctx, form, draft, wanted, given), left)
    said = Said(
        key=inbound.key, by=inbound.by, where=inbound.where, at=inbound.at, handle=inbound.handle, text=inbound.text
    )
    return await _said(ctx, routes, said)


async def _click(ctx: Context, routes: Routes, inbound: Click, *, forms: bool) -> Sequence[Answer]:
    press = inbound.press
    if press is None:
        raise UserError(say("e_gone"))
    if press.verb in ("q", "qs", "form"):
        return await _form_click(ctx, routes, press, forms=forms)
    known = routes.clicks.get(press.verb)
    if known is None:
        raise UserError(say("e_gone"))
    allow(ctx, known[0])
    return await known[1](ctx, press)


async def _form_click(ctx: Context, routes: Routes, press: Press, *, forms: bool) -> Sequence[Answer]:
    draft = await drafts.by_key(ctx.db, press.key, ctx.inbound.by.id)
    if draft is None:
        raise UserError(say("e_gone"))
    if press.verb == "form" and press.arg == "anew":
        return [Ask(draft.form, draft.subject, {"?anew": "1"})]
    form = await _form(ctx, routes, draft)
    if press.verb == "form":
        if forms:
            return [Open(form, draft.key, 0, _plain(draft))]
        return [_asked(interview.begin(ctx, form, draft), draft, private=True)]
    return await _stepped(ctx, routes, form, draft, interview.pressed(ctx, form, draft, press))


def _asked(shown: Message, draft: FormDraft, *, private: bool = False) -> Reply:
    """Ask a question in a new message; the draft learns which one it is."""
    return Reply(shown, private=private, card=Card(interview.QUESTION, draft.key))


def _left(ctx: Context, form: Form, draft: FormDraft) -> list[Answer]:
    """Take the buttons off the question that typed words or a file answer: the newest message alone has them."""
    shown, where = interview.answered(form, draft), ctx.inbound.where
    if shown is None or not draft.message:
        return []
    return [Edit(shown, on=MessageRef(where.platform, where.workspace, draft.chat, draft.message))]


def _answered(form: Form, draft: FormDraft) -> Message:
    """Draw what stays of a question or review once the last tap is done: no buttons that lead nowhere."""
    shown = None if form.sensitive else interview.answered(form, draft)
    return shown or Message((Bold(form.title),))


def _turned(answers: Sequence[Answer]) -> bool:
    return any(isinstance(each, Edit | Ask | Open) for each in answers)


async def _stepped(
    ctx: Context, routes: Routes, form: Form, draft: FormDraft, step: interview.Step, left: Sequence[Answer] = ()
) -> Sequence[Answer]:
    """Turn a step of the interview into answers: the same message on a tap, a new one after typing.

    `left` is done to the question that was answered, once something else has taken its place.
    """
    toast: list[Answer] = [Toast(step.toast)] if step.toast else []
    if step.cancelled:
        if form.sensitive:
            await ctx.db.delete(draft)
            return [Edit(Message((say("d_nothing_saved"),), ((button("home", "go", "", "", "home"),),)))]
        draft.asked = ""
        again = Button(say("b_continue"), Press("form", draft.key))
        return [Edit(Message((Bold(form.title), say("d_nothing_saved")), ((again,),)))]
    if step.values is not None:
        done = await _complete(ctx, routes, draft, step.values, left)
        tapped = isinstance(ctx.inbound, Click) and any(isinstance(each, Reply) for each in done)
        return [*done, Edit(_answered(form, draft))] if tapped and not _turned(done) else done
    if step.show is not None:
        if isinstance(ctx.inbound, Click):
            if (pressed := ctx.inbound.message) is not None:
                draft.chat, draft.message = pressed.chat, pressed.message
            return [Edit(step.show), *toast]
        return [_asked(step.show, draft), *left, *toast]
    return toast


async def _submitted(ctx: Context, routes: Routes, inbound: Submission) -> Sequence[Answer]:
    draft = await drafts.by_key(ctx.db, inbound.draft, inbound.by.id)
    if draft is None:
        raise UserError(say("e_gone"))
    form = await _form(ctx, routes, draft)
    if not 0 <= inbound.page < len(form.pages):
        raise UserError(say("e_gone"))
    values = _plain(draft)
    asking = Asking(ctx.now, ctx.reader.zone, ctx.reader.language, values)
    clean, errors = form.check_page(inbound.page, inbound.values, asking)
    if errors:
        return [Invalid(errors)]
    values.update(clean)
    if not form.sensitive:
        draft.values, draft.touched_at = values, ctx.now
    if inbound.page + 1 < len(form.pages):
        return [Open(form, draft.key, inbound.page + 1, values)]
    for number, fields in enumerate(form.pages):  # a page was left out: the draft was begun anew meanwhile, or forged
        if any(each.required and not values.get(each.id) for each in fields):
            return [Open(form, draft.key, number, values)]
    return await _complete(ctx, routes, draft, values)


async def _complete(
    ctx: Context, routes: Routes, draft: FormDraft, values: dict[str, str], left: Sequence[Answer] = ()
) -> Sequence[Answer]:
    answers = await routes.submissions[draft.form](ctx, draft.subject, values)
    refused = next((each for each in answers if isinstance(each, Invalid)), None)
    if refused is None:
        await ctx.db.delete(draft)
        return [*answers, *left]
    if isinstance(ctx.inbound, Submission):
        return answers
    text = next(iter(refused.errors.values()))
    if isinstance(ctx.inbound, Said | Dropped):
        return [Reply(Message((text,)))]
    return [Toast(text, alert=True)]


async def _form(ctx: Context, routes: Routes, draft: FormDraft) -> Form:
    """Build the form of a draft anew and check the right to it; it may have been taken away meanwhile."""
    if draft.form not in routes.forms:  # a feature keeps something of its own in the row
        raise UserError(say("e_gone"))
    who, build = routes.forms[draft.form]
    allow(ctx, who)
    return await build(ctx, draft.subject)


def _plain(draft: FormDraft) -> dict[str, str]:
    return {key: str(value) for key, value in draft.values.items() if not key.startswith("?")}


async def _expand(ctx: Context, routes: Routes, answers: Sequence[Answer], *, forms: bool) -> list[Answer]:
    """Replace every `Ask` by a modal or the first question of an interview."""
    done: list[Answer] = []
    for each in answers:
        if not isinstance(each, Ask):
            done.append(each)
            continue
        who, build = routes.forms[each.form]
        allow(ctx, who)
        form = await build(ctx, each.subject)
        given = {key: value for key, value in each.values.items() if not key.startswith("?")}
        account = ctx.inbound.by.id
        old = await drafts.unfinished(ctx.db, account, each.form, each.subject)
        if old is not None and old.values and not each.values and not form.sensitive:
            rows = ((Button(say("b_continue"), Press("form", old.key), "primary"),
                     Button(say("b_anew"), Press("form", old.key, "", "anew"))),)  # fmt: skip
            done.append(Reply(Message((say("d_unfinished", form=form.title),), rows), private=True))
            continue
        holder = ctx.account.member_id if ctx.member is None and ctx.account is not None else ctx.me.id
        draft = await drafts.begin(
            ctx.db, member_id=holder, account=account, form=each.form, subject=each.subject,
            values=given, sensitive=form.sensitive, now=ctx.now,
        )  # fmt: skip
        if forms:
            done.append(Open(form, draft.key, 0, given))
        else:
            done.append(_asked(interview.begin(ctx, form, draft), draft, private=True))
    return done
