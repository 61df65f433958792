"""Sends in organisers' hands: the list, stop, resume, take back, what to do about messages of unknown fate."""

from __future__ import annotations

from datetime import UTC, datetime

from chat.errors import UserError
from chat.message import Message, Press
from chat.outbound import Answer, Card, Edit, Reply, Toast
from chat.text import Text, say
from handlers import _broadcast, _send_notices, _send_screens, _sends
from handlers._feature import Answers, Context, Feature
from handlers._planning import CONFIRM_WITHIN, uninvite
from scheduler import stopping
from scheduler.contract import Drawing, Skip
from storage import audit, sends
from storage.database import Session
from storage.deliveries import Campaign
from storage.meetings import lock
from storage.members import Member
from storage.timers import Timer

feature = Feature("deliveries")


@feature.command(
    "deliveries", "sends", "log", "envois", "gönderimler", "الإرسالات", "envíos", who="organiser", where="dm", menu=True
)
async def deliveries(ctx: Context, _rest: str) -> Answers:
    """List running and past sends, newest first."""
    return [Reply(await _send_screens.sends_list(ctx.db, ctx.me, ctx.now), card=Card("sends", ""))]


@feature.click("sends", who="organiser")
async def turn_list(ctx: Context, press: Press) -> Answers:
    """Show the list from a button; its pages turn in place."""
    return _shown(
        ctx, await _send_screens.sends_list(ctx.db, ctx.me, ctx.now, _page(press), press.arg), Card("sends", "")
    )


@feature.click("unreach", who="organiser")
async def unreached(ctx: Context, press: Press) -> Answers:
    """Show who cannot be reached and what to do about it."""
    return _shown(ctx, await _send_screens.unreachable(ctx.db, ctx.me, _page(press)), Card("sends", ""))


@feature.click("sendcard", who="organiser")
async def open_send(ctx: Context, press: Press) -> Answers:
    """Show one send; the card follows it from now on."""
    return await _drawn(ctx, await _found(ctx.db, press.key))


@feature.click("sendwho", who="organiser")
async def who(ctx: Context, press: Press) -> Answers:
    """List by name who gets it and what became of it, in private."""
    campaign = await _found(ctx.db, press.key)
    shown = await _send_screens.names(ctx.db, campaign, ctx.me, _page(press))
    return _shown(ctx, shown, Card("send_names", campaign.key))


@feature.click("stopsend", who="organiser")
async def stop(ctx: Context, press: Press) -> Answers:
    """Let nothing more of a send leave, from this commit on."""
    campaign = await _locked(ctx.db, press.key)
    if not await stopping.stop(ctx.db, campaign, ctx.me, ctx.now):
        return await _drawn(ctx, campaign, await _quicker(ctx, campaign, "stopped"))
    for each in (await _sends.family(ctx.db, campaign))[1:]:
        await stopping.stop(ctx.db, each, ctx.me, ctx.now)
    await _send_notices.tell(ctx.db, campaign, "stopped", ctx.now)
    return await _done(ctx, campaign, "stop_send", say("t_stopped"))


@feature.click("goon", who="organiser")
async def resume(ctx: Context, press: Press) -> Answers:
    """Go on with a stopped send."""
    campaign = await _locked(ctx.db, press.key)
    if not await stopping.resume(ctx.db, campaign, ctx.now):
        return await _drawn(ctx, campaign, await _quicker(ctx, campaign, "sending"))
    for each in (await _sends.family(ctx.db, campaign))[1:]:
        await stopping.resume(ctx.db, each, ctx.now)
    await _send_notices.watch(ctx.db, campaign, ctx.now)
    return await _done(ctx, campaign, "resume_send", say("t_resumed"))


@feature.click("takeback", who="organiser")
async def ask_to_take_back(ctx: Context, press: Press) -> Answers:
    """Ask before anything is deleted."""
    campaign = await _found(ctx.db, press.key)
    if campaign.state not in ("stopped", "done"):
        return await _drawn(ctx, campaign, say("t_stale"))
    question = await _send_screens.take_back_question(ctx.db, campaign, ctx.now)
    return _shown(ctx, question, Card("take_back", campaign.key))


@feature.click("takeyes", who="organiser")
async def take_back(ctx: Context, press: Press) -> Answers:
    """Delete what was sent, if the question still says what would happen."""
    await lock(ctx.db, (await _found(ctx.db, press.key)).subject)  # the meeting first, as everywhere
    campaign = await _locked(ctx.db, press.key)
    if campaign.state not in ("stopped", "done"):
        return await _drawn(ctx, campaign, await _quicker(ctx, campaign, "taking_back", "taken_back"))
    total = sends.whole((await sends.tallies(ctx.db, [campaign.id]))[campaign.id])
    asked, number = _asked(press.arg)
    if not asked <= ctx.now < asked + CONFIRM_WITHIN or number != total.sent - total.kept:
        question = await _send_screens.take_back_question(ctx.db, campaign, ctx.now)
        return [*_shown(ctx, question, Card("take_back", campaign.key)), Toast(say("t_stale"))]
    await stopping.take_back(ctx.db, campaign, ctx.me, ctx.now)
    for each in (await _sends.family(ctx.db, campaign))[1:]:
        await stopping.stop(ctx.db, each, ctx.me, ctx.now)
        await stopping.take_back(ctx.db, each, ctx.me, ctx.now)
    if campaign.kind == "invitation":
        await uninvite(ctx.db, campaign)
    await _broadcast.undone(ctx, campaign)
    await _send_notices.tell(ctx.db, campaign, "taken_back", ctx.now)
    return await _done(ctx, campaign, "take_back", say("t_taking_back"))


@feature.click("resend", who="organiser")
async def resend(ctx: Context, press: Press) -> Answers:
    """Send again what may or may not have arrived, once each."""
    campaign = await _locked(ctx.db, press.key)
    number = await stopping.resend_unknown(ctx.db, campaign, ctx.now)
    if not number:
        return await _drawn(ctx, campaign, say("t_stale"))
    await _send_notices.watch(ctx.db, campaign, ctx.now)
    return await _done(ctx, campaign, "resend_unknown", say("t_resent", n=number))


@feature.click("leaveit", who="organiser")
async def leave(ctx: Context, press: Press) -> Answers:
    """Leave messages of unknown fate as they are."""
    campaign = await _locked(ctx.db, press.key)
    if campaign.unknown_left or campaign.state not in _sends.LEAVABLE:
        return await _drawn(ctx, campaign, say("t_stale"))
    await stopping.leave_unknown(ctx.db, campaign)
    return await _done(ctx, campaign, "leave_unknown", say("t_left"))


@feature.card("progress")
async def draw_progress(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw how far a send is; in a channel without names."""
    campaign = await sends.by_key(db, drawing.subject)
    return await _sends.draw(db, campaign, drawing.now, drawing.member) if campaign else Skip("gone")


@feature.card("sends")
async def draw_list(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the list again after a restart."""
    return await _send_screens.sends_list(db, drawing.member, drawing.now) if drawing.member else Skip("gone")


@feature.card("send_names")
async def draw_names(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the names again after a restart; never in a channel."""
    campaign = await sends.by_key(db, drawing.subject)
    if campaign is None or drawing.member is None:
        return Skip("gone")
    return await _send_screens.names(db, campaign, drawing.member)


@feature.card("take_back")
async def draw_question(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the question again after a restart, as long as it is one."""
    campaign = await sends.by_key(db, drawing.subject)
    if campaign is None or campaign.state not in ("stopped", "done"):
        return Skip("over")
    return await _send_screens.take_back_question(db, campaign, drawing.now)


@feature.card("withdrawn_note")
async def draw_withdrawn(_db: Session, _drawing: Drawing) -> Message | Skip:
    """Draw what a message turns into that was sent by mistake and cannot be deleted."""
    return Message((say("withdrawn_note"),), silent=True)


@feature.card("send_ended")
async def draw_ended(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the one message to whoever started a send that is stuck, or over with something amiss."""
    return await _send_notices.ended(db, drawing)


@feature.card("send_stopped")
async def draw_stopped(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw what the organisers' channels learn of a stopped send: no names."""
    return await _send_notices.stopped(db, drawing)


@feature.timer("sendend")
async def look_after(db: Session, timer: Timer, now: datetime) -> None:
    """Look whether a send got through; tell its starter once if not."""
    await _send_notices.look(db, timer, now)


def _page(press: Press) -> int:
    return int(press.rev) if press.rev.isdecimal() and len(press.rev) <= 4 else 0


def _asked(arg: str) -> tuple[datetime, int]:
    """Read `minute.number` of a confirm button; anything made up is long over."""
    minute, _, number = arg.partition(".")
    if not (minute.isdecimal() and number.isdecimal() and len(arg) <= 16):
        return datetime.fromtimestamp(0, UTC), -1
    return datetime.fromtimestamp(int(minute[:9]) * 60, UTC), int(number)


async def _found(db: Session, key: str) -> Campaign:
    campaign = await sends.by_key(db, key)
    if campaign is None or campaign.kind in sends.NOTICES:
        raise UserError(say("e_gone"))
    return campaign


async def _locked(db: Session, key: str) -> Campaign:
    campaign = await sends.lock(db, key)
    if campaign is None or campaign.kind in sends.NOTICES:
        raise UserError(say("e_gone"))
    return campaign


def _shown(ctx: Context, message: Message, card: Card) -> list[Answer]:
    """Turn the pressed message into this one; from a channel it comes in private."""
    if ctx.inbound.where.kind == "dm":
        return [Edit(message, card)]
    return [Reply(message, private=True, card=card)]


async def _drawn(ctx: Context, campaign: Campaign, note: Text | None = None) -> list[Answer]:
    shown = await _sends.draw(ctx.db, campaign, ctx.now, ctx.me)
    answers = _shown(ctx, shown, Card("progress", campaign.key))
    return [*answers, Toast(note)] if note else answers


async def _done(ctx: Context, campaign: Campaign, act: str, note: Text) -> list[Answer]:
    audit.note(ctx.db, ctx.now, ctx.me.id, act, campaign.key)
    await ctx.db.flush()
    return await _drawn(ctx, campaign, note)


async def _quicker(ctx: Context, campaign: Campaign, *wanted: str) -> Text:
    """Say why a press had no effect: done already by oneself, by somebody else, or out of date."""
    if campaign.state not in wanted:
        return say("t_stale")
    by = await ctx.db.get(Member, campaign.stopped_by) if campaign.stopped_by else None
    return say("t_quicker", who=by.name) if by is not None and by.id != ctx.me.id else say("t_saved")


__all__ = ["feature"]
