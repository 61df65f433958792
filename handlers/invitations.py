"""Inviting and reminding the silent: preview, confirm, two minutes and more to undo, progress (design §9)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from chat.errors import UserError
from chat.form import Form, NumberField
from chat.message import Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import When, say
from handlers import _planning, _previews, _reminding
from handlers._cards import PUBLIC, state_label, test_card
from handlers._feature import Answers, Context, Feature
from handlers._meetings import about, pressed
from handlers._planning import CONFIRM_WITHIN, KINDS
from scheduler import cards, delivery
from scheduler.contract import Drawing, Skip
from storage import audit, invitations
from storage.database import Session
from storage.deliveries import Campaign, Delivery
from storage.meetings import Meeting, by_key, lock
from storage.members import Member

feature = Feature("invitations")

COUNT_FROM = 50
"""From so many people on the number is typed before anything is sent (conversation, settled point a)."""
CAN_INVITE = ("draft", "scheduled", "inviting")
CAN_NUDGE = ("inviting", "closed")


@feature.command("meeting invite", "meeting send", who="organiser")
@about("meeting invite", CAN_INVITE)
async def invite(ctx: Context, meeting: Meeting) -> Answers:
    """Show the preview of the invitations."""
    return [Reply(await _preview(ctx, meeting, "invitation"))]


@feature.command("meeting preview", "meeting dryrun", "meeting schedule", who="organiser")
@about("meeting preview", CAN_INVITE)
async def preview(ctx: Context, meeting: Meeting) -> Answers:
    """Show who gets what, when, and why not."""
    return [Reply(await _preview(ctx, meeting, "invitation"))]


@feature.command("meeting nudge", "meeting remind", who="organiser")
@about("meeting nudge", CAN_NUDGE)
async def nudge(ctx: Context, meeting: Meeting) -> Answers:
    """Show the preview of a reminder to those who have not replied."""
    return [Reply(await _preview(ctx, meeting, "rsvp_nudge"))]


@feature.click("preview", who="organiser")
async def see(ctx: Context, press: Press) -> Answers:
    """Show a preview from a button; `arg` is the letter of its kind."""
    shown = await _preview(ctx, await pressed(ctx, press.key), KINDS.get(press.arg, "invitation"))
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("nudge", who="organiser")
async def see_nudge(ctx: Context, press: Press) -> Answers:
    """Show the preview of a nudge from the status card, which stays as it is."""
    return [Reply(await _preview(ctx, await pressed(ctx, press.key), "rsvp_nudge"), private=True)]


@feature.click("test", who="organiser")
async def send_test(ctx: Context, press: Press) -> Answers:
    """Send the card to the organiser alone; its buttons change nothing."""
    meeting = await pressed(ctx, press.key)
    nudging = KINDS.get(press.arg) == "rsvp_nudge"
    return [Reply(test_card(meeting, ctx.me, ctx.community, ctx.now, nudge=nudging), private=True)]


@feature.click("who", who="organiser")
async def who(ctx: Context, press: Press) -> Answers:
    """List the people by name, in private."""
    plan = await _planning.build(ctx.db, await pressed(ctx, press.key), KINDS.get(press.arg, "invitation"), ctx.now)
    shown = _previews.names(plan, int(press.rev) if press.rev.isdigit() else 0)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("drop", who="organiser")
async def drop(ctx: Context, press: Press) -> Answers:
    """Leave a preview without sending."""
    return [Edit(_previews.dropped(await pressed(ctx, press.key)))]


@feature.click("send", who="organiser")
async def confirm(ctx: Context, press: Press) -> Answers:
    """Send what the preview showed, if it still is what would happen; many people need a typed number first."""
    meeting = await pressed(ctx, press.key)
    kind, digest, minute = _read(press.arg)
    sent = await _send(ctx, meeting.key, kind, digest, minute, typed=None)
    if isinstance(sent, int):
        return [Ask("count", f"{meeting.key}.{press.arg}")]
    return sent if isinstance(sent, list) else [Edit(await _draw(ctx, sent), Card("progress", sent.key))]


@feature.form("count", who="organiser")
async def count_form(ctx: Context, subject: str) -> Form:
    """Ask for the number of people a large send goes to."""
    meeting = await pressed(ctx, subject.partition(".")[0])
    field = NumberField(id="count", label=say("m_count_question", code=meeting.code), min=1)
    return Form("count", say("m_count_title"), ((field,),), submit=say("b_send"), review=False)


@feature.submission("count")
async def counted(ctx: Context, subject: str, values: dict[str, str]) -> Answers:
    """Send if the typed number is the number of people."""
    key, _, arg = subject.partition(".")
    kind, digest, minute = _read(arg)
    sent = await _send(ctx, key, kind, digest, minute, typed=int(values["count"]))
    if isinstance(sent, int):
        return [Invalid({"count": say("m_count_wrong", typed=values["count"], n=str(sent))})]
    if isinstance(sent, list):
        return [Reply(each.message, private=True) for each in sent if isinstance(each, Edit)]
    return [Reply(await _draw(ctx, sent), private=True, card=Card("progress", sent.key))]


@feature.click("undo", who="organiser")
async def undo(ctx: Context, press: Press) -> Answers:
    """Take a send back before its first message leaves."""
    campaign = await _campaign(ctx.db, press.key)
    meeting = await lock(ctx.db, campaign.subject) if campaign else None
    if campaign is None or meeting is None:
        raise UserError(say("e_gone"))
    if campaign.state != "cancelled":
        if not await delivery.undo(ctx.db, campaign, ctx.now):
            return [Edit(await _draw(ctx, campaign), Card("progress", campaign.key)), Toast(say("m_undo_late"))]
        await _unsend(ctx, campaign, meeting)
    return [Edit(await _draw(ctx, campaign), Card("progress", campaign.key)), Toast(say("m_undone"))]


@feature.card("progress")
async def draw_progress(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw how far a send is."""
    campaign = await _campaign(db, drawing.subject)
    shown = await _progress(db, campaign, drawing.now) if campaign else None
    return shown or Skip("gone")


def _read(arg: str) -> tuple[str, str, datetime]:
    """Read `letter.digest.minute` of a confirm button. Raise `UserError` for anything else."""
    letter, _, rest = arg.partition(".")
    digest, _, minute = rest.partition(".")
    if letter not in KINDS or len(digest) != 16 or not minute.isdigit() or len(minute) > 9:
        raise UserError(say("e_gone"))
    return KINDS[letter], digest, datetime.fromtimestamp(int(minute) * 60, UTC)


async def _preview(ctx: Context, meeting: Meeting, kind: str) -> Message:
    allowed = CAN_INVITE if kind == "invitation" else CAN_NUDGE
    if meeting.state not in allowed or meeting.starts_at <= ctx.now:
        text = say("m_not_now", code=meeting.code, state=state_label(meeting))
        return Message((text,), rows(row(button("status", "status", meeting.key))))
    plan = await _planning.build(ctx.db, meeting, kind, ctx.now)
    if kind == "invitation" and meeting.state == "inviting" and not plan.everybody:
        yes = (await invitations.counts(ctx.db, meeting))["yes"]
        return _previews.schedule(meeting, yes, ctx.now)
    return _previews.preview(ctx, plan)


async def _send(
    ctx: Context, key: str, kind: str, digest: str, made: datetime, *, typed: int | None
) -> Campaign | list[Answer] | int:
    """Send, or give the answers that say why not, or the number of people that must be typed first."""
    db = ctx.db
    meeting = await lock(db, key)
    if meeting is None:
        raise UserError(say("e_gone"))
    done = next(
        (each for each in await _planning.rounds(db, meeting, kind, alive=True) if each.content_hash == digest), None
    )
    if done is not None:
        return done if done.created_by == ctx.me.id else await _started(ctx, done)
    plan = await _planning.build(db, meeting, kind, ctx.now)
    fresh = made <= ctx.now < made + CONFIRM_WITHIN
    allowed = CAN_INVITE if kind == "invitation" else CAN_NUDGE
    if not fresh or plan.digest(int(made.timestamp() // 60)) != digest or not plan.reached:
        other = (await _planning.rounds(db, meeting, kind, alive=True))[-1:]
        if other and other[0].created_by != ctx.me.id and other[0].created_at >= made:
            return await _started(ctx, other[0])
        return [Edit(_previews.changed(meeting, kind))]
    if meeting.state not in allowed or meeting.starts_at <= ctx.now:
        return [Edit(_previews.changed(meeting, kind))]
    if len(plan.reached) >= COUNT_FROM and typed != len(plan.reached):
        return len(plan.reached)
    campaign = await _planning.carry_out(db, plan, digest, ctx.me, ctx.now)
    if kind == "invitation":
        await invitations.invite(db, meeting, [(each.member, each.due) for each in plan.everybody])
        meeting.state = "inviting"
        await _reminding.arm(db, meeting)
    audit.note(db, ctx.now, ctx.me.id, f"send_{kind}", campaign.key)
    await db.flush()
    await cards.touch(db, PUBLIC, meeting.key)
    return campaign


async def _started(ctx: Context, campaign: Campaign) -> list[Answer]:
    other = await ctx.db.get(Member, campaign.created_by) if campaign.created_by else None
    at = When(campaign.created_at, ctx.community.zone, part="time")
    text = say("m_started_already", name=other.name if other else "–", time=at)
    return [Edit(Message((text,), rows(row(button("status", "status", campaign.subject)))))]


async def _unsend(ctx: Context, campaign: Campaign, meeting: Meeting) -> None:
    db = ctx.db
    for key in campaign.details.get("with") or ():
        along = await _campaign(db, str(key))
        if along is not None:
            await delivery.undo(db, along, ctx.now)
    if campaign.kind == "invitation":
        asked = await db.scalars(select(Delivery.member_id).where(Delivery.campaign_id == campaign.id))
        await invitations.take_back(db, meeting, [each for each in asked if each is not None])
        if not await _planning.rounds(db, meeting, "invitation", alive=True):
            meeting.state = "scheduled"
            await _reminding.disarm(db, meeting)
    audit.note(db, ctx.now, ctx.me.id, f"undo_{campaign.kind}", campaign.key)
    await db.flush()
    await cards.touch(db, PUBLIC, meeting.key)


async def _campaign(db: Session, key: str) -> Campaign | None:
    found = await db.scalars(select(Campaign).where(Campaign.key == key).execution_options(populate_existing=True))
    return found.one_or_none()


async def _draw(ctx: Context, campaign: Campaign) -> Message:
    shown = await _progress(ctx.db, campaign, ctx.now)
    if shown is None:
        raise UserError(say("e_gone"))
    return shown


async def _progress(db: Session, campaign: Campaign, now: datetime) -> Message | None:
    meeting = await by_key(db, campaign.subject)
    if meeting is None:
        return None
    by = await db.get(Member, campaign.created_by) if campaign.created_by else None
    found = await db.execute(
        select(Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign.id, Delivery.state.in_(("dead", "skipped")))
        .group_by(Delivery.reason)
    )
    reasons = dict(found.all())
    return _previews.progress(campaign, meeting, by, await delivery.totals(db, campaign), reasons, now)
