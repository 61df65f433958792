"""The buttons of previews of memos, publications, webinars and announcements (design §9: hold, Undo, typed count)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from chat.errors import UserError
from chat.form import Form, NumberField
from chat.message import Message, Press, row, rows
from chat.outbound import Answer, Ask, Edit, Invalid, Reply
from chat.text import Bold, When, say
from handlers import _broadcast
from handlers._broadcast import Plan, Sending
from handlers._feature import Answers, Context, Feature
from handlers._planning import CONFIRM_WITHIN, HOLD
from handlers._welcome import go
from storage import audit
from storage.deliveries import Campaign
from storage.members import Member

feature = Feature("broadcasts")


@feature.click("bprev", who="organiser")
async def see(ctx: Context, press: Press) -> Answers:
    """Show a preview; `arg` is the letter of its kind."""
    return _shown(ctx, _broadcast.card(await _build(ctx, press.arg, press.key), ctx.now))


@feature.click("bwho", who="organiser")
async def who(ctx: Context, press: Press) -> Answers:
    """List the people by name, in private."""
    page = int(press.rev) if press.rev.isdecimal() and len(press.rev) <= 4 else 0
    return _shown(ctx, _broadcast.names(await _build(ctx, press.arg, press.key), page))


@feature.click("btest", who="organiser")
async def send_test(ctx: Context, press: Press) -> Answers:
    """Send the message to the organiser alone, without buttons that could change anything."""
    sample = (await _build(ctx, press.arg, press.key)).broadcast.sample
    return [Reply(replace(sample, rows=(), fine=(*sample.fine, say("br_test"))), private=True)]


@feature.click("bdrop", who="organiser")
async def drop(ctx: Context, press: Press) -> Answers:
    """Leave a preview without sending."""
    sending = _known(press.arg)
    back = await sending.onward(ctx.db, press.key)
    return [Edit(Message((say("m_nothing_sent"),), rows(row(back, go("desk", "desk")))))]


@feature.click("bsend", who="organiser")
async def confirm(ctx: Context, press: Press) -> Answers:
    """Send what the preview showed, if it still is what would happen; many people need a typed number first."""
    sent = await _send(ctx, press.key, press.arg, typed=None)
    if isinstance(sent, int):
        return [Ask("bcount", f"{press.key}.{press.arg}")]
    return sent if isinstance(sent, list) else [await _broadcast.progress(ctx, sent)]


@feature.form("bcount", who="organiser")
async def count_form(_ctx: Context, _subject: str) -> Form:
    """Ask for the number of people a send goes to."""
    field = NumberField(id="count", label=say("br_count"), min=1)
    return Form("bcount", say("m_count_title"), ((field,),), submit=say("b_send"), review=False)


@feature.submission("bcount")
async def counted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Send if the typed number is the number of people."""
    key, _, arg = subject.partition(".")
    sent = await _send(ctx, key, arg, typed=int(values["count"]))
    if isinstance(sent, int):
        return [Invalid({"count": say("m_count_wrong", typed=values["count"], n=str(sent))})]
    if isinstance(sent, list):
        return [Reply(each.message, private=True) for each in sent if isinstance(each, Edit)]
    shown = await _broadcast.progress(ctx, sent)
    return [Reply(shown.message, private=True, card=shown.card)]


async def _send(ctx: Context, key: str, arg: str, *, typed: int | None) -> Campaign | list[Answer] | int:
    """Send, or give the answers that say why not, or the number of people that must be typed first."""
    sending, digest, made = _read(arg)
    done = await _broadcast.standing(ctx.db, sending, key, digest)
    if done is not None:
        return done if done.created_by == ctx.me.id else await _started(ctx, sending, done)
    plan = await _broadcast.build(ctx.db, sending, key, ctx.now)
    fresh = made <= ctx.now < made + CONFIRM_WITHIN
    if not fresh or plan.empty or plan.digest(int(made.timestamp() // 60)) != digest:
        again = _broadcast.preview_button("preview", sending.letter, key)
        return [Edit(Message((Bold(plan.broadcast.title), say("m_changed")), rows(row(again))))]
    if plan.must_type and typed != len(plan.reached):
        return len(plan.reached)
    campaign = await _carry_out(ctx, plan, digest)
    await sending.confirmed(ctx, plan.broadcast, campaign)
    audit.note(ctx.db, ctx.now, ctx.me.id, f"send_{campaign.kind}", campaign.key)
    await ctx.db.flush()
    return campaign


async def _carry_out(ctx: Context, plan: Plan, digest: str) -> Campaign:
    hold = max(plan.first - ctx.now, HOLD)
    return await _broadcast.carry_out(ctx.db, plan, ctx.now, by=ctx.me, hold=hold, digest=digest)


async def _started(ctx: Context, sending: Sending, campaign: Campaign) -> list[Answer]:
    other = await ctx.db.get(Member, campaign.created_by) if campaign.created_by else None
    at = When(campaign.created_at, ctx.community.zone, part="time")
    text = say("m_started_already", name=other.name if other else "–", time=at)
    return [Edit(Message((text,), rows(row(await sending.onward(ctx.db, campaign.subject), go("desk", "desk")))))]


def _known(letter: str) -> Sending:
    sending = _broadcast.by_letter(letter)
    if sending is None:
        raise UserError(say("e_gone"))
    return sending


async def _build(ctx: Context, letter: str, subject: str) -> Plan:
    return await _broadcast.build(ctx.db, _known(letter), subject, ctx.now)


def _read(arg: str) -> tuple[Sending, str, datetime]:
    """Read `letter.digest.minute` of a confirm button. Raise `UserError` for anything else."""
    letter, _, rest = arg.partition(".")
    digest, _, minute = rest.partition(".")
    if len(digest) != 16 or not minute.isdecimal() or len(minute) > 9:
        raise UserError(say("e_gone"))
    return _known(letter), digest, datetime.fromtimestamp(int(minute) * 60, UTC)


def _shown(ctx: Context, message: Message) -> list[Answer]:
    return [Edit(message)] if ctx.inbound.where.kind == "dm" else [Reply(message, private=True)]


__all__ = ["feature"]
