"""Replies: one tap in a private chat or a channel, changed as often as one likes until the start."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from chat.errors import UserError
from chat.inbound import Click
from chat.message import Message, Press, row, rows
from chat.outbound import Card, Edit, Reply, Toast
from chat.people import MessageRef
from chat.text import Text, say
from handlers import _reminding
from handlers._cards import (
    PRIVATE,
    PUBLIC,
    TEST,
    channel_card,
    choice_label,
    details_card,
    member_card,
    reply_card,
)
from handlers._feature import Answers, Context, Feature
from handlers._meetings import pressed
from handlers._welcome import go
from scheduler import cards
from scheduler.contract import Drawing, Skip
from storage import invitations
from storage.communities import Channel, own_community
from storage.database import Session
from storage.invitations import CHOICES, Result
from storage.meetings import Meeting, by_key

feature = Feature("rsvp")
log = structlog.get_logger(__name__)

LATE = timedelta(minutes=10)
"""A press that reaches us this late is saved and said to have been late."""


@feature.click("rsvp")
async def answer(ctx: Context, press: Press) -> Answers:
    """Take a reply from a card in a private chat or in a channel."""
    meeting = await pressed(ctx, press.key)
    if press.arg not in CHOICES:
        raise UserError(say("e_gone"))
    if press.rev == TEST:
        return [Toast(say("m_test_press"))]
    return await _reply(ctx, meeting, press.arg, stale=press.rev != str(meeting.revision))


@feature.click("cantcome")
async def cannot_come(ctx: Context, press: Press) -> Answers:
    """Turn a yes into a no, from a reminder."""
    return await _reply(ctx, await pressed(ctx, press.key), "no", stale=False)


@feature.click("change")
async def change(ctx: Context, press: Press) -> Answers:
    """Bring the answers back, with the one that stands named."""
    meeting, shown = await _own_card(ctx, press.key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    assert invitation is not None
    if invitation.reply in CHOICES and not invitation.withdrawn and not invitations.closed(meeting, ctx.now):
        shown = reply_card(meeting, ctx.me, invitation.reply, ctx.now, changing=True)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.click("invited")
async def own_card(ctx: Context, press: Press) -> Answers:
    """Show the member's own card of a meeting."""
    meeting, shown = await _own_card(ctx, press.key)
    card = Card("invitation", meeting.key)
    return [Edit(shown, card)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True, card=card)]


@feature.click("details")
async def details(ctx: Context, press: Press) -> Answers:
    """Show more about a meeting: in place in private, from a channel in the private chat."""
    meeting = await pressed(ctx, press.key)
    if await invitations.find(ctx.db, meeting, ctx.me) is None and not ctx.roles:
        raise UserError(say("m_not_invited"))
    shown = details_card(meeting, ctx.community, back=True)
    return [Edit(shown)] if ctx.inbound.where.kind == "dm" else [Reply(shown, private=True)]


@feature.card("invitation", "rsvp_nudge")
async def draw_own(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw a member's card: the invitation, or what became of it."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or drawing.member is None:
        return Skip("gone")
    invitation = await invitations.find(db, meeting, drawing.member)
    if invitation is None:
        return Skip("not_invited")
    nudge = drawing.kind == "rsvp_nudge"
    if drawing.first:
        if invitation.withdrawn or meeting.state not in ("inviting", "closed"):
            return Skip("meeting_not_open")
        if drawing.now >= meeting.starts_at:
            return Skip("started")
        if nudge and invitation.reply != "none":
            return Skip("replied")
    return member_card(meeting, invitation, drawing.member, await own_community(db), drawing.now, nudge=nudge)


@feature.card("meeting_card")
async def draw_public(db: Session, drawing: Drawing) -> Message | Skip:
    """Draw the card of a channel, with counts only."""
    meeting = await by_key(db, drawing.subject)
    if meeting is None or (drawing.first and meeting.state not in ("inviting", "closed")):
        return Skip("meeting_not_open")
    return channel_card(meeting, await invitations.counts(db, meeting), drawing.now)


async def _own_card(ctx: Context, key: str) -> tuple[Meeting, Message]:
    meeting = await pressed(ctx, key)
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    if invitation is None:
        raise UserError(say("e_gone"))
    return meeting, member_card(meeting, invitation, ctx.me, ctx.community, ctx.now)


async def _reply(ctx: Context, meeting: Meeting, choice: str, *, stale: bool) -> Answers:
    me, at = ctx.me, min(ctx.inbound.at, ctx.now)
    result = await invitations.reply(ctx.db, meeting, me, choice, at)
    if result.refused:
        return await _refused(ctx, meeting, result)
    ref = ctx.inbound.message if isinstance(ctx.inbound, Click) else None
    if ref is not None and ctx.inbound.where.kind != "dm":
        await _adopt(ctx, meeting, ref)
    if result.changed:
        cards.touch_at_end(ctx.db, PRIVATE, meeting.key, member=me, but=ref)
        cards.touch_at_end(ctx.db, PUBLIC, meeting.key)
        if result.reply == "yes":
            await _reminding.catch_up(ctx.db, meeting, me, ctx.now)
    toast = _toast(ctx, result, at, stale=stale)
    if ctx.inbound.where.kind != "dm":
        return [Toast(toast)]
    return [Edit(reply_card(meeting, me, result.reply, ctx.now), Card("invitation", meeting.key)), Toast(toast)]


async def _adopt(ctx: Context, meeting: Meeting, ref: MessageRef) -> None:
    """Let a channel card follow the counts although the platform never told us that it was posted."""
    channel = await ctx.db.scalar(
        select(Channel).where(
            Channel.platform == ref.platform, Channel.workspace == ref.workspace, Channel.chat == ref.chat
        )
    )
    if channel is not None and await cards.adopt(ctx.db, "meeting_card", meeting.key, ref, channel):
        log.warning("channel_card_adopted", meeting=meeting.key, channel=channel.id)


def _toast(ctx: Context, result: Result, at: datetime, *, stale: bool) -> Text:
    reply = choice_label(result.reply)
    if result.older:
        return say("m_newer_stands", reply=reply)
    if stale:
        return say("t_stale")
    if not result.changed:
        return say("t_saved")
    if ctx.now - at > LATE:
        return say("m_late", reply=reply)
    return say("m_you_replied", reply=reply) if ctx.inbound.where.kind == "dm" else say("m_only_you", reply=reply)


async def _refused(ctx: Context, meeting: Meeting, result: Result) -> Answers:
    text = say("m_not_invited" if result.refused == "not_invited" else f"m_{result.refused}")
    if ctx.inbound.where.kind != "dm":
        return [Toast(text, alert=True)]
    if result.refused == "not_invited":
        return [Edit(Message((text,), rows(row(go("meetings", "meetings"))))), Toast(text)]
    invitation = await invitations.find(ctx.db, meeting, ctx.me)
    assert invitation is not None
    shown = member_card(meeting, invitation, ctx.me, ctx.community, ctx.now)
    return [Edit(shown, Card("invitation", meeting.key)), Toast(text)]
