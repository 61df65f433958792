"""Inviting and reminding the silent: preview, confirm, two minutes and more to undo (design §9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from chat.errors import UserError
from chat.form import Form, NumberField
from chat.message import Button, Message, Press, button, row, rows
from chat.outbound import Answer, Ask, Card, Edit, Invalid, Reply, Toast
from chat.text import When, say
from handlers import (
    _broadcast,
    _planning,
    _polls_cards,
    _polls_sending,
    _previews,
    _reminding,
    _schedule_screens,
    _send_notices,
    _sending,
    _sends,
)
from handlers._cards import PUBLIC, state_label, test_card
from handlers._feature import Answers, Context, Feature, Waiting
from handlers._meetings import about, pressed
from handlers._planning import CONFIRM_WITHIN, KINDS
from scheduler import cards, delivery, timers
from storage import audit, invitations, sends
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import Meeting, lock
from storage.members import Member
from storage.states import turn

feature = Feature("invitations")

COUNT_FROM = 50
"""From so many people on the number is typed before anything is sent (conversation, settled point a)."""
CAN_INVITE = ("draft", "scheduled", "inviting")
CAN_NUDGE = ("inviting", "closed")
INVITE = {"online": timedelta(days=42), "in_person": timedelta(days=75)}
"""How long before the start invitations go out, as a rule (domain 3.1); a hybrid meeting is one in person."""


@feature.command("meeting invite", "meeting send", who="organiser")
@about("meeting invite", CAN_INVITE)
async def invite(ctx: Context, meeting: Meeting) -> Answers:
    """Show the preview of the invitations."""
    return [Reply(await _preview(ctx, meeting, "invitation"))]


@feature.command("meeting preview", "meeting dryrun", who="organiser")
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
    return sent if isinstance(sent, list) else [await _progress(ctx, sent)]


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
    shown = await _progress(ctx, sent)
    return [Reply(shown.message, private=True, card=shown.card)]


@feature.click("undo", who="organiser")
async def undo(ctx: Context, press: Press) -> Answers:
    """Take a send back before its first message leaves."""
    campaign = await sends.by_key(ctx.db, press.key)
    if campaign is not None and campaign.kind in _polls_cards.EVERY:
        return await _polls_sending.undo(ctx, press)
    if campaign is not None and _sending.of(campaign.kind) is not None:
        return await _broadcast.undo(ctx, campaign)
    meeting = await lock(ctx.db, campaign.subject) if campaign else None
    if campaign is None or meeting is None:
        raise UserError(say("e_gone"))
    note = say("m_undone")
    if campaign.state != "cancelled":
        if await delivery.undo(ctx.db, campaign, ctx.now):
            await _unsend(ctx, campaign, meeting)
        else:
            note = say("m_undo_late") if campaign.state == "sending" else say("t_stale")
    return [await _progress(ctx, campaign), Toast(note)]


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
        lines = await _schedule_screens.lines(ctx.db, meeting, ctx.now)
        return _schedule_screens.screen(meeting, lines, note=say("m_everybody_invited"))
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
        if meeting.state == "draft":
            await turn(db, meeting, "scheduled")
        await turn(db, meeting, "inviting")
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
    for along in (await _sends.family(db, campaign))[1:]:
        await delivery.undo(db, along, ctx.now)
    await timers.cancel(db, _send_notices.TIMER, campaign.key)
    if campaign.kind == "invitation":
        await _planning.uninvite(db, campaign)
    audit.note(db, ctx.now, ctx.me.id, f"undo_{campaign.kind}", campaign.key)
    await db.flush()
    await cards.touch(db, PUBLIC, meeting.key)


async def _progress(ctx: Context, campaign: Campaign) -> Edit:
    return Edit(await _sends.draw(ctx.db, campaign, ctx.now, ctx.me), Card("progress", campaign.key))


@feature.todo
async def unsent(db: Session, now: datetime) -> Sequence[Waiting]:
    """Name the planned meetings whose invitations should have gone out by now (domain 3.1, T-42, in person T-75)."""
    found = await db.scalars(select(Meeting).where(Meeting.state.in_(("draft", "scheduled")), Meeting.starts_at > now))
    return [
        Waiting(
            say("m_todo_invite", code=each.code, title=each.title),
            Button(say("b_preview"), Press("preview", each.key, "", "i")),
            each.starts_at - INVITE.get(each.format, INVITE["in_person"]),
        )
        for each in found
        if each.starts_at - now <= INVITE.get(each.format, INVITE["in_person"])
    ]
